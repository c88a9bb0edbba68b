package sbc

import (
	"errors"
	"strconv"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
	"github.com/sallyport-sbc/sallyport/sbc/profile"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
)

// What the rooms of a call fail with, besides what the rooms below return.
var (
	ErrNoProfiles   = errors.New("no profile is configured")
	ErrDraining     = errors.New("the SBC is shutting down")
	ErrCallLimit    = errors.New("too many calls")
	ErrTooManyHops  = errors.New("Max-Forwards is 0")
	ErrBody         = errors.New("body of a type that cannot be relayed")
	ErrNotAccepted  = errors.New("the caller accepts no SDP")
	ErrExtension    = errors.New("a required extension is not supported")
	ErrNoTarget     = errors.New("no target can be reached")
	ErrNoInterface  = errors.New("the profile names an interface that does not exist")
	ErrNoMediaRelay = errors.New("media relay is wanted and no media interface exists")
)

// answer is a SIP response in the making.
type answer struct {
	status  int
	phrase  string // "" = the registered one
	drop    bool   // no response at all
	headers []sip.Header
}

// retryAfter is what callers that may come again are told, in seconds.
const retryAfter = 5

// replyTo is the one table that turns errors into SIP.
func replyTo(err error) answer {
	var refusal *callcontrol.Refusal
	var unknown *profile.UnknownProfile
	var unauthorized *unauthorized
	if h := tooSmall(err); h != nil {
		return answer{status: 422, headers: h}
	}
	switch {
	case errors.As(err, &unauthorized):
		return answer{status: 401, headers: unauthorized.headers()}
	case errors.As(err, &refusal):
		a := answer{status: refusal.Code, phrase: refusal.Reason, drop: refusal.Drop}
		for _, h := range refusal.Headers {
			a.headers = append(a.headers, sip.Header{Name: h.Name, Value: h.Value})
		}
		if a.status < 300 || a.status > 699 {
			a.status, a.phrase = 503, ""
		}
		return a
	case errors.Is(err, profile.ErrRefused), errors.Is(err, ErrNoProfiles), errors.As(err, &unknown):
		return answer{status: 403}
	case errors.Is(err, ErrDraining), errors.Is(err, ErrCallLimit):
		return answer{status: 503, headers: []sip.Header{{ID: sip.RetryAfter, Value: strconv.Itoa(retryAfter)}}}
	case errors.Is(err, profile.ErrEmpty):
		return answer{status: 404}
	case errors.Is(err, media.ErrNoPorts):
		return answer{status: 503}
	case errors.Is(err, media.ErrBadSDP):
		return answer{status: 400, phrase: "Bad SDP"}
	case errors.Is(err, media.ErrState):
		return answer{status: 491}
	case errors.Is(err, media.ErrNoCommonCodec):
		return answer{status: 488}
	case errors.Is(err, ErrTooManyHops):
		return answer{status: 483}
	case errors.Is(err, ErrBody):
		return answer{status: 415, headers: []sip.Header{{ID: sip.Accept, Value: "application/sdp"}}}
	case errors.Is(err, ErrNotAccepted):
		return answer{status: 406}
	case errors.Is(err, transaction.ErrTimeout), errors.Is(err, transaction.ErrTimerC):
		return answer{status: 408}
	case errors.Is(err, transaction.ErrTransport), errors.Is(err, ErrNoTarget):
		return answer{status: 503}
	}
	return answer{status: 500}
}
