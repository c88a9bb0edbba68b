package embedded

import (
	"fmt"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
)

func open(b *testing.B) *Store {
	b.Helper()
	s, err := Open(Options{Path: filepath.Join(b.TempDir(), "state.db"), Deadline: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return s
}

// BenchmarkLeases acquires against a user, a trunk and a tenant, and releases,
// while 10,000 calls are up.
func BenchmarkLeases(b *testing.B) {
	for _, keys := range []int{1, 3} {
		b.Run(fmt.Sprint("keys=", keys), func(b *testing.B) {
			s := open(b)
			names := []string{"user/", "trunk/", "tenant/"}
			for i := range 10_000 {
				if _, err := s.AcquireNow(fmt.Sprint("up", i), "n", time.Hour, []store.Limit{{Key: fmt.Sprint("user/", i), Max: 9, Cost: 1}}); err != nil {
					b.Fatal(err)
				}
			}
			var worker atomic.Int32
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				w := fmt.Sprint(worker.Add(1))
				leases := make([]string, 64)
				limits := make([][]store.Limit, 64)
				for i := range leases {
					leases[i] = w + "/" + strconv.Itoa(i)
					for _, n := range names[:keys] {
						limits[i] = append(limits[i], store.Limit{Key: n + strconv.Itoa(i%7), Max: 1 << 30, Cost: 1})
					}
				}
				for i := 0; pb.Next(); i++ {
					if denied, err := s.AcquireNow(leases[i%64], "n", time.Hour, limits[i%64]); denied != "" || err != nil {
						b.Error(denied, err)
					}
					if err := s.ReleaseNow(leases[i%64]); err != nil {
						b.Error(err)
					}
				}
			})
			b.ReportMetric(2*float64(b.N)/b.Elapsed().Seconds(), "ops/s")
		})
	}
}

func BenchmarkTake(b *testing.B) {
	s := open(b)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := s.TakeNow("k", 1e6, 1000, 1); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkSetMatch(b *testing.B) {
	s := open(b)
	in := store.Space{Name: "s"}
	if _, err := s.SetAdd(b.Context(), in, "black", "+1555", "+49900"); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if m, err := s.SetMatchNow(in, "black", "+499001234567"); m == "" || err != nil {
				b.Error(m, err)
			}
		}
	})
}

// BenchmarkReserveCommit is durable: each of the two operations of a slice is on
// the disk when it returns. 64 calls at once, on 100 accounts. It says what a thousand
// calls cost the process, the callers' part included.
func BenchmarkReserveCommit(b *testing.B) {
	s := open(b)
	for i := range 100 {
		if _, err := s.Deposit(b.Context(), fmt.Sprint("a", i), "d", store.MaxAmount); err != nil {
			b.Fatal(err)
		}
	}
	var n atomic.Int64
	b.SetParallelism(32)
	b.ReportAllocs()
	b.ResetTimer()
	before := processor(b)
	b.RunParallel(func(pb *testing.PB) {
		ctx := b.Context()
		for pb.Next() {
			i := n.Add(1)
			account, call := fmt.Sprint("a", i%100), strconv.FormatInt(i, 10)
			if _, err := s.Reserve(ctx, account, call, 1, 100, time.Hour); err != nil {
				b.Error(err)
			}
			if _, err := s.Commit(ctx, account, call, 1, 60); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(2*float64(b.N)/b.Elapsed().Seconds(), "ops/s")
	b.ReportMetric(1000*(processor(b)-before).Seconds()/float64(b.N), "cpu-s/1000")
}

// processor returns the time that the process has had of it.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}
