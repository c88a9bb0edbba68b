package sip

import "strings"

// NameAddr is one address of From, To, Contact, Route and their kin: RFC 3261 §20.10.
type NameAddr struct {
	Display string // without quotes and backslashes, "" if none
	URI     string // raw text: what stands between "<" and ">", or the bare addr-spec
	Params  Params // of the header field, not of the URI
}

func addrError(reason string) error { return &SyntaxError{"address", reason} }

// ParseNameAddr parses one name-addr or addr-spec with its parameters. The URI is
// looked at no further than its characters.
//
// An unquoted display name may hold more than tokens, as many phones write it, but no
// comma or semicolon. A bare URI ends at the first semicolon: what follows belongs to
// the header field. It must not hold "?" or ",".
func ParseNameAddr(s string) (NameAddr, error) {
	s = trim(s)
	var a NameAddr
	if s != "" && s[0] == '"' {
		end := quotedEnd(s)
		if end < 0 {
			return NameAddr{}, addrError("unterminated quote")
		}
		a.Display = Unquote(s[:end])
		if s = trimLeft(s[end:]); s == "" || s[0] != '<' {
			return NameAddr{}, addrError("no < behind the display name")
		}
	} else {
		i := 0
		for i < len(s) && s[i] != '<' && s[i] != ';' && s[i] != ',' && s[i] != '"' {
			i++
		}
		if i == len(s) || s[i] == ';' {
			return a, a.parseBare(s, i)
		}
		if s[i] != '<' {
			return NameAddr{}, addrError("invalid display name")
		}
		a.Display, s = Unfold(trimRight(s[:i])), s[i:]
	}
	end := strings.IndexByte(s, '>')
	if end < 0 {
		return NameAddr{}, addrError("no > behind the URI")
	}
	a.URI, a.Params = s[1:end], Params(trimLeft(s[end+1:]))
	return a, a.check()
}

// parseBare parses an addr-spec that ends at the index.
func (a *NameAddr) parseBare(s string, end int) error {
	a.URI, a.Params = trimRight(s[:end]), Params(s[end:])
	if strings.IndexByte(a.URI, '?') >= 0 {
		return addrError("URI with headers outside <>")
	}
	return a.check()
}

func (a *NameAddr) check() error {
	if colon := strings.IndexByte(a.URI, ':'); colon <= 0 || !validScheme(a.URI[:colon]) || !all(a.URI, uriChar) {
		return addrError("invalid URI")
	}
	if _, ok := a.Params.check(); !ok {
		return addrError("invalid parameter")
	}
	return nil
}

// String returns the address as text, see Append.
func (a NameAddr) String() string { return string(a.Append(nil)) }

// Append appends the address as text: the display name quoted, the URI in brackets.
func (a NameAddr) Append(dst []byte) []byte {
	if a.Display != "" {
		dst = append(appendQuoted(dst, a.Display), ' ')
	}
	dst = append(append(append(dst, '<'), a.URI...), '>')
	return appendUnfolded(dst, string(a.Params))
}

// addrParams returns the parameters of an address without looking at the rest.
func addrParams(v string) Params {
	for i := 0; i < len(v); i++ {
		switch v[i] {
		case '"':
			end := quotedEnd(v[i:])
			if end < 0 {
				return ""
			}
			i += end - 1
		case '<':
			end := strings.IndexByte(v[i:], '>')
			if end < 0 {
				return ""
			}
			return Params(v[i+end+1:])
		case ';':
			return Params(v[i:])
		}
	}
	return ""
}
