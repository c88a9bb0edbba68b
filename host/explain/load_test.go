package explain

import (
	"context"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/host/config"
	"github.com/sallyport-sbc/sallyport/host/wasm"
	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// A module that asks stores and the web runs in its sandbox, and nothing of it reaches
// anybody: limits are granted, what it writes is gone, what it asks is told.
func TestSandbox(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a module")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "asks.wasm")
	if out, err := exec.Command("go", "run", "../../sdk/cmd/sallyport-module", "build", "-o", file, "testdata/guest").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	toml := filepath.Join(dir, "sallyport.toml")
	if err := os.WriteFile(toml, []byte(`active_profile = ["p"]
[interface.public]
udp = ["198.51.100.1:5060"]
[map.carriers]
rules = ["^bob=>gold"]
[module.asks]
module = "asks.wasm"
grants = ["sbc_limit", "sbc_kv", "sbc_http", "sbc_map"]
[profile.p]
modules = ["asks"]
[profile.p.routing]
next_hop = "$V(carrier).example.net"
`), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := config.Load(toml, config.Options{HasAddress: func(netip.Addr) bool { return true }})
	if err != nil {
		t.Fatal(err)
	}
	m := s.Module["asks"]
	c := Config{
		Snapshot: s,
		Load: Sandbox([]wasm.ModuleConfig{{
			Name: "asks", Source: m.Module, Grants: m.Grants,
			HTTP: wasm.HTTPGrant{Allow: []string{"http://127.0.0.1:9/"}, Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		}}, s.Maps, filepath.Join(dir, "cache"), "sbc1", nil),
		Transport: []transport.Config{{Name: "public", UDP: s.Interface["public"].UDP}},
		Media:     []media.Interface{{Name: "public", Addr: s.Interface["public"].Media, PortMin: 20000, PortMax: 20999}},
	}
	r, err := Explain(context.Background(), c, Request{Message: simpleInvite})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Modules) != 1 || r.Modules[0].Verdict != Passes || r.Verdict != GoesOut || r.Targets[0].Place != "gold.example.net" {
		t.Fatalf("%s", Text(r, false))
	}
	got := r.Modules[0]
	want := []Asked{
		{"limit user/alice (1 of 2)", true}, {"3 bytes kept as last", true}, {"value of last", false}, {"HTTP GET http://127.0.0.1:9/lcr", false},
	}
	if !slices.Equal(got.Asked, want) {
		t.Errorf("asked %+v, want %+v", got.Asked, want)
	}
	if !slices.Equal(got.Log, []string{"WARN went on"}) || !slices.Equal(got.Vars, []Field{{"carrier", "gold"}}) {
		t.Errorf("log %q, variables %v", got.Log, got.Vars)
	}
	if !strings.Contains(strings.Join(r.Notes, "\n"), "module asks needed an answer that a dry run does not have") {
		t.Errorf("notes %q", r.Notes)
	}
	if _, err := os.Stat(filepath.Join(dir, "cache")); err == nil {
		t.Error("a cache was made")
	}
}

// A module that is not there, or whose file is none, is not tried, and says why.
func TestSandboxWithout(t *testing.T) {
	load := Sandbox([]wasm.ModuleConfig{{Name: "x", Source: filepath.Join(t.TempDir(), "x.wasm")}}, nil, "", "sbc1", nil)
	for name, want := range map[string]string{"x": "no such file", "y": wasm.ErrUnknown.Error()} {
		if _, _, err := load(name, new(role)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}
