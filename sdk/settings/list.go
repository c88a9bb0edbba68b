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
		end := strings.IndexAny(text, "=;\"")
		if end <= 0 || text[end] != '=' {
			return false
		}
		key := strings.TrimRight(text[:end], " \t")
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
	for line := range strings.SplitSeq(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if key = strings.TrimSpace(key); !ok || key == "" || !f(key, strings.TrimSpace(value)) {
			return false
		}
	}
	return true
}

// valueOf reads one value and the semicolon behind it.
func valueOf(s string) (value, rest string, ok bool) {
	if s == "" || s[0] != '"' {
		value, rest, _ = strings.Cut(s, ";")
		return strings.TrimRight(value, " \t"), rest, strings.IndexByte(value, '"') < 0
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

func space(s string) string { return strings.TrimLeft(s, " \t\r\n") }
