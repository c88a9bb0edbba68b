package sip

import "strings"

// Validate looks at what the message means as far as every element must: required and
// single header fields, Via, From, To, Call-ID, CSeq; in a request also Contact, Route,
// Record-Route, Max-Forwards, and the Request-URI with its scheme. The error is a
// *ParseError; its status is 0 for a response and an ACK.
//
// A Request-URI of a scheme other than sip, sips, tel and urn:service is 416. In other
// header fields any scheme may stand. Max-Forwards may be missing: RFC 3261 §16.3.
func (m *Message) Validate() error {
	status, reason := m.fault()
	if reason == "" {
		return nil
	}
	if !m.IsRequest() || m.Method == "ACK" {
		status = 0
	}
	return &ParseError{Status: status, Reason: reason, Offset: -1}
}

func (m *Message) fault() (status int, reason string) {
	if reason := m.faultyCount(); reason != "" {
		return 400, reason
	}
	var n [ids]int // elements seen
	for i := range m.headers {
		h := &m.headers[i]
		ok := true
		switch h.ID {
		case Via:
			// The hops behind ours on a response's way are not ours to judge.
			if n[Via] == 0 || m.IsRequest() {
				ok = validList(h.Value, &n[Via], validVia)
			}
		case From, To:
			ok = validParty(h.Value)
		case CallID:
			ok = all(h.Value, wordChar)
		case CSeq:
			_, method, sound := cutCSeq(h.Value)
			if sound && m.IsRequest() && method != m.Method {
				return 400, "CSeq method does not match"
			}
			ok = sound
		}
		if !ok {
			return 400, invalid[h.ID]
		}
	}
	if m.IsRequest() {
		return m.faultyRequest(&n)
	}
	return 0, ""
}

// faultyRequest looks at what only a request must have in order. A response may be
// odd there: to lose it would cost a call.
func (m *Message) faultyRequest(n *[ids]int) (status int, reason string) {
	if status, reason := m.faultyRURI(); reason != "" {
		return status, reason
	}
	for i := range m.headers {
		h := &m.headers[i]
		ok := true
		switch h.ID {
		case MaxForwards:
			_, ok = number(h.Value, 255)
		case Contact:
			ok = h.Value == "*" || validList(h.Value, &n[Contact], validAddress)
		case Route, RecordRoute:
			ok = validList(h.Value, &n[h.ID], validRoute)
		}
		if !ok {
			return 400, invalid[h.ID]
		}
	}
	return 0, ""
}

// faultyCount looks for missing and repeated header fields.
func (m *Message) faultyCount() string {
	once := uint8(dialog)
	if m.IsRequest() {
		once |= single
	}
	var seen [ids]bool
	for i := range m.headers {
		id := m.headers[i].ID
		if seen[id] && registry[id].kind&once != 0 {
			return repeated[id]
		}
		seen[id] = true
	}
	for _, id := range [...]ID{Via, From, To, CallID, CSeq} {
		if !seen[id] {
			return missing[id]
		}
	}
	return ""
}

// Reasons are built once: a flood of malformed messages must not cost more than others.
var missing, repeated, invalid = reasons()

func reasons() (missing, repeated, invalid [ids]string) {
	for id := Other + 1; id < ids; id++ {
		missing[id] = "Missing " + registry[id].name
		repeated[id] = "More than one " + registry[id].name
		invalid[id] = "Invalid " + registry[id].name
	}
	return missing, repeated, invalid
}

func (m *Message) faultyRURI() (int, string) {
	u, err := ParseURI(m.RURI)
	switch {
	case err != nil:
		return 400, "Invalid Request-URI"
	case u.Headers != "" || strings.HasSuffix(m.RURI, "?"):
		return 400, "Headers in Request-URI" // RFC 3261 §19.1.1
	case u.Opaque != "" && !(equalFold(u.Scheme, "urn") && hasPrefixFold(u.Opaque, "service:")):
		return 416, "Unsupported URI Scheme"
	}
	return 0, ""
}

// validList looks at each element of a list and counts them in n. An empty element is
// an error, as is one too many.
func validList(v string, n *int, valid func(string) bool) bool {
	for more := true; more; {
		var element string
		element, v, more = cutElement(v)
		if *n++; *n > DefaultLimits.Elements || !valid(element) {
			return false
		}
	}
	return true
}

// validVia refuses a second branch: to some peer it would be another transaction.
func validVia(s string) bool {
	h, err := ParseVia(s)
	return err == nil && !h.Params.twice("branch")
}

// validParty refuses a second tag: to some peer it would be another dialog.
func validParty(s string) bool {
	a, err := ParseNameAddr(s)
	return err == nil && validURI(a.URI) && !a.Params.twice("tag")
}

func validAddress(s string) bool {
	a, err := ParseNameAddr(s)
	return err == nil && validURI(a.URI)
}

// validRoute wants the brackets: RFC 3261 §20.34.
func validRoute(s string) bool {
	return validAddress(s) && strings.IndexByte(s, '<') >= 0
}

func validURI(s string) bool {
	_, err := ParseURI(s)
	return err == nil
}
