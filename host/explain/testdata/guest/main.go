// Package main is a module that asks the world outside before it lets a call pass.
package main

import (
	"errors"

	"github.com/sallyport-sbc/sallyport/sdk"
)

type asks struct{ sdk.Base }

func init() { sdk.Register(&asks{}) }

func main() { sdk.Main() }

// Start refuses only when something answers: in a dry run nothing does.
func (*asks) Start(c *sdk.Call) error {
	if denied, err := c.Limits().Acquire(sdk.AwayFail, sdk.Limit{Key: "user/" + c.Caller(), Max: 2}); err != nil || denied != "" {
		return errors.New("the limit was not granted")
	}
	if err := c.KV().Set("last", []byte(c.Callee()), 0); err != nil {
		return err
	}
	if _, err := c.KV().Get("last"); err == nil {
		c.Refuse(480, "something was written")
	}
	if _, err := c.HTTP().Get("http://127.0.0.1:9/lcr"); err == nil {
		c.Refuse(480, "somebody answered")
	}
	if carrier, ok := c.Lookup("carriers", c.Callee()); ok {
		c.SetVar("carrier", carrier)
	}
	c.Log(sdk.LevelWarn, "went on")
	return nil
}
