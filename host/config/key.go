package config

import (
	"strconv"
	"strings"
)

// key is the path to a value in the file: names of tables and keys, and "[n]" for the
// element n of an array.
type key []string

// with returns k extended by name; k is not changed.
func (k key) with(name string) key {
	return append(k[:len(k):len(k)], name)
}

// element returns the key of the element n of the array k.
func (k key) element(n int) key {
	return k.with("[" + strconv.Itoa(n) + "]")
}

// String returns k as an operator would write it: interface.public.udp[1].
func (k key) String() string {
	var b strings.Builder
	for i, name := range k {
		switch {
		case isElement(name):
		case i > 0:
			b.WriteByte('.')
			fallthrough
		default:
			if !isBare(name) {
				name = strconv.Quote(name)
			}
		}
		b.WriteString(name)
	}
	return b.String()
}

// id is k as a map key: no two keys share one.
func (k key) id() string { return strings.Join(k, "\x00") }

func isElement(name string) bool { return strings.HasPrefix(name, "[") }

// isBare says whether name needs no quotes in TOML.
func isBare(name string) bool {
	for i := range len(name) {
		if !isBareByte(name[i]) {
			return false
		}
	}
	return name != ""
}

func isBareByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}
