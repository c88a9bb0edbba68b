package sbc

import "errors"

// What an order for a running call fails with.
var (
	ErrNoCall      = errors.New("there is no such call")
	ErrNoUse       = errors.New("no module of that name has let the call pass")
	ErrNotAnswered = errors.New("the call is not answered yet")
	ErrReferTarget = errors.New("not a URI that a call can be referred to")
)
