package config

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

func TestPrint(t *testing.T) {
	s, err := parse("x.toml", "", `active_profile = ["trunk"]
node = "sbc1"
[interface.public]
udp = ["127.0.0.1:5060"]
advertise = "203.0.113.7"
[map.keys]
kind = "exact"
rules = ["alice=>geheim"]
[module.m]
module = "builtin:cdr"
[module.m.config]
url = "redis://user:geheim@192.0.2.5:6379/1"
api_token = "$geheim"
nested = { Password = "geheim", port = 5 }
[profile.trunk]
modules = ["m"]
[profile.trunk.auth.b]
user = "u"
password = "geheim"
[profile.trunk.auth.a.require]
realm = "r"
password = "$M($fU=>keys)"
[profile.child]
extends = "trunk"
[profile.child.routing]
ring_timeout = "90s"
`, testOptions)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := s.Print(&b); err != nil {
		t.Fatal(err)
	}
	got := b.String()
	for _, want := range []string{
		`node = "sbc1"`, `active_profile = ["trunk"]`, `drain_timeout = "30s"`, `media_ports = "20000-29999"`, `level = "info"`, `format = "text"`,
		`advertise = "203.0.113.7"`, `url = "redis://user:…@192.0.2.5:6379/1"`, `api_token = "…"`, `Password = "…"`, `password = "$M($fU=>keys)"`,
		`kind = "exact"`, `ring_timeout = "1m30s"`, `ring_timeout = "3m0s"`, `socket = "var/run/sallyport.sock"`, `on_fail = "refuse"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in\n%s", want, got)
		}
	}
	if n := strings.Count(got, "geheim"); n != 1 { // the rule of the map
		t.Errorf("secrets are shown %d times:\n%s", n-1, got)
	}
	settings, err := s.Settings("child")
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(settings)
	if err != nil || !strings.Contains(string(text), `"ring_timeout":"1m30s"`) || !strings.Contains(string(text), `"password":"…"`) {
		t.Errorf("Settings(child) = %s, %v", text, err)
	}
	if _, err := s.Settings("chidl"); err == nil || !strings.Contains(err.Error(), `did you mean "child"?`) {
		t.Errorf("Settings(chidl): %v", err)
	}
}

// What is printed without secrets is a configuration, and means the same.
func TestPrintedIsReadAgain(t *testing.T) {
	s, err := Load("", Options{Builtins: []string{"cdr"}})
	if err != nil {
		t.Fatal(err)
	}
	var first, second strings.Builder
	if err := s.Print(&first); err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("printed.toml", []byte(first.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	again, err := Load("printed.toml", Options{Builtins: []string{"cdr"}})
	if err != nil {
		t.Fatalf("%v\n%s", err, first.String())
	}
	if err := again.Print(&second); err != nil || first.String() != second.String() {
		t.Errorf("printed again: %v\n%s\nwas\n%s", err, second.String(), first.String())
	}
	for i, p := range s.ProfileInfos() {
		if q := again.ProfileInfos()[i]; p.Config != q.Config {
			t.Errorf("profile %s: %s became %s", p.Name, p.Config, q.Config)
		}
	}
}
