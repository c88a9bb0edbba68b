package sbc

import (
	"os"
	"runtime"
	"runtime/pprof"
	"testing"
)

// BenchmarkHeldCall reports the heap that an established call keeps, its transactions
// that still absorb retransmissions included. HEAP=FILE writes a heap profile.
func BenchmarkHeldCall(b *testing.B) {
	g := newGenerator(b)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	n := 0
	for b.Loop() {
		g.establish(n)
		n++
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(n), "B/held-call")
	if p := os.Getenv("HEAP"); p != "" {
		f, err := os.Create(p)
		if err != nil {
			b.Fatal(err)
		}
		if err := pprof.WriteHeapProfile(f); err != nil {
			b.Fatal(err)
		}
		f.Close()
	}
	runtime.KeepAlive(g)
}
