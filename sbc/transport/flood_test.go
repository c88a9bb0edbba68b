package transport_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
	"github.com/sallyport-sbc/sallyport/sbc/transport/memnet"
)

// Memory is bounded under a flood from forged sources: nothing is kept of any of them.
func TestForgedSources(t *testing.T) {
	const sources = 100_000
	flood := &flood{n: sources, text: []byte("NOT a SIP message\r\n\r\n"), done: make(chan struct{})}
	h := &counter{}
	l, err := transport.New([]transport.Config{{Name: "a", UDP: addrs(outerAddr), Budget: transport.Budget{Rate: 10, Burst: 10}}}, h,
		transport.Options{Log: slog.New(slog.DiscardHandler), Listen: func(context.Context, netip.AddrPort) (transport.PacketConn, error) { return flood, nil }})
	if err != nil {
		t.Fatal(err)
	}
	before := heap()
	if err := l.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	come(t, "the end of the flood", flood.done)
	grown := heap() - before
	s := l.Stats()
	l.Close()
	t.Logf("%d sources, %d KiB more in use, %+v", sources, grown>>10, s)
	if s.Received != 2*sources || s.Malformed != s.Received {
		t.Errorf("%+v", s)
	}
	if grown > 256<<10 {
		t.Errorf("%d bytes kept", grown)
	}
}

type counter struct{ n int }

func (c *counter) Receive(*sip.Message, error, transport.Flow) { c.n++ }

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// flood is a socket on which two datagrams of each of n sources come.
type flood struct {
	n, k   int
	text   []byte
	done   chan struct{}
	closed chan struct{}
	once   sync.Once
}

func (f *flood) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	if f.k == 2*f.n {
		f.once.Do(func() { f.closed = make(chan struct{}); close(f.done) })
		<-f.closed
		return 0, netip.AddrPort{}, net.ErrClosed
	}
	var a [4]byte
	binary.BigEndian.PutUint32(a[:], 0x0a000000+uint32(f.k%f.n))
	f.k++
	return copy(b, f.text), netip.AddrPortFrom(netip.AddrFrom4(a), 5060), nil
}
func (f *flood) WriteToUDPAddrPort(b []byte, _ netip.AddrPort) (int, error) { return len(b), nil }
func (f *flood) Close() error                                               { close(f.closed); return nil }

func (f *flood) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(addr(outerAddr)) }

// What is over its budget is dropped before it is looked at; other sources do not notice.
func TestOverBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		h := &received{}
		l := layer(t, h, transport.Options{Listen: n.Listen},
			transport.Config{Name: "a", UDP: addrs(outerAddr), Budget: transport.Budget{Rate: 100, Burst: 20}})
		defer l.Close()
		loud, quiet := n.Dial(peerAddr), n.Dial("198.51.100.8:5060")
		for k := range 100 {
			loud.Send(request(fmt.Sprint(k), ""), outerAddr)
		}
		quiet.Send(request("q", ""), outerAddr)
		synctest.Wait()
		if got := len(h.take()); got != 21 || l.Stats().OverBudget != 80 {
			t.Errorf("%d passed, %+v", got, l.Stats())
		}
		time.Sleep(time.Second)
		loud.Send(request("later", ""), outerAddr)
		synctest.Wait()
		if got := len(h.take()); got != 1 {
			t.Errorf("%d passed after a second", got)
		}
	})
}
