package host

import (
	"errors"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/host/wasm"
	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// runningCalls is what modules reach of calls from outside of their hooks.
type runningCalls struct{ h *Host }

var _ wasm.Calls = runningCalls{}

func (r runningCalls) Hangup(id, by string, code int, reason string) bool {
	return r.h.sbc != nil && r.h.sbc.Hangup(id, by, code, reason)
}

func (r runningCalls) Rearm(id, use string, d time.Duration) bool {
	return r.h.sbc != nil && r.h.sbc.Rearm(id, use, d)
}

func (r runningCalls) Inform(id, leg, contentType, body string, headers []abi.Field) bool {
	return r.h.sbc != nil && r.h.sbc.Inform(id, sbc.Info{Leg: sideOf(leg), ContentType: contentType, Body: body, Headers: fieldsOf(headers)})
}

func (r runningCalls) Refer(id, leg, target string, headers []abi.Field) abi.Code {
	if r.h.sbc == nil {
		return abi.CodeNotFound
	}
	switch err := r.h.sbc.Refer(id, sbc.Transfer{Leg: sideOf(leg), Target: target, Headers: fieldsOf(headers)}); {
	case errors.Is(err, sbc.ErrReferTarget):
		return abi.CodeInvalid
	case err != nil:
		return abi.CodeNotFound
	}
	return abi.CodeOK
}

func sideOf(leg string) media.Side {
	if leg == "a" {
		return media.A
	}
	return media.B
}

func fieldsOf(fs []abi.Field) (hs []sip.Header) {
	for _, f := range fs {
		hs = append(hs, sip.Header{Name: f.Name, Value: f.Value})
	}
	return hs
}
