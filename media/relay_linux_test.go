package media

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"
)

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
	for end := time.Now().Add(patience); ; c.s.flush() {
		st := c.s.Stats()
		if st.A.Rejected == 2*n && st.B.Rejected == 2*n {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d and %d packets were rejected, want %d each", st.A.Rejected, st.B.Rejected, 2*n)
		}
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
