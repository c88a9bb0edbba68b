package profile

import (
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// FuzzSet: whatever a module sets, leg B's INVITE is a message with the header fields it
// should have and no more.
func FuzzSet(f *testing.F) {
	for _, v := range []string{
		"sip:a@example.net", "\"x\" <sip:a@[2001:db8::1]:5060;p>;tag=1", "gw:5060/tcp, [::1]", "X-A: b", "yes", "90s", "404,5xx",
		"a@b:1", "<a>", ";a=\"b,c\";d", "603=>488 x", `{"on":["INVITE"],"set":["X: a"],"replace":["Subject: (.)=>\\1\\1"]}`, "\"\\\"<\" <tel:1>", "host:5060;x", "private",
	} {
		for i := range keys {
			f.Add(uint8(i), v)
		}
	}
	p, errs := Compile("x", parseConfig(f, ""), testKnown())
	if errs != nil {
		f.Fatal(errs)
	}
	invite := benchInvite()
	f.Fuzz(func(t *testing.T, k uint8, value string) {
		m, err := sip.Parse(invite)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := p.Resolve(testEnvOf(m))
		if err != nil {
			t.Fatal(err)
		}
		name := keys[int(k)%len(keys)].name
		if plan.Set(name, value) != nil {
			return
		}
		if err := plan.Apply(m); err != nil {
			return
		}
		again, err := sip.Parse(m.Append(nil))
		if err != nil {
			t.Fatalf("%s = %q: %v", name, value, err)
		}
		if err := again.Validate(); err != nil {
			t.Fatalf("%s = %q: %v", name, value, err)
		}
		if a, b := len(again.Headers()), len(m.Headers()); a != b && a != b+1 { // Content-Length
			t.Fatalf("%s = %q: %d header fields became %d", name, value, b, a)
		}
		for _, side := range []media.Side{media.A, media.B} {
			if v := plan.Contact(side, Reach{SentBy: "192.0.2.1:5060", Transport: "tcp"}); v != "" {
				checkAddr(t, name, value, v)
			}
			if v := plan.Proxy[side]; v != "" {
				checkAddr(t, name, value, v)
			}
		}
		for _, uri := range plan.Targets {
			if _, err := sip.ParseURI(uri); err != nil {
				t.Fatalf("%s = %q: target %q: %v", name, value, uri, err)
			}
		}
		for _, hop := range plan.NextHops {
			host, _, _ := strings.Cut(hop, "/")
			if _, err := sip.ParseURI("sip:" + host); err != nil {
				t.Fatalf("%s = %q: next hop %q: %v", name, value, hop, err)
			}
		}
	})
}

// checkAddr checks that v is one address and no more.
func checkAddr(t *testing.T, name, value, v string) {
	t.Helper()
	m := sip.NewRequest("INVITE", "sip:x")
	m.Add(sip.Contact, v)
	n := 0
	for element := range m.All(sip.Contact) {
		n++
		a, err := sip.ParseNameAddr(element)
		if err == nil {
			_, err = sip.ParseURI(a.URI)
		}
		if err != nil {
			t.Fatalf("%s = %q: %q: %v", name, value, v, err)
		}
	}
	if n != 1 || !sip.ValidHeaderValue(v) {
		t.Fatalf("%s = %q: %q is %d addresses", name, value, v, n)
	}
}

// FuzzCaller: whatever the caller is called, From has the host the operator wrote.
func FuzzCaller(f *testing.F) {
	for _, from := range []string{
		"\"Alice\" <sip:alice@example.org>;tag=1", "sip:a;b=c@example.org;tag=1", "\"a\\\" <sip:x@y>\" <sip:a@b>",
		"tel:+15550100", "<sip:a%40b:c@d>", "\"\\\\\" <sip:a?b@c>", "é <sip:a@[::1]:1;x>",
	} {
		f.Add(from)
	}
	p, errs := Compile("x", parseConfig(f, "identity.from = \"$fn\" <sip:$fU@fixed.example.net>\nheaders.append = X-From: $fn|$fU|$f.|\n"), testKnown())
	if errs != nil {
		f.Fatal(errs)
	}
	f.Fuzz(func(t *testing.T, from string) {
		raw := strings.Replace(string(benchInvite()), "\"Alice Example\" <sip:alice@example.org;user=phone>;tag=1928301774", from, 1)
		m, err := sip.Parse([]byte(raw))
		if err != nil || m.Validate() != nil {
			return
		}
		plan, err := p.Resolve(testEnvOf(m))
		if err != nil {
			return
		}
		if err := plan.Apply(m); err != nil {
			t.Fatal(err)
		}
		again, err := sip.Parse(m.Append(nil))
		if err != nil {
			t.Fatalf("%q: %v", from, err)
		}
		if err := again.Validate(); err != nil {
			t.Fatalf("%q: %v", from, err)
		}
		a, err := sip.ParseNameAddr(again.Header(sip.From))
		if err != nil {
			t.Fatalf("%q became %q: %v", from, again.Header(sip.From), err)
		}
		u, err := sip.ParseURI(a.URI)
		if err != nil || u.Host != "fixed.example.net" {
			t.Fatalf("%q became %q: host %q, %v", from, again.Header(sip.From), u.Host, err)
		}
		if again.Count(sip.Other) != m.Count(sip.Other) {
			t.Fatalf("%q made other header fields", from)
		}
	})
}
