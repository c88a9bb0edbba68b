package sip

import (
	"strings"
	"testing"

	sipgo "github.com/emiago/sipgo/sip"
)

// FuzzDifferential holds our reading of a message against that of sipgo, an
// independent parser, for messages that both accept. Differences in what matters for
// routing and matching are how header smuggling begins.
//
// Not compared is what sipgo v1.7.2 is known to read wrongly: the case of a method,
// which it loses, and what misread lists.
func FuzzDifferential(f *testing.F) {
	seed(f)
	parser := sipgo.NewParser()
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if err != nil || m.Validate() != nil {
			return
		}
		theirs, err := parser.ParseSIP(b)
		if err != nil {
			return
		}
		compare(t, m, theirs)
	})
}

func compare(t *testing.T, m *Message, theirs sipgo.Message) {
	t.Helper()
	differ := func(what, ours, theirs string) {
		t.Helper()
		if ours != theirs {
			t.Errorf("%s: %q, sipgo has %q", what, ours, theirs)
		}
	}
	switch x := theirs.(type) {
	case *sipgo.Request:
		differ("method", strings.ToUpper(m.Method), strings.ToUpper(string(x.Method)))
		if u, err := ParseURI(m.RURI); err == nil && u.Host != "" {
			differ("R-URI scheme", u.Scheme, strings.ToLower(x.Recipient.Scheme))
			differ("R-URI user", u.User, x.Recipient.User)
			differ("R-URI host", u.Host, strings.Trim(x.Recipient.Host, "[]"))
			differ("R-URI port", string(appendUint(nil, uint64(u.Port))), string(appendUint(nil, uint64(x.Recipient.Port))))
		}
	case *sipgo.Response:
		differ("status", string(appendUint(nil, uint64(m.Status))), string(appendUint(nil, uint64(x.StatusCode))))
	}
	differ("body", m.Body, string(theirs.Body()))
	if c := theirs.CallID(); c != nil {
		differ("Call-ID", m.Header(CallID), c.Value())
	}
	if c := theirs.CSeq(); c != nil {
		n, _ := m.CSeqNumber()
		differ("CSeq", string(appendUint(nil, uint64(n))), string(appendUint(nil, uint64(c.SeqNo))))
		differ("CSeq method", strings.ToUpper(m.Method), strings.ToUpper(string(c.MethodName)))
	}
	if v := theirs.Via(); v != nil && !misread(m, Via) {
		hop, _ := m.TopVia()
		branch, _ := v.Params.Get("branch")
		differ("branch", hop.Branch(), branch)
		differ("sent-by", hop.Host, v.Host)
		differ("transport", hop.Transport, v.Transport)
	}
	if a := theirs.From(); a != nil && !misread(m, From) {
		tag, _ := a.Params.Get("tag")
		differ("From tag", m.FromTag(), tag)
	}
	if a := theirs.To(); a != nil && !misread(m, To) {
		tag, _ := a.Params.Get("tag")
		differ("To tag", m.ToTag(), tag)
	}
}

// misread reports whether a field has what sipgo v1.7.2 is known to read wrongly:
//
//   - a quoted parameter: cut at ";" within it, and what follows it is lost;
//   - white space within Via, or around ";" and "=" of a parameter;
//   - a parameter's name with upper case letters;
//   - a comma in Via: the second element becomes part of the first;
//   - "=" in a value: the name goes up to the last one.
func misread(m *Message, id ID) bool {
	v := m.Header(id)
	params := addrParams(v)
	if id == Via {
		hop, err := m.TopVia()
		if err != nil || strings.Count(v, " ") != 1 || strings.ContainsAny(v, "\t,") {
			return true
		}
		params = hop.Params
	}
	for name, value := range params.All() {
		if strings.ToLower(name) != name || strings.Contains(value, "=") {
			return true
		}
	}
	return strings.ContainsAny(string(params), " \t\r\n\"")
}

// FuzzDifferentialFields is FuzzDifferential on messages that are sound in all but the
// values, where the two parsers agree to read at all much more often.
func FuzzDifferentialFields(f *testing.F) {
	f.Add("sip:bob@example.net:5060;lr", "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport", `"A" <sip:alice@example.org>;tag=1`, "<sip:bob@example.net>", "1@192.0.2.1", "X: y")
	f.Add("sip:[2001:db8::1]", "SIP/2.0/TCP [2001:db8::2]", "sip:alice@example.org;tag=a", "Bob <sips:b:c@example.net>;tag=b", "x", "l: 2")
	f.Add("sip:a%40b@example.net", "SIP/2.0/UDP a.example.org;received=192.0.2.1;branch=x", "<tel:+1555>;x;tag=1", `"\"<;\\" <sip:bob@example.net;tag=3>;tag=4`, "x", "X:\r\n y")
	parser := sipgo.NewParser()
	f.Fuzz(func(t *testing.T, ruri, via, from, to, callID, field string) {
		b := []byte("INVITE " + ruri + " SIP/2.0\r\nVia: " + via + "\r\nFrom: " + from + "\r\nTo: " + to + "\r\nCall-ID: " + callID + "\r\nCSeq: 1 INVITE\r\n" + field + "\r\n\r\nbody")
		m, err := Parse(b)
		if err != nil || m.Validate() != nil {
			return
		}
		theirs, err := parser.ParseSIP(b)
		if err != nil {
			return
		}
		compare(t, m, theirs)
	})
}
