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
// Connect and End, which most modules need, and those in hooks.go. Build it with
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
// configuration. Init runs once: the other instances are copies of that one as it
// was then. So what it reads of the clock grows old, and the functions of
// math/rand give the same numbers in all of them; Random does not.
//
// # Waiting
//
// What asks something outside looks as if it blocked, and lets the instance serve
// other calls meanwhile: HTTP, KV, Limits, Account, Redis, Sleep.
//
//	res, err := c.HTTP().Get("https://api.example.net/route/" + c.Callee())
//
// So a hook that waits finds package variables and the module's fields changed by
// other hooks when it goes on; what the call handed out is still there. It may wait
// for two seconds, unless the operator says otherwise; then, or when the call is
// gone, its functions fail with ErrGone and nobody takes its decision. A hook
// must not wait for anything else: a channel, a mutex or time.Sleep holds the
// instance until its time is over.
//
// # Failing
//
// A hook returns an error when it could not decide; then the operator's on_fail
// of this use decides. A panic counts the same, but costs the instance, and fails
// every hook that waits in it.
//
// # Size and speed
//
// A hook should not touch reflection, encoding/json or fmt, and a module is
// smaller without importing time (260 KB), net/netip (140 KB), fmt or
// encoding/json (1.3 MB) at all: hence Time, Duration and Setup here. The
// package itself imports nothing but package wire and iter. It starts no goroutine; a
// module that can wait runs its hooks on coroutines.
package sdk
