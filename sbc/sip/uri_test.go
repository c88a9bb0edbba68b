package sip

import "testing"

func TestParseURI(t *testing.T) {
	for _, c := range []struct {
		text string
		want URI
	}{
		{"sip:example.org", URI{Scheme: "sip", Host: "example.org"}},
		{"SIP:alice@example.org", URI{Scheme: "sip", User: "alice", Host: "example.org"}},
		{"sips:alice:secret@192.0.2.1:5061", URI{Scheme: "sips", User: "alice", Password: "secret", Host: "192.0.2.1", Port: 5061}},
		{"sip:a%40b@example.org;transport=tcp;lr?Subject=x&a=b", URI{Scheme: "sip", User: "a%40b", Host: "example.org", Params: ";transport=tcp;lr", Headers: "Subject=x&a=b"}},
		{"sip:a;b=c?d/e,f@example.org", URI{Scheme: "sip", User: "a;b=c?d/e,f", Host: "example.org"}},
		{"sip:[2001:db8::1]:5060;maddr=[2001:db8::2]", URI{Scheme: "sip", Host: "2001:db8::1", Port: 5060, Params: ";maddr=[2001:db8::2]"}},
		{"sip:*123#@my_host", URI{Scheme: "sip", User: "*123#", Host: "my_host"}},
		{"sip:@example.org", URI{Scheme: "sip", Host: "example.org"}},
		{"tel:+1-555-0100;ext=22", URI{Scheme: "tel", User: "+1-555-0100", Params: ";ext=22"}},
		{"Tel:*21#", URI{Scheme: "tel", User: "*21#"}},
		{"urn:service:sos.fire", URI{Scheme: "urn", Opaque: "service:sos.fire"}},
		{"soap.beep://192.0.2.103:3002", URI{Scheme: "soap.beep", Opaque: "//192.0.2.103:3002"}},
		{"h323:a;b@c", URI{Scheme: "h323", Opaque: "a;b@c"}},
	} {
		if got, err := ParseURI(c.text); got != c.want || err != nil {
			t.Errorf("ParseURI(%q) =\n%+v, %v, want\n%+v", c.text, got, err, c.want)
		}
		again, err := ParseURI(c.want.String())
		if again != c.want || err != nil {
			t.Errorf("%+v written %q, read %+v, %v", c.want, c.want, again, err)
		}
	}
	for _, text := range []string{
		"", ":", "sip", "sip:", ":a", "1ip:a", "s p:a", "sip:a@", "sip:a b@c", "sip:a@b c", "<sip:a@b>", "sip:a@b@c", `sip:"a"@b`, "sip:a\\b@c",
		"sip:a:b:c@d", "sip:%4@b", "sip:%zz@b", "sip:a:%@b", "sip:a@b:", "sip:a@b:0", "sip:a@b:65536", "sip:a@b:5060x", "sip:a@b:+1", "sip:a@b:000001",
		"sip:a@b;", "sip:a@b;;c", "sip:a@b;=c", "sip:a@b;c=d,e", "sip:a@b/c", "sip:a@b%41", "sip:a@b,c", "sip:größe@b", "sip:a\x00@b", "sip:a\r\n@b",
		"tel:", "tel:;ext=1", "tel:+1x", "tel:+1?a", "tel:+1;", "h323:", "h323:a b",
	} {
		if u, err := ParseURI(text); err == nil {
			t.Errorf("ParseURI(%q) = %+v, want an error", text, u)
		}
	}
}

func TestURIParam(t *testing.T) {
	u, err := ParseURI("sip:a@b;%6C%72;Transport=t%63p")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := u.Param("LR"); !ok {
		t.Error("lr not found")
	}
	if v, ok := u.Param("transport"); v != "tcp" || !ok {
		t.Errorf("transport = %q, %t", v, ok)
	}
	if v, ok := u.Param("maddr"); ok {
		t.Errorf("maddr = %q", v)
	}
	if v, ok := (URI{Params: ";a=b"}).Param("A"); v != "b" || !ok {
		t.Errorf("a = %q, %t", v, ok)
	}
}

func TestEscapes(t *testing.T) {
	for text, want := range map[string]string{"": "", "a": "a", "%41%4a": "AJ", "%": "%", "%4": "%4", "%zz%41": "%zzA", "%00": "\x00", "%25%34%31": "%41"} {
		if got := Unescape(text); got != want {
			t.Errorf("Unescape(%q) = %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{"": "", "+1555": "+1555", "a b": "a%20b", "a@b:c": "a%40b%3Ac", "%41": "%2541", "é": "%C3%A9", "a\r\nb": "a%0D%0Ab", "#`": "%23%60"} {
		if got := EscapeUser(text); got != want {
			t.Errorf("EscapeUser(%q) = %q, want %q", text, got, want)
		}
	}
}
