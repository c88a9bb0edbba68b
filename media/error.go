package media

import "errors"

var (
	// ErrBadSDP says that a body is not a session description we can relay: not
	// parseable, over a limit, or not an answer to the offer.
	ErrBadSDP = errors.New("media: bad SDP")

	// ErrNoPorts says that an interface has no free port pair.
	ErrNoPorts = errors.New("media: no ports")

	// ErrNoCommonCodec says that an answer leaves no codec both sides know.
	ErrNoCommonCodec = errors.New("media: no common codec")

	// ErrState says that an offer or answer came when none was due: an answer
	// without an offer, or an offer against one still unanswered (RFC 3264 §4).
	ErrState = errors.New("media: offer/answer out of order")

	// ErrClosed says that the session or its anchor was closed.
	ErrClosed = errors.New("media: closed")

	// ErrUnknownInterface says that a policy names no configured media interface.
	ErrUnknownInterface = errors.New("media: unknown interface")

	// ErrPortTaken is what an Engine returns when something else has the port; the
	// anchor then tries another pair.
	ErrPortTaken = errors.New("media: port taken")

	// ErrBadSnapshot says that bytes are not a snapshot this version can restore.
	ErrBadSnapshot = errors.New("media: bad snapshot")
)
