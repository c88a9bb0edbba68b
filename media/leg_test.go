package media

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"
	"unsafe"

	"github.com/pion/rtp"
)

func TestCounting(t *testing.T) {
	for _, c := range []struct {
		name       string
		seqs       []uint16
		lost, dups uint64
	}{
		{"in order", []uint16{1, 2, 3}, 0, 0},
		{"one lost", []uint16{1, 2, 4}, 1, 0},
		{"late but there", []uint16{1, 3, 2, 4}, 0, 0},
		{"twice", []uint16{1, 2, 2, 3, 1}, 0, 2},
		{"around the end", []uint16{65534, 65535, 0, 1}, 0, 0},
		{"lost around the end", []uint16{65534, 1}, 2, 0},
		{"misordered around the end", []uint16{65535, 1, 0}, 0, 0},
		{"before the first", []uint16{10, 9, 8, 11}, 0, 0},
		{"many lost", []uint16{1, 201}, 199, 0},
		{"begun anew", []uint16{1, 2, 20000, 20001}, 0, 0},
		{"begun anew after a loss", []uint16{1, 3, 40000, 40002}, 2, 0},
		{"older than memory", []uint16{100, 200, 110, 201}, 99, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, nil)
			for _, seq := range c.seqs {
				if b.rtp(signalled, 0, 7, seq, 1) != 1 {
					t.Errorf("packet %d did not pass", seq)
				}
			}
			d := b.p.stats(A)
			if d.Lost != c.lost || d.Duplicates != c.dups || d.Packets != uint64(len(c.seqs)) || d.Bytes != 172*d.Packets {
				t.Errorf("stats = %+v, want %d lost, %d duplicates", d, c.lost, c.dups)
			}
		})
	}
}

func TestLegIsTwoCacheLines(t *testing.T) {
	if n := unsafe.Sizeof(leg{}); n > 128 {
		t.Errorf("a leg has %d bytes, want at most 128", n)
	}
}

func TestNewSSRC(t *testing.T) {
	b := newBench(t, nil)
	b.rtp(signalled, 0, 7, 1, 2)
	b.rtp(signalled, 0, 7, 5, 1) // two lost
	b.rtp(signalled, 0, 8, 30000, 3)
	if d := b.p.stats(A); d.Lost != 2 || d.Packets != 6 {
		t.Errorf("stats = %+v, want 2 lost of a source that ended", d)
	}
}

// The jitter of a stream whose packets are up to 10 ms late, evenly spread: the mean
// step between two of them is a third of that, and RFC 3550's estimate goes there.
func TestJitter(t *testing.T) {
	b := newBench(t, nil)
	rng := rand.New(rand.NewPCG(1, 2))
	begin := b.ns
	for i := range 4000 {
		b.ns = begin + int64(i)*20e6 + rng.Int64N(10e6)
		b.p.rtp[A].accept(packet(0, 7, uint16(i)), addrOf(signalled, false), b.now())
	}
	got := float64(b.p.stats(A).Jitter) / 1e6
	if math.Abs(got-10.0/3) > 1.2 {
		t.Errorf("jitter = %.2f ms, want about 3.3", got)
	}
	before := b.p.stats(A).Jitter
	for i := range 50 { // an event repeats its first timestamp: RFC 4733
		p := packet(101, 7, uint16(4000+i))
		copy(p[4:8], []byte{0, 0, 0, 1})
		b.p.rtp[A].accept(p, addrOf(signalled, false), b.now())
	}
	if got := b.p.stats(A).Jitter; got != before {
		t.Errorf("an event moved jitter from %v to %v", before, got)
	}
}

func TestSteadyStreamHasNoJitter(t *testing.T) {
	b := newBench(t, nil)
	b.rtp(signalled, 0, 7, 65000, 2000)
	b.wait(time.Hour) // hold; the phone's clock stood still
	b.rtp(signalled, 0, 7, (65000+2000)&0xffff, 100)
	if got := b.p.stats(A).Jitter; got > 200*time.Microsecond {
		t.Errorf("jitter = %v", got)
	}
}

func TestBudget(t *testing.T) {
	b := newBench(t, nil)
	passed := 0
	for i := range 2 * packetBudget {
		if b.p.rtp[A].accept(packet(0, 7, uint16(i)), addrOf(signalled, false), b.now()) != nil {
			passed++
		}
	}
	if passed != packetBudget {
		t.Errorf("%d packets passed in a second, want %d", passed, packetBudget)
	}
	b.wait(time.Second)
	if b.rtp(signalled, 0, 7, 1, 1) != 1 {
		t.Error("none passed in the next second")
	}
}

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		name string
		b    []byte
		rtp  class // what it is to an RTP port
		rtcp class
	}{
		{"empty", nil, junk, junk},
		{"short", []byte{0x80, 0}, junk, junk},
		{"RTP", packet(0, 1, 1), packetRTP, junk},
		{"version 1", append([]byte{0x40}, make([]byte, 20)...), junk, junk},
		{"STUN", append([]byte{0, 1, 0, 0}, make([]byte, 16)...), junk, junk},
		{"CSRCs beyond the end", append([]byte{0x8f}, make([]byte, 20)...), junk, junk},
		{"extension beyond the end", append([]byte{0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0xff, 0xff), junk, junk},
		{"extension", append([]byte{0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 1, 2, 3, 4), packetRTP, junk},
		{"RTCP", report(1), packetRTCP, packetRTCP},
		{"RTCP too short for its length", report(1)[:4], junk, junk},
	} {
		b := newBench(t, nil)
		if got := b.p.rtp[A].classify(c.b); got != c.rtp {
			t.Errorf("%s: to the RTP port %d, want %d", c.name, got, c.rtp)
		}
		if got := b.p.rtcp[A].classify(c.b); got != c.rtcp {
			t.Errorf("%s: to the RTCP port %d, want %d", c.name, got, c.rtcp)
		}
	}
}

// FuzzPacket sends any datagrams from two sources through a leg: nothing may crash,
// nothing may pass from the stranger once the signalled source was heard, and what
// passes must be RTP to pion's parser too.
func FuzzPacket(f *testing.F) {
	f.Add(packet(0, 1, 1), report(1), uint8(RTP))
	f.Add([]byte{0x90, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0xbe, 0xde, 0, 1, 0, 0, 0, 0}, []byte{22, 254, 253}, uint8(DTLS))
	f.Fuzz(func(t *testing.T, first, second []byte, kind uint8) {
		b := newBench(t, func(f *Flow) { f.Kind = Kind(kind % 4) })
		for _, l := range []*leg{&b.p.rtp[A], &b.p.rtcp[A]} {
			for range 6 {
				for _, from := range []netip.AddrPort{attacker, natted} {
					l.accept(second, addrOf(from, false), b.now())
					l.accept(first, addrOf(from, false), b.now())
				}
			}
			at := l.cold.latch.signalled
			if l.accept(first, at, b.now()) != nil && l.kind == RTP && l.role == roleRTP && !isRTCP(first) {
				var h rtp.Header
				// What stands within a header extension is its ends' business, not the relay's.
				if _, err := h.Unmarshal(first); err != nil && first[0]&0x10 == 0 {
					t.Errorf("relayed what pion refuses: %v", err)
				}
			}
			if l.sure && l.src == at && l.accept(second, addrOf(attacker, false), b.now()) != nil {
				t.Error("a stranger's packet passed after the signalled source was heard")
			}
		}
		d := b.p.stats(A)
		_ = MOS(float64(d.Lost), d.Jitter, 0)
	})
}

func BenchmarkAccept(b *testing.B) {
	k := newBench(b, nil)
	raw := packet(0, 7, 0)
	src := addrOf(signalled, false)
	l := &k.p.rtp[A]
	seq := uint16(0)
	b.ReportAllocs()
	for b.Loop() {
		seq++
		raw[2], raw[3] = byte(seq>>8), byte(seq)
		k.ns += 20e6
		if l.accept(raw, src, k.now()) == nil {
			b.Fatal("dropped")
		}
	}
}

func BenchmarkReject(b *testing.B) {
	k := newBench(b, nil)
	k.rtp(signalled, 0, 7, 1, 1)
	raw, src, l := packet(0, 7, 0), addrOf(attacker, false), &k.p.rtp[A]
	b.ReportAllocs()
	for b.Loop() {
		if l.accept(raw, src, k.now()) != nil {
			b.Fatal("passed")
		}
	}
}
