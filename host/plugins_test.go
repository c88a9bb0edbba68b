package host

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi/manifest"
	"github.com/sallyport-sbc/sallyport/host/admin"
	"github.com/sallyport-sbc/sallyport/host/config"
	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// stage is a host between two phones that runs the example of a plugin's README.
type stage struct {
	*place
	host *Host
	a, b *phone
}

// newStage starts a host with the n-th TOML block of plugins/NAME/README.md, in which
// edits replace text in pairs. The block's modules are built from their plugins.
func newStage(t *testing.T, name string, n int, edits ...string) *stage {
	t.Helper()
	return stageOf(t, "active_profile = [\"default\"]\n"+example(t, name, n, edits...))
}

// stageOf starts a host with a configuration, to which it adds what is missing between two phones.
func stageOf(t *testing.T, text string) *stage {
	t.Helper()
	t.Chdir(t.TempDir())
	s := &stage{place: &place{t: t, addr: address()}}
	s.a = newPhone(t, s.addr, 0)
	s.b = newPhone(t, s.addr, 5080)
	for section, body := range map[string]string{
		"interface.public":        fmt.Sprintf("udp = [\"%s:5060\"]", s.addr),
		"cache":                   fmt.Sprintf("dir = %q", cacheDir(t)),
		"profile.default.media":   "relay = false",
		"profile.default.routing": fmt.Sprintf("next_hop = \"%s:5080\"", s.addr),
	} {
		if !strings.Contains(text, "["+section+"]") {
			text += "\n[" + section + "]\n" + body + "\n"
		}
	}
	text = patient(text)
	text = strings.NewReplacer("192.0.2.10", s.addr.String()+":5080", "ADDR", s.addr.String()).Replace(text)
	if err := os.WriteFile("sallyport.toml", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	snapshot, err := config.Load("sallyport.toml", config.Options{})
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if s.host, err = Start(t.Context(), snapshot, s.options()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.a.close()
		s.b.close()
		s.stop(s.host)
		if t.Failed() {
			t.Log(s.log.String())
		}
	})
	return s
}

// aModule is the head of a module's section.
var aModule = regexp.MustCompile(`(?m)^\[module\.([a-z]+)\]$`)

// patient gives the store and whoever waits for it so much time that a busy machine
// fails no test.
func patient(text string) string {
	add := func(section, line string) {
		if head := "[" + section + "]\n"; strings.Contains(text, head) {
			text = strings.Replace(text, head, head+line, 1)
		} else {
			text += "\n" + head + line
		}
	}
	add("store", "deadline = \"20s\"\n")
	for _, m := range aModule.FindAllStringSubmatch(text, -1) {
		add("module."+m[1]+".limits", "wait = \"20s\"\n")
	}
	return text
}

// builtinSource is how an example names the module of a plugin.
var builtinSource = regexp.MustCompile(`module = "builtin:([a-z]+)"`)

// example is the n-th TOML block of a plugin's README with its modules as files.
func example(t *testing.T, name string, n int, edits ...string) (text string) {
	t.Helper()
	readme, err := os.ReadFile(filepath.Join("..", "plugins", name, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(readme), "```toml\n")
	if len(blocks) <= n {
		t.Fatalf("README of %s has no block %d", name, n)
	}
	text, _, _ = strings.Cut(blocks[n], "```")
	for i := 0; i+1 < len(edits); i += 2 {
		if !strings.Contains(text, edits[i]) {
			t.Fatalf("the example has no %q:\n%s", edits[i], text)
		}
		text = strings.Replace(text, edits[i], edits[i+1], 1)
	}
	return builtinSource.ReplaceAllStringFunc(text, func(line string) string {
		plugin := builtinSource.FindStringSubmatch(line)[1]
		wasm := wasmtest.BuildModule(t, filepath.Join("..", "plugins", plugin))
		m, err := manifest.Read(wasm)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), plugin+".wasm")
		if err := os.WriteFile(file, wasm, 0o600); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("module = %q\ngrants = %s", file, strings.ReplaceAll(fmt.Sprintf("%q", m.Capabilities), " ", ", "))
	})
}

// cacheDir is where all tests keep compiled modules.
func cacheDir(t *testing.T) string {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "sallyport-wasmtest", "host")
}

// Every plugin's manifest and README fit together.
func TestPluginsAreDescribed(t *testing.T) {
	readmes, err := fs.Glob(os.DirFS(".."), "plugins/*/README.md")
	if err != nil || len(readmes) == 0 {
		t.Fatal(err)
	}
	top, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range readmes {
		name := filepath.Base(filepath.Dir(path))
		text, err := os.ReadFile(filepath.Join("..", path))
		if err != nil {
			t.Fatal(err)
		}
		for _, head := range []string{"# " + name + "\n", "## Name\n", "## Description\n", "## Parameters\n", "## Examples\n", "module = \"builtin:" + name + "\""} {
			if !strings.Contains(string(text), head) {
				t.Errorf("%s has no %q", path, head)
			}
		}
		if !strings.Contains(string(top), "plugins/"+name+"/README.md") {
			t.Errorf("README.md does not mention the module %s", name)
		}
	}
}

func TestCallTimer(t *testing.T) {
	t.Run("ends the call", func(t *testing.T) {
		s := newStage(t, "calltimer", 1)
		begun := time.Now()
		s.a.invite("P-Max-Seconds: 0.3")
		s.a.want(200)
		s.a.wantRequest("BYE")
		s.b.wantRequest("INVITE", "ACK", "BYE")
		if took := time.Since(begun); took < 300*time.Millisecond {
			t.Errorf("ended after %s", took)
		}
	})
	t.Run("warns", func(t *testing.T) {
		s := newStage(t, "calltimer", 1, `"30s"`, `"0.3"`)
		s.a.invite("P-Max-Seconds: 0.5")
		s.a.want(200)
		s.a.wantRequest("BYE")
		if !strings.Contains(s.log.String(), "the call ends soon") {
			t.Error("no warning")
		}
	})
	t.Run("warns by INFO", func(t *testing.T) {
		s := newStage(t, "calltimer", 2, `"30s"`, `"1.5"`)
		s.a.invite("P-Max-Seconds: 2")
		s.a.want(200)
		s.b.wantRequest("INVITE", "ACK")
		for _, p := range []*phone{s.a, s.b} {
			m := p.wantRequest("INFO")
			if m.Body != "account=alice;left=30" || m.Header(sip.ContentType) != "application/x-credit" {
				t.Errorf("INFO\n%s", m.Append(nil))
			}
			p.wantRequest("BYE")
		}
	})
	t.Run("warns by header", func(t *testing.T) {
		s := newStage(t, "calltimer", 3)
		s.a.invite("P-Max-Seconds: 90")
		res, req := s.a.want(200), s.b.wantRequest("INVITE")
		a, _ := res.Named("X-Credit-Seconds")
		b, _ := req.Named("X-Credit-Seconds")
		if a != "90" || b != "90" {
			t.Errorf("the caller learns %q, the callee %q", a, b)
		}
		s.a.bye()
	})
	t.Run("extended from outside", func(t *testing.T) {
		s := newStage(t, "calltimer", 2, `"30s"`, `"0.5"`)
		begun := time.Now()
		s.a.invite("P-Max-Seconds: 4")
		s.a.want(200)
		s.b.wantRequest("INVITE", "ACK")
		calls := s.host.sbc.Calls(t.Context())
		if len(calls) != 1 {
			t.Fatalf("calls: %+v", calls)
		}
		path := "/calls/" + calls[0].ID + "/rearm"
		r, err := api[admin.Rearmed](t, "POST", path, admin.Rearm{Module: "calltimer", Duration: "6s"})
		if err != nil || r.Until == nil || r.Until.Sub(calls[0].Answer) != 6*time.Second {
			t.Fatalf("%+v, %v", r, err)
		}
		if _, err := api[admin.Rearmed](t, "POST", path, admin.Rearm{Module: "nobody", Duration: "6s"}); err == nil || !strings.Contains(err.Error(), `no module "nobody"`) {
			t.Errorf("a module that is not there: %v", err)
		}
		s.a.wantRequest("INFO")
		if took := time.Since(begun); took < 5500*time.Millisecond {
			t.Errorf("warned after %s, want 5.5s", took)
		}
		s.a.wantRequest("BYE")
		if took := time.Since(begun); took < 6*time.Second {
			t.Errorf("ended after %s, want 6s", took)
		}
		s.b.wantRequest("INFO", "BYE")
	})
	t.Run("cut short from outside", func(t *testing.T) {
		s := newStage(t, "calltimer", 2)
		s.a.invite("P-Max-Seconds: 3600")
		s.a.want(200)
		s.b.wantRequest("INVITE", "ACK")
		path := "/calls/" + s.host.sbc.Calls(t.Context())[0].ID + "/rearm"
		if _, err := api[admin.Rearmed](t, "POST", path, admin.Rearm{Module: "calltimer", Duration: "2s", FromNow: true}); err != nil {
			t.Fatal(err)
		}
		s.a.wantRequest("INFO", "BYE")
		s.b.wantRequest("INFO", "BYE")
	})
	t.Run("no time at all", func(t *testing.T) {
		s := newStage(t, "calltimer", 1)
		s.a.invite("P-Max-Seconds: 0")
		s.a.want(503)
		s.b.wantNothing()
	})
	t.Run("no value", func(t *testing.T) {
		s := newStage(t, "calltimer", 1, `default = "2h"`, "")
		s.a.invite()
		s.a.want(500)
		s.b.wantNothing()
	})
}

func TestCtl(t *testing.T) {
	t.Run("shapes the call", func(t *testing.T) {
		s := newStage(t, "ctl", 1)
		s.a.invite(`P-Call-Control: routing.targets="sip:carol@192.0.2.77";var.account=$fU`)
		s.a.want(200)
		m := s.b.wantRequest("INVITE")
		if account, _ := m.Named("X-Account"); m.RURI != "sip:carol@192.0.2.77" || account != "$fU" {
			t.Errorf("leg B got %s with account %q", m.RURI, account)
		}
		if v, ok := m.Named("P-Call-Control"); ok {
			t.Errorf("leg B got P-Call-Control: %s", v)
		}
		s.a.bye()
	})
	t.Run("a key that is not on the list", func(t *testing.T) {
		s := newStage(t, "ctl", 1)
		s.a.invite("P-Call-Control: identity.from=sip:mallory@example.org")
		s.a.want(403)
		s.b.wantNothing()
	})
	t.Run("not trusted", func(t *testing.T) {
		s := newStage(t, "ctl", 1, `["public"]`, `["core"]`)
		s.a.invite("P-Call-Control: routing.targets=sip:carol@192.0.2.77")
		s.a.want(403)
		s.b.wantNothing()
	})
}

func TestFailover(t *testing.T) {
	s := newStage(t, "failover", 1)
	s.b.answers(func(m *sip.Message) int {
		switch {
		case strings.HasPrefix(m.RURI, "sip:voicemail-bob@"), strings.Contains(m.RURI, ";carrier=c"):
			return 200
		case strings.Contains(m.Header(sip.From), "alice"):
			return 486
		}
		return 503
	})
	s.a.invite()
	s.a.want(200)
	s.b.wantRequest("INVITE", "ACK")
	if m := s.b.wantRequest("INVITE"); !strings.HasPrefix(m.RURI, "sip:voicemail-bob@") {
		t.Errorf("tried %s", m.RURI)
	}
	s.b.wantRequest("ACK")
	s.a.bye()
	s.b.wantRequest("BYE")

	s.a.invite("From: <sip:carol@example.org>;tag=c")
	s.a.want(200)
	s.b.wantRequest("INVITE", "ACK", "INVITE", "ACK")
	if m := s.b.wantRequest("INVITE"); !strings.HasSuffix(m.RURI, ";carrier=c") {
		t.Errorf("tried %s", m.RURI)
	}
	s.b.wantRequest("ACK")
	s.a.bye()
}
