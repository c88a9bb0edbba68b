package wasm

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
)

// try makes calls that nobody minds to fail.
func (w *world) try(tb testing.TB, calls int) {
	tb.Helper()
	for i := range calls {
		c := call("x")
		c.ID = fmt.Sprintf("call-%d", i)
		_, _ = w.start(tb, c)
	}
}

// TestTakenBackByItself: a canary, or what was just promoted, that does worse than what was there is gone, and the log
// says why; one that does no worse stays.
func TestTakenBackByItself(t *testing.T) {
	tinyWith := func(code []byte) func() ModuleConfig {
		return func() ModuleConfig {
			return tinyModule(t, func(m *wasmtest.Module) {
				m.Funcs[3].Code = code
				m.Custom = append(m.Custom, wasmtest.Custom{Name: "new"})
			})
		}
	}
	for _, c := range []struct {
		what string
		next func() ModuleConfig
		why  string
	}{
		{"trap", tinyWith(wasmtest.Trap()), "failed: "},
		{"error", tinyWith(wasmtest.ConstI64(-12 << 32)), "failed: "},
		{"loop", tinyWith(wasmtest.Code(wasmtest.Forever(), wasmtest.ConstI64(0))), ""}, // deadlines, or no instance left
		{"refusals", func() ModuleConfig { return answering(t, 603) }, "refused: "},
		{"well", tinyWith(wasmtest.ConstI64(0)), "-"},
	} {
		for _, promoted := range []bool{false, true} {
			mc := tinyModule(t, nil)
			mc.Limits.CPU = time.Millisecond
			w := newWorld(t, mc)
			first := w.Modules()[0].Generation
			w.stage(t, c.next(), 50)
			second := w.Modules()[0].Canary.Generation
			w.try(t, 60) // 30 of the canary: too few to tell
			w.judge(time.Now())
			if w.Modules()[0].Canary == nil {
				t.Errorf("%s: judged too early", c.what)
				continue
			}
			if promoted {
				if err := w.Promote("judge"); err != nil {
					t.Fatal(err)
				}
			}
			w.try(t, 120)
			w.judge(time.Now())
			st := w.Modules()[0]
			if c.why == "-" {
				if st.Rollbacks != 0 || promoted && st.Generation != second {
					t.Errorf("%s: taken back: %+v", c.what, st)
				}
				continue
			}
			if st.Generation != first || st.Canary != nil || st.Rollbacks != 1 || st.LastRollback.Gen != second ||
				!strings.HasPrefix(st.LastRollback.Why, c.why) || st.LastRollback.Why == "" {
				t.Errorf("%s, promoted %t: %+v", c.what, promoted, st)
			}
			if log := w.log.String(); !strings.Contains(log, "level=ERROR msg=\"module rolled back by itself\"") {
				t.Errorf("%s: the log does not tell", c.what)
			}
			if d, err := w.start(t, call("x")); err != nil || d.Refused() {
				t.Errorf("%s: afterwards %+v, %v", c.what, d, err)
			}
		}
	}
}

func TestVerdict(t *testing.T) {
	trial := Trial{}.withDefaults()
	for _, c := range []struct {
		what       string
		f, witness figures
		why        string
	}{
		{"nothing happened", figures{}, figures{}, ""},
		{"too few", figures{hooks: 49, failures: 49}, figures{}, ""},
		{"one in fifty", figures{hooks: 50, failures: 1}, figures{}, "failed: 1 of 50 hooks (2.0 %), 0.0 % in the generation beside it"},
		{"no worse", figures{hooks: 50, failures: 1}, figures{hooks: 1000, failures: 15}, ""},
		{"deadlines", figures{hooks: 200, deadlines: 3}, figures{hooks: 10}, "ran out of time: 3 of 200 hooks (1.5 %), 0.0 % in the generation beside it"},
		{"refusals within ten points", figures{hooks: 100, starts: 100, refusals: 29}, figures{starts: 100, refusals: 20}, ""},
		{"refusals", figures{hooks: 100, starts: 100, refusals: 31}, figures{starts: 100, refusals: 20}, "refused: 31 of 100 calls (31.0 %), 20.0 % in the generation beside it"},
	} {
		if got := trial.verdict(c.f, c.witness); got != c.why {
			t.Errorf("%s: %q, want %q", c.what, got, c.why)
		}
	}
}

// TestWatch: a file that changes is taken up when it is whole, by the same validation, once.
func TestWatch(t *testing.T) {
	mc := answering(t, 480)
	mc.Watch = time.Second
	w := newWorld(t, mc)
	now := time.Now()
	put := func(from ModuleConfig) {
		t.Helper()
		b, err := os.ReadFile(from.Source)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(mc.Source, b, 0o600); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Second)
		if err := os.Chtimes(mc.Source, now, now); err != nil {
			t.Fatal(err)
		}
	}
	look := func(n int) {
		for range n {
			now = now.Add(time.Second)
			w.poll(now)
		}
	}
	first := w.Modules()[0].Generation
	look(3)
	if got := w.Modules()[0].Generation; got != first {
		t.Fatal("loaded again, but the file is the same")
	}
	put(answering(t, 486))
	look(1)
	if got := w.code(t); got != 480 {
		t.Errorf("taken up at once: %d", got)
	}
	look(1)
	if got := w.code(t); got != 486 {
		t.Errorf("changed: %d, want 486", got)
	}
	put(tinyModule(t, func(m *wasmtest.Module) { m.Funcs[3].Code = wasmtest.Trap() }))
	look(5)
	if got := w.code(t); got != 486 {
		t.Errorf("a bad file was taken up: %d", got)
	}
	if n := strings.Count(w.log.String(), "module not loaded"); n != 1 {
		t.Errorf("tried %d times", n)
	}
	if err := os.Remove(mc.Source); err != nil {
		t.Fatal(err)
	}
	look(3)
	if got := w.code(t); got != 486 {
		t.Errorf("no file: %d", got)
	}
	s := (*w.slots.Load())["judge"]
	s.config.Trial.Percent = 10
	put(answering(t, 603))
	look(3)
	if st := w.Modules()[0]; st.Canary == nil || st.Percent != 10 {
		t.Errorf("not a canary: %+v", st)
	}
	// What was taken back stays away while the file is only touched.
	if err := w.Rollback("judge"); err != nil {
		t.Fatal(err)
	}
	put(answering(t, 603))
	look(3)
	if st := w.Modules()[0]; st.Canary != nil {
		t.Errorf("taken up again: %+v", st.Canary)
	}
	put(answering(t, 604))
	look(3)
	if st := w.Modules()[0]; st.Canary == nil {
		t.Error("another file was not taken up")
	}
}
