package abi

import (
	"iter"
	"slices"

	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// Vars are the variables of one call, in the order they were first set. Names
// are 1 to wire.MaxName bytes, values at most wire.MaxValue, without CR, LF
// and NUL. The zero Vars and a nil one are empty; only the call's strand may
// use them.
type Vars struct {
	fields []Field
	size   int
}

// Get is the value of the variable.
func (v *Vars) Get(name string) (value string, ok bool) {
	if i := v.index(name); i >= 0 {
		return v.fields[i].Value, true
	}
	return "", false
}

// Set sets a variable; an empty value removes it. It fails with ErrInvalid or,
// past wire.MaxVars or wire.MaxVarBytes, ErrTooBig, and then changes nothing.
func (v *Vars) Set(name, value string) error {
	switch {
	case name == "" || !Clean(name) || !Clean(value):
		return ErrInvalid
	case len(name) > wire.MaxName || len(value) > wire.MaxValue:
		return ErrTooBig
	}
	i := v.index(name)
	if value == "" {
		if i >= 0 {
			v.size -= len(name) + len(v.fields[i].Value)
			v.fields = append(v.fields[:i], v.fields[i+1:]...)
		}
		return nil
	}
	if i >= 0 {
		size := v.size - len(v.fields[i].Value) + len(value)
		if size > wire.MaxVarBytes {
			return ErrTooBig
		}
		v.fields[i].Value, v.size = value, size
		return nil
	}
	size := v.size + len(name) + len(value)
	if len(v.fields) >= wire.MaxVars || size > wire.MaxVarBytes {
		return ErrTooBig
	}
	v.fields, v.size = append(v.fields, Field{name, value}), size
	return nil
}

// Clone is a copy that is independent of v.
func (v *Vars) Clone() *Vars {
	if v == nil {
		return nil
	}
	return &Vars{fields: slices.Clone(v.fields), size: v.size}
}

// Len is how many variables there are.
func (v *Vars) Len() int {
	if v == nil {
		return 0
	}
	return len(v.fields)
}

// All ranges over names and values.
func (v *Vars) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, f := range v.list() {
			if !yield(f.Name, f.Value) {
				return
			}
		}
	}
}

func (v *Vars) list() []Field {
	if v == nil {
		return nil
	}
	return v.fields
}

func (v *Vars) index(name string) int {
	for i, f := range v.list() {
		if f.Name == name {
			return i
		}
	}
	return -1
}

// Clean reports whether s has no CR, LF or NUL: only then may it get near a
// SIP header.
func Clean(s string) bool {
	for i := range len(s) {
		if c := s[i]; c == '\r' || c == '\n' || c == 0 {
			return false
		}
	}
	return true
}
