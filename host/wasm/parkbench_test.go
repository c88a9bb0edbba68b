package wasm

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
)

// BenchmarkLightHookWaiter is BenchmarkLightHook in a module that could wait: what the goroutine
// in the guest costs.
func BenchmarkLightHookWaiter(b *testing.B) { benchmarkStart(b, sdkModule(b, "waits")) }

// BenchmarkParked parks one call and resumes it, without any time between.
func BenchmarkParked(b *testing.B) {
	w := newWorld(b, patient(sdkModule(b, "waits")))
	m, err := w.Acquire("judge", "1")
	if err != nil {
		b.Fatal(err)
	}
	defer m.Release()
	later := make(chan outcome, 1)
	c := benchCall()
	c.Callee = "set"
	c.Later = func(d abi.Decision, err error) { later <- outcome{d, err} }
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Start(context.Background(), c); err != callcontrol.ErrPending {
			b.Fatal(err)
		}
		if o := <-later; o.err != nil {
			b.Fatal(o.err)
		}
	}
}

// BenchmarkParkedMemory parks 10,000 calls at the same time; its time is of no interest.
func BenchmarkParkedMemory(b *testing.B) {
	mc := patient(sdkModule(b, "waits"))
	mc.Limits.Parked, mc.Limits.ParkWait = 10_000, time.Minute
	mc.Limits.Memory = 256 << 20
	w := newWorld(b, mc)
	m, err := w.Acquire("judge", "1")
	if err != nil {
		b.Fatal(err)
	}
	defer m.Release()
	g := m.(*Generation)
	memory := func() uint64 {
		runtime.GC()
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return s.HeapAlloc + s.StackInuse + g.memories.private()
	}
	for n := 0; enough(b, &n); {
		before := memory()
		calls := make([]*abi.Call, 10_000)
		for i := range calls {
			c := benchCall()
			c.Callee, c.Later = "long", func(abi.Decision, error) {}
			calls[i] = c
		}
		given := memory()
		for _, c := range calls {
			if _, err := m.Start(context.Background(), c); err != callcontrol.ErrPending {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(memory()-given)/float64(len(calls)), "B/parked-call")
		b.ReportMetric(float64(given-before)/float64(len(calls)), "B/abi.Call")
		for _, c := range calls {
			g.Cancel(c)
		}
		for g.Status().Stats.Parked > 0 {
			time.Sleep(time.Millisecond)
		}
	}
}

// BenchmarkParkedLookups gives one module 10,000 look-ups of 50 ms a second for some seconds.
func BenchmarkParkedLookups(b *testing.B) {
	const rate, seconds = 10_000, 3
	mc := sdkModule(b, "waits")
	mc.Limits.CPU, mc.Limits.Parked = 100*time.Millisecond, 256
	w := newWorld(b, mc)
	m, err := w.Acquire("judge", "1")
	if err != nil {
		b.Fatal(err)
	}
	defer m.Release()
	for n := 0; enough(b, &n); {
		var (
			mu     sync.Mutex
			added  []time.Duration
			failed atomic.Int64
			left   sync.WaitGroup
		)
		began, used := time.Now(), processTime()
		for i := range rate * seconds {
			if wait := time.Duration(i)*time.Second/rate - time.Since(began); wait > 200*time.Microsecond {
				time.Sleep(wait)
			}
			c := benchCall()
			c.Callee = "nap"
			at := time.Now()
			left.Add(1)
			c.Later = func(_ abi.Decision, err error) {
				if err != nil {
					failed.Add(1)
				}
				d := time.Since(at) - 50*time.Millisecond
				mu.Lock()
				added = append(added, d)
				mu.Unlock()
				left.Done()
			}
			if _, err := m.Start(context.Background(), c); err != callcontrol.ErrPending {
				failed.Add(1)
				left.Done()
			}
		}
		left.Wait()
		spent := time.Since(began)
		slices.Sort(added)
		if len(added) > 0 {
			b.ReportMetric(float64(added[len(added)/2].Microseconds()), "µs-added-p50")
			b.ReportMetric(float64(added[len(added)*99/100].Microseconds()), "µs-added-p99")
		}
		b.ReportMetric(float64(failed.Load()), "failed")
		b.ReportMetric((processTime()-used).Seconds()/spent.Seconds(), "cores")
		b.ReportMetric(float64(w.Modules()[0].Stats.Instances), "instances")
	}
}

// enough ends a benchmark that takes seconds after one round when the load kit runs it.
func enough(b *testing.B, n *int) bool {
	*n++
	return *n <= b.N && (*n == 1 || os.Getenv("SALLYPORT_BENCH_ONCE") == "")
}

// BenchmarkSixModules is one event of a call through six modules.
func BenchmarkSixModules(b *testing.B) {
	var all []ModuleConfig
	for i := range 6 {
		mc := goModule(b)
		mc.Name = fmt.Sprint("m", i)
		all = append(all, mc)
	}
	w := newWorld(b, all...)
	var chain []callcontrol.Module
	for _, mc := range all {
		m, err := w.Acquire(mc.Name, "1")
		if err != nil {
			b.Fatal(err)
		}
		defer m.Release()
		chain = append(chain, m)
	}
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		c, ctx := benchCall(), context.Background()
		for pb.Next() {
			for _, m := range chain {
				if _, err := m.Start(ctx, c); err != nil {
					b.Error(err)
				}
			}
		}
	})
}

// processTime is the processor time of the process.
func processTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
