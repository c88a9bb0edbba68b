package sip

import "strings"

// Validate looks at what the message means as far as every element must: required and
// single header fields, Via, From, To, Call-ID, CSeq, Contact, the route headers,
// Max-Forwards, and the Request-URI with its scheme. The error is a *ParseError; its
// status is 0 for a response and an ACK.
//
// A Request-URI of a scheme other than sip, sips, tel and urn:service is 416. In other
// header fields any scheme may stand.
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
	if m.IsRequest() {
		if status, reason := m.faultyRURI(); reason != "" {
			return status, reason
		}
	}
	vias, contacts := 0, 0
	for i := range m.headers {
		h := &m.headers[i]
		reason := ""
		switch h.ID {
		case Via:
			reason = faultyList(h.Value, &vias, viaElement, "Invalid Via")
		case From, To:
			reason = faultyAddress(h)
		case CallID:
			if !all(h.Value, wordChar) {
				reason = "Invalid Call-ID"
			}
		case CSeq:
			reason = m.faultyCSeq(h.Value)
		case MaxForwards:
			if _, ok := number(h.Value, 255); !ok && m.IsRequest() {
				reason = "Invalid Max-Forwards"
			}
		case Contact:
			if h.Value != "*" {
				reason = faultyList(h.Value, &contacts, addressElement, "Invalid Contact")
			}
		case Route, RecordRoute:
			routes := 0
			reason = faultyList(h.Value, &routes, routeElement, "Invalid "+registry[h.ID].name)
		}
		if reason != "" {
			return 400, reason
		}
	}
	return 0, ""
}

// faultyCount looks for missing and repeated header fields.
func (m *Message) faultyCount() string {
	var seen [ids]bool
	for i := range m.headers {
		id := m.headers[i].ID
		if seen[id] && registry[id].kind&single != 0 {
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
var missing, repeated = reasons()

func reasons() (missing, repeated [ids]string) {
	for id := Other + 1; id < ids; id++ {
		missing[id] = "Missing " + registry[id].name
		repeated[id] = "More than one " + registry[id].name
	}
	return missing, repeated
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

func (m *Message) faultyCSeq(v string) string {
	_, method, ok := cutCSeq(v)
	if !ok {
		return "Invalid CSeq"
	}
	if m.IsRequest() && method != m.Method {
		return "CSeq method does not match"
	}
	return ""
}

// faultyAddress looks at From or To. A second tag, or a second reading of one, would
// be another dialog to some peer.
func faultyAddress(h *Header) string {
	a, err := ParseNameAddr(h.Value)
	if err != nil || !validURI(a.URI) || a.Params.twice("tag") {
		if h.ID == From {
			return "Invalid From"
		}
		return "Invalid To"
	}
	return ""
}

// faultyList looks at each element of a list. An empty element is an error, as is one
// too many.
func faultyList(v string, n *int, valid func(string) bool, reason string) string {
	for {
		element, rest := cutElement(v)
		if *n++; *n > DefaultLimits.Elements || !valid(element) {
			return reason
		}
		if len(element) == len(v) || rest == "" && v[len(v)-1] != ',' {
			return ""
		}
		v = rest
	}
}

func viaElement(s string) bool {
	h, err := ParseVia(s)
	return err == nil && !h.Params.twice("branch")
}

func addressElement(s string) bool {
	a, err := ParseNameAddr(s)
	return err == nil && validURI(a.URI)
}

// routeElement wants the brackets: RFC 3261 §20.34.
func routeElement(s string) bool {
	a, err := ParseNameAddr(s)
	return err == nil && validURI(a.URI) && strings.IndexByte(s, '<') >= 0
}

func validURI(s string) bool {
	_, err := ParseURI(s)
	return err == nil
}
