// Package manifest is the custom section "sbc.manifest" of a module: what it is
// and what it wants, readable without running any of its code.
//
// The section holds one JSON object. `go run ./sdk/cmd/sallyport-module build`
// writes it into a Go module; any other tool chain may append it, for a custom
// section is legal at the end of every WebAssembly binary.
//
// The package reads foreign bytes: it checks every bound and allocates no more
// than the bytes it was given. It starts no goroutine.
package manifest
