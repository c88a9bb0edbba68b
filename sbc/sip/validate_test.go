package sip

import (
	"strings"
	"testing"
)

func TestValidate(t *testing.T) {
	base := []string{
		"INVITE sip:bob@example.net SIP/2.0",
		"Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
		"From: <sip:alice@example.org>;tag=1",
		"To: <sip:bob@example.net>",
		"Call-ID: 1@192.0.2.1",
		"CSeq: 1 INVITE",
		"Max-Forwards: 70",
		"Contact: <sip:alice@192.0.2.1>",
	}
	// with replaces the lines that begin like one of ours, drops those that are
	// replaced by "Name-", and appends the others.
	with := func(lines ...string) string {
		out := append([]string{}, base...)
		for _, l := range lines {
			name, _, _ := strings.Cut(l, ":")
			at := -1
			for i := range out {
				if i == 0 && strings.HasSuffix(l, " SIP/2.0") || i > 0 && strings.HasPrefix(out[i], strings.TrimSuffix(name, "-")+":") {
					at = i
				}
			}
			switch {
			case strings.HasSuffix(name, "-"):
				out = append(out[:at], out[at+1:]...)
			case at < 0:
				out = append(out, l)
			default:
				out[at] = l
			}
		}
		return strings.Join(out, "\r\n") + "\r\n\r\n"
	}
	for _, c := range []struct {
		name, message, want string
	}{
		{"base", with(), "accept"},
		{"no Via", with("Via-"), "400"},
		{"no From", with("From-"), "400"},
		{"no To", with("To-"), "400"},
		{"no Call-ID", with("Call-ID-"), "400"},
		{"no CSeq", with("CSeq-"), "400"},
		{"no Max-Forwards", with("Max-Forwards-"), "accept"},
		{"no Contact", with("Contact-"), "accept"},
		{"two From, one compact", with("f: <sip:alice@example.org>;tag=1"), "400"},
		{"two Call-ID, one compact", with("i: 1"), "400"},
		{"two Max-Forwards", with("max-forwards: 70"), "400"},
		{"two Content-Type", with("Content-Type: a/b", "c: a/b"), "400"},
		{"two Session-Expires", with("Session-Expires: 90", "x: 90"), "400"},
		{"two Subject", with("Subject: a", "s: b"), "accept"},

		{"sips", with("INVITE sips:bob@example.net SIP/2.0"), "accept"},
		{"tel", with("INVITE tel:+15550123;phone-context=+1 SIP/2.0"), "accept"},
		{"emergency", with("INVITE urn:service:sos SIP/2.0"), "accept"},
		{"another URN", with("INVITE urn:isbn:1 SIP/2.0"), "416"},
		{"h323", with("INVITE h323:bob@example.net SIP/2.0"), "416"},
		{"no scheme", with("INVITE bob@example.net SIP/2.0"), "400"},
		{"no host", with("INVITE sip:bob@ SIP/2.0"), "400"},
		{"headers in the Request-URI", with("INVITE sip:bob@example.net?a=b SIP/2.0"), "400"},
		{"empty headers in the Request-URI", with("INVITE sip:bob@example.net? SIP/2.0"), "400"},
		{"quote in the Request-URI", with(`INVITE sip:"bob"@example.net SIP/2.0`), "400"},

		{"two branches", with("Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1;Branch=z9hG4bK2"), "400"},
		{"second Via malformed", with("Via: SIP/2.0/UDP 192.0.2.1, SIP/2.0/UDP"), "400"},
		{"empty element in Via", with("Via: SIP/2.0/UDP 192.0.2.1,,SIP/2.0/UDP 192.0.2.2"), "400"},
		{"Via ends with a comma", with("Via: SIP/2.0/UDP 192.0.2.1,"), "400"},
		{"two tags", with("From: <sip:alice@example.org>;tag=1;TAG=2"), "400"},
		{"two addresses", with("From: <sip:alice@example.org>;tag=1, <sip:carol@example.org>;tag=2"), "400"},
		{"text behind the address", with("To: <sip:bob@example.net> ;tag=1 x"), "400"},
		{"anonymous", with(`From: "Anonymous" <sip:anonymous@anonymous.invalid>;tag=1`), "accept"},
		{"display name of odd characters", with("From: Bob (work) 1/2 größer <sip:alice@example.org>;tag=1"), "accept"},
		{"Call-ID with a space", with("Call-ID: a b"), "400"},
		{"Call-ID empty", with("Call-ID:"), "400"},
		{"CSeq of another method", with("CSeq: 1 BYE"), "400"},
		{"CSeq method in lower case", with("CSeq: 1 invite"), "400"},
		{"CSeq 2^31", with("CSeq: 2147483648 INVITE"), "400"},
		{"CSeq 2^31-1", with("CSeq: 2147483647 INVITE"), "accept"},
		{"CSeq negative", with("CSeq: -1 INVITE"), "400"},
		{"Max-Forwards 255", with("Max-Forwards: 255"), "accept"},
		{"Max-Forwards 256", with("Max-Forwards: 256"), "400"},
		{"Max-Forwards no number", with("Max-Forwards: many"), "400"},
		{"Contact *", with("Contact: *"), "accept"},
		{"Contact empty", with("Contact:"), "400"},
		{"second Contact malformed", with("Contact: <sip:alice@192.0.2.1>, <sip:>"), "400"},
		{"Route without brackets", with("Route: sip:192.0.2.9;lr"), "400"},
		{"Route", with(`Route: "p" <sip:192.0.2.9;lr>;x=y, <sips:[2001:db8::1];lr>`), "accept"},
		{"Record-Route malformed", with("Record-Route: <sip:192.0.2.9;lr"), "400"},

		{"response", with("SIP/2.0 200 OK SIP/2.0"), "accept"},
		{"response with an odd Contact", with("SIP/2.0 200 OK SIP/2.0", "Contact: <sip:alice@192.0.2.1>;", "Max-Forwards: x", "c: a/b", "Content-Type: a/b"), "accept"},
		{"response without Via", with("SIP/2.0 200 OK SIP/2.0", "Via-"), "drop"},
		{"response with an odd second Via", with("SIP/2.0 200 OK SIP/2.0", "v: SIP/2.0/UDP"), "accept"},
		{"response with an odd top Via", with("SIP/2.0 200 OK SIP/2.0", "Via: SIP/2.0/UDP"), "drop"},
		{"response with two To", with("SIP/2.0 200 OK SIP/2.0", "t: <sip:bob@example.net>"), "drop"},
		{"ACK without To", with("ACK sip:bob@example.net SIP/2.0", "CSeq: 1 ACK", "To-"), "drop"},
	} {
		if m, got := verdict([]byte(c.message)); got != c.want {
			t.Errorf("%s: %s, want %s (%v)", c.name, got, c.want, m.Validate())
		}
	}
}

func TestValidateSaysWhy(t *testing.T) {
	m := parse(t, "INVITE sip:bob@example.net SIP/2.0\nVia: x\n\n")
	if err := m.Validate(); err == nil || err.Error() != "sip: Missing From" {
		t.Errorf("%v", err)
	}
	if err := (&SyntaxError{"URI", "no host"}).Error(); err != "sip: malformed URI: no host" {
		t.Error(err)
	}
}
