package wasm

import (
	"strings"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
)

// inDialog is a request that a guest wants to be sent within a dialog.
type inDialog struct {
	id, leg, kind, body, target string
	headers                     []abi.Field
}

func callInfo(in *instance, s []uint64) {
	s[0] = code(in.dialogRequest(s, func(r *inDialog) abi.Code {
		switch {
		case len(r.body) > wire.MaxInfo || len(r.kind) > wire.MaxValue:
			return abi.CodeTooBig
		case r.body != "" && !strings.Contains(r.kind, "/") || !abi.Clean(r.kind):
			return abi.CodeInvalid
		case !in.g.calls.Inform(r.id, r.leg, r.kind, r.body, r.headers):
			return abi.CodeNotFound
		}
		return abi.CodeOK
	}))
}

func callRefer(in *instance, s []uint64) {
	s[0] = code(in.dialogRequest(s, func(r *inDialog) abi.Code {
		switch {
		case len(r.target) > wire.MaxValue:
			return abi.CodeTooBig
		case r.target == "" || !abi.Clean(r.target):
			return abi.CodeInvalid
		}
		return in.g.calls.Refer(r.id, r.leg, r.target, r.headers)
	}))
}

// dialogRequest reads a Request frame and hands it to send.
func (in *instance) dialogRequest(s []uint64, send func(*inDialog) abi.Code) abi.Code {
	c := in.current(s[0])
	if c == nil {
		return abi.CodeCallGone
	}
	b, ok := in.bytes(s[1], s[2])
	switch {
	case !ok:
		return abi.CodeMemory
	case len(b) > maxRequest:
		return abi.CodeTooBig
	}
	req, ok := wire.Open(b)
	if !ok {
		return abi.CodeInvalid
	}
	if in.g.calls == nil {
		return abi.CodeUnsupported
	}
	r := inDialog{
		id: strings.Clone(req.Text(wire.RequestID)), leg: strings.Clone(req.Text(wire.RequestLeg)),
		kind: strings.Clone(req.Text(wire.RequestContentType)), body: strings.Clone(req.Text(wire.RequestBody)),
		target: strings.Clone(req.Text(wire.RequestTarget)),
	}
	var bad abi.Code
	if r.headers, bad = requestFields(req); bad != abi.CodeOK {
		return bad
	}
	if r.id == "" {
		r.id = c.ID
	}
	switch {
	case len(r.id) > 255:
		return abi.CodeTooBig
	case r.leg != "a" && r.leg != "b":
		return abi.CodeInvalid
	case r.id == c.ID && c.Event == abi.EventEnd:
		return abi.CodeUnsupported
	case in.requests >= wire.MaxFields:
		return abi.CodeBusy
	}
	got := send(&r)
	if got == abi.CodeOK || got == abi.CodeNotFound {
		in.requests++
	}
	return got
}

// requestFields are the header fields of a Request frame.
func requestFields(req wire.Reader) ([]abi.Field, abi.Code) {
	l, ok := req.List(wire.RequestHeaders)
	switch {
	case !ok:
		return nil, abi.CodeInvalid
	case l.Len() > wire.MaxFields:
		return nil, abi.CodeTooBig
	}
	var fs []abi.Field
	size := 0
	for i := range l.Len() {
		name, value, ok := l.At(i)
		if size += len(name) + len(value); size > wire.MaxValue {
			return nil, abi.CodeTooBig
		}
		f := abi.Field{Name: strings.Clone(name), Value: strings.Clone(value)}
		if !ok || !callcontrol.RequestFieldFits(f) {
			return nil, abi.CodeInvalid
		}
		fs = append(fs, f)
	}
	return fs, abi.CodeOK
}
