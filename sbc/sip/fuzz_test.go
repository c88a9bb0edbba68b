package sip

import (
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// seed gives a fuzz target the messages of RFC 4475 and a few of ours.
func seed(f *testing.F) {
	files, err := filepath.Glob("testdata/torture/*.dat")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds")
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add(invite)
	f.Add([]byte("SIP/2.0 200\r\nv:SIP/2.0/UDP [2001:db8::1]:5060;branch=z9;rport\r\nf:<sip:a@b>;tag=1\r\nt:<sip:b@c>;tag=2\r\ni:1\r\nCSeq:1 INVITE\r\nX: a\r\n b\r\n\r\nbody"))
	f.Add([]byte("ACK sip:a SIP/2.0\n\n"))
}

// FuzzParse: nothing panics; what is accepted survives Append and Parse unchanged, and
// so does the verdict on it; what Validate accepts, the accessors can read.
func FuzzParse(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if m == nil {
			if err == nil {
				t.Fatal("neither message nor error")
			}
			return
		}
		touch(t, m)
		if err != nil {
			if _, err := Parse(NewResponse(m, err.(*ParseError).Status, "", "x").Append(nil)); err != nil {
				t.Fatalf("our response does not parse: %v", err)
			}
			return
		}
		verdict := m.Validate()
		if wire := m.Append(nil); len(wire) <= DefaultLimits.Size && m.Count(Other) < DefaultLimits.Headers/2 && longest(m) < DefaultLimits.HeaderLen/2 {
			same(t, m)
			again, _ := Parse(wire)
			if e := again.Validate(); (e == nil) != (verdict == nil) || e != nil && e.Error() != verdict.Error() {
				t.Fatalf("verdict was %v, is %v", verdict, e)
			}
		}
		if verdict == nil {
			meaningful(t, m)
		}
	})
}

func longest(m *Message) (n int) {
	for _, h := range m.Headers() {
		n = max(n, len(h.Name)+len(h.Value))
	}
	return n
}

// touch calls every accessor.
func touch(t *testing.T, m *Message) {
	for id := Other; id <= ids; id++ {
		n := 0
		for e := range m.All(id) {
			if strings.ContainsAny(e, "\r\n") {
				t.Fatalf("%v: element %q is not unfolded", id, e)
			}
			n++
		}
		if v := m.Header(id); strings.ContainsAny(v, "\r\n") {
			t.Fatalf("%v: %q is not unfolded", id, v)
		}
		if n > 0 && m.Count(id) == 0 {
			t.Fatalf("%v: elements without a field", id)
		}
	}
	for _, h := range m.Headers() {
		if _, ok := m.Named(strings.ToUpper(h.Name)); !ok || !ValidToken(h.Name) {
			t.Fatalf("%q not found by its name", h.Name)
		}
	}
	m.TopVia()
	m.FromTag()
	m.ToTag()
	m.CSeqNumber()
	m.MaxForwardsNumber()
	c := m.Clone()
	c.MarkSource(netip.MustParseAddrPort("[2001:db8::7]:5099"))
	c.SetTopVia("SIP/2.0/UDP 192.0.2.1")
	c.RemoveTopVia()
	c.Prepend(Via, "x\r\ny: z\n\n")
	c.Set(Contact, "<sip:a>\rb")
	c.SetNamed("x-1", "1")
	c.RemoveNamed("supported")
	c.Remove(ContentLength)
	c.Body = ""
	if wire := string(c.Append(nil)); strings.Count(wire, "\n") != len(c.Headers())+3 || strings.Count(wire, "\r") != len(c.Headers())+3 {
		t.Fatalf("a value ended its line: %q", wire)
	}
}

// meaningful reads what Validate has accepted.
func meaningful(t *testing.T, m *Message) {
	via, err := m.TopVia()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := ParseVia(via.String()); err != nil || again.Branch() != via.Branch() || again.Host != via.Host || again.Port != via.Port {
		t.Fatalf("Via %+v became %+v, %v", via, again, err)
	}
	for id, tag := range map[ID]string{From: m.FromTag(), To: m.ToTag()} {
		a, err := ParseNameAddr(m.Header(id))
		if err != nil {
			t.Fatalf("%v: %v", id, err)
		}
		if v, _ := a.Params.Get("tag"); v != tag {
			t.Fatalf("%v: tag %q or %q", id, v, tag)
		}
	}
	if _, ok := m.CSeqNumber(); !ok {
		t.Fatal("no CSeq")
	}
	src := netip.MustParseAddrPort("192.0.2.77:4711")
	m.MarkSource(src)
	if via, err = m.TopVia(); err != nil {
		t.Fatal(err)
	}
	if host, _ := netip.ParseAddr(via.Host); host != src.Addr() && via.Received() != "192.0.2.77" {
		t.Fatalf("received not written: %v", via)
	}
	if port, ok := via.RPort(); ok && port != 4711 || via.Params.twice("received") || via.Params.twice("rport") {
		t.Fatalf("rport not written: %v", via)
	}
	if err := m.Validate(); err != nil {
		t.Fatalf("after MarkSource: %v", err)
	}
}

func FuzzURI(f *testing.F) {
	for _, s := range []string{"sip:alice:secret@example.org:5060;lr;x=%41?a=b", "sips:[2001:db8::1]:1", "tel:+1-555-0100;ext=1", "urn:service:sos", "sip:@x", "sip:a;b=c,/;?@h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := ParseURI(s)
		if err != nil {
			return
		}
		text := u.String()
		if !ValidHeaderValue(text) {
			t.Fatalf("ParseURI(%q) wrote %q", s, text)
		}
		again, err := ParseURI(text)
		if err != nil || again != u {
			t.Fatalf("ParseURI(%q) = %+v, written %q and read %+v, %v", s, u, text, again, err)
		}
		u.Param("lr")
		Unescape(u.User)
		if u.Scheme == "sip" {
			u.User = EscapeUser(s)
			if again, err = ParseURI(u.String()); err != nil || Unescape(again.User) != s {
				t.Fatalf("user %q came back as %q, %v", s, Unescape(again.User), err)
			}
		}
	})
}

func FuzzNameAddr(f *testing.F) {
	for _, s := range []string{`"A \"B\"" <sip:a@b;c>;tag=1;x="y;z"`, "sip:a@b;tag=1", "A. B<sip:a@b>", "<tel:1> ;\r\n q = 0.1", `"a" sip:x`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseNameAddr(s)
		if err != nil {
			return
		}
		tag, _ := a.Params.Get("tag")
		if got, _ := addrParams(s).Get("tag"); got != tag {
			t.Fatalf("%q: tag %q or %q", s, tag, got)
		}
		again, err := ParseNameAddr(a.String())
		if err != nil || again.URI != a.URI || again.Display != clean(a.Display) {
			t.Fatalf("%q = %+v, written %q and read %+v, %v", s, a, a, again, err)
		}
		if got, _ := again.Params.Get("tag"); got != tag {
			t.Fatalf("%q: tag %q became %q", s, tag, got)
		}
	})
}

// clean is what Quote makes of control characters.
func clean(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c < ' ' || c == 0x7f {
			b[i] = ' '
		}
	}
	return string(b)
}

func FuzzVia(f *testing.F) {
	for _, s := range []string{"SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport", "SIP / 2.0 / TCP [2001:db8::1] : 5 ; a = \"b\"", "sip/2.0/x a.b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := ParseVia(s)
		if err != nil {
			return
		}
		again, err := ParseVia(h.String())
		if err != nil || again.Transport != h.Transport || again.Host != h.Host || again.Port != h.Port || again.Branch() != h.Branch() || again.Received() != h.Received() {
			t.Fatalf("%q = %+v, written %q and read %+v, %v", s, h, h, again, err)
		}
	})
}

func FuzzParams(f *testing.F) {
	f.Add(`;a=b; C = "d;e\"" ;f`, "c", "x y")
	f.Add(";tag=1;tag=2", "tag", "3")
	f.Fuzz(func(t *testing.T, s, name, value string) {
		p := Params(s)
		n, ok := p.check()
		if !ok {
			return
		}
		read := 0
		for range p.All() {
			read++
		}
		if read != n {
			t.Fatalf("%q has %d or %d parameters", s, n, read)
		}
		if gone := p.Del(name); all(name, paramChar) {
			if _, ok := gone.Get(name); ok {
				t.Fatalf("%q still in %q", name, gone)
			}
			set := p.Set(name, value)
			if got, ok := set.Get(name); !ok && n < DefaultLimits.Params || got != clean(value) && Unquote(got) != value {
				t.Fatalf("%q.Set(%q, %q) = %q, Get = %q", s, name, value, set, got)
			}
		}
	})
}
