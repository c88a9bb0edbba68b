// A module of the SDK whose hook hardly ever waits.
package main

import "github.com/sallyport-sbc/sallyport/sdk"

type prompt struct{ passed int }

func init() { sdk.Register(&prompt{}) }
func main() { sdk.Main() }

func (*prompt) Init(s *sdk.Setup) error {
	if !s.IsNear() {
		return sdk.Error("the store is not on this node")
	}
	s.Prompt(sdk.EventStart)
	return nil
}

func (p *prompt) Start(c *sdk.Call) error {
	if has, err := c.KV().SetHas("set", c.Callee()); err != nil || has {
		return err
	}
	if c.Callee() == "wait" {
		if err := c.Sleep(sdk.Millisecond); err != nil {
			return insist(c, err)
		}
	}
	p.passed++
	c.Set("headers.append", "X-Passed: "+string(rune('0'+p.passed)))
	return nil
}

// insist goes on where a hook should return: all it asks fails in the same way, and what it decides is forgotten.
func insist(c *sdk.Call, err error) error {
	for range 20 {
		_, other := c.KV().SetHas("set", "x")
		if slept := c.Sleep(sdk.Millisecond); err != sdk.ErrAgain || other != err || slept != err {
			c.Log(sdk.LevelError, "not begun again: "+err.Error())
		}
	}
	c.Refuse(501, "a decision of the hook that was begun again")
	return err
}
