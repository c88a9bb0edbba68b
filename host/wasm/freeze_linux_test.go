package wasm

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sys/unix"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/manifest"
	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/wasm/meter"
	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
)

// unfreeze makes instances start by themselves, each, from now on.
func (w *world) unfreeze(tb testing.TB) {
	tb.Helper()
	g := w.generation()
	file, err := w.config.read(g.source)
	if err != nil {
		tb.Fatal(err)
	}
	_, info, err := meter.Rewrite(file.wasm, meter.Limits{MemoryPages: g.limits.pages()})
	if err != nil {
		tb.Fatal(err)
	}
	if g.frozen == nil || info.Image == nil {
		tb.Fatalf("not frozen: %s", g.alone)
	}
	g.frozen.file.Close()
	g.frozen, g.image, g.alone = nil, info.Image, "a test wants it so"
	g.pool.mu.Lock()
	idle := g.pool.free
	g.pool.free, g.pool.live, g.pool.tokens = nil, g.pool.live-len(idle), 100
	g.pool.mu.Unlock()
	for _, in := range idle {
		in.close()
	}
}

// candidate is a module that must behave the same however its instances come about.
type candidate struct {
	name, config string
	params       []abi.Field
	wasm         func(testing.TB) []byte
}

func candidates() []candidate {
	all := []candidate{
		{name: "calltimer", params: []abi.Field{{Name: "timer", Value: "90"}}},
		{name: "ctl", config: `{"keys": ["*"], "interfaces": ["public"]}`},
		{name: "blacklist", config: `{"exact": ["mallory"], "prefixes": ["+900", "0190"]}`, params: []abi.Field{{Name: "caller", Value: "alice"}, {Name: "callee", Value: "+9001"}}},
		{name: "ratelimit", params: []abi.Field{{Name: "key", Value: "a"}, {Name: "rate", Value: "1"}, {Name: "burst", Value: "2"}}},
		{name: "parallelcalls", params: []abi.Field{{Name: "user", Value: "alice"}, {Name: "trunk", Value: "t"}, {Name: "max", Value: "2"}}},
		{name: "prepaid", params: []abi.Field{{Name: "account", Value: "alice"}, {Name: "tariff", Value: "0.02 60/6 0.05"}}},
		{name: "failover", params: []abi.Field{{Name: "486", Value: "sip:voicemail@192.0.2.10"}}},
		{name: "cdr", config: `{"file": "calls.cdr"}`},
		{name: "rest", params: []abi.Field{{Name: "url", Value: "URL/ok/"}}},
	}
	for i, c := range all {
		all[i].wasm = func(tb testing.TB) []byte { return wasmtest.BuildModule(tb, "../../plugins/"+c.name) }
	}
	forward := `{"forward": ["1001=sip:carol@example.net"], "barred": ["+1900"], "longest": 3600}`
	for _, name := range []string{"callforward-go", "callforward-c", "callforward-rust", "callforward-assemblyscript"} {
		all = append(all, candidate{name: name, config: forward, wasm: guest(name)})
	}
	for _, name := range []string{"lookup-c", "lookup-rust", "lookup-assemblyscript"} {
		all = append(all, candidate{name: name, config: `{"url": "URL/ok/"}`, wasm: guest(name)})
	}
	return append(all, candidate{name: "blacklist-c", config: `{"prefixes": ["+1900", "10"]}`, wasm: guest("blacklist-c")})
}

// guest is an example of the SDKs, which make builds where there are compilers for it.
func guest(name string) func(testing.TB) []byte {
	return func(tb testing.TB) []byte {
		b, err := os.ReadFile("../../sdk/guests/" + name + ".wasm")
		if errors.Is(err, fs.ErrNotExist) && os.Getenv("GUESTS") == "" && os.Getenv("CI") == "" {
			tb.Skipf("SKIPPED: no guest %s: run make guests", name)
		}
		if err != nil {
			tb.Fatal(err)
		}
		return b
	}
}

// TestFrozenBehavesAsFresh gives the same hooks to two hosts, of which one makes every instance by a start of its own.
func TestFrozenBehavesAsFresh(t *testing.T) {
	for _, c := range candidates() {
		t.Run(c.name, func(t *testing.T) {
			wasm := c.wasm(t)
			m, err := manifest.Read(wasm)
			if err != nil {
				t.Fatal(err)
			}
			path := write(t, wasm)
			url := hostileWeb(t)
			params := slices.Clone(c.params)
			for i := range params {
				params[i].Value = strings.ReplaceAll(params[i].Value, "URL", url)
			}
			load := func() *everything {
				e := newEverything(t, patient(ModuleConfig{
					Name: "judge", Source: path, Config: []byte(strings.ReplaceAll(c.config, "URL", url)), Grants: append([]string{}, m.Capabilities...),
					HTTP:  HTTPGrant{Allow: []string{url + "/ok/"}, Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
					Redis: RedisGrant{Commands: []string{"GET"}, Prefix: "tck:"}, Quota: store.Quota{Keys: 100},
				}))
				if _, err := e.store.Deposit(t.Context(), "alice", "1", 1e9); err != nil {
					t.Fatal(err)
				}
				return e
			}
			frozen, fresh := load(), load()
			if st := frozen.Modules()[0]; st.NotCopied != "" {
				t.Fatalf("not frozen: %s", st.NotCopied)
			}
			fresh.unfreeze(t)
			if st := fresh.Modules()[0]; st.NotCopied == "" {
				t.Fatal("frozen in spite of all")
			}
			for i := range 3 {
				got, want := frozen.tour(t, i, params), fresh.tour(t, i, params)
				if !reflect.DeepEqual(got, want) {
					t.Errorf("call %d\nfrozen: %s\nfresh:  %s", i, strings.Join(got, "\n        "), strings.Join(want, "\n        "))
				}
				if len(got) == 0 {
					t.Error("no hook ran")
				}
			}
			if !slices.Equal(frozen.records.lines, fresh.records.lines) {
				t.Errorf("records\nfrozen: %s\nfresh:  %s", frozen.records.lines, fresh.records.lines)
			}
		})
	}
}

// tour takes one call through all events, and writes down what became of each.
func (w *world) tour(tb testing.TB, i int, params []abi.Field) (all []string) {
	tb.Helper()
	m, err := w.Acquire("judge", "1")
	if err != nil {
		tb.Fatal(err)
	}
	defer m.Release()
	c := call("1001")
	c.ID, c.Params = fmt.Sprint("tour-", i), params
	c.Message = control{}
	later := make(chan outcome, 1)
	for e := abi.EventStart; e <= abi.EventEnd; e++ {
		if m.Events()&abi.Bit(e) == 0 || e == abi.EventTick || e == abi.EventStop {
			continue
		}
		c.Event, c.Later = e, func(d abi.Decision, err error) { later <- outcome{d, err} }
		c.Side, c.Status, c.Phrase, c.Target, c.Detail = "b", 486, "Busy Here", "sip:b@example.net", "5"
		if e > abi.EventStart {
			c.Connect = c.Start.Add(2 * time.Second)
		}
		if e == abi.EventEnd {
			c.End = c.Start.Add(62 * time.Second)
			c.Result = &abi.End{Disposition: abi.Answered, Code: 200, Modules: []string{"judge"}}
		}
		d, err := m.(*Generation).Event(tb.Context(), c)
		if err == callcontrol.ErrPending {
			select {
			case o := <-later:
				d, err = o.d, o.err
				for _, f := range d.Vars {
					if err := c.Vars.Set(f.Name, f.Value); err != nil {
						tb.Fatal(err)
					}
				}
				if d.State != nil {
					c.State = d.State
				}
			case <-time.After(20 * time.Second):
				tb.Fatalf("%s: no decision", e)
			}
		}
		said := ""
		if err != nil {
			// The generations have the same name; what it is does not matter.
			said = errors.Unwrap(err).Error()
		}
		all = append(all, fmt.Sprintf("%s: %+v, %q, variables %v, state %q", e, d, said, maps.Collect(c.Vars.All()), c.State))
	}
	return all
}

// TestFreshConforms: what TestConformance asks of copies, instances do that start by themselves.
func TestFreshConforms(t *testing.T) {
	e := withEverything(t, "tck", nil)
	e.unfreeze(t)
	e.base(t, strings.TrimSuffix(e.generation().source.HTTP.Allow[0], "/ok/"))
	conformance(t, e)
}

// TestCopiesDrawTheirOwnNumbers: what the SDK offers is never the same in two instances; what was drawn at the start is.
func TestCopiesDrawTheirOwnNumbers(t *testing.T) {
	w := newWorld(t, sdkModule(t, "random"))
	g := w.generation()
	seen := make(map[string]bool)
	var first string
	for range 4 {
		in, err := g.instantiate()
		if err != nil {
			t.Fatal(err)
		}
		defer in.close()
		for range 2 {
			c := call("x")
			c.Event = abi.EventStart
			var d abi.Decision
			if err := in.run(c, &d); err != nil {
				t.Fatal(err)
			}
			v, _ := c.Vars.Get("hook")
			if seen[v] || v == "" {
				t.Errorf("%q twice", v)
			}
			seen[v] = true
			atStart, _ := c.Vars.Get("init")
			if first == "" {
				first = atStart
			}
			if atStart != first {
				t.Errorf("drawn at the start: %q and %q", atStart, first)
			}
		}
	}
}

// counting is a module that adds 1 to a global variable and to a byte of its third page at each hook, and sends them
// as the code of its decision; grows is what it adds to its memory then.
func counting(tb testing.TB, grows int32) ModuleConfig {
	return tinyModule(tb, func(m *wasmtest.Module) {
		const store32, store64, load8, store8 = 0x36, 0x37, 0x2d, 0x3a
		m.Memory, m.Data = 3, "x"
		m.Globals = []wasmtest.Global{{Type: wasmtest.I64, Mutable: true, Init: wasmtest.ConstI64(100)}}
		m.Funcs[2].Code = wasmtest.Code(0x23, 0, wasmtest.ConstI64(100), 0x7c, 0x24, 0, // the global is 200 at the start
			wasmtest.ConstI32(131072), wasmtest.ConstI32(200), store8, 0, 0, wasmtest.ConstI32(0))
		at := wasmtest.Code(wasmtest.Get(2), wasmtest.ConstI32(7+65536), 0x6a, wasmtest.ConstI32(-8), 0x71)
		m.Funcs[3].Code = wasmtest.Code(
			wasmtest.ConstI32(grows), 0x40, 0, 0x1a,
			0x23, 0, wasmtest.ConstI64(1), 0x7c, 0x24, 0,
			wasmtest.ConstI32(131072), wasmtest.ConstI32(131072), load8, 0, 0, wasmtest.ConstI32(1), 0x6a, store8, 0, 0,
			at, wasmtest.ConstI32(24), store32, 0, 0,
			at, wasmtest.ConstI32(2<<16), store32, 0, 4,
			at, wasmtest.ConstI64(1), store64, 0, 8,
			at, 0x23, 0, wasmtest.ConstI32(131072), load8, 0, 0, 0xad, 0x7c, store64, 0, 16, // their sum
			wasmtest.ConstI64(24))
	})
}

func (in *instance) code(tb testing.TB) int {
	tb.Helper()
	c := call("x")
	c.Event = abi.EventStart
	var d abi.Decision
	if err := in.run(c, &d); err != nil {
		tb.Fatal(err)
	}
	return d.Code
}

// TestCopiesShareNothing: each begins where the first one stood after its start, and what it does stays with it.
func TestCopiesShareNothing(t *testing.T) {
	w := newWorld(t, counting(t, 0))
	g := w.generation()
	if g.frozen == nil {
		t.Fatal(g.alone)
	}
	var all []*instance
	for range 3 {
		in, err := g.instantiate()
		if err != nil {
			t.Fatal(err)
		}
		defer in.close()
		all = append(all, in)
	}
	for i, in := range all {
		for k := range i + 1 {
			if got, want := in.code(t), 402+2*k; got != want {
				t.Errorf("copy %d, hook %d: %d, want %d", i, k, got, want)
			}
		}
	}
	late, err := g.instantiate()
	if err != nil {
		t.Fatal(err)
	}
	defer late.close()
	if got := late.code(t); got != 402 {
		t.Errorf("a late copy: %d, want 402", got)
	}
}

// TestCopyGrows: beyond the snapshot there are zeros, up to the limit.
func TestCopyGrows(t *testing.T) {
	mc := counting(t, 1)
	mc.Limits.Memory, mc.Limits.SoftMemory = 6<<16, 6<<16
	w := newWorld(t, mc)
	in, err := w.generation().instantiate()
	if err != nil {
		t.Fatal(err)
	}
	defer in.close()
	for i, want := range []uint32{4, 5, 6, 6, 6} {
		if got := in.code(t); got != 402+2*i || in.memory.Size() != want<<16 {
			t.Errorf("hook %d: %d, memory of %d pages, want %d", i, got, in.memory.Size()>>16, want)
		}
	}
	b, ok := in.memory.Read(3<<16, 3<<16)
	if !ok || slices.ContainsFunc(b, func(c byte) bool { return c != 0 }) {
		t.Error("what was added is not zero")
	}
	b[0], b[len(b)-1] = 1, 1
}

// TestNothingLeftToGrow: the guest sees a memory that cannot grow, as it does at its limit.
func TestNothingLeftToGrow(t *testing.T) {
	w := newWorld(t, counting(t, 1))
	g := w.generation()
	g.memories.reserve = func(uint64) ([]byte, error) { return reserve(5 << 16) }
	in, err := g.instantiate()
	if err != nil {
		t.Fatal(err)
	}
	defer in.close()
	for i, want := range []uint32{4, 5, 5, 5} {
		if got := in.code(t); got != 402+2*i || in.memory.Size() != want<<16 {
			t.Errorf("hook %d: %d, memory of %d pages, want %d", i, got, in.memory.Size()>>16, want)
		}
	}
}

// TestAnotherCopyAfterATrap: it begins anew.
func TestAnotherCopyAfterATrap(t *testing.T) {
	mc := counting(t, 0)
	mc.Limits.Instances = 1
	w := newWorld(t, mc)
	for i := range 5 {
		if got := w.code(t); got != 402 {
			t.Errorf("%d, want 402", got)
		}
		in, err := w.generation().pool.get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		in.broken = true
		w.generation().pool.discard(in, ErrTrap)
		w.tasks.wait()
		if st := w.Modules()[0].Stats; st.Traps != uint64(i+1) {
			t.Errorf("%+v", st)
		}
	}
}

// TestNotCopied: such modules work as ever, and it shows why their instances are no copies.
func TestNotCopied(t *testing.T) {
	table := func(code ...any) func(*wasmtest.Module) {
		return func(m *wasmtest.Module) {
			m.Table, m.Elements = 2, []uint32{0}
			m.Funcs = append(m.Funcs, wasmtest.Func{Code: wasmtest.Code(code...)})
		}
	}
	for _, c := range []struct {
		why    string
		change func(*wasmtest.Module)
	}{
		{"changes tables", table(wasmtest.ConstI32(1), 0xd2, 0, 0x26, 0)},
		{"changes tables", table(0xd0, 0x70, wasmtest.ConstI32(1), 0xfc, 15, 0, 0x1a)},
		{"changes tables", table(0xfc, 13, 0)},
		{"reference", func(m *wasmtest.Module) {
			m.Globals = []wasmtest.Global{{Type: "\x70", Mutable: true, Init: []byte{0xd0, 0x70}}}
		}},
		{"vector", func(m *wasmtest.Module) {
			m.Globals = []wasmtest.Global{{Type: "\x7b", Mutable: true, Init: append([]byte{0xfd, 12}, make([]byte, 16)...)}}
		}},
		{"global variables", func(m *wasmtest.Module) {
			for range 257 {
				m.Globals = append(m.Globals, wasmtest.Global{Type: wasmtest.I32, Mutable: true, Init: wasmtest.ConstI32(0)})
			}
		}},
	} {
		w := newWorld(t, tinyModule(t, c.change))
		if st := w.Modules()[0]; st.NotCopied == "" || !strings.Contains(st.NotCopied, c.why) {
			t.Errorf("%q, want %q", st.NotCopied, c.why)
		}
		if d, err := w.start(t, call("x")); err != nil || d.Refused() {
			t.Errorf("%s: %+v, %v", c.why, d, err)
		}
		if in, err := w.generation().instantiate(); err != nil {
			t.Errorf("%s: %v", c.why, err)
		} else {
			in.close()
		}
	}
}

// TestNoAddressesLeft: copies are made on the heap then, and the log says so, once.
func TestNoAddressesLeft(t *testing.T) {
	w := newWorld(t, counting(t, 1))
	g := w.generation()
	g.memories.reserve = func(uint64) ([]byte, error) { return nil, unix.ENOMEM }
	stop, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		for {
			select {
			case <-stop:
				return
			default:
				w.Modules() // counts memory while it grows
			}
		}
	}()
	defer func() { close(stop); <-watched }()
	for range 2 {
		in, err := g.instantiate()
		if err != nil {
			t.Fatal(err)
		}
		defer in.close()
		if in.linear.fixed {
			t.Fatal("mapped in spite of all")
		}
		for i := range 3 {
			if got, size := in.code(t), in.memory.Size()>>16; got != 402+2*i || size != uint32(4+i) {
				t.Errorf("hook %d: %d, memory of %d pages", i, got, size)
			}
		}
	}
	if n := strings.Count(w.log.String(), "more memory than they need"); n != 1 {
		t.Errorf("said %d times\n%s", n, w.log)
	}
	if got := g.memories.private(); got < 2*6<<16 {
		t.Errorf("%d bytes of two memories on the heap", got)
	}
}

// TestNoSnapshot: without a file for it every instance starts by itself, and log and status say why.
func TestNoSnapshot(t *testing.T) {
	w := newWorld(t, counting(t, 0))
	w.unfreeze(t)
	g := w.generation()
	in, err := g.boot()
	if err != nil {
		t.Fatal(err)
	}
	defer in.close()
	readOnly := func(string, uint64) (*sealed, error) {
		f, err := os.Open(os.DevNull)
		return &sealed{f}, err
	}
	for want, file := range map[string]func(string, uint64) (*sealed, error){
		"too many open files": func(string, uint64) (*sealed, error) { return nil, unix.EMFILE },
		"not on this system":  func(string, uint64) (*sealed, error) { return nil, errors.ErrUnsupported },
		"bad file descriptor": readOnly,
	} {
		g.memories.file = file
		if s, why := g.snapshot(in, &meter.Info{Image: g.image}); s != nil || !strings.Contains(why, want) {
			t.Errorf("%v, %q, want %q", s, why, want)
		}
	}
	if n := strings.Count(w.log.String(), "instances cannot be copied"); n != 2 {
		t.Errorf("%d warnings\n%s", n, w.log)
	}
	if got := in.code(t); got != 402 {
		t.Errorf("%d, want 402", got)
	}
}

// TestSnapshotIsSealed: nobody changes it any more, it has no name, and every generation has its own.
func TestSnapshotIsSealed(t *testing.T) {
	w := newWorld(t, counting(t, 0))
	g := w.generation()
	f := g.frozen.file
	if _, err := f.WriteAt([]byte{1}, 0); !errors.Is(err, unix.EPERM) {
		t.Errorf("write: %v", err)
	}
	if err := f.Truncate(1 << 20); !errors.Is(err, unix.EPERM) {
		t.Errorf("truncate: %v", err)
	}
	if _, err := unix.Mmap(int(f.Fd()), 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED); !errors.Is(err, unix.EPERM) {
		t.Errorf("shared mapping: %v", err)
	}
	if flags, err := unix.FcntlInt(f.Fd(), unix.F_GETFD, 0); err != nil || flags&unix.FD_CLOEXEC == 0 {
		t.Errorf("a child process would inherit it: %#x, %v", flags, err)
	}
	mc := g.source
	mc.Config = []byte(`{"another": "configuration"}`)
	other, err := w.Load(mc)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Release()
	if other.frozen == nil || other.frozen.file.Fd() == f.Fd() {
		t.Error("two generations have one snapshot")
	}
}

// TestPrivateMemory: a copy is told to have what it wrote to.
func TestPrivateMemory(t *testing.T) {
	w := newWorld(t, goModule(t))
	g := w.generation()
	before := g.memories.private()
	in, err := g.instantiate()
	if err != nil {
		t.Fatal(err)
	}
	if got := g.memories.private() - before; got > 16<<10 {
		t.Errorf("an untouched copy has %d bytes of its own", got)
	}
	b, _ := in.memory.Read(0, in.memory.Size())
	for at := 0; at < 64*4096; at += 4096 {
		b[at]++
	}
	if got := g.memories.private() - before; got < 64*4096 || got > 80*4096 {
		t.Errorf("%d bytes after 64 pages were written to", got)
	}
	in.close()
	if got := g.memories.private(); got != before {
		t.Errorf("%d bytes after it was closed, %d before it was made", got, before)
	}
	if st := w.Modules()[0].Stats; st.Shared < 100<<10 || st.Shared > 16<<20 {
		t.Errorf("%d bytes are shared", st.Shared)
	}
}

// TestCopiesAreMadeAgainSooner: a module that traps now and then has an instance for the next call.
func TestCopiesAreMadeAgainSooner(t *testing.T) {
	copied := newWorld(t, counting(t, 0)).generation()
	alone := newWorld(t, tinyModule(t, func(m *wasmtest.Module) {
		m.Globals = []wasmtest.Global{{Type: "\x70", Mutable: true, Init: []byte{0xd0, 0x70}}}
	})).generation()
	synctest.Test(t, func(t *testing.T) {
		for g, want := range map[*Generation]int{copied: 20, alone: 2} {
			p := &pool{bound: 100, rate: g.pool.rate, counted: time.Now()}
			time.Sleep(100 * time.Millisecond)
			n := 0
			for p.mayMake() {
				n++
			}
			if n != want {
				t.Errorf("%d instances in 100 ms, want %d", n, want)
			}
		}
	})
}
