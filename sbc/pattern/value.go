package pattern

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

func nothing(dst []byte, _ *Env, _ *node) []byte { return dst }

func method(dst []byte, e *Env, _ *node) []byte {
	if e.Msg == nil {
		return dst
	}
	return appendClean(dst, e.Msg.Method)
}

func callID(dst []byte, e *Env, _ *node) []byte {
	if e.Msg == nil {
		return dst
	}
	return appendClean(dst, e.Msg.Header(sip.CallID))
}

func sourceIP(dst []byte, e *Env, _ *node) []byte   { return appendAddr(dst, e.Source.Addr()) }
func sourcePort(dst []byte, e *Env, _ *node) []byte { return appendPort(dst, e.Source) }
func localIP(dst []byte, e *Env, _ *node) []byte    { return appendAddr(dst, e.Local.Addr()) }
func localPort(dst []byte, e *Env, _ *node) []byte  { return appendPort(dst, e.Local) }

func publicIP(dst []byte, e *Env, n *node) []byte {
	if !e.Advertise.IsValid() {
		return localIP(dst, e, n)
	}
	return appendAddr(dst, e.Advertise)
}

func interfaceName(dst []byte, e *Env, _ *node) []byte { return append(dst, e.Interface...) }

func interfaceNumber(dst []byte, e *Env, _ *node) []byte {
	if e.Interface == "" {
		return dst
	}
	return strconv.AppendInt(dst, int64(e.InterfaceNumber), 10)
}

func destinationHost(dst []byte, e *Env, _ *node) []byte {
	if e.Destination == "" {
		return uriHost(dst, e, &node{of: ofRURI})
	}
	host, _ := splitHop(e.Destination)
	return appendClean(dst, host)
}

func destinationPort(dst []byte, e *Env, _ *node) []byte {
	if e.Destination == "" {
		return uriPort(dst, e, &node{of: ofRURI})
	}
	_, port := splitHop(e.Destination)
	return appendClean(dst, port)
}

// splitHop splits host[:port][/transport]. An IPv6 address keeps its brackets.
func splitHop(s string) (host, port string) {
	s, _, _ = strings.Cut(s, "/")
	if i := strings.LastIndexByte(s, ':'); i >= 0 && strings.IndexByte(s[i:], ']') < 0 {
		return s[:i], s[i+1:]
	}
	return s, ""
}

// appendAddr writes an address as people do: no zone, no IPv4 in IPv6.
func appendAddr(dst []byte, a netip.Addr) []byte {
	if !a.IsValid() {
		return dst
	}
	return a.Unmap().WithZone("").AppendTo(dst)
}

func appendPort(dst []byte, a netip.AddrPort) []byte {
	if !a.IsValid() {
		return dst
	}
	return strconv.AppendUint(dst, uint64(a.Port()), 10)
}

// fieldMatch finds a header field by its name, long or compact.
type fieldMatch struct {
	id   sip.ID
	name string
}

func matchField(name string) fieldMatch { return fieldMatch{sip.Lookup(name), name} }

func (f *fieldMatch) is(h *sip.Header) bool {
	return h.ID == f.id && (f.id != sip.Other || strings.EqualFold(h.Name, f.name))
}

// first returns the value of the first field, "" if there is none.
func (f *fieldMatch) first(m *sip.Message) string {
	hs := m.Headers()
	for i := range hs {
		if f.is(&hs[i]) {
			return hs[i].Value
		}
	}
	return ""
}

func headerField(dst []byte, e *Env, n *node) []byte {
	if e.Msg == nil {
		return dst
	}
	hs := e.Msg.Headers()
	found := false
	for i := range hs {
		if n.match.is(&hs[i]) {
			if found {
				dst = append(dst, ", "...)
			}
			found = true
			dst = appendClean(dst, hs[i].Value)
		}
	}
	return dst
}

var appParamField = fieldMatch{name: "P-App-Param"}

// appParam reads "a=b;c=d"; a value may be quoted. The first key that fits counts.
func appParam(dst []byte, e *Env, n *node) []byte {
	if e.Msg == nil {
		return dst
	}
	rest := appParamField.first(e.Msg)
	for rest != "" {
		var pair string
		pair, rest = cutPair(rest)
		if k, v, ok := strings.Cut(pair, "="); ok && strings.EqualFold(strings.TrimSpace(k), n.name) {
			return appendClean(dst, sip.Unquote(strings.TrimSpace(v)))
		}
	}
	return dst
}

// cutPair cuts s behind its first pair, at a semicolon that is not quoted.
func cutPair(s string) (pair, rest string) {
	quoted := false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if quoted {
				i++
			}
		case '"':
			quoted = !quoted
		case ';':
			if !quoted {
				return s[:i], s[i+1:]
			}
		}
	}
	return s, ""
}

func callVariable(dst []byte, e *Env, n *node) []byte {
	if e.Var == nil {
		return dst
	}
	start := len(dst)
	dst, name := n.key(dst, e)
	v, _ := e.Var(name)
	return appendClean(dst[:start], v)
}

// mappedValue appends key and value, then moves the value over the key.
func mappedValue(dst []byte, e *Env, n *node) []byte {
	if e.Maps == nil {
		return dst
	}
	m, ok := e.Maps.Map(n.name)
	if !ok {
		return dst
	}
	start := len(dst)
	dst, key := n.key(dst, e)
	middle := len(dst)
	if value, same := e.last.of(n.name, key); same {
		dst, ok = append(dst, value...), true
	} else if dst, ok = m.Append(dst, key); ok {
		e.last.keep(n.name, key, dst[middle:])
	}
	if !ok {
		return dst[:start]
	}
	end := start + copy(dst[start:], dst[middle:])
	for i := start; i < end; i++ {
		if isBreak(dst[i]) {
			dst[i] = ' '
		}
	}
	return dst[:end]
}
