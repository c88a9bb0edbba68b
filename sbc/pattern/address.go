package pattern

import (
	"strconv"
	"strings"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// source says which address of the request a variable is about.
type source uint8

const (
	noAddress source = iota
	ofRURI
	ofFrom
	ofTo
	ofAsserted
	ofPreferred
	ofHeader // the header field the pattern names
)

var sourceID = [...]sip.ID{ofFrom: sip.From, ofTo: sip.To, ofAsserted: sip.PAssertedIdentity, ofPreferred: sip.PPreferredIdentity}

// address is a parsed URI or name-addr. It is kept in the Env, since patterns ask for the
// same few addresses again and again.
type address struct {
	raw     string // what it was parsed from
	parsed  bool
	display string
	uri     sip.URI
	params  sip.Params // of the header field
}

// address returns the address n is about, nil when the request does not have it.
func (e *Env) address(n *node) *address {
	raw := e.raw(n)
	if raw == "" {
		return nil
	}
	a := &e.parsed[n.of]
	if !a.parsed || a.raw != raw {
		a.parse(raw, n.of == ofRURI)
	}
	return a
}

// raw returns the text of the address n is about. Of a list of identities it is the first.
func (e *Env) raw(n *node) string {
	switch {
	case e.Msg == nil:
		return ""
	case n.of == ofRURI:
		return e.Msg.RURI
	case n.of == ofHeader:
		return firstElement(n.match.first(e.Msg))
	case n.of == ofFrom || n.of == ofTo:
		return e.Msg.Header(sourceID[n.of])
	}
	return firstElement(e.Msg.Header(sourceID[n.of]))
}

// parse fills a. What cannot be parsed leaves all parts empty.
func (a *address) parse(raw string, bare bool) {
	*a = address{raw: raw, parsed: true}
	if bare {
		a.uri, _ = sip.ParseURI(raw)
		return
	}
	na, err := sip.ParseNameAddr(raw)
	if err != nil {
		return
	}
	a.display, a.params = na.Display, na.Params
	a.uri, _ = sip.ParseURI(na.URI)
}

// firstElement cuts s at the first comma that is not quoted and not in angle brackets.
func firstElement(s string) string {
	quoted, bracketed := false, false
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if quoted {
				i++
			}
		case '"':
			quoted = !quoted
		case '<':
			bracketed = !quoted || bracketed
		case '>':
			bracketed = quoted && bracketed
		case ',':
			if !quoted && !bracketed {
				return strings.TrimRight(s[:i], " \t\r\n")
			}
		}
	}
	return s
}

func requestURI(dst []byte, e *Env, n *node) []byte { return appendClean(dst, e.raw(n)) }

func wholeAddress(dst []byte, e *Env, n *node) []byte {
	if e.Msg == nil {
		return dst
	}
	return appendClean(dst, e.Msg.Header(sourceID[n.of]))
}

func uriUserHost(dst []byte, e *Env, n *node) []byte {
	a := e.address(n)
	if a == nil {
		return dst
	}
	if user := a.user(); user != "" {
		dst = appendClean(dst, user)
		if a.uri.Host != "" {
			dst = append(dst, '@')
		}
	}
	return a.appendDomain(dst)
}

func uriUser(dst []byte, e *Env, n *node) []byte {
	if a := e.address(n); a != nil {
		dst = appendClean(dst, a.user())
	}
	return dst
}

func uriDomain(dst []byte, e *Env, n *node) []byte {
	if a := e.address(n); a != nil {
		dst = a.appendDomain(dst)
	}
	return dst
}

func uriHost(dst []byte, e *Env, n *node) []byte {
	if a := e.address(n); a != nil {
		dst = a.appendHost(dst)
	}
	return dst
}

func uriPort(dst []byte, e *Env, n *node) []byte {
	if a := e.address(n); a != nil && a.uri.Port != 0 {
		dst = strconv.AppendUint(dst, uint64(a.uri.Port), 10)
	}
	return dst
}

func uriHeaders(dst []byte, e *Env, n *node) []byte {
	if a := e.address(n); a != nil {
		dst = appendClean(dst, a.uri.Headers)
	}
	return dst
}

// uriParams looks for a named parameter in the URI first, then behind it in the header field.
func uriParams(dst []byte, e *Env, n *node) []byte {
	a := e.address(n)
	if a == nil {
		return dst
	}
	if n.param == "" {
		return appendClean(dst, strings.TrimPrefix(string(a.uriParams()), ";"))
	}
	v, ok := a.uriParams().Get(n.param)
	if !ok {
		v, _ = a.params.Get(n.param)
	}
	return appendClean(dst, v)
}

// displayName yields what stands between the quotes of a quoted string, so that "$fn" is a
// display name whatever the caller is called.
func displayName(dst []byte, e *Env, n *node) []byte {
	a := e.address(n)
	if a == nil {
		return dst
	}
	for rest := a.display; rest != ""; {
		i := strings.IndexAny(rest, `"\`)
		if i < 0 {
			return appendClean(dst, rest)
		}
		dst = append(appendClean(dst, rest[:i]), '\\', rest[i])
		rest = rest[i+1:]
	}
	return dst
}

func tag(dst []byte, e *Env, n *node) []byte {
	if a := e.address(n); a != nil {
		v, _ := a.params.Get("tag")
		dst = appendClean(dst, v)
	}
	return dst
}

// user is the user part; of a URI without hosts, such as tel, what stands for one.
func (a *address) user() string {
	if a.uri.Opaque == "" {
		return a.uri.User
	}
	number, _, _ := strings.Cut(a.uri.Opaque, ";")
	return number
}

func (a *address) uriParams() sip.Params {
	if i := strings.IndexByte(a.uri.Opaque, ';'); i >= 0 {
		return sip.Params(a.uri.Opaque[i:])
	}
	return a.uri.Params
}

func (a *address) appendDomain(dst []byte) []byte {
	dst = a.appendHost(dst)
	if a.uri.Port != 0 {
		dst = strconv.AppendUint(append(dst, ':'), uint64(a.uri.Port), 10)
	}
	return dst
}

// appendHost writes an IPv6 address with its brackets: what patterns build are URIs.
func (a *address) appendHost(dst []byte) []byte {
	if strings.IndexByte(a.uri.Host, ':') >= 0 {
		return append(appendClean(append(dst, '['), a.uri.Host), ']')
	}
	return appendClean(dst, a.uri.Host)
}
