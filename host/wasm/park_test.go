package wasm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
)

var built sync.Map

// sdkModule is a module of the SDK from testdata/guests, granted all it wants.
func sdkModule(tb testing.TB, name string, grants ...string) ModuleConfig {
	tb.Helper()
	b, ok := built.Load(name)
	if !ok {
		b, _ = built.LoadOrStore(name, wasmtest.BuildModule(tb, "testdata/guests/"+name))
	}
	return ModuleConfig{Name: "judge", Source: write(tb, b.([]byte)), Grants: grants}
}

// outcome is what Later brought.
type outcome struct {
	d   abi.Decision
	err error
}

// begin runs the start hook of a call that may wait.
func (w *world) begin(tb testing.TB, c *abi.Call) (m callcontrol.Module, later chan outcome, d abi.Decision, err error) {
	tb.Helper()
	m, err = w.Acquire("judge", c.ID)
	if err != nil {
		tb.Fatal(err)
	}
	later = make(chan outcome, 2)
	c.Later = func(d abi.Decision, err error) { later <- outcome{d, err} }
	d, err = m.Start(context.Background(), c)
	return m, later, d, err
}

// waited is the outcome of the start hook of a call that waits.
func (w *world) waited(tb testing.TB, c *abi.Call) outcome {
	tb.Helper()
	m, later, _, err := w.begin(tb, c)
	defer m.Release()
	if err != callcontrol.ErrPending {
		tb.Fatalf("%s: %v, want ErrPending", c.Callee, err)
	}
	return come(tb, "the decision about "+c.Callee, later)
}

// come waits for what comes on a channel.
func come[T any](tb testing.TB, what string, ch <-chan T) (v T) {
	tb.Helper()
	select {
	case v = <-ch:
	case <-time.After(20 * time.Second):
		tb.Fatalf("waited 20s for %s", what)
	}
	return v
}

// patient is a module with limits that a busy machine does not break.
func patient(mc ModuleConfig) ModuleConfig {
	mc.Limits.CPU, mc.Limits.ParkWait, mc.Limits.InstanceWait = 500*time.Millisecond, 10*time.Second, 10*time.Second
	mc.Limits.Instances = 1
	return mc
}

func TestHookWaits(t *testing.T) {
	w := newWorld(t, patient(sdkModule(t, "waits")))
	if m, _, _, err := w.begin(t, call("pass")); err != nil {
		t.Errorf("a hook that does not wait: %v", err)
	} else {
		m.Release()
	}
	c := call("twice")
	o := w.waited(t, c)
	if o.err != nil || o.d.Code != 486 || len(o.d.Headers) != 1 || o.d.Headers[0].Value != "1++" {
		t.Errorf("%+v, %v", o.d, o.err)
	}
	if len(o.d.Vars) != 2 || o.d.Vars[1] != (abi.Field{Name: "after", Value: "++"}) || string(o.d.State) != "ab" || string(c.State) != "a" {
		t.Errorf("variables %v, state %q, before %q", o.d.Vars, o.d.State, c.State)
	}
	if v, _ := c.Vars.Get("before"); v != "1" {
		t.Errorf("a variable set before the hook waited: %q", v)
	}
	if o := w.waited(t, call("set")); o.err != nil || len(o.d.Set) != 1 || o.d.Set[0].Value != "sip:carol@example.org" {
		t.Errorf("%+v, %v", o.d, o.err)
	}
	if o := w.waited(t, call("fail")); !errors.Is(o.err, ErrCode) || !strings.Contains(o.err.Error(), "no luck") {
		t.Errorf("%v", o.err)
	}
	if st := w.Modules()[0].Stats; st.Parked != 0 || st.Parks != 3 || st.Resumes != 4 || st.Traps != 0 || st.Instances != 1 {
		t.Errorf("stats: %+v", st)
	}
}

func TestInstanceIsFreeWhileHooksWait(t *testing.T) {
	w := newWorld(t, patient(sdkModule(t, "waits")))
	m, later, _, err := w.begin(t, call("nap"))
	defer m.Release()
	if err != callcontrol.ErrPending {
		t.Fatal(err)
	}
	for range 20 {
		m, _, _, err := w.begin(t, call("pass"))
		if err != nil {
			t.Fatalf("beside a hook that waits: %v", err)
		}
		m.Release()
	}
	if o := come(t, "the decision", later); o.err != nil {
		t.Error(o.err)
	}
}

func TestTrapFailsWhatWaits(t *testing.T) {
	mc := patient(sdkModule(t, "waits"))
	for _, crash := range []string{"crash", "panic", "loop", "block"} {
		t.Run(crash, func(t *testing.T) {
			w := newWorld(t, mc)
			var all []chan outcome
			for range 5 {
				m, later, _, err := w.begin(t, call("long"))
				defer m.Release()
				if err != callcontrol.ErrPending {
					t.Fatal(err)
				}
				all = append(all, later)
			}
			m, later, _, err := w.begin(t, call(crash))
			defer m.Release()
			if err == callcontrol.ErrPending {
				err = come(t, "the decision", later).err
			}
			if !errors.Is(err, ErrTrap) && !errors.Is(err, ErrDeadline) {
				t.Errorf("%v", err)
			}
			for _, later := range all {
				if o := come(t, "the end of a hook that waits", later); !errors.Is(o.err, ErrTrap) {
					t.Errorf("what waited there: %v", o.err)
				}
			}
			if st := w.Modules()[0].Stats; st.Parked != 0 {
				t.Errorf("stats: %+v", st)
			}
			if o := w.waited(t, call("set")); o.err != nil {
				t.Errorf("after it: %v", o.err)
			}
		})
	}
}

func TestWaitingIsBounded(t *testing.T) {
	mc := patient(sdkModule(t, "waits"))
	mc.Limits.Parked, mc.Limits.ParkedModule, mc.Limits.ParkWait = 4, 10, time.Second
	w := newWorld(t, mc)
	var all []chan outcome
	for i := range 11 {
		m, later, _, err := w.begin(t, call("long"))
		defer m.Release()
		switch {
		case i < 10 && err != callcontrol.ErrPending:
			t.Fatalf("call %d: %v", i, err)
		case i < 10:
			all = append(all, later)
		case !errors.Is(err, ErrWait):
			t.Fatalf("one too many: %v", err)
		}
	}
	if st := w.Modules()[0].Stats; st.Parked != 10 || st.Instances != 3 || st.ParkRefused != 1 {
		t.Errorf("stats: %+v, want 10 in 3 instances", st)
	}
	for _, later := range all {
		if o := come(t, "the end of the time to wait", later); !errors.Is(o.err, ErrWait) || !strings.Contains(o.err.Error(), "longer than 1s") {
			t.Errorf("%v", o.err)
		}
	}
	if st := w.Modules()[0].Stats; st.Expired != 10 {
		t.Errorf("stats: %+v", st)
	}
	if o := w.waited(t, call("set")); o.err != nil {
		t.Errorf("after it: %v", o.err)
	}
}

func TestCancel(t *testing.T) {
	w := newWorld(t, patient(sdkModule(t, "waits")))
	for range 100 {
		c := call("long")
		m, later, _, err := w.begin(t, c)
		if err != callcontrol.ErrPending {
			t.Fatal(err)
		}
		m.(callcontrol.Canceler).Cancel(c)
		*c = abi.Call{}
		m.Release()
		select {
		case o := <-later:
			t.Fatalf("Later after Cancel: %+v", o)
		default:
		}
	}
	if o := w.waited(t, call("set")); o.err != nil {
		t.Error(o.err)
	}
	for range 100 {
		if w.Modules()[0].Stats.Parked == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("stats: %+v", w.Modules()[0].Stats)
}

func TestEndHookWaits(t *testing.T) {
	w := newWorld(t, patient(sdkModule(t, "waits")))
	m, err := w.Acquire("judge", "1")
	if err != nil {
		t.Fatal(err)
	}
	later := make(chan outcome, 1)
	c := call("nap")
	c.Result = &abi.End{Disposition: abi.Answered}
	c.Later = func(d abi.Decision, err error) { later <- outcome{d, err} }
	if err := m.End(t.Context(), c); err != callcontrol.ErrPending {
		t.Fatal(err)
	}
	if o := come(t, "the decision", later); o.err != nil {
		t.Error(o.err)
	}
	m.Release()
	c.Later = nil
	m, _ = w.Acquire("judge", "1")
	defer m.Release()
	if err := m.End(t.Context(), c); !errors.Is(err, ErrWait) {
		t.Errorf("where nothing may wait: %v", err)
	}
}

// Reload and Close while hooks wait: they end in their own generation.
func TestSwapWhileHooksWait(t *testing.T) {
	mc := patient(sdkModule(t, "waits"))
	w := newWorld(t, mc)
	m, later, _, err := w.begin(t, call("nap"))
	if err != callcontrol.ErrPending {
		t.Fatal(err)
	}
	mc.Config = []byte(`{"another": 1}`)
	if err := w.Reload([]ModuleConfig{mc}); err != nil {
		t.Fatal(err)
	}
	if o := come(t, "the decision", later); o.err != nil {
		t.Error(o.err)
	}
	m.Release()
}

func TestManyWaitAtOnce(t *testing.T) {
	mc := patient(sdkModule(t, "waits"))
	mc.Limits.Instances = 4
	w := newWorld(t, mc)
	var wg sync.WaitGroup
	for i := range 400 {
		wg.Go(func() {
			c := call([]string{"nap", "twice", "set", "pass", "long"}[i%5])
			c.ID = fmt.Sprint(i)
			m, later, _, err := w.begin(t, c)
			defer m.Release()
			switch {
			case err == nil && c.Callee == "pass":
			case err != callcontrol.ErrPending:
				t.Errorf("%s: %v", c.Callee, err)
			case c.Callee == "long":
				m.(callcontrol.Canceler).Cancel(c)
				*c = abi.Call{}
			default:
				select {
				case o := <-later:
					if o.err != nil {
						t.Errorf("%s: %v", c.Callee, o.err)
					}
				case <-time.After(20 * time.Second):
					t.Errorf("%s: waited 20s for the decision", c.Callee)
				}
			}
		})
	}
	wg.Wait()
}
