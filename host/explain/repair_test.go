package explain

import (
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

const sound = "INVITE sip:bob@example.net SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1\r\nContent-Length: 5\r\n\r\nv=0\r\n"

func TestRepair(t *testing.T) {
	for _, c := range []struct {
		name, in, want, source string
		notes                  string
	}{
		{"a sound message stays", sound, sound, "", ""},
		{"line ends", strings.ReplaceAll(sound, "\r\n", "\n"), sound, "", "line ends were LF: CRLF now"},
		{"mixed line ends", strings.Replace(sound, "\r\n", "\n", 1), sound, "", "line ends were LF: CRLF now"},
		{"empty lines behind the body", sound + "\r\n\r\n", sound, "", ""},
		{"no Content-Length", strings.Replace(sound, "Content-Length: 5\r\n", "", 1), sound, "", "Content-Length was missing: 5 now"},
		{"a wrong one", strings.Replace(sound, ": 5", ": 250", 1), sound, "", "Content-Length was 250: 5 now, as long as the body"},
		{"a compact one", strings.Replace(sound, "Content-Length: 5", "l:2", 1), strings.Replace(sound, "Content-Length: 5", "l:5", 1), "", "Content-Length was 2: 5 now, as long as the body"},
		{"the last line end is missing", strings.TrimSuffix(sound, "\r\n"), sound, "", ""},
		{"no body and no empty line", "OPTIONS sip:a SIP/2.0\r\nMax-Forwards: 70", "OPTIONS sip:a SIP/2.0\r\nMax-Forwards: 70\r\n\r\n", "", "the empty line behind the header was missing"},
		{"a capture's line", "2026/01/02 15:04:05.123456 192.0.2.7:5060 -> 198.51.100.1:5060\n" + sound, sound, "192.0.2.7:5060", "1 line before the message left out"},
		{"IPv6", "U [2001:db8::7]:5070 -> [2001:db8::1]:5060\n\n" + sound, sound, "[2001:db8::7]:5070", "1 line before the message left out"},
		{"indented", "\n  " + strings.ReplaceAll(strings.TrimSuffix(sound, "\r\n"), "\r\n", "\r\n  "), sound, "", "the indentation was removed"},
		{"a folded field stays folded", "OPTIONS sip:a SIP/2.0\r\nSubject: one\r\n two\r\n\r\n", "OPTIONS sip:a SIP/2.0\r\nSubject: one\r\n two\r\n\r\n", "", ""},
		{"a byte order mark", "\ufeff" + sound, sound, "", ""},
		{"a response is a message, too", "SIP/2.0 200 OK\r\n\r\n", "SIP/2.0 200 OK\r\n\r\n", "", ""},
	} {
		r, err := repair(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if r.text != c.want || r.source != c.source || strings.Join(r.notes, "; ") != c.notes {
			t.Errorf("%s: %q from %q, %q; want %q from %q, %q", c.name, r.text, r.source, r.notes, c.want, c.source, c.notes)
		}
	}
	for name, in := range map[string]string{
		"nothing": "", "no SIP": "GET / HTTP/1.1\r\n\r\n", "too long": sound + strings.Repeat("x", maxMessage),
	} {
		if _, err := repair(in); err == nil {
			t.Errorf("%s: repaired", name)
		}
	}
}

// What was repaired once needs no repair, and a message that can be read stays readable.
func FuzzRepair(f *testing.F) {
	f.Add(sound)
	f.Add(strings.ReplaceAll(sound, "\r\n", "\n"))
	f.Add("192.0.2.7:5060 -> 192.0.2.1:5060\n  OPTIONS sip:a SIP/2.0\n  l: 7\n\n  x")
	f.Add("SIP/2.0 200 OK\n\n")
	f.Fuzz(func(t *testing.T, in string) {
		r, err := repair(in)
		if err != nil {
			return
		}
		again, err := repair(r.text)
		if len(r.text) > maxMessage {
			return
		}
		if err != nil || again.text != r.text || len(again.notes) > 0 {
			t.Errorf("repair(%q) = %q; again %q, %q, %v", in, r.text, again.text, again.notes, err)
		}
		_, before := sip.Parse([]byte(in))
		_, after := sip.Parse([]byte(r.text))
		if before == nil && after != nil {
			t.Errorf("%q could be read, %q cannot: %v", in, r.text, after)
		}
	})
}
