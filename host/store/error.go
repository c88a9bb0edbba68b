package store

import "errors"

// What the methods of a Store fail with, to be asked by errors.Is.
var (
	// ErrUnavailable is an engine that is away, full or closed.
	ErrUnavailable = errors.New("store: unavailable")
	// ErrTimeout is an engine that did not answer in time: whether the operation
	// happened is unknown.
	ErrTimeout = errors.New("store: timeout")
	// ErrNotFound is a key, account or reservation that is not there.
	ErrNotFound = errors.New("store: not found")
	// ErrQuota is a space, or the engine's memory, that may hold no more.
	ErrQuota = errors.New("store: quota exceeded")
	// ErrInvalid is an argument outside its range, or a stored value of another
	// kind than the operation needs.
	ErrInvalid = errors.New("store: invalid")
	// ErrSettled is a reservation that was already committed, canceled or
	// has expired.
	ErrSettled = errors.New("store: already settled")
	// ErrConflict is an operation said again with another amount.
	ErrConflict = errors.New("store: said before with another amount")
	// ErrShort is an account without so much that is free.
	ErrShort = errors.New("store: not enough on the account")
	// ErrCorrupt is a stored record, or an answer of the engine, that makes no
	// sense.
	ErrCorrupt = errors.New("store: corrupt record")
	// ErrDenied is a command that its policy does not allow.
	ErrDenied = errors.New("store: command not allowed")
)
