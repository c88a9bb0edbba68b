package workbench

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/manifest"
	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
)

var update = flag.Bool("update", false, "write the expected parts of testdata/*.txtar from what the first guest does")

// guest is a module that make guests builds. Without it the test is skipped, unless it is
// make that runs it.
func guest(t testing.TB, name string) string {
	t.Helper()
	file := filepath.Join("..", "..", "sdk", "guests", name+".wasm")
	if _, err := os.Stat(file); err != nil {
		if os.Getenv("GUESTS") != "" || os.Getenv("CI") != "" {
			t.Fatalf("%v: run make guests", err)
		}
		t.Skipf("SKIPPED: no guest %s: run make guests (clang, lld, rustc with its wasm32 library, npm)", name)
	}
	return file
}

var languages = []string{"go", "c", "rust", "assemblyscript"}

// One script, four languages: frame by frame they decide, set, log and refuse the same.
func TestLanguagesDoTheSame(t *testing.T) {
	for _, language := range languages {
		t.Run(language, func(t *testing.T) {
			check(t, "testdata/callforward.txtar", guest(t, "callforward-"+language), language == "go")
		})
	}
}

func TestBlacklist(t *testing.T) { check(t, "testdata/blacklist.txtar", guest(t, "blacklist-c"), true) }

// BenchmarkBlacklist is the C example with 8,000 prefixes: go test ./host/workbench -bench Blacklist.
func BenchmarkBlacklist(b *testing.B) {
	prefixes := make([]string, 8000)
	for i := range prefixes {
		prefixes[i] = fmt.Sprintf("%05d", 10_000+i*7%90_000)
	}
	config, err := json.Marshal(map[string]any{"blocked": prefixes})
	if err != nil {
		b.Fatal(err)
	}
	bench, err := Open(Options{File: guest(b, "blacklist-c"), Config: string(config), Instances: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer bench.Close()
	for _, c := range []struct {
		name, caller string
		code         int
	}{{"hit", "+10007555", 603}, {"miss", "alice", 0}} {
		b.Run(c.name, func(b *testing.B) {
			call := newCall(1)
			enter(call, abi.EventStart, time.Now())
			call.Caller = c.caller
			for b.Loop() {
				if d, err := bench.run(b.Context(), call); err != nil || d.Code != c.code {
					b.Fatalf("%+v, %v", d, err)
				}
			}
		})
	}
}

func check(t *testing.T, script, module string, first bool) {
	t.Helper()
	if n := runScript(t, script, module, false, first); n < 6 {
		t.Errorf("%d hooks ran", n)
	}
}

// checkBoth runs a script twice: a module must not see whether the store answers at once.
func checkBoth(t *testing.T, script, module string, first bool) {
	t.Helper()
	runScript(t, script, module, false, first)
	runScript(t, script, module, true, false)
}

func runScript(t *testing.T, script, module string, distant, first bool) (hooks int) {
	t.Helper()
	s, err := ReadScript(script)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.run(t.Context(), module, distant, *update && first)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range r.Differences {
		t.Errorf("%s, distant store %t: got\n%swant\n%s", d.Section, distant, d.Got, d.Want)
	}
	return r.Hooks
}

// A frame as large as the host gives, and one it does not: every SDK grows its buffer.
func TestLargeFrames(t *testing.T) {
	for _, language := range languages {
		t.Run(language, func(t *testing.T) {
			b, err := Open(Options{File: guest(t, "callforward-"+language), Config: `{"forward": ["1001=sip:carol@example.net"]}`})
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			for _, n := range []int{10, 100 << 10, 200 << 10, 10, 300 << 10, 10} {
				c := newCall(1)
				enter(c, abi.EventStart, time.Now())
				c.Callee, c.From = "1001", strings.Repeat("x", n)
				d, err := b.hook(t.Context(), c)
				if n < 256<<10 && (err != nil || len(d.Set) != 1) || n > 256<<10 && err == nil {
					t.Errorf("frame of %d bytes: %+v, %v", n, d, err)
				}
			}
		})
	}
}

// What a foreign guest says of its place is checked by the host; here a long value has to
// come through whole.
func TestLongHeader(t *testing.T) {
	for _, language := range languages {
		t.Run(language, func(t *testing.T) {
			b, err := Open(Options{File: guest(t, "callforward-"+language), Config: `{"forward": ["1001=sip:carol@example.net"]}`})
			if err != nil {
				t.Fatal(err)
			}
			defer b.Close()
			c := newCall(1)
			enter(c, abi.EventStart, time.Now())
			by := strings.Repeat("gateway", 500)
			c.Callee, c.Message = "1001", &message{fields: []abi.Field{{Name: "X-Forwarded-By", Value: by}}}
			if _, err := b.hook(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			if v, _ := c.Vars.Get("forward_loop"); v != by {
				t.Errorf("forward_loop has %d bytes, want %d", len(v), len(by))
			}
		})
	}
}

func TestMeasure(t *testing.T) {
	file := guest(t, "callforward-c")
	s, err := ReadScript("testdata/callforward.txtar")
	if err != nil {
		t.Fatal(err)
	}
	ms, err := Measure(t.Context(), Options{File: file}, s, 20*time.Millisecond)
	if err != nil || len(ms) != 3 {
		t.Fatalf("%v, %v", ms, err)
	}
	for _, m := range ms {
		if m.PerHook <= 0 || m.P50 <= 0 || m.P99 < m.P50 || m.Fuel == 0 || m.PerSecond() == 0 {
			t.Errorf("%+v", m)
		}
	}
	if _, err := Memory(Options{File: file}); err != nil {
		t.Error(err)
	}
}

func TestInspect(t *testing.T) {
	in, err := Inspect(t.Context(), Options{File: guest(t, "callforward-c")}, nil)
	if err != nil || in.Refused != nil || in.Unmeasured != nil {
		t.Fatalf("%+v, %v", in, err)
	}
	if in.Manifest.Name != "callforward" || in.NotCopied != "" || len(in.Hooks) != 3 || strings.Join(in.Imports, " ") != "sbc.get sbc.log sbc.state_get sbc.state_set sbc.var_get sbc.var_set" {
		t.Errorf("%+v", in)
	}
	bare := filepath.Join(t.TempDir(), "bare.wasm")
	if err := os.WriteFile(bare, (&wasmtest.Module{Memory: 2}).Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	if in, err = Inspect(t.Context(), Options{File: bare}, nil); err != nil || in.Refused == nil || in.Memory != 2<<16 {
		t.Errorf("a module without a manifest: %+v, %v", in, err)
	}
	if err := os.WriteFile(bare, []byte("MZ"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err = Inspect(t.Context(), Options{File: bare}, nil); err == nil {
		t.Error("what is no module is inspected")
	}
}

func TestMistakesInScripts(t *testing.T) {
	wasm, err := manifest.Embed((&wasmtest.Module{Memory: 2}).Bytes(), &manifest.Manifest{Name: "bare", Version: "1", Contract: 1, Hooks: []string{"start"}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	module := filepath.Join(dir, "bare.wasm")
	if err := os.WriteFile(module, wasm, 0o644); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"nothing":                         "no sections",
		"-- expect --\n":                  "without an event",
		"-- strat --\n":                   "section 1, strat",
		"-- config --\n{}\n-- start --\n": "no export sbc_",
		"-- start --\n":                   "no export sbc_",
		"-- config --\n{}\n-- expect --\nloads\n": "",
	} {
		file := filepath.Join(dir, "x.txtar")
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := ReadScript(file)
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Run(t.Context(), module, false)
		switch {
		case want == "" && (err != nil || len(r.Differences) != 1 || !strings.HasPrefix(r.Differences[0].Got, "refuses to load: check:")):
			t.Errorf("%q: %+v, %v", text, r, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: %v, want something about %q", text, err, want)
		}
	}
	c := newCall(1)
	for _, f := range []abi.Field{{Name: "colour", Value: "red"}, {Name: "status", Value: "many"}, {Name: "source", Value: "here"}, {Name: "code", Value: "200"}} {
		if err := assign(c, f.Name, f.Value); err == nil {
			t.Errorf("%s: %s passes", f.Name, f.Value)
		}
	}
	if _, err := fields("no colon\n"); err == nil {
		t.Error("a line without colon passes")
	}
}
