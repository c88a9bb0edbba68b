package wasm

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
)

// answering is a tiny module whose start hook refuses with the code.
func answering(tb testing.TB, code int) ModuleConfig {
	return tinyModule(tb, func(m *wasmtest.Module) {
		// A decision frame of two slots behind the call frame: total 24, slots 2, action 1, code.
		const store32, store64 = 0x36, 0x37
		at := wasmtest.Code(wasmtest.Get(2), wasmtest.ConstI32(7+65536), 0x6a, wasmtest.ConstI32(-8), 0x71)
		m.Funcs[3].Code = wasmtest.Code(
			at, wasmtest.ConstI32(24), store32, 0, 0,
			at, wasmtest.ConstI32(2<<16), store32, 0, 4,
			at, wasmtest.ConstI64(1), store64, 0, 8,
			at, wasmtest.ConstI64(int64(code)), store64, 0, 16,
			wasmtest.ConstI64(24))
	})
}

func (w *world) code(tb testing.TB) int {
	tb.Helper()
	d, err := w.start(tb, call("x"))
	if err != nil {
		tb.Fatal(err)
	}
	return d.Code
}

func TestReload(t *testing.T) {
	w := newWorld(t, answering(t, 480))
	first := w.Modules()[0].Generation
	held, err := w.Acquire("judge", "1")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Reload([]ModuleConfig{answering(t, 603)}); err != nil {
		t.Fatal(err)
	}
	if got := w.code(t); got != 603 {
		t.Errorf("new call: %d, want 603", got)
	}
	if d, err := held.Start(t.Context(), call("x")); err != nil || d.Code != 480 {
		t.Errorf("running call: %+v, %v, want 480", d, err)
	}
	second := w.Modules()[0].Generation
	if second == first {
		t.Error("another file, the same generation")
	}
	g := held.(*Generation)
	held.Release()
	w.tasks.wait()
	if g.acquire() || !g.pool.closed {
		t.Error("the old generation lives on")
	}
	same := answering(t, 603)
	if err := w.Reload([]ModuleConfig{same}); err != nil || w.Modules()[0].Generation != second {
		t.Errorf("the same file is loaded again: %v", err)
	}
	same.Limits.LogRate = 7
	if err := w.Reload([]ModuleConfig{same}); err != nil || w.Modules()[0].Generation == second {
		t.Errorf("other limits are not taken up: %v", err)
	}
}

// TestReloadIsAllOrNothing: with one module that does not load, the others stay as they were too.
func TestReloadIsAllOrNothing(t *testing.T) {
	a, b := answering(t, 480), answering(t, 486)
	b.Name = "second"
	w := newWorld(t, a, b)
	before := fmt.Sprint(w.Modules())
	bad := tinyModule(t, func(m *wasmtest.Module) { m.Funcs[2].Code = wasmtest.ConstI32(-3) })
	bad.Name = "second"
	err := w.Reload([]ModuleConfig{answering(t, 603), bad, {Name: "third", Source: "/nowhere"}})
	if !errors.Is(err, ErrInit) || !strings.Contains(err.Error(), "module second") || !strings.Contains(err.Error(), "module third") {
		t.Errorf("%v", err)
	}
	w.tasks.wait()
	if after := fmt.Sprint(w.Modules()); after != before {
		t.Errorf("before %s\nafter  %s", before, after)
	}
	if got := w.code(t); got != 480 {
		t.Errorf("call: %d, want 480", got)
	}
	if err := w.Reload([]ModuleConfig{a, a}); err == nil || !strings.Contains(err.Error(), "twice") {
		t.Errorf("the same name twice: %v", err)
	}
}

func TestModulesThatAreNotThere(t *testing.T) {
	w := newWorld(t, answering(t, 480))
	if _, err := w.Acquire("nobody", "1"); !errors.Is(err, ErrUnknown) {
		t.Errorf("%v", err)
	}
	if err := w.Reload(nil); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Acquire("judge", "1"); !errors.Is(err, ErrUnknown) {
		t.Errorf("removed: %v", err)
	}
	g, err := w.Load(answering(t, 486))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Replace("judge", g); !errors.Is(err, ErrUnknown) {
		t.Errorf("replaced what is not there: %v", err)
	}
	g.Release()
	w.Close()
	if _, err := w.Acquire("judge", "1"); !errors.Is(err, ErrClosed) {
		t.Errorf("closed: %v", err)
	}
	if err := w.Reload(nil); !errors.Is(err, ErrClosed) {
		t.Errorf("reload after Close: %v", err)
	}
	w.Close()
}

// TestSwapUnderLoad: calls go on while generations come and go; none fails, and each sees one generation only.
func TestSwapUnderLoad(t *testing.T) {
	w := newWorld(t, answering(t, 400))
	base := runtime.NumGoroutine() + 2 // those that tend generations
	configs := []ModuleConfig{answering(t, 401), answering(t, 402), answering(t, 403)}
	var stop atomic.Bool
	var calls atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for !stop.Load() {
				m, err := w.Acquire("judge", "1")
				if err != nil {
					t.Error(err)
					return
				}
				first, err := m.Start(t.Context(), call("x"))
				if err != nil {
					t.Error(err)
				}
				if d, err := m.Start(t.Context(), call("x")); err != nil || d.Code != first.Code {
					t.Errorf("the same call got %d and then %d, %v", first.Code, d.Code, err)
				}
				m.Release()
				calls.Add(1)
			}
		})
	}
	const swaps = 60
	for i := range swaps {
		g, err := w.Load(configs[i%len(configs)])
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Replace("judge", g); err != nil {
			t.Fatal(err)
		}
	}
	stop.Store(true)
	wg.Wait()
	w.tasks.wait()
	if st := w.Modules()[0]; st.Calls != 0 {
		t.Errorf("%d calls hold the generation", st.Calls)
	}
	for range 4000 { // one that has told its end may still be about to go
		if runtime.NumGoroutine() <= base {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > base {
		t.Errorf("%d goroutines, %d before", n, base)
	}
	t.Logf("%d swaps, %d calls", swaps, calls.Load())
}

func TestManyCallsAtOnce(t *testing.T) {
	mc := goModule(t)
	mc.Limits.InstanceWait = 1 << 40
	w := newWorld(t, mc)
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			for k := range 200 {
				c := call([]string{"refuse", "vars", "set", "code"}[(i+k)%4])
				d, err := w.start(t, c)
				switch c.Callee {
				case "refuse":
					if err != nil || d.Code != 603 {
						t.Errorf("%+v, %v", d, err)
					}
				case "vars":
					if v, _ := c.Vars.Get("seen"); v != "+" || err != nil {
						t.Errorf("%q, %v", v, err)
					}
				case "set":
					if err != nil || len(d.Set) != 2 {
						t.Errorf("%+v, %v", d, err)
					}
				case "code":
					if !errors.Is(err, ErrCode) {
						t.Errorf("%v", err)
					}
				}
			}
		})
	}
	wg.Wait()
	if st := w.Modules()[0].Stats; st.Hooks != 16*200 || st.Instances > 2*runtime.GOMAXPROCS(0) {
		t.Errorf("stats: %+v", st)
	}
}
