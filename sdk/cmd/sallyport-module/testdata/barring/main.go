// Command barring is the module of the SDK's package comment.
package main

import "github.com/sallyport-sbc/sallyport/sdk"

type barring struct{ sdk.Base }

func init() { sdk.Register(&barring{}) }
func main() { sdk.Main() }

func (*barring) Start(c *sdk.Call) error {
	if c.Callee() == c.Param("barred") {
		c.Refuse(403, "Not from here")
	}
	return nil
}
