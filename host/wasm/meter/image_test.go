package meter

import (
	"bytes"
	"context"
	"fmt"
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

// beginning is what an instance of a module with an image looks like when it has begun: as wazero makes it of data and
// start section, or, without, as the host does.
func beginning(ctx context.Context, wasm []byte, without bool) (state string, err error) {
	m, err := parse(wasm, limits)
	if err != nil {
		return "", err
	}
	body, err := m.bodies()
	if err != nil {
		return "", err
	}
	if m.takeImage(); m.info.Image == nil {
		return "", fmt.Errorf("whole: %s", m.info.Whole)
	}
	out, err := m.assemble(body, without)
	if err != nil {
		return "", err
	}
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithMemoryLimitPages(64).WithCoreFeatures(api.CoreFeaturesV2))
	defer r.Close(ctx)
	asked := 0
	_, err = r.NewHostModuleBuilder(FuelModule).NewFunctionBuilder().WithFunc(func() int64 {
		if asked++; asked > 5 {
			panic(errFuel)
		}
		return 1000
	}).Export(FuelFunc).NewFunctionBuilder().WithFunc(func(v int32) int32 { return v + 1 }).Export("next").Instantiate(ctx)
	if err != nil {
		return "", err
	}
	in, err := r.InstantiateWithConfig(ctx, out, wazero.NewModuleConfig().WithStartFunctions())
	if err != nil {
		return "", err
	}
	if without {
		for _, d := range m.info.Image.Data {
			if !in.Memory().Write(d.Offset, d.Bytes) {
				return "", fmt.Errorf("data at %#x", d.Offset)
			}
		}
		if m.info.Image.Start {
			if _, err := in.ExportedFunction(StartFunc).Call(ctx); err != nil {
				return "", err
			}
		}
	}
	var b strings.Builder
	for i := range m.info.Image.Globals {
		fmt.Fprintf(&b, "%x ", in.ExportedGlobal(fmt.Sprint(GlobalPrefix, i)).Get())
	}
	all, _ := in.Memory().Read(0, in.Memory().Size())
	fmt.Fprintf(&b, "%x %d", bytes.TrimRight(all, "\x00"), len(all))
	return b.String(), nil
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
