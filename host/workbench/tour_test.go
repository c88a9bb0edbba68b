package workbench

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/contract"
	"github.com/sallyport-sbc/sallyport/host/wasm"
)

// One tour of all there is, four languages, two kinds of stores: all log, decide and set the same.
func TestTour(t *testing.T) {
	for _, language := range languages {
		t.Run(language, func(t *testing.T) {
			checkBoth(t, "testdata/tour.txtar", guest(t, "tour-"+language), language == "go")
		})
	}
}

// What the tour's script expects, each language does. So each calls every function of the
// host with success and with a code, and hears of every event.
func TestTourSeesAll(t *testing.T) {
	s, err := ReadScript("testdata/tour.txtar")
	if err != nil {
		t.Fatal(err)
	}
	good, bad, hooks := map[string]bool{"sbc_metric.define": true}, map[string]bool{}, map[string]bool{}
	for _, f := range s.archive.Files {
		hooks[f.Name] = true
		if f.Name != "expect" {
			continue
		}
		for line := range strings.Lines(string(f.Data)) {
			words := strings.Fields(line)
			if len(words) < 4 || words[0] != "log" {
				continue
			}
			if words[3] == "OK" {
				good[words[2]] = true
			} else {
				bad[words[2]] = true
			}
		}
	}
	// What cannot go wrong in a hook that is up, and what TestDefine, TestNothingBehind and TestComplete show.
	for _, name := range []string{"sbc.log", "sbc.now", "sbc.monotonic", "sbc.state_get", "sbc.sleep", "sbc_metric.define", "sbc_limit.release"} {
		bad[name] = true
	}
	good["sbc.complete"], bad["sbc.complete"] = true, true
	for _, f := range contract.Imports {
		name := f.Module + "." + f.Name
		if f.State == contract.Provided && (!good[name] || !bad[name]) {
			t.Errorf("%s: seen to succeed %t, to fail %t", name, good[name], bad[name])
		}
	}
	for _, e := range contract.Events {
		if !hooks[e.Name] {
			t.Errorf("no hook %s", e.Name)
		}
	}
}

// Where there is nothing behind a capability, every function of it says so, in every language.
func TestNothingBehind(t *testing.T) {
	for _, language := range languages {
		t.Run(language, func(t *testing.T) {
			b, err := Open(Options{File: guest(t, "tour-"+language), Instances: 1, bare: true})
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			seen := map[string]bool{}
			for _, callee := range []string{"kv", "limit", "account", "web", "redis", "call"} {
				c := newCall(1)
				enter(c, abi.EventStart, time.Now())
				c.Callee = callee
				if _, err := b.hook(t.Context(), c); err != nil {
					t.Fatal(err)
				}
				for _, line := range b.said.take() {
					words := strings.Fields(line)
					if len(words) == 4 && words[3] == "UNSUPPORTED" {
						seen[words[2]] = true
					}
				}
			}
			for _, f := range contract.Imports {
				switch f.Module {
				case "sbc_kv", "sbc_limit", "sbc_account", "sbc_http", "sbc_redis", "sbc_call":
					if !seen[f.Module+"."+f.Name] {
						t.Errorf("%s.%s does not say that it is unsupported", f.Module, f.Name)
					}
				}
			}
		})
	}
}

// A metric of another kind is refused with its code, in every language.
func TestDefine(t *testing.T) {
	for _, language := range languages {
		t.Run(language, func(t *testing.T) {
			b := openTour(t, language)
			if said := strings.Join(b.began, "\n"); !strings.Contains(said, "log info: sbc_metric.define OK\nlog info: sbc_metric.define CONFLICT") {
				t.Errorf("said %q", said)
			}
		})
	}
}

func openTour(t *testing.T, language string) *Bench {
	t.Helper()
	b, err := Open(Options{File: guest(t, "tour-"+language), Instances: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// One hook decides for another that waits, in the languages whose hooks wait by a state machine.
func TestComplete(t *testing.T) {
	for _, language := range []string{"c", "rust", "assemblyscript"} {
		t.Run(language, func(t *testing.T) {
			b := openTour(t, language)
			call := func(callee string) *abi.Call {
				c := newCall(1)
				enter(c, abi.EventStart, time.Now())
				c.ID, c.Callee = callee, callee
				return c
			}
			parked := make(chan abi.Decision, 1)
			waiting := call("park")
			waiting.Later = func(d abi.Decision, err error) {
				if err != nil {
					t.Error(err)
				}
				parked <- d
			}
			if _, err := b.run(t.Context(), waiting); err == nil {
				t.Fatal("the hook does not wait")
			}
			if _, err := b.hook(t.Context(), call("complete")); err != nil {
				t.Fatal(err)
			}
			select {
			case d := <-parked:
				if d.Code != 486 || d.Reason != "Busy" {
					t.Errorf("decided %+v", d)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("nobody decided")
			}
			if said := strings.Join(b.said.take(), "\n"); said != "log info: sbc.complete OK\nlog info: sbc.complete CALL_GONE" {
				t.Errorf("said %q", said)
			}
		})
	}
}

// State of an older version is made over, of an unknown one not; a self test that fails refuses the module.
func TestMigrateAndSelfTest(t *testing.T) {
	for _, language := range languages {
		t.Run(language, func(t *testing.T) {
			g, ok := openTour(t, language).module.(*wasm.Generation)
			if !ok {
				t.Fatal("no generation")
			}
			if st := g.Status(); st.State != 3 {
				t.Errorf("state version %d", st.State)
			}
			if b, err := g.Migrate(2, []byte("kept")); err != nil || string(b) != "3:kept" {
				t.Errorf("of version 2: %q, %v", b, err)
			}
			if _, err := g.Migrate(1, []byte("kept")); !errors.Is(err, wasm.ErrMigrate) {
				t.Errorf("of version 1: %v", err)
			}
			_, err := Open(Options{File: guest(t, "tour-"+language), Config: `{"fail": "no table"}`})
			if !errors.Is(err, wasm.ErrSelfTest) || !strings.Contains(err.Error(), "no table") {
				t.Errorf("a self test that fails: %v", err)
			}
		})
	}
}
