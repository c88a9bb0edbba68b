package meter

import (
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
)

// BenchmarkGuard shows what fuel checks cost compiled code: calls (fib), allocation and hashing (mixed), a tight loop
// (sum). Plain and metered differ by the checks only.
func BenchmarkGuard(b *testing.B) {
	compiled := func(b *testing.B, wasm []byte, metered bool) *guest {
		g := &guest{refills: unlimited, slice: 100_000}
		r := wazero.NewRuntime(b.Context())
		b.Cleanup(func() { r.Close(b.Context()) })
		wasi_snapshot_preview1.MustInstantiate(b.Context(), r)
		_, err := r.NewHostModuleBuilder(FuelModule).NewFunctionBuilder().WithFunc(func() int64 { return g.slice }).Export(FuelFunc).
			NewFunctionBuilder().WithFunc(func(v int32) int32 { return v }).Export("next").Instantiate(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		info := new(Info)
		if metered {
			if wasm, info, err = Rewrite(wasm, Limits{}); err != nil {
				b.Fatal(err)
			}
		}
		g.begin(b, r, wasm, info.Image)
		return g
	}
	compute, loops := wasmtest.Build(b, "testdata/guest"), every().Bytes()
	for _, c := range []struct {
		name string
		arg  uint64
		wasm []byte
	}{{"fib", 20, compute}, {"mixed", 200, compute}, {"sum", 100_000, loops}} {
		for _, kind := range []string{"plain", "metered"} {
			b.Run(c.name+"/"+kind, func(b *testing.B) {
				g := compiled(b, c.wasm, kind == "metered")
				for b.Loop() {
					if _, err := g.call(b, c.name, c.arg); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
