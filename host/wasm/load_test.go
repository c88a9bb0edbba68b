package wasm

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/manifest"
	"github.com/sallyport-sbc/sallyport/host/wasm/meter"
	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
)

// tiny is the smallest module of the contract: its buffer is the second page of its memory, and it lets all calls
// pass. Function 0 is sbc_abi_v1, then sbc_buffer, sbc_init, sbc_event.
func tiny() *wasmtest.Module {
	return &wasmtest.Module{Memory: 2, Funcs: []wasmtest.Func{
		{Export: "sbc_abi_v1", Results: i32, Code: wasmtest.ConstI32(0)},
		{Export: "sbc_buffer", Params: i32, Results: i64, Code: wasmtest.ConstI64(65536<<32 | 65536)},
		{Export: "sbc_init", Params: i32, Results: i32, Code: wasmtest.ConstI32(0)},
		{Export: "sbc_event", Params: i32 + i64 + i32, Results: i64, Code: wasmtest.ConstI64(0)},
	}}
}

func tinyModule(tb testing.TB, change func(*wasmtest.Module)) ModuleConfig {
	m := tiny()
	if change != nil {
		change(m)
	}
	return ModuleConfig{Name: "judge", Source: write(tb, embed(tb, m.Bytes(), hooks("start"))), Grants: []string{"sbc_cdr"}}
}

func TestModuleOfAnyLanguage(t *testing.T) {
	w := newWorld(t, tinyModule(t, nil))
	if d, err := w.start(t, call("x")); err != nil || d.Refused() {
		t.Errorf("%+v, %v", d, err)
	}
}

// TestNotLoaded: every failure names the module, where it comes from, and why.
func TestNotLoaded(t *testing.T) {
	imports := func(module, name, params, results string) func(*wasmtest.Module) {
		return func(m *wasmtest.Module) {
			m.Imports = []wasmtest.Import{{Module: module, Name: name, Params: params, Results: results}}
		}
	}
	code := func(i int, code []byte) func(*wasmtest.Module) {
		return func(m *wasmtest.Module) { m.Funcs[i].Code = code }
	}
	configured := func(config string) ModuleConfig {
		mc := goModule(t)
		mc.Config = []byte(config)
		return mc
	}
	wasm := func(b []byte) ModuleConfig { return ModuleConfig{Name: "judge", Source: write(t, b)} }
	for _, c := range []struct {
		name string
		mc   ModuleConfig
		err  error
		text string
	}{
		{"missing file", ModuleConfig{Name: "judge", Source: "/nowhere/judge.wasm"}, os.ErrNotExist, "/nowhere/judge.wasm"},
		{"folder", ModuleConfig{Name: "judge", Source: t.TempDir()}, nil, "is not a file"},
		{"missing built-in", ModuleConfig{Name: "judge", Source: "builtin:nothing"}, ErrNotBuiltIn, "run make modules"},
		{"odd built-in", ModuleConfig{Name: "judge", Source: "builtin:../../x"}, ErrNotBuiltIn, ""},
		{"not wasm", wasm([]byte("#!/bin/sh\n")), meter.ErrMalformed, "header"},
		{"of another format version", wasm(append([]byte("\x00asm\x02\x00\x00\x00"), tiny().Bytes()[8:]...)), meter.ErrMalformed, "header"},
		{"empty file", wasm(nil), meter.ErrMalformed, "header"},
		{"no contract", tinyModule(t, func(m *wasmtest.Module) { m.Funcs[0].Export = "" }), ErrContract, "no export sbc_abi_v1"},
		{"no buffer", tinyModule(t, func(m *wasmtest.Module) { m.Funcs[1].Export = "" }), ErrContract, "no export sbc_buffer"},
		{"no start", tinyModule(t, func(m *wasmtest.Module) { m.Funcs[2].Export = "" }), ErrContract, "no export sbc_init"},
		{"no memory", tinyModule(t, func(m *wasmtest.Module) { m.Memory = 0 }), ErrContract, "no export memory"},
		{"cut off", wasm(tiny().Bytes()[:100]), meter.ErrMalformed, "offset"},
		{"no manifest", wasm(tiny().Bytes()), ErrManifest, "sbc.manifest"},
		{"manifest of another contract", wasm(embed(t, tiny().Bytes(), &manifest.Manifest{Name: "x", Contract: 2})), ErrContract, "version 2, this host speaks 1"},
		{"another contract", tinyModule(t, func(m *wasmtest.Module) { m.Funcs[0].Export = "sbc_abi_v2" }), ErrContract, "version 2, this host speaks 1"},
		{"no hook", tinyModule(t, func(m *wasmtest.Module) { m.Funcs[3].Export = "" }), ErrContract, "no export sbc_event"},
		{"hook of another signature", tinyModule(t, func(m *wasmtest.Module) { m.Funcs[3].Params = i32 }), ErrContract, "sbc_event is (i32) → (i64), should be (i32 i64 i32) → (i64)"},
		{"unknown capability", tinyModule(t, imports("sbc_teleport", "send", i32, i32)), ErrImport, "no capability sbc_teleport"},
		{"unknown function", tinyModule(t, imports("sbc", "reboot", "", "")), ErrImport, "sbc.reboot"},
		{"function of another signature", tinyModule(t, imports("sbc", "now", i32, i64)), ErrImport, "sbc.now: is () → (i64), the guest takes it for (i32) → (i64)"},
		{"environment", tinyModule(t, imports("env", "memory_base", "", i32)), ErrImport, "env"},
		{"file access that is no WASI", tinyModule(t, imports("wasi_snapshot_preview1", "fd_steal", "", i32)), ErrImport, "fd_steal"},
		{"not granted", func() ModuleConfig {
			mc := tinyModule(t, imports("sbc_cdr", "emit", i64+i32+i32, i32))
			mc.Grants = nil
			return mc
		}(), ErrGrant, `sbc_cdr.emit: sbc_cdr: not granted; grants = ["sbc_cdr"] would`},
		{"two not granted", func() ModuleConfig {
			m := tiny()
			m.Imports = []wasmtest.Import{
				{Module: "sbc_cdr", Name: "emit", Params: i64 + i32 + i32, Results: i32},
				{Module: "sbc_timer", Name: "clear", Params: i64 + i32, Results: i32},
				{Module: "sbc_map", Name: "lookup", Params: i64 + i32 + i32 + i32 + i32 + i32 + i32, Results: i32},
			}
			mc := wasm(embed(t, m.Bytes(), &manifest.Manifest{Name: "x", Contract: 1, Capabilities: []string{"sbc_cdr", "sbc_timer", "sbc_map"}}))
			mc.Grants = []string{"sbc_timer"}
			return mc
		}(), ErrGrant, `sbc_cdr, sbc_map: not granted; grants = ["sbc_cdr", "sbc_map", "sbc_timer"] would`},
		{"misspelt grant", func() ModuleConfig {
			mc := tinyModule(t, nil)
			mc.Grants = []string{"sbc_htp"}
			return mc
		}(), nil, "no capability sbc_htp: it has sbc_account, sbc_call"},
		{"not in the manifest", func() ModuleConfig {
			m := tiny()
			imports("sbc_cdr", "emit", i64+i32+i32, i32)(m)
			mc := wasm(embed(t, m.Bytes(), &manifest.Manifest{Name: "x", Contract: 1}))
			mc.Grants = []string{"sbc_cdr"}
			return mc
		}(), ErrImport, "manifest does not name sbc_cdr"},
		{"pin", func() ModuleConfig {
			mc := tinyModule(t, nil)
			mc.SHA256 = strings.Repeat("ab", 32)
			return mc
		}(), ErrPin, "file has"},
		{"configuration that is no object", configured("[1]"), nil, "not a JSON object"},
		{"configuration that is no JSON", configured("{"), nil, "not a JSON object"},
		{"refused configuration", configured(`{"mode":"refuse"}`), ErrInit, "there is no table called numbers"},
		{"loop at the start", func() ModuleConfig {
			mc := configured(`{"mode":"loop"}`)
			mc.Limits.InitCPU = 20 * time.Millisecond
			return mc
		}(), ErrDeadline, "processor time"},
		{"garbage at the start", configured(`{"mode":"garbage"}`), ErrGarbage, "welcome frame"},
		{"more events than the manifest", configured(`{"mode":"more events"}`), ErrContract, "subscribes to refer"},
		{"trap at the start", tinyModule(t, code(2, wasmtest.Trap())), ErrTrap, "unreachable"},
		{"small buffer", tinyModule(t, code(1, wasmtest.ConstI64(65536<<32|1000))), ErrGarbage, "buffer of 1000 bytes"},
		{"buffer outside", tinyModule(t, code(1, wasmtest.ConstI64(131072<<32|65536))), ErrGarbage, "buffer of 65536 bytes at 0x20000"},
		{"loop in the start section", func() ModuleConfig {
			mc := tinyModule(t, func(m *wasmtest.Module) {
				four := uint32(4)
				m.Funcs, m.Start = append(m.Funcs, wasmtest.Func{Code: wasmtest.Forever()}), &four
			})
			mc.Limits.InitCPU = 20 * time.Millisecond
			return mc
		}(), ErrDeadline, "processor time"},
		{"host call in the start section", tinyModule(t, func(m *wasmtest.Module) {
			imports("sbc", "now", "", i64)(m)
			five := uint32(5)
			m.Funcs, m.Start = append(m.Funcs, wasmtest.Func{Code: wasmtest.Code(wasmtest.Call(0), 0x1a)}), &five
		}), ErrTrap, "start section"},
		{"stack that does not fit", tinyModule(t, code(3, wasmtest.Code(wasmtest.ConstI32(1)))), nil, "cannot use i32"},
		{"more memory than allowed", tinyModule(t, func(m *wasmtest.Module) { m.Memory = 2000 }), meter.ErrLimit, "2000 pages"},
		{"unknown instruction", tinyModule(t, code(3, []byte{0x12, 3})), meter.ErrUnsupported, "return_call"},
	} {
		_, err := tryWorld(t, c.mc)
		var e *LoadError
		if !errors.As(err, &e) || e.Module != "judge" || e.Source != c.mc.Source {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if c.err != nil && !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v, want %v with %q", c.name, err, c.err, c.text)
		}
		t.Log(err)
	}
}

func TestNowhereToPutRecords(t *testing.T) {
	mc := goModule(t)
	if _, err := New(Config{Modules: []ModuleConfig{mc}}); !errors.Is(err, ErrGrant) {
		t.Errorf("without a sink: %v", err)
	}
	no := errors.New("no file")
	_, err := New(Config{
		Modules: []ModuleConfig{mc}, CacheDir: cacheDir(),
		CDR: func(string, []byte) (Sink, error) { return nil, no },
	})
	if !errors.Is(err, no) || !strings.Contains(err.Error(), "open its records") {
		t.Errorf("sink that does not open: %v", err)
	}
}

func TestPinned(t *testing.T) {
	mc := tinyModule(t, nil)
	d, err := Check(mc, nil)
	if err != nil {
		t.Fatal(err)
	}
	if d.Manifest.Name != "test" || d.Size == 0 || len(d.Imports) != 0 {
		t.Errorf("%+v", d)
	}
	mc.SHA256 = strings.ToUpper(d.SHA256)
	w := newWorld(t, mc)
	if st := w.Modules()[0]; st.SHA256 != d.SHA256 || st.Version != "1.2.3" || st.Events != abi.Bit(abi.EventStart) {
		t.Errorf("%+v", st)
	}
	mc.SHA256 = "12"
	if _, err := Check(mc, nil); !errors.Is(err, ErrPin) {
		t.Errorf("Check with another pin: %v", err)
	}
}

// TestBuiltIn: a built-in module has what its manifest asks for without being granted it.
func TestBuiltIn(t *testing.T) {
	m := tiny()
	m.Imports = []wasmtest.Import{{Module: "sbc_cdr", Name: "emit", Params: i64 + i32 + i32, Results: i32}}
	files := fstest.MapFS{"cdr.wasm": {Data: embed(t, m.Bytes(), hooks("end"))}}
	mc := ModuleConfig{Name: "cdr", Source: "builtin:cdr"}
	sink := new(records)
	h, err := New(Config{Modules: []ModuleConfig{mc}, Builtin: files, Log: slog.New(slog.DiscardHandler), CDR: func(module string, config []byte) (Sink, error) {
		if module != "cdr" || config != nil {
			t.Errorf("sink of %s, %s", module, config)
		}
		return sink, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	h.Close()
	if sink.closed != 1 {
		t.Errorf("sink closed %d times", sink.closed)
	}
	mc.Grants = []string{}
	if _, err := Check(mc, files); !errors.Is(err, ErrGrant) {
		t.Errorf("built-in module that is granted nothing: %v", err)
	}
}

// TestCache: the second start takes the code from the cache; a cache that was damaged is not believed, and one that
// cannot be written is done without.
func TestCache(t *testing.T) {
	mc, dir := answering(t, 603), t.TempDir()
	start := func(dir string) {
		t.Helper()
		w := &world{}
		var err error
		if w.Host, err = New(Config{Modules: []ModuleConfig{mc}, CacheDir: dir, Log: slog.New(slog.DiscardHandler)}); err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		if got := w.code(t); got != 603 {
			t.Fatalf("%d, want 603", got)
		}
	}
	cached := func() (name string, info os.FileInfo) {
		t.Helper()
		var names []string
		filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() && d.Name() != sumsFile {
				names = append(names, path)
			}
			return err
		})
		if len(names) != 1 {
			t.Fatalf("files in the cache: %v", names)
		}
		info, err := os.Stat(names[0])
		if err != nil {
			t.Fatal(err)
		}
		return names[0], info
	}
	start(dir)
	name, first := cached()
	start(dir)
	if _, second := cached(); !os.SameFile(first, second) {
		t.Error("the second start compiled again")
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b[40] ^= 0x40 // the offset of a function, which wazero does not check
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	start(dir)
	if now, err := os.ReadFile(name); err != nil || string(now) == string(b) {
		t.Errorf("the damaged file is still there: %v", err)
	}
	mc.Limits.Memory = 32 << 20
	start(dir)
	if entries, err := os.ReadDir(filepath.Join(dir, "modules")); err != nil || len(entries) != 2 {
		t.Errorf("another limit of memory does not get code of its own: %v, %v", entries, err)
	}
	old := time.Now().Add(-2 * cacheAge)
	if err := os.Chtimes(filepath.Dir(filepath.Dir(name)), old, old); err != nil {
		t.Fatal(err)
	}
	start(dir)
	if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("code nobody asked for in two months is still there: %v", err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	start(file) // not a folder
}

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var all []Progress
		h := &Host{config: Config{Progress: func(p Progress) { all = append(all, p) }}}
		p := h.progress("quick")
		p.step("compile")
		time.Sleep(900 * time.Millisecond)
		p.done()
		if len(all) > 0 {
			t.Errorf("progress of what took less than a second: %+v", all)
		}
		p = h.progress("slow")
		p.step("compile")
		time.Sleep(2500 * time.Millisecond)
		p.done()
		want := []Progress{{"slow", "compile", time.Second, false}, {"slow", "compile", 2 * time.Second, false}, {"slow", "compile", 2500 * time.Millisecond, true}}
		if !slices.Equal(all, want) {
			t.Errorf("progress %+v, want %+v", all, want)
		}
	})
}
