package sdktest

import (
	"slices"
	"strings"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
)

func (h *imports) CallInfo(call int64, req []byte) int32 {
	return int32(h.request("INFO", call, req))
}

func (h *imports) CallRefer(call int64, req []byte) int32 {
	return int32(h.request("REFER", call, req))
}

func (h *imports) request(method string, call int64, req []byte) abi.Code {
	c := h.of(call)
	if c == nil {
		return abi.CodeCallGone
	}
	name := map[string]string{"INFO": "sbc_call.info", "REFER": "sbc_call.refer"}[method]
	if code := h.Fail[name]; code != abi.CodeOK {
		return code
	}
	in, ok := wire.Open(slices.Clone(req))
	if !ok {
		return abi.CodeInvalid
	}
	r := Request{
		Method: method, ID: in.Text(wire.RequestID), Leg: in.Text(wire.RequestLeg),
		ContentType: in.Text(wire.RequestContentType), Body: in.Text(wire.RequestBody), Target: in.Text(wire.RequestTarget),
	}
	if r.ID == "" {
		r.ID = c.ID
	}
	l, _ := in.List(wire.RequestHeaders)
	for i := range l.Len() {
		name, value, _ := l.At(i)
		if name == "" || !abi.Clean(name) || !abi.Clean(value) {
			return abi.CodeInvalid
		}
		r.Headers = append(r.Headers, abi.Field{Name: name, Value: value})
	}
	switch {
	case c.Event == abi.EventEnd && r.ID == c.ID:
		return abi.CodeUnsupported
	case len(r.Body) > wire.MaxInfo || l.Len() > wire.MaxFields:
		return abi.CodeTooBig
	case r.Leg != "a" && r.Leg != "b", r.Body != "" && (!strings.Contains(r.ContentType, "/") || !abi.Clean(r.ContentType)),
		method == "REFER" && (r.Target == "" || !abi.Clean(r.Target)):
		return abi.CodeInvalid
	}
	h.Requests = append(h.Requests, r)
	return abi.CodeOK
}
