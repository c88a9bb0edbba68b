package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host"
	"github.com/sallyport-sbc/sallyport/host/config"
	"github.com/sallyport-sbc/sallyport/host/useragent"
)

// controlled is an SBC with an echo, a profile in a file of its own and a map, running in
// this process in a folder of its own.
type controlled struct {
	t    *testing.T
	addr string
}

func newControlled(t *testing.T) *controlled {
	t.Helper()
	return newControlledWith(t, "")
}

// modulesDir is where tests keep compiled modules, from one run to the next.
func modulesDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "sallyport-wasmtest", "host")
}

// newControlledWith adds text to its configuration.
func newControlledWith(t *testing.T, text string) *controlled {
	t.Helper()
	t.Chdir(t.TempDir())
	pid := os.Getpid()
	addr := fmt.Sprintf("127.%d.%d.77", 16+pid>>8%200, pid&255)
	c := &controlled{t, addr}
	c.write("sallyport.toml", `active_profile = ["$M($si=>ip)", "echo"]
profiles = "profiles/*.toml"
node = "sbc1"
[interface.public]
udp = ["`+addr+`:5060"]
[echo]
address = "`+addr+`:5070"
[cache]
dir = "`+modulesDir()+`"
[map.ip]
kind = "cidr"
rules = ["192.0.2.0/24=>trunk"]
[profile.echo.routing]
next_hop = "`+addr+`:5070"
`+text)
	c.write("profiles/trunk.toml", "[profile.trunk.routing]\nnext_hop = \"192.0.2.1\"\n[profile.trunk.auth.b]\nuser = \"u\"\npassword = \"geheim\"\n")
	s, err := config.Load("sallyport.toml", config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h, err := host.Start(t.Context(), s, host.Options{File: "sallyport.toml", Version: versionOf()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := h.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return c
}

func (c *controlled) write(file, text string) {
	c.t.Helper()
	if strings.Contains(file, "/") {
		if err := os.MkdirAll(file[:strings.LastIndexByte(file, '/')], 0o755); err != nil {
			c.t.Fatal(err)
		}
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		c.t.Fatal(err)
	}
}

// says runs a command line and looks for parts of what it prints; the first word of want may
// be "1:" for an exit code of 1, and then stderr is looked at.
func (c *controlled) says(line string, want ...string) string {
	c.t.Helper()
	code, stdout, stderr := run(words(line)...)
	text, exit := stdout, 0
	if len(want) > 0 && want[0] == "1:" {
		text, exit, want = stderr, 1, want[1:]
	}
	if code != exit {
		c.t.Errorf("sallyport %s: exit code %d, want %d: %s", line, code, exit, stderr)
	}
	for _, w := range want {
		if ok, err := regexp.MatchString(w, text); err != nil || !ok {
			c.t.Errorf("sallyport %s: no %s in\n%s", line, w, text)
		}
	}
	return text
}

// words splits a command line at blanks outside single quotes.
func words(line string) []string {
	var out []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			out = append(out, part)
		} else {
			out = append(out, strings.Fields(part)...)
		}
	}
	return out
}

func TestProfileVerbs(t *testing.T) {
	c := newControlled(t)
	c.says("profile list", `PROFILE +STATE +MD5 +SHA256 +LOADED +FILE`, `echo +as in the file +[0-9a-f]{32} +[0-9a-f]{12} .*sallyport.toml`, `trunk .*profiles/trunk.toml`)
	c.says("profile show trunk", `file +profiles/trunk.toml`, `"next_hop": "192.0.2.1"`, `"ring_timeout": "3m0s"`, `"password": "…"`)
	c.write("profiles/trunk.toml", "[profile.trunk.routing]\nnext_hop = \"192.0.2.2\"\n")
	c.says("profile reload trunk", `profile +trunk`, `state +as in the file`)
	c.says("profile show trunk", `"next_hop": "192.0.2.2"`)
	c.write("try.toml", "[profile.trunk.routing]\nnext_hop = \"192.0.2.3\"\n")
	c.says("profile load trunk try.toml", `state +differs from the file`, `file +/.*/try.toml`)
	c.says("profile list", `trunk +differs from the file`)
	c.says("profile active", `^\$M\(\$si=>ip\)\necho\nas in the file\n$`)
	c.says("profile active trunk refuse", `^trunk\nrefuse\ndiffers from the file\n$`)
	c.says("reload", `sallyport.toml is in use, sha256 [0-9a-f]{12}`, `lost: active_profile, profile trunk`)
	c.says("profile active", `as in the file`)

	c.write("try.toml", "[profile.trunk.routing]\nnext_hopp = \"192.0.2.3\"\n[profile.x]\nfoo = 1\n")
	c.says("profile load trunk try.toml", "1:", `(?m)^/.*/try.toml:2: unknown key "next_hopp" in \[profile.trunk.routing\]: did you mean "next_hop"\?$`, `1 mistake: nothing was changed`)
	c.says("profile load new try.toml", "1:", `has no \[profile.new\]`)
	c.write("profiles/bad.toml", "[profile.bad]\nx = 1\n")
	c.says("profile reload --all", "1:", `profiles/bad.toml:2: unknown key "x"`)
	c.says("reload", "1:", `profiles/bad.toml:2: unknown key "x"`)
	c.write("profiles/bad.toml", "[profile.good]\n")
	c.says("profile reload --all", `good .*profiles/bad.toml`)
	c.says("profile active trnk", "1:", `active_profile\[0\]: there is no profile "trnk": did you mean "trunk"\?`)
	c.says("profile show trnk", "1:", `there is no profile "trnk": did you mean "trunk"\?`)
	c.says("profile reload", "1:", `name one profile, or say --all`)
	c.says("profile lsit", "1:", `unknown command "lsit" for "sallyport profile": did you mean list`)
	c.says("profile", `Available Commands`)
	c.says("__complete profile show ''", `(?m)^trunk$`, `(?m)^echo$`)
	c.says("__complete profile reload t", `(?m)^trunk$`)
}

func TestMapVerbs(t *testing.T) {
	c := newControlled(t)
	c.says("map list", `MAP +KIND +RULES +STATE`, `ip +cidr +1 +as in the file +[0-9a-f]{32}`)
	c.says("map show ip", `^192.0.2.0/24=>trunk\n$`)
	c.says("map lookup ip 192.0.2.9", `^trunk  \(rule on line 1\)\n$`)
	c.says("map lookup ip 10.0.0.1", "1:", `ip has nothing for 10.0.0.1`)
	c.says("map set ip --rule '10.0.0.0/8=>echo' --rule '10.1.0.0/16=>trunk'", `rules +2`, `state +differs from the file`)
	c.says("map lookup ip 10.1.0.1", `trunk  \(rule on line 2\)`)
	c.write("ip.conf", "# ours\n10.0.0.0/8=>trunk\n")
	c.says("map set ip ip.conf", `file +/.*/ip.conf`)
	c.says("map reload ip", `state +as in the file`, `rules +1`)
	c.says("map set plan --kind prefix --rule '+49=>de'", `kind +prefix`)
	c.says("map lookup plan +4989 --json", `"found": true`, `"value": "de"`)
	c.says("map list --json", `"kind": "prefix"`, `"live": true`)
	c.says("stats", `(?s)map plan\n  kind +prefix\n  rules +1`, `transport public`)

	c.write("ip.conf", "10.0.0.0/8=>trunk\n10.0.0.1/8=>x\n")
	c.says("map set ip ip.conf", "1:", `ip.conf:2: 10.0.0.1/8 is an address in the network 10.0.0.0/8`)
	c.says("map set ip --rule x", "1:", `rules\[0\]: no =>`)
	c.says("map set ip", "1:", `name either a file or rules`)
	c.says("map set op ip.conf", "1:", `there is no map "op"`)
	c.says("map set op ip.conf --kind glob", "1:", `kind "glob": want "regex"`)
	c.says("__complete map show ''", `(?m)^ip$`, `(?m)^plan$`)
}

func TestCallVerbs(t *testing.T) {
	c := newControlled(t)
	events := make(chan useragent.Event, 64)
	ended := make(chan error, 1)
	go func() {
		_, err := useragent.Call(t.Context(), useragent.CallConfig{
			URI: "sip:echo@" + c.addr + ":5060", Listen: netip.MustParseAddrPort(c.addr + ":0"), Duration: time.Hour,
		}, events)
		close(events)
		ended <- err
	}()
	c.until("call list", "answered")
	list := c.says("call list", `CALL +STATE +FOR +CALLER +CALLEE +PROFILE`, `[a-z2-7]{16} +answered .* echo +echo `, `1 of 1 call\n`)
	id := regexp.MustCompile(`[a-z2-7]{16}`).FindString(list)
	c.says("call list --profile trunk", `0 of 1 call`)
	c.says("call show "+id, `state +answered`, `profile +echo`, `(?s)PARTY +CODEC +PACKETS.*a +PCM.*b +PCM`)
	var call struct {
		A string `json:"sip_call_id_a"`
		B string `json:"sip_call_id_b"`
	}
	if err := json.Unmarshal([]byte(c.says("call show "+id+" --json")), &call); err != nil || call.A == "" || call.B == "" || call.A == call.B {
		t.Errorf("call show --json: %+v, %v", call, err)
	}
	c.says("__complete call hangup ''", id+`\t.* > echo, answered`)
	c.says("call rearm "+id+" --module calltimer --duration 10m", "1:", `no module "calltimer" has let call `+id+` pass`)
	c.says("call rearm "+id+" --module calltimer --duration soon", "1:", `duration "soon": want a time such as "10m"`)
	c.says("call rearm "+id+" --duration 10m", "1:", `required flag.* "module" not set`)
	c.says("call rearm nobody --module calltimer --duration 10m --from-now", "1:", `there is no call "nobody"`)
	c.says("call hangup "+id+" --reason 'that is enough'", id+" hung up")
	select {
	case err := <-ended:
		if err == nil {
			t.Error("the call of an hour ended well")
		}
	case <-time.After(patience):
		t.Fatalf("the call goes on %s after the hang-up", patience)
	}
	c.until("call list", "0 of 0 calls")
	c.says("call show "+id, "1:", `there is no call "`+id+`"`)
	c.says("call hangup "+id, "1:", `there is no call`)
	c.says("stats", `(?s)calls\n  answered +1\n  calls +1`, `(?m)^up `)
	c.says("log-level", `^info\n$`)
	c.says("log-level debug", `^debug\n$`)
	c.says("log-level loud", "1:", `invalid argument "loud"`)
	for range events {
		continue
	}
}

// until repeats a command until it says something.
func (c *controlled) until(line, want string) {
	c.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second); ; <-tick.C {
		_, stdout, stderr := run(words(line)...)
		if strings.Contains(stdout, want) {
			return
		}
		if time.Now().After(end) {
			c.t.Fatalf("sallyport %s: no %s in\n%s%s", line, want, stdout, stderr)
		}
	}
}

func TestNobodyRuns(t *testing.T) {
	t.Chdir(t.TempDir())
	c := &controlled{t: t}
	for _, line := range []string{"profile list", "map list", "call list", "reload", "stats", "log-level", "call hangup x", "account list", "account deposit alice 1", "blacklist list", "blacklist block x --for 1h"} {
		c.says(line, "1:", `no SBC answers on var/run/sallyport.sock: is it running, with \[control\] socket set to that path\?`)
	}
	c.says("stats --socket other.sock", "1:", "other.sock")
	c.says("__complete profile show ''", ":4")
}
