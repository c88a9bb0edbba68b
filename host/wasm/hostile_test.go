package wasm

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
)

// misbehaviour is what a guest does, and how its hook must end.
var misbehaviour = []struct {
	what   string
	err    error
	said   string // in the error's text
	thrown bool   // the instance is thrown away
}{
	{"loop", ErrDeadline, "processor time", true},
	{"hostloop", ErrDeadline, "processor time", true},
	{"printloop", ErrDeadline, "processor time", true},
	{"sleep", ErrDeadline, "processor time", true},
	{"panic", ErrTrap, "panic: runtime error: index out of range [1005] with length 0", true},
	{"nil", ErrTrap, "panic: runtime error: invalid memory address or nil pointer dereference", true},
	{"exit", ErrTrap, "exit with status 3", true},
	{"eat", nil, "", true}, // out of memory or of time, whichever comes first
	{"recurse", nil, "", true},
	{"garbage", ErrGarbage, "decision", true},
	{"outside", ErrGarbage, "decision", true},
	{"oversized", ErrGarbage, "16385 bytes of answer", true},
	{"huge", ErrGarbage, "bytes of answer", true},
	{"pending", ErrGarbage, "parked", true},
	{"strange", ErrGarbage, "status 77", true},
	{"newline", ErrGarbage, "decision", true},
	{"code", ErrCode, "BUSY", false},
}

// TestMisbehaviour: the hook fails with module, hook and call named, its instance is gone, and the next call is
// served as if nothing had been.
func TestMisbehaviour(t *testing.T) {
	mc := goModule(t)
	mc.Limits = Limits{Memory: 24 << 20, CPU: 5 * time.Millisecond}
	w := newWorld(t, mc)
	made := w.Modules()[0].Stats.Made
	pool := &(*w.slots.Load())["judge"].stable().pool
	for _, c := range misbehaviour {
		pool.mu.Lock()
		pool.tokens = 8 // more than the remake rate would allow
		pool.mu.Unlock()
		began := time.Now()
		d, err := w.start(t, call(c.what))
		took := time.Since(began)
		var e *HookError
		if !errors.As(err, &e) || e.Module != "judge" || e.Hook != abi.EventStart || e.Call != "call-"+c.what || len(e.Generation) != 12 {
			t.Fatalf("%s: %+v, %v", c.what, d, err)
		}
		if c.err != nil && !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.said) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want %v with %q", c.what, err, c.err, c.said)
		}
		if errors.Is(err, ErrHost) {
			t.Errorf("%s is a fault in the host: %v\n%s", c.what, err, e.Trace)
		}
		if d.Refused() || d.Set != nil {
			t.Errorf("%s: a decision in spite of the error: %+v", c.what, d)
		}
		if took > 10*time.Second {
			t.Errorf("%s took %v", c.what, took)
		}
		if d, err := w.start(t, call("refuse")); err != nil || d.Code != 603 {
			t.Fatalf("the call after %s: %+v, %v", c.what, d, err)
		}
		t.Logf("%s: %v (%v)", c.what, err, took)
	}
	w.tasks.wait() // instances made again
	st := w.Modules()[0].Stats
	if got := st.Made - made; got < 10 {
		t.Errorf("%d instances made again: %+v", got, st)
	}
	if st.Deadlines < 3 || st.Traps < 3 || st.Garbage != 7 || st.Codes != 1 {
		t.Errorf("stats: %+v", st)
	}
}

// TestOutOfMemory: the limit of memory ends a guest that has the time to reach it, and says so.
func TestOutOfMemory(t *testing.T) {
	mc := goModule(t)
	mc.Limits.Memory, mc.Limits.CPU = 24<<20, 20*time.Second
	w := newWorld(t, mc)
	if _, err := w.start(t, call("eat")); !errors.Is(err, ErrTrap) || !strings.Contains(err.Error(), "out of memory") {
		t.Errorf("%v", err)
	}
	if d, err := w.start(t, call("refuse")); err != nil || d.Code != 603 {
		t.Errorf("the call after it: %+v, %v", d, err)
	}
}

func TestPointersThatAreNone(t *testing.T) {
	w := newWorld(t, goModule(t))
	if _, err := w.start(t, call("poke")); err != nil {
		t.Error(err)
	}
}

func TestPanicInTheHost(t *testing.T) {
	w := newWorld(t, goModule(t))
	c := call("pull")
	c.Message = brokenMessage{}
	if _, err := w.start(t, c); !errors.Is(err, ErrHost) || !strings.Contains(err.Error(), "call-pull") {
		t.Errorf("panic in a function of the host: %v", err)
	}
	if d, err := w.start(t, call("refuse")); err != nil || d.Code != 603 {
		t.Errorf("the call after it: %+v, %v", d, err)
	}
}

type brokenMessage struct{ abi.Message }

func TestLogFlood(t *testing.T) {
	mc := goModule(t)
	mc.Limits.LogRate, mc.Limits.CPU = 10, time.Second
	w := newWorld(t, mc)
	if _, err := w.start(t, call("flood")); err != nil {
		t.Fatal(err)
	}
	lines := strings.Count(w.log.String(), "module says")
	if lines < 10 || lines > 30 {
		t.Errorf("%d lines", lines)
	}
	if longest := strings.Repeat("x", 1025); strings.Contains(w.log.String(), longest) {
		t.Error("a line longer than MaxLog")
	}
	if st := w.Modules()[0].Stats; st.LogDropped < 9_000 {
		t.Errorf("dropped lines are not counted: %+v", st)
	}
}

func TestGrownInstanceIsReplaced(t *testing.T) {
	mc := goModule(t)
	mc.Limits.Memory, mc.Limits.SoftMemory, mc.Limits.CPU = 64<<20, 8<<20, 100*time.Millisecond
	w := newWorld(t, mc)
	if _, err := w.start(t, call("grow")); err != nil {
		t.Fatal(err)
	}
	if st := w.Modules()[0].Stats; st.Recycled != 1 || st.Traps != 0 {
		t.Errorf("stats: %+v", st)
	}
}

// TestOthersLive: while guests loop and trap, another module's calls go on, and the process collects garbage: beside a
// guest that cannot be interrupted the first collection would not end.
func TestOthersLive(t *testing.T) {
	mc := goModule(t)
	mc.Limits.Instances, mc.Limits.InstanceWait = 4, 5*time.Second
	w := newWorld(t, mc, other(t))
	good, err := w.Acquire("other", "1")
	if err != nil {
		t.Fatal(err)
	}
	defer good.Release()
	var wg sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	for _, what := range []string{"loop", "panic"} {
		wg.Go(func() {
			for ctx.Err() == nil {
				w.start(t, call(what))
			}
		})
	}
	var worst time.Duration
	for range 5 {
		began := time.Now()
		runtime.GC()
		worst = max(worst, time.Since(began))
		for range 50 {
			if d, err := good.Start(t.Context(), call("refuse")); err != nil || d.Code != 603 {
				t.Errorf("%+v, %v", d, err)
			}
		}
	}
	cancel()
	wg.Wait()
	t.Logf("longest collection beside looping guests: %v", worst)
}

func other(tb testing.TB) ModuleConfig {
	mc := goModule(tb)
	mc.Name = "other"
	return mc
}

// TestLoopUnderAStandingClock: a guest's time is the processor's, not that of package time.
func TestLoopUnderAStandingClock(t *testing.T) {
	w := newWorld(t, goModule(t))
	synctest.Test(t, func(t *testing.T) {
		for _, what := range []string{"loop", "sleep"} {
			if _, err := w.start(t, call(what)); !errors.Is(err, ErrDeadline) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if d, err := w.start(t, call("refuse")); err != nil || d.Code != 603 {
			t.Errorf("%+v, %v", d, err)
		}
	})
}

// TestBound: no more hooks than instances at one time; who waits too long is told so.
func TestBound(t *testing.T) {
	mc := goModule(t)
	mc.Limits.Instances, mc.Limits.InstanceWait, mc.Limits.CPU = 1, time.Millisecond, 100*time.Millisecond
	w := newWorld(t, mc)
	g := (*w.slots.Load())["judge"].stable()
	in, err := g.pool.get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.start(t, call("pass")); !errors.Is(err, ErrBusy) {
		t.Errorf("second hook: %v, want %v", err, ErrBusy)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.pool.get(ctx); !errors.Is(err, ErrBusy) || !errors.Is(err, context.Canceled) {
		t.Errorf("hook whose context is done: %v", err)
	}
	g.pool.patience = time.Minute
	got := make(chan error, 1)
	go func() {
		_, err := w.start(t, call("pass"))
		got <- err
	}()
	late := time.Now().Add(20 * time.Second)
	for waiting := 0; waiting == 0; runtime.Gosched() {
		if time.Now().After(late) {
			t.Fatal("no hook waits for an instance")
		}
		g.pool.mu.Lock()
		waiting = len(g.pool.waiters)
		g.pool.mu.Unlock()
	}
	g.pool.put(in)
	if err := come(t, "the hook that waits for an instance", got); err != nil {
		t.Errorf("hook that waited: %v", err)
	}
	if st := w.Modules()[0].Stats; st.Busy != 2 || st.Instances != 1 || st.Made != 1 {
		t.Errorf("stats: %+v", st)
	}
}

// TestEndWaitsLonger: the hook for the end of a call outlasts a time in which others are told that no instance is free.
func TestEndWaitsLonger(t *testing.T) {
	mc := cdrModule(t)
	mc.Limits.Instances, mc.Limits.InstanceWait = 1, 200*time.Millisecond
	h, err := New(Config{
		Modules: []ModuleConfig{mc}, CacheDir: cacheDir(),
		CDR: func(string, []byte) (Sink, error) { return nowhere{}, nil }, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	m, err := h.Acquire("judge", "1")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Release()
	pool := &m.(*Generation).pool
	in, err := pool.get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- m.End(t.Context(), benchEnd()) }()
	for late := time.Now().Add(10 * time.Second); pool.snapshot().Busy < 2 && time.Now().Before(late); {
		runtime.Gosched()
	}
	pool.put(in)
	if err := come(t, "the end hook", ended); err != nil {
		t.Error(err)
	}
}

// TestFailingInstancesAreNotMadeForEver: a module that traps in every call gets no more processor time than the
// remake rate allows.
func TestFailingInstancesAreNotMadeForEver(t *testing.T) {
	w := newWorld(t, tinyModule(t, func(m *wasmtest.Module) { m.Funcs[3].Code = wasmtest.Trap() }))
	w.generation().pool.rate = remakeRate // a busy machine may need longer for a call than copies are apart
	for range 1000 {
		_, err := w.start(t, call("x"))
		if errors.Is(err, ErrBusy) {
			if !strings.Contains(err.Error(), "faster than they are made") {
				t.Error(err)
			}
			return
		}
	}
	t.Errorf("1000 instances made in a row: %+v", w.Modules()[0].Stats)
}
