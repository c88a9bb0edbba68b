package useragent

import (
	"testing"
	"time"
)

func TestListenerCountsWhatTheSequenceTells(t *testing.T) {
	for _, tc := range []struct {
		name                                string
		seqs                                []uint16
		received, lost, repeated, reordered int
	}{
		{"in order", []uint16{1, 2, 3}, 3, 0, 0, 0},
		{"a gap", []uint16{1, 2, 5}, 3, 2, 0, 0},
		{"across the wrap", []uint16{65534, 65535, 0, 1}, 4, 0, 0, 0},
		{"a gap across the wrap", []uint16{65534, 1}, 2, 2, 0, 0},
		{"swapped", []uint16{1, 3, 2, 4}, 4, 0, 0, 1},
		{"the first comes second", []uint16{2, 1, 3}, 3, 0, 0, 1},
		{"twice", []uint16{1, 2, 2, 3}, 3, 0, 1, 0},
		{"far back", []uint16{1000, 1001, 100}, 3, 0, 0, 1},
		{"half the circle ahead", []uint16{0, 32767}, 2, 32766, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var l listener
			for i, s := range tc.seqs {
				l.packet(7, s, uint32(i*frameSamples), time.Duration(i)*20*time.Millisecond)
			}
			lost, _ := l.lost()
			if l.received != tc.received || lost != tc.lost || l.repeated != tc.repeated || l.reordered != tc.reordered {
				t.Errorf("received %d, lost %d, repeated %d, reordered %d; want %d, %d, %d, %d",
					l.received, lost, l.repeated, l.reordered, tc.received, tc.lost, tc.repeated, tc.reordered)
			}
		})
	}
}

func TestListenerAddsUpOverSSRCs(t *testing.T) {
	var l listener
	for _, p := range []struct {
		ssrc uint32
		seq  uint16
	}{{1, 10}, {1, 12}, {2, 500}, {2, 503}} {
		l.packet(p.ssrc, p.seq, 0, 0)
	}
	if lost, expected := l.lost(); lost != 3 || expected != 7 {
		t.Errorf("lost %d of %d, want 3 of 7", lost, expected)
	}
}

func TestListenerJitter(t *testing.T) {
	var even, uneven listener
	for i := range 200 {
		at := time.Duration(i) * 20 * time.Millisecond
		even.packet(1, uint16(i), uint32(i*frameSamples), at)
		uneven.packet(1, uint16(i), uint32(i*frameSamples), at+time.Duration(i%2)*8*time.Millisecond)
	}
	if even.jitter != 0 {
		t.Errorf("jitter of an even stream = %v, want 0", even.jitter)
	}
	if uneven.jitter < 7*time.Millisecond || uneven.jitter > 8*time.Millisecond {
		t.Errorf("jitter of steps of 8ms = %v, want almost 8ms", uneven.jitter)
	}
}

func TestToneFramesDiffer(t *testing.T) {
	for name, encode := range map[string]func(int16) byte{"PCMU": muLaw, "PCMA": aLaw} {
		frames := tone(encode)
		if got := len(newRoundTrips(&frames).frames); got != toneFrames {
			t.Errorf("%s: %d of %d frames differ", name, got, toneFrames)
		}
	}
}

// Values from the tables of ITU-T G.711.
func TestCompanding(t *testing.T) {
	for _, tc := range []struct {
		v    int16
		u, a byte
	}{
		{0, 0xff, 0xd5},
		{-1, 0x7f, 0x55},
		{32767, 0x80, 0xaa},
		{-32768, 0x00, 0x2a},
		{1000, 0xce, 0xfa},
		{-1000, 0x4e, 0x7a},
	} {
		if u, a := muLaw(tc.v), aLaw(tc.v); u != tc.u || a != tc.a {
			t.Errorf("%d: PCMU %#02x, PCMA %#02x; want %#02x, %#02x", tc.v, u, a, tc.u, tc.a)
		}
	}
}
