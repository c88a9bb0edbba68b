package transport

import (
	"encoding/binary"
	"net/netip"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

func TestBudget(t *testing.T) {
	a, b := netip.MustParseAddr("198.51.100.1"), netip.MustParseAddr("198.51.100.2")
	six, sameNet, otherNet := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::ffff"), netip.MustParseAddr("2001:db8:0:1::1")
	synctest.Test(t, func(t *testing.T) {
		x := newBudget(Budget{Rate: 100, Burst: 10})
		takes := func(src netip.Addr, n int) (ok int) {
			for range n {
				if x.take(src) {
					ok++
				}
			}
			return ok
		}
		for _, step := range []struct {
			what string
			wait time.Duration
			src  netip.Addr
			n    int
			ok   int
		}{
			{"a burst", 0, a, 50, 10},
			{"another source has its own", 0, b, 50, 10},
			{"one token after 10 ms", 10 * time.Millisecond, a, 50, 1},
			{"no more than a burst after an hour", time.Hour, a, 50, 10},
			{"an IPv6 source", 0, six, 8, 8},
			{"shares with its /64", 0, sameNet, 50, 2},
			{"but not with the next", 0, otherNet, 50, 10},
		} {
			time.Sleep(step.wait)
			if got := takes(step.src, step.n); got != step.ok {
				t.Errorf("%s: %d of %d, want %d", step.what, got, step.n, step.ok)
			}
		}
		unlimited := newBudget(Budget{Rate: -1})
		for range 1000 {
			if !unlimited.take(a) {
				t.Fatal("a negative rate limits")
			}
		}
	})
}

// A hundred thousand forged sources take no memory, and the one that really floods does not
// get its bucket filled by them.
func TestBudgetUnderForgedSources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newBudget(Budget{Rate: 10, Burst: 10})
		flooder := netip.MustParseAddr("198.51.100.1")
		before := mallocs()
		passed := 0
		for n := range uint32(100_000) {
			var b [4]byte
			binary.BigEndian.PutUint32(b[:], 0x0a000000+n)
			x.take(netip.AddrFrom4(b))
			if x.take(flooder) {
				passed++
			}
		}
		if n := mallocs() - before; n > 100 {
			t.Errorf("%d allocations", n)
		}
		if passed != 10 {
			t.Errorf("%d datagrams of the flooder passed, want 10", passed)
		}
	})
}

func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

func BenchmarkBudget(b *testing.B) {
	x := newBudget(Budget{Rate: 1 << 30, Burst: 1 << 20})
	var sources [1024]netip.Addr
	for n := range sources {
		sources[n] = netip.AddrFrom4([4]byte{198, 51, byte(n >> 8), byte(n)})
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		x.take(sources[n%len(sources)])
	}
}
