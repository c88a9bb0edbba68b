package sip

import (
	"slices"
	"strings"
	"testing"
)

// parse is for messages written in a test: LF for CRLF, the last line ends the section.
func parse(t testing.TB, text string) *Message {
	t.Helper()
	m, err := Parse([]byte(crlf(text)))
	if err != nil {
		t.Fatalf("Parse(%q): %v", text, err)
	}
	return m
}

func crlf(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") }

const options = `OPTIONS sip:bob@example.net SIP/2.0
v: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1 , SIP/2.0/TCP 192.0.2.2
Via: SIP/2.0/UDP 192.0.2.3
X-One: 1
From: "A, B" <sip:alice@example.org>;tag=f
t: <sip:bob@example.net>
i: c1
CSeq: 7 OPTIONS
x-ONE: 2
k: 100rel,
  Timer
Accept: application/sdp, text/plain;x="a,b"
Subject: one, two

`

func names(m *Message) string {
	var b strings.Builder
	for _, h := range m.Headers() {
		b.WriteString(h.Name + " ")
	}
	return strings.TrimRight(b.String(), " ")
}

func TestMessageKeepsOrderNamesAndRawValues(t *testing.T) {
	m := parse(t, options)
	if got, want := names(m), "v Via X-One From t i CSeq x-ONE k Accept Subject"; got != want {
		t.Errorf("names = %q, want %q", got, want)
	}
	if got, want := m.Headers()[8].Value, "100rel,\r\n  Timer"; got != want {
		t.Errorf("raw value = %q, want %q", got, want)
	}
	if got, want := m.Header(Supported), "100rel, Timer"; got != want {
		t.Errorf("Header(Supported) = %q, want %q", got, want)
	}
}

func TestMessageLookups(t *testing.T) {
	m := parse(t, options)
	for name, want := range map[string]string{"supported": "100rel, Timer", "K": "100rel, Timer", "X-one": "1", "CALL-id": "c1"} {
		if got, ok := m.Named(name); got != want || !ok {
			t.Errorf("Named(%q) = %q, %t, want %q", name, got, ok, want)
		}
	}
	if got, ok := m.Named("X-Two"); ok {
		t.Errorf("Named(X-Two) = %q", got)
	}
	for id, want := range map[ID][]string{
		Via:         {"SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", "SIP/2.0/TCP 192.0.2.2", "SIP/2.0/UDP 192.0.2.3"},
		Accept:      {"application/sdp", `text/plain;x="a,b"`},
		From:        {`"A, B" <sip:alice@example.org>;tag=f`},
		Subject:     {"one, two"},
		Supported:   {"100rel", "Timer"},
		Unsupported: nil,
		Other:       nil,
	} {
		if got := slices.Collect(m.All(id)); !slices.Equal(got, want) {
			t.Errorf("All(%v) = %q, want %q", id, got, want)
		}
	}
	if !m.Lists(Supported, "timer") || m.Lists(Supported, "replaces") {
		t.Error("Lists")
	}
	if m.Count(Via) != 2 || m.Count(Contact) != 0 {
		t.Error("Count")
	}
}

func TestMessageChanges(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(m *Message)
		want   string
	}{
		{"Add", func(m *Message) { m.Add(Contact, "x") }, "v Via X-One From t i CSeq x-ONE k Accept Subject Contact"},
		{"Add nameless", func(m *Message) { m.Add(Other, "x"); m.AddNamed("a b", ""); m.AddNamed("a\r\nb", ""); m.Set(Other, "") }, "v Via X-One From t i CSeq x-ONE k Accept Subject"},
		{"AddNamed", func(m *Message) { m.AddNamed("m", "x") }, "v Via X-One From t i CSeq x-ONE k Accept Subject m"},
		{"Prepend to its kind", func(m *Message) { m.Prepend(From, "x") }, "v Via X-One From From t i CSeq x-ONE k Accept Subject"},
		{"Prepend at the top", func(m *Message) { m.Prepend(Route, "x") }, "Route v Via X-One From t i CSeq x-ONE k Accept Subject"},
		{"Set replaces all", func(m *Message) { m.Set(Via, "x") }, "v X-One From t i CSeq x-ONE k Accept Subject"},
		{"Set adds", func(m *Message) { m.Set(Event, "x") }, "v Via X-One From t i CSeq x-ONE k Accept Subject Event"},
		{"SetNamed replaces all", func(m *Message) { m.SetNamed("X-ONE", "x") }, "v Via X-One From t i CSeq k Accept Subject"},
		{"SetNamed of a known one", func(m *Message) { m.SetNamed("V", "x") }, "v X-One From t i CSeq x-ONE k Accept Subject"},
		{"SetNamed adds", func(m *Message) { m.SetNamed("X-Two", "x") }, "v Via X-One From t i CSeq x-ONE k Accept Subject X-Two"},
		{"Remove", func(m *Message) { m.Remove(Via); m.Remove(Other) }, "X-One From t i CSeq x-ONE k Accept Subject"},
		{"RemoveNamed", func(m *Message) { m.RemoveNamed("x-one"); m.RemoveNamed("supported") }, "v Via From t i CSeq Accept Subject"},
		{"RemoveTopVia of two", func(m *Message) { m.RemoveTopVia() }, "v Via X-One From t i CSeq x-ONE k Accept Subject"},
		{"RemoveTopVia alone", func(m *Message) { m.RemoveTopVia(); m.RemoveTopVia() }, "Via X-One From t i CSeq x-ONE k Accept Subject"},
		{"Filter", func(m *Message) { m.Filter(func(h Header) bool { return h.ID != Other }) }, "v Via From t i CSeq k Accept Subject"},
	} {
		m := parse(t, options)
		c.change(m)
		if got := names(m); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	m := parse(t, options)
	m.SetNamed("X-one", "3")
	if v, _ := m.Named("x-one"); v != "3" {
		t.Errorf("SetNamed: %q", v)
	}
	m.SetTopVia("SIP/2.0/UDP 192.0.2.9")
	if got, want := m.Header(Via), "SIP/2.0/UDP 192.0.2.9, SIP/2.0/TCP 192.0.2.2"; got != want {
		t.Errorf("SetTopVia: %q, want %q", got, want)
	}
	m.RemoveTopVia()
	if got, want := m.Header(Via), "SIP/2.0/TCP 192.0.2.2"; got != want {
		t.Errorf("RemoveTopVia: %q, want %q", got, want)
	}
}

func TestCloneIsIndependent(t *testing.T) {
	m := parse(t, options)
	for range 40 {
		m.AddNamed("X-Many", "")
	}
	c := m.Clone()
	before := string(m.Append(nil))
	c.Set(From, "<sip:carol@example.com>")
	c.Remove(Via)
	c.Add(Route, "<sip:192.0.2.4;lr>")
	if after := string(m.Append(nil)); after != before {
		t.Errorf("the original became %q", after)
	}
}

func TestMoreFieldsThanInlineRoom(t *testing.T) {
	var b strings.Builder
	b.WriteString("SIP/2.0 200 OK\n")
	for range 200 {
		b.WriteString("X-Y: z\n")
	}
	m := parse(t, b.String()+"\n")
	if len(m.Headers()) != 200 {
		t.Errorf("%d fields, want 200", len(m.Headers()))
	}
	same(t, m)
}

func TestFieldAccessors(t *testing.T) {
	m := NewRequest("PRACK", "sip:bob@example.net")
	for v, want := range map[string]string{
		"application/sdp":                "application/sdp",
		"Application / SDP;charset=x":    "application/sdp",
		"multipart/mixed;boundary=\"/\"": "multipart/mixed",
		"":                               "",
		"application":                    "",
		"a/b c":                          "",
	} {
		m.Set(ContentType, v)
		if got := m.MediaType(); got != want {
			t.Errorf("MediaType of %q = %q, want %q", v, got, want)
		}
	}
	for v, want := range map[string]bool{"776656 1 INVITE": true, " 1\t2  INVITE ": true, "1 2": false, "1 INVITE": false, "4294967296 1 INVITE": false, "1 2147483648 INVITE": false, "": false} {
		if rseq, cseq, method, ok := ParseRAck(v); ok != want {
			t.Errorf("ParseRAck(%q) = %d, %d, %q, %t", v, rseq, cseq, method, ok)
		}
	}
	for v, want := range map[string]bool{"1 INVITE": true, "2147483647 X": true, "2147483648 X": false, "1INVITE": false, "1": false, "-1 X": false, "1 a b": false} {
		m.Set(CSeq, v)
		if n, ok := m.CSeqNumber(); ok != want {
			t.Errorf("CSeqNumber of %q = %d, %t", v, n, ok)
		}
	}
	if v, p := CutParams(`1800 ; Refresher="u;c"`); v != "1800" || p != `; Refresher="u;c"` {
		t.Errorf("CutParams = %q, %q", v, p)
	}
}

func TestLookup(t *testing.T) {
	for id := Other + 1; id < ids; id++ {
		name := id.String()
		if name == "" || Lookup(name) != id || Lookup(strings.ToUpper(name)) != id || Lookup(strings.ToLower(name)) != id {
			t.Errorf("%d %q is not found by its name", id, name)
		}
		if c := registry[id].compact; c != 0 && (Lookup(string(c)) != id || Lookup(strings.ToUpper(string(c))) != id) {
			t.Errorf("%q is not found by %q", name, c)
		}
	}
	for _, name := range []string{"", "z", "Vias", "X-Via", "Fro", "Tom", "\u212aey", strings.Repeat("x", 300)} {
		if id := Lookup(name); id != Other {
			t.Errorf("Lookup(%q) = %v", name, id)
		}
	}
	if Other.String() != "" || ids.String() != "" || ID(255).String() != "" {
		t.Error("a name for none")
	}
}
