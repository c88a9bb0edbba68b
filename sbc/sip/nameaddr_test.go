package sip

import (
	"slices"
	"testing"
)

func TestParseNameAddr(t *testing.T) {
	for _, c := range []struct {
		text, display, uri string
		params             Params
	}{
		{"<sip:a@b>", "", "sip:a@b", ""},
		{"sip:a@b", "", "sip:a@b", ""},
		{"sip:a@b;tag=1", "", "sip:a@b", ";tag=1"},
		{"sip:a@b ; tag = 1 ", "", "sip:a@b", "; tag = 1"},
		{"<sip:a@b;x=y>;tag=1", "", "sip:a@b;x=y", ";tag=1"},
		{"<sip:a;b?c,d@e?f=g>;tag=1", "", "sip:a;b?c,d@e?f=g", ";tag=1"},
		{`"A \"B\" \\, <C>;d" <sip:a@b>;tag=1`, `A "B" \, <C>;d`, "sip:a@b", ";tag=1"},
		{`"A"<sip:a@b>`, "A", "sip:a@b", ""},
		{`"" <sip:a@b>`, "", "sip:a@b", ""},
		{"Alice Smith <sip:a@b>", "Alice Smith", "sip:a@b", ""},
		{"Alice<sip:a@b>", "Alice", "sip:a@b", ""},
		{"a@b <sip:a@b>", "a@b", "sip:a@b", ""},
		{"Jörg <sip:a@b>", "Jörg", "sip:a@b", ""},
		{"\"A\r\n B\"\r\n <sip:a@b>\r\n ;\r\n tag=1", "A B", "sip:a@b", ";\r\n tag=1"},
		{"<tel:+15550100>;x", "", "tel:+15550100", ";x"},
	} {
		a, err := ParseNameAddr(c.text)
		if err != nil || a != (NameAddr{c.display, c.uri, c.params}) {
			t.Errorf("ParseNameAddr(%q) = %+v, %v", c.text, a, err)
		}
		again, err := ParseNameAddr(a.String())
		if err != nil || again.Display != a.Display || again.URI != a.URI {
			t.Errorf("%+v written %q, read %+v, %v", a, a, again, err)
		}
	}
	for _, text := range []string{
		"", "<>", "<", ">", "*", "a", "<sip:a@b", "sip:a@b>", "<sip:a b>", "< sip:a@b >", "<<sip:a@b>>", `"A <sip:a@b>`, `"A" sip:a@b`, `"A"`, `A "B" <sip:a@b>`, "A, B <sip:a@b>", "A;B <sip:a@b>",
		"sip:a@b?c=d", "sip:a@b,sip:c@d", "<sip:a@b> x", "<sip:a@b>tag=1", "<sip:a@b>;", "<sip:a@b>;;", "<sip:a@b>;=1", `<sip:a@b>;a="b`, `<sip:a@b>;a="b"c`, "<sip:a@b>;a=b c", "<:a>", "<1:a>", "sip :a@b",
	} {
		if a, err := ParseNameAddr(text); err == nil {
			t.Errorf("ParseNameAddr(%q) = %+v, want an error", text, a)
		}
	}
}

func TestParams(t *testing.T) {
	const p Params = `;a=1; B = "x;\"y\\" ;c;a=2;d=[::1]:5;e=;f=g==`
	for name, want := range map[string]string{"A": "1", "b": `x;"y\`, "c": "", "d": "[::1]:5", "e": "", "F": "g=="} {
		if got, ok := p.Get(name); got != want || !ok {
			t.Errorf("Get(%q) = %q, %t, want %q", name, got, ok, want)
		}
	}
	if v, ok := p.Get("x"); ok {
		t.Errorf("Get(x) = %q", v)
	}
	var names []string
	for n := range p.All() {
		names = append(names, n)
	}
	if want := []string{"a", "B", "c", "a", "d", "e", "f"}; !slices.Equal(names, want) {
		t.Errorf("All = %q, want %q", names, want)
	}
	for _, c := range []struct{ got, want Params }{
		{Params(";a=1;b").Set("A", "2"), ";A=2;b"},
		{Params(";a=1;b").Set("b", "2"), ";a=1;b=2"},
		{Params(";a=1;b;a=3").Set("a", ""), ";a;b"},
		{Params("").Set("a", "x y"), `;a="x y"`},
		{Params("").Set("a", "2001:db8::1"), `;a=2001:db8::1`},
		{Params("").Set("a", "x\"\r\ny"), `;a="x\"  y"`},
		{Params(";x").Set("a;b", "1"), ";x"},
		{Params(";x").Set("", "1"), ";x"},
		{Params(";a;b;A=1 ; c").Del("a"), ";b; c"},
		{Params(";b").Del("a"), ";b"},
		{Params("").Del("a"), ""},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestQuote(t *testing.T) {
	for text, want := range map[string]string{"": `""`, "a b": `"a b"`, `a"\b`: `"a\"\\b"`, "a\r\nb\x00": `"a  b "`, "é": `"é"`} {
		if got := Quote(text); got != want {
			t.Errorf("Quote(%q) = %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{`"a"`: "a", `"a\"b"`: `a"b`, `""`: "", `a`: "a", `"a`: `"a`, `"a"b"`: `"a"b"`, `"a\"`: `"a\"`, `"`: `"`, "\"a\r\n b\"": "a b"} {
		if got := Unquote(text); got != want {
			t.Errorf("Unquote(%q) = %q, want %q", text, got, want)
		}
	}
}
