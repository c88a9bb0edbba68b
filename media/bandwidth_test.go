package media

import (
	"testing"
	"time"
)

func TestBucket(t *testing.T) {
	const size = 1000 // bytes, 8 kbit
	for _, c := range []struct {
		name  string
		limit Treatment
		every time.Duration
		n     int
		want  int
	}{
		{"no limit", Treatment{}, 0, 1000, 1000},
		{"a second's worth at once", Treatment{Bandwidth: 80}, 0, 1000, 10},
		{"just the rate", Treatment{Bandwidth: 80}, 100 * time.Millisecond, 1000, 1000},
		{"twice the rate", Treatment{Bandwidth: 80}, 50 * time.Millisecond, 1000, 509},
		{"a peak of its own", Treatment{Bandwidth: 80, BandwidthPeak: 400}, 0, 1000, 50},
		{"at least a packet of 1500", Treatment{Bandwidth: 1}, 0, 10, 1},
		{"ten gigabits", Treatment{Bandwidth: maxBandwidth, BandwidthPeak: maxBandwidth}, 0, 1000, 1000},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := c.limit.Check(); err != nil {
				t.Fatal(err)
			}
			b := newBucket(&c.limit)
			passed := 0
			for i := range c.n {
				if b.take(size, int64(time.Hour)+int64(i)*int64(c.every)) {
					passed++
				}
			}
			if passed != c.want {
				t.Errorf("%d of %d packets pass, want %d", passed, c.n, c.want)
			}
		})
	}
}

func TestTreatmentCheck(t *testing.T) {
	for _, bad := range []Treatment{
		{Bandwidth: -1},
		{Bandwidth: maxBandwidth + 1},
		{Bandwidth: 1, BandwidthPeak: leastPeak - 1},
		{BandwidthPeak: -1},
		{BandwidthPeak: maxBandwidth + 1},
	} {
		if bad.Check() == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}

// Each side of a call has a budget of its own, over all its streams; RTCP is free, and
// what is dropped leaves a gap.
func TestBandwidth(t *testing.T) {
	b := newTreated(t, Treatment{Bandwidth: 69, BandwidthPeak: 14, Renumber: true}, nil) // G.711 has 68.8
	video := b.r.stream(1)
	for side := A; side <= B; side++ {
		video.rtp[side].set(&b.flow, side, b.now())
	}
	first, ok := b.through(0, header{1, 0, 'a'})
	for seq := uint16(2); seq <= 50; seq++ {
		_, passed := b.through(0, header{seq, 0, 'a'})
		ok = ok && passed
	}
	if !ok {
		t.Error("a stream within the limit lost packets")
	}
	if b.p.rtp[B].accept(packet(0, 2, 1), addrOf(b.flow.Remote[B].RTP, false), b.now()) == nil {
		t.Error("the other side pays for it")
	}
	limited := 0
	for seq := uint16(51); seq <= 100; seq++ {
		if out, passed := b.through(0, header{seq, 0, 'a'}); !passed {
			limited++
		} else if out.seq-first.seq != seq-1 {
			t.Errorf("packet %d is %d behind the first: those dropped are lost", seq, out.seq-first.seq)
		}
		if video.rtp[A].accept(packet(0, 9, seq), addrOf(signalled, false), b.now()) == nil {
			limited++
		}
		if !b.rtcp(b.flow.Remote[A].RTCP, 'a') {
			t.Error("RTCP was limited")
		}
	}
	if limited < 38 || limited > 42 { // ten go into the peak
		t.Errorf("%d of 100 packets were dropped at half the rate", limited)
	}
	if d, v := b.p.stats(A), video.stats(A); d.Limited+v.Limited != uint64(limited) || d.Packets != 100 || b.r.sum.Limited != uint64(limited) {
		t.Errorf("counted %d and %d, want %d together; %+v", d.Limited, v.Limited, limited, d)
	}
}
