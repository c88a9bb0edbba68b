package transaction

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// nowhere is a socket that reads nothing and sends nothing.
type nowhere struct{ done chan struct{} }

func (n nowhere) ReadFromUDPAddrPort([]byte) (int, netip.AddrPort, error) {
	<-n.done
	return 0, netip.AddrPort{}, net.ErrClosed
}
func (n nowhere) WriteToUDPAddrPort(b []byte, _ netip.AddrPort) (int, error) { return len(b), nil }
func (n nowhere) Close() error                                               { close(n.done); return nil }

func (n nowhere) LocalAddr() net.Addr {
	return &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 5060}
}

// callee answers an INVITE with 200, takes its ACK as come, and answers the rest with 200.
type callee struct{ last *Server }

func (u *callee) Request(t *Server, m *sip.Message, f transport.Flow) {
	if t == nil {
		u.last.Acknowledge()
		return
	}
	u.last = t
	_ = t.Respond(sip.NewResponse(m, 200, "", t.Tag()))
}
func (u *callee) Canceled(*Server, *sip.Message) {}
func (u *callee) Unacknowledged(*Server)         {}

// Response and Failed make it a ClientUser that does nothing.
func (u *callee) Response(*Client, *sip.Message) {}
func (u *callee) Failed(*Client, error)          {}

// isolated makes a layer without a network and a flow of it.
func isolated(tb testing.TB) (*Layer, transport.Flow, func()) {
	log := slog.New(slog.DiscardHandler)
	l := New(Config{Log: log}, &callee{})
	tp, err := transport.New([]transport.Config{{Name: "a", UDP: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:5060")}}}, l,
		transport.Options{Log: log, Listen: func(context.Context, netip.AddrPort) (transport.PacketConn, error) {
			return nowhere{make(chan struct{})}, nil
		}})
	if err != nil {
		tb.Fatal(err)
	}
	if err := tp.Start(context.Background()); err != nil {
		tb.Fatal(err)
	}
	i, _ := tp.Interface("a")
	f, err := tp.Flow(i, transport.UDP, netip.MustParseAddrPort("198.51.100.7:5060"))
	if err != nil {
		tb.Fatal(err)
	}
	return l, f, func() { tp.Close(); l.Close() }
}

func requestText(method string, n int) []byte {
	return fmt.Appendf(nil, "%s sip:bob@example.net SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK-%d-%s\r\n"+
		"From: <sip:alice@example.org>;tag=a1\r\nTo: <sip:bob@example.net>\r\nCall-ID: %d@example.org\r\n"+
		"CSeq: 1 %s\r\nContact: <sip:alice@198.51.100.7>\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n", method, n, method, n, method)
}

// heap returns the bytes in use.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A finished transaction holds at most 300 bytes besides what it may have to send again.
func TestMemoryOfFinishedTransactions(t *testing.T) {
	const n = 20_000
	for _, tt := range []struct {
		name string
		do   func(l *Layer, f transport.Flow, k int)
		kept func(l *Layer) int // bytes of messages
	}{
		{"INVITE answered and acknowledged", func(l *Layer, f transport.Flow, k int) {
			receive(l, f, requestText("INVITE", k))
			receive(l, f, requestText("ACK", k))
		}, keptByServers},
		{"BYE answered", func(l *Layer, f transport.Flow, k int) { receive(l, f, requestText("BYE", k)) }, keptByServers},
		{"BYE sent and answered", func(l *Layer, f transport.Flow, k int) {
			send(l, f, "BYE", 200)
		}, keptByClients},
		{"INVITE sent and answered", func(l *Layer, f transport.Flow, k int) {
			send(l, f, "INVITE", 200)
		}, keptByClients},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, f, closeAll := isolated(t)
			defer closeAll()
			before := heap()
			for k := range n {
				tt.do(l, f, k)
			}
			held := heap() - before
			kept := tt.kept(l)
			each := (held - int64(kept)) / n
			t.Logf("%d B a transaction and %d B kept bytes", each, kept/n)
			if s := l.Stats(); s.ServersOpen+s.ClientsOpen != n {
				t.Fatalf("%+v", s)
			}
			if each > 300 {
				t.Errorf("a finished transaction holds %d B", each)
			}
			runtime.KeepAlive(l)
		})
	}
}

func receive(l *Layer, f transport.Flow, b []byte) {
	m, err := sip.Parse(b)
	l.Receive(m, err, f)
}

func send(l *Layer, f transport.Flow, method string, statuses ...int) *sip.Message {
	m := sip.NewRequest(method, "sip:bob@example.net")
	m.Add(sip.From, "<sip:alice@example.org>;tag=a1")
	m.Add(sip.To, "<sip:bob@example.net>")
	m.Add(sip.CallID, "c")
	m.Add(sip.CSeq, "1 "+method)
	if _, err := l.Send(m, f, l.user.(ClientUser), SendOptions{}); err != nil {
		panic(err)
	}
	for _, status := range statuses {
		receive(l, f, sip.NewResponse(m, status, "", "b1").Append(nil))
	}
	return m
}

func keptByServers(l *Layer) (n int) {
	for i := range l.shards {
		for _, t := range l.shards[i].servers {
			n += sizeClass(len(t.kept))
		}
	}
	return n
}

func keptByClients(l *Layer) (n int) {
	for i := range l.shards {
		for _, c := range l.shards[i].clients {
			n += sizeClass(len(c.kept))
		}
	}
	return n
}

// sizeClass returns what the allocator takes for n bytes.
func sizeClass(n int) int {
	if n == 0 {
		return 0
	}
	return cap(append([]byte(nil), make([]byte, n)...))
}

// A layer that holds nothing has no timer running: the clock of a test can jump, and an idle
// SBC sleeps.
func TestIdleLayerSleeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, f, closeAll := isolated(t)
		defer closeAll()
		receive(l, f, requestText("INVITE", 1))
		receive(l, f, requestText("ACK", 1))
		send(l, f, "BYE", 200)
		time.Sleep(time.Minute)
		for i := range l.shards {
			s := &l.shards[i]
			s.mu.Lock()
			if s.armed != 0 || !s.wheel.empty() || len(s.servers)+len(s.clients) != 0 {
				t.Errorf("shard %d: armed %d, %d servers, %d clients", i, s.armed, len(s.servers), len(s.clients))
			}
			s.mu.Unlock()
			l.copies[i].mu.Lock()
			if n := len(l.copies[i].first); n != 0 {
				t.Errorf("%d requests are remembered", n)
			}
			l.copies[i].mu.Unlock()
		}
		time.Sleep(1000 * time.Hour)
	})
}
