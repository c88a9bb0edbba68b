package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// compilers skips the test when the language's compiler is not here, unless make runs it.
func compilers(t *testing.T, language string) {
	t.Helper()
	commands := map[string][]string{"c": {"clang", "wasm-ld"}, "rust": {"/usr/bin/rustc"}, "go": {"go"}, "assemblyscript": {"node"}}
	for _, c := range commands[language] {
		if _, err := exec.LookPath(c); err != nil && os.Getenv("GUESTS") == "" {
			t.Skipf("SKIPPED: %v: sudo apt-get install -y clang lld rustc libstd-rust-dev-wasm32 nodejs npm", err)
		}
	}
	asc, err := filepath.Abs("../../sdk/assemblyscript/node_modules/.bin/asc")
	if err != nil {
		t.Fatal(err)
	}
	if language == "assemblyscript" {
		if _, err := os.Stat(asc); err != nil && os.Getenv("GUESTS") == "" {
			t.Skip("SKIPPED: no asc: run make guests")
		}
		t.Setenv("ASC", asc)
	}
}

// From nothing to a measured module, in every language, by the verbs alone.
func TestModuleVerbs(t *testing.T) {
	for _, language := range []string{"go", "c", "rust", "assemblyscript"} {
		t.Run(language, func(t *testing.T) {
			compilers(t, language)
			t.Chdir(t.TempDir())
			for _, step := range []struct {
				line string
				code int
				want []string
			}{
				{"module new guard --lang " + language, 0, []string{"guard/manifest.json", "guard/testdata/guard.txtar", "next:"}},
				{"module new guard --lang " + language, 1, []string{"is there already"}},
				{"module test guard", 0, []string{"build   " + language, "guard.txtar: 2 hooks, as expected"}},
				{"module build guard", 0, []string{"guard.wasm  guard 0.1.0", "hooks start", "sha256"}},
				{"module inspect guard.wasm", 0, []string{"guard 0.1.0: Refuses", "sbc.log", "sbc_event (i32 i64 i32) → (i64)", "capabilities  sbc", "fuel"}},
				{"module test guard.wasm --script guard/testdata/guard.txtar", 0, []string{"2 hooks, as expected"}},
				{"module bench guard.wasm --time 20ms --script guard/testdata/guard.txtar", 0, []string{"hooks/s", "start", "memory of one more instance"}},
			} {
				if language != "c" && (strings.Contains(step.line, ".wasm") || language != "go" && strings.Contains(step.line, "build")) {
					continue // a file does not say what it was written in; package build has its own tests
				}
				code, stdout, stderr := run(strings.Fields(step.line)...)
				if code != step.code {
					t.Errorf("%s: exit code %d\n%s%s", step.line, code, stdout, stderr)
				}
				for _, want := range step.want {
					if !strings.Contains(stdout+stderr, want) {
						t.Errorf("%s: no %q in\n%s%s", step.line, want, stdout, stderr)
					}
				}
			}
		})
	}
}

// A decision that is not the expected one is shown, fails, and is written when asked.
func TestModuleTestTellsDifferences(t *testing.T) {
	compilers(t, "c")
	t.Chdir(t.TempDir())
	if code, _, stderr := run("module", "new", "guard", "--lang", "c"); code != 0 {
		t.Fatal(stderr)
	}
	script := filepath.Join("guard", "testdata", "guard.txtar")
	b, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	wrong := strings.Replace(string(b), "refuse 403 Not from here", "refuse 404 Not Found", 1)
	if err := os.WriteFile(script, []byte(wrong), 0o644); err != nil {
		t.Fatal(err)
	}
	code, stdout, stderr := run("module", "test", "guard")
	if code != 1 || !strings.Contains(stdout, "got   refuse 403 Not from here") || !strings.Contains(stdout, "want  refuse 404") || !strings.Contains(stderr, "1 difference") {
		t.Errorf("code %d\n%s%s", code, stdout, stderr)
	}
	if code, stdout, stderr := run("module", "test", "--update", "guard"); code != 0 || !strings.Contains(stdout, "written") {
		t.Errorf("code %d\n%s%s", code, stdout, stderr)
	}
	if got, err := os.ReadFile(script); err != nil || string(got) != string(b) {
		t.Errorf("--update wrote\n%s\n%v", got, err)
	}
}

func TestModuleMistakes(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("x.wasm", []byte("\x00asm\x01\x00\x00\x00"), 0o644); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"module new Guard":                         "no name for a module",
		"module new guard --lang cobol":            "want one of go, c, rust, assemblyscript",
		"module build .":                           "holds no module",
		"module test none.wasm":                    "no such file",
		"module test x.wasm":                       "nothing was tested",
		"module inspect none.wasm":                 "no such file",
		"module inspect x.wasm":                    "no section sbc.manifest",
		"module bench x.wasm":                      "no section sbc.manifest",
		"module bench x.wasm --time 1ms":           "at least 10ms",
		"module bench x.wasm --script none.txtar":  "none.txtar",
		"module test x.wasm --script none.txtar":   "none.txtar",
		"module new guard --lang c --sdk .":        "no checkout of Sallyport",
		"module inspect x.wasm --script none.toml": "none.toml",
	} {
		if code, stdout, stderr := run(strings.Fields(line)...); code != 1 || !strings.Contains(stderr, want) {
			t.Errorf("%s: code %d\n%s%s", line, code, stdout, stderr)
		}
	}
}
