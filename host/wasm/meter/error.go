package meter

import (
	"errors"
	"fmt"
)

// ErrLimit is wrapped by errors that say the module is larger than Limits allows.
var ErrLimit = errors.New("limit exceeded")

// ErrUnsupported is wrapped by errors that name an instruction or a construct outside of WebAssembly 2.0, or one
// that a module of an SBC has no use for (imported memory, tables and globals).
var ErrUnsupported = errors.New("not supported")

// ErrMalformed is wrapped by errors that say the bytes are not WebAssembly.
var ErrMalformed = errors.New("malformed")

// Error says where in the file a module was refused.
type Error struct {
	// Offset counts bytes from the beginning of the file.
	Offset int
	// What is the finding, without the offset.
	What string
	// Err is one of ErrLimit, ErrUnsupported, ErrMalformed.
	Err error
}

func (e *Error) Error() string { return fmt.Sprintf("at offset %#x: %s: %v", e.Offset, e.What, e.Err) }

func (e *Error) Unwrap() error { return e.Err }
