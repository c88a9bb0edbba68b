package meter

import (
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
)

var limits = Limits{Size: 64 << 10, MemoryPages: 64, TableEntries: 1024}

// valid asks wazero.
func valid(t *testing.T, wasm []byte) error {
	config := wazero.NewRuntimeConfigInterpreter().WithMemoryLimitPages(64).WithCoreFeatures(api.CoreFeaturesV2)
	r := wazero.NewRuntimeWithConfig(t.Context(), config)
	defer r.Close(t.Context())
	_, err := r.CompileModule(t.Context(), wasm)
	return err
}

// FuzzRewrite compares with wazero's own reader: what it takes must be taken with fuel checks too, and what it
// refuses must not become valid by them.
func FuzzRewrite(f *testing.F) {
	f.Add(every().Bytes())
	f.Add((&wasmtest.Module{}).Bytes())
	m := every()
	m.Raw = []wasmtest.Raw{{ID: 9, Body: []byte{1, 5, 0x70, 2, 0xd2, 1, 0x0b, 0xd0, 0x70, 0x0b}}, {ID: 12, Body: []byte{1}}}
	m.Elements = nil
	f.Add(m.Bytes())
	for _, code := range [][]byte{
		wasmtest.Code(0x02, 0x40, 0x03, 0x7f, wasmtest.ConstI32(1), 0x0b, 0x1a, 0x0b),
		wasmtest.Code(0x03, 0x40, 0x00, 0xfc, 11, 0, 0x0b),
		wasmtest.Code(wasmtest.ConstI32(1), 0x0e, 1, 0, 0),
		wasmtest.Code(wasmtest.ConstI32(1), 0x04, 0x7f, wasmtest.ConstI32(2), 0x05, wasmtest.ConstI32(3), 0x0b, 0x1a),
		wasmtest.Code(wasmtest.ConstI64(-1), 0x42, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x1a, 0x1a),
		wasmtest.Code(0xfd, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfd, 0x80, 1, 0x1a),
	} {
		m := every()
		m.Funcs = append(m.Funcs, wasmtest.Func{Code: code})
		f.Add(m.Bytes())
	}
	f.Fuzz(func(t *testing.T, wasm []byte) {
		out, _, err := Rewrite(wasm, limits)
		if err != nil {
			return
		}
		plain, metered := valid(t, uncustomed(wasm)), valid(t, out)
		if (plain == nil) != (metered == nil) {
			t.Fatalf("plain: %v\nmetered: %v\n%x", plain, metered, wasm)
		}
	})
}

// FuzzBody is FuzzRewrite for the body of one function in a sound module.
func FuzzBody(f *testing.F) {
	for _, fn := range every().Funcs {
		f.Add(fn.Code)
	}
	f.Add([]byte{0x02, 0x40, 0x03, 0x40, 0x41, 0, 0x0d, 1, 0x0b, 0x0b})
	f.Add([]byte{0x41, 0, 0x41, 0, 0x41, 0, 0xfc, 8, 0, 0, 0xfc, 9, 0, 0xd0, 0x70, 0x41, 0, 0xfc, 15, 0, 0x1a})
	f.Add([]byte{0x41, 0, 0xfd, 0, 4, 0, 0xfd, 0x80, 1, 0xfd, 22, 2, 0x1a, 0x43, 0, 0, 0, 0, 0xfc, 0, 0x1a})
	f.Add([]byte{0x41, 1, 0x0e, 2, 0, 0, 0, 0x42, 1, 0x42, 2, 0x41, 1, 0x1c, 1, 0x7e, 0x1a})
	f.Fuzz(func(t *testing.T, code []byte) {
		m := every()
		m.Funcs = append(m.Funcs, wasmtest.Func{Locals: wasmtest.I32 + wasmtest.I64, Code: code})
		m.Raw = []wasmtest.Raw{{ID: 12, Body: []byte{1}}}
		wasm := m.Bytes()
		out, _, err := Rewrite(wasm, limits)
		if err != nil {
			return
		}
		plain, metered := valid(t, uncustomed(wasm)), valid(t, out)
		if (plain == nil) != (metered == nil) {
			t.Fatalf("plain: %v\nmetered: %v\n%x", plain, metered, code)
		}
	})
}

// uncustomed is wasm without its custom sections, in which wazero looks for names; Rewrite has read it before.
func uncustomed(wasm []byte) []byte {
	out := wasm[:8:8]
	for r := (&reader{b: wasm, pos: 8, end: len(wasm)}); r.left() > 0; {
		at := r.pos
		id := r.u8()
		r.skip(r.count("bytes"))
		if id != secCustom {
			out = append(out, wasm[at:r.pos]...)
		}
	}
	return out
}

func BenchmarkRewrite(b *testing.B) {
	wasm := wasmtest.Build(b, "testdata/guest")
	b.SetBytes(int64(len(wasm)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Rewrite(wasm, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}
