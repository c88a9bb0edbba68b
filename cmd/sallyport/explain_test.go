package main

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/host/explain"
)

var update = flag.Bool("update", false, "write what explain prints into README.md")

const explainReadme = "../../README.md"

// readmeBlock returns the first block of a language behind a text of README.md, and where it
// begins and ends.
func readmeBlock(t *testing.T, readme, behind, language string) (text string, from, to int) {
	t.Helper()
	at := strings.Index(readme, behind)
	if at < 0 {
		t.Fatalf("README.md lacks %q", behind)
	}
	fence := "```" + language + "\n"
	i := strings.Index(readme[at:], fence)
	if i < 0 {
		t.Fatalf("README.md has no block of %s behind %q", language, behind)
	}
	from = at + i + len(fence)
	to = from + strings.Index(readme[from:], "```")
	return readme[from:to], from, to
}

// What README.md shows of explain is what it prints.
func TestExplainReadme(t *testing.T) {
	readme, err := os.ReadFile(explainReadme)
	if err != nil {
		t.Fatal(err)
	}
	where, err := filepath.Abs(explainReadme)
	if err != nil {
		t.Fatal(err)
	}
	message, _, _ := readmeBlock(t, string(readme), "**Before a call**", "sip")
	shown, from, to := readmeBlock(t, string(readme), "**Before a call**", "console")
	command, want, _ := strings.Cut(shown, "\n")
	args := strings.Fields(command)
	if len(args) < 3 || args[0] != "$" || args[1] != "sallyport" {
		t.Fatalf("no command line: %q", command)
	}
	t.Chdir(t.TempDir())
	if err := os.WriteFile("invite.sip", []byte(message), 0o600); err != nil {
		t.Fatal(err)
	}
	code, got, stderr := run(args[2:]...)
	if code != 0 {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	if *update {
		out := string(readme[:from]) + command + "\n" + got + string(readme[to:])
		if err := os.WriteFile(where, []byte(out), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != want {
		t.Errorf("explain prints:\n%s\nREADME.md has:\n%s\n(go test ./cmd/sallyport -run ExplainReadme -update)", got, want)
	}
}

// The exit code says what became of the call, and errors say what to do.
func TestExplainCommand(t *testing.T) {
	t.Chdir(t.TempDir())
	invite := "INVITE sip:echo@127.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 127.0.0.1:5099;branch=z9hG4bK1\nMax-Forwards: 70\n" +
		"From: <sip:alice@example.org>;tag=1\nTo: <sip:echo@127.0.0.1>\nCall-ID: 1\nCSeq: 1 INVITE\nContact: <sip:alice@127.0.0.1:5099>\n\n"
	for file, text := range map[string]string{
		"good.sip":    invite,
		"refused.sip": strings.ReplaceAll(invite, "sip:echo@", "sip:bob@"),
		"options.sip": strings.ReplaceAll(invite, "INVITE", "OPTIONS"),
		"empty.sip":   "",
		"cdr.jsonl":   "{\"torn\n{\"from_uri\": \"sip:alice@example.org\", \"ruri\": \"sip:echo@127.0.0.1\", \"src_ip\": \"192.0.2.7\"}\n",
		"bad.toml":    "nod = 1\n",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		args           string
		code           int
		stdout, stderr string // parts
	}{
		{"--invite good.sip", 0, "Verdict: goes out", ""},
		{"--invite refused.sip", 2, "Verdict: refused with 403: no profile for this call", ""},
		{"--invite refused.sip --profile echo", 0, "Verdict: goes out", ""},
		{"--invite options.sip", 0, "Verdict: answered by the SBC itself with 200", ""},
		{"--cdr cdr.jsonl", 0, "from 192.0.2.7:5060 by public", ""},
		{"--cdr {}", 1, "", "no call record"},
		{"--invite empty.sip", 1, "", "there is no SIP message"},
		{"--invite missing.sip", 1, "", "missing.sip: no such file or directory"},
		{"--invite good.sip -c bad.toml", 1, "", `bad.toml:1: unknown key "nod": did you mean "node"?`},
		{"--invite good.sip --interface publik", 1, "", "there is no interface publik"},
		{"--invite good.sip --running", 1, "", "no SBC answers"},
		{"--invite good.sip --running -c bad.toml", 1, "", "none of the others can be"},
		{"", 1, "", "name a message by --invite"},
		{"--invite good.sip --cdr cdr.jsonl", 1, "", "name a message by --invite"},
	} {
		code, stdout, stderr := run(append([]string{"explain"}, strings.Fields(c.args)...)...)
		if code != c.code || !strings.Contains(stdout, c.stdout) || !strings.Contains(stderr, c.stderr) {
			t.Errorf("explain %s: exit code %d, want %d\n%s%s\nwant %q, %q", c.args, code, c.code, stdout, stderr, c.stdout, c.stderr)
		}
		if strings.Contains(stdout, "\x1b") {
			t.Errorf("explain %s: colour where there is no terminal", c.args)
		}
	}
	code, stdout, stderr := run("explain", "--invite", "refused.sip", "--json")
	var r explain.Report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || code != 2 || r.Verdict != explain.Refused || r.Answer.Code != 403 {
		t.Errorf("--json: exit code %d, %v\n%s%s", code, err, stdout, stderr)
	}
}
