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

// What a script lacks is said beside the difference it makes: an answer, a hook, a key of the plan.
func TestModuleTestTellsWhatIsMissing(t *testing.T) {
	compilers(t, "c")
	t.Chdir(t.TempDir())
	if code, _, stderr := run("module", "new", "guard", "--lang", "c"); code != 0 {
		t.Fatal(stderr)
	}
	for name, text := range map[string]string{
		"guard/guard.c": `#define SP_WAITING 8
#include "sallyport.h"
static int32_t start(sp_call *c) { return sp_wait(c, sp_http_get(c, SP_TEXT("http://crm.example.net/")), 0, 0); }
static int32_t waited(sp_call *c, int32_t status, const sp_frame *r, void *note) {
    (void)r, (void)note;
    sp_set(c, SP_TEXT("routing.targts"), SP_TEXT("sip:bob@192.0.2.1"));
    return status;
}
SALLYPORT_MODULE(.waited = waited, .hook = {[SP_EVENT_START] = start});
`,
		"guard/manifest.json":         `{"name": "guard", "version": "1", "hooks": ["start", "end"]}`,
		"guard/testdata/guard.txtar":  "No answer.\n-- start --\n-- expect --\npass\n",
		"guard/testdata/answer.txtar": "An answer.\n-- http http://crm.example.net/ --\n-- start --\n-- expect --\npass\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	code, stdout, stderr := run("module", "test", "guard")
	if code != 1 {
		t.Errorf("exit code %d\n%s%s", code, stdout, stderr)
	}
	for _, want := range []string{
		"fails: hook failed: DENIED", "requests of sbc_http were refused: malformed, or to a server of which the script has no answer",
		"names the hook end, the module has none", "there is no key \"routing.targts\": did you mean \"routing.targets\"?", "http GET http://crm.example.net/",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in\n%s%s", want, stdout, stderr)
		}
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
