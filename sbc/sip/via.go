package sip

import (
	"net/netip"
	"slices"
)

// ViaHop is one element of Via: RFC 3261 §20.42.
type ViaHop struct {
	Transport string // as received, usually upper case
	Host      string // sent-by, without brackets when it is an IPv6 address
	Port      uint16 // sent-by, 0 = none
	Params    Params
}

func viaError(reason string) error { return &SyntaxError{"Via", reason} }

// ParseVia parses one element of Via. The protocol must be SIP/2.0; of the transport
// it asks only that it is a token.
func ParseVia(s string) (ViaHop, error) {
	name, s := cutWord(s)
	s, slash1 := cutSlash(s)
	version, s := cutWord(s)
	s, slash2 := cutSlash(s)
	var h ViaHop
	h.Transport, s = cutWord(s)
	if !slash1 || !slash2 || h.Transport == "" || !equalFold(name, "SIP") || version != "2.0" {
		return ViaHop{}, viaError("protocol")
	}
	sentBy := trimLeft(s)
	if len(sentBy) == len(s) {
		return ViaHop{}, viaError("no space before sent-by")
	}
	host, s, ok := cutHost(sentBy)
	if !ok {
		return ViaHop{}, viaError("sent-by host")
	}
	h.Host, s = host, trimLeft(s)
	if s != "" && s[0] == ':' {
		s = trimLeft(s[1:])
		i := 0
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		port, ok := number(s[:i], 65535)
		if !ok || port == 0 {
			return ViaHop{}, viaError("sent-by port")
		}
		h.Port, s = uint16(port), trimLeft(s[i:])
	}
	h.Params = Params(trimRight(s))
	if _, ok := h.Params.check(); !ok {
		return ViaHop{}, viaError("parameter")
	}
	return h, nil
}

func cutWord(s string) (word, rest string) {
	s = trimLeft(s)
	i := 0
	for i < len(s) && chars[s[i]]&tokenChar != 0 {
		i++
	}
	return s[:i], s[i:]
}

func cutSlash(s string) (rest string, ok bool) {
	s = trimLeft(s)
	if s == "" || s[0] != '/' {
		return s, false
	}
	return s[1:], true
}

// Branch returns the branch parameter, "" if none.
func (h ViaHop) Branch() string { return h.param("branch") }

// Received returns the received parameter, without brackets; "" if none.
func (h ViaHop) Received() string {
	v := h.param("received")
	if len(v) > 2 && v[0] == '[' && v[len(v)-1] == ']' {
		v = v[1 : len(v)-1]
	}
	return v
}

// RPort reports whether there is an rport parameter (RFC 3581) and which port it has;
// 0 when it has no value yet, or none that is a port.
func (h ViaHop) RPort() (port uint16, ok bool) {
	v, ok := h.Params.Get("rport")
	n, _ := number(v, 65535)
	return uint16(n), ok
}

func (h ViaHop) param(name string) string {
	v, _ := h.Params.Get(name)
	return v
}

// String returns the element as text.
func (h ViaHop) String() string { return string(h.Append(nil)) }

// Append appends the element as text.
func (h ViaHop) Append(dst []byte) []byte {
	dst = append(append(append(dst, "SIP/2.0/"...), h.Transport...), ' ')
	dst = appendHostPort(dst, h.Host, h.Port)
	return appendUnfolded(dst, string(h.Params))
}

// TopVia returns the first element of Via. It fails with a *SyntaxError, also when
// there is none.
func (m *Message) TopVia() (ViaHop, error) {
	v, ok := m.first(Via)
	if !ok {
		return ViaHop{}, viaError("missing")
	}
	v, _, _ = cutElement(v)
	return ParseVia(v)
}

// SetTopVia replaces the first element of Via and leaves the others as they are. It
// does nothing when there is none.
func (m *Message) SetTopVia(v string) {
	for i := range m.headers {
		if m.headers[i].ID != Via {
			continue
		}
		if _, rest, more := cutElement(m.headers[i].Value); more {
			v += ", " + trimLeft(rest)
		}
		m.headers[i].Value = v
		return
	}
}

// RemoveTopVia removes the first element of Via.
func (m *Message) RemoveTopVia() {
	for i := range m.headers {
		if m.headers[i].ID != Via {
			continue
		}
		if _, rest, more := cutElement(m.headers[i].Value); more {
			m.headers[i].Value = trimLeft(rest)
		} else {
			m.headers = slices.Delete(m.headers, i, i+1)
		}
		return
	}
}

// MarkSource writes into the top Via of a request where it came from: received when
// sent-by is another host (RFC 3261 §18.2.1), received and rport when the client asked
// for rport (RFC 3581 §4). What the client claims there is overwritten. A malformed Via
// stays as it is.
func (m *Message) MarkSource(from netip.AddrPort) {
	h, err := m.TopVia()
	if err != nil {
		return
	}
	addr := from.Addr().Unmap()
	sentBy, err := netip.ParseAddr(h.Host)
	_, rport := h.RPort()
	_, received := h.Params.Get("received")
	if !rport && !received && err == nil && sentBy == addr {
		return
	}
	b := make([]byte, 0, 160)
	if rport {
		h.Params = h.Params.Del("rport")
	}
	if received {
		h.Params = h.Params.Del("received")
	}
	b = h.Append(b)
	if rport || err != nil || sentBy != addr {
		b = addr.WithZone("").AppendTo(append(b, ";received="...))
	}
	if rport {
		b = appendUint(append(b, ";rport="...), uint64(from.Port()))
	}
	m.SetTopVia(string(b))
}
