package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestCallWithAudio(t *testing.T) {
	s := newSite(t)
	sbc := s.sallyport(s.configuration(""))
	callee := s.callee("callee.xml", 5090)
	caller := s.caller("caller.xml", 6060, "-d", "1000")
	caller.succeeds()
	callee.succeeds()
	r := s.records(1)[0]
	r.want(t, map[string]any{
		"disposition": "answered", "sip_code": 200, "hangup_by": "a",
		"caller": "alice", "callee": "bob", "profile": "default", "node": "e2e",
		"a_realm": "public", "b_realm": "private", "src_ip": s.addr, "dst_ip": s.addr,
		"codec_a": "PCMU/8000", "codec_b": "PCMU/8000", "lost_a": 0, "lost_b": 0,
	})
	// A second of audio goes to the callee, which sends it back.
	r.atLeast(t, "pkts_a", 40)
	r.atLeast(t, "pkts_b", 40)
	r.atLeast(t, "billsec", 1)
	r.atLeast(t, "mos_a", 4)
	if r["call_id_a"] == r["call_id_b"] || r["call_id_b"] == nil {
		t.Errorf("call_id_a = %v, call_id_b = %v: the legs must not share a Call-ID", r["call_id_a"], r["call_id_b"])
	}
	s.stop(sbc)
}

func TestCalleeHangsUp(t *testing.T) {
	s := newSite(t)
	sbc := s.sallyport(s.configuration(""))
	callee := s.callee("callee_bye.xml", 5090, "-d", "300")
	s.caller("caller_waits.xml", 6060).succeeds()
	callee.succeeds()
	s.records(1)[0].want(t, map[string]any{"disposition": "answered", "hangup_by": "b"})
	s.stop(sbc)
}

func TestCallerCancels(t *testing.T) {
	s := newSite(t)
	sbc := s.sallyport(s.configuration(""))
	callee := s.callee("callee_ring.xml", 5090)
	s.caller("caller_cancel.xml", 6060).succeeds()
	callee.succeeds()
	r := s.records(1)[0]
	r.want(t, map[string]any{"disposition": "canceled", "sip_code": 487, "hangup_by": "a", "billsec": 0})
	if r["answer_time"] != nil {
		t.Errorf("a call that was never answered has answer_time %v", r["answer_time"])
	}
	s.stop(sbc)
}

func TestCalleeIsBusy(t *testing.T) {
	s := newSite(t)
	sbc := s.sallyport(s.configuration(""))
	callee := s.callee("callee_busy.xml", 5090)
	s.caller("caller_busy.xml", 6060).succeeds()
	callee.succeeds()
	s.records(1)[0].want(t, map[string]any{"disposition": "failed", "sip_code": 486, "hangup_by": "b"})
	s.stop(sbc)
}

// The first target cannot take the call, the second does.
func TestFailover(t *testing.T) {
	s := newSite(t)
	sbc := s.sallyport(s.routed(`targets = ["sip:bob@`+s.port(5090)+`", "sip:bob@`+s.port(5091)+`"]`, ""))
	down := s.callee("callee_down.xml", 5090)
	up := s.callee("callee.xml", 5091)
	s.caller("caller.xml", 6060, "-d", "300").succeeds()
	down.succeeds()
	up.succeeds()
	s.records(1)[0].want(t, map[string]any{"disposition": "answered", "sip_code": 200, "hangup_by": "a"})
	s.stop(sbc)
}

// A caller that never acknowledges the 200 is hung up on after 64·T1, and so is the
// callee. RFC 3261 §13.3.1.4.
func TestNoACK(t *testing.T) {
	if testing.Short() {
		t.Skip("takes 32 seconds")
	}
	s := newSite(t)
	sbc := s.sallyport(s.configuration(""))
	callee := s.callee("callee.xml", 5090)
	s.caller("caller_noack.xml", 6060).succeeds()
	callee.succeeds()
	s.records(1)[0].want(t, map[string]any{"hangup_by": "sbc"})
	s.stop(sbc)
}

// SIGTERM: a call that is up goes on, a new one is refused, and the process ends with
// the call.
func TestDrain(t *testing.T) {
	s := newSite(t)
	sbc := s.sallyport(s.configuration(""))
	callee := s.callee("callee_bye.xml", 5090, "-d", "3000")
	caller := s.caller("caller_waits.xml", 6060)
	sbc.line("call answered")
	sbc.signal(syscall.SIGTERM)
	sbc.line("draining")
	s.caller("caller_drained.xml", 6070).succeeds()
	caller.succeeds()
	callee.succeeds()
	sbc.succeeds()
	s.records(1)[0].want(t, map[string]any{"disposition": "answered", "hangup_by": "b"})
}

// A call that outlasts drain_timeout is hung up, on both sides.
func TestDrainTimeout(t *testing.T) {
	s := newSite(t)
	sbc := s.sallyport(strings.Replace(s.configuration(""), `drain_timeout = "20s"`, `drain_timeout = "1s"`, 1))
	callee := s.callee("callee.xml", 5090)
	caller := s.caller("caller_waits.xml", 6060)
	sbc.line("call answered")
	sbc.signal(syscall.SIGTERM)
	caller.succeeds()
	callee.succeeds()
	sbc.succeeds()
	s.records(1)[0].want(t, map[string]any{"disposition": "answered", "hangup_by": "sbc"})
}

// SIGHUP: the CDR file that was moved away is opened anew, a new configuration is taken,
// and one with a mistake changes nothing.
func TestHangup(t *testing.T) {
	s := newSite(t)
	sbc := s.sallyport(s.configuration(""))
	call := func() {
		t.Helper()
		callee := s.callee("callee.xml", 5090)
		s.caller("caller.xml", 6060, "-d", "100").succeeds()
		callee.succeeds()
	}
	call()
	s.records(1)
	if err := os.Rename(filepath.Join(s.dir, "cdr.jsonl"), filepath.Join(s.dir, "old.jsonl")); err != nil {
		t.Fatal(err)
	}
	s.write(strings.ReplaceAll(s.configuration(""), "default", "renamed"))
	sbc.signal(syscall.SIGHUP)
	sbc.line("configuration reloaded")
	call()
	s.records(1)[0].want(t, map[string]any{"profile": "renamed"})
	s.recordsIn("old.jsonl", 1)[0].want(t, map[string]any{"profile": "default"})

	s.write(s.configuration("relais = true"))
	sbc.signal(syscall.SIGHUP)
	if line := sbc.line("configuration not reloaded"); !strings.Contains(line, "relais") {
		t.Errorf("the line does not say what is wrong: %s", line)
	}
	call()
	s.records(2)[1].want(t, map[string]any{"profile": "renamed"})
	s.stop(sbc)
}

// SIGKILL in the middle of a call: the records before it are there after the restart,
// and a line that was torn is gone.
func TestKilled(t *testing.T) {
	s := newSite(t)
	sbc := s.sallyport(s.configuration(""))
	callee := s.callee("callee.xml", 5090)
	s.caller("caller.xml", 6060, "-d", "100").succeeds()
	callee.succeeds()
	before := s.records(1)[0]
	s.callee("callee.xml", 5090)
	s.caller("caller.xml", 6060, "-d", "60000")
	sbc.line("call answered")
	sbc.line("call answered")
	sbc.signal(syscall.SIGKILL)
	sbc.exit()

	f, err := os.OpenFile(filepath.Join(s.dir, "cdr.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"cdr_id":"torn`); err != nil {
		t.Fatal(err)
	}
	f.Close()

	sbc = s.sallyport(s.routed(`next_hop = "`+s.port(5092)+`"`, ""))
	callee = s.callee("callee_busy.xml", 5092)
	s.caller("caller_busy.xml", 6070).succeeds()
	callee.succeeds()
	rs := s.records(2)
	if rs[0]["cdr_id"] != before["cdr_id"] {
		t.Errorf("the first record is %v, want the one from before the kill, %v", rs[0]["cdr_id"], before["cdr_id"])
	}
	rs[1].want(t, map[string]any{"sip_code": 486})
	s.stop(sbc)
}

func TestWrongConfiguration(t *testing.T) {
	s := newSite(t)
	file := s.write(s.configuration("relais = true\n"))
	for _, verb := range []string{"run", "check"} {
		p := start(t, s.dir, binary(t), verb, "-c", file)
		code := p.exit()
		stdout, stderr := p.out.texts()
		if code != 1 {
			t.Errorf("%s ended with %d, want 1", verb, code)
		}
		for _, want := range []string{"sallyport.toml:", "relais", "relay"} {
			if !strings.Contains(stdout+stderr, want) {
				t.Errorf("%s does not say %q:\n%s%s", verb, want, stdout, stderr)
			}
		}
	}
}

func TestPortTaken(t *testing.T) {
	s := newSite(t)
	taken, err := net.ListenUDP("udp4", &net.UDPAddr{IP: s.addr.AsSlice(), Port: 5060})
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	p := start(t, s.dir, binary(t), "run", "-c", s.write(s.configuration("")))
	if code := p.exit(); code != 1 {
		t.Errorf("ended with %d, want 1", code)
	}
	_, stderr := p.out.texts()
	for _, want := range []string{s.port(5060), "in use", "--listen"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("does not say %q:\n%s", want, stderr)
		}
	}
}
