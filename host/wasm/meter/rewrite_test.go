package meter

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
)

var errFuel = errors.New("no more fuel")

// guest is an instance whose fuel is refilled refills times.
type guest struct {
	module  api.Module
	refills int
	asked   int
	slice   int64
}

func start(tb testing.TB, wasm []byte, refills int) *guest {
	tb.Helper()
	return startImage(tb, wasm, nil, refills)
}

// startMetered starts what Rewrite makes of wasm.
func startMetered(tb testing.TB, wasm []byte, l Limits, refills int) *guest {
	tb.Helper()
	out, info, err := Rewrite(wasm, l)
	if err != nil {
		tb.Fatal(err)
	}
	return startImage(tb, out, info.Image, refills)
}

func startImage(tb testing.TB, wasm []byte, image *Image, refills int) *guest {
	tb.Helper()
	ctx := tb.Context()
	g := &guest{refills: refills, slice: 10_000}
	// The interpreter needs no time to compile; that checks survive compilation is shown where modules are hosted.
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	tb.Cleanup(func() { r.Close(context.Background()) })
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	_, err := r.NewHostModuleBuilder(FuelModule).NewFunctionBuilder().WithFunc(func() int64 {
		if g.asked++; g.asked > g.refills {
			panic(errFuel)
		}
		return g.slice
	}).Export(FuelFunc).NewFunctionBuilder().WithFunc(func(v int32) int32 { return v + 1 }).Export("next").Instantiate(ctx)
	if err != nil {
		tb.Fatal(err)
	}
	g.begin(tb, r, wasm, image)
	return g
}

// begin makes the instance and does what the host does with an image.
func (g *guest) begin(tb testing.TB, r wazero.Runtime, wasm []byte, image *Image) {
	tb.Helper()
	var err error
	g.module, err = r.InstantiateWithConfig(tb.Context(), wasm, wazero.NewModuleConfig().WithStartFunctions().WithSysNanotime())
	if err != nil {
		tb.Fatal(err)
	}
	if image != nil {
		for _, d := range image.Data {
			if !g.module.Memory().Write(d.Offset, d.Bytes) {
				tb.Fatalf("data at %#x lies outside of the memory", d.Offset)
			}
		}
	}
	if image != nil && image.Start {
		g.must(tb, StartFunc)
	}
	if g.module.ExportedFunction("_initialize") != nil {
		g.must(tb, "_initialize")
	}
}

func (g *guest) must(tb testing.TB, name string) {
	tb.Helper()
	if _, err := g.call(tb, name); err != nil {
		tb.Fatal(name, err)
	}
}

func (g *guest) call(tb testing.TB, name string, args ...uint64) (uint64, error) {
	tb.Helper()
	f := g.module.ExportedFunction(name)
	if f == nil {
		tb.Fatalf("no export %s", name)
	}
	res, err := f.Call(tb.Context(), args...)
	if len(res) == 0 {
		return 0, err
	}
	return res[0], err
}

const unlimited = 1 << 60

func TestGoGuestComputesTheSame(t *testing.T) {
	wasm := wasmtest.Build(t, "testdata/guest")
	plain, metered := start(t, wasm, 0), startMetered(t, wasm, Limits{}, unlimited)
	for _, c := range []struct {
		name string
		arg  uint64
	}{{"fib", 20}, {"mixed", 0}, {"mixed", 500}, {"channels", 1000}, {"recovered", 1}, {"recovered", 5}} {
		want, err := plain.call(t, c.name, c.arg)
		if err != nil {
			t.Fatalf("%s(%d) plain: %v", c.name, c.arg, err)
		}
		got, err := metered.call(t, c.name, c.arg)
		if err != nil || got != want {
			t.Errorf("%s(%d) = %d, %v, want %d", c.name, c.arg, got, err, want)
		}
	}
	if metered.asked == 0 {
		t.Error("the host was never asked for fuel")
	}
}

func TestLoopEndsWithItsFuel(t *testing.T) {
	g := startMetered(t, wasmtest.Build(t, "testdata/guest"), Limits{}, unlimited)
	g.asked, g.refills = 0, 50
	if _, err := g.call(t, "spin"); !errors.Is(err, errFuel) {
		t.Fatalf("spin: %v, want %v", err, errFuel)
	}
}

// every is a module that has one of everything whose index moves.
func every() *wasmtest.Module {
	one := uint32(3)
	return &wasmtest.Module{
		Imports: []wasmtest.Import{{Module: "sbc", Name: "next", Params: wasmtest.I32, Results: wasmtest.I32}},
		Memory:  1, MemoryMax: 20, Data: "hello",
		Table: 4, Elements: []uint32{1, 2, 0},
		Globals: []wasmtest.Global{
			{Type: wasmtest.I32, Mutable: true, Init: wasmtest.ConstI32(40), Export: "g"},
			{Type: "\x70", Init: []byte{0xd2, 2}},
		},
		Start: &one,
		Raw:   nil,
		Funcs: []wasmtest.Func{
			{Export: "double", Params: wasmtest.I32, Results: wasmtest.I32, Code: wasmtest.Code(wasmtest.Get(0), wasmtest.Get(0), 0x6a)},
			{Params: wasmtest.I32, Results: wasmtest.I32, Code: wasmtest.Code(wasmtest.Get(0), wasmtest.Call(0), wasmtest.Call(1))},
			{Code: wasmtest.Code(0x23, 0, wasmtest.ConstI32(2), 0x6a, 0x24, 0)}, // start: g += 2
			{Export: "indirect", Params: wasmtest.I32 + wasmtest.I32, Results: wasmtest.I32, Code: wasmtest.Code(wasmtest.Get(1), wasmtest.Get(0), 0x11, 0, 0)},
			{Export: "sum", Params: wasmtest.I32, Results: wasmtest.I32, Locals: wasmtest.I32, Code: wasmtest.Code(
				0x03, 0x40, wasmtest.Get(1), wasmtest.Get(0), 0x6a, wasmtest.Set(1),
				wasmtest.Get(0), wasmtest.ConstI32(1), 0x6b, 0x22, 0, 0x0d, 0, 0x0b, wasmtest.Get(1))},
			{Export: "fill", Params: wasmtest.I32 + wasmtest.I32, Results: wasmtest.I32, Code: wasmtest.Code(
				wasmtest.ConstI32(64), wasmtest.Get(0), wasmtest.Get(1), 0xfc, 11, 0, // memory.fill 64, value, n
				wasmtest.ConstI32(8), wasmtest.ConstI32(64), wasmtest.Get(1), 0xfc, 10, 0, 0, // memory.copy 8, 64, n
				wasmtest.ConstI32(8), 0x2d, 0, 0)},
			{Export: "grow", Params: wasmtest.I32, Results: wasmtest.I32, Code: wasmtest.Code(wasmtest.Get(0), 0x40, 0)},
			{Export: "table", Params: wasmtest.I32, Results: wasmtest.I32, Code: wasmtest.Code(
				wasmtest.ConstI32(3), 0xd2, 1, 0x26, 0, // table.set 3 = double
				wasmtest.Get(0), wasmtest.ConstI32(3), 0x11, 0, 0)},
			{Export: "tablegrow", Params: wasmtest.I32, Results: wasmtest.I32, Code: wasmtest.Code(0xd0, 0x70, wasmtest.Get(0), 0xfc, 15, 0)},
			{Export: "forever", Code: wasmtest.Forever()},
			{Export: "recurse", Code: wasmtest.Call(11)},
			{Export: "turns", Code: wasmtest.Code(0x02, 0x40, 0x03, 0x40, wasmtest.Call(12), 0x0b, 0x0b)}, // pays at its loop
			{Export: "skips", Code: wasmtest.Code(0x02, 0x40, wasmtest.ConstI32(1), 0x0d, 0, 0x03, 0x40, 0x0b, 0x0b, wasmtest.Call(13))},
			{Export: "bulk", Params: wasmtest.I32, Code: wasmtest.Code(
				0x03, 0x40, wasmtest.ConstI32(0), wasmtest.ConstI32(1), wasmtest.Get(0), 0xfc, 11, 0, 0x0c, 0, 0x0b)},
		},
		Custom: []wasmtest.Custom{{Name: "name", Body: []byte{0, 1, 0}}, {Name: ManifestSection, Body: []byte(`{"name":"x"}`)}},
	}
}

func TestIndexesMove(t *testing.T) {
	wasm := every().Bytes()
	plain, metered := start(t, wasm, 0), startMetered(t, wasm, Limits{}, unlimited)
	for _, c := range []struct {
		name string
		args []uint64
		want uint64
	}{
		{"double", []uint64{21}, 42},
		{"indirect", []uint64{0, 5}, 10},
		{"indirect", []uint64{1, 5}, 12},
		{"indirect", []uint64{2, 5}, 6}, // the import itself
		{"sum", []uint64{100}, 5050},
		{"fill", []uint64{9, 40}, 9},
		{"table", []uint64{8}, 16},
		{"grow", []uint64{3}, 1},
		{"grow", []uint64{100}, 0xffffffff},
		{"tablegrow", []uint64{2}, 4},
	} {
		if got, err := plain.call(t, c.name, c.args...); err != nil || got != c.want {
			t.Errorf("%s%v plain = %d, %v, want %d", c.name, c.args, got, err, c.want)
		}
		if got, err := metered.call(t, c.name, c.args...); err != nil || got != c.want {
			t.Errorf("%s%v metered = %d, %v, want %d", c.name, c.args, got, err, c.want)
		}
	}
	for _, g := range []*guest{plain, metered} {
		if got := g.module.ExportedGlobal("g").Get(); got != 42 {
			t.Errorf("global set by the start function = %d, want 42", got)
		}
	}
}

func TestNothingRunsForNothing(t *testing.T) {
	for _, c := range []struct {
		name    string
		args    []uint64
		refills int
	}{
		{"forever", nil, 100},
		{"recurse", nil, 10},
		{"turns", nil, 10},
		{"skips", nil, 10},
		{"bulk", []uint64{65536}, 100}, // one unit for 16 bytes
	} {
		g := startMetered(t, every().Bytes(), Limits{}, c.refills)
		g.slice = 100
		if _, err := g.call(t, c.name, c.args...); !errors.Is(err, errFuel) {
			t.Errorf("%s: %v, want %v", c.name, err, errFuel)
		}
	}
}

func TestLoopPaysForItsInstructions(t *testing.T) {
	// A turn of sum is ten instructions; the fuel of 1000 turns must be near 10000 units.
	g := startMetered(t, every().Bytes(), Limits{}, unlimited)
	fuel := g.module.ExportedGlobal(FuelGlobal).(api.MutableGlobal)
	fuel.Set(1 << 40)
	if _, err := g.call(t, "sum", 1000); err != nil {
		t.Fatal(err)
	}
	if used := 1<<40 - int64(fuel.Get()); used < 8_000 || used > 14_000 {
		t.Errorf("1000 turns of 10 instructions used %d units", used)
	}
}

func TestInfo(t *testing.T) {
	_, info, err := Rewrite(every().Bytes(), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if len(info.Imports) != 1 || info.Imports[0].Name != "next" || info.Imports[0].Type.String() != "(i32) → (i32)" {
		t.Errorf("imports = %v", info.Imports)
	}
	if got := info.Funcs["indirect"].String(); got != "(i32 i32) → (i32)" {
		t.Errorf("indirect is %s", got)
	}
	if !info.Memory || info.MemoryMin != 1 || string(info.Manifest) != `{"name":"x"}` {
		t.Errorf("memory %v of %d pages, manifest %q", info.Memory, info.MemoryMin, info.Manifest)
	}
	if info.Functions != 14 || info.Checks == 0 {
		t.Errorf("%d functions, %d checks", info.Functions, info.Checks)
	}
}

func TestMemoryAndTablesGetAMaximum(t *testing.T) {
	m := every()
	m.MemoryMax = 0
	g := startMetered(t, m.Bytes(), Limits{MemoryPages: 3, TableEntries: 5}, unlimited)
	for _, c := range []struct {
		name string
		arg  uint64
		want uint64
	}{{"grow", 3, 0xffffffff}, {"grow", 2, 1}, {"tablegrow", 2, 0xffffffff}, {"tablegrow", 1, 4}} {
		if got, err := g.call(t, c.name, c.arg); err != nil || got != c.want {
			t.Errorf("%s(%d) = %d, %v, want %d", c.name, c.arg, got, err, c.want)
		}
	}
}

func TestRefused(t *testing.T) {
	with := func(change func(*wasmtest.Module)) []byte {
		m := every()
		change(m)
		return m.Bytes()
	}
	code := func(c ...any) []byte {
		return with(func(m *wasmtest.Module) { m.Funcs = append(m.Funcs, wasmtest.Func{Code: wasmtest.Code(c...)}) })
	}
	for _, c := range []struct {
		name string
		wasm []byte
		kind error
		text string
	}{
		{"empty", nil, ErrMalformed, "header"},
		{"text", []byte("(module)"), ErrMalformed, "header"},
		{"component", []byte("\x00asm\x0d\x00\x01\x00"), ErrMalformed, "header"},
		{"cut off", every().Bytes()[:200], ErrMalformed, ""},
		{"tail call", code(0x12, 1), ErrUnsupported, "return_call"},
		{"exception", code(0x08, 0), ErrUnsupported, "throw"},
		{"atomic", code(0xfe, 0x10, 2, 0), ErrUnsupported, "atomic"},
		{"gc", code(0xfb, 0), ErrUnsupported, "gc"},
		{"relaxed simd", code(0xfd, 0x80, 0x02), ErrUnsupported, "0xfd 0x100"},
		{"simd number in a long form", code(0xfd, 0x8c, 0x00, 0x00), ErrUnsupported, "0xfd 0xc"},
		{"bulk number in a long form", code(0xfc, 0x8b, 0x00, 0x00), ErrUnsupported, "0xfc 0xb"},
		{"unknown bulk", code(0xfc, 18), ErrUnsupported, "0xfc 0x12"},
		{"unknown", code(0x27), ErrUnsupported, "instruction 0x27"},
		{"second memory", code(0x3f, 1), ErrUnsupported, "memory index 1"},
		{"number of six bytes", code(0x20, 0x80, 0x80, 0x80, 0x80, 0x80, 0), ErrMalformed, "32 bits"},
		{"constant of 33 bits", code(0x41, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x1a), ErrMalformed, "32 bits"},
		{"the fuel itself", code(wasmtest.ConstI64(1), 0x24, 2), ErrMalformed, "global index 2 of 2"},
		{"function behind the last", code(wasmtest.Call(16)), ErrMalformed, "function index 16"},
		{"type of the rewriter", code(0x02, 5, 0x0b), ErrMalformed, "type index"},
		{"code after the end", code(0x0b, 0x01), ErrMalformed, "after the end"},
		{"no end", code(0x02, 0x40), ErrMalformed, "without an end"},
		{"many locals", with(func(m *wasmtest.Module) {
			m.Funcs = append(m.Funcs, wasmtest.Func{Locals: strings.Repeat(wasmtest.I64, 50_001)})
		}), ErrLimit, "locals"},
		{"own fuel import", with(func(m *wasmtest.Module) { m.Imports[0].Name = "fuel" }), ErrUnsupported, "sbc.fuel"},
		{"own fuel global", with(func(m *wasmtest.Module) { m.Globals[0].Export = FuelGlobal }), ErrUnsupported, FuelGlobal},
		{"too much memory", with(func(m *wasmtest.Module) { m.Memory, m.MemoryMax = 2000, 3000 }), ErrLimit, "2000 pages"},
		{"too large a table", with(func(m *wasmtest.Module) { m.Table = 1 << 20 }), ErrLimit, "table of 1048576"},
		{"two manifests", with(func(m *wasmtest.Module) { m.Custom = append(m.Custom, m.Custom[1]) }), ErrMalformed, "twice"},
		{"large manifest", with(func(m *wasmtest.Module) { m.Custom[1].Body = make([]byte, 70_000) }), ErrLimit, "70000"},
		{"section twice", with(func(m *wasmtest.Module) { m.Raw = []wasmtest.Raw{{ID: 1, Body: []byte{0}}} }), ErrMalformed, "out of order"},
		{"tags", with(func(m *wasmtest.Module) { m.Raw = []wasmtest.Raw{{ID: 13, Body: []byte{0}}} }), ErrUnsupported, "section 13"},
		{"initialiser of the rewriter's global", with(func(m *wasmtest.Module) { m.Globals[0].Init = []byte{0x23, 2} }), ErrMalformed, "global index"},
		{"computed initialiser", with(func(m *wasmtest.Module) {
			m.Globals[0].Init = wasmtest.Code(wasmtest.ConstI32(1), wasmtest.ConstI32(1), 0x6a)
		}), ErrUnsupported, "more than one"},
		{"element of no function", with(func(m *wasmtest.Module) { m.Elements[0] = 15 }), ErrMalformed, "function index 15"},
		{"data count", with(func(m *wasmtest.Module) { m.Raw = []wasmtest.Raw{{ID: 12, Body: []byte{2}}} }), ErrMalformed, "data count 2"},
	} {
		out, _, err := Rewrite(c.wasm, Limits{})
		var e *Error
		if !errors.As(err, &e) || !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v, want %v with %q", c.name, err, c.kind, c.text)
		}
		if out != nil {
			t.Errorf("%s: refused, and yet there is a module", c.name)
		}
	}
	if _, _, err := Rewrite(every().Bytes(), Limits{Size: 100}); !errors.Is(err, ErrLimit) {
		t.Errorf("long file: %v, want %v", err, ErrLimit)
	}
}
