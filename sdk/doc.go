// Package sdk is for authors of modules in Go.
//
//	package main
//
//	import "github.com/sallyport-sbc/sallyport/sdk"
//
//	type barring struct{ sdk.Base }
//
//	func init() { sdk.Register(&barring{}) }
//	func main() { sdk.Main() }
//
//	func (*barring) Start(c *sdk.Call) error {
//		if c.Callee() == c.Param("barred") {
//			c.Refuse(403, "Not from here")
//		}
//		return nil
//	}
//
// A module has the hooks that it has methods for, and no others: Start,
// Connect, End (see StartHook, ConnectHook, EndHook). Build it with
//
//	go run github.com/sallyport-sbc/sallyport/sdk/cmd/sallyport-module build ./barring
//
// which compiles it with the standard tool chain and adds its manifest; the name
// and version of the module stand in a manifest.json beside its code. Test it
// natively, with debugger and race detector, with package sdktest.
//
// # What a hook must know
//
// Every string and byte slice a Call hands out is valid until the hook returns;
// strings.Clone keeps one. Many instances of a module run side by side, each one
// hook at a time, and any of them may be gone after any hook: what must last
// belongs into variables (SetVar) or state (SetState), never into package
// variables or the module's own fields, except for what Init computes from the
// configuration.
//
// A hook returns an error when it could not decide; then the operator's on_fail
// of this use decides. A panic counts the same, but costs the instance.
//
// # Size and speed
//
// A hook should not touch reflection, encoding/json or fmt, and a module is
// smaller without importing time (260 KB), net/netip (140 KB), fmt or
// encoding/json (1.3 MB) at all: hence Time, Duration and Setup here. The
// package itself imports nothing but package wire. It starts no goroutine.
package sdk
