package sip

import (
	"errors"
	"strings"
	"testing"
)

// TestParseIsStrict has one line for each thing that elements are known to read
// differently. What is refused says 400, and can be answered.
func TestParseIsStrict(t *testing.T) {
	const rest = "Via: SIP/2.0/UDP 192.0.2.1\r\nFrom: <sip:a@example.org>;tag=1\r\nTo: <sip:b@example.net>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n"
	const start = "INVITE sip:b@example.net SIP/2.0\r\n"
	for _, c := range []struct{ name, message, want string }{
		{"plain", start + rest + "\r\n", "accept"},
		{"CRLF before the start line", "\r\n\r\n\r\n" + start + rest + "\r\n", "accept"},
		{"protocol name in lower case", "INVITE sip:b@example.net sip/2.0\r\n" + rest + "\r\n", "accept"},
		{"space before the colon", start + rest + "X-A \t : b\r\n\r\n", "accept"},
		{"no space behind the colon", start + rest + "X-A:b\r\n\r\n", "accept"},
		{"empty value", start + rest + "X-A:\r\nX-B: \t\r\n\r\n", "accept"},
		{"fold", start + rest + "X-A: b\r\n c\r\n\td\r\n\r\n", "accept"},
		{"fold before the value", start + rest + "X-A:\r\n c\r\n\r\n", "accept"},
		{"tab", start + rest + "X-A: b\tc\r\n\r\n", "accept"},
		{"UTF-8", start + rest + "X-A: größer\r\n\r\n", "accept"},
		{"not UTF-8", start + rest + "X-A: gr\xf6\xdfer\r\n\r\n", "accept"},
		{"quoted-pair of a control character", start + rest + "X-A: \"\\\x00\\\x1b\\\x7f\"\r\n\r\n", "accept"},

		{"bare LF in the start line", "INVITE sip:b@example.net SIP/2.0\n" + rest + "\r\n", "400"},
		{"bare LF behind a field", start + rest + "X-A: b\nX-B: c\r\n\r\n", "400"},
		{"bare LF ends the section", start + rest + "\nX: y\r\n\r\n", "400"},
		{"LF only", strings.ReplaceAll(start+rest+"\r\n", "\r\n", "\n"), "400"},
		{"bare CR in a value", start + rest + "X-A: b\rX-B: c\r\n\r\n", "400"},
		{"CR CR LF", start + rest + "X-A: b\r\r\n\r\n", "400"},
		{"bare CR in the start line", "INVITE sip:b@example.net\r SIP/2.0\r\n" + rest + "\r\n", "400"},
		{"NUL in a value", start + rest + "X-A: b\x00c\r\n\r\n", "400"},
		{"NUL in a name", start + rest + "X\x00A: b\r\n\r\n", "400"},
		{"DEL in a value", start + rest + "X-A: b\x7fc\r\n\r\n", "400"},
		{"control character in a long value", start + rest + "X-A: 0123456789abcdef01234567\x1b89abcdef\r\n\r\n", "400"},
		{"unquoted pair", start + rest + "X-A: \\\x00\r\n\r\n", "400"},
		{"quoted-pair behind the quotes", start + rest + "X-A: \"a\" \\\x00\r\n\r\n", "400"},
		{"quoted-pair of CR", start + rest + "X-A: \"a\\\rb\"\r\n\r\n", "400"},
		{"NUL in the Request-URI", "INVITE sip:b\x00@example.net SIP/2.0\r\n" + rest + "\r\n", "400"},
		{"UTF-8 in the Request-URI", "INVITE sip:ö@example.net SIP/2.0\r\n" + rest + "\r\n", "400"},
		{"blank continuation line", start + rest + "X-A: b\r\n  \r\nX-B: c\r\n\r\n", "400"},
		{"continuation of the start line", start + " X: y\r\n" + rest + "\r\n", "400"},
		{"no colon", start + rest + "X-A\r\n\r\n", "400"},
		{"no name", start + rest + ": b\r\n\r\n", "400"},
		{"space in a name", start + rest + "X A: b\r\n\r\n", "400"},
		{"name is no token", start + rest + "X(A): b\r\n\r\n", "400"},
		{"name of UTF-8", start + rest + "Größe: b\r\n\r\n", "400"},
		{"no empty line", start + rest, "400"},
		{"cut off", start + rest + "X-A", "400"},
		{"cut off in a fold", start + rest + "X-A: b\r\n c", "400"},
		{"method is no token", "INV(TE sip:b@example.net SIP/2.0\r\n" + rest + "\r\n", "400"},
		{"tab for a space", "INVITE\tsip:b@example.net SIP/2.0\r\n" + rest + "\r\n", "400"},
		{"no Request-URI", "INVITE SIP/2.0\r\n" + rest + "\r\n", "400"},
		{"empty Request-URI", "INVITE  SIP/2.0\r\n" + rest + "\r\n", "400"},
		{"version is none", "INVITE sip:b@example.net SIP/two\r\n" + rest + "\r\n", "400"},
		{"version 2.1", "INVITE sip:b@example.net SIP/2.1\r\n" + rest + "\r\n", "505"},
		{"version 2.00", "INVITE sip:b@example.net SIP/2.00\r\n" + rest + "\r\n", "505"},
		{"version 22.0", "INVITE sip:b@example.net SIP/22.0\r\n" + rest + "\r\n", "505"},
		{"version of many digits", "INVITE sip:b@example.net SIP/" + strings.Repeat("9", 99) + ".0\r\n" + rest + "\r\n", "505"},

		{"Content-Length 0", start + rest + "Content-Length: 0\r\n\r\nabc", "accept"},
		{"Content-Length with zeros", start + rest + "l: 0003\r\n\r\nabc", "accept"},
		{"Content-Length too large", start + rest + "Content-Length: 4\r\n\r\nabc", "400"},
		{"Content-Length twice", start + rest + "Content-Length: 3\r\nl: 3\r\n\r\nabc", "400"},
		{"Content-Length list", start + rest + "Content-Length: 3, 3\r\n\r\nabc", "400"},
		{"Content-Length with a sign", start + rest + "Content-Length: +3\r\n\r\nabc", "400"},
		{"Content-Length in hex", start + rest + "Content-Length: 0x3\r\n\r\nabc", "400"},
		{"Content-Length empty", start + rest + "Content-Length:\r\n\r\nabc", "400"},
		{"Content-Length overflows", start + rest + "Content-Length: 18446744073709551619\r\n\r\nabc", "400"},

		{"phrase", "SIP/2.0 180 Ringing  here \r\n" + rest + "\r\n", "accept"},
		{"no phrase", "SIP/2.0 180 \r\n" + rest + "\r\n", "accept"},
		{"no space before no phrase", "SIP/2.0 180\r\n" + rest + "\r\n", "accept"},
		{"status line in lower case", "sip/2.0 180 x\r\n" + rest + "\r\n", "accept"},
		{"status 099", "SIP/2.0 099 x\r\n" + rest + "\r\n", "drop"},
		{"status 700", "SIP/2.0 700 x\r\n" + rest + "\r\n", "drop"},
		{"status of two digits", "SIP/2.0 20 x\r\n" + rest + "\r\n", "drop"},
		{"status of four digits", "SIP/2.0 2000 x\r\n" + rest + "\r\n", "drop"},
		{"response of another version", "SIP/3.0 200 x\r\n" + rest + "\r\n", "drop"},
		{"malformed response", "SIP/2.0 200 x\r\n" + rest + "X\r\n\r\n", "drop"},
		{"response cut short", "SIP/2.0 200 x\r\n" + rest + "l: 9\r\n\r\n", "drop"},
		{"malformed ACK", "ACK sip:b@example.net SIP/2.0\r\n" + rest + "X\r\n\r\n", "drop"},

		{"nothing", "", "drop"},
		{"keep-alive", "\r\n\r\n", "drop"},
		{"noise", "\x00\x01\x02\r\n\r\n", "drop"},
		{"HTTP", "GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", "drop"},
		{"one word", "SIP/2.0\r\n\r\n", "drop"},
		{"no end of line", "INVITE sip:b@example.net SIP/2.0", "drop"},
		{"nobody to answer", "INVITE sip:b@example.net SIP/9.0\r\nVia: SIP/2.0/UDP 192.0.2.1\r\n\r\n", "drop"},
	} {
		if m, got := verdict([]byte(c.message)); got != c.want {
			_, err := Parse([]byte(c.message))
			t.Errorf("%s: %s, want %s (%v)", c.name, got, c.want, err)
		} else if got == "accept" {
			same(t, m)
		}
	}
}

func TestParseErrorTellsWhere(t *testing.T) {
	m, err := Parse([]byte("\r\nINVITE sip:b@example.net SIP/2.0\r\nVia: a\r\nX\x01: b\r\nFrom: x\r\nTo: x\r\ni: x\r\nCSeq: x\r\n\r\nbody"))
	var e *ParseError
	if !errors.As(err, &e) || e.Status != 400 || e.Offset != 44 || e.Error() != "sip: Invalid header name at byte 44" {
		t.Errorf("%v", err)
	}
	if m == nil || m.Body != "" || len(m.Headers()) != 5 {
		t.Errorf("what was sound is not kept: %+v", m)
	}
}

func TestParseLimits(t *testing.T) {
	const head = "INVITE sip:b@example.net SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1\r\nFrom: <sip:a@example.org>;tag=1\r\nTo: <sip:b@example.net>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n"
	fill := func(n int) string { return strings.Repeat("x", n) }
	for _, c := range []struct{ name, message, want string }{
		{"a full datagram", head + "\r\n" + fill(65535-len(head)-2), "accept"},
		{"more than that", head + "\r\n" + fill(65535-len(head)-1), "drop"},
		{"256 fields", head + strings.Repeat("Y-: y\r\n", 251) + "\r\n", "accept"},
		{"257 fields", head + strings.Repeat("Y-: y\r\n", 252) + "\r\n", "513"},
		{"10000 fields", head + strings.Repeat("Y-:\r\n", 10000) + "\r\n", "513"},
		{"long field", head + "X: " + fill(8189) + "\r\n\r\n", "accept"},
		{"too long field", head + "X: " + fill(8190) + "\r\n\r\n", "513"},
		{"too long by folds", head + "X: y" + strings.Repeat("\r\n y", 3000) + "\r\n\r\n", "513"},
		{"too long start line", "INVITE sip:" + fill(8192) + head[6:] + "\r\n", "drop"},
		{"128 Via", head + "v: SIP/2.0/UDP a" + strings.Repeat(",SIP/2.0/UDP a", 126) + "\r\n\r\n", "accept"},
		{"129 Via", head + "v: SIP/2.0/UDP a" + strings.Repeat(",SIP/2.0/UDP a", 127) + "\r\n\r\n", "400"},
		{"128 Route in two fields", head + strings.Repeat("Route: <sip:a>"+strings.Repeat(",<sip:a>", 63)+"\r\n", 2) + "\r\n", "accept"},
		{"129 Route", head + strings.Repeat("Route: <sip:a>"+strings.Repeat(",<sip:a>", 42)+"\r\n", 3) + "\r\n", "400"},
		{"64 parameters", head + "m: <sip:a>" + strings.Repeat(";x", 64) + "\r\n\r\n", "accept"},
		{"65 parameters", head + "m: <sip:a>" + strings.Repeat(";x", 65) + "\r\n\r\n", "400"},
		{"65 URI parameters", head + "m: <sip:a" + strings.Repeat(";x", 65) + ">\r\n\r\n", "400"},
	} {
		if _, got := verdict([]byte(c.message)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if _, err := Parse(make([]byte, 65536)); err != errSize {
		t.Errorf("oversized: %v", err)
	}
}

func TestParseDoesNotKeepItsInput(t *testing.T) {
	b := []byte(crlf(options))
	m, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	clear(b)
	if got := m.Header(CallID); got != "c1" {
		t.Errorf("Call-ID = %q", got)
	}
}

// TestAllocations pins what the hot path costs: one copy of the text, one structure.
func TestAllocations(t *testing.T) {
	m, err := Parse(invite)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 0, 4096)
	vias, noise := 0, []byte("noise\r\n")
	for _, c := range []struct {
		name string
		max  float64
		run  func()
	}{
		{"Parse", 2, func() { _, _ = Parse(invite) }},
		{"Validate", 0, func() { _ = m.Validate() }},
		{"Append", 0, func() { buf = m.Append(buf[:0]) }},
		{"NewResponse", 2, func() { NewResponse(m, 180, "", "tag") }},
		{"Clone", 1, func() { m.Clone() }},
		{"All", 0, func() {
			for range m.All(Via) {
				vias++
			}
		}},
		{"accessors", 0, func() {
			m.FromTag()
			m.ToTag()
			_, _ = m.TopVia()
			m.CSeqNumber()
			m.Lists(Supported, "timer")
			m.MediaType()
		}},
		{"ParseURI", 0, func() { _, _ = ParseURI(m.RURI) }},
		{"noise", 0, func() { _, _ = Parse(noise) }},
	} {
		if got := testing.AllocsPerRun(100, c.run); got > c.max {
			t.Errorf("%s: %v allocations, want at most %v", c.name, got, c.max)
		}
	}
}
