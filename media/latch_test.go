package media

import (
	"net/netip"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

var (
	signalled = netip.MustParseAddrPort("203.0.113.5:4000")
	sameHost  = netip.MustParseAddrPort("203.0.113.5:61000")
	natted    = netip.MustParseAddrPort("198.51.100.7:32000")
	natted2   = netip.MustParseAddrPort("198.51.100.7:32999")
	attacker  = netip.MustParseAddrPort("192.0.2.66:1234")
)

// bench is side A of one stream without sockets, on a clock of its own.
type bench struct {
	t    testing.TB
	r    *relay
	p    *port
	flow Flow
	ns   int64
}

func newBench(t testing.TB, change func(*Flow)) *bench { return newTreated(t, Treatment{}, change) }

// newTreated is a bench whose packets are treated.
func newTreated(t testing.TB, care Treatment, change func(*Flow)) *bench {
	b := &bench{t: t, r: &relay{sum: &Totals{}, treatment: care}, ns: int64(time.Hour)}
	b.r.budget = [2]bucket{newBucket(&care), newBucket(&care)}
	b.p = b.r.stream(0)
	b.flow = Flow{Kind: RTP, Remote: [2]Remote{
		{
			RTP: signalled, RTCP: netip.AddrPortFrom(signalled.Addr(), signalled.Port()+1), Symmetric: true,
			Formats: []Format{{Type: 0, Clock: 8000}, {Type: 101, Clock: 8000, Event: true}},
		},
		{RTP: netip.MustParseAddrPort("198.51.100.20:6000"), RTCP: netip.MustParseAddrPort("198.51.100.20:6001")},
	}}
	if change != nil {
		change(&b.flow)
	}
	b.agree()
	return b
}

// agree is a new SDP, with the same content unless the flow was changed.
func (b *bench) agree() {
	for side := A; side <= B; side++ {
		b.p.rtp[side].set(&b.flow, side, b.now())
		b.p.rtcp[side].set(&b.flow, side, b.now())
	}
}

func (b *bench) now() instant {
	return instant{ns: b.ns, second: uint32(b.ns/1e9) + 1, frac: uint32(b.ns % 1e9)}
}

func (b *bench) wait(d time.Duration) { b.ns += int64(d) }

func packet(pt uint8, ssrc uint32, seq uint16) []byte {
	p := rtp.Packet{
		Header:  rtp.Header{Version: 2, PayloadType: pt, SSRC: ssrc, SequenceNumber: seq, Timestamp: uint32(seq) * 160},
		Payload: make([]byte, 160),
	}
	raw, err := p.Marshal()
	if err != nil {
		panic(err)
	}
	return raw
}

func report(ssrc uint32) []byte {
	raw, err := rtcp.Marshal([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: ssrc}})
	if err != nil {
		panic(err)
	}
	return raw
}

// rtp has n packets arrive 20 ms apart and returns how many were relayed.
func (b *bench) rtp(from netip.AddrPort, pt uint8, ssrc uint32, seq uint16, n int) (passed int) {
	for range n {
		if b.p.rtp[A].accept(packet(pt, ssrc, seq), addrOf(from, false), b.now()) != nil {
			passed++
		}
		seq++
		b.wait(20 * time.Millisecond)
	}
	return passed
}

func (b *bench) rtcp(from netip.AddrPort, ssrc uint32) bool {
	return b.p.rtcp[A].accept(report(ssrc), addrOf(from, false), b.now()) != nil
}

// passes checks how many packets of a source are relayed, and where media for the
// side goes afterwards.
func (b *bench) passes(what string, from netip.AddrPort, seq uint16, n, want int, to netip.AddrPort) {
	b.t.Helper()
	if got := b.rtp(from, 0, 7, seq, n); got != want {
		b.t.Errorf("%s: %d of %d packets passed, want %d", what, got, n, want)
	}
	if got := b.p.rtp[A].dst.netip(false); got != to {
		b.t.Errorf("%s: media goes to %v, want %v", what, got, to)
	}
}

func TestLatchSignalled(t *testing.T) {
	b := newBench(t, nil)
	b.passes("the first packet", signalled, 1, 1, 1, signalled)
	b.passes("an attacker after it", attacker, 2, 20, 0, signalled)
	b.passes("another port of the host after it", sameHost, 2, 20, 0, signalled)
	if d := b.p.stats(A); d.Rejected != 40 || d.Source != signalled {
		t.Errorf("stats = %+v, want 40 rejected and %v", d, signalled)
	}
}

func TestLatchNAT(t *testing.T) {
	b := newBench(t, nil)
	b.passes("four packets", natted, 1, 4, 0, signalled)
	b.passes("the fifth", natted, 5, 1, 1, natted)
	b.passes("more", natted, 6, 10, 10, natted)
	b.passes("an attacker", attacker, 1, 10, 0, natted)
	if d := b.p.stats(A); d.Learning != 4 || d.Rejected != 10 || d.Packets != 11 {
		t.Errorf("stats = %+v, want 4 learning, 10 rejected, 11 packets", d)
	}
}

func TestLatchSlowStream(t *testing.T) {
	b := newBench(t, nil)
	for i := range uint16(3) {
		got := b.rtp(natted, 0, 7, i, 1) == 1
		b.wait(105 * time.Millisecond) // a packet every 125 ms
		if got != (i == 2) {
			t.Errorf("packet %d: passed %v", i, got)
		}
	}
}

func TestLatchNotSymmetric(t *testing.T) {
	b := newBench(t, func(f *Flow) { f.Remote[A].Symmetric = false })
	b.passes("a stranger", natted, 1, 20, 0, signalled)
	b.passes("another port of the host", sameHost, 1, 6, 2, signalled) // may send, is not sent to
}

func TestLatchUnknownAddress(t *testing.T) {
	b := newBench(t, func(f *Flow) { f.Remote[A].RTP = netip.AddrPort{} }) // c= with a host name
	b.passes("a stranger", natted, 1, 6, 2, natted)
	b = newBench(t, func(f *Flow) { f.Remote[A].RTP, f.Remote[A].Symmetric = netip.AddrPort{}, false })
	b.passes("a stranger without symmetric", natted, 1, 6, 0, netip.AddrPort{})
}

// A tool that sprays ports guesses payload types but sends a packet or two from
// each source, or many that are no stream.
func TestAttackBleed(t *testing.T) {
	for name, spray := range map[string]func(*bench) int{
		"one packet a source": func(b *bench) (n int) {
			for i := range uint16(500) {
				n += b.rtp(netip.AddrPortFrom(attacker.Addr(), 1024+i), 0, 7, i, 1)
			}
			return n
		},
		"the same packet again": func(b *bench) (n int) {
			for range 400 {
				n += b.rtp(attacker, 0, 7, 1, 1)
			}
			return n
		},
		"a new SSRC each": func(b *bench) (n int) {
			for i := range uint32(400) {
				n += b.rtp(attacker, 0, i, uint16(i), 1)
			}
			return n
		},
		"gaps in the sequence": func(b *bench) (n int) {
			for i := range uint16(400) {
				n += b.rtp(attacker, 0, 7, i*2, 1)
			}
			return n
		},
		"a payload type not agreed": func(b *bench) int { return b.rtp(attacker, 8, 7, 1, 400) },
		"after the window": func(b *bench) int {
			b.wait(learnWindow)
			return b.rtp(attacker, 0, 7, 1, 400)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			if n := spray(b); n != 0 {
				t.Errorf("%d packets passed", n)
			}
			if to := b.p.rtp[A].dst.netip(false); to != signalled {
				t.Errorf("media goes to %v", to)
			}
			b.passes("the real phone", signalled, 1, 3, 3, signalled)
		})
	}
}

// One who wins the race with a perfect stream loses to the signalled source, and to
// its host, as long as the window is open.
func TestAttackRace(t *testing.T) {
	b := newBench(t, nil)
	b.passes("an attacker's stream", attacker, 1, 10, 6, attacker)
	b.passes("the real phone", signalled, 1, 5, 5, signalled)
	b.passes("the attacker again", attacker, 11, 10, 0, signalled)

	b = newBench(t, nil)
	b.passes("an attacker's stream", attacker, 1, 10, 6, attacker)
	b.passes("the real phone's host", sameHost, 1, 5, 1, sameHost)
}

// Attackers who come from many sources at once do not keep a phone behind NAT out.
func TestAttackFlood(t *testing.T) {
	b := newBench(t, nil)
	passed := 0
	for i := range uint16(20) {
		for k := range uint16(3) {
			b.p.rtp[A].accept(packet(0, 9, i), addrOf(netip.AddrPortFrom(attacker.Addr(), 1000+3*i+k), false), b.now())
		}
		passed += b.rtp(natted, 0, 7, i, 1)
	}
	if passed == 0 {
		t.Error("the phone was never believed")
	}
	if to := b.p.rtp[A].dst.netip(false); to != natted {
		t.Errorf("media goes to %v", to)
	}
}

func TestLatchNewSDP(t *testing.T) {
	b := newBench(t, nil)
	b.passes("the phone", natted, 1, 6, 2, natted)

	b.agree() // a session refresh
	b.passes("the phone goes on", natted, 7, 1, 1, natted)
	b.passes("an attacker after the refresh", attacker, 1, 20, 0, natted)

	b.agree() // the phone moved to another port of its NAT, and another address
	b.passes("after a move within the host", natted2, 1, 6, 2, natted2)
	b.agree()
	b.passes("after a move to another network", attacker, 1, 6, 2, attacker)

	b.flow.Remote[A].RTP = natted // the SDP names a new address: nothing else is kept
	b.agree()
	b.passes("the old source", attacker, 7, 3, 0, natted)
	b.passes("the named source", natted, 1, 1, 1, natted)

	b.flow.Remote[A].RTP, b.flow.Remote[A].Mute = netip.AddrPort{}, true // hold by 0.0.0.0
	b.agree()
	b.passes("the held phone's music", natted, 2, 5, 5, netip.AddrPort{})
	b.flow.Remote[A].RTP, b.flow.Remote[A].Mute = natted, false
	b.agree()
	b.passes("after the hold", natted, 7, 1, 1, natted)
}

// A phone on hold is silent: nobody takes its place, and after the hold it is heard.
func TestAttackHeldPhone(t *testing.T) {
	b := newBench(t, nil)
	b.passes("behind NAT", natted, 1, 6, 2, natted)
	b.flow.Remote[A].Quiet = true
	b.agree()
	b.passes("an attacker during the hold", attacker, 1, 50, 0, natted)
	b.flow.Remote[A].Quiet = false
	b.agree()
	b.passes("the phone after it", natted, 7, 1, 1, natted)
	b = newBench(t, func(f *Flow) { f.Remote[A].Quiet = true }) // a listener that keeps its NAT open
	b.passes("a listener", natted, 1, 6, 2, natted)
}

// A source believed before an SDP and silent since gives way to the signalled one
// even when the window is closed.
func TestLatchSilentSource(t *testing.T) {
	b := newBench(t, nil)
	b.passes("behind NAT", natted, 1, 6, 2, natted)
	b.agree()
	b.wait(time.Minute)
	b.passes("a stranger later", attacker, 1, 20, 0, natted)
	b.passes("the signalled source later", signalled, 1, 1, 1, signalled)
}

func TestLatchRTCP(t *testing.T) {
	b := newBench(t, nil)
	if b.rtcp(attacker, 7) {
		t.Error("a stranger's RTCP passed")
	}
	rtcpOf := netip.AddrPortFrom(signalled.Addr(), signalled.Port()+1)
	if !b.rtcp(rtcpOf, 7) {
		t.Error("signalled RTCP did not pass")
	}
	b = newBench(t, nil)
	if b.rtcp(natted2, 7) {
		t.Error("RTCP passed before its RTP was believed")
	}
	b.passes("the RTP", natted, 1, 6, 2, natted)
	for _, step := range []struct {
		what string
		from netip.AddrPort
		ssrc uint32
		want bool
	}{
		{"another SSRC", natted2, 8, false},
		{"another host", attacker, 7, false},
		{"the RTP's host and SSRC", natted2, 7, true},
		{"the host's other port after that", natted, 7, false},
	} {
		if got := b.rtcp(step.from, step.ssrc); got != step.want {
			t.Errorf("RTCP of %s: passed %v", step.what, got)
		}
	}
	if to := b.p.rtcp[A].dst.netip(false); to != natted2 {
		t.Errorf("RTCP goes to %v, want %v", to, natted2)
	}
}

func TestLatchMux(t *testing.T) {
	b := newBench(t, func(f *Flow) { f.Mux = true; f.Remote[A].RTCP = signalled })
	l := &b.p.rtp[A]
	if l.accept(report(7), addrOf(attacker, false), b.now()) != nil {
		t.Error("a stranger's RTCP passed")
	}
	if out := l.accept(report(7), addrOf(signalled, false), b.now()); out != &b.p.rtp[B] {
		t.Error("muxed RTCP does not leave by the RTP port")
	}
	if b.rtcp(signalled, 7) {
		t.Error("the RTCP port relays although RTCP is muxed")
	}
	b = newBench(t, nil)
	if out := b.p.rtp[A].accept(report(7), addrOf(signalled, false), b.now()); out != &b.p.rtcp[B] {
		t.Error("RTCP sent to the RTP port unasked does not leave by the RTCP port")
	}
}

func TestLatchRaw(t *testing.T) {
	b := newBench(t, func(f *Flow) { f.Kind = Raw })
	l := &b.p.rtp[A]
	take := func(from netip.AddrPort) bool {
		return l.accept([]byte("\x00\x01t38"), addrOf(from, false), b.now()) != nil
	}
	for i := range 5 {
		if got := take(natted); got != (i == 4) {
			t.Errorf("stranger's datagram %d: passed %v", i, got)
		}
	}
	if !take(signalled) || take(natted) {
		t.Error("the signalled source does not win")
	}
}

func TestLatchDTLS(t *testing.T) {
	hello := append([]byte{22, 254, 253}, make([]byte, 60)...)
	b := newBench(t, func(f *Flow) { f.Kind, f.Mux = DTLS, true })
	l := &b.p.rtp[A]
	take := func(from netip.AddrPort) bool { return l.accept(hello, addrOf(from, false), b.now()) != nil }
	for range 20 {
		if take(attacker) {
			t.Fatal("a stranger's handshake passed")
		}
	}
	if !take(sameHost) || !take(signalled) || take(sameHost) {
		t.Error("handshakes of the signalled host are not relayed in order of rank")
	}
	if b := newBench(t, nil); b.p.rtp[A].accept(hello, addrOf(signalled, false), b.now()) != nil {
		t.Error("DTLS passed in a plain RTP stream")
	}
}

func TestIdle(t *testing.T) {
	b := newBench(t, func(f *Flow) { f.Kind = Idle })
	b.passes("anything", signalled, 1, 3, 0, netip.AddrPort{})
}
