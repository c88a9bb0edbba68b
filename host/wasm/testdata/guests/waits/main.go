// A module of the SDK that waits in every way the callee asks for.
package main

import "github.com/sallyport-sbc/sallyport/sdk"

type waits struct{ sdk.Base }

func init() { sdk.Register(waits{}) }
func main() { sdk.Main() }

var never = make(chan int)

func (waits) Start(c *sdk.Call) error {
	switch c.Callee() {
	case "pass":
	case "nap":
		return c.Sleep(50 * sdk.Millisecond)
	case "long":
		return c.Sleep(sdk.Hour)
	case "twice":
		from := c.From()
		if err := c.SetVar("before", "1"); err != nil {
			return err
		}
		if err := c.SetState([]byte("a")); err != nil {
			return err
		}
		for range 2 {
			if err := c.Sleep(sdk.Millisecond); err != nil {
				return err
			}
			if err := c.SetVar("after", c.Var("after")+"+"); err != nil {
				return err
			}
		}
		if h, ok := c.Header("X-Account"); !ok || h != "one" || c.From() != from {
			return sdk.Error("the call is another one: " + h + " " + c.From())
		}
		if err := c.SetState(append(c.State(), 'b')); err != nil {
			return err
		}
		c.Refuse(486, "After two naps", sdk.Field{Name: "X-Var", Value: c.Var("before") + c.Var("after")})
	case "set":
		if err := c.Sleep(sdk.Millisecond); err != nil {
			return err
		}
		c.Set("identity.ruri", "sip:carol@example.org")
	case "fail":
		if err := c.Sleep(sdk.Millisecond); err != nil {
			return err
		}
		return sdk.Error("no luck")
	case "panic":
		if err := c.Sleep(sdk.Millisecond); err != nil {
			return err
		}
		panic("after the nap")
	case "crash":
		panic("at once")
	case "loop":
		if err := c.Sleep(sdk.Millisecond); err != nil {
			return err
		}
		for {
			spin++
		}
	case "block":
		<-never
	}
	return nil
}

var spin int

func (waits) End(c *sdk.Call) error {
	if c.Callee() == "nap" {
		return c.Sleep(50 * sdk.Millisecond)
	}
	return nil
}
