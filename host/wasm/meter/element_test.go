package meter

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
)

// TestElementSegments shows that function indexes move in all eight forms, and that active segments still fill the
// table.
func TestElementSegments(t *testing.T) {
	const refFunc, end = 0xd2, 0x0b
	body := bytes.Join([][]byte{
		{8},
		wasmtest.Code(0, wasmtest.ConstI32(0), end, 1, 1),
		{1, 0, 1, 1},
		wasmtest.Code(2, 0, wasmtest.ConstI32(1), end, 0, 1, 2),
		{3, 0, 2, 1, 2},
		wasmtest.Code(4, wasmtest.ConstI32(2), end, 1, refFunc, 1, end),
		{5, 0x70, 2, refFunc, 1, end, 0xd0, 0x70, end},
		wasmtest.Code(6, 0, wasmtest.ConstI32(3), end, 0x70, 1, refFunc, 2, end),
		{7, 0x70, 1, refFunc, 2, end},
	}, nil)
	m := every()
	m.Elements = nil
	m.Raw = []wasmtest.Raw{{ID: 9, Body: body}}
	g := startMetered(t, m.Bytes(), Limits{}, unlimited)
	for i, want := range []uint64{10, 12, 10, 12} { // double, next and double, …
		if got, err := g.call(t, "indirect", uint64(i), 5); err != nil || got != want {
			t.Errorf("entry %d of 5 = %d, %v, want %d", i, got, err, want)
		}
	}
	for _, c := range []struct {
		name string
		body []byte
	}{
		{"flag 8", []byte{1, 8}},
		{"kind 1", []byte{1, 1, 1, 0}},
		{"function of the rewriter", []byte{1, 5, 0x70, 1, refFunc, 15, end}},
		{"table that is none", wasmtest.Code(1, 2, 1, wasmtest.ConstI32(0), end, 0, 0)},
		{"more than there is", []byte{1, 1, 0, 100, 1}},
	} {
		m.Raw[0].Body = c.body
		if _, _, err := Rewrite(m.Bytes(), Limits{}); err == nil {
			t.Errorf("%s is not refused", c.name)
		}
	}
}

// TestSIMD shows that vector instructions are read with their immediates: a lane or a constant taken for an
// instruction would end in another result.
func TestSIMD(t *testing.T) {
	m := &wasmtest.Module{Memory: 1, Funcs: []wasmtest.Func{{Export: "f", Results: wasmtest.I32, Code: wasmtest.Code(
		0x03, 0x40, 0x0b, // a loop, so that there is something to add
		wasmtest.ConstI32(0),
		0xfd, 12, 0x10, 0x10, 0x03, 0x40, 0x0b, 0x0b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // v128.const that looks like code
		0xfd, 11, 4, 0, // v128.store
		wasmtest.ConstI32(0), 0xfd, 0, 4, 0, // v128.load
		wasmtest.ConstI32(0), 0xfd, 0, 4, 0,
		0xfd, 0x80, 0x01, // i16x8.abs
		0xfd, 13, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, // shuffle
		0xfd, 22, 2, // i8x16.extract_lane_u 2
	)}}}
	g := startMetered(t, m.Bytes(), Limits{}, unlimited)
	if got, err := g.call(t, "f"); err != nil || got != 3 {
		t.Errorf("f() = %d, %v, want 3", got, err)
	}
}

func TestOnlyFunctionsAreImported(t *testing.T) {
	for _, c := range []struct {
		name string
		what []byte
	}{
		{"memory", []byte{2, 0, 1}},
		{"table", []byte{1, 0x70, 0, 1}},
		{"global", []byte{3, 0x7f, 1}},
		{"tag", []byte{4, 0, 0}},
	} {
		body := append([]byte{1, 3, 'e', 'n', 'v', 1, 'x'}, c.what...)
		m := &wasmtest.Module{Raw: []wasmtest.Raw{{ID: 2, Body: body}}}
		_, _, err := Rewrite(m.Bytes(), Limits{})
		if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), "env.x is not a function") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestEmptyModule(t *testing.T) {
	g := startMetered(t, (&wasmtest.Module{}).Bytes(), Limits{}, unlimited)
	if g.module.ExportedGlobal(FuelGlobal) == nil {
		t.Error("no fuel")
	}
}

// TestTruncated cuts a module at every byte: each cut is refused or still a module, and none panics.
func TestTruncated(t *testing.T) {
	wasm := every().Bytes()
	for i := range wasm {
		if _, _, err := Rewrite(wasm[:i], Limits{}); err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Offset > i {
				t.Errorf("cut at %d: %v", i, err)
			}
		}
	}
}
