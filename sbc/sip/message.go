package sip

import (
	"iter"
	"slices"
	"strings"
)

// Message is one request or response. It keeps its header fields in order, with their
// names and raw values. Do not copy a Message, use Clone. Not safe for concurrent use.
//
// The strings of a parsed message are parts of one copy of the datagram: whoever keeps
// a small one for long should clone it (strings.Clone). Method is never such a part
// when it is a registered one.
type Message struct {
	// Method is the request's method; of a response, the method of its CSeq.
	Method string
	// RURI is the Request-URI as received, "" in a response.
	RURI string
	// Status is 100 to 699 in a response, 0 in a request.
	Status int
	// Phrase is the reason phrase of a response, perhaps "".
	Phrase string
	// Body is what Content-Length covers, or all that followed when there is none.
	Body string

	headers []Header
	inline  [24]Header // room for the usual message, so that it is one allocation
}

// IsRequest reports whether the message is a request.
func (m *Message) IsRequest() bool { return m.Status == 0 }

// Headers returns the header fields in order. It may be ranged over until the next
// change of the message, and must not be written to.
func (m *Message) Headers() []Header { return m.headers }

// Header returns the value of the first field of a kind, unfolded; "" if there is none.
func (m *Message) Header(id ID) string {
	v, _ := m.first(id)
	return Unfold(v)
}

// first is Header without unfolding.
func (m *Message) first(id ID) (string, bool) {
	for i := range m.headers {
		if m.headers[i].ID == id {
			return m.headers[i].Value, true
		}
	}
	return "", false
}

// Named returns the value, unfolded, of the first field with that name, long or
// compact, in any case.
func (m *Message) Named(name string) (value string, ok bool) {
	if id := Lookup(name); id != Other {
		value, ok = m.first(id)
		return Unfold(value), ok
	}
	for i := range m.headers {
		if h := &m.headers[i]; h.ID == Other && equalFold(h.Name, name) {
			return Unfold(h.Value), true
		}
	}
	return "", false
}

// All yields every element of every field of a kind, in order. Fields that RFC 3261
// lets be joined are split at the commas outside quoted strings and angle brackets;
// the others are one element each. Elements are unfolded and have no outer white
// space; empty ones are left out.
func (m *Message) All(id ID) iter.Seq[string] {
	return func(yield func(string) bool) {
		if id == Other || id >= ids {
			return
		}
		for i := range m.headers {
			if m.headers[i].ID != id {
				continue
			}
			rest := Unfold(m.headers[i].Value)
			for rest != "" {
				var element string
				if registry[id].kind&list != 0 {
					element, rest, _ = cutElement(rest)
				} else {
					element, rest = rest, ""
				}
				if element != "" && !yield(element) {
					return
				}
			}
		}
	}
}

// cutElement cuts the first element, without outer white space, off a comma list. more
// is true when a comma follows it.
func cutElement(v string) (element, rest string, more bool) {
	if strings.IndexByte(v, ',') < 0 {
		return trim(v), "", false
	}
	quoted, angle := false, false
	for i := 0; i < len(v); i++ {
		switch v[i] {
		case '"':
			quoted = !quoted
		case '\\':
			if quoted {
				i++
			}
		case '<':
			angle = angle || !quoted
		case '>':
			angle = angle && quoted
		case ',':
			if !quoted && !angle {
				return trim(v[:i]), v[i+1:], true
			}
		}
	}
	return trim(v), "", false
}

// Count returns how many fields of a kind there are.
func (m *Message) Count(id ID) int {
	n := 0
	for i := range m.headers {
		if m.headers[i].ID == id {
			n++
		}
	}
	return n
}

// Add appends a field. The value must be a valid one, see ValidHeaderValue. Other has
// no name: it is not added.
func (m *Message) Add(id ID, value string) {
	if name := id.String(); name != "" {
		m.headers = append(m.headers, Header{id, name, value})
	}
}

// AddNamed appends a field under a name as given. What is not a token is no name: it
// is not added.
func (m *Message) AddNamed(name, value string) {
	if ValidToken(name) {
		m.headers = append(m.headers, Header{Lookup(name), name, value})
	}
}

// Prepend puts a field before the first of its kind, or before all others.
func (m *Message) Prepend(id ID, value string) {
	name := id.String()
	if name == "" {
		return
	}
	at := max(0, slices.IndexFunc(m.headers, func(h Header) bool { return h.ID == id }))
	m.headers = append(m.headers, Header{})
	copy(m.headers[at+1:], m.headers[at:])
	m.headers[at] = Header{id, name, value}
}

// Set replaces the value of the first field of a kind and removes the others; it adds
// one when there is none. Other sets nothing.
func (m *Message) Set(id ID, value string) {
	if id == Other {
		return
	}
	set := false
	m.Filter(func(h Header) bool {
		keep := h.ID != id || !set
		set = set || h.ID == id
		return keep
	})
	if !set {
		m.Add(id, value)
		return
	}
	for i := range m.headers {
		if m.headers[i].ID == id {
			m.headers[i].Value = value
			return
		}
	}
}

// SetNamed is Set for a name, long or compact, in any case.
func (m *Message) SetNamed(name, value string) {
	if id := Lookup(name); id != Other {
		m.Set(id, value)
		return
	}
	at := slices.IndexFunc(m.headers, func(h Header) bool { return h.ID == Other && equalFold(h.Name, name) })
	if at < 0 {
		m.AddNamed(name, value)
		return
	}
	kept := m.headers[at].Name
	m.headers[at] = Header{} // the only one without a name, so it stays
	m.RemoveNamed(name)
	at = slices.IndexFunc(m.headers, func(h Header) bool { return h.Name == "" })
	m.headers[at] = Header{Other, kept, value}
}

// Remove removes every field of a kind. Other removes nothing.
func (m *Message) Remove(id ID) {
	if id != Other {
		m.Filter(func(h Header) bool { return h.ID != id })
	}
}

// RemoveNamed removes every field of that name, long or compact, in any case.
func (m *Message) RemoveNamed(name string) {
	if id := Lookup(name); id != Other {
		m.Remove(id)
		return
	}
	m.Filter(func(h Header) bool { return h.ID != Other || !equalFold(h.Name, name) })
}

// Filter removes the fields that keep does not want. What it keeps stays in order.
func (m *Message) Filter(keep func(Header) bool) {
	n := 0
	for i := range m.headers {
		if keep(m.headers[i]) {
			if n != i {
				m.headers[n] = m.headers[i]
			}
			n++
		}
	}
	clear(m.headers[n:])
	m.headers = m.headers[:n]
}

// Clone returns a copy that can be changed on its own. It is one allocation for the
// usual message; the text is shared.
func (m *Message) Clone() *Message {
	c := &Message{Method: m.Method, RURI: m.RURI, Status: m.Status, Phrase: m.Phrase, Body: m.Body}
	c.headers = append(c.inline[:0], m.headers...)
	return c
}
