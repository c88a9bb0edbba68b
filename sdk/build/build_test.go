package build

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/abi/manifest"
)

// tree is our source tree.
var tree = os.DirFS("../..")

// examples are the folders of the same module in every language.
var examples = map[string]string{
	"go":             "../examples/callforward",
	"c":              "../c/examples/callforward",
	"rust":           "../rust/examples/callforward",
	"assemblyscript": "../assemblyscript/examples/callforward",
}

// Each language's module is small, asks for nothing it does not use, and comes out the
// same twice.
func TestLanguages(t *testing.T) {
	most := map[string]int{"go": 2_200_000, "c": 16_000, "rust": 64_000, "assemblyscript": 32_000}
	for _, name := range Languages() {
		t.Run(name, func(t *testing.T) {
			sums := make([]string, 1, 2)
			if name == "c" || name == "rust" { // sallyport-module's test builds Go twice
				sums = sums[:2]
			}
			for i := range sums {
				out := filepath.Join(t.TempDir(), "folder", "m.wasm")
				r, err := Module(Options{Source: examples[name], Out: out, SDK: tree})
				if errors.Is(err, ErrNoCompiler) && os.Getenv("GUESTS") == "" {
					t.Skip(err)
				}
				if err != nil {
					t.Fatal(err)
				}
				if r.Language != name || r.Size > most[name] || len(r.Manifest.Capabilities) > 0 {
					t.Errorf("%+v, %d bytes; want at most %d", r, r.Size, most[name])
				}
				if !slices.Equal(r.Manifest.Hooks, []string{"start", "connect", "end"}) {
					t.Errorf("hooks %q", r.Manifest.Hooks)
				}
				b, err := os.ReadFile(out)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := manifest.Read(b); err != nil || bytes.Contains(b, []byte("/tmp/")) {
					t.Errorf("manifest: %v, or a path of this machine in the file", err)
				}
				sums[i] = r.SHA256
			}
			if sums[0] != sums[len(sums)-1] {
				t.Error("two builds differ")
			}
		})
	}
}

func TestMistakesAreNamed(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name, file, text, want string
	}{
		{"empty folder", "", "", "holds no module"},
		{"no manifest", "m.c", "#include \"sallyport.h\"\nint x\n", "manifest.json"},
		{"unknown key", "manifest.json", `{"nam": "m"}`, "unknown field"},
		{"syntax error", "manifest.json", `{"name": "m", "version": "1", "hooks": ["start"]}`, "m.c:2"},
		{"foreign import", "m.c", "__attribute__((import_module(\"sbc\"), import_name(\"open\"))) int f(void);\n__attribute__((export_name(\"g\"))) int g(void) { return f(); }\n", "sbc.open, which contract"},
		{"no hooks", "manifest.json", `{"name": "m", "version": "1"}`, "name the hooks"},
		{"misspelt function", "m.c", "#include \"sallyport.h\"\nstatic int32_t start(sp_call *c) { sp_refus(c, 403, SP_NONE); return SP_OK; }\nSALLYPORT_MODULE(.hook = {[SP_EVENT_START] = start});\n", "sp_refus"},
		{"a wait without room", "m.c", "#include \"sallyport.h\"\nstatic int32_t start(sp_call *c) { return sp_wait(c, sp_kv_get(c, SP_TEXT(\"a\")), 0, 0); }\nSALLYPORT_MODULE(.hook = {[SP_EVENT_START] = start});\n", "#define SP_WAITING 64 before"},
		{"misspelt hook", "manifest.json", `{"name": "m", "version": "1", "hooks": ["strat"]}`, "manifest.json: no hook \"strat\": want start, early, "},
	} {
		if c.file != "" {
			write(c.file, c.text)
		}
		if c.name == "no hooks" {
			write("m.c", "#include \"sallyport.h\"\nSALLYPORT_MODULE(.init = 0);\n")
		}
		_, err := Module(Options{Source: dir, Out: filepath.Join(dir, "m.wasm"), SDK: tree})
		if errors.Is(err, ErrNoCompiler) && os.Getenv("GUESTS") == "" {
			t.Skip(err)
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want something about %q", c.name, err, c.want)
		}
	}
}

// What manifest.json says of a module in Go, its methods must say, too.
func TestHooksOfGo(t *testing.T) {
	dir := t.TempDir()
	if err := CopySDK(tree, "go", filepath.Join(dir, "sallyport")); err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(dir, "sallyport", "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	_, version, _ := strings.Cut(string(mod), "\ngo ")
	for name, text := range map[string]string{
		"go.mod":  "module m\n\ngo " + version + "\n\nrequire github.com/sallyport-sbc/sallyport v0.0.0\n\nreplace github.com/sallyport-sbc/sallyport => ./sallyport\n",
		"main.go": "package main\n\nimport \"github.com/sallyport-sbc/sallyport/sdk\"\n\ntype module struct{}\n\nfunc init() { sdk.Register(module{}) }\nfunc main() { sdk.Main() }\n\nfunc (module) Init(*sdk.Setup) error { return nil }\nfunc (module) Start(*sdk.Call) error { return nil }\nfunc (module) End(*sdk.Call) error { return nil }\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for hooks, want := range map[string]string{
		`["start", "end"]`:            "",
		`[]`:                          "",
		`["start", "connect", "end"]`: "names the hook connect, but the module has no method for it: it has start, end",
		`["start"]`:                   "has a method for the hook end, which ",
	} {
		if err := os.WriteFile(filepath.Join(dir, "manifest.json"), []byte(`{"name": "m", "version": "1", "hooks": `+hooks+`}`), 0o644); err != nil {
			t.Fatal(err)
		}
		r, err := Module(Options{Source: dir, Out: filepath.Join(dir, "m.wasm")})
		switch {
		case want == "" && (err != nil || !slices.Equal(r.Manifest.Hooks, []string{"start", "end"})):
			t.Errorf("%s: %v", hooks, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want something about %q", hooks, err, want)
		}
	}
}

// A module in Go without the SDK names its hooks.
func TestGoWithoutSDK(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":        "module m\n\ngo 1.24\n",
		"main.go":       "package main\n\n//go:wasmimport sbc now\nfunc now() int64\n\n//go:wasmexport sbc_abi_v1\nfunc abi() int32 { return int32(now() & 1) }\n\nfunc main() {}\n",
		"manifest.json": `{"name": "m", "version": "1", "hooks": ["start"]}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r, err := Module(Options{Source: dir, Out: filepath.Join(dir, "m.wasm")})
	if err != nil || !slices.Equal(r.Manifest.Hooks, []string{"start"}) {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestNoCompiler(t *testing.T) {
	t.Setenv("PATH", "")
	for name, want := range map[string]string{"c": "apt-get install -y clang lld", "go": "go.dev"} {
		if _, err := Module(Options{Source: examples[name], Out: filepath.Join(t.TempDir(), "m.wasm"), SDK: tree}); !errors.Is(err, ErrNoCompiler) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
