package workbench

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/sallyport-sbc/sallyport/abi/manifest"
	"github.com/sallyport-sbc/sallyport/sdk/build"
)

// Debian's compiler alone, without cargo and for its target wasm32-wasi, makes a module that does as all others.
func TestRustOfDebian(t *testing.T) {
	t.Setenv("RUSTC", "/usr/bin/rustc")
	t.Setenv("CARGO_BUILD_TARGET", "wasm32-wasi")
	t.Setenv("PATH", "/usr/bin:/bin")
	t.Setenv("CARGO_HOME", t.TempDir())
	file := filepath.Join(t.TempDir(), "m.wasm")
	_, err := build.Module(build.Options{Source: "../../sdk/rust/examples/callforward", Out: file, SDK: os.DirFS("../..")})
	if errors.Is(err, build.ErrNoCompiler) && os.Getenv("GUESTS") == "" {
		t.Skipf("SKIPPED: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	imports, err := manifest.Imports(b)
	if err != nil || !slices.ContainsFunc(imports, func(i manifest.Import) bool { return i.Module == "wasi_snapshot_preview1" }) {
		t.Errorf("imports %v, %v: not of WASI", imports, err)
	}
	check(t, "testdata/callforward.txtar", file, false)
}
