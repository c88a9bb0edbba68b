// Package contract is the contract between host and guest, version 1, as one
// table of data: every event, code, slot, export and import there is.
//
// Numbers and names elsewhere — package wire, package abi, the tables in
// abi/README.md — are generated from here by `go generate ./abi/...`, so they
// cannot differ. A number once published is never used for anything else.
//
// The package has no goroutines and is imported by the generator and by tests,
// not by the daemon and not by a module.
package contract

import "strings"

// Major is the contract's version, spoken in the name of the export
// sbc_abi_v1. Minor counts additions within it; host and guest of different
// minors work together.
const (
	Major = 1
	Minor = 1
)

// Event is one hook a module may subscribe to. Its number is also its bit in
// the subscription mask, so it is below 64.
type Event struct {
	Number int
	Name   string
	Doc    string
	Raised bool // the host raises it in this minor version; the others are only numbered
}

// Code is a result of a host function or of a hook.
type Code struct {
	Number int
	Name   string
	Doc    string
}

// Kind says how a slot's eight bytes are read.
type Kind string

// The kinds of slots.
const (
	U64  Kind = "u64"   // the number itself
	Time Kind = "time"  // u64: nanoseconds since 1970-01-01 UTC
	Span Kind = "span"  // u64: nanoseconds
	Text Kind = "text"  // u32 offset, u32 length
	Blob Kind = "bytes" // u32 offset, u32 length; not text
	List Kind = "list"  // u32 offset, u32 count of name/value pairs
)

// Slot is one numbered field of a frame.
type Slot struct {
	Number int
	Name   string // lower_case; Go and C names follow from it
	Kind   Kind
	Doc    string
}

// Frame is one kind of frame with its own numbering of slots.
type Frame struct {
	Name  string // Go prefix, and heading
	Doc   string
	Slots []Slot
}

// Function is an export of the guest or an import from the host.
type Function struct {
	Module    string // import module = capability; empty for exports
	Name      string
	Signature string // WebAssembly types with the names of the parameters
	Doc       string
	State     State
}

// State says whether a function must be there in this minor version.
type State string

// The states of a function.
const (
	Required State = "required"
	Optional State = "optional"
	Reserved State = "reserved" // name and signature are taken; the host does not call or offer it yet
	Provided State = "provided" // an import that the host offers
)

// Constant is one other number of the contract: a bound or a selector.
type Constant struct {
	Go    string
	Value uint64
	Doc   string
}

// Async reports whether the function may answer with a token, whose result comes
// by sbc_resume.
func (f Function) Async() bool {
	return f.Module != "" && strings.HasSuffix(f.Signature, "→ i64") && f.State == Provided && strings.HasPrefix(f.Signature, "(call i64")
}
