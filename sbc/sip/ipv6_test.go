package sip

import "testing"

// TestIPv6 has the cases of RFC 5118 §4, and some near them, each with one line changed.
func TestIPv6(t *testing.T) {
	for _, c := range []struct{ name, ruri, via, contact, want string }{
		{"4.1 reference", "sip:[2001:db8::10]", "SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3", "<sip:user@[2001:db8::1]>", "accept"},
		{"4.2 no brackets in the Request-URI", "sip:2001:db8::10", "SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3", "<sip:user@[2001:db8::1]>", "400"},
		{"4.3 port or group: in brackets it is a group", "sip:[2001:db8::10:5070]", "SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3", "<sip:user@[2001:db8::1]>", "accept"},
		{"4.4 port", "sip:[2001:db8::10]:5070", "SIP/2.0/UDP [2001:db8::9:1]:5070;branch=z9hG4bKas3", "<sip:user@[2001:db8::1]:5070>", "accept"},
		{"4.5 received with brackets", "sip:[2001:db8::10]", "SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3", "<sip:user@[2001:db8::1]>", "accept"},
		{"4.5 received without brackets", "sip:[2001:db8::10]", "SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3", "<sip:user@[2001:db8::1]>", "accept"},
		{"4.7 both versions in one message", "sip:[2001:db8::10]", "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKas3, SIP/2.0/TCP [2001:db8::9:1]", "<sip:user@192.0.2.1>, <sip:user@[2001:db8::1]>", "accept"},
		{"4.9 IPv4-mapped", "sip:[::ffff:192.0.2.10]:5060", "SIP/2.0/UDP [::ffff:192.0.2.2]:5060;branch=z9hG4bKas3", "<sip:user@[::ffff:192.0.2.2]>", "accept"},
		{"4.10 three colons, as the grammar of RFC 3261 has it; RFC 5954 corrects it", "sip:[2001:db8:::192.0.2.1]", "SIP/2.0/UDP [2001:db8::9:1]", "<sip:user@[2001:db8::1]>", "400"},
		{"4.10 in Via", "sip:[2001:db8::1]", "SIP/2.0/UDP [2001:db8:::192.0.2.1]", "<sip:user@[2001:db8::1]>", "400"},
		{"upper case, zeros", "sip:[2001:0DB8:0:0:0:0:0:1]", "SIP/2.0/UDP [2001:DB8::9:1]", "<sip:user@[2001:DB8::1]>", "accept"},
		{"no brackets in Via", "sip:[2001:db8::10]", "SIP/2.0/UDP 2001:db8::9:1;branch=z9hG4bKas3", "<sip:user@[2001:db8::1]>", "400"},
		{"no brackets in Contact", "sip:[2001:db8::10]", "SIP/2.0/UDP [2001:db8::9:1]", "<sip:user@2001:db8::1>", "400"},
		{"zone", "sip:[fe80::1%25eth0]", "SIP/2.0/UDP [2001:db8::9:1]", "<sip:user@[2001:db8::1]>", "400"},
		{"zone in Via", "sip:[2001:db8::10]", "SIP/2.0/UDP [fe80::1%eth0]", "<sip:user@[2001:db8::1]>", "400"},
		{"IPv4 in brackets", "sip:[192.0.2.1]", "SIP/2.0/UDP [2001:db8::9:1]", "<sip:user@[2001:db8::1]>", "400"},
		{"name in brackets", "sip:[example.org]", "SIP/2.0/UDP [2001:db8::9:1]", "<sip:user@[2001:db8::1]>", "400"},
		{"nothing in brackets", "sip:[]", "SIP/2.0/UDP [2001:db8::9:1]", "<sip:user@[2001:db8::1]>", "400"},
		{"open bracket", "sip:[2001:db8::10", "SIP/2.0/UDP [2001:db8::9:1]", "<sip:user@[2001:db8::1]>", "400"},
		{"text behind the bracket", "sip:[2001:db8::10]x", "SIP/2.0/UDP [2001:db8::9:1]", "<sip:user@[2001:db8::1]>", "400"},
		{"nine groups", "sip:[1:2:3:4:5:6:7:8:9]", "SIP/2.0/UDP [2001:db8::9:1]", "<sip:user@[2001:db8::1]>", "400"},
	} {
		m, got := verdict([]byte("REGISTER " + c.ruri + " SIP/2.0\r\nTo: sip:user@example.com\r\nFrom: sip:user@example.com;tag=81x2\r\nVia: " + c.via +
			"\r\nCall-ID: SSG9559905523997077@hlau_4100\r\nMax-Forwards: 70\r\nContact: " + c.contact + "\r\nCSeq: 98176 REGISTER\r\nContent-Length: 0\r\n\r\n"))
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		} else if got == "accept" {
			same(t, m)
		}
	}
	for text, want := range map[string]URI{
		"sip:[2001:db8::10:5070]":     {Scheme: "sip", Host: "2001:db8::10:5070"},
		"sip:[2001:db8::10]:5070":     {Scheme: "sip", Host: "2001:db8::10", Port: 5070},
		"sip:a@[::ffff:192.0.2.2];lr": {Scheme: "sip", User: "a", Host: "::ffff:192.0.2.2", Params: ";lr"},
	} {
		if got, err := ParseURI(text); got != want || err != nil || got.String() != text {
			t.Errorf("ParseURI(%q) = %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"SIP/2.0/UDP a;received=[2001:db8::9:255]", "SIP/2.0/UDP a;received=2001:db8::9:255"} {
		if h, err := ParseVia(text); err != nil || h.Received() != "2001:db8::9:255" {
			t.Errorf("ParseVia(%q): received = %q, %v", text, h.Received(), err)
		}
	}
}
