// Command hookless is a module without a hook.
package main

import "github.com/sallyport-sbc/sallyport/sdk"

func init() { sdk.Register(&struct{ sdk.Base }{}) }
func main() { sdk.Main() }
