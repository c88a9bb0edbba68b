package main

import (
	"bytes"
	"net"
	"os"
	"strings"
	"testing"
)

// run runs a command line in this process.
func run(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = doMain(args, &out, &err)
	return code, out.String(), err.String()
}

func TestCommandLine(t *testing.T) {
	cases := []struct {
		name           string
		args           string
		code           int
		stdout, stderr []string // parts
	}{
		{"no verb", "", 0, []string{"Examples:", "sallyport run", "call", "check", "version"}, nil},
		{"help", "--help", 0, []string{"sallyport call sip:echo@127.0.0.1:5060"}, nil},
		{"help of a verb", "run --help", 0, []string{"SIGHUP", "--listen"}, nil},
		{"unknown verb", "rnu", 1, nil, []string{`unknown command "rnu"`, "run"}},
		{"unknown flag", "run --lsiten x", 1, nil, []string{"sallyport run: unknown flag: --lsiten"}},
		{"version", "version", 0, []string{"sallyport ", "commit ", "go        go1.", "abi       1."}, nil},
		{"version as a flag", "--version", 0, []string{"sallyport ", "abi       1."}, nil},
		{"listen without port", "run --listen 127.0.0.1", 1, nil, []string{"--listen 127.0.0.1: want an address and a port"}},
		{"listen twice", "run --listen 127.0.0.1:1 --listen 127.0.0.1:2", 1, nil, []string{"named twice"}},
		{"missing file", "run -c missing.toml", 1, nil, []string{"missing.toml: no such file or directory"}},
		{"check of the built-in configuration", "check", 0, []string{"built-in configuration: no mistakes: 2 interfaces, 1 profile, 1 module, 1 map"}, nil},
		{"check with mistakes", "check bad.toml", 1, nil, []string{`bad.toml:1: unknown key "nod": did you mean "node"?`, "4 mistakes"}},
		{"check with flag", "check -c bad.toml", 1, nil, []string{"bad.toml:1:"}},
		{"check with print", "check --print good.toml", 0, []string{"[profile.a.routing]", "ring_timeout = \"3m0s\"", "media_ports = \"20000-29999\""}, nil},
		{"check with print and mistakes", "check --print bad.toml", 1, nil, []string{"bad.toml:1:"}},
		{"schema", "check --schema", 0, []string{`"$schema"`, `"active_profile"`}, nil},
		{"check of two files", "check -c bad.toml bad.toml", 1, nil, []string{"name one file"}},
		{"check without mistakes", "check good.toml", 0, []string{"good.toml: no mistakes: 1 interface, 1 profile, 0 modules, 0 maps"}, nil},
	}
	t.Chdir(t.TempDir())
	for file, text := range map[string]string{
		"bad.toml":  "nod = \"a\"\n",
		"good.toml": "active_profile = [\"a\"]\n[interface.a]\nudp = [\"127.0.0.1:5060\"]\n[cache]\ndir = \"\"\n[profile.a]\n",
	} {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			code, stdout, stderr := run(strings.Fields(c.args)...)
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			for _, want := range c.stdout {
				if !strings.Contains(stdout, want) {
					t.Errorf("stdout lacks %q:\n%s", want, stdout)
				}
			}
			for _, want := range c.stderr {
				if !strings.Contains(stderr, want) {
					t.Errorf("stderr lacks %q:\n%s", want, stderr)
				}
			}
		})
	}
}

func TestWayOutOfTakenPort(t *testing.T) {
	t.Chdir(t.TempDir())
	taken, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	addr := taken.LocalAddr().String()
	text := "active_profile = [\"a\"]\n[interface.door]\nudp = [\"" + addr + "\"]\nmedia_ports = \"2000-2009\"\n[cache]\ndir = \"\"\n[profile.a]\n"
	if err := os.WriteFile("x.toml", []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := run("run", "-c", "x.toml")
	if code != 1 {
		t.Errorf("exit code %d, want 1", code)
	}
	for _, want := range []string{
		"in use by another program: door udp " + addr,
		" run -c x.toml --listen door=127.0.0.1:",
		"change the addresses in x.toml",
	} {
		if !strings.Contains(stderr, want) {
			t.Errorf("stderr lacks %q:\n%s", want, stderr)
		}
	}
}
