package sip

import (
	"net/netip"
	"testing"
)

func TestParseVia(t *testing.T) {
	for _, c := range []struct {
		text string
		want ViaHop
	}{
		{"SIP/2.0/UDP 192.0.2.1", ViaHop{Transport: "UDP", Host: "192.0.2.1"}},
		{"sip/2.0/tls example.org:5061;branch=x", ViaHop{Transport: "tls", Host: "example.org", Port: 5061, Params: ";branch=x"}},
		{" SIP / 2.0\r\n /\tUDP  a : 05060 ; b = c ", ViaHop{Transport: "UDP", Host: "a", Port: 5060, Params: "; b = c"}},
		{"SIP/2.0/TLS-SCTP [2001:db8::1]:5060;received=[2001:db8::2]", ViaHop{Transport: "TLS-SCTP", Host: "2001:db8::1", Port: 5060, Params: ";received=[2001:db8::2]"}},
	} {
		if got, err := ParseVia(c.text); got != c.want || err != nil {
			t.Errorf("ParseVia(%q) = %+v, %v, want %+v", c.text, got, err, c.want)
		}
	}
	for _, text := range []string{
		"", "SIP/2.0/UDP", "SIP/2.0/UDP ", "SIP/2.0 a", "SIP/2.0/ a", "SIP//UDP a", "SIP/2.1/UDP a", "XIP/2.0/UDP a", "SIP/2.0/UDP/x a", "SIP/2.0/UDP[::1]",
		"SIP/2.0/UDP a:", "SIP/2.0/UDP a:0", "SIP/2.0/UDP a:65536", "SIP/2.0/UDP a:x", "SIP/2.0/UDP a b", "SIP/2.0/UDP a;", "SIP/2.0/UDP a;;b", "SIP/2.0/UDP a,b", "SIP/2.0/UDP [::1", "SIP/2.0/UDP [fe80::1%eth0]", "SIP/2.0/UDP <a>",
	} {
		if h, err := ParseVia(text); err == nil {
			t.Errorf("ParseVia(%q) = %+v, want an error", text, h)
		}
	}
	h, _ := ParseVia(`SIP/2.0/UDP a;Branch=b;RPORT=7;received=[::1];foo="x;branch=y"`)
	if port, ok := h.RPort(); h.Branch() != "b" || h.Received() != "::1" || port != 7 || !ok {
		t.Errorf("%q, %q, %d, %t", h.Branch(), h.Received(), port, ok)
	}
	for p, want := range map[Params]bool{"": false, ";rport": true, ";rport=": true, ";rport=99999": true} {
		if port, ok := (ViaHop{Params: p}).RPort(); port != 0 || ok != want {
			t.Errorf("%q: %d, %t", p, port, ok)
		}
	}
	m := NewRequest("OPTIONS", "sip:a")
	if _, err := m.TopVia(); err == nil {
		t.Error("a Via in an empty message")
	}
	m.SetTopVia("x")
	m.RemoveTopVia()
	m.MarkSource(netip.AddrPort{})
	if len(m.Headers()) != 0 {
		t.Errorf("%v", m.Headers())
	}
}

func TestMarkSource(t *testing.T) {
	for _, c := range []struct{ via, from, want string }{
		{"SIP/2.0/UDP 192.0.2.1:5060;branch=b", "192.0.2.1:5060", "SIP/2.0/UDP 192.0.2.1:5060;branch=b"},
		{"SIP/2.0/UDP 192.0.2.1;branch=b", "192.0.2.9:1024", "SIP/2.0/UDP 192.0.2.1;branch=b;received=192.0.2.9"},
		{"SIP/2.0/UDP alice.example.org", "192.0.2.9:1024", "SIP/2.0/UDP alice.example.org;received=192.0.2.9"},
		{"SIP/2.0/UDP 192.0.2.1;rport;branch=b", "192.0.2.1:1024", "SIP/2.0/UDP 192.0.2.1;branch=b;received=192.0.2.1;rport=1024"},
		{"SIP/2.0/UDP 192.0.2.1;RPort=1;Received=198.51.100.1;rport=2", "192.0.2.9:1024", "SIP/2.0/UDP 192.0.2.1;received=192.0.2.9;rport=1024"},
		{"SIP/2.0/UDP 192.0.2.1;received=198.51.100.1", "192.0.2.1:5060", "SIP/2.0/UDP 192.0.2.1"},
		{"SIP/2.0/UDP [2001:DB8:0::1];branch=b", "[2001:db8::1]:5060", "SIP/2.0/UDP [2001:DB8:0::1];branch=b"},
		{"SIP/2.0/UDP [2001:db8::1];rport", "[2001:db8::2]:5060", "SIP/2.0/UDP [2001:db8::1];received=2001:db8::2;rport=5060"},
		{"SIP/2.0/UDP 192.0.2.1;branch=b", "[::ffff:192.0.2.1]:5060", "SIP/2.0/UDP 192.0.2.1;branch=b"},
		{"SIP/2.0/UDP a;x , SIP/2.0/TCP b", "192.0.2.9:1", "SIP/2.0/UDP a;x;received=192.0.2.9, SIP/2.0/TCP b"},
		{"nonsense", "192.0.2.9:1", "nonsense"},
	} {
		m := NewRequest("OPTIONS", "sip:a")
		m.Add(Via, c.via)
		m.MarkSource(netip.MustParseAddrPort(c.from))
		if got := m.Header(Via); got != c.want {
			t.Errorf("%s from %s: %q, want %q", c.via, c.from, got, c.want)
		}
	}
}
