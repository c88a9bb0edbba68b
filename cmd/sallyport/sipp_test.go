package main

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// site is where one end-to-end test plays: an address with all ports for itself and a
// folder. Sallyport listens on port 5060 for the caller and 5062 for callees.
type site struct {
	t    *testing.T
	addr netip.Addr
	dir  string
}

func newSite(t *testing.T) *site {
	t.Helper()
	t.Parallel()
	s := &site{t: t, addr: loopback(), dir: t.TempDir()}
	// A second of noise is enough: sipp plays it in a loop.
	if err := os.WriteFile(filepath.Join(s.dir, "tone.ulaw"), make([]byte, 8000), 0o644); err != nil {
		t.Fatal(err)
	}
	return s
}

// port is the site's address with a port.
func (s *site) port(n int) string {
	return netip.AddrPortFrom(s.addr, uint16(n)).String()
}

// configuration is what most tests run: calls to one callee on port 5090, with relay and
// a record for each. more is added behind it.
func (s *site) configuration(more string) string {
	return s.routed(`next_hop = "`+s.port(5090)+`"`, more)
}

// routed is configuration with keys of its own under [profile.default.routing].
func (s *site) routed(routing, more string) string {
	return fmt.Sprintf(`
node = "e2e"
active_profile = ["default"]
drain_timeout = "20s"

[interface.public]
udp = ["%[1]s:5060"]
media = "%[1]s"
media_ports = "20000-20999"

[interface.private]
udp = ["%[1]s:5062"]
media = "%[1]s"
media_ports = "21000-21999"

[cache]
dir = "%[2]s"

[module.cdr]
module = "builtin:cdr"
on_fail = "pass"

[module.cdr.config]
file = "cdr.jsonl"

[profile.default]
modules = ["cdr"]

[profile.default.routing]
interface = "private"
%[3]s

[profile.default.media]
relay = true
%[4]s
`, s.addr, filepath.Join(scratch, "cache"), routing, more)
}

// write writes the configuration file and returns its name.
func (s *site) write(configuration string) string {
	s.t.Helper()
	file := filepath.Join(s.dir, "sallyport.toml")
	if err := os.WriteFile(file, []byte(configuration), 0o644); err != nil {
		s.t.Fatal(err)
	}
	return file
}

// sallyport starts the SBC and waits until it takes calls.
func (s *site) sallyport(configuration string) *process {
	s.t.Helper()
	p := start(s.t, s.dir, binary(s.t), "run", "-c", s.write(configuration))
	p.line("ready")
	return p
}

// sipp starts a sipp process with a scenario of testdata/sipp for one call.
func (s *site) sipp(scenario string, port int, args ...string) *process {
	s.t.Helper()
	if _, err := exec.LookPath("sipp"); err != nil {
		s.t.Fatal("sipp is missing; install it with: apt-get install -y sip-tester")
	}
	file, err := filepath.Abs(filepath.Join("testdata", "sipp", scenario))
	if err != nil {
		s.t.Fatal(err)
	}
	return start(s.t, s.dir, "sipp", slices.Concat([]string{
		"-sf", file, "-i", s.addr.String(), "-p", strconv.Itoa(port),
		"-mi", s.addr.String(), "-mp", strconv.Itoa(30000 + (port-5000)*10), // and two above it
		"-m", "1", "-nostdin", "-trace_err", "-error_file", fmt.Sprintf("%s-%d.err", scenario, port),
		"-timeout", strconv.Itoa(int(patience.Seconds()) - 5), "-timeout_error",
	}, args)...)
}

// callee starts a callee and waits until its port is bound.
func (s *site) callee(scenario string, port int, args ...string) *process {
	s.t.Helper()
	p := s.sipp(scenario, port, append([]string{"-rtp_echo"}, args...)...)
	s.bound(port)
	return p
}

// bound waits until somebody has bound a UDP port of the site.
func (s *site) bound(port int) {
	s.t.Helper()
	ip := s.addr.As4()
	entry := fmt.Sprintf(" %02X%02X%02X%02X:%04X ", ip[3], ip[2], ip[1], ip[0], port)
	await(s.t, "port "+strconv.Itoa(port), func() bool {
		b, err := os.ReadFile("/proc/net/udp")
		return err == nil && strings.Contains(string(b), entry)
	})
}

// caller starts a caller that calls bob.
func (s *site) caller(scenario string, port int, args ...string) *process {
	s.t.Helper()
	return s.sipp(scenario, port, append([]string{s.port(5060), "-s", "bob"}, args...)...)
}

// stop asks the SBC to stop and wants it to end well.
func (s *site) stop(sbc *process) {
	s.t.Helper()
	sbc.signal(syscall.SIGTERM)
	sbc.succeeds()
}

// records waits for n CDRs and returns them. More than n is an error, and so is a line
// that is not one record.
func (s *site) records(n int) []record {
	s.t.Helper()
	return s.recordsIn("cdr.jsonl", n)
}

func (s *site) recordsIn(name string, n int) []record {
	s.t.Helper()
	var text string
	await(s.t, fmt.Sprintf("%d records in %s", n, name), func() bool {
		b, _ := os.ReadFile(filepath.Join(s.dir, name))
		text = string(b)
		return strings.Count(text, "\n") >= n
	})
	var rs []record
	for line := range strings.Lines(text) {
		var r record
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			s.t.Fatalf("record %q: %v", line, err)
		}
		rs = append(rs, r)
	}
	if len(rs) != n {
		s.t.Fatalf("%d records, want %d:\n%s", len(rs), n, text)
	}
	return rs
}

// record is one CDR.
type record map[string]any

// want compares fields.
func (r record) want(t *testing.T, fields map[string]any) {
	t.Helper()
	for name, want := range fields {
		if got := r[name]; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("record: %s = %v, want %v", name, got, want)
		}
	}
}

// atLeast wants a number not below least.
func (r record) atLeast(t *testing.T, name string, least float64) {
	t.Helper()
	if got, ok := r[name].(float64); !ok || got < least {
		t.Errorf("record: %s = %v, want at least %v", name, r[name], least)
	}
}
