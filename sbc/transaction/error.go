package transaction

import "errors"

var (
	// ErrTimeout tells a ClientUser that no final response came: Timer B or F (64·T1), or none
	// within 64·T1 of a CANCEL (RFC 3261 §9.1).
	ErrTimeout = errors.New("no final response in time")

	// ErrTransport tells a ClientUser that the request could not be sent. It wraps the
	// transport's reason.
	ErrTransport = errors.New("transport failed")

	// ErrTimerC tells a ClientUser that an INVITE got no final response within Timer C of its
	// last provisional one. The layer has sent a CANCEL if it may.
	ErrTimerC = errors.New("no final response before timer C")

	// ErrFinal is returned by Respond when the transaction already has its final response.
	ErrFinal = errors.New("transaction has its final response")

	// ErrTerminated is returned by Respond when the transaction is over: dropped, or so old that
	// the client has given up (RFC 4320 §4.2).
	ErrTerminated = errors.New("transaction is over")

	// ErrNotAllowed is returned by Respond for what RFC 4320 forbids to send to a non-INVITE
	// request: provisional responses and 408. Nothing is sent.
	ErrNotAllowed = errors.New("response not allowed here")

	// ErrMalformed is returned by Send and SendACK for a request that lacks what every request
	// must have, and by Respond for a response without a status.
	ErrMalformed = errors.New("message is incomplete")

	// ErrClosed is returned by Send after Close.
	ErrClosed = errors.New("transaction layer closed")
)
