package media

import (
	"fmt"
	"net/netip"
	"runtime"
	"testing"
	"time"
)

const phoneSDP = "v=0\r\no=alice 2890844526 2890844526 IN IP4 192.0.2.101\r\ns=-\r\nc=IN IP4 192.0.2.101\r\nt=0 0\r\n" +
	"m=audio 49172 RTP/AVP 8 0 18 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:18 G729/8000\r\n" +
	"a=fmtp:18 annexb=no\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=rtcp:49173\r\na=sendrecv\r\n"

// nothing is an engine that does nothing, to measure what is above it.
type nothing struct{}

func (nothing) Open(Treatment, func(), func(Side, Digit)) (Relay, error) { return nothing{}, nil }
func (nothing) Tap(func(netip.AddrPort, netip.AddrPort, []byte))         {}
func (nothing) Totals() Totals                                           { return Totals{} }
func (nothing) Bind(int, Side, netip.AddrPort) error                     { return nil }
func (nothing) Set(int, Flow)                                            {}
func (nothing) Unbind(int)                                               {}
func (nothing) Watch(time.Duration, bool)                                {}
func (nothing) Stats(int, Side) Direction                                { return Direction{} }
func (nothing) Close()                                                   {}

func newNothing(tb testing.TB) *Anchor {
	a, err := New(Config{Engine: nothing{}, Interfaces: []Interface{
		{Name: "a", Addr: netip.MustParseAddr("192.0.2.1"), PortMin: 20000, PortMax: 59999},
	}})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(a.Close)
	return a
}

// BenchmarkRewrite rewrites the offer of a phone.
func BenchmarkRewrite(b *testing.B) {
	s, err := newNothing(b).Open(DefaultPolicy(), nil)
	if err != nil {
		b.Fatal(err)
	}
	body := []byte(phoneSDP)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Offer(A, body); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkExchange is the media of a whole call without sockets: offer, answer,
// statistics, close.
func BenchmarkExchange(b *testing.B) {
	a := newNothing(b)
	for _, p := range a.list {
		p.quarantine = 0
	}
	body := []byte(phoneSDP)
	b.ReportAllocs()
	for b.Loop() {
		exchange(b, a, body).Close()
	}
}

func exchange(tb testing.TB, a *Anchor, body []byte) *Session {
	s, err := a.Open(DefaultPolicy(), nil)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := s.Offer(A, body); err != nil {
		tb.Fatal(err)
	}
	if _, err := s.Answer(B, body); err != nil {
		tb.Fatal(err)
	}
	s.Confirm()
	_ = s.Stats()
	return s
}

// TestMemory holds a session to 8 KB of our memory; the target of a held call with
// relay is 40 KB of the process.
func TestMemory(t *testing.T) {
	a := newReal(t, Config{Workers: 2})
	const n = 200
	held := make([]*Session, 0, n)
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	exchange(t, a, []byte(phoneSDP)).Close()
	before := heap()
	for range n {
		held = append(held, exchange(t, a, []byte(phoneSDP)))
	}
	held[0].flush()
	size := int64(heap()-before) / n
	t.Logf("%d bytes a session", size)
	if size > 8<<10 {
		t.Errorf("%d bytes a session, want at most 8192", size)
	}
	runtime.KeepAlive(held)
}

// BenchmarkCall is the same with sockets.
func BenchmarkCall(b *testing.B) {
	a := newReal(b, Config{})
	body := fmt.Appendf(nil, "%s", phoneSDP)
	b.ReportAllocs()
	for b.Loop() {
		s, err := a.Open(DefaultPolicy(), nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.Offer(A, body); err != nil {
			b.Skip(err) // ports rest faster than they wake
		}
		if _, err := s.Answer(B, body); err != nil {
			b.Fatal(err)
		}
		s.Confirm()
		s.Close()
	}
}
