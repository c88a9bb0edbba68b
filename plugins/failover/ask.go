package main

import (
	"github.com/sallyport-sbc/sallyport/sdk"
	"github.com/sallyport-sbc/sallyport/sdk/answer"
)

// ask takes what to try next from a web server. An error leaves n in pieces.
func (m *module) ask(c *sdk.Call, url string, n *choice) error {
	res, err := c.HTTP().Do(sdk.Request{URL: url, Timeout: m.timeout})
	switch {
	case err != nil:
		return err
	case res.Status == 204 || res.Status == 404:
		return nil
	case res.Status != 200:
		return sdk.Error("the server does not answer with 200, 204 or 404")
	}
	kind := answer.KindOf(&res)
	ok := answer.Each(kind, res.Body, func(key, value string) bool {
		switch answer.Key(key) {
		case "routing.targets":
			n.list(value)
		case "fork":
			n.fork = value == "yes" || value == "true"
		}
		return true
	})
	if !ok {
		return sdk.Error("the answer is not " + kind)
	}
	for _, target := range n.targets {
		if !clean(target) {
			return sdk.Error("the answer has a target with control characters")
		}
	}
	return nil
}

// clean says whether a URI may be tried as far as its characters go.
func clean(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return false
		}
	}
	return true
}
