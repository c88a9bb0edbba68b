package sdk

import (
	"math/bits"
	"strings"
	"unicode/utf8"
	"unsafe"
)

// A reader of JSON just large enough for a flat configuration: encoding/json
// would make every module 1.3 MB larger.

// maxNesting bounds the recursion over foreign text.
const maxNesting = 64

type member struct{ name, raw string } // raw is the value's text

// object splits a JSON object into its members.
func object(s string) ([]member, bool) {
	j, ok := parseJSON(s)
	if !ok || !j.IsObject() {
		return nil, false
	}
	var all []member
	j.Members(func(name string, v JSON) bool {
		all = append(all, member{name, v.raw})
		return true
	})
	return all, true
}

// array calls f for every item of a JSON array until it returns false.
func array(s string, f func(item string) bool) bool {
	j, ok := parseJSON(s)
	return ok && j.Items(func(v JSON) bool { return f(v.raw) })
}

func space(b string, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r') {
		i++
	}
	return i
}

// value is the end of the JSON value that begins at i, or -1.
func value(b string, i, depth int) int {
	if i >= len(b) || depth > maxNesting {
		return -1
	}
	switch c := b[i]; {
	case c == '"':
		return text(b, i)
	case c == '{' || c == '[':
		return nested(b, i, depth)
	case c == '-' || c >= '0' && c <= '9':
		return number(b, i)
	}
	for _, word := range [...]string{"true", "false", "null"} {
		if strings.HasPrefix(b[i:], word) {
			return i + len(word)
		}
	}
	return -1
}

func nested(b string, i, depth int) int {
	isObject := b[i] == '{'
	last := byte(']')
	if isObject {
		last = '}'
	}
	i = space(b, i+1)
	if i < len(b) && b[i] == last {
		return i + 1
	}
	for {
		if isObject {
			if i = text(b, i); i < 0 {
				return -1
			}
			if i = space(b, i); i >= len(b) || b[i] != ':' {
				return -1
			}
			i = space(b, i+1)
		}
		if i = value(b, i, depth+1); i < 0 {
			return -1
		}
		i = space(b, i)
		switch {
		case i >= len(b):
			return -1
		case b[i] == last:
			return i + 1
		case b[i] != ',':
			return -1
		}
		i = space(b, i+1)
	}
}

// text is the end of the string that begins at i, or -1. It looks at eight bytes at a
// time, as Plain does: nearly all of them mean nothing but themselves.
func text(b string, i int) int {
	if i >= len(b) || b[i] != '"' {
		return -1
	}
	i++
	for i < len(b) {
		if len(b)-i >= 8 {
			w := doubts(*(*uint64)(unsafe.Add(unsafe.Pointer(unsafe.StringData(b)), i)))
			if w == 0 {
				i += 8
				continue
			}
			// Borrows go upwards: what is in doubt lowest is so itself.
			i += bits.TrailingZeros64(w) / 8
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1
		case c < ' ':
			return -1
		case c == '\\':
			if i = escape(b, i+1); i < 0 {
				return -1
			}
		default:
			i++
		}
	}
	return -1
}

// escape is the end of the escape whose backslash stands in front of i, or -1.
func escape(b string, i int) int {
	if i >= len(b) {
		return -1
	}
	switch b[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
		if hex(b, i+1) < 0 {
			return -1
		}
		return i + 5
	}
	return -1
}

func digits(b string, i int) int {
	for i < len(b) && b[i] >= '0' && b[i] <= '9' {
		i++
	}
	return i
}

func number(b string, i int) int {
	if b[i] == '-' {
		i++
	}
	end := digits(b, i)
	if end == i || end-i > 1 && b[i] == '0' {
		return -1
	}
	i = end
	if i < len(b) && b[i] == '.' {
		if end = digits(b, i+1); end == i+1 {
			return -1
		}
		i = end
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		i++
		if i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		if end = digits(b, i); end == i {
			return -1
		}
		i = end
	}
	return i
}

// integer reads a JSON number without fraction and exponent.
func integer(b string) (int64, bool) {
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		b = b[1:]
	}
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	var v int64
	for i := range len(b) {
		if b[i] < '0' || b[i] > '9' {
			return 0, false
		}
		v = v*10 + int64(b[i]-'0')
	}
	if negative {
		v = -v
	}
	return v, true
}

// hex is the value of four hexadecimal digits at i, or -1.
func hex(b string, i int) rune {
	if i+4 > len(b) {
		return -1
	}
	var v rune
	for k := range 4 {
		c := b[i+k]
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			return -1
		}
		v = v<<4 | rune(c)
	}
	return v
}

// unquote is the text of a JSON string, a part of b when nothing in it is escaped.
// Invalid UTF-8 and lone surrogates become U+FFFD.
func unquote(b string) (string, bool) {
	if n := len(b) - 1; n > 0 && b[0] == '"' && b[n] == '"' && Plain(b[1:n]) {
		return b[1:n], true
	}
	if end := text(b, 0); end < 0 || end != len(b) {
		return "", false
	}
	return unescape(b[1 : len(b)-1]), true
}

// unescape is the inside of a JSON string without its escapes.
func unescape(b string) string {
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); {
		if b[i] != '\\' {
			r, n := utf8.DecodeRuneInString(b[i:])
			out = utf8.AppendRune(out, r)
			i += n
			continue
		}
		switch c := b[i+1]; c {
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			r := hex(b, i+2)
			i += 4
			if r >= 0xd800 && r < 0xdc00 && i+3 < len(b) && b[i+2] == '\\' && b[i+3] == 'u' {
				if low := hex(b, i+4); low >= 0xdc00 && low < 0xe000 {
					r = (r-0xd800)<<10 | (low - 0xdc00) + 0x10000
					i += 6
				}
			}
			out = utf8.AppendRune(out, r)
		default:
			out = append(out, c)
		}
		i += 2
	}
	return string(out)
}
