package media

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"regexp"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
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

func TestRelay(t *testing.T) {
	for _, host := range []netip.Addr{localhost(), netip.IPv6Loopback()} {
		t.Run(host.String(), func(t *testing.T) {
			newPhone(t, host)
			a := newReal(t, Config{Workers: 1, Interfaces: []Interface{
				{Name: "a", Addr: host, PortMin: 20000, PortMax: 24999}, {Name: "b", Addr: host, PortMin: 25000, PortMax: 29999},
			}})
			c := newCall(t, a, DefaultPolicy(), "", nil)
			for seq := range uint16(5) {
				c.exchange(t, seq)
			}
			c.agree(t, host, "a=sendrecv\r\n") // a re-INVITE keeps the ports
			c.exchange(t, 5)
			st := c.s.Stats()
			for side := A; side <= B; side++ {
				d := st.From(side)
				p := c.a
				if side == B {
					p = c.b
				}
				if d.Packets != 6 || d.Bytes != 6*172 || d.RTCP != 6 || d.Lost+d.Rejected+d.Dropped+d.Late != 0 {
					t.Errorf("from %v: %+v", side, d)
				}
				if d.Source != addrPort(p.rtp) || d.SourceRTCP != addrPort(p.rtcp) {
					t.Errorf("from %v: sources %v %v", side, d.Source, d.SourceRTCP)
				}
			}
			c.s.Close()
			if again := c.s.Stats(); again != st {
				t.Errorf("after Close stats are %+v, want %+v", again, st)
			}
		})
	}
}

func TestRelayMux(t *testing.T) {
	a := newReal(t, Config{Workers: 1})
	c := newCall(t, a, DefaultPolicy(), "a=rtcp-mux\r\n", nil)
	say(t, c.a.rtp, c.toA, report(1))
	if got, from := hear(t, c.b.rtp); !bytes.Equal(got, report(1)) || from != c.toB {
		t.Errorf("muxed RTCP: %d bytes from %v", len(got), from)
	}
}

func TestRelayNAT(t *testing.T) {
	a := newReal(t, Config{Workers: 1})
	c := newCall(t, a, DefaultPolicy(), "", nil)
	behind := newPhone(t, a.first.Addr) // A's packets come from another port
	for seq := range uint16(learnPackets) {
		say(t, behind.rtp, c.toA, packet(0, 1, seq))
	}
	hear(t, c.b.rtp)
	say(t, c.b.rtp, c.toB, packet(0, 2, 1))
	if _, from := hear(t, behind.rtp); from != c.toA {
		t.Errorf("media comes from %v, want %v", from, c.toA)
	}
	if d := c.s.Stats().A; d.Learning != learnPackets-1 || d.Source != addrPort(behind.rtp) {
		t.Errorf("stats = %+v", d)
	}
}

// An attacker sprays a running call's ports from another host: not one packet comes
// through to either side, and nothing ever comes back to it.
func TestAttackRunningCall(t *testing.T) {
	a := newReal(t, Config{Workers: 1})
	c := newCall(t, a, DefaultPolicy(), "", nil)
	c.exchange(t, 0)
	evil := newPhone(t, netip.MustParseAddr("127.0.0.1"))
	const n = 200
	for seq := range uint16(n) {
		for _, port := range []netip.AddrPort{c.toA, c.toB} {
			say(t, evil.rtp, port, packet(0, 66, seq))
			say(t, evil.rtcp, above(port), report(66))
		}
		if seq%20 == 0 { // the call goes on; what it hears is its own
			c.exchange(t, seq+1)
		}
	}
	c.exchange(t, n+1)
	for {
		st := c.s.Stats()
		if st.A.Rejected == 2*n && st.B.Rejected == 2*n {
			break
		}
		c.s.flush()
	}
	if err := evil.rtp.SetReadDeadline(time.Now()); err != nil {
		t.Fatal(err)
	}
	if m, _, err := evil.rtp.ReadFromUDPAddrPort(make([]byte, 2000)); err == nil {
		t.Errorf("%d bytes bled to the attacker", m)
	}
	if got := a.Stats().Rejected; got != 4*n {
		t.Errorf("anchor counts %d rejected, want %d", got, 4*n)
	}
}

// Ports another process holds are passed over.
func TestRelayPortTaken(t *testing.T) {
	host := localhost()
	a := newReal(t, Config{Workers: 1, Sequential: true, Interfaces: []Interface{{Name: "x", Addr: host, PortMin: 31000, PortMax: 31005}}})
	squatter, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, 31001))) // an RTCP port
	if err != nil {
		t.Fatal(err)
	}
	defer squatter.Close()
	s, err := a.Open(Policy{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.Offer(A, newPhone(t, host).sdp(""))
	if err != nil {
		t.Fatal(err)
	}
	if got := named(t, host, out).Port(); got != 31004 {
		t.Errorf("offer names port %d, want 31004", got)
	}
	if _, err := s.Offer(A, newPhone(t, host).sdp("m=video 6 RTP/AVP 34\r\n")); !errors.Is(err, ErrNoPorts) {
		t.Errorf("a second stream: %v, want ErrNoPorts", err)
	}
}

func TestTimeout(t *testing.T) {
	a := newReal(t, Config{Workers: 1})
	p := DefaultPolicy()
	p.Timeout = time.Second
	expired := make(chan struct{}, 2)
	c := newCall(t, a, p, "", func() { expired <- struct{}{} })
	c.exchange(t, 1) // starts the clock
	select {
	case <-expired:
	case <-time.After(patience):
		t.Fatal("a silent session did not time out")
	}
	if n := a.Stats().Timeouts; n != 1 {
		t.Errorf("%d timeouts counted", n)
	}
}

func TestSilence(t *testing.T) {
	b := newBench(t, nil)
	r := b.r
	r.polled = []*leg{&b.p.rtp[A], &b.p.rtcp[A]}
	at := func(second uint32) bool { return r.silent(instant{second: second}) }
	r.limit, r.since = int64(10*time.Second), 100
	if at(1000) {
		t.Error("timed out before the first packet or Confirm")
	}
	r.started = true
	if at(109) || !at(110) || at(111) {
		t.Error("not exactly once after ten seconds")
	}
	r.told, b.p.rtcp[A].second = false, 105 // RTCP is a sign of life
	if at(114) || !at(115) {
		t.Error("does not count from the last packet")
	}
	r.told, r.limit = false, 0
	if at(10_000) {
		t.Error("timed out without a limit")
	}
}

// What waited through an overload is dropped and counted, the newest is relayed.
func TestShed(t *testing.T) {
	w, err := newWorker(0, nil, nil) // no thread: the test turns its crank
	if err != nil {
		t.Fatal(err)
	}
	defer w.end()
	w.begun = time.Now().Add(-time.Hour)
	r := &relay{w: w, sum: &w.sum}
	host := localhost()
	pa, pb := newPhone(t, host), newPhone(t, host)
	for side, port := range []uint16{31100, 31102} {
		if err := r.Bind(0, Side(side), netip.AddrPortFrom(host, port)); err != nil {
			t.Fatal(err)
		}
	}
	r.Set(0, Flow{Kind: RTP, Remote: [2]Remote{{RTP: addrPort(pa.rtp)}, {RTP: addrPort(pb.rtp)}}})
	w.now = w.time()
	w.openMail()
	const n = 30
	for seq := range uint16(n) {
		say(t, pa.rtp, netip.AddrPortFrom(host, 31100), packet(0, 1, seq))
	}
	w.now = w.time()
	w.clear = w.now.ns - int64(shedAfter) - 1
	w.relay(poll(w.ep, w.events[:]))
	for i := range uint16(keepNewest) {
		if b, _ := hear(t, pb.rtp); !bytes.Equal(b, packet(0, 1, n-keepNewest+i)) {
			t.Errorf("packet %d is not the %dth newest", i, keepNewest-i)
		}
	}
	d := r.Stats(0, A)
	if d.Packets != n || d.Late != n-keepNewest || d.Lost != 0 || w.sum.Late != d.Late {
		t.Errorf("stats = %+v, want %d late of %d", d, n-keepNewest, n)
	}
}

// After Close nothing is left: no goroutine, no descriptor, no port.
func TestLeaks(t *testing.T) {
	descriptors := func() int {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	host := localhost()
	body := newPhone(t, host).sdp("m=video 4002 RTP/AVP 34\r\n")
	files, routines := descriptors(), runtime.NumGoroutine()
	a, err := New(Config{Interfaces: []Interface{{Name: "x", Addr: host, PortMin: 32000, PortMax: 33999}}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		s, err := a.Open(DefaultPolicy(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Offer(A, body); err != nil {
			t.Fatal(err)
		}
		switch i % 4 {
		case 0: // left to the anchor
		case 1:
			s.Rollback()
		default:
			if _, err := s.Answer(B, body); err != nil {
				t.Fatal(err)
			}
			s.Close()
		}
	}
	a.Close()
	a.Close()
	if n := descriptors(); n != files {
		t.Errorf("%d descriptors, before %d", n, files)
	}
	for end := time.Now().Add(patience); runtime.NumGoroutine() > routines && time.Now().Before(end); {
		runtime.Gosched()
	}
	if n := runtime.NumGoroutine(); n > routines {
		t.Errorf("%d goroutines, before %d", n, routines)
	}
	if st := a.Stats(); st.Sessions != 0 || st.Interfaces[0].Used != 0 {
		t.Errorf("stats = %+v", st)
	}
}

// A session restored on another anchor relays on the same ports, for the same
// sources only, and goes on counting.
func TestRestore(t *testing.T) {
	one := newReal(t, Config{Workers: 1})
	c := newCall(t, one, DefaultPolicy(), "", nil)
	behind := newPhone(t, one.first.Addr)
	for seq := range uint16(learnPackets) {
		say(t, behind.rtp, c.toA, packet(0, 1, seq))
	}
	hear(t, c.b.rtp)
	written, err := c.s.Snapshot()
	if err != nil {
		t.Fatal(err)
	}
	one.Close()
	two := newReal(t, Config{Workers: 1})
	s, err := two.Restore(written, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.s = s
	s.flush()
	say(t, c.b.rtp, c.toB, packet(0, 2, 1)) // the way to A is known before A speaks
	hear(t, behind.rtp)
	c.a = behind
	say(t, behind.rtp, c.toA, packet(0, 1, learnPackets))
	hear(t, c.b.rtp)
	if d := s.Stats().A; d.Packets != 2 || d.Learning != learnPackets-1 || d.Source != addrPort(behind.rtp) {
		t.Errorf("stats = %+v", d)
	}
	if _, err := two.Restore(written, nil); !errors.Is(err, ErrNoPorts) {
		t.Errorf("restored twice: %v", err)
	}
	var used int
	for _, i := range two.Stats().Interfaces {
		used += i.Used
	}
	if used != 2 {
		t.Errorf("%d pairs in use, want 2", used)
	}
	out, err := s.Offer(A, c.a.sdp("a=sendonly\r\n"))
	if err != nil || named(t, two.first.Addr, out) != c.toB || !bytes.Contains(out, []byte(" 2 IN IP4")) {
		t.Errorf("re-offer after Restore: %q, %v", out, err)
	}
}

func TestManyFiles(t *testing.T) {
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	low := before
	low.Cur = 64
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &low); err != nil {
		t.Skip(err)
	}
	defer unix.Setrlimit(unix.RLIMIT_NOFILE, &before)
	a := newReal(t, Config{Workers: 1})
	body := []byte("v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 0\r\n")
	var err error
	for range 100 {
		var s *Session
		if s, err = a.Open(Policy{InterfaceA: "a", InterfaceB: "b"}, nil); err != nil {
			t.Fatal(err)
		}
		if _, err = s.Offer(A, body); err != nil {
			break
		}
	}
	if !errors.Is(err, ErrNoPorts) || !errors.Is(err, unix.EMFILE) {
		t.Errorf("out of descriptors: %v", err)
	}
}

// Everything a session can be asked while its packets flow, for the race detector.
func TestConcurrent(t *testing.T) {
	a := newReal(t, Config{})
	c := newCall(t, a, DefaultPolicy(), "", nil)
	done := make(chan struct{})
	var asks sync.WaitGroup
	asks.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			_, _ = c.s.Stats(), a.Stats()
			if _, err := c.s.Snapshot(); err != nil {
				t.Error(err)
			}
			_, _ = c.s.Hold(A), c.s.Codec(B)
			other, err := a.Open(Policy{InterfaceA: "a", InterfaceB: "b"}, nil)
			if err != nil {
				t.Error(err)
				continue
			}
			if _, err := other.Offer(A, []byte(phoneSDP)); err != nil && !errors.Is(err, ErrNoPorts) {
				t.Error(err)
			}
			other.Close()
		}
	})
	for seq := range uint16(300) {
		c.exchange(t, seq)
		if seq%100 == 50 {
			c.agree(t, a.first.Addr, "a=sendrecv\r\n")
		}
	}
	close(done)
	asks.Wait()
}

// BenchmarkRelay is a packet's way from a phone through the relay to another, with a
// few in flight. Sender and receiver share its cores: the relay alone is faster.
func BenchmarkRelay(b *testing.B) {
	for _, tick := range []time.Duration{-1, time.Millisecond} {
		b.Run(fmt.Sprintf("tick=%v", max(0, tick)), func(b *testing.B) {
			a := newReal(b, Config{Workers: 1, Tick: tick})
			const window = 32
			calls := make([]*call, window)
			for i := range calls {
				calls[i] = newCall(b, a, DefaultPolicy(), "", nil)
			}
			raw := packet(0, 1, 0)
			buf := make([]byte, 2000)
			seq, sent := uint16(0), 0
			b.SetBytes(int64(len(raw)))
			for b.Loop() {
				c := calls[sent%window]
				if sent >= window {
					if err := c.b.rtp.SetReadDeadline(time.Now().Add(patience)); err != nil {
						b.Fatal(err)
					}
					if _, _, err := c.b.rtp.ReadFromUDPAddrPort(buf); err != nil {
						b.Fatal(err)
					}
				}
				if sent%window == 0 {
					seq++
					raw[2], raw[3] = byte(seq>>8), byte(seq)
				}
				say(b, c.a.rtp, c.toA, raw)
				sent++
			}
		})
	}
}
