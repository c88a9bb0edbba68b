package wasm

import (
	"context"
	"log/slog"
	"net/netip"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
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
