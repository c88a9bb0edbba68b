package abi

import "errors"

// What encoding, decoding and setting can fail with.
var (
	// ErrInvalid is a frame or value that breaks the contract.
	ErrInvalid = errors.New("abi: invalid")
	// ErrTooBig is a frame or value over its bound.
	ErrTooBig = errors.New("abi: too big")
)

// CodeOf is what a guest gets to see of an error.
func CodeOf(err error) Code {
	switch {
	case err == nil:
		return CodeOK
	case errors.Is(err, ErrTooBig):
		return CodeTooBig
	case errors.Is(err, ErrInvalid):
		return CodeInvalid
	}
	return CodeInternal
}
