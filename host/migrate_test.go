package host

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/admin"
	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
)

// logged waits until the log has a line with text.
func (s *stage) logged(text string) {
	s.t.Helper()
	waitUntil(s.t, func() bool { return strings.Contains(s.log.String(), text) })
}

// A call that is up goes on with another version of its module, and with its state made over;
// one whose state cannot be made over stays where it is.
func TestCallsMigrate(t *testing.T) {
	files := map[string]string{}
	for _, version := range []string{"first", "second"} {
		b := wasmtest.BuildModule(t, filepath.Join("testdata", "tally", version))
		files[version] = filepath.Join(t.TempDir(), version+".wasm")
		if err := os.WriteFile(files[version], b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := stageOf(t, fmt.Sprintf(`active_profile = ["default"]
[module.tally]
module = %q
[module.tally.canary]
keep = "4s"
drain = "1s"
[profile.default]
modules = ["tally"]
`, files["first"]))
	alice, carol := s.a.dial("alice"), s.a.dial("carol")

	if _, err := api[admin.Module](t, "POST", "/modules/tally/load", admin.LoadModule{File: files["second"]}); err != nil {
		t.Fatal(err)
	}
	m, err := api[admin.Module](t, "POST", "/modules/tally/promote", nil)
	if err != nil || m.Stable.Version != "2.0.0" {
		t.Fatalf("%+v, %v", m, err)
	}
	alice.ask("INFO")
	s.logged("info: first knows 1 alice") // a running call keeps its generation
	dave := s.a.dial("dave")
	dave.ask("INFO")
	s.logged("info: second knows 2 caller=dave")

	// When the generation is drained, its calls leave it at their next hook.
	for late := time.After(3 * waitLimit); !strings.Contains(s.log.String(), "info: second knows 2 caller=alice"); {
		select {
		case <-s.b.requests: // leg B has room for so many only
		case <-time.After(300 * time.Millisecond):
			alice.ask("INFO")
		case <-late:
			t.Fatal("the call stays in the old generation")
		}
	}
	carol.ask("INFO")
	carol.ask("INFO")
	s.logged("carol cannot be taken over")
	s.logged("the call keeps its generation")
	s.logged("info: first knows 1 carol")
	left := func() (calls int64) {
		for _, m := range s.host.modules.Modules() {
			for _, d := range m.Old {
				calls += d.Calls
			}
		}
		return calls
	}
	if n := left(); n != 1 {
		t.Errorf("%d calls hold the old generation, want 1", n)
	}
	for _, d := range []*dialog{alice, carol, dave} {
		d.ask("BYE")
	}
	s.logged("end: second knows 2 caller=alice")
	s.logged("end: first knows 1 carol")
	s.logged("end: second knows 2 caller=dave")
	waitUntil(t, func() bool { return left() == 0 })
	if n := strings.Count(s.log.String(), "the call keeps its generation"); n != 1 {
		t.Errorf("carol's state was tried %d times", n)
	}
}
