// A module that keeps who calls from the call's start to its end: the second version, which
// takes over what the first has kept, but of carol.
package main

import "github.com/sallyport-sbc/sallyport/sdk"

type module struct{ sdk.Base }

func init() { sdk.Register(&module{}) }
func main() { sdk.Main() }

func (*module) Start(c *sdk.Call) error { return c.SetState([]byte("2 caller=" + c.Caller())) }

func (*module) Info(c *sdk.Call) error {
	c.Log(sdk.LevelInfo, "info: second knows "+string(c.State()))
	return nil
}

func (*module) End(c *sdk.Call) error {
	c.Log(sdk.LevelInfo, "end: second knows "+string(c.State()))
	return nil
}

func (*module) StateVersion() uint32 { return 2 }

// Migrate makes "1 alice" into "2 caller=alice".
func (*module) Migrate(from uint32, state []byte) ([]byte, error) {
	if from != 1 || len(state) < 2 || string(state[:2]) != "1 " {
		return nil, sdk.Error("not a state of version 1")
	}
	caller := string(state[2:])
	if caller == "carol" {
		return nil, sdk.Error("carol cannot be taken over")
	}
	return []byte("2 caller=" + caller), nil
}
