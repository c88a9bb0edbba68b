package profile

import (
	"errors"
	"fmt"
)

var (
	// ErrRefused: a selector said "refuse", or none said anything.
	ErrRefused = errors.New("no profile for this call")
	// ErrEmpty: the call cannot go on without a value, and the patterns yield none.
	ErrEmpty = errors.New("the patterns yield nothing")
)

// UnknownProfile is a selector naming a profile that does not exist.
type UnknownProfile struct{ Name string }

func (e *UnknownProfile) Error() string { return fmt.Sprintf("there is no profile %q", e.Name) }

// KeyError is a mistake in a profile's configuration. Key is the path below the profile,
// such as routing.interface or headers.append[2].
type KeyError struct {
	Key string
	Err error
}

func (e *KeyError) Error() string { return e.Key + ": " + e.Err.Error() }
func (e *KeyError) Unwrap() error { return e.Err }

// ValueError is a pattern whose value for one call cannot be used.
type ValueError struct {
	Profile string
	Key     string
	Pattern string
	Value   string // at most 128 bytes of it
	Err     error
}

func (e *ValueError) Error() string {
	return fmt.Sprintf("profile %s: %s = %q yields %q: %s", e.Profile, e.Key, e.Pattern, e.Value, e.Err)
}
func (e *ValueError) Unwrap() error { return e.Err }
