package sbc

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
)

// TestTorture sends every message of RFC 4475 to the SBC and holds what it answers
// against sip/testdata/torture/expected.txt. "pass" means here: an INVITE reaches leg B,
// any other method gets 405, because nothing but a call is carried on; and there is no
// registrar, so whatever a registrar would say is 405 too.
func TestTorture(t *testing.T) {
	list, err := os.ReadFile("sip/testdata/torture/expected.txt")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, line := range strings.Split(string(list), "\n") {
		w := strings.Fields(line)
		if len(w) < 3 || w[0] == "#" {
			continue
		}
		seen++
		t.Run(w[0], func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join("sip/testdata/torture", w[0]+".dat"))
			if err != nil {
				t.Fatal(err)
			}
			synctest.Test(t, func(t *testing.T) {
				b := newBed(t)
				defer b.close()
				b.configure("[default]\nmodules = [\"scripted\"]\n[default.routing]\ntargets = [\"sip:bob@198.51.100.11\"]\ninterface = \"inside\"\n[default.media]\nrelay = false\n")
				a, callee := b.phone("a"), b.phone("b")
				b.start()
				a.write(raw)
				synctest.Wait()
				got := "discard"
				for _, m := range a.take() {
					if l := labelOf(m); !strings.HasPrefix(l, "100 ") {
						got = strings.Fields(l)[0]
					}
				}
				for _, m := range callee.take() {
					if labelOf(m) == "INVITE" {
						got = "pass"
					}
				}
				room, want, _ := strings.Cut(w[2], ":")
				if room == "registrar" || want == "pass" && !strings.HasPrefix(string(raw), "INVITE") {
					want = "405"
				}
				if got != want {
					t.Errorf("%s: %s, want %s", w[0], got, want)
				}
				if b.sbc.Stats().Panics != 0 {
					t.Error("panic")
				}
			})
		})
	}
	if seen != 49 {
		t.Errorf("%d messages, want 49", seen)
	}
}
