package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
)

// plugins is the configuration of modules that are built from their plugins: NAME or
// NAME=PLUGIN, with the store in the file of the SBC.
func plugins(t *testing.T, names ...string) string {
	t.Helper()
	text := "[store]\ndeadline = \"20s\"\n"
	for _, name := range names {
		name, plugin, other := strings.Cut(name, "=")
		if !other {
			plugin = name
		}
		file := filepath.Join(t.TempDir(), name+".wasm")
		if err := os.WriteFile(file, wasmtest.BuildModule(t, filepath.Join("..", "..", "plugins", plugin)), 0o600); err != nil {
			t.Fatal(err)
		}
		grants := map[string]string{"prepaid": `"sbc_account", "sbc_timer"`, "blacklist": `"sbc_kv", "sbc_redis"`}[plugin]
		text += fmt.Sprintf("[module.%s]\nmodule = %q\ngrants = [%s]\n[module.%[1]s.limits]\nwait = \"20s\"\n", name, file, grants)
	}
	return text
}

// call places a call and wants it to end well, or to be refused with a status.
func (c *controlled) call(from string, refused string) {
	c.t.Helper()
	code, stdout, stderr := run("call", "sip:echo@"+c.addr+":5060", "--from", "sip:"+from+"@example.org", "--duration", "200ms")
	if refused == "" && code != 0 || refused != "" && (code != 1 || !strings.Contains(stdout+stderr, refused)) {
		c.t.Errorf("a call from %s: exit code %d, want %q\n%s%s", from, code, refused, stdout, stderr)
	}
}

func TestAccountVerbs(t *testing.T) {
	c := newControlledWith(t, plugins(t, "prepaid")+`
[profile.echo]
modules = ["prepaid"]
[profile.echo.module.prepaid]
account = "$fU"
tariff = "0.60 60/60"
`)
	c.says("account list", `^ACCOUNT +BALANCE +RESERVED +FREE\n$`)
	c.says("account show alice", "1:", `there is no account "alice"`)
	c.says("account withdraw alice 1", "1:", `^sallyport account withdraw: there is no account "alice"\n$`)
	c.call("alice", "500")
	c.says("account deposit alice 1.20 --reference invoice-1", `^1.20 deposited to alice, which is new, with reference invoice-1\nbalance +1.20\nreserved +0.00\nfree +1.20\n$`)
	c.says("account deposit alice 1.20 --reference invoice-1", `^nothing was changed: reference invoice-1 was booked before\n`, `balance +1.20`)
	c.says("account deposit alice 1.21 --reference invoice-1", "1:", `reference "invoice-1" was used for another amount of account "alice"`)
	c.call("alice", "")
	c.until("account show alice", "0.00")
	c.says("account withdraw alice 0.61", "1:", `less than 0.61 that is free: 0.60`)
	made := c.says("account withdraw alice 0.01", `^0.01 withdrawn from alice with reference [A-Z2-7]{26}\n`, `balance +0.59`)
	reference := regexp.MustCompile(`[A-Z2-7]{26}`).FindString(made)
	c.says("account withdraw alice 0.01 --reference "+reference, `nothing was changed`, `balance +0.59`)
	c.call("alice", "402")
	c.says("account deposit alice 0.01", `balance +0.60`)
	c.call("alice", "")

	for line, want := range map[string]string{
		"account deposit alice 1e9":           `amount "1e9" is not one such as 12.50, with at most six digits behind the point`,
		"account deposit alice 0":             `want more than zero`,
		"account deposit alice -- -5":         `amount "-5" is not one`,
		"account deposit alice -5":            `unknown shorthand flag`,
		"account deposit alice":               `accepts 2 arg\(s\), received 1`,
		"account deposit alice 1000000001":    `is more than 1000000000.00`,
		"account deposit '' 1":                `there is no /api/v1/accounts`,
		"account list --limit 0":              `limit: want 1 to 1000`,
		"account lsit":                        `did you mean list`,
		"account show " + longName + longName: `a name of 300 bytes, not 1 to 255`,
	} {
		c.says(line, "1:", want)
	}
	c.says("account deposit sip:a/b@x 3", `deposited to sip:a/b@x, which is new`)
	c.says("account deposit .. 3", `deposited to \.\., which is new`)
	c.says("account show ..", `account +\.\.\n`)
	c.says("account list", `\.\. +3.00 +0.00 +3.00\nalice .*\nsip:a/b@x +3.00 +0.00 +3.00\n$`)
	c.says("account list --limit 1 --prefix s", `^ACCOUNT.*\nsip:a/b@x .*\n$`)
	c.says("account list --limit 1 --json", `"next": "\.\."`, `"balance": "3.00"`)
	c.says("account list --limit 1", `there are more: --after \.\.\n$`)
	c.says("account list --after alice", `^ACCOUNT.*\nsip:a/b@x .*\n$`)
	c.says("__complete account deposit ''", `(?m)^alice\t.* free$`, `(?m)^sip:a/b@x\t`)
	c.says("__complete account show ''", `(?m)^\.\.\t3.00 free$`)
}

var longName = strings.Repeat("x", 150)

func TestAccountWithoutStore(t *testing.T) {
	c := newControlled(t)
	c.says("account list", "1:", `there is no store: no module of the configuration keeps anything in one`)
	c.says("account deposit alice 1", "1:", `^sallyport account deposit: there is no store: no module of the configuration keeps anything in one\n$`)
	c.says("blacklist list", "1:", `there is no blacklist: no \[module.NAME\] of the configuration is builtin:blacklist`)
	c.says("blacklist block x --module y", "1:", `there is no module "y" that has a blacklist`)
}

// An order that may have been carried out says how to say it again.
func TestAccountWhileRedisIsAway(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	text := strings.Replace(plugins(t, "prepaid"), "[store]\n", "[store]\nengine = \"redis\"\n", 1)
	c := newControlledWith(t, text+fmt.Sprintf("[redis]\naddresses = [%q]\n", l.Addr()))
	c.says("account list", "1:", `the store is away`)
	c.says("account deposit alice 1 --reference 'no 1'", "1:", `the store is away .*; say it again with --reference 'no 1', which counts once`)
	c.says("account withdraw alice 1", "1:", `the store is away .*; say it again with --reference [A-Z2-7]{26}, which counts once`)
}
