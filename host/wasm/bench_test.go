package wasm

import (
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
)

func benchCall() *abi.Call {
	c := call("pass")
	c.ID, c.Callee, c.CallIDB = "01-5f3a9c21", "bob", "b7d1-01@192.0.2.10"
	c.Destination = netip.MustParseAddrPort("198.51.100.7:5060")
	return c
}

func benchEnd() *abi.Call {
	c := benchCall()
	c.Ringing, c.Connect = c.Start.Add(300*time.Millisecond), c.Start.Add(2*time.Second)
	c.End = c.Start.Add(62 * time.Second)
	c.Vars.Set("tenant", "acme")
	c.Message = nil
	c.Result = &abi.End{
		Disposition: abi.Answered, Code: 200, Reason: "OK", Q850: 16, HangupBy: "a", Modules: []string{"cdr"},
		A: abi.MediaStats{Codec: "PCMU/8000", Packets: 3000, Lost: 2, Jitter: 3 * time.Millisecond, MOS: 4.4},
		B: abi.MediaStats{Codec: "PCMU/8000", Packets: 2998, Jitter: 2 * time.Millisecond, MOS: 4.4},
	}
	return c
}

// BenchmarkLightHook is a whole hook in a Go guest: pool, frame, guest, decision.
func BenchmarkLightHook(b *testing.B) { benchmarkStart(b, goModule(b)) }

// BenchmarkEmptyHook is the same in the smallest module there is: what the host alone needs.
func BenchmarkEmptyHook(b *testing.B) { benchmarkStart(b, tinyModule(b, nil)) }

func benchmarkStart(b *testing.B, mc ModuleConfig) {
	w := newWorld(b, mc)
	m, err := w.Acquire("judge", "1")
	if err != nil {
		b.Fatal(err)
	}
	defer m.Release()
	c, ctx := benchCall(), context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Start(ctx, c); err != nil {
			b.Fatal(err)
		}
	}
	st := m.(*Generation).Status().Stats
	b.ReportMetric(float64(st.Fuel)/float64(st.Hooks), "fuel/op")
}

// BenchmarkFullHook is a hook that refuses with reason and header.
func BenchmarkFullHook(b *testing.B) {
	w := newWorld(b, goModule(b))
	m, err := w.Acquire("judge", "1")
	if err != nil {
		b.Fatal(err)
	}
	defer m.Release()
	c, ctx := benchCall(), context.Background()
	c.Callee = "refuse"
	b.ReportAllocs()
	for b.Loop() {
		if d, err := m.Start(ctx, c); err != nil || d.Code != 603 {
			b.Fatal(d, err)
		}
	}
}

// BenchmarkAcquire is what each call pays besides its hooks.
func BenchmarkAcquire(b *testing.B) {
	w := newWorld(b, tinyModule(b, nil))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			m, err := w.Acquire("judge", "1")
			if err != nil {
				b.Fatal(err)
			}
			m.Release()
		}
	})
}

// BenchmarkInstantiate makes an instance and throws it away.
func BenchmarkInstantiate(b *testing.B) {
	for _, c := range []struct {
		name string
		mc   ModuleConfig
	}{{"go", goModule(b)}, {"tiny", tinyModule(b, nil)}} {
		b.Run(c.name, func(b *testing.B) {
			w := newWorld(b, c.mc)
			g := (*w.slots.Load())["judge"].stable()
			b.ReportAllocs()
			for b.Loop() {
				in, err := g.instantiate()
				if err != nil {
					b.Fatal(err)
				}
				in.close()
			}
		})
	}
}

// BenchmarkSwap is a rollback, whole: from the order to the log line. Calls meet nothing of it but one pointer.
func BenchmarkSwap(b *testing.B) {
	w := newWorld(b, answering(b, 480))
	w.config.Log = slog.New(slog.DiscardHandler)
	s := (*w.slots.Load())["judge"]
	other, err := w.Load(answering(b, 486))
	if err != nil {
		b.Fatal(err)
	}
	s.stable().acquire() // both live on
	for b.Loop() {
		other.acquire()
		was := s.stable()
		s.old = nil
		s.before, s.until, other = other, time.Now().Add(time.Hour), was
		if err := w.Rollback("judge"); err != nil {
			b.Fatal(err)
		}
	}
	other.Release()
	s.stable().Release()
}

// BenchmarkStage is a new version of a Go module made ready, its code in the cache: read, checked, started, rehearsed.
func BenchmarkStage(b *testing.B) {
	w := newWorld(b, goModule(b))
	var sources [2]string
	for i, version := range []string{"1.2.4", "1.2.5"} {
		m := hooks("start", "connect", "end")
		m.Version = version
		sources[i] = write(b, embed(b, goGuest()(b), m))
	}
	for range 8 {
		if _, err := w.start(b, call("set")); err != nil {
			b.Fatal(err)
		}
	}
	i := 0
	for b.Loop() {
		if err := w.Stage("judge", Staging{Source: sources[i%2]}); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

// BenchmarkFreshCopy is the first hooks of an instance that was just made: their pages are copied when they are
// written to. It also reports what a copy keeps: of its guest's memory, and of the host's heap.
func BenchmarkFreshCopy(b *testing.B) {
	for _, name := range []string{"cdr", "judge"} {
		b.Run(name, func(b *testing.B) { benchmarkFreshCopy(b, name) })
	}
}

func benchmarkFreshCopy(b *testing.B, name string) {
	mc := goModule(b)
	if name != "judge" {
		mc.Source, mc.Grants = write(b, wasmtest.BuildModule(b, "../../plugins/"+name)), []string{"sbc_cdr", "sbc_timer"}
	}
	const hooks = 10
	g := newEverything(b, mc).generation()
	c := benchEnd()
	if c.Event = abi.EventEnd; name != "cdr" {
		c = benchCall()
		c.Event = abi.EventStart
	}
	var took [hooks][]time.Duration
	var made []time.Duration
	for b.Loop() {
		at := time.Now()
		in, err := g.instantiate()
		if err != nil {
			b.Fatal(err)
		}
		made = append(made, time.Since(at))
		for i := range took {
			at := time.Now()
			var d abi.Decision
			if err := in.run(c, &d); err != nil {
				b.Fatal(err)
			}
			took[i] = append(took[i], time.Since(at))
		}
		in.close()
	}
	us := func(ds []time.Duration, percent int) float64 {
		slices.Sort(ds)
		return float64(ds[len(ds)*percent/100].Nanoseconds()) / 1000
	}
	b.ReportMetric(us(made, 50), "µs-made-p50")
	b.ReportMetric(us(made, 99), "µs-made-p99")
	b.ReportMetric(us(took[0], 50), "µs-first-p50")
	b.ReportMetric(us(took[0], 99), "µs-first-p99")
	b.ReportMetric(us(took[hooks-1], 50), "µs-tenth-p50")
	b.ReportMetric(us(took[hooks-1], 99), "µs-tenth-p99")
	b.StopTimer()
	const many = 64
	var all []*instance
	heap0, private0 := heap(), g.memories.private()
	for range many {
		in, err := g.instantiate()
		if err != nil {
			b.Fatal(err)
		}
		var d abi.Decision
		if err := in.run(c, &d); err != nil {
			b.Fatal(err)
		}
		all = append(all, in)
	}
	own, private := float64(heap()-heap0)/many/1024, float64(g.memories.private()-private0)/many/1024
	b.ReportMetric(own, "KiB-heap")
	b.ReportMetric(private, "KiB-private")
	b.ReportMetric(own+private, "KiB-instance")
	for _, in := range all {
		in.close()
	}
}
