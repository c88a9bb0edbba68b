package config

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
)

func TestSample(t *testing.T) {
	s, err := Load("", Options{Builtins: []string{"cdr"}})
	if err != nil {
		t.Fatal(err)
	}
	if s.File != BuiltIn || len(s.SHA256) != 64 {
		t.Errorf("File = %q, SHA256 = %q", s.File, s.SHA256)
	}
	if want := []string{"public", "private"}; !reflect.DeepEqual(s.InterfaceOrder, want) {
		t.Errorf("InterfaceOrder = %v, want %v", s.InterfaceOrder, want)
	}
	for _, path := range []string{s.Cache.Dir, s.Module["cdr"].Config["file"].(string)} {
		if !strings.HasPrefix(path, "var/") {
			t.Errorf("%s is written outside ./var", path)
		}
	}
	inRepository, err := os.ReadFile("../../sallyport.toml")
	if err != nil || string(inRepository) != Sample {
		t.Errorf("sallyport.toml at the top is not the built-in configuration: %v", err)
	}
}

func TestDefaults(t *testing.T) {
	s, err := parse("x.toml", "", sound, testOptions)
	if err != nil {
		t.Fatal(err)
	}
	if s.Node == "" || s.DrainTimeout != 30*time.Second || s.MaxCalls != 0 || s.Log != (Log{slog.LevelInfo, Text}) ||
		s.Cache.Dir != "var/cache" || s.Echo != nil {
		t.Errorf("defaults of the file: %+v", s.Config)
	}
	want := &Interface{
		UDP:         []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:5060")},
		Media:       netip.MustParseAddr("127.0.0.1"),
		MediaPorts:  Ports{20000, 29999},
		SourceRate:  40000,
		SourceBurst: 40000,
	}
	if got := s.Interface["public"]; !reflect.DeepEqual(got, want) {
		t.Errorf("defaults of an interface: %+v, want %+v", got, want)
	}
}

func TestValues(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, text := range map[string]string{
		"etc/maps/ip.conf":   "^192\\.0\\.2\\.=>default\n",
		"etc/modules/m.wasm": "\x00asm\x01\x00\x00\x00",
		"etc/sallyport.toml": `
node = "sbc1"
active_profile = ["$M($si=>ip)", "refuse"]
max_calls = 10
drain_timeout = "1m30s"
[log]
level = "debug"
format = "json"
[interface.zulu]
udp = ["127.0.0.1:5060"]
advertise = "203.0.113.5:5061"
source_rate = 10
[interface.alpha]
tcp = ["[::1]:5060"]
media = "192.0.2.1"
media_ports = "30000-30009"
[map.ip]
file = "maps/ip.conf"
[module.m]
module = "modules/m.wasm"
on_fail = "pass"
[module.m.config]
account = { name = "a", limit = 3 }
[profile.default]
`,
	} {
		if err := os.MkdirAll(name[:strings.LastIndex(name, "/")], 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Load("etc/sallyport.toml", testOptions)
	if err != nil {
		t.Fatal(err)
	}
	if s.Node != "sbc1" || s.MaxCalls != 10 || s.DrainTimeout != 90*time.Second || s.Log != (Log{slog.LevelDebug, JSON}) {
		t.Errorf("values of the file: %+v", s.Config)
	}
	if want := []string{"zulu", "alpha"}; !reflect.DeepEqual(s.InterfaceOrder, want) {
		t.Errorf("InterfaceOrder = %v, want %v", s.InterfaceOrder, want)
	}
	if i := s.Interface["zulu"]; netip.AddrPort(i.Advertise) != netip.MustParseAddrPort("203.0.113.5:5061") || i.SourceBurst != 10 {
		t.Errorf("interface zulu: %+v", i)
	}
	if i := s.Interface["alpha"]; i.Media != netip.MustParseAddr("192.0.2.1") || i.MediaPorts != (Ports{30000, 30009}) {
		t.Errorf("interface alpha: %+v", i)
	}
	m := s.Module["m"]
	if m.Module != "etc/modules/m.wasm" || m.OnFail != callcontrol.OnFailPass {
		t.Errorf("module m: %+v", m)
	}
	if got := m.Config["account"].(map[string]any)["limit"]; got != int64(3) {
		t.Errorf("module m's configuration: %+v", m.Config)
	}
	ip, ok := s.Maps.Map("ip")
	if !ok {
		t.Fatal("no map ip")
	}
	if v, ok := ip.Append(nil, "192.0.2.9"); !ok || string(v) != "default" {
		t.Errorf("map ip gives %q, %t", v, ok)
	}
}

func TestListen(t *testing.T) {
	o := testOptions
	o.Listen = map[string]netip.AddrPort{
		"":        netip.MustParseAddrPort("127.0.0.1:15060"),
		"private": netip.MustParseAddrPort("127.0.0.1:15062"),
	}
	o.Builtins = []string{"cdr"}
	s, err := parse("x.toml", "", Sample, o)
	if err != nil {
		t.Fatal(err)
	}
	public, private := s.Interface["public"], s.Interface["private"]
	if public.UDP[0].Port() != 15060 || public.TCP[0].Port() != 15060 || private.UDP[0].Port() != 15062 || private.TCP != nil {
		t.Errorf("public %v %v, private %v %v", public.UDP, public.TCP, private.UDP, private.TCP)
	}
}

// The configurations in README.md are what they claim to be.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "maps"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "maps/ip.conf"), []byte("^10[.]=>trunk\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	o := Options{HasAddress: func(netip.Addr) bool { return true }, Builtins: []string{"cdr"}}
	found := 0
	for _, block := range strings.Split(string(readme), "```toml\n")[1:] {
		text, _, _ := strings.Cut(block, "```")
		if !strings.Contains(text, "active_profile") {
			continue // a part of one
		}
		found++
		if _, err := parse("README.md", dir, text, o); err != nil {
			t.Errorf("%v", err)
		}
	}
	if found == 0 {
		t.Error("README.md shows no configuration")
	}
}

// Whatever a file holds, there is a snapshot or a mistake.
func FuzzParse(f *testing.F) {
	f.Add(Sample)
	f.Add(sound)
	f.Add("active_profile = [[]]\n[interface]\nx = 1\n[[profile]]\n[map.m]\nrules = ['(=>', '']")
	f.Add("[module.m.config]\na = [1, {b = 1979-05-27T07:32:00Z}]\n[echo]\naddress = ''")
	f.Fuzz(func(t *testing.T, text string) {
		// A file named by the text must not be opened: fuzzing reads no devices.
		if strings.Contains(text, "file") || strings.Contains(text, "module") {
			text = strings.NewReplacer("file", "rules", "/", "_").Replace(text)
		}
		s, err := parse("x.toml", t.TempDir(), text, testOptions)
		if (s == nil) == (err == nil) {
			t.Errorf("snapshot %v, error %v", s, err)
		}
	})
}
