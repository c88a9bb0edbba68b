package explain

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

const simple = `active_profile = ["$H(P-Profile)", "p"]
[interface.public]
udp = ["198.51.100.1:5060"]
[module.waits]
module = "builtin:waits"
[profile.p]
modules = ["waits"]
[profile.p.routing]
next_hop = "$V(carrier).example.net"
[profile.p.session_timer.a]
enable = true
`

const simpleInvite = "INVITE sip:bob@example.net SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK776\r\nMax-Forwards: 70\r\n" +
	"From: <sip:alice@example.org>;tag=1928\r\nTo: <sip:bob@example.net>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n" +
	"Contact: <sip:alice@phone.example.org>\r\nContent-Length: 0\r\n\r\n"

func simpleConfig(t testing.TB) *Config {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "sallyport.toml"), []byte(simple), 0o600); err != nil {
		t.Fatal(err)
	}
	return load(t, dir)
}

// An explanation leaves no goroutine behind, whatever it was of: a running SBC explains, too.
func TestNothingStays(t *testing.T) {
	c := simpleConfig(t)
	before := runtime.NumGoroutine()
	inside := strings.Replace(strings.ReplaceAll(simpleInvite, "INVITE", "INFO"), "sip:bob@example.net>", "sip:bob@example.net>;tag=1", 1)
	for range 20 {
		for _, q := range []Request{{Message: simpleInvite}, {Message: inside, Profile: "p"}, {Message: strings.Replace(simpleInvite, ": 70", ": 0", 1)}} {
			if _, err := Explain(context.Background(), *c, q); err != nil {
				t.Fatal(err)
			}
		}
	}
	deadline := time.Now().Add(5 * time.Second)
	for runtime.NumGoroutine() > before {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
		runtime.Gosched()
	}
}

// Whatever is pasted, there is a report or an error, and what it says can be read.
func FuzzExplain(f *testing.F) {
	f.Add(simpleInvite, false)
	f.Add(strings.Replace(simpleInvite, "Call-ID", "P-Profile: x\r\nCall-ID", 1), false)
	f.Add(strings.ReplaceAll(simpleInvite, "INVITE", "BYE"), true)
	f.Add(strings.Replace(simpleInvite, "sip:bob@example.net>", "sip:bob@example.net>;tag=1", 1), true)
	f.Add("SIP/2.0 200 OK\r\n\r\n", false)
	c := simpleConfig(f)
	f.Fuzz(func(t *testing.T, message string, inside bool) {
		q := Request{Message: message}
		if inside {
			q.Profile = "p"
		}
		r, err := Explain(context.Background(), *c, q)
		if err != nil {
			return
		}
		if r.Verdict == "" {
			t.Errorf("no verdict for %q", message)
		}
		for _, target := range r.Targets {
			if target.Message == "" {
				continue
			}
			again, err := repair(target.Message) // placeholders change its length
			if err != nil {
				t.Fatal(err)
			}
			if _, err := sip.Parse([]byte(again.text)); err != nil {
				t.Errorf("%q becomes %q: %v", message, target.Message, err)
			}
		}
		if text := Text(r, false); strings.ContainsAny(text, "\x1b\x00\r") {
			t.Errorf("control characters in %q", text)
		}
	})
}
