package media

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"os"
	"regexp"
	"strconv"
	"testing"
	"time"
)

// patience bounds every wait for something that must happen.
const patience = 10 * time.Second

// localhost returns an address of 127.0.0.0/8 for this process alone, so that its
// ports are nobody else's.
func localhost() netip.Addr {
	pid := os.Getpid()
	return netip.AddrFrom4([4]byte{127, 64 | byte(pid>>16&63), byte(pid >> 8), byte(pid)})
}

func newReal(t testing.TB, c Config) *Anchor {
	t.Helper()
	if c.Interfaces == nil {
		c.Interfaces = []Interface{
			{Name: "a", Addr: localhost(), PortMin: 20000, PortMax: 24999},
			{Name: "b", Addr: localhost(), PortMin: 25000, PortMax: 29999},
		}
	}
	a, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	return a
}

// phone is a party with an RTP and an RTCP socket.
type phone struct {
	t         testing.TB
	rtp, rtcp *net.UDPConn
}

func newPhone(t testing.TB, ip netip.Addr) *phone {
	t.Helper()
	p := &phone{t: t}
	for _, c := range []**net.UDPConn{&p.rtp, &p.rtcp} {
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, 0)))
		if err != nil {
			t.Skipf("no socket on %v: %v", ip, err)
		}
		t.Cleanup(func() { conn.Close() })
		*c = conn
	}
	return p
}

func addrPort(c *net.UDPConn) netip.AddrPort {
	ap := c.LocalAddr().(*net.UDPAddr).AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// sdp describes the phone; more is added to the stream.
func (p *phone) sdp(more string) []byte {
	at, rtcp := addrPort(p.rtp), addrPort(p.rtcp)
	family := "IP4"
	if at.Addr().Is6() {
		family = "IP6"
	}
	return fmt.Appendf(nil, "v=0\r\no=- 1 1 IN %s %v\r\ns=-\r\nc=IN %s %v\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\na=rtcp:%d\r\n%s",
		family, at.Addr(), family, at.Addr(), at.Port(), rtcp.Port(), more)
}

var portOf = regexp.MustCompile(`m=\w+ (\d+) `)

// named returns the RTP port of ours an SDP names.
func named(t testing.TB, host netip.Addr, sdp []byte) netip.AddrPort {
	t.Helper()
	m := portOf.FindSubmatch(sdp)
	if m == nil {
		t.Fatalf("no port in %q", sdp)
	}
	port, _ := strconv.Atoi(string(m[1]))
	return netip.AddrPortFrom(host, uint16(port))
}

func above(at netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(at.Addr(), at.Port()+1) }

// say sends a datagram.
func say(t testing.TB, c *net.UDPConn, to netip.AddrPort, b []byte) {
	t.Helper()
	if _, err := c.WriteToUDPAddrPort(b, to); err != nil {
		t.Fatal(err)
	}
}

// hear waits for a datagram.
func hear(t testing.TB, c *net.UDPConn) ([]byte, netip.AddrPort) {
	t.Helper()
	b := make([]byte, maxDatagram)
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	n, from, err := c.ReadFromUDPAddrPort(b)
	if err != nil {
		t.Fatalf("nothing heard: %v", err)
	}
	return b[:n], netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
}

// flush waits until the worker has done what it was told.
func (s *Session) flush() {
	done := make(chan struct{})
	w := s.relay.(*relay).w
	if w.post(func() { close(done) }) {
		w.rouse()
		<-done
	}
}

// call is a session with a phone on each side.
type call struct {
	s        *Session
	a, b     *phone
	toA, toB netip.AddrPort // ports of ours A and B send to
}

func newCall(t testing.TB, anchor *Anchor, p Policy, more string, expired func()) *call {
	t.Helper()
	host := anchor.first.Addr
	c := &call{a: newPhone(t, host), b: newPhone(t, host)}
	if p.InterfaceB == "" {
		p.InterfaceA, p.InterfaceB = "a", "b"
	}
	s, err := anchor.Open(p, expired)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	c.s = s
	c.agree(t, host, more)
	return c
}

// agree has A offer and B answer.
func (c *call) agree(t testing.TB, host netip.Addr, more string) {
	t.Helper()
	out, err := c.s.Offer(A, c.a.sdp(more))
	if err != nil {
		t.Fatal(err)
	}
	c.toB = named(t, host, out)
	if out, err = c.s.Answer(B, c.b.sdp(more)); err != nil {
		t.Fatal(err)
	}
	c.toA = named(t, host, out)
	c.s.flush()
}

// exchange sends one packet each way and checks that it comes from our port.
func (c *call) exchange(t testing.TB, seq uint16) {
	t.Helper()
	for _, way := range []struct {
		from, to *net.UDPConn
		by, seen netip.AddrPort
		b        []byte
	}{
		{c.a.rtp, c.b.rtp, c.toA, c.toB, packet(0, 1, seq)},
		{c.b.rtp, c.a.rtp, c.toB, c.toA, packet(0, 2, seq)},
		{c.a.rtcp, c.b.rtcp, above(c.toA), above(c.toB), report(1)},
		{c.b.rtcp, c.a.rtcp, above(c.toB), above(c.toA), report(2)},
	} {
		say(t, way.from, way.by, way.b)
		got, from := hear(t, way.to)
		if !bytes.Equal(got, way.b) || from != way.seen {
			t.Errorf("heard %d bytes from %v, want %d from %v", len(got), from, len(way.b), way.seen)
		}
	}
}
