package redis

import (
	"context"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// parallel runs 64 callers at once, each operation within the default deadline
// times ten, as two cores are shared with Redis itself.
func parallel(b *testing.B, per int, do func(ctx context.Context, i int64) error) {
	b.Helper()
	var n atomic.Int64
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			ctx, cancel := context.WithTimeout(context.Background(), 10*store.DefaultDeadline)
			if err := do(ctx, n.Add(1)); err != nil {
				b.Error(err)
			}
			cancel()
		}
	})
	b.ReportMetric(float64(per)*float64(b.N)/b.Elapsed().Seconds(), "ops/s")
}

// BenchmarkLeases acquires against three keys and releases.
func BenchmarkLeases(b *testing.B) {
	s := open(b, startServer(b), Options{})
	parallel(b, 2, func(ctx context.Context, i int64) error {
		lease := strconv.FormatInt(i, 10)
		limits := []store.Limit{
			{Key: fmt.Sprint("user/", i%1000), Max: 1000, Cost: 1},
			{Key: fmt.Sprint("trunk/", i%10), Max: 1000, Cost: 1},
			{Key: "tenant", Max: 1000, Cost: 1},
		}
		if _, err := s.Acquire(ctx, lease, "n", time.Hour, limits); err != nil {
			return err
		}
		return s.Release(ctx, lease)
	})
}

func BenchmarkReserveCommit(b *testing.B) {
	for name, args := range map[string][]string{
		"everysec": {"--appendonly", "yes", "--appendfsync", "everysec"},
		"always":   {"--appendonly", "yes", "--appendfsync", "always"},
	} {
		b.Run(name, func(b *testing.B) {
			s := open(b, startServer(b, args...), Options{})
			for i := range 100 {
				if _, err := s.Deposit(long(b), fmt.Sprint("a", i), "d", store.MaxAmount); err != nil {
					b.Fatal(err)
				}
			}
			parallel(b, 2, func(ctx context.Context, i int64) error {
				account, call := fmt.Sprint("a", i%100), strconv.FormatInt(i, 10)
				if _, err := s.Reserve(ctx, account, call, 1, 100, time.Hour); err != nil {
					return err
				}
				_, err := s.Commit(ctx, account, call, 1, 60)
				return err
			})
		})
	}
}

func BenchmarkTake(b *testing.B) {
	s := open(b, startServer(b), Options{})
	parallel(b, 1, func(ctx context.Context, i int64) error {
		_, err := s.Take(ctx, fmt.Sprint("k", i%100), 1e6, 1000, 1)
		return err
	})
}

// BenchmarkSetHas asks for members that are remembered here.
func BenchmarkSetHas(b *testing.B) {
	s := open(b, startServer(b), Options{})
	in := store.Space{Name: "s"}
	if _, err := s.SetAdd(long(b), in, "black", "+15550100"); err != nil {
		b.Fatal(err)
	}
	parallel(b, 1, func(ctx context.Context, i int64) error {
		_, err := s.SetHas(ctx, in, "black", fmt.Sprint("+1555010", i%10))
		return err
	})
}

// BenchmarkReconcile compares 10,000 live leases with what Redis holds: what a node
// does every twenty seconds, and once after Redis was emptied.
func BenchmarkReconcile(b *testing.B) {
	for _, emptied := range []bool{false, true} {
		b.Run(fmt.Sprint("emptied=", emptied), func(b *testing.B) {
			srv := startServer(b)
			s := open(b, srv, Options{})
			var live []store.Lease
			for i := range 10_000 {
				live = append(live, store.Lease{ID: fmt.Sprint("call", i), Limits: []store.Limit{
					{Key: fmt.Sprint("user/", i%1000), Max: 1, Cost: 1}, {Key: "tenant", Max: 1, Cost: 1},
				}})
			}
			for b.Loop() {
				if emptied {
					srv.command("FLUSHALL")
				}
				if _, err := s.Reconcile(long(b), "n", time.Minute, func() []store.Lease { return live }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
