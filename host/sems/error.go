package sems

import (
	"errors"
	"fmt"
)

var (
	// ErrNothing: the tree has none of the files SEMS's SBC is configured by.
	ErrNothing = errors.New("neither sems.conf nor sbc.conf nor a *.sbcprofile.conf file")
	// ErrTooMuch: more files, bytes or lines than a configuration has.
	ErrTooMuch = errors.New("too large for a configuration")
	// ErrExists: a file of the result is there already.
	ErrExists = errors.New("is there already")
)

// SyntaxError is a line that SEMS itself would not have read.
type SyntaxError struct {
	File    string
	Line    int // from 1; 0 = the file as a whole
	Problem string
}

func (e *SyntaxError) Error() string {
	if e.Line == 0 {
		return fmt.Sprintf("%s: %s", e.File, e.Problem)
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Problem)
}
