package abi

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi/wire"
)

func TestFieldsOfEvents(t *testing.T) {
	c := &Call{ID: "c1", Event: EventReject, Side: "b", Status: 486, Phrase: "Busy Here", Target: "sip:b1@example.net", Timer: 3, Detail: "5", Duration: 80 * time.Millisecond, Until: time.Unix(5, 0)}
	buf := make([]byte, wire.BufferSize)
	n, err := EncodeCall(buf, c)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := wire.Open(buf[:n])
	for k, want := range map[int]string{
		wire.FieldSide: "b", wire.FieldPhrase: "Busy Here", wire.FieldTarget: "sip:b1@example.net", wire.FieldDetail: "5",
	} {
		if got := r.Text(k); got != want {
			t.Errorf("slot %d = %q, want %q", k, got, want)
		}
		if got, ok := AppendField(nil, c, k); !ok || string(got) != want {
			t.Errorf("AppendField(%d) = %q", k, got)
		}
	}
	for k, want := range map[int]uint64{wire.FieldStatus: 486, wire.FieldTimer: 3, wire.FieldUntil: 5e9, wire.FieldDuration: 80e6} {
		if got := r.U64(k); got != want {
			t.Errorf("slot %d = %d, want %d", k, got, want)
		}
		if _, ok := AppendField(nil, c, k); !ok {
			t.Errorf("AppendField(%d): nothing", k)
		}
	}
}

func TestTargetsOfADecision(t *testing.T) {
	frame := func(uris ...string) []byte {
		buf := make([]byte, wire.AnswerRoom)
		w := wire.NewWriter(buf, wire.DecisionSlots)
		at := w.List(wire.DecisionTargets, len(uris))
		for i, u := range uris {
			w.Pair(at, i, u, "")
		}
		w.U64(wire.DecisionFork, 1)
		n, _ := w.Close()
		return buf[:n]
	}
	var d Decision
	if err := DecodeDecision(frame("sip:a@example.org", "sip:b@example.net"), &d); err != nil ||
		!slices.Equal(d.Targets, []string{"sip:a@example.org", "sip:b@example.net"}) || !d.Fork {
		t.Errorf("%+v, %v", d, err)
	}
	for _, c := range []struct {
		uris []string
		want error
	}{
		{[]string{""}, ErrInvalid},
		{[]string{"sip:a\r\nVia: x"}, ErrInvalid},
		{[]string{strings.Repeat("x", wire.MaxValue+1)}, ErrTooBig},
		{slices.Repeat([]string{"sip:a@example.org"}, wire.MaxTargets+1), ErrTooBig},
	} {
		if err := DecodeDecision(frame(c.uris...), &d); !errors.Is(err, c.want) || d.Targets != nil {
			t.Errorf("%d targets %.20q: %v, want %v", len(c.uris), c.uris[0], err, c.want)
		}
	}
}
