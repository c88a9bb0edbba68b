package config

import (
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "write what is got into testdata/bad")

// Each file in testdata/bad is a configuration with mistakes and, in "want", every line that
// check prints for it. The other files lie beside the configuration.
func TestMistakes(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			here, err := os.Getwd()
			if err != nil {
				t.Fatal(err)
			}
			t.Chdir(t.TempDir())
			want := ""
			for _, f := range a.Files {
				if f.Name == "want" {
					want = string(f.Data)
					continue
				}
				if err := os.MkdirAll(filepath.Dir(f.Name), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(f.Name, f.Data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			s, err := Load("sallyport.toml", testOptions)
			if err == nil {
				t.Fatalf("no mistakes, want\n%s", want)
			}
			if s != nil {
				t.Error("a snapshot came with the mistakes")
			}
			got := err.Error() + "\n"
			if *update {
				rewrite(t, filepath.Join(here, file), a, got)
			} else if got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// rewrite puts what was got into the case.
func rewrite(t *testing.T, file string, a *txtar.Archive, got string) {
	t.Helper()
	for i := range a.Files {
		if a.Files[i].Name == "want" {
			a.Files[i].Data = []byte(got)
		}
	}
	if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
		t.Fatal(err)
	}
}

// testOptions are a host with one address besides loopback and one built-in module.
var testOptions = Options{
	HasAddress: func(a netip.Addr) bool { return a.IsLoopback() || a == netip.MustParseAddr("192.0.2.1") },
	Builtins:   []string{"cdr"},
}

// sound is a configuration without a mistake, for cases that add one.
const sound = `active_profile = ["default"]
[interface.public]
udp = ["127.0.0.1:5060"]
[profile.default]
`

func TestMistakesOfTheFileItself(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.Mkdir("dir", 0o755); err != nil {
		t.Fatal(err)
	}
	for file, want := range map[string]string{
		"missing.toml": "missing.toml: no such file or directory",
		"dir":          "dir: is a directory",
	} {
		if _, err := Load(file, testOptions); err == nil || err.Error() != want {
			t.Errorf("Load(%s) = %v, want %s", file, err, want)
		}
	}
}

func TestListenOfNobody(t *testing.T) {
	o := testOptions
	o.Listen = map[string]netip.AddrPort{"pubic": netip.MustParseAddrPort("127.0.0.1:15060")}
	const want = `x.toml: --listen pubic=127.0.0.1:15060: there is no interface "pubic": did you mean "public"?`
	if _, err := parse("x.toml", "", sound, o); err == nil || err.Error() != want {
		t.Errorf("parse() = %v, want %s", err, want)
	}
}
