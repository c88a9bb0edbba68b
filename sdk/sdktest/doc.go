// Package sdktest runs a module natively, so that its tests are ordinary Go
// tests with debugger and race detector.
//
//	h := sdktest.New(t, &module{}, sdktest.Options{Config: `{"limit": 3}`})
//	c := h.Call()
//	c.Params = []abi.Field{{Name: "account", Value: "1001"}}
//	d, err := c.Invite()
//	c.Answer(2 * time.Second)
//	c.Hangup("a", time.Minute)
//	// h.CDRs(), h.Logs(), c.Vars, c.State
//
// The module sees what it would see in the sandbox: the same frames, the same
// results of host functions, the same bounds. After each hook the shared buffer is
// overwritten, so a module that keeps a string it should have cloned shows it
// here. Time stands still but for what the test lets pass.
//
// A Host and its Calls belong to the test's goroutine. Nothing here starts a
// goroutine.
package sdktest
