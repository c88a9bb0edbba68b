package sip

import "strconv"

func appendUint(dst []byte, n uint64) []byte { return strconv.AppendUint(dst, n, 10) }

// NewRequest returns a request without header fields.
func NewRequest(method, ruri string) *Message {
	m := &Message{Method: internMethod(method), RURI: ruri}
	m.headers = m.inline[:0]
	return m
}

// NewResponse returns a response to req (RFC 3261 §8.2.6): Via, From, To, Call-ID and
// CSeq as they came, as far as they did; To with toTag if it has no tag and toTag is
// not ""; Timestamp in a 100; Record-Route in 101 to 299 when the method can create a
// dialog. The phrase "" is the registered one. The response shares its text with req.
func NewResponse(req *Message, status int, phrase, toTag string) *Message {
	if phrase == "" {
		phrase = Phrase(status)
	}
	m := &Message{Method: req.Method, Status: status, Phrase: phrase}
	m.headers = m.inline[:0]
	dialog := status > 100 && status < 300 && createsDialog(req.Method)
	for i := range req.headers {
		h := req.headers[i]
		switch h.ID {
		case Via, From, CallID, CSeq:
		case To:
			if toTag != "" {
				if _, tagged := addrParams(h.Value).Get("tag"); !tagged {
					h.Value += ";tag=" + toTag
				}
			}
		case RecordRoute:
			if !dialog {
				continue
			}
		case Timestamp:
			if status != 100 {
				continue
			}
		default:
			continue
		}
		m.headers = append(m.headers, h)
	}
	return m
}

// createsDialog: RFC 3261 §12.1, RFC 6665 §4.1, RFC 3515 §2.4.4.
func createsDialog(method string) bool {
	switch method {
	case "INVITE", "SUBSCRIBE", "REFER", "NOTIFY":
		return true
	}
	return false
}

// Append appends the message as it goes on the wire. Header fields come in order under
// the names they have, each fold as one space; Content-Length comes last and is that of
// Body, whatever the message held. A CR or LF in a value, the phrase or the method
// becomes a space, and white space and control characters in the Request-URI are left
// out, so that no value can end its line.
func (m *Message) Append(dst []byte) []byte {
	if m.Status == 0 {
		dst = append(appendUnfolded(dst, m.Method), ' ')
		dst = append(appendRURI(dst, m.RURI), " SIP/2.0\r\n"...)
	} else {
		dst = append(appendUint(append(dst, "SIP/2.0 "...), uint64(m.Status)), ' ')
		dst = append(appendUnfolded(dst, m.Phrase), "\r\n"...)
	}
	for i := range m.headers {
		h := &m.headers[i]
		if h.ID == ContentLength {
			continue
		}
		dst = append(append(dst, h.Name...), ": "...)
		dst = append(appendUnfolded(dst, h.Value), "\r\n"...)
	}
	dst = appendUint(append(dst, "Content-Length: "...), uint64(len(m.Body)))
	dst = append(dst, "\r\n\r\n"...)
	return append(dst, m.Body...)
}

func appendRURI(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] <= ' ' || s[i] == 0x7f {
			return appendVisible(append(dst, s[:i]...), s[i+1:])
		}
	}
	return append(dst, s...)
}

func appendVisible(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] > ' ' && s[i] != 0x7f {
			dst = append(dst, s[i])
		}
	}
	return dst
}
