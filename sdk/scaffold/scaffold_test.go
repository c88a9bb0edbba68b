package scaffold

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/abi/contract"
	"github.com/sallyport-sbc/sallyport/sdk/build"
)

var tree = os.DirFS("../..")

// The new folder builds as it is: with its own copy of the SDK, and with a checkout. The
// other languages do in the test of the verbs, cmd/sallyport.
func TestNew(t *testing.T) {
	for _, language := range []string{"go", "c"} {
		for _, checkout := range []string{"", "../.."} {
			t.Run(language+" "+checkout, func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "call-guard")
				files, err := New(Options{Dir: dir, Language: language, Tree: tree, Checkout: checkout})
				if err != nil || len(files) < 5 {
					t.Fatalf("%q, %v", files, err)
				}
				// No tree here: what is in the folder must do.
				r, err := build.Module(build.Options{Source: dir, Out: filepath.Join(dir, "m.wasm")})
				if errors.Is(err, build.ErrNoCompiler) && os.Getenv("GUESTS") == "" {
					t.Skip(err)
				}
				if err != nil {
					t.Fatal(err)
				}
				if r.Manifest.Name != "call-guard" || r.Language != language {
					t.Errorf("%+v", r)
				}
				if language == "go" {
					cmd := exec.Command("go", "test", "./...")
					cmd.Dir = dir
					if out, err := cmd.CombinedOutput(); err != nil {
						t.Errorf("go test: %v\n%s", err, out)
					}
				}
				if _, err := New(Options{Dir: dir, Language: language, Tree: tree}); !errors.Is(err, ErrExists) {
					t.Errorf("a second time: %v", err)
				}
			})
		}
	}
}

// The README names every hook, every capability, and only functions that the SDK has.
func TestReadmeIsTrue(t *testing.T) {
	word := regexp.MustCompile("`([^`]+)`")
	for _, language := range build.Languages() {
		t.Run(language, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "guard")
			if _, err := New(Options{Dir: dir, Language: language, Tree: tree}); err != nil {
				t.Fatal(err)
			}
			readme, err := os.ReadFile(filepath.Join(dir, "README.md"))
			if err != nil {
				t.Fatal(err)
			}
			source := new(strings.Builder)
			err = filepath.WalkDir(filepath.Join(dir, "sallyport"), func(path string, d fs.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				b, err := os.ReadFile(path)
				source.Write(b)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range contract.Events {
				if !strings.Contains(string(readme), "| `"+e.Name+"` |") {
					t.Errorf("no hook %s", e.Name)
				}
			}
			_, hooks, _ := strings.Cut(string(readme), "## Hooks")
			hooks, table, _ := strings.Cut(hooks, "## Capabilities")
			for line := range strings.Lines(hooks) {
				if cells := strings.Split(line, "|"); len(cells) > 3 {
					if m := word.FindStringSubmatch(cells[2]); m != nil {
						name := strings.Trim(strings.TrimPrefix(strings.TrimPrefix(strings.Split(m[1], "(")[0], "fn "), "override "), "[]")
						if !strings.Contains(source.String(), name) {
							t.Errorf("the SDK has no hook %s", name)
						}
					}
				}
			}
			for _, f := range contract.Imports {
				if f.Module != "sbc" && !strings.Contains(table, "`"+f.Module+"`") {
					t.Errorf("no capability %s", f.Module)
				}
			}
			for line := range strings.Lines(table) {
				cells := strings.Split(line, "|")
				if len(cells) < 4 {
					continue
				}
				for _, m := range word.FindAllStringSubmatch(cells[2], -1) {
					name := m[1][strings.LastIndexAny(m[1], ".:")+1:]
					if !regexp.MustCompile(`\b` + name + `\(`).MatchString(source.String()) {
						t.Errorf("the SDK has no %s", m[1])
					}
				}
			}
		})
	}
}

func TestMistakesAreNamed(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Dir: "Guard", Language: "go"}, "no name for a module"},
		{Options{Dir: "guard", Language: "cobol"}, "want one of go, c, rust, assemblyscript"},
		{Options{Dir: "guard", Language: "c", Checkout: "/"}, "no checkout of Sallyport"},
	} {
		c.o.Dir, c.o.Tree = filepath.Join(t.TempDir(), c.o.Dir), tree
		if _, err := New(c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.o, err, c.want)
		}
	}
}
