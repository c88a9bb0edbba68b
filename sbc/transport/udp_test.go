package transport_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
	"github.com/sallyport-sbc/sallyport/sbc/transport/memnet"
)

// Two interfaces and one peer: every message knows the interface it came on, and an answer
// leaves by it.
func TestTwoInterfacesOnePeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		h := &received{do: func(m *sip.Message, f transport.Flow) {
			if err := f.Send(sip.NewResponse(m, 200, f.Interface().Name(), "x").Append(nil), nil); err != nil {
				t.Error(err)
			}
		}}
		l := layer(t, h, transport.Options{Listen: n.Listen},
			transport.Config{Name: "outer", UDP: addrs(outerAddr), Advertise: addr("198.51.100.99:0")},
			transport.Config{Name: "inner", UDP: addrs(innerAddr)})
		defer l.Close()
		peer := n.Dial(peerAddr)
		for _, to := range []string{outerAddr, innerAddr, outerAddr} {
			peer.Send(request("1", ""), to)
			b, from, err := peer.Receive(time.Second)
			if err != nil || from != addr(to) {
				t.Fatalf("to %s: answer from %s, %v", to, from, err)
			}
			if name := map[string]string{outerAddr: "outer", innerAddr: "inner"}[to]; !bytes.Contains(b, []byte("200 "+name)) {
				t.Errorf("to %s: %s", to, b)
			}
		}
		msgs := h.take()
		f, g, again := msgs[0].f, msgs[1].f, msgs[2].f
		if f == g || f != again || f.Remote() != addr(peerAddr) || g.Remote() != addr(peerAddr) || f.Local() != addr(outerAddr) ||
			f.Proto() != transport.UDP || !f.Valid() || (transport.Flow{}).Valid() {
			t.Errorf("flows %+v, %+v, %+v", f, g, again)
		}
		if f.SentBy() != "198.51.100.99:5060" || g.SentBy() != innerAddr {
			t.Errorf("sent-by %s, %s", f.SentBy(), g.SentBy())
		}
		outer, _ := l.Interface("outer")
		if same, err := l.Flow(outer, transport.UDP, addr(peerAddr)); err != nil || same != f {
			t.Errorf("Flow: %+v, %v", same, err)
		}
		if _, err := l.Flow(outer, transport.UDP, addr("[2001:db8::1]:5060")); !errors.Is(err, transport.ErrNoAddress) {
			t.Errorf("IPv6 from an IPv4 interface: %v", err)
		}
		if _, err := l.Flow(outer, transport.TCP, addr(peerAddr)); !errors.Is(err, transport.ErrNoAddress) {
			t.Errorf("TCP from an interface without: %v", err)
		}
	})
}

// received and rport, RFC 3261 §18.2.1 and RFC 3581 §4.
func TestSourceInVia(t *testing.T) {
	for _, tt := range []struct{ name, via, want string }{
		{"the source itself", "SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK1", "SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK1"},
		{"behind a NAT", "SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK1", "received=198.51.100.7"},
		{"a name", "SIP/2.0/UDP pc.example.org;branch=z9hG4bK1", "received=198.51.100.7"},
		{"rport", "SIP/2.0/UDP 198.51.100.7;rport;branch=z9hG4bK1", "received=198.51.100.7;rport=5060"},
		{"forged received", "SIP/2.0/UDP 198.51.100.7;received=192.0.2.9;branch=z9hG4bK1", "SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK1"},
	} {
		synctest.Test(t, func(t *testing.T) {
			n := memnet.New()
			h := &received{}
			l := layer(t, h, transport.Options{Listen: n.Listen}, transport.Config{Name: "a", UDP: addrs(outerAddr)})
			defer l.Close()
			text := strings.Replace(request("1", ""), "SIP/2.0/UDP "+peerAddr+";branch=z9hG4bK1", tt.via, 1)
			n.Dial(peerAddr).Send(text, outerAddr)
			synctest.Wait()
			if got := h.take()[0].m.Header(sip.Via); !strings.Contains(got, tt.want) {
				t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
			}
		})
	}
}

// What is not SIP is counted and costs nothing; what is malformed is named once, not quoted.
func TestNoise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		h := &received{}
		var log bytes.Buffer
		l := layer(t, h, transport.Options{Listen: n.Listen, Log: slog.New(slog.NewTextHandler(&log, nil))},
			transport.Config{Name: "a", UDP: addrs(outerAddr)})
		defer l.Close()
		peer := n.Dial(peerAddr)
		for range 100 {
			peer.Send("\r\n\r\n", outerAddr)
			peer.Send("\r\n", outerAddr)
			peer.Send("", outerAddr)
			peer.Send("\x00\x01\x00\x00\x21\x12\xa4\x42", outerAddr) // STUN
			peer.Send("\x80\x00", outerAddr)                         // RTP
			peer.Send("secret-password: nothing SIP", outerAddr)
		}
		synctest.Wait()
		if s := l.Stats(); s.Keepalives != 300 || s.Foreign != 200 || s.Malformed != 100 || s.Received != 600 {
			t.Errorf("%+v", s)
		}
		for _, m := range h.take() {
			if m.m != nil || m.err == nil {
				t.Fatalf("handed on: %+v", m)
			}
		}
		if got := log.String(); strings.Count(got, "\n") != 1 || strings.Contains(got, "secret") || !strings.Contains(got, "peer="+peerAddr) {
			t.Errorf("log:\n%s", got)
		}
		time.Sleep(11 * time.Second)
		peer.Send("nothing SIP", outerAddr)
		synctest.Wait()
		if got := log.String(); strings.Count(got, "\n") != 2 || !strings.Contains(got, "others=99") {
			t.Errorf("log:\n%s", got)
		}
		peer.Send("\r\n"+request("1", ""), outerAddr)
		synctest.Wait()
		if msgs := h.take(); len(msgs) != 2 || msgs[1].m == nil || msgs[1].err != nil {
			t.Errorf("after all that: %+v", msgs)
		}
	})
}

// A handler that panics ends with its message.
func TestPanicIsContained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		h := &received{}
		h.do = func(m *sip.Message, f transport.Flow) { panic("a bug") }
		l := layer(t, h, transport.Options{Listen: n.Listen}, transport.Config{Name: "a", UDP: addrs(outerAddr)})
		defer l.Close()
		peer := n.Dial(peerAddr)
		peer.Send(request("1", ""), outerAddr)
		peer.Send(request("2", ""), outerAddr)
		synctest.Wait()
		if len(h.take()) != 2 || l.Stats().Panics != 2 {
			t.Errorf("%+v", l.Stats())
		}
	})
}

// Datagrams up to what UDP carries, both ways, on the kernel's loopback.
func TestLargeDatagrams(t *testing.T) {
	h := &received{do: func(m *sip.Message, f transport.Flow) {
		res := sip.NewResponse(m, 200, "", "x")
		res.Body = m.Body
		if err := f.Send(res.Append(nil), nil); err != nil {
			t.Error(err)
		}
	}}
	l := layer(t, h, transport.Options{}, transport.Config{Name: "a", UDP: addrs("127.0.0.1:0")})
	defer l.Close()
	i, _ := l.Interface("a")
	to, _ := i.Addr(transport.UDP)
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	buf := make([]byte, 65536)
	for _, size := range []int{1, 1300, 1500, 9000, 65000} {
		body := strings.Repeat("x", size)
		if _, err := c.Write([]byte(request("1", body))); err != nil {
			t.Fatal(err)
		}
		if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, err := c.Read(buf)
		if err != nil {
			t.Fatalf("%d: %v", size, err)
		}
		if m, err := sip.Parse(buf[:n]); err != nil || m.Body != body {
			t.Errorf("%d: %v", size, err)
		}
	}
	f := h.take()[0].f
	for _, size := range []int{65520, 70_000} {
		if err := f.Send(make([]byte, size), nil); !errors.Is(err, transport.ErrTooLarge) {
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

// An address nobody listens on answers with ICMP; the socket goes on.
func TestUnreachablePeer(t *testing.T) {
	h := &received{}
	l := layer(t, h, transport.Options{}, transport.Config{Name: "a", UDP: addrs("127.0.0.1:0")})
	defer l.Close()
	i, _ := l.Interface("a")
	gone, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	dead := gone.LocalAddr().(*net.UDPAddr).AddrPort()
	gone.Close()
	f, err := l.Flow(i, transport.UDP, dead)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if err := f.Send([]byte(request("1", "")), nil); err != nil {
			t.Fatal(err)
		}
	}
	came := make(chan struct{})
	h.mu.Lock()
	h.do = func(*sip.Message, transport.Flow) { close(came) }
	h.mu.Unlock()
	to, _ := i.Addr(transport.UDP)
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte(request("1", ""))); err != nil {
		t.Fatal(err)
	}
	come(t, "the message", came)
}

// broken is a socket that fails in every way before it works.
type broken struct {
	transport.PacketConn
	mu     sync.Mutex
	reads  []error
	writes []error
}

func (b *broken) next(errs *[]error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(*errs) == 0 {
		return nil
	}
	err := (*errs)[0]
	*errs = (*errs)[1:]
	return err
}

func (b *broken) ReadFromUDPAddrPort(p []byte) (int, netip.AddrPort, error) {
	if err := b.next(&b.reads); err != nil {
		return 0, netip.AddrPort{}, err
	}
	return b.PacketConn.ReadFromUDPAddrPort(p)
}

func (b *broken) WriteToUDPAddrPort(p []byte, to netip.AddrPort) (int, error) {
	if err := b.next(&b.writes); err != nil {
		return 0, err
	}
	return b.PacketConn.WriteToUDPAddrPort(p, to)
}

func opError(e syscall.Errno) error {
	return &net.OpError{Op: "x", Net: "udp", Err: os.NewSyscallError("x", e)}
}

func TestSocketErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		h := &received{}
		var sock *broken
		l := layer(t, h, transport.Options{Listen: func(ctx context.Context, a netip.AddrPort) (transport.PacketConn, error) {
			c, err := n.Listen(ctx, a)
			sock = &broken{PacketConn: c}
			for range 40 {
				sock.reads = append(sock.reads, opError(syscall.ECONNREFUSED), errors.New("odd"))
			}
			return sock, err
		}}, transport.Config{Name: "a", UDP: addrs(outerAddr)})
		defer l.Close()
		peer := n.Dial(peerAddr)
		peer.Send(request("1", ""), outerAddr)
		time.Sleep(time.Minute)
		if len(h.take()) != 1 || l.Stats().ReadErrors != 80 {
			t.Errorf("after read errors: %+v", l.Stats())
		}
		i, _ := l.Interface("a")
		f, err := l.Flow(i, transport.UDP, addr(peerAddr))
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			name string
			errs []error
			want error
			came int
		}{
			{"a refusal that was another's", []error{opError(syscall.ECONNREFUSED)}, nil, 1},
			{"refused twice", []error{opError(syscall.ECONNREFUSED), opError(syscall.ECONNREFUSED)}, nil, 0},
			{"no buffer: a loss", []error{opError(syscall.ENOBUFS)}, nil, 0},
			{"too large", []error{opError(syscall.EMSGSIZE)}, transport.ErrTooLarge, 0},
			{"no route", []error{opError(syscall.ENETUNREACH)}, syscall.ENETUNREACH, 0},
		} {
			sock.writes = tt.errs
			if err := f.Send([]byte("x"), nil); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v", tt.name, err)
			}
			came := 0
			for peer.Pending() != nil {
				came++
			}
			if came != tt.came {
				t.Errorf("%s: %d datagrams came", tt.name, came)
			}
		}
	})
}
