package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// semsTree writes a small configuration of SEMS that listens on addr, and returns its folder.
func semsTree(t *testing.T, addr string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"sems.conf":                  "sip_ip=" + addr + "\nrtp_low_port=30000\nrtp_high_port=30099\nfork=yes\n",
		"etc/sbc.conf":               "profiles=a,refuse\nactive_profile=$M($rU=>m),refuse\nregex_maps=m\n",
		"etc/m.conf":                 "^echo$=>a\n",
		"etc/a.sbcprofile.conf":      "RURI=sip:echo@iptel.org\nenable_rtprelay=yes\nauth_pwd=geheim\n",
		"etc/refuse.sbcprofile.conf": "refuse_with=\"403 Invalid Domain $rd\"\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestImportSEMS(t *testing.T) {
	in := semsTree(t, loopback().String())
	t.Chdir(t.TempDir())
	code, stdout, stderr := run("import-sems", in, "--out", "out")
	if code != 0 || !strings.Contains(stdout, `sems.conf:4: fork: `) || !strings.Contains(stderr, "out/sallyport.toml: converted, ") {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	if report, err := os.ReadFile("out/REPORT.txt"); err != nil || string(report) != stdout {
		t.Errorf("REPORT.txt is %q, %v, printed was %q", report, err, stdout)
	}
	if code, _, stderr := run("import-sems", in, "--out", "out"); code != 1 || !strings.Contains(stderr, "is there already; --force overwrites") {
		t.Errorf("a second time: exit code %d\n%s", code, stderr)
	}
	if code, _, stderr := run("import-sems", in, "--out", "out", "--force"); code != 0 {
		t.Errorf("with --force: exit code %d\n%s", code, stderr)
	}
	if code, _, stderr := run("check", "out/sallyport.toml"); code != 0 {
		t.Errorf("check of what was converted: exit code %d\n%s", code, stderr)
	}
}

func TestImportNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("sems.conf", []byte("no equals sign\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir("empty", 0o755); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"import-sems .":                     "--out is missing",
		"import-sems . --out out":           ".: sems.conf:1: want key=value",
		"import-sems empty --out out":       "empty: neither sems.conf nor sbc.conf nor",
		"import-sems missing --out out":     "missing",
		"import-sems sems.conf --out out":   "sems.conf",
		"import-sems empty empty --out out": "accepts 1 arg(s)",
	} {
		if code, _, stderr := run(strings.Fields(args)...); code != 1 || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit code %d, want 1 and %q:\n%s", args, code, want, stderr)
		}
	}
	if _, err := os.Stat("out"); err == nil {
		t.Error("something was written")
	}
}

// Addresses of another machine are told, and are no failure.
func TestImportElsewhere(t *testing.T) {
	in := semsTree(t, "192.0.2.77")
	t.Chdir(t.TempDir())
	code, _, stderr := run("import-sems", in, "--out", "out")
	if code != 0 || !strings.Contains(stderr, "does not run on this machine yet") || !strings.Contains(stderr, "this host has no address 192.0.2.77") {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
}

// What comes out runs as it is.
func TestRunImported(t *testing.T) {
	in, dir := semsTree(t, loopback().String()), t.TempDir()
	if code, _, stderr := run("import-sems", in, "--out", filepath.Join(dir, "out")); code != 0 {
		t.Fatalf("exit code %d\n%s", code, stderr)
	}
	p := start(t, dir, binary(t), "run", "-c", "out/sallyport.toml")
	p.line("ready")
	p.signal(syscall.SIGTERM)
	p.succeeds()
}
