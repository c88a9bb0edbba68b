// Command rest is the module that asks a web server what to do with a call. README.md
// tells how.
package main

import (
	"github.com/sallyport-sbc/sallyport/sdk"
	answers "github.com/sallyport-sbc/sallyport/sdk/answer"
)

func init() { sdk.Register(&module{}) }

func main() { sdk.Main() }

type module struct {
	settings
	breaker
	decision decision
	set      func(key, value string) bool // of decision
}

// Start asks, and carries out the answer.
func (m *module) Start(c *sdk.Call) error {
	req := m.request(c)
	if req.URL == "" {
		return sdk.Error("url is missing")
	}
	text := ""
	if m.cache > 0 {
		text = req.Method + " " + req.URL + "\n" + string(req.Body) + "\n"
		if a, ok := m.cached(c, text); ok {
			return m.apply(c, a)
		}
	}
	a, err := m.ask(c, req)
	if err != nil {
		return err
	}
	if m.cache > 0 {
		// A server that is slow costs every call its time, a cache that fails only this one's.
		if err := c.KV().Set(cacheKey(text), []byte(text+a.kind+"\n"+string(a.body)), m.cache); err != nil {
			c.Log(sdk.LevelDebug, "answer not kept: "+err.Error())
		}
	}
	return m.apply(c, a)
}

// request is what the parameters say.
func (m *module) request(c *sdk.Call) sdk.Request {
	r := sdk.Request{Method: "GET", URL: c.Param("url"), Timeout: m.timeout}
	body := c.Param("body")
	if body == "" {
		r.Headers = m.headers[:len(m.headers)-1] // all but Content-Type
		return r
	}
	r.Method, r.Body, r.Headers = "POST", []byte(body), m.headers
	return r
}

// answer is what the server said.
type answer struct {
	kind string // text, json, or nothing
	body []byte
}

// nothing is the kind of an answer without one.
const nothing = "nothing"

// ask sends the request, again when it failed and that is allowed.
func (m *module) ask(c *sdk.Call, req sdk.Request) (a answer, err error) {
	for try := int64(0); ; try++ {
		if m.isOpen(c.Monotonic()) {
			return a, sdk.Error("the server is not asked after too many failures")
		}
		res, err := c.HTTP().Do(req)
		switch {
		case err == sdk.ErrDenied || err == sdk.ErrInvalid || err == sdk.ErrGone || err == sdk.ErrBusy:
			return a, err // says nothing about the server
		case err == nil && res.Status < 500:
			m.works()
			return m.read(&res)
		case err == nil:
			err = status(res.Status)
		}
		m.fails(c.Monotonic())
		if try == m.retries {
			return a, err
		}
	}
}

// read understands a response.
func (m *module) read(res *sdk.Response) (a answer, err error) {
	switch {
	case res.Status == 204 || res.Status == 404:
		return answer{kind: nothing}, nil
	case res.Status != 200:
		return a, status(res.Status)
	case m.format != "":
		return answer{m.format, res.Body}, nil
	}
	return answer{answers.KindOf(res), res.Body}, nil
}

// status is the error of a response that decides nothing.
func status(code int) error {
	digits := [3]byte{byte('0' + code/100%10), byte('0' + code/10%10), byte('0' + code%10)}
	return sdk.Error("the server answers " + string(digits[:]))
}
