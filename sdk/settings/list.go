package settings

import "strings"

// Each calls f for every `key=value` of a list such as
//
//	routing.interface=private; identity.from="\"Bob; jr.\" <sip:bob@example.net>"
//
// in order, until f returns false. Space around keys, values and semicolons does
// not matter. A value in quotes may hold anything, \" and \\ included. Each
// reports false when the text is not such a list or f returned false.
func Each(text string, f func(key, value string) bool) bool {
	for text = space(text); text != ""; text = space(text) {
		if text[0] == ';' {
			text = text[1:]
			continue
		}
		end := strings.IndexByte(text, '=')
		if end <= 0 || strings.IndexByte(text[:end], ';') >= 0 || strings.IndexByte(text[:end], '"') >= 0 {
			return false
		}
		key := trim(text[:end])
		value, rest, ok := valueOf(space(text[end+1:]))
		if !ok || !f(key, value) {
			return false
		}
		text = rest
	}
	return true
}

// Lines calls f for every line `key = value` of a text, as Each does. Empty lines
// and those that begin with # do not count.
func Lines(text string, f func(key, value string) bool) bool {
	for more := true; more; {
		var line string
		line, text, more = strings.Cut(text, "\n")
		if line = trim(line); line == "" || line[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if key = trim(key); !ok || key == "" || !f(key, trim(value)) {
			return false
		}
	}
	return true
}

// valueOf reads one value and the semicolon behind it.
func valueOf(s string) (value, rest string, ok bool) {
	if s == "" || s[0] != '"' {
		value, rest, _ = strings.Cut(s, ";")
		return trim(value), rest, strings.IndexByte(value, '"') < 0
	}
	var unescaped []byte
	from := 1
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			if i+1 == len(s) {
				return "", "", false
			}
			unescaped = append(unescaped, s[from:i]...)
			i++
			from = i
		case '"':
			rest = space(s[i+1:])
			if rest != "" && rest[0] != ';' {
				return "", "", false
			}
			value = s[from:i]
			if unescaped != nil {
				value = string(append(unescaped, value...))
			}
			return value, rest, true
		}
	}
	return "", "", false
}

// trim and space are strings.TrimSpace and TrimLeft for ASCII: a module is smaller
// without the tables of Unicode.
func trim(s string) string {
	s = space(s)
	for s != "" && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

func space(s string) string {
	for s != "" && isSpace(s[0]) {
		s = s[1:]
	}
	return s
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }
