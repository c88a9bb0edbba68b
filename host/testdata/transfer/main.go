// A module that refers a leg to the URI that an INFO of the other one names, and refuses every
// REFER of a far end.
package main

import (
	"strings"

	"github.com/sallyport-sbc/sallyport/sdk"
)

type module struct{ sdk.Base }

func init() { sdk.Register(&module{}) }
func main() { sdk.Main() }

func (*module) Info(c *sdk.Call) error {
	body, _ := c.Body()
	leg, uri, _ := strings.Cut(body, " ")
	if err := c.Refer(leg, uri, sdk.Field{Name: "Referred-By", Value: "<sip:sbc@example.org>"}); err != nil {
		c.Log(sdk.LevelInfo, "not referred: "+err.Error())
	}
	return nil
}

func (*module) Refer(c *sdk.Call) error {
	c.Log(sdk.LevelInfo, "refer from "+c.Side()+" to "+c.Detail())
	c.Refuse(603, "Not Here", sdk.Field{Name: "X-Why", Value: "policy"})
	return nil
}
