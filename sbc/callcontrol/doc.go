// Package callcontrol is the wall between calls and modules: it runs the hooks of a
// profile's modules in order, unwinds them when one refuses, and decides what a module's
// failure means for the call.
//
// A Chain is part of a profile and immutable. A Run is the passage of one call through it
// and belongs to the call's strand: it is not safe for concurrent use. Nothing a module
// does (an error, a panic, a decision that makes no sense) leaves this package but as a
// Refusal, and only where the operator wants that. The package starts no goroutines; it
// does not know that modules are WebAssembly, nor how a refusal becomes a response.
package callcontrol
