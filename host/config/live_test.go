package config

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/sbc/pattern"
)

// files writes files below the working directory, in pairs of name and text.
func files(t *testing.T, pairs ...string) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if err := os.MkdirAll(filepath.Dir(pairs[i]), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(pairs[i], []byte(pairs[i+1]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

const liveMain = `active_profile = ["$M($si=>ip)", "default"]
profiles = "profiles/*.toml"
[interface.public]
udp = ["127.0.0.1:5060"]
[map.ip]
kind = "cidr"
file = "maps/ip.conf"
[map.names]
kind = "exact"
rules = ["alice=>trunk"]
[profile.default.routing]
next_hop = "192.0.2.9"
`

// live loads a configuration with profiles and a map in files of their own.
func live(t *testing.T) *Snapshot {
	t.Helper()
	t.Chdir(t.TempDir())
	files(t, "etc/sallyport.toml", liveMain,
		"etc/profiles/trunk.toml", "# a trunk\n[profile.trunk.routing]\nnext_hop = \"192.0.2.1\"\n",
		"etc/profiles/two.toml", "[profile.one]\nextends = \"trunk\"\n[profile.two]\n",
		"etc/maps/ip.conf", "192.0.2.0/24=>trunk\n")
	s, err := Load("etc/sallyport.toml", testOptions)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func profileInfo(t *testing.T, s *Snapshot, name string) ProfileInfo {
	t.Helper()
	for _, p := range s.ProfileInfos() {
		if p.Name == name {
			return p
		}
	}
	t.Fatalf("there is no profile %s", name)
	return ProfileInfo{}
}

func nextHop(s *Snapshot, name string) string { return s.Profile[name].Routing.NextHop.Source() }

func TestProfilesInFilesOfTheirOwn(t *testing.T) {
	s := live(t)
	if got := s.Profiles.Names(); !reflect.DeepEqual(got, []string{"default", "one", "trunk", "two"}) {
		t.Fatalf("profiles %v", got)
	}
	p := profileInfo(t, s, "trunk")
	body, err := os.ReadFile(p.File)
	if err != nil {
		t.Fatal(err)
	}
	m, sum := sums(string(body))
	if p.File != "etc/profiles/trunk.toml" || p.MD5 != m || p.SHA256 != sum || len(p.Config) != 64 || p.Loaded.IsZero() || p.Live {
		t.Errorf("%+v", p)
	}
	if nextHop(s, "one") != "192.0.2.1" {
		t.Error("a profile does not extend one of another file")
	}
	if i := s.MapInfos(); len(i) != 2 || i[0].Name != "ip" || i[0].Kind != pattern.CIDR || i[0].Rules != 1 || i[0].File != "etc/maps/ip.conf" || i[1].File != "" {
		t.Errorf("maps: %+v", i)
	}
}

func TestReloadOneProfile(t *testing.T) {
	s := live(t)
	before := profileInfo(t, s, "trunk")
	files(t, "etc/profiles/trunk.toml", "[profile.trunk.routing]\nnext_hop = \"192.0.2.2\"\n",
		"etc/sallyport.toml", strings.ReplaceAll(liveMain, "192.0.2.9", "192.0.2.10"))
	next, err := s.ReloadProfile("trunk")
	if err != nil {
		t.Fatal(err)
	}
	if nextHop(next, "trunk") != "192.0.2.2" || nextHop(next, "one") != "192.0.2.2" || nextHop(next, "default") != "192.0.2.9" {
		t.Errorf("trunk %s, one %s, default %s", nextHop(next, "trunk"), nextHop(next, "one"), nextHop(next, "default"))
	}
	if after := profileInfo(t, next, "trunk"); after.Live || after.MD5 == before.MD5 || after.Config == before.Config {
		t.Errorf("after the reload: %+v", after)
	}
	if nextHop(s, "trunk") != "192.0.2.1" {
		t.Error("the snapshot before has changed")
	}
	// One of the main file, and then all of them.
	if next, err = next.ReloadProfile("default"); err != nil || nextHop(next, "default") != "192.0.2.10" {
		t.Errorf("ReloadProfile(default) = %v", err)
	}
	files(t, "etc/profiles/three.toml", "[profile.three]\n")
	if err := os.Remove("etc/profiles/two.toml"); err != nil {
		t.Fatal(err)
	}
	if next, err = next.ReloadProfiles(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(next.Profiles.Names(), " "); got != "default three trunk" || nextHop(next, "default") != "192.0.2.10" {
		t.Errorf("after all: %s", got)
	}
}

func TestLoadProfileFromElsewhere(t *testing.T) {
	s := live(t)
	files(t, "etc/try.toml", "[profile.trunk.routing]\nnext_hop = \"192.0.2.3\"\n[profile.new]\n")
	next, err := s.LoadProfile("trunk", "try.toml")
	if err != nil {
		t.Fatal(err)
	}
	if next, err = next.LoadProfile("new", "try.toml"); err != nil {
		t.Fatal(err)
	}
	if got := next.Live(); !reflect.DeepEqual(got, []string{"profile new", "profile trunk"}) {
		t.Errorf("Live() = %v", got)
	}
	if p := profileInfo(t, next, "trunk"); !p.Live || p.File != "etc/try.toml" || nextHop(next, "trunk") != "192.0.2.3" {
		t.Errorf("%+v", p)
	}
	if next, err = next.ReloadProfile("trunk"); err != nil || !profileInfo(t, next, "trunk").Live {
		t.Errorf("reloaded from elsewhere: %v", err)
	}
	here, err := filepath.Abs("etc/profiles/trunk.toml")
	if err != nil {
		t.Fatal(err)
	}
	if own, err := s.LoadProfile("trunk", here); err != nil || profileInfo(t, own, "trunk").Live {
		t.Errorf("loaded from its own file: %v", err)
	}
	if next, err = next.ReloadProfiles(); err != nil || len(next.Live()) != 0 {
		t.Errorf("after all: %v, %v", err, next)
	}
}

func TestSetActive(t *testing.T) {
	s := live(t)
	next, err := s.SetActive([]string{"$H(X)", "trunk"})
	if err != nil {
		t.Fatal(err)
	}
	if got, live := next.Active(); !live || strings.Join(got, " ") != "$H(X) trunk" {
		t.Errorf("Active() = %v, %v", got, live)
	}
	if got, live := s.Active(); live || strings.Join(got, " ") != "$M($si=>ip) default" {
		t.Errorf("Active() of the file = %v, %v", got, live)
	}
	for _, c := range []struct{ selectors, want string }{
		{"trnk", `active_profile[0]: there is no profile "trnk": did you mean "trunk"?`},
		{"refuse $M(x=>nowhere)", `active_profile[1]: there is no map "nowhere"`},
		{"$H(", `active_profile[0]: "$H(": column 3: ( is never closed`},
		{"", `active_profile: required, such as ["default"]`},
	} {
		if _, err := s.SetActive(strings.Fields(c.selectors)); err == nil || !strings.HasPrefix(err.Error(), strings.SplitN(c.want, ": column", 2)[0]) {
			t.Errorf("SetActive(%s) = %v, want %s", c.selectors, err, c.want)
		}
	}
}

func TestSetMaps(t *testing.T) {
	s := live(t)
	next, err := s.SetMap("ip", nil, "", []string{"10.0.0.0/8=>two"})
	if err != nil {
		t.Fatal(err)
	}
	prefix := pattern.Prefix
	if next, err = next.SetMap("plan", &prefix, "", []string{"+49=>de", "=>world"}); err != nil {
		t.Fatal(err)
	}
	files(t, "etc/plan.conf", "+49=>germany\n")
	if next, err = next.SetMap("plan", nil, "plan.conf", nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ in, key, want string }{
		{"ip", "10.9.9.9", "two"},
		{"ip", "192.0.2.1", ""},
		{"plan", "+4989", "germany"},
		{"names", "alice", "trunk"},
	} {
		if got, _, err := next.LookUp(c.in, c.key); got != c.want || err != nil {
			t.Errorf("%s of %s = %q, %v, want %q", c.key, c.in, got, err, c.want)
		}
	}
	if got := next.Live(); !reflect.DeepEqual(got, []string{"map ip", "map plan"}) {
		t.Errorf("Live() = %v", got)
	}
	files(t, "etc/plan.conf", "+4=>some\n", "etc/maps/ip.conf", "192.0.2.0/24=>default\n")
	if next, err = next.ReloadMap("plan"); err != nil {
		t.Fatal(err)
	}
	if next, err = next.ReloadMap("ip"); err != nil {
		t.Fatal(err)
	}
	if got, _, _ := next.LookUp("plan", "+43"); got != "some" {
		t.Errorf("the map of a file was not read again: %q", got)
	}
	if got, line, _ := next.LookUp("ip", "192.0.2.1"); got != "default" || line != 1 {
		t.Errorf("the map of the configuration was not read again: %q by line %d", got, line)
	}
	if got := next.Live(); !reflect.DeepEqual(got, []string{"map plan"}) {
		t.Errorf("Live() after the reload = %v", got)
	}
	if _, text, err := next.MapText("plan"); err != nil || !reflect.DeepEqual(Lines("# x\n"+text), []string{"+4=>some"}) {
		t.Errorf("MapText(plan) = %q, %v", text, err)
	}
}

// A change with a mistake says where, and there is no snapshot.
func TestBadChanges(t *testing.T) {
	s := live(t)
	exact := pattern.Exact
	files(t, "etc/profiles/trunk.toml", "[profile.trunk]\nroutng = 1\n", "etc/bad.conf", "10.0.0.0/8=>x\n300=>y\n", "etc/no.toml", "x = [\n")
	for _, c := range []struct {
		name string
		do   func() (*Snapshot, error)
		want string
	}{
		{"an unknown key", func() (*Snapshot, error) { return s.ReloadProfile("trunk") }, `etc/profiles/trunk.toml:2: unknown key "routng"`},
		{"all", s.ReloadProfiles, `etc/profiles/trunk.toml:2: unknown key "routng"`},
		{"not TOML", func() (*Snapshot, error) { return s.LoadProfile("trunk", "no.toml") }, "etc/no.toml:1: not TOML"},
		{"no file", func() (*Snapshot, error) { return s.LoadProfile("trunk", "nix.toml") }, "etc/nix.toml: no such file"},
		{"not in the file", func() (*Snapshot, error) { return s.LoadProfile("twoo", "profiles/two.toml") }, `etc/profiles/two.toml: has no [profile.twoo]: did you mean "two"?`},
		{"unknown profile", func() (*Snapshot, error) { return s.ReloadProfile("trnk") }, `there is no profile "trnk": did you mean "trunk"?`},
		{"a rule", func() (*Snapshot, error) { return s.SetMap("ip", nil, "", []string{"10.0.0.1=>a", "b=>c"}) }, "rules[1]: want an address or a network"},
		{"a line", func() (*Snapshot, error) { return s.SetMap("ip", nil, "bad.conf", nil) }, "etc/bad.conf:2: want an address or a network"},
		{"a file that is not there", func() (*Snapshot, error) { return s.SetMap("ip", nil, "nix.conf", nil) }, "file: etc/nix.conf: no such file"},
		{"unknown map", func() (*Snapshot, error) { return s.SetMap("op", nil, "", nil) }, `there is no map "op"`},
		{"a name", func() (*Snapshot, error) { return s.SetMap("a b", &exact, "", nil) }, `map "a b": a name has letters`},
		{"reload of an unknown map", func() (*Snapshot, error) { return s.ReloadMap("op") }, `there is no map "op"`},
	} {
		next, err := c.do()
		if next != nil || err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v, %v, want %s", c.name, next, err, c.want)
		}
	}
	var u *UnknownError
	if _, _, err := s.LookUp("nix", ""); !errors.As(err, &u) || u.What != "map" {
		t.Errorf("LookUp in an unknown map: %v", err)
	}
	if _, _, err := s.MapText("nix"); !errors.As(err, &u) {
		t.Errorf("MapText of an unknown map: %v", err)
	}
	made, err := s.SetMap("made", &exact, "", []string{"a=>b"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := made.ReloadMap("made"); err == nil || err.Error() != "map made was made while running and has no file to read" {
		t.Errorf("ReloadMap(made) = %v", err)
	}
}
