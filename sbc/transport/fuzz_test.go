package transport

import (
	"context"
	"log/slog"
	"net"
	"net/netip"
	"testing"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// silent is a socket on which nothing comes.
type silent struct{ done chan struct{} }

func (s silent) ReadFromUDPAddrPort([]byte) (int, netip.AddrPort, error) {
	<-s.done
	return 0, netip.AddrPort{}, net.ErrClosed
}
func (s silent) WriteToUDPAddrPort(b []byte, _ netip.AddrPort) (int, error) { return len(b), nil }
func (s silent) Close() error                                               { close(s.done); return nil }

func (s silent) LocalAddr() net.Addr { return &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 5060} }

// replier answers whatever can be answered.
type replier struct{ n int }

func (r *replier) Receive(m *sip.Message, err error, f Flow) {
	r.n++
	if m != nil && m.IsRequest() {
		_ = f.Send(sip.NewResponse(m, 400, "", "x").Append(nil), nil)
	}
}

func deaf(tb testing.TB, h Handler) (*Layer, Flow) {
	l, err := New([]Config{{Name: "a", UDP: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:5060")}, Budget: Budget{Rate: -1}}}, h,
		Options{Log: slog.New(slog.DiscardHandler), Listen: func(context.Context, netip.AddrPort) (PacketConn, error) { return silent{make(chan struct{})}, nil }})
	if err != nil {
		tb.Fatal(err)
	}
	if err := l.Start(context.Background()); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(l.Close)
	f, err := l.Flow(l.interfaces[0], UDP, netip.MustParseAddrPort("198.51.100.7:5060"))
	if err != nil {
		tb.Fatal(err)
	}
	return l, f
}

// Whatever comes as a datagram: nothing panics, and everything is counted once.
func FuzzReceive(f *testing.F) {
	f.Add([]byte("OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a;rport;branch=z9hG4bK1\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>\r\nCall-ID: 1\r\nCSeq: 1 OPTIONS\r\n\r\n"))
	f.Add([]byte("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a, SIP/2.0/UDP b\r\n\r\n"))
	f.Add([]byte("\r\n\r\n"))
	f.Add([]byte{0x00, 0x01})
	h := &replier{}
	l, flow := deaf(f, h)
	f.Fuzz(func(t *testing.T, b []byte) {
		before := l.Stats()
		n := h.n
		l.datagram(b, flow)
		after := l.Stats()
		if after.Panics != before.Panics {
			t.Fatal("a panic")
		}
		dropped := after.Keepalives + after.Foreign + after.OverBudget - before.Keepalives - before.Foreign - before.OverBudget
		if after.Received-before.Received != 1 || dropped+uint64(h.n-n) != 1 {
			t.Fatalf("counted %+v, before %+v", after, before)
		}
	})
}

// BenchmarkDrop is what a datagram costs that is dropped: over the budget, or not SIP.
func BenchmarkDrop(b *testing.B) {
	l, f := deaf(b, &replier{})
	b.Run("foreign", func(b *testing.B) {
		stun := []byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}
		b.ReportAllocs()
		for b.Loop() {
			l.datagram(stun, f)
		}
	})
	b.Run("over budget", func(b *testing.B) {
		l.interfaces[0].budget = newBudget(Budget{Rate: 1, Burst: 1})
		text := []byte("INVITE")
		b.ReportAllocs()
		for b.Loop() {
			l.datagram(text, f)
		}
	})
}
