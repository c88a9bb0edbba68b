package media

import (
	"bytes"
	"net/netip"
	"testing"
	"time"
)

// A call whose packets are treated, over sockets: what A sends arrives as a stream of
// ours, its digit is told and does not arrive, and the other direction has its own.
func TestRelayTreated(t *testing.T) {
	a := newReal(t, Config{Workers: 1})
	p := DefaultPolicy()
	p.Treatment = Treatment{Renumber: true, OwnSSRC: true, FilterDTMF: true, DetectDTMF: true, Bandwidth: 1000}
	c := newCall(t, a, p, "", nil)
	c.agreeOnEvents(t, a)
	type press struct {
		from Side
		d    Digit
	}
	told := make(chan press, 4)
	c.s.OnDigit(func(from Side, d Digit) { told <- press{from, d} })

	say(t, c.a.rtp, c.toA, packet(0, 'a', 7))
	first, _ := hear(t, c.b.rtp)
	for seq := uint16(8); seq < 11; seq++ {
		say(t, c.a.rtp, c.toA, event(seq, 8*160, 5, seq == 10, 160*(seq-7)))
	}
	say(t, c.a.rtp, c.toA, packet(0, 'a', 11))
	second, _ := hear(t, c.b.rtp)
	one, two := headerOf(first), headerOf(second)
	if one.ssrc == 'a' || two.ssrc != one.ssrc || two.seq != one.seq+1 || two.stamp != one.stamp+4*160 {
		t.Errorf("heard %+v, then %+v", one, two)
	}
	select {
	case got := <-told:
		if want := (press{A, Digit{'5', 60 * time.Millisecond}}); got != want {
			t.Errorf("told %+v, want %+v", got, want)
		}
	case <-time.After(patience):
		t.Fatal("no digit was told")
	}
	say(t, c.b.rtp, c.toB, packet(0, 'b', 7))
	back, _ := hear(t, c.a.rtp)
	if h := headerOf(back); h.ssrc == 'b' || h.ssrc == one.ssrc {
		t.Errorf("the other direction has SSRC %d", h.ssrc)
	}
	say(t, c.b.rtcp, above(c.toB), report('b'))
	if rr, _ := hear(t, c.a.rtcp); headerOf(append(rr, 0, 0, 0, 0)).stamp != headerOf(back).ssrc {
		t.Errorf("RTCP %x does not speak of SSRC %d", rr, headerOf(back).ssrc)
	}
	if d := c.s.Stats().A; d.Digits != 1 || d.Filtered != 3 || d.Packets != 5 || d.Limited != 0 {
		t.Errorf("stats = %+v", d)
	}
	if total := a.Stats(); total.Filtered != 3 || total.Digits != 1 || total.DigitsUntold != 0 {
		t.Errorf("totals = %+v", total.Totals)
	}
}

// agreeOnEvents adds telephone-event to the stream.
func (c *call) agreeOnEvents(t *testing.T, a *Anchor) {
	t.Helper()
	sdp := func(p *phone) []byte {
		plain := p.sdp("a=rtpmap:101 telephone-event/8000\r\n")
		return bytes.Replace(plain, []byte("RTP/AVP 0"), []byte("RTP/AVP 0 101"), 1)
	}
	out, err := c.s.Offer(A, sdp(c.a))
	if err != nil {
		t.Fatal(err)
	}
	c.toB = named(t, a.first.Addr, out)
	if out, err = c.s.Answer(B, sdp(c.b)); err != nil {
		t.Fatal(err)
	}
	c.toA = named(t, a.first.Addr, out)
	c.s.flush()
}

// A tap sees what came as it came, and what left as it left, and nothing else.
func TestTap(t *testing.T) {
	a := newReal(t, Config{Workers: 1})
	p := DefaultPolicy()
	p.InterfaceA, p.InterfaceB = "a", "b"
	p.Treatment = Treatment{OwnSSRC: true, Bandwidth: 1, BandwidthPeak: 12} // one packet of 1500 bytes, the next in ten seconds
	host := localhost()
	c := &call{a: newPhone(t, host), b: newPhone(t, host)}
	var err error
	if c.s, err = a.Open(p, nil); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.s.Close)
	type seen struct {
		src, dst netip.AddrPort
		packet   string
	}
	taps := make(chan seen, 16)
	c.s.Tap(func(src, dst netip.AddrPort, packet []byte) { taps <- seen{src, dst, string(packet)} })
	c.agree(t, host, "")
	c.s.Tap(nil) // too late to matter

	big := append(packet(0, 'a', 1), make([]byte, 1200)...)
	more := append(packet(0, 'a', 2), make([]byte, 1200)...) // over the bandwidth: came, did not leave
	say(t, c.a.rtp, c.toA, []byte("noise"))
	say(t, c.a.rtp, c.toA, big)
	say(t, c.a.rtp, c.toA, more)
	say(t, c.a.rtcp, above(c.toA), report('a'))
	media, _ := hear(t, c.b.rtp)
	about, _ := hear(t, c.b.rtcp)
	missing := map[seen]bool{ // RTP and RTCP come by different sockets, in any order
		{addrPort(c.a.rtp), c.toA, string(big)}:                 true,
		{c.toB, addrPort(c.b.rtp), string(media)}:               true,
		{addrPort(c.a.rtp), c.toA, string(more)}:                true,
		{addrPort(c.a.rtcp), above(c.toA), string(report('a'))}: true,
		{above(c.toB), addrPort(c.b.rtcp), string(about)}:       true,
	}
	for len(missing) > 0 {
		select {
		case got := <-taps:
			if !missing[got] {
				t.Fatalf("seen %v to %v, %d bytes", got.src, got.dst, len(got.packet))
			}
			delete(missing, got)
		case <-time.After(patience):
			t.Fatalf("not seen: %d packets", len(missing))
		}
	}
	if string(media) == string(big) || len(taps) != 0 {
		t.Errorf("%d more seen; changed: %v", len(taps), string(media) != string(big))
	}
}
