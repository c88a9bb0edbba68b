package meter

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
)

// begins is a module that begins with data, variables, and a start function that changes both.
func begins() *wasmtest.Module {
	two := uint32(2)
	return &wasmtest.Module{
		Imports: []wasmtest.Import{{Module: "sbc", Name: "next", Params: wasmtest.I32, Results: wasmtest.I32}},
		Memory:  1, MemoryMax: 4, Data: "hello", Table: 2, Elements: []uint32{1, 0},
		Globals: []wasmtest.Global{
			{Type: wasmtest.I32, Mutable: true, Init: wasmtest.ConstI32(40)},
			{Type: wasmtest.I64, Init: wasmtest.ConstI64(7)},
			{Type: wasmtest.F64, Mutable: true, Init: append([]byte{0x44}, 1, 2, 3, 4, 5, 6, 0xf8, 0x7f)}, // a NaN
		},
		Start: &two,
		Funcs: []wasmtest.Func{
			{Export: "indirect", Params: wasmtest.I32, Results: wasmtest.I32, Code: wasmtest.Code(wasmtest.Get(0), wasmtest.ConstI32(1), 0x11, 0, 0)},
			{Code: wasmtest.Code(
				0x23, 0, wasmtest.ConstI32(2), 0x6a, wasmtest.Call(0), 0x24, 0, // g = next(g + 2)
				wasmtest.ConstI32(1), wasmtest.ConstI32('a'), 0x3a, 0, 0,
				wasmtest.ConstI32(1), 0x40, 0, 0x1a,
				wasmtest.ConstI32(70000), 0x23, 0, 0x36, 0, 0)},
		},
	}
}

// sandbox makes instances of a module with an image. Each may ask for fuel five times, and again with every call of
// refill.
type sandbox struct {
	wazero.Runtime
	image *Image
	code  wazero.CompiledModule
	asked int
}

// newSandbox compiles what Rewrite makes of wasm, without data and start section or with them.
func newSandbox(ctx context.Context, wasm []byte, without bool) (*sandbox, error) {
	m, err := parse(wasm, limits)
	if err != nil {
		return nil, err
	}
	body, err := m.bodies()
	if err != nil {
		return nil, err
	}
	if m.takeImage(); m.info.Image == nil {
		return nil, fmt.Errorf("whole: %s", m.info.Whole)
	}
	out, err := m.assemble(body, without)
	if err != nil {
		return nil, err
	}
	config := wazero.NewRuntimeConfigInterpreter().WithMemoryLimitPages(64).WithCoreFeatures(api.CoreFeaturesV2)
	s := &sandbox{Runtime: wazero.NewRuntimeWithConfig(ctx, config), image: m.info.Image}
	_, err = s.NewHostModuleBuilder(FuelModule).NewFunctionBuilder().WithFunc(func() int64 {
		if s.asked++; s.asked > 5 {
			panic(errFuel)
		}
		return 1000
	}).Export(FuelFunc).NewFunctionBuilder().WithFunc(func(v int32) int32 { return v + 1 }).Export("next").Instantiate(ctx)
	if err == nil {
		s.code, err = s.CompileModule(ctx, out)
	}
	if err != nil {
		s.Close(ctx)
	}
	return s, err
}

func (s *sandbox) instance(ctx context.Context) (api.Module, error) {
	s.asked = 0
	return s.InstantiateModule(ctx, s.code, wazero.NewModuleConfig().WithName("").WithStartFunctions())
}

// begin does what the host does in place of data and start section.
func (s *sandbox) begin(ctx context.Context) (api.Module, error) {
	in, err := s.instance(ctx)
	if err != nil {
		return nil, err
	}
	for _, d := range s.image.Data {
		if !in.Memory().Write(d.Offset, d.Bytes) {
			return nil, fmt.Errorf("data at %#x", d.Offset)
		}
	}
	if s.image.Start {
		_, err = in.ExportedFunction(StartFunc).Call(ctx)
	}
	return in, err
}

// copy makes another instance as the host does.
func (s *sandbox) copy(ctx context.Context, of api.Module) (api.Module, error) {
	in, err := s.instance(ctx)
	if err != nil {
		return nil, err
	}
	for i := range s.image.Globals {
		name := fmt.Sprint(GlobalPrefix, i)
		in.ExportedGlobal(name).(api.MutableGlobal).Set(of.ExportedGlobal(name).Get())
	}
	size := of.Memory().Size()
	if _, ok := in.Memory().Grow((size - in.Memory().Size()) >> 16); !ok {
		return nil, fmt.Errorf("no memory of %d bytes", size)
	}
	all, _ := of.Memory().Read(0, size)
	in.Memory().Write(0, all)
	return in, nil
}

// state is all there is to see of an instance.
func (s *sandbox) state(in api.Module) string {
	var b strings.Builder
	for i := range s.image.Globals {
		fmt.Fprintf(&b, "%x ", in.ExportedGlobal(fmt.Sprint(GlobalPrefix, i)).Get())
	}
	all, _ := in.Memory().Read(0, in.Memory().Size())
	fmt.Fprintf(&b, "%x %d", bytes.TrimRight(all, "\x00"), len(all))
	return b.String()
}

// behaviour calls all functions that are exported, with zeros, until one traps.
func (s *sandbox) behaviour(ctx context.Context, in api.Module) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(in.ExportedFunctionDefinitions())) {
		f := in.ExportedFunction(name)
		params := f.Definition().ParamTypes()
		if name == StartFunc || slices.Contains(params, api.ValueTypeExternref) {
			continue
		}
		s.asked = 0
		in.ExportedGlobal(FuelGlobal).(api.MutableGlobal).Set(1000)
		args := make([]uint64, len(params)+2*strings.Count(string(params), "\x7b")) // a vector takes two
		res, err := f.Call(ctx, args...)
		if slices.ContainsFunc(f.Definition().ResultTypes(), func(t api.ValueType) bool { return t == api.ValueTypeExternref || t == 0x70 }) {
			res = nil // addresses
		}
		fmt.Fprintf(&b, "%q %x %v\n", name, res, err != nil)
		if err != nil {
			break
		}
	}
	return b.String() + s.state(in)
}

// beginning is what an instance of a module with an image looks like when it has begun: as wazero makes it of data and
// start section, or, without, as the host does.
func beginning(ctx context.Context, wasm []byte, without bool) (string, error) {
	s, err := newSandbox(ctx, wasm, without)
	if err != nil {
		return "", err
	}
	defer s.Close(ctx)
	begin := s.instance
	if without {
		begin = s.begin
	}
	in, err := begin(ctx)
	if err != nil {
		return "", err
	}
	return s.state(in), nil
}

func TestImage(t *testing.T) {
	with, err1 := beginning(t.Context(), begins().Bytes(), false)
	without, err2 := beginning(t.Context(), begins().Bytes(), true)
	if err1 != nil || err2 != nil || with != without {
		t.Errorf("as it was: %.80s, %v\nby the host: %.80s, %v", with, err1, without, err2)
	}
	if want := "2b 7ff8060504030201 68616c6c6f"; !strings.HasPrefix(without, want) || !strings.HasSuffix(without, " 131072") {
		t.Errorf("begins with %.80s, want %s", without, want)
	}
}

// FuzzImage compares what wazero makes of data and start section with what the host does in their place.
func FuzzImage(f *testing.F) {
	f.Add(begins().Bytes())
	m := begins()
	m.Start = nil
	f.Add(m.Bytes())
	m.Data = strings.Repeat("x", 70000) // does not fit
	f.Add(m.Bytes())
	m = begins()
	m.Funcs[1].Code = wasmtest.Forever()
	f.Add(m.Bytes())
	m.Funcs[1].Code = wasmtest.Trap()
	f.Add(m.Bytes())
	m.Raw = []wasmtest.Raw{{ID: 12, Body: []byte{1}}}
	m.Funcs[1].Code = wasmtest.Code(wasmtest.ConstI32(9), wasmtest.ConstI32(0), wasmtest.ConstI32(2), 0xfc, 8, 0, 0)
	f.Add(m.Bytes())
	f.Fuzz(func(t *testing.T, wasm []byte) {
		if _, _, err := Rewrite(wasm, limits); err != nil {
			return
		}
		wasm = uncustomed(wasm)
		with, err1 := beginning(t.Context(), wasm, false)
		without, err2 := beginning(t.Context(), wasm, true)
		if (err1 == nil) != (err2 == nil) || with != without {
			t.Fatalf("as it was: %.200s, %v\nby the host: %.200s, %v\n%x", with, err1, without, err2, wasm)
		}
	})
}

// FuzzCopy compares an instance with its copy: if they behave differently, the state of the module is more than memory
// and global variables, and it should not have had an image.
func FuzzCopy(f *testing.F) {
	f.Add(begins().Bytes())
	m := begins()
	m.Funcs = append(m.Funcs, wasmtest.Func{Export: "grow", Results: wasmtest.I32, Code: wasmtest.Code(wasmtest.ConstI32(1), 0x40, 0)})
	f.Add(m.Bytes())
	for _, code := range [][]byte{ // in the start function: each would make the copy another one
		wasmtest.Code(wasmtest.ConstI32(1), 0xd2, 1, 0x26, 0),                                           // table.set
		wasmtest.Code(wasmtest.ConstI32(0), wasmtest.ConstI32(0), wasmtest.ConstI32(1), 0xfc, 14, 0, 0), // table.copy
		wasmtest.Code(0xd2, 1, wasmtest.ConstI32(1), 0xfc, 15, 0, 0x1a),                                 // table.grow
		wasmtest.Code(0xfc, 13, 0), // elem.drop
	} {
		m := begins()
		m.Funcs[1].Code = code
		m.Funcs = append(m.Funcs, wasmtest.Func{Export: "table", Results: wasmtest.I32, Code: wasmtest.Code(0xfc, 16, 0)})
		f.Add(m.Bytes())
	}
	f.Fuzz(func(t *testing.T, wasm []byte) {
		if _, _, err := Rewrite(wasm, limits); err != nil {
			return
		}
		s, err := newSandbox(t.Context(), uncustomed(wasm), true)
		if err != nil {
			return
		}
		defer s.Close(t.Context())
		first, err := s.begin(t.Context())
		if err != nil {
			return
		}
		again, err := s.copy(t.Context(), first)
		if err != nil {
			t.Fatalf("copy: %v\n%x", err, wasm)
		}
		if want, got := s.behaviour(t.Context(), first), s.behaviour(t.Context(), again); got != want {
			t.Fatalf("the copy: %.300s\nthe first: %.300s\n%x", got, want, wasm)
		}
	})
}
