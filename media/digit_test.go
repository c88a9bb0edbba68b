package media

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// event is an RFC 4733 packet.
func event(seq uint16, stamp uint32, code uint8, end bool, length uint16) []byte {
	b := packet(101, 'a', seq)
	b[4], b[5], b[6], b[7] = byte(stamp>>24), byte(stamp>>16), byte(stamp>>8), byte(stamp)
	last := byte(10)
	if end {
		last |= 0x80
	}
	return append(b[:12], code, last, byte(length>>8), byte(length))
}

// listener is a bench that notes the digits it is told.
func listener(t testing.TB, care Treatment) (*bench, *[]string) {
	b := newTreated(t, care, nil)
	b.r.polled = []*leg{&b.p.rtp[A], &b.p.rtcp[A], &b.p.rtp[B], &b.p.rtcp[B]}
	var told []string
	b.r.press = func(from Side, d Digit) bool {
		told = append(told, fmt.Sprintf("%v %c %v", from, d.Key, d.Duration))
		return true
	}
	return b, &told
}

func TestDigits(t *testing.T) {
	type p struct {
		stamp  uint32
		code   uint8
		end    bool
		length uint16
	}
	for _, c := range []struct {
		name string
		in   []p
		want []string
	}{
		{"a digit, its end three times", []p{{800, 5, false, 160}, {800, 5, false, 320}, {800, 5, true, 800}, {800, 5, true, 800}, {800, 5, true, 800}}, []string{"a 5 100ms"}},
		{"two of the same", []p{{800, 1, true, 400}, {800, 1, true, 400}, {4000, 1, false, 400}, {4000, 1, true, 800}}, []string{"a 1 50ms", "a 1 100ms"}},
		{
			"all keys",
			[]p{{1, 0, true, 8}, {2, 9, true, 8}, {3, 10, true, 8}, {4, 11, true, 8}, {5, 12, true, 8}, {6, 15, true, 8}, {7, 16, true, 8}},
			[]string{"a 0 1ms", "a 9 1ms", "a * 1ms", "a # 1ms", "a A 1ms", "a D 1ms", "a ! 1ms"},
		},
		{"the end is lost, the next digit ends it", []p{{800, 5, false, 160}, {800, 5, false, 480}, {8000, 6, true, 160}}, []string{"a 5 60ms", "a 6 20ms"}},
		{"only an end", []p{{800, 7, true, 1600}}, []string{"a 7 200ms"}},
		{"out of order", []p{{800, 5, false, 480}, {800, 5, false, 320}, {800, 5, true, 640}}, []string{"a 5 80ms"}},
		{"a straggler of the one before", []p{{800, 5, true, 160}, {1600, 6, false, 160}, {800, 5, true, 160}, {1600, 6, true, 320}}, []string{"a 5 20ms", "a 6 40ms"}},
		{"in segments", []p{{800, 5, false, 0xfff0}, {800, 5, false, 0xffff}, {800 + 0xffff, 5, false, 800}, {800 + 0xffff, 5, true, 1601}}, []string{"a 5 8.392s"}},
		{"the clock turns over", []p{{0xffffffff, 5, true, 160}, {800, 6, true, 160}}, []string{"a 5 20ms", "a 6 20ms"}},
		{"a fax tone is no digit", []p{{800, 36, true, 160}, {1600, 200, true, 160}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, told := listener(t, Treatment{DetectDTMF: true})
			for i, e := range c.in {
				raw := event(uint16(i), e.stamp, e.code, e.end, e.length)
				if b.p.rtp[A].accept(raw, addrOf(signalled, false), b.now()) == nil {
					t.Error("detected, and dropped")
				}
				b.wait(20 * time.Millisecond)
			}
			if !slices.Equal(*told, c.want) {
				t.Errorf("told %q, want %q", *told, c.want)
			}
			if d := b.p.stats(A); d.Digits != uint64(len(c.want)) || b.r.sum.Digits != d.Digits {
				t.Errorf("counted %d, want %d", d.Digits, len(c.want))
			}
		})
	}
}

// A tone whose end is lost, with nothing behind it, ends by itself.
func TestDigitWithoutEnd(t *testing.T) {
	b, told := listener(t, Treatment{DetectDTMF: true})
	b.p.rtp[A].accept(event(1, 800, 3, false, 400), addrOf(signalled, false), b.now())
	b.r.endTones(b.now())
	if len(*told) != 0 {
		t.Error("ended at once")
	}
	b.wait(toneSilence)
	b.r.endTones(b.now())
	b.r.endTones(b.now())
	if !slices.Equal(*told, []string{"a 3 50ms"}) {
		t.Errorf("told %q", *told)
	}
	b.p.rtp[A].accept(event(2, 800, 3, true, 500), addrOf(signalled, false), b.now())
	if len(*told) != 1 {
		t.Errorf("told again: %q", *told)
	}
}

// Digits are counted without end, and told as fast as a person can dial.
func TestDigitFlood(t *testing.T) {
	b, told := listener(t, Treatment{DetectDTMF: true, FilterDTMF: true})
	const n = 500
	for i := range uint16(n) {
		if b.p.rtp[A].accept(event(i, uint32(i)*800, 5, true, 400), addrOf(signalled, false), b.now()) != nil {
			t.Fatal("passed the filter")
		}
	}
	if len(*told) != digitsPerSecond {
		t.Errorf("%d told in a second, want %d", len(*told), digitsPerSecond)
	}
	if d := b.p.stats(A); d.Digits != n || d.Filtered != n || b.r.sum.DigitsUntold != n-digitsPerSecond {
		t.Errorf("stats = %+v, %+v", d, *b.r.sum)
	}
	b.wait(time.Second)
	b.p.rtp[A].accept(event(n, n*800, 5, true, 400), addrOf(signalled, false), b.now())
	if len(*told) != digitsPerSecond+1 {
		t.Error("none told in the next second")
	}
}

// FuzzDigit has a side send any payload as telephone-event.
func FuzzDigit(f *testing.F) {
	f.Add(event(1, 800, 5, false, 160), event(2, 800, 5, true, 320))
	f.Add([]byte{0x90, 101, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 0x80}, []byte{})
	f.Fuzz(func(t *testing.T, one, two []byte) {
		b, told := listener(t, Treatment{DetectDTMF: true, Renumber: true, OwnSSRC: true, FilterDTMF: true})
		at := b.p.rtp[A].cold.latch.signalled
		for _, raw := range [][]byte{one, two, one, two} {
			was := len(raw)
			b.p.rtp[A].accept(raw, at, b.now())
			if len(raw) != was {
				t.Error("the length has changed")
			}
		}
		b.wait(time.Second)
		b.r.endTones(b.now())
		for _, s := range *told {
			var side string
			var key rune
			var length string
			if n, err := fmt.Sscanf(s, "%s %c %s", &side, &key, &length); n != 3 || err != nil {
				t.Errorf("told %q", s)
			}
		}
		if d := b.p.stats(A); d.Digits != uint64(len(*told)) {
			t.Errorf("%d counted, %d told", d.Digits, len(*told))
		}
	})
}
