package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/abi/manifest"
)

func TestBuild(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a module twice")
	}
	var built [2][]byte
	for i := range built {
		out := filepath.Join(t.TempDir(), "folder", "barring.wasm")
		if err := run([]string{"build", "-o", out, "./testdata/barring"}); err != nil {
			t.Fatal(err)
		}
		var err error
		if built[i], err = os.ReadFile(out); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(built[0], built[1]) {
		t.Error("two builds differ")
	}
	if n := len(built[0]); n > 2_000_000 {
		t.Errorf("the module has %d bytes, want at most 2,000,000", n)
	}
	m, err := manifest.Read(built[0])
	if err != nil {
		t.Fatal(err)
	}
	// What the module does not use it does not import, and needs no grant for.
	if m.Name != "barring" || m.Version != "0.1.0" || m.Contract != 1 || !slices.Equal(m.Hooks, []string{"start"}) || len(m.Capabilities) != 0 {
		t.Errorf("manifest %+v", m)
	}
	imports, err := manifest.Imports(built[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, im := range imports {
		if im.Module != "wasi_snapshot_preview1" && im != (manifest.Import{Module: "sbc", Name: "log"}) {
			t.Errorf("imports %s.%s", im.Module, im.Name)
		}
	}
}

func TestMistakesAreNamed(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "usage"},
		{[]string{"bild"}, "usage"},
		{[]string{"build"}, "usage"},
		{[]string{"build", "./testdata/none"}, "testdata/none"},
		{[]string{"build", "./testdata/hookless"}, "no hook"},
		{[]string{"build", "."}, "manifest.json"},
	} {
		if err := run(c.args); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want something about %s", c.args, err, c.want)
		}
	}
}
