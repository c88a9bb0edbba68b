package abi

import (
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// ended is a call that has everything.
func ended() *Call {
	at := time.Date(2026, 1, 2, 15, 4, 5, 678e6, time.UTC)
	vars := new(Vars)
	vars.Set("tenant", "acme")
	return &Call{
		ID: "c1", Event: EventEnd, Use: "cdr", CallIDA: "a@example.org", CallIDB: "b@example.net",
		Method: "INVITE", RURI: "sip:bob@example.net",
		From: `"Alice" <sip:alice@example.org>;tag=1`, To: "<sip:bob@example.net>",
		FromURI: "sip:alice@example.org", ToURI: "sip:bob@example.net", Caller: "alice", Callee: "bob",
		Source:      netip.MustParseAddrPort("[::ffff:192.0.2.1]:5060"),
		Destination: netip.MustParseAddrPort("[2001:db8::1]:5062"),
		Transport:   "UDP", InterfaceA: "public", InterfaceB: "private", Profile: "default", Node: "sbc1",
		Start: at, Ringing: at.Add(time.Second), Connect: at.Add(2 * time.Second), End: at.Add(time.Minute),
		Params: []Field{{"account", "1001"}}, Vars: vars,
		Result: &End{
			Disposition: Answered, Code: 200, Reason: "OK", Q850: 16, HangupBy: "a", Modules: []string{"cdr", "limit"},
			A: MediaStats{"PCMU/8000", 500, 3, 1, 1500 * time.Microsecond, 4.41},
			B: MediaStats{Codec: "PCMA/8000", Packets: 499},
		},
	}
}

func TestCallFrameHoldsEveryField(t *testing.T) {
	c := ended()
	buf := make([]byte, wire.BufferSize)
	n, err := EncodeCall(buf, c)
	if err != nil {
		t.Fatal(err)
	}
	r, ok := wire.Open(buf[:n])
	if !ok {
		t.Fatal("Open refuses the frame")
	}
	for k, want := range map[int]string{
		wire.FieldID: "c1", wire.FieldNode: "sbc1", wire.FieldProfile: "default", wire.FieldUse: "cdr",
		wire.FieldCallIDA: "a@example.org", wire.FieldCallIDB: "b@example.net", wire.FieldMethod: "INVITE",
		wire.FieldRURI: "sip:bob@example.net", wire.FieldFrom: c.From, wire.FieldTo: c.To,
		wire.FieldFromURI: "sip:alice@example.org", wire.FieldToURI: "sip:bob@example.net",
		wire.FieldCaller: "alice", wire.FieldCallee: "bob", wire.FieldSource: "192.0.2.1:5060",
		wire.FieldDestination: "[2001:db8::1]:5062", wire.FieldTransport: "UDP",
		wire.FieldInterfaceA: "public", wire.FieldInterfaceB: "private",
		wire.FieldDisposition: "answered", wire.FieldReason: "OK", wire.FieldHangupBy: "a",
		wire.FieldACodec: "PCMU/8000", wire.FieldBCodec: "PCMA/8000",
	} {
		if got := r.Text(k); got != want {
			t.Errorf("slot %d = %q, want %q", k, got, want)
		}
		if k >= wire.FieldDisposition {
			continue
		}
		if got, ok := AppendField(nil, c, k); string(got) != want || !ok {
			t.Errorf("AppendField(%d) = %q, %v, want %q", k, got, ok, want)
		}
	}
	for k, want := range map[int]int64{
		wire.FieldEvent: int64(EventEnd),
		wire.FieldStart: c.Start.UnixNano(), wire.FieldRinging: c.Ringing.UnixNano(),
		wire.FieldConnect: c.Connect.UnixNano(), wire.FieldEnd: c.End.UnixNano(),
		wire.FieldCode: 200, wire.FieldQ850: 16,
		wire.FieldAPackets: 500, wire.FieldALost: 3, wire.FieldARejected: 1, wire.FieldAJitter: 1500e3, wire.FieldAMOS: 4410,
		wire.FieldBPackets: 499, wire.FieldBLost: 0, wire.FieldBMOS: 0,
	} {
		if got := r.U64(k); got != uint64(want) {
			t.Errorf("slot %d = %d, want %d", k, got, want)
		}
		if k >= wire.FieldDisposition {
			continue
		}
		if got, ok := AppendField(nil, c, k); string(got) != fmt.Sprint(want) || !ok {
			t.Errorf("AppendField(%d) = %q, %v, want %d", k, got, ok, want)
		}
	}
	for k, want := range map[int][]Field{
		wire.FieldParams:  {{"account", "1001"}},
		wire.FieldVars:    {{"tenant", "acme"}},
		wire.FieldModules: {{"cdr", ""}, {"limit", ""}},
	} {
		l, ok := r.List(k)
		var got []Field
		for i := range l.Len() {
			n, v, _ := l.At(i)
			got = append(got, Field{n, v})
		}
		if !ok || !slices.Equal(got, want) {
			t.Errorf("slot %d = %v, want %v", k, got, want)
		}
	}
	if _, ok := AppendField(nil, c, wire.FieldVars); ok {
		t.Error("AppendField takes a list")
	}
}

func TestCallFrameOfAnEmptyCall(t *testing.T) {
	buf := make([]byte, wire.BufferSize)
	n, err := EncodeCall(buf, &Call{Event: EventStart})
	if err != nil {
		t.Fatal(err)
	}
	r, ok := wire.Open(buf[:n])
	if !ok || r.U64(wire.FieldEvent) != uint64(EventStart) {
		t.Errorf("frame %v, event %d", ok, r.U64(wire.FieldEvent))
	}
	for k := 1; k < wire.CallSlots; k++ {
		if r.U64(k) != 0 {
			t.Errorf("slot %d = %#x, want absent", k, r.U64(k))
		}
		if got, ok := AppendField(nil, &Call{}, k); ok || len(got) != 0 {
			t.Errorf("AppendField(%d) = %q, want absent", k, got)
		}
	}
}

func TestEncodeCallSaysWhatItNeeds(t *testing.T) {
	c := ended()
	whole := make([]byte, wire.BufferSize)
	want, err := EncodeCall(whole, c)
	if err != nil {
		t.Fatal(err)
	}
	for _, size := range []int{0, 7, 8, 100, want - 1} {
		n, err := EncodeCall(make([]byte, size), c)
		if !errors.Is(err, ErrTooBig) || n != want {
			// Addresses are appended in place, so what does not fit is counted there, too.
			t.Errorf("buffer of %d: %d, %v, want %d, ErrTooBig", size, n, err, want)
		}
	}
}

func TestMOSOutOfRangeIsUnknown(t *testing.T) {
	var nan float64
	nan /= nan
	for _, v := range []float64{nan, -1, 0, 10, 1e300} {
		if got := mos(v); got != 0 {
			t.Errorf("mos(%v) = %d, want 0", v, got)
		}
	}
}

func TestInitAndWelcome(t *testing.T) {
	buf := make([]byte, 4096)
	n, err := EncodeInit(buf, &Init{Features: wire.FeatureGet, Module: "cdr", Config: []byte(`{"a":1}`), Node: "sbc1", Generation: "7"})
	if err != nil {
		t.Fatal(err)
	}
	r, ok := wire.Open(buf[:n])
	if !ok || r.Text(wire.InitModule) != "cdr" || r.Text(wire.InitConfig) != `{"a":1}` || r.U64(wire.InitFeatures) != wire.FeatureGet {
		t.Errorf("module %q, config %q", r.Text(wire.InitModule), r.Text(wire.InitConfig))
	}
	if _, err := EncodeInit(buf[:20], &Init{}); !errors.Is(err, ErrTooBig) {
		t.Errorf("EncodeInit into 20 bytes: %v", err)
	}
	w := wire.NewWriter(buf, wire.WelcomeSlots)
	w.U64(wire.WelcomeEvents, Bit(EventEnd))
	w.U64(wire.WelcomeStateVersion, 3)
	w.U64(wire.WelcomeKeeps, 1)
	n, _ = w.Close()
	if got, err := DecodeWelcome(buf[:n]); err != nil || got != (Welcome{Bit(EventEnd), 3, true}) {
		t.Errorf("DecodeWelcome = %+v, %v", got, err)
	}
	if got, err := DecodeWelcome(nil); err != nil || got != (Welcome{}) {
		t.Errorf("DecodeWelcome(nil) = %+v, %v", got, err)
	}
	if _, err := DecodeWelcome([]byte("garbage!")); !errors.Is(err, ErrInvalid) {
		t.Errorf("DecodeWelcome(garbage): %v", err)
	}
}

func TestHotPathsDoNotAllocate(t *testing.T) {
	c, buf := ended(), make([]byte, wire.BufferSize)
	if n := testing.AllocsPerRun(100, func() { EncodeCall(buf, c) }); n != 0 {
		t.Errorf("EncodeCall: %v allocations", n)
	}
	var d Decision
	if n := testing.AllocsPerRun(100, func() { DecodeDecision(nil, &d) }); n != 0 {
		t.Errorf("DecodeDecision of a pass: %v allocations", n)
	}
	full := decision(func(w *wire.Writer) {
		at := w.List(wire.DecisionSet, 2)
		w.Pair(at, 0, "identity.ruri", "sip:carol@example.net")
		w.Pair(at, 1, "routing.next_hop", "198.51.100.2:5060")
	})
	DecodeDecision(full, &d)
	if n := testing.AllocsPerRun(100, func() { DecodeDecision(full, &d) }); n != 1 {
		t.Errorf("DecodeDecision: %v allocations, want the one copy", n)
	}
}

func decision(f func(w *wire.Writer)) []byte {
	b := make([]byte, 2*wire.AnswerRoom)
	w := wire.NewWriter(b, wire.DecisionSlots)
	f(&w)
	n, _ := w.Close()
	return b[:n]
}

func list(k int, fs ...Field) func(w *wire.Writer) {
	return func(w *wire.Writer) {
		at := w.List(k, len(fs))
		for i, f := range fs {
			w.Pair(at, i, f.Name, f.Value)
		}
	}
}

func refuse(code uint64, reason string) func(w *wire.Writer) {
	return func(w *wire.Writer) {
		w.U64(wire.DecisionAction, wire.ActionRefuse)
		w.U64(wire.DecisionCode, code)
		w.Text(wire.DecisionReason, reason)
	}
}

func both(fs ...func(w *wire.Writer)) func(w *wire.Writer) {
	return func(w *wire.Writer) {
		for _, f := range fs {
			f(w)
		}
	}
}

func TestDecodeDecision(t *testing.T) {
	for name, c := range map[string]struct {
		frame []byte
		want  Decision
		err   error
	}{
		"nothing is a pass":  {nil, Decision{}, nil},
		"an empty frame too": {decision(func(*wire.Writer) {}), Decision{}, nil},
		"drop": {
			decision(func(w *wire.Writer) { w.U64(wire.DecisionAction, wire.ActionDrop) }),
			Decision{Drop: true},
			nil,
		},
		"refuse": {
			decision(both(refuse(486, "Busy"), list(wire.DecisionHeaders, Field{"Retry-After", "5"}))),
			Decision{Code: 486, Reason: "Busy", Headers: []Field{{"Retry-After", "5"}}},
			nil,
		},
		"refuse without a code": {decision(refuse(0, "")), Decision{Code: 403}, nil},
		"set and limit": {
			decision(both(list(wire.DecisionSet, Field{"a", "1"}, Field{"b", ""}),
				func(w *wire.Writer) { w.U64(wire.DecisionMaxDuration, uint64(time.Hour)) })),
			Decision{Set: []Field{{"a", "1"}, {"b", ""}}, MaxDuration: time.Hour},
			nil,
		},
		"unknown action":      {decision(func(w *wire.Writer) { w.U64(wire.DecisionAction, 3) }), Decision{}, ErrInvalid},
		"endless duration":    {decision(func(w *wire.Writer) { w.U64(wire.DecisionMaxDuration, 1<<63) }), Decision{}, ErrInvalid},
		"a success":           {decision(refuse(200, "")), Decision{}, ErrInvalid},
		"a code of 4 GiB":     {decision(refuse(1<<32+403, "")), Decision{}, ErrInvalid},
		"CR LF in the reason": {decision(refuse(403, "No\r\nX: y")), Decision{}, ErrInvalid},
		"reason too long":     {decision(refuse(403, strings.Repeat("x", wire.MaxValue+1))), Decision{}, ErrTooBig},
		"LF in a header":      {decision(both(refuse(403, ""), list(wire.DecisionHeaders, Field{"X", "a\nb"}))), Decision{}, ErrInvalid},
		"NUL in a name":       {decision(list(wire.DecisionSet, Field{"a\x00", "b"})), Decision{}, ErrInvalid},
		"no name":             {decision(list(wire.DecisionSet, Field{"", "b"})), Decision{}, ErrInvalid},
		"name too long":       {decision(list(wire.DecisionSet, Field{strings.Repeat("x", wire.MaxName+1), "b"})), Decision{}, ErrTooBig},
		"value too long":      {decision(list(wire.DecisionSet, Field{"x", strings.Repeat("x", wire.MaxValue+1)})), Decision{}, ErrTooBig},
		"too many pairs":      {decision(list(wire.DecisionSet, make([]Field, wire.MaxList+1)...)), Decision{}, ErrTooBig},
		"no frame":            {[]byte("garbage"), Decision{}, ErrInvalid},
		"frame too large":     {make([]byte, wire.AnswerRoom+1), Decision{}, ErrTooBig},
		"list outside": {
			decision(func(w *wire.Writer) { w.U64(wire.DecisionSet, 9<<32|0xffff) }),
			Decision{},
			ErrInvalid,
		},
		"reason outside": {
			decision(both(refuse(403, ""), func(w *wire.Writer) { w.U64(wire.DecisionReason, 9<<32|0xffff) })),
			Decision{},
			ErrInvalid,
		},
	} {
		d := Decision{Code: 1, Drop: true, Set: []Field{{"old", "old"}}, MaxDuration: 1}
		err := DecodeDecision(c.frame, &d)
		if !errors.Is(err, c.err) || err != nil && c.err == nil {
			t.Errorf("%s: error %v, want %v", name, err, c.err)
		}
		if !reflect.DeepEqual(d, c.want) {
			t.Errorf("%s: %+v, want %+v", name, d, c.want)
		}
	}
}

// Nothing of a decision points into the guest's memory.
func TestDecodeDecisionCopies(t *testing.T) {
	b := decision(both(refuse(486, "Busy"), list(wire.DecisionHeaders, Field{"Retry-After", "5"})))
	var d Decision
	if err := DecodeDecision(b, &d); err != nil {
		t.Fatal(err)
	}
	clear(b)
	if d.Reason != "Busy" || d.Headers[0] != (Field{"Retry-After", "5"}) {
		t.Errorf("after the guest overwrote it: %+v", d)
	}
}

func FuzzDecision(f *testing.F) {
	f.Add(decision(both(refuse(486, "Busy"), list(wire.DecisionHeaders, Field{"Retry-After", "5"}))))
	f.Add(decision(list(wire.DecisionSet, Field{"a", "1"}, Field{"b", ""})))
	f.Fuzz(func(t *testing.T, b []byte) {
		var d Decision
		if err := DecodeDecision(b, &d); err != nil {
			if !reflect.DeepEqual(d, Decision{}) {
				t.Fatalf("refused (%v), and yet %+v", err, d)
			}
			return
		}
		for _, s := range append(append([]Field{{"x", d.Reason}}, d.Headers...), d.Set...) {
			if !Clean(s.Name) || !Clean(s.Value) || s.Name == "" || len(s.Value) > wire.MaxValue {
				t.Fatalf("%q = %q got through", s.Name, s.Value)
			}
		}
		if d.Code != 0 && (d.Code < 300 || d.Code > 699) || d.MaxDuration < 0 {
			t.Fatalf("code %d, duration %v got through", d.Code, d.MaxDuration)
		}
	})
}

func BenchmarkEncodeCallStart(b *testing.B) {
	c, buf := ended(), make([]byte, wire.BufferSize)
	c.Event, c.Result = EventStart, nil
	b.ReportAllocs()
	for b.Loop() {
		EncodeCall(buf, c)
	}
}

func BenchmarkEncodeCallEnd(b *testing.B) {
	c, buf := ended(), make([]byte, wire.BufferSize)
	b.ReportAllocs()
	for b.Loop() {
		EncodeCall(buf, c)
	}
}

func BenchmarkDecodeDecision(b *testing.B) {
	frame := decision(list(wire.DecisionSet, Field{"identity.ruri", "sip:carol@example.net"}, Field{"routing.next_hop", "198.51.100.2:5060"}))
	var d Decision
	b.ReportAllocs()
	for b.Loop() {
		DecodeDecision(frame, &d)
	}
}
