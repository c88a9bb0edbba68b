package useragent

import (
	"errors"
	"fmt"
)

// Why a test call failed. Call wraps exactly one of these, or is a *Rejected.
var (
	// ErrURI: the URI cannot be called: it is malformed, not sip:, or asks for a
	// transport we do not speak.
	ErrURI = errors.New("not a URI that can be called")

	// ErrNoAddress: the host of the URI has no address.
	ErrNoAddress = errors.New("no address")

	// ErrListen: the address asked for by CallConfig.Listen cannot be bound.
	ErrListen = errors.New("cannot listen")

	// ErrRefused: the far end's host said that nobody listens there (ICMP port
	// unreachable), or no connection could be made to it.
	ErrRefused = errors.New("nobody listens")

	// ErrNoRoute: there is no way to the far end, by our host or one on the way.
	ErrNoRoute = errors.New("no route")

	// ErrNoReply: not one response came within the time allowed.
	ErrNoReply = errors.New("no reply")

	// ErrNoAnswer: a provisional response came, but no final one within the time
	// allowed. The call was canceled.
	ErrNoAnswer = errors.New("no answer")

	// ErrBadAnswer: the call was answered with SDP that does not answer the offer.
	ErrBadAnswer = errors.New("unusable SDP answer")

	// ErrNoAudio: the call was answered, but no RTP came back.
	ErrNoAudio = errors.New("no audio")

	// ErrHungUp: the far end ended the call before its time.
	ErrHungUp = errors.New("the far end hung up")

	// ErrCanceled: the caller's context ended before the call did.
	ErrCanceled = errors.New("canceled")
)

// Rejected is a final response of 300–699 to the INVITE.
type Rejected struct {
	Code   int
	Phrase string
	Reason string // value of the Reason header (RFC 3326), "" if none
}

func (r *Rejected) Error() string {
	if r.Reason != "" {
		return fmt.Sprintf("rejected: %d %s (%s)", r.Code, r.Phrase, r.Reason)
	}
	return fmt.Sprintf("rejected: %d %s", r.Code, r.Phrase)
}
