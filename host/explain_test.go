package host

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/host/explain"
)

const explainInvite = "INVITE sip:echo@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5099;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n" +
	"From: <sip:alice@example.org>;tag=1\r\nTo: <sip:echo@127.0.0.1>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n" +
	"Contact: <sip:alice@127.0.0.1:5099>\r\nContent-Length: 0\r\n\r\n"

// The built-in configuration is explained with its real modules, from anywhere, and leaves
// nothing behind.
func TestExplain(t *testing.T) {
	t.Chdir(t.TempDir())
	r, err := Explain(context.Background(), Options{Server: "Sallyport/test"}, explain.Request{Message: explainInvite})
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict != explain.GoesOut || r.Profile != "echo" || len(r.Targets) != 1 || r.Targets[0].Address != "127.0.0.1:5070/udp" {
		t.Errorf("%s", explain.Text(r, false))
	}
	if len(r.Modules) != 1 || r.Modules[0].Verdict != explain.Passes {
		t.Errorf("modules %+v", r.Modules)
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A configuration of another host can be explained here; one with a mistake cannot.
func TestExplainConfiguration(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "s.toml")
	for text, want := range map[string]string{
		"active_profile = [\"p\"]\n[interface.a]\nudp = [\"192.0.2.1:5060\"]\n[profile.p]\n": "",
		"active_profile = [\"q\"]\n[interface.a]\nudp = [\"192.0.2.1:5060\"]\n[profile.p]\n": `there is no profile "q"`,
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Explain(context.Background(), Options{File: file}, explain.Request{Message: explainInvite})
		switch {
		case want == "" && err != nil:
			t.Error(err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// A running SBC explains with what it runs on; its calls and its counters do not notice.
func TestExplainRunning(t *testing.T) {
	p := newPlace(t, "")
	h := p.start()
	defer p.stop(h)
	r, err := h.Explain(context.Background(), explain.Request{Message: explainInvite, Interface: "public"})
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict != explain.GoesOut {
		t.Errorf("%s", explain.Text(r, false))
	}
	again, err := api[explain.Report](t, "POST", "/explain", explain.Request{Message: explainInvite, Interface: "public"})
	if err != nil || explain.Text(&again, false) != explain.Text(r, false) {
		t.Errorf("by the control socket: %v\n%s", err, explain.Text(&again, false))
	}
	if _, err := api[explain.Report](t, "POST", "/explain", explain.Request{Message: "hello"}); err == nil || !strings.Contains(err.Error(), "there is no SIP message") {
		t.Errorf("no message: %v", err)
	}
	if s := h.sbc.Stats(); s.Calls != 0 || s.Active != 0 {
		t.Errorf("the running SBC has %+v", s)
	}
	if calls := p.log.String(); strings.Contains(calls, "call begins") {
		t.Errorf("the running SBC logs %s", calls)
	}
}
