package host

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// A module refers the parties of its call to somebody else, and answers for them when they refer.
func TestTransfer(t *testing.T) {
	file := filepath.Join(t.TempDir(), "transfer.wasm")
	if err := os.WriteFile(file, wasmtest.BuildModule(t, filepath.Join("testdata", "transfer")), 0o600); err != nil {
		t.Fatal(err)
	}
	s := stageOf(t, fmt.Sprintf(`active_profile = ["default"]
[module.transfer]
module = %q
grants = ["sbc_call"]
[profile.default]
modules = ["transfer"]
`, file))
	d := s.a.dial("alice")
	s.b.wantRequest("INVITE", "ACK")
	told := func(body string) {
		t.Helper()
		res := d.send("INFO", func(m *sip.Message) {
			m.Add(sip.ContentType, "text/plain")
			m.Body = body
		})
		if res.Status != 200 {
			t.Fatalf("INFO: %d %s", res.Status, res.Phrase)
		}
		s.b.wantRequest("INFO")
	}
	for leg, p := range map[string]*phone{"a": s.a, "b": s.b} {
		told(leg + " sip:carol@example.org")
		m := p.wantRequest("REFER")
		by, _ := m.Named("Referred-By")
		sub, _ := m.Named("Refer-Sub")
		if m.Header(sip.ReferTo) != "<sip:carol@example.org>" || by != "<sip:sbc@example.org>" || sub != "false" || m.Header(sip.Contact) == "" {
			t.Errorf("leg %s got\n%s", leg, m.Append(nil))
		}
	}
	told("b nobody")
	s.logged("not referred: INVALID")
	res := d.send("REFER", func(m *sip.Message) { m.Add(sip.ReferTo, "<sip:dave@example.org>") })
	if why, _ := res.Named("X-Why"); res.Status != 603 || res.Phrase != "Not Here" || why != "policy" {
		t.Errorf("REFER: %d %s, %q", res.Status, res.Phrase, why)
	}
	s.logged("refer from a to <sip:dave@example.org>")
	d.ask("BYE")
	s.b.wantRequest("BYE")
}
