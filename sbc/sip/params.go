package sip

import (
	"iter"
	"strings"
)

// Params is the raw text of parameters, ";a=b;c" with its first semicolon; "" is none.
// White space may stand around ";" and "=". Names have no case (RFC 3261 §7.3.1).
type Params string

// Get returns the value of the first parameter of that name. A quoted value comes
// without its quotes and backslashes; a parameter without a value has "".
func (p Params) Get(name string) (value string, ok bool) {
	for rest := string(p); ; {
		n, v, r, ok := cutParam(rest)
		if !ok {
			return "", false
		}
		if equalFold(n, name) {
			return Unquote(v), true
		}
		rest = r
	}
}

// All yields name and value of each parameter, as Get returns it, up to the first
// that is malformed.
func (p Params) All() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for rest := string(p); ; {
			n, v, r, ok := cutParam(rest)
			if !ok || !yield(n, Unquote(v)) {
				return
			}
			rest = r
		}
	}
}

// Set returns the parameters with one replaced where it stands, or appended. The value
// is quoted when it has to be; "" makes a parameter without a value. What is not a
// token is no name: nothing changes then.
func (p Params) Set(name, value string) Params {
	if !all(name, paramChar) {
		return p
	}
	param := ";" + name
	switch {
	case value == "":
	case plainValue(value):
		param += "=" + value
	default:
		param += "=" + Quote(value)
	}
	before, after, _ := p.cut(name)
	return before + Params(param) + after.Del(name)
}

// Del returns the parameters without those of that name.
func (p Params) Del(name string) Params {
	for {
		before, after, ok := p.cut(name)
		if !ok {
			return p
		}
		p = before + after
	}
}

// cut returns what is before and what is after the first parameter of that name. When
// there is none, all is before.
func (p Params) cut(name string) (before, after Params, ok bool) {
	for rest := string(p); ; {
		n, _, r, ok := cutParam(rest)
		if !ok {
			return p, "", false
		}
		if equalFold(n, name) {
			return p[:len(p)-len(rest)], Params(r), true
		}
		rest = r
	}
}

// check counts the parameters. It fails when there are more than DefaultLimits.Params
// or one of them is malformed.
func (p Params) check() (n int, ok bool) {
	for rest := string(p); rest != ""; n++ {
		_, _, r, ok := cutParam(rest)
		if !ok || n >= DefaultLimits.Params {
			return n, false
		}
		rest = r
	}
	return n, true
}

// twice reports whether a parameter stands there more than once: which one counts
// would be anybody's guess.
func (p Params) twice(name string) bool {
	_, after, ok := p.cut(name)
	if ok {
		_, _, ok = after.cut(name)
	}
	return ok
}

// cutParam cuts the first parameter off p, its value as it stands, quotes included.
// It fails at the end and at what is no parameter.
func cutParam(p string) (name, value, rest string, ok bool) {
	p = trimLeft(p)
	if p == "" || p[0] != ';' {
		return "", "", "", false
	}
	p = trimLeft(p[1:])
	i := 0
	for i < len(p) && chars[p[i]]&paramChar != 0 {
		i++
	}
	if i == 0 {
		return "", "", "", false
	}
	name, p = p[:i], trimLeft(p[i:])
	if p == "" || p[0] == ';' {
		return name, "", p, true
	}
	if p[0] != '=' {
		return "", "", "", false
	}
	p = trimLeft(p[1:])
	if p != "" && p[0] == '"' {
		i = quotedEnd(p)
		if i < 0 {
			return "", "", "", false
		}
	} else {
		for i = 0; i < len(p) && (chars[p[i]]&paramChar != 0 || p[i] == '='); i++ {
		}
	}
	value, rest = p[:i], trimLeft(p[i:])
	if rest != "" && rest[0] != ';' {
		return "", "", "", false
	}
	return name, value, rest, true
}

// plainValue reports whether a value needs no quotes in any place: a token, or a host.
func plainValue(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; chars[c]&tokenChar == 0 && c != ':' && c != '[' && c != ']' {
			return false
		}
	}
	return s != ""
}

// quotedEnd returns the index behind the quoted string that s begins with, -1 when it
// does not end.
func quotedEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return -1
}

// Quote returns s as a quoted string (RFC 3261 §25.1). Control characters, which have
// no business in a name, become spaces.
func Quote(s string) string {
	return string(appendQuoted(make([]byte, 0, len(s)+2), s))
}

func appendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c < ' ' || c == 0x7f:
			dst = append(dst, ' ')
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// Unquote returns the text of a quoted string without quotes, backslashes and folds.
// Anything else it returns as it is.
func Unquote(s string) string {
	if len(s) < 2 || s[0] != '"' || quotedEnd(s) != len(s) {
		return s
	}
	s = Unfold(s[1 : len(s)-1])
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) {
			i++
		}
		b = append(b, s[i])
	}
	return string(b)
}
