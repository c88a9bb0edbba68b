package sip

import (
	"encoding/binary"
	"strings"
)

// Classes of characters, RFC 3261 §25.1.
const (
	tokenChar = 1 << iota // token
	spaceChar             // what separates within a value: SP, HTAB, and CR LF of a fold
	hostChar              // hostname, with "_" which hosts on private networks use
	uriChar               // whatever a URI may hold, and "#" etc. which some phones don't escape
	paramChar             // unquoted parameter: name, and value where "=" may come too
	wordChar              // Call-ID: any visible character
)

var chars = classes()

func classes() (c [256]uint8) {
	for b := byte(0x21); b < 0x7f; b++ {
		c[b] = wordChar
		alnum := b >= '0' && b <= '9' || b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z'
		if alnum || strings.IndexByte("-.!%*_+`'~", b) >= 0 {
			c[b] |= tokenChar
		}
		if alnum || b == '-' || b == '.' || b == '_' {
			c[b] |= hostChar
		}
		if strings.IndexByte("<>\"\\", b) < 0 {
			c[b] |= uriChar
		}
		if strings.IndexByte(";=,<>\"\\?", b) < 0 {
			c[b] |= paramChar
		}
	}
	for _, b := range []byte(" \t\r\n") {
		c[b] = spaceChar
	}
	return c
}

// all reports whether s is not empty and has characters of the class only.
func all(s string, class uint8) bool {
	for i := 0; i < len(s); i++ {
		if chars[s[i]]&class == 0 {
			return false
		}
	}
	return s != ""
}

// ValidToken reports whether s is a token (RFC 3261 §25.1): a method, a header's name,
// an option tag.
func ValidToken(s string) bool { return all(s, tokenChar) }

// ValidHeaderValue reports whether s may be written as a header field's value: it has
// no control character but the tab, so that it cannot end the line and begin another.
// Values that do not come from Parse must pass it first.
func ValidHeaderValue(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// equalFold compares ASCII without case. strings.EqualFold would also fold "K" with
// the Kelvin sign, which no peer does.
func equalFold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := 0; i < len(a); i++ {
		if x, y := a[i], b[i]; x != y && lower(x) != lower(y) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// hasPrefixFold is strings.HasPrefix without case.
func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && equalFold(s[:len(prefix)], prefix)
}

// trim cuts linear white space, folds included, from both ends.
func trim(s string) string { return trimLeft(trimRight(s)) }

func trimLeft(s string) string {
	for s != "" && chars[s[0]]&spaceChar != 0 {
		s = s[1:]
	}
	return s
}

func trimRight(s string) string {
	for s != "" && chars[s[len(s)-1]]&spaceChar != 0 {
		s = s[:len(s)-1]
	}
	return s
}

// hasControl reports whether b has an octet below 0x20 or 0x7f, eight at a time.
func hasControl(b []byte) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for len(b) >= 8 {
		x := binary.LittleEndian.Uint64(b)
		del := x ^ 0x7f*ones
		if ((x-0x20*ones)&^x|(del-ones)&^del)&tops != 0 {
			return true
		}
		b = b[8:]
	}
	for _, c := range b {
		if c < 0x20 || c == 0x7f {
			return true
		}
	}
	return false
}

// cleanText reports whether the control characters of a value are where they may be:
// tabs, folds, and quoted-pairs within a quoted string.
func cleanText(v string) bool {
	quoted := false
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted && i+1 < len(v) && v[i+1] != '\r' && v[i+1] != '\n':
			i++
		case c == '\r':
			if i+2 >= len(v) || v[i+1] != '\n' || v[i+2] != ' ' && v[i+2] != '\t' {
				return false
			}
			i++
		case c < ' ' && c != '\t' || c == 0x7f:
			return false
		}
	}
	return true
}

// Unfold returns v with each fold (RFC 3261 §7.3.1), and any other run of white space
// with a CR or LF in it, as one space, and none of it at the ends. It is v itself when
// there is none.
func Unfold(v string) string {
	if strings.IndexByte(v, '\r') < 0 && strings.IndexByte(v, '\n') < 0 {
		return v
	}
	return string(appendUnfolded(make([]byte, 0, len(v)), v))
}

func appendUnfolded(dst []byte, v string) []byte {
	if strings.IndexByte(v, '\r') < 0 && strings.IndexByte(v, '\n') < 0 {
		return append(dst, v...)
	}
	start := len(dst)
	for i := 0; i < len(v); i++ {
		if v[i] != '\r' && v[i] != '\n' {
			dst = append(dst, v[i])
			continue
		}
		for len(dst) > start && (dst[len(dst)-1] == ' ' || dst[len(dst)-1] == '\t') {
			dst = dst[:len(dst)-1]
		}
		for i+1 < len(v) && chars[v[i+1]]&spaceChar != 0 {
			i++
		}
		if len(dst) > start && i+1 < len(v) {
			dst = append(dst, ' ')
		}
	}
	return dst
}

// number reads an unsigned decimal of digits only, at most limit.
func number(s string, limit uint64) (uint64, bool) {
	if s == "" {
		return 0, false
	}
	n := uint64(0)
	for i := 0; i < len(s); i++ {
		d := uint64(s[i] - '0')
		if d > 9 {
			return 0, false
		}
		if n = n*10 + d; n > limit {
			return 0, false
		}
	}
	return n, true
}
