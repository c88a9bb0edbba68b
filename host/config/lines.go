package config

import (
	"strconv"
	"strings"
)

// lineIndex holds the line on which each key of a file is first named. The TOML library
// tells neither the line of an unknown key nor that of a value it decoded.
type lineIndex map[string]int

// line returns the line of k, or of the nearest table or array around it; 0 if there is none.
func (x lineIndex) line(k key) int {
	for ; len(k) > 0; k = k[:len(k)-1] {
		if n, ok := x[k.id()]; ok {
			return n
		}
	}
	return 0
}

// indexLines finds the line of every key and array element of text. It expects valid TOML;
// from anything else it makes what it can, without failing.
func indexLines(text string) lineIndex {
	s := scanner{text: text, line: 1, index: lineIndex{}, tables: map[string]int{}}
	var table key
	for s.blank(); s.pos < len(s.text); s.blank() {
		start := s.pos
		switch {
		case s.eat("[["):
			k := s.resolve(s.key())
			n := s.tables[k.id()]
			s.tables[k.id()] = n + 1
			table = k.element(n)
			s.found(table)
			s.eat("]]")
		case s.eat("["):
			table = s.resolve(s.key())
			s.found(table)
			s.eat("]")
		default:
			s.pair(table, 0)
		}
		if s.pos == start {
			s.pos++
		}
	}
	return s.index
}

// maxNesting bounds recursion into arrays and inline tables.
const maxNesting = 64

// scanner walks over TOML and notes where keys are.
type scanner struct {
	text   string
	pos    int
	line   int
	index  lineIndex
	tables map[string]int // arrays of tables: how many elements so far
	last   int            // where more said yes the last time
}

// found notes the current line for k and for the tables k implies.
func (s *scanner) found(k key) {
	for ; len(k) > 0; k = k[:len(k)-1] {
		if _, ok := s.index[k.id()]; ok {
			return
		}
		s.index[k.id()] = s.line
	}
}

// resolve puts the index of the latest element behind each array of tables in names.
func (s *scanner) resolve(names []string) key {
	var k key
	for i, name := range names {
		k = k.with(name)
		if n, ok := s.tables[k.id()]; ok && i < len(names)-1 {
			k = k.element(n - 1)
		}
	}
	return k
}

// pair passes over "key = value" inside table.
func (s *scanner) pair(table key, depth int) {
	k := append(table[:len(table):len(table)], s.key()...)
	s.found(k)
	s.spaces()
	if s.eat("=") {
		s.spaces()
		s.value(k, depth)
	}
}

func (s *scanner) value(k key, depth int) {
	switch {
	case depth > maxNesting:
		s.pos = len(s.text)
	case s.eat("["):
		for n := 0; s.more(']'); n++ {
			s.found(k.element(n))
			s.value(k.element(n), depth+1)
			s.blank()
			s.eat(",")
		}
	case s.eat("{"):
		for s.more('}') {
			s.pair(k, depth+1)
			s.blank()
			s.eat(",")
		}
	default:
		if _, ok := s.quoted(); !ok {
			s.until(",]}#\n")
		}
	}
}

// more skips white space and says whether another element comes before the closing byte,
// which it eats. When the element before took nothing, this is not TOML: the text ends.
func (s *scanner) more(closing byte) bool {
	s.blank()
	if s.eat(string(closing)) {
		return false
	}
	if s.pos == s.last {
		s.pos = len(s.text)
	}
	s.last = s.pos
	return s.pos < len(s.text)
}

// key passes over a dotted key.
func (s *scanner) key() []string {
	var names []string
	for {
		s.spaces()
		name, ok := s.quoted()
		if !ok {
			start := s.pos
			for s.pos < len(s.text) && isBareByte(s.text[s.pos]) {
				s.pos++
			}
			name = s.text[start:s.pos]
		}
		names = append(names, name)
		s.spaces()
		if !s.eat(".") {
			return names
		}
	}
}

// quoted passes over a string of any of the four kinds.
func (s *scanner) quoted() (value string, ok bool) {
	for _, q := range [...]string{`"""`, `'''`, `"`, `'`} {
		if !s.eat(q) {
			continue
		}
		start := s.pos
		for s.pos < len(s.text) && !strings.HasPrefix(s.text[s.pos:], q) {
			if s.text[s.pos] == '\\' && q[0] == '"' {
				s.step()
			}
			s.step()
		}
		value = s.text[start:min(s.pos, len(s.text))]
		s.eat(q)
		for len(q) == 3 && s.eat(q[:1]) { // up to two quotes may stand before the closing three
			continue
		}
		if q[0] == '"' {
			if u, err := strconv.Unquote(`"` + value + `"`); err == nil {
				value = u
			}
		}
		return value, true
	}
	return "", false
}

// blank skips white space, newlines and comments.
func (s *scanner) blank() {
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case ' ', '\t', '\r', '\n':
			s.step()
		case '#':
			s.until("\n")
		default:
			return
		}
	}
}

func (s *scanner) spaces() {
	for s.eat(" ") || s.eat("\t") {
		continue
	}
}

func (s *scanner) until(stop string) {
	for s.pos < len(s.text) && strings.IndexByte(stop, s.text[s.pos]) < 0 {
		s.step()
	}
}

// step passes over one byte and counts lines.
func (s *scanner) step() {
	if s.pos < len(s.text) && s.text[s.pos] == '\n' {
		s.line++
	}
	s.pos++
}

// eat passes over token if it comes next.
func (s *scanner) eat(token string) bool {
	if s.pos > len(s.text) || !strings.HasPrefix(s.text[s.pos:], token) {
		return false
	}
	s.pos += len(token)
	return true
}
