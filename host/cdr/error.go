package cdr

import "errors"

// What the package's functions can fail with.
var (
	// ErrFull is a record that found no room: it is lost.
	ErrFull = errors.New("cdr: queue is full")
	// ErrClosed is a record that came after Close: it is lost.
	ErrClosed = errors.New("cdr: closed")
	// ErrInvalid is an empty record, one with a line feed, or one longer than
	// MaxRecord.
	ErrInvalid = errors.New("cdr: invalid record")
	// ErrLost is Close giving up with records unwritten.
	ErrLost = errors.New("cdr: records lost")
	// ErrInUse is a file another process, or another File, writes.
	ErrInUse = errors.New("cdr: file is written by another process")
	// ErrForeign is a file that does not end in lines of records.
	ErrForeign = errors.New("cdr: not a file of records")
	// ErrRefused is a sink's word for records that it will never take.
	ErrRefused = errors.New("cdr: refused")
	// ErrColumn is a list of columns that is none.
	ErrColumn = errors.New("cdr: bad column")
	// ErrOffset is a saved position that cannot be read.
	ErrOffset = errors.New("cdr: bad offset file")
)
