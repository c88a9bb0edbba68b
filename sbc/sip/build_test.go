package sip

import (
	"strings"
	"testing"
)

func TestNewResponse(t *testing.T) {
	const req = `INVITE sip:bob@example.net SIP/2.0
v: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1
Via: SIP/2.0/UDP 192.0.2.2
Record-Route: <sip:192.0.2.2;lr>
From: <sip:alice@example.org>;tag=a
t: "Tag;tag=no" <sip:bob@example.net;tag=no>
i: 1
Subject: x
Timestamp: 54
CSeq: 3 INVITE

`
	const common = "v: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\nVia: SIP/2.0/UDP 192.0.2.2\n"
	for _, c := range []struct {
		status      int
		phrase, tag string
		change      func(m *Message)
		want        string
	}{
		{100, "", "", nil, "SIP/2.0 100 Trying\n" + common + "From: <sip:alice@example.org>;tag=a\nt: \"Tag;tag=no\" <sip:bob@example.net;tag=no>\ni: 1\nTimestamp: 54\nCSeq: 3 INVITE\nContent-Length: 0\n\n"},
		{180, "", "z", nil, "SIP/2.0 180 Ringing\n" + common + "Record-Route: <sip:192.0.2.2;lr>\nFrom: <sip:alice@example.org>;tag=a\nt: \"Tag;tag=no\" <sip:bob@example.net;tag=no>;tag=z\ni: 1\nCSeq: 3 INVITE\nContent-Length: 0\n\n"},
		{486, "Not now", "z", nil, "SIP/2.0 486 Not now\n" + common + "From: <sip:alice@example.org>;tag=a\nt: \"Tag;tag=no\" <sip:bob@example.net;tag=no>;tag=z\ni: 1\nCSeq: 3 INVITE\nContent-Length: 0\n\n"},
		{200, "a\r\nX: y", "z", func(m *Message) { m.Set(To, "sip:bob@example.net ; Tag = b"); m.Method = "OPTIONS" }, "SIP/2.0 200 a X: y\n" + common + "From: <sip:alice@example.org>;tag=a\nt: sip:bob@example.net ; Tag = b\ni: 1\nCSeq: 3 INVITE\nContent-Length: 0\n\n"},
	} {
		m := parse(t, req)
		if c.change != nil {
			c.change(m)
		}
		res := NewResponse(m, c.status, c.phrase, c.tag)
		if got := string(res.Append(nil)); got != crlf(c.want) {
			t.Errorf("%d:\n%s\nwant\n%s", c.status, got, c.want)
		}
		if res.Method != m.Method || res.IsRequest() {
			t.Errorf("%d: method %q", c.status, res.Method)
		}
	}
}

// TestAppendCannotBeTricked writes what no caller should have let in.
func TestAppendCannotBeTricked(t *testing.T) {
	const evil = "x\r\nRoute: <sip:192.0.2.66>\r\n\r\nINVITE"
	m := NewRequest("INVITE"+evil, "sip:bob@example.net "+evil)
	m.Add(From, evil)
	m.AddNamed("X-A", "\n"+evil+"\r")
	m.AddNamed("X-A"+evil, "b")
	m.SetNamed("X: y\r\nX-B", "b")
	m.Body = "body"
	want := "INVITEx Route: <sip:192.0.2.66> INVITE sip:bob@example.netxRoute:<sip:192.0.2.66>INVITE SIP/2.0\r\n" +
		"From: x Route: <sip:192.0.2.66> INVITE\r\nX-A: x Route: <sip:192.0.2.66> INVITE\r\nContent-Length: 4\r\n\r\nbody"
	if got := string(m.Append(nil)); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestAppendWritesLengthOnceAndLast(t *testing.T) {
	m := parse(t, "SIP/2.0 200 OK\nl: 3\nX-A:\n b\n\nabcdef")
	if m.Body != "abc" {
		t.Errorf("body = %q", m.Body)
	}
	m.Body = "four"
	if got, want := string(m.Append([]byte("*"))), crlf("*SIP/2.0 200 OK\nX-A: b\nContent-Length: 4\n\nfour"); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestUnfold(t *testing.T) {
	for v, want := range map[string]string{
		"": "", "a": "a", "a  b": "a  b", "a\r\n b": "a b", "a \t\r\n \tb": "a b", "\r\n a": "a", "a\r\n ": "a", "a\r\n b\r\n\tc": "a b c", "a\nb": "a b", "a\r\r\r\nb": "a b", "\r": "", "a\r\n\r\n b": "a b",
	} {
		if got := Unfold(v); got != want {
			t.Errorf("Unfold(%q) = %q, want %q", v, got, want)
		}
	}
}

func TestPhrase(t *testing.T) {
	for status, want := range map[int]string{100: "Trying", 487: "Request Terminated", 199: "Early Dialog Terminated", 191: "Session Progress", 299: "OK", 399: "Redirection", 499: "Bad Request", 599: "Server Internal Error", 699: "Global Failure", 0: "", 999: ""} {
		if got := Phrase(status); got != want {
			t.Errorf("Phrase(%d) = %q, want %q", status, got, want)
		}
	}
}

func TestValidText(t *testing.T) {
	for v, want := range map[string]bool{"": true, "a\tb ö": true, "a\rb": false, "a\nb": false, "a\x00b": false, "a\x7f": false} {
		if ValidHeaderValue(v) != want {
			t.Errorf("ValidHeaderValue(%q) = %t", v, !want)
		}
	}
	for v, want := range map[string]bool{"": false, "INVITE": true, "a b": false, "a:b": false, "ö": false, "a%b": true} {
		if ValidToken(v) != want {
			t.Errorf("ValidToken(%q) = %t", v, !want)
		}
	}
	if !strings.EqualFold("K", "\u212a") || equalFold("K", "\u212a") {
		t.Error("the Kelvin sign is no K")
	}
}
