package main

import (
	"encoding/json"
	"strings"
	"syscall"
	"testing"

	"github.com/sallyport-sbc/sallyport/host/useragent"
)

// echoing is a configuration whose calls go to the built-in echo endpoint.
func (s *site) echoing() string {
	return s.routed(`next_hop = "`+s.port(5070)+`"`, "\n[echo]\naddress = \""+s.port(5070)+"\"\n")
}

// call runs sallyport call and returns what it printed and its exit code.
func (s *site) call(args ...string) (stdout, stderr string, code int) {
	s.t.Helper()
	p := start(s.t, s.dir, binary(s.t), append([]string{"call", "--listen", s.addr.String()}, args...)...)
	code = p.exit()
	stdout, stderr = p.out.texts()
	return stdout, stderr, code
}

func TestCallEcho(t *testing.T) {
	s := newSite(t)
	sbc := s.sallyport(s.echoing())
	stdout, stderr, code := s.call("--json", "--duration", "1s", "sip:echo@"+s.port(5060))
	if code != 0 {
		t.Fatalf("ended with %d: %s", code, stderr)
	}
	var res useragent.Result
	if err := json.Unmarshal([]byte(stdout), &res); err != nil {
		t.Fatalf("%v:\n%s", err, stdout)
	}
	a := res.Audio
	if !res.OK || res.Codec != "PCMU/8000" || a.Sent < 40 || a.Received < a.Sent-2 || a.Echoed < a.Sent-2 || a.MOS < 4 || a.RoundTripMS <= 0 {
		t.Errorf("result:\n%s", stdout)
	}
	r := s.records(1)[0]
	r.want(t, map[string]any{"disposition": "answered", "callee": "echo", "hangup_by": "a"})
	r.atLeast(t, "pkts_a", 40)
	r.atLeast(t, "pkts_b", 40)

	stdout, stderr, code = s.call("--duration", "500ms", "sip:echo@"+s.port(5060))
	if code != 0 {
		t.Fatalf("ended with %d: %s", code, stderr)
	}
	for _, want := range []string{"INVITE", "200 OK, PCMU/8000", "audio comes back", "BYE", "packets", "jitter", "MOS", "all right"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("does not say %q:\n%s", want, stdout)
		}
	}
	s.records(2)
	s.stop(sbc)
}

// A call over TCP, to an echo over UDP.
func TestCallTCP(t *testing.T) {
	s := newSite(t)
	udp := `udp = ["` + s.port(5060) + `"]`
	sbc := s.sallyport(strings.Replace(s.echoing(), udp, udp+"\ntcp = [\""+s.port(5060)+"\"]", 1))
	stdout, stderr, code := s.call("--duration", "300ms", "sip:echo@"+s.port(5060)+";transport=tcp")
	if code != 0 || !strings.Contains(stdout, "(TCP)") {
		t.Errorf("ended with %d: %s%s", code, stdout, stderr)
	}
	s.records(1)[0].want(t, map[string]any{"disposition": "answered"})
	s.stop(sbc)
}

// A call that the profile refuses has its record all the same.
func TestCallRefused(t *testing.T) {
	s := newSite(t)
	sbc := s.sallyport(s.configuration("\n[profile.default.refuse]\ncode = 403\nreason = \"Closed\"\n"))
	_, stderr, code := s.call("sip:bob@" + s.port(5060))
	if code != 1 || !strings.Contains(stderr, "rejected: 403 Closed") {
		t.Errorf("ended with %d: %s", code, stderr)
	}
	s.records(1)[0].want(t, map[string]any{"disposition": "refused", "sip_code": 403, "sip_reason": "Closed", "billsec": 0})
	s.stop(sbc)
}

// Ctrl-C hangs up properly.
func TestCallInterrupted(t *testing.T) {
	s := newSite(t)
	sbc := s.sallyport(s.echoing())
	p := start(t, s.dir, binary(t), "call", "--listen", s.addr.String(), "--duration", "50s", "sip:echo@"+s.port(5060))
	p.line("audio comes back")
	p.signal(syscall.SIGINT)
	p.line("BYE")
	p.line("200 OK")
	if code := p.exit(); code != 1 {
		t.Errorf("ended with %d, want 1", code)
	}
	if _, stderr := p.out.texts(); !strings.Contains(stderr, "canceled") {
		t.Errorf("says %q", stderr)
	}
	s.records(1)[0].want(t, map[string]any{"disposition": "answered", "hangup_by": "a"})
	s.stop(sbc)
}

// Each way to fail has its own words and exit code 1.
func TestCallFails(t *testing.T) {
	s := newSite(t)
	sbc := s.sallyport(s.configuration(""))
	wants := func(name string, words []string, args ...string) {
		t.Helper()
		stdout, stderr, code := s.call(args...)
		if code != 1 {
			t.Errorf("%s: ended with %d, want 1\n%s", name, code, stdout)
		}
		for _, w := range words {
			if !strings.Contains(stderr, w) {
				t.Errorf("%s: does not say %q:\n%s", name, w, stderr)
			}
		}
	}
	wants("nobody there", []string{"nobody listens", s.port(5999)}, "sip:echo@"+s.port(5999))
	wants("not a URI", []string{"not a URI"}, "echo")
	wants("port taken", []string{"cannot listen"}, "--listen", s.port(5060), "sip:echo@"+s.port(5060))

	busy := s.callee("callee_busy.xml", 5090)
	wants("busy", []string{"rejected: 486"}, "sip:bob@"+s.port(5060))
	busy.succeeds()

	ring := s.callee("callee_ring.xml", 5090)
	wants("no answer", []string{"no answer within 1s"}, "--timeout", "1s", "sip:bob@"+s.port(5060))
	ring.succeeds()

	mute := s.sipp("callee.xml", 5090) // answers, but echoes nothing
	s.bound(5090)
	wants("no audio", []string{"no audio", "signalling works"}, "--duration", "300ms", "sip:bob@"+s.port(5060))
	mute.succeeds()

	s.records(3)
	s.stop(sbc)
}
