package sip

import "strings"

// FromTag returns the tag of From, "" if none.
func (m *Message) FromTag() string { return m.tag(From) }

// ToTag returns the tag of To, "" if none.
func (m *Message) ToTag() string { return m.tag(To) }

func (m *Message) tag(id ID) string {
	v, _ := m.first(id)
	tag, _ := addrParams(v).Get("tag")
	return tag
}

// CSeqNumber returns the sequence number of CSeq. It fails when there is none below
// 2^31 (RFC 3261 §8.1.1.5).
func (m *Message) CSeqNumber() (uint32, bool) {
	v, _ := m.first(CSeq)
	n, _, ok := cutCSeq(v)
	return n, ok
}

// cutCSeq takes apart the value of CSeq.
func cutCSeq(v string) (n uint32, method string, ok bool) {
	digits, rest := cutDigits(v)
	method = trim(rest)
	wide, ok := number(digits, 1<<31-1)
	return uint32(wide), method, ok && len(method) < len(rest) && ValidToken(method)
}

func cutDigits(s string) (digits, rest string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return s[:i], s[i:]
}

// ParseRAck takes apart the value of RAck (RFC 3262 §7.2): which response to which
// request is acknowledged.
func ParseRAck(v string) (rseq, cseq uint32, method string, ok bool) {
	digits, rest := cutDigits(trim(v))
	n, ok := number(digits, 1<<32-1)
	value := trim(rest)
	cseq, method, sound := cutCSeq(value)
	return uint32(n), cseq, method, ok && sound && len(value) < len(rest)
}

// MaxForwardsNumber returns the number of Max-Forwards, 0 to 255. It fails when there
// is none.
func (m *Message) MaxForwardsNumber() (uint8, bool) {
	v, _ := m.first(MaxForwards)
	n, ok := number(v, 255)
	return uint8(n), ok
}

// Lists reports whether one of the elements of that kind is the token, in any case:
// Lists(Supported, "100rel").
func (m *Message) Lists(id ID, token string) bool {
	for e := range m.All(id) {
		if equalFold(e, token) {
			return true
		}
	}
	return false
}

// MediaType returns the type of the body in lower case, "application/sdp"; "" when
// Content-Type is missing or malformed.
func (m *Message) MediaType() string {
	v, _ := m.first(ContentType)
	v, _ = CutParams(v)
	major, minor, _ := strings.Cut(v, "/")
	major, minor = trim(major), trim(minor)
	if !ValidToken(major) || !ValidToken(minor) {
		return ""
	}
	if len(major)+1+len(minor) < len(v) {
		v = major + "/" + minor
	}
	return strings.ToLower(v)
}

// CutParams takes a value like "1800;refresher=uac" or "text/plain; charset=utf-8"
// apart at the first semicolon outside a quoted string. The value comes without outer
// white space.
func CutParams(v string) (value string, p Params) {
	for i := 0; i < len(v); i++ {
		switch v[i] {
		case '"':
			end := quotedEnd(v[i:])
			if end < 0 {
				return trim(v), ""
			}
			i += end - 1
		case ';':
			return trim(v[:i]), Params(v[i:])
		}
	}
	return trim(v), ""
}
