package wasm

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
)

// strictCalls fails for what must not reach a call.
type strictCalls struct{ t *testing.T }

func (strictCalls) Hangup(string, string, int, string) bool  { return true }
func (strictCalls) Rearm(string, string, time.Duration) bool { return true }
func (s strictCalls) check(id, leg, text string, hs []abi.Field) {
	size := 0
	for _, h := range hs {
		if size += len(h.Name) + len(h.Value); !callcontrol.RequestFieldFits(h) {
			s.t.Errorf("header field %q", h)
		}
	}
	if id == "" || len(id) > 255 || leg != "a" && leg != "b" || !abi.Clean(text) || len(hs) > wire.MaxFields || size > wire.MaxValue {
		s.t.Errorf("id %q, leg %q, %q, %d header fields of %d bytes", id, leg, text, len(hs), size)
	}
}

func (s strictCalls) Inform(id, leg, contentType, body string, hs []abi.Field) bool {
	if body != "" && !strings.Contains(contentType, "/") || len(body) > wire.MaxInfo {
		s.t.Errorf("%d bytes of %q", len(body), contentType)
	}
	s.check(id, leg, contentType, hs)
	return true
}

func (s strictCalls) Refer(id, leg, target string, hs []abi.Field) abi.Code {
	if target == "" {
		s.t.Error("no target")
	}
	s.check(id, leg, target, hs)
	return abi.CodeOK
}

// FuzzDialogRequest gives the functions that send requests within a dialog any frame: what they let
// through is within the bounds and cannot begin another line.
func FuzzDialogRequest(f *testing.F) {
	for _, fields := range [][]string{{"X-A", "b"}, {"X-A", "b\r\nVia: c"}, {"Contact", "<sip:x>"}, {"", ""}} {
		b := make([]byte, 512)
		w := wire.NewWriter(b, wire.RequestSlots)
		w.Text(wire.RequestLeg, "a")
		w.Text(wire.RequestContentType, "text/plain")
		w.Text(wire.RequestBody, "a note")
		w.Text(wire.RequestTarget, "sip:carol@example.org")
		at := w.List(wire.RequestHeaders, 1)
		w.Pair(at, 0, fields[0], fields[1])
		n, _ := w.Close()
		f.Add(b[:n])
	}
	in := tinyInstance(f, call("x"))
	f.Fuzz(func(t *testing.T, frame []byte) {
		in.g.calls, in.requests = strictCalls{t}, 0
		area, _ := in.memory.Read(0, in.memory.Size())
		clear(area)
		n := copy(area, frame)
		for _, function := range []func(*instance, []uint64){callInfo, callRefer} {
			s := []uint64{in.handle, 0, uint64(n)}
			function(in, s)
			if c := int32(uint32(s[0])); c > 0 || c < int32(abi.CodeInternal) {
				t.Errorf("answers %d", c)
			}
		}
	})
}
