// Package abi is the contract between host and guest as the host's packages see
// it: the call a hook may look at, the decision it hands back, and how both
// become frames in a guest's memory.
//
// README.md in this folder is the contract's text; package wire holds the
// numbers and the frame, package contract the table all numbers come from,
// package manifest the custom section a module carries.
//
// The package starts no goroutine and knows neither SIP nor WebAssembly. A Call
// and all it points to belong to the call's strand for the length of a hook.
package abi

//go:generate go run ./contract/generate
