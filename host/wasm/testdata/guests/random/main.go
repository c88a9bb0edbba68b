// A module of the SDK that draws random numbers.
package main

import (
	"strconv"

	"github.com/sallyport-sbc/sallyport/sdk"
)

type random struct {
	sdk.Base
	first uint64
}

func init() { sdk.Register(new(random)) }
func main() { sdk.Main() }

func (m *random) Init(*sdk.Setup) error {
	m.first = sdk.Random()
	return nil
}

func (m *random) Start(c *sdk.Call) error {
	if err := c.SetVar("init", strconv.FormatUint(m.first, 16)); err != nil {
		return err
	}
	return c.SetVar("hook", strconv.FormatUint(sdk.Random(), 16))
}
