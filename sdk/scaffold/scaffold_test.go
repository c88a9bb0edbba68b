package scaffold

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

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
