package callcontrol

import (
	"errors"
	"fmt"
)

// What a module can do wrong, besides the errors of its own.
var (
	ErrNoModule    = errors.New("there is no such module")
	ErrBadDecision = errors.New("decision that makes no sense")
)

// ErrPending says that a hook waits: call.Later brings its decision. A module returns it as it
// is, not wrapped, and only when call.Later is not nil.
var ErrPending = errors.New("the hook waits")

// PanicError is a panic in the implementation of a module.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// A Refusal ends a call before it is answered, or, from a later hook, hangs it up.
type Refusal struct {
	Use     string // who refuses: the name of a use, "" when the profile does
	Drop    bool   // no response at all; Code, Reason and Headers do not count
	Code    int    // 300 to 699
	Reason  string // phrase; "" = the registered one
	Headers []Field
}

func (r *Refusal) Error() string {
	by := r.Use
	if by == "" {
		by = "the profile"
	}
	if r.Drop {
		return "dropped by " + by
	}
	return fmt.Sprintf("refused by %s: %d %s", by, r.Code, r.Reason)
}
