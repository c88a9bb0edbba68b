package media

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// header is what a test looks at in an RTP packet.
type header struct {
	seq   uint16
	stamp uint32
	ssrc  uint32
}

func headerOf(b []byte) header {
	return header{binary.BigEndian.Uint16(b[2:]), binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])}
}

// through has a packet come from the signalled source and returns it as it goes on, false
// when it does not.
func (b *bench) through(pt uint8, in header) (header, bool) {
	b.t.Helper()
	raw := packet(pt, in.ssrc, in.seq)
	binary.BigEndian.PutUint32(raw[4:], in.stamp)
	passed := b.p.rtp[A].accept(raw, addrOf(signalled, false), b.now()) != nil
	b.wait(20 * time.Millisecond)
	return headerOf(raw), passed
}

// What comes out of a sequence, relative to the first number: a source that is named by a
// letter, the number, and "e" for a telephone-event, which is taken out.
func TestRenumber(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"in order", "a1 a2 a3", "0 1 2"},
		{"around the end", "a65534 a65535 a0 a1", "0 1 2 3"},
		{"a loss stays a gap", "a1 a2 a5 a6", "0 1 4 5"},
		{"what is late keeps its place", "a1 a3 a2 a4", "0 2 1 3"},
		{"before the first", "a10 a9 a11", "0 -1 1"},
		{"twice", "a1 a1 a2", "0 0 1"},
		{"another source", "a1 a2 b9000 b9001", "0 1 2 3"},
		{"another source and back", "a1 b9000 a2 a3", "0 1 2 3"},
		{"a source begins anew", "a1 a2 a30000 a30001", "0 1 2 3"},
		{"a source begins anew, backwards", "a5000 a5001 a7 a8", "0 1 2 3"},
		{"a loss across the change is none", "a1 a2 b9 b11", "0 1 2 4"},
		{"taken out", "a1 e2 e3 a4 a5", "0 - - 1 2"},
		{"taken out first", "e1 a2 a3", "- 0 1"},
		{"taken out around a loss", "a1 e2 a5", "0 - 3"},
		{"taken out twice", "a1 e2 e2 a3", "0 - - 1"},
		{"late, and behind one taken out", "a1 a3 e4 a2 a5", "0 2 - 1 3"},
		{"late, and before two taken out", "a1 e3 e4 a2 a5", "0 - - 1 2"},
		{"taken out and late: its gap was seen", "a1 a3 e2 a4", "0 2 - 3"},
		{"taken out at a change", "a1 a2 e3 b70 b71", "0 1 - 2 3"},
		{"taken out as a new source", "a1 a2 f70 b71", "0 1 - 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newTreated(t, Treatment{Renumber: true, FilterDTMF: true}, nil)
			var got []string
			first := uint16(0)
			for word := range strings.FieldsSeq(c.in) {
				var seq uint16
				if _, err := fmt.Sscan(word[1:], &seq); err != nil {
					t.Fatal(err)
				}
				pt, ssrc := uint8(0), uint32(word[0])
				if word[0] == 'e' || word[0] == 'f' {
					pt, ssrc = 101, uint32(map[byte]byte{'e': 'a', 'f': 'b'}[word[0]])
				}
				out, passed := b.through(pt, header{seq, uint32(seq) * 160, ssrc})
				switch {
				case !passed:
					got = append(got, "-")
					continue
				case !strings.ContainsAny(strings.Join(got, ""), "0123456789"):
					first = out.seq
				}
				got = append(got, fmt.Sprint(int16(out.seq-first)))
				if out.ssrc != ssrc || out.stamp != uint32(seq)*160 {
					t.Errorf("%s: SSRC %d, timestamp %d", word, out.ssrc, out.stamp)
				}
			}
			if got := strings.Join(got, " "); got != c.want {
				t.Errorf("%s becomes %s, want %s", c.in, got, c.want)
			}
		})
	}
}

func TestOwnSSRC(t *testing.T) {
	b := newTreated(t, Treatment{OwnSSRC: true}, nil)
	one, _ := b.through(0, header{5, 1000, 'a'})
	two, _ := b.through(0, header{6, 1160, 'a'})
	if one.ssrc == 'a' || one.ssrc != two.ssrc || one.seq != 5 || two.seq != 6 {
		t.Errorf("%+v and %+v are not one stream with its own numbers", one, two)
	}
	if one.stamp != 1000 || two.stamp != 1160 {
		t.Errorf("timestamps of the first source: %d, %d", one.stamp, two.stamp)
	}
	b.wait(480 * time.Millisecond) // half a second since the last packet
	other, _ := b.through(0, header{900, 3_000_000_000, 'b'})
	next, _ := b.through(0, header{901, 3_000_000_160, 'b'})
	if other.ssrc != one.ssrc || other.stamp != 1160+4000 || next.stamp != other.stamp+160 {
		t.Errorf("another source: %+v, then %+v", other, next)
	}
	if other.seq != 900 {
		t.Errorf("number %d of another source was changed", other.seq)
	}
	jump, _ := b.through(0, header{902, 7, 'b'}) // as some devices do after a hold
	if shift := other.stamp - 3_000_000_000; jump.stamp != 7+shift {
		t.Errorf("a source's own jump to 7 becomes %d, want %d", jump.stamp, 7+shift)
	}
	same := newTreated(t, Treatment{OwnSSRC: true}, nil)
	if third, _ := same.through(0, header{5, 1000, 'a'}); third.ssrc == one.ssrc {
		t.Error("two calls have one SSRC")
	}
	if a, b := b.p.coldRTP[A].care.shown.ssrc, b.p.coldRTP[B].care.shown.ssrc; a == b {
		t.Error("both sides have one SSRC")
	}
}

// A new source in the same instant still moves the clock on, and one in the middle of a
// tone, whose packets all have the timestamp of its beginning, does not turn it back.
func TestOwnSSRCClock(t *testing.T) {
	b := newTreated(t, Treatment{OwnSSRC: true}, nil)
	first, _ := b.through(0, header{1, 500, 'a'})
	b.wait(-20 * time.Millisecond)
	if second, _ := b.through(0, header{1, 500, 'b'}); second.stamp != first.stamp+1 {
		t.Errorf("timestamp %d after %d", second.stamp, first.stamp)
	}
	for i := range uint16(10) {
		b.through(101, header{2 + i, 660, 'b'})
	}
	tone := b.p.coldRTP[A].care.shown.lastStamp
	if after, _ := b.through(0, header{99, 4, 'c'}); after.stamp != tone+10*160 {
		t.Errorf("timestamp %d, want 200 ms behind %d", after.stamp, tone)
	}
}

// Encrypted streams are authenticated: not a bit is changed.
func TestSecretIsLeftAlone(t *testing.T) {
	for name, change := range map[string]func(*Flow){
		"SRTP":      func(f *Flow) { f.Secret = true },
		"DTLS-SRTP": func(f *Flow) { f.Kind = DTLS },
	} {
		t.Run(name, func(t *testing.T) {
			b := newTreated(t, Treatment{Renumber: true, OwnSSRC: true, DetectDTMF: true, FilterDTMF: true}, change)
			in := header{77, 5, 'a'}
			if out, ok := b.through(0, in); out != in || !ok {
				t.Errorf("%+v becomes %+v", in, out)
			}
			raw := report('a')
			want := string(raw)
			if b.p.rtcp[A].accept(raw, b.p.rtcp[A].cold.latch.signalled, b.now()); string(raw) != want {
				t.Error("RTCP was changed")
			}
			if b.p.rtp[A].accept(event(78, 5, 1, true, 800), addrOf(signalled, false), b.now()) != nil {
				t.Error("the payload type is readable, and passed")
			}
			if d := b.p.stats(A); d.Digits != 0 || d.Filtered != 1 {
				t.Errorf("stats = %+v", d)
			}
		})
	}
}

// came turns every number that was sent back into the one that came.
func TestCame(t *testing.T) {
	b := newTreated(t, Treatment{Renumber: true, FilterDTMF: true}, nil)
	s := &b.p.coldRTP[A].care.shown
	r := rand.New(rand.NewPCG(1, 2))
	sent := map[uint16]uint16{} // as it went out → as it came
	for seq := uint16(65000); seq != 2000; seq++ {
		pt := uint8(0)
		if r.IntN(4) == 0 {
			pt = 101
		}
		if r.IntN(9) > 0 { // else it is lost
			if out, ok := b.through(pt, header{seq, 0, 'a'}); ok {
				sent[out.seq] = seq
			}
		}
		out := uint16(s.top + s.shift - uint32(r.IntN(30)))
		if came, ok := sent[out]; ok && uint16(s.top)-came < 60 {
			if got := uint16(s.came(s.top + s.shift - uint32(uint16(s.top+s.shift)-out))); got != came {
				t.Fatalf("at %d: %d was %d, came says %d", seq, out, came, got)
			}
		}
	}
	if len(sent) < 1000 {
		t.Errorf("only %d packets passed", len(sent))
	}
}

func TestPayloadSize(t *testing.T) {
	for _, c := range []struct {
		name string
		b    []byte
		want uint32
	}{
		{"plain", packet(0, 1, 1), 160},
		{"two CSRCs and an extension", append([]byte{0x92, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 0, 0, 0, 1, 9, 9, 9, 9}, 7, 7), 2},
		{"padding", []byte{0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 5, 0, 2}, 2},
		{"more padding than packet", []byte{0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 5, 0, 200}, 0},
		{"padding without payload", []byte{0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}, 0},
	} {
		if got := payloadSize(c.b); got != c.want {
			t.Errorf("%s: %d octets, want %d", c.name, got, c.want)
		}
	}
}

// BenchmarkTreated is BenchmarkAccept with all that a treatment can ask for.
func BenchmarkTreated(b *testing.B) {
	k := newTreated(b, Treatment{Renumber: true, OwnSSRC: true, FilterDTMF: true, DetectDTMF: true, Bandwidth: 1000}, nil)
	raw := packet(0, 7, 0)
	src := addrOf(signalled, false)
	l := &k.p.rtp[A]
	seq := uint16(0)
	b.ReportAllocs()
	for b.Loop() {
		seq++
		binary.BigEndian.PutUint16(raw[2:], seq)
		binary.BigEndian.PutUint32(raw[8:], 7)
		k.ns += 20e6
		if l.accept(raw, src, k.now()) == nil {
			b.Fatal("dropped")
		}
	}
}
