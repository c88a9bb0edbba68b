// A module that keeps who calls from the call's start to its end: the first version.
package main

import "github.com/sallyport-sbc/sallyport/sdk"

type module struct{ sdk.Base }

func init() { sdk.Register(&module{}) }
func main() { sdk.Main() }

func (*module) Start(c *sdk.Call) error { return c.SetState([]byte("1 " + c.Caller())) }

func (*module) Info(c *sdk.Call) error {
	c.Log(sdk.LevelInfo, "info: first knows "+string(c.State()))
	return nil
}

func (*module) End(c *sdk.Call) error {
	c.Log(sdk.LevelInfo, "end: first knows "+string(c.State()))
	return nil
}

func (*module) StateVersion() uint32 { return 1 }

// Migrate has nothing to migrate from.
func (*module) Migrate(uint32, []byte) ([]byte, error) {
	return nil, sdk.Error("there is no older version")
}
