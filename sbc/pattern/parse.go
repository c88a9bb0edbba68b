package pattern

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// Bounds of a pattern: far above what is sensible, so that no file can exhaust the parser.
const (
	maxPattern = 16 << 10 // bytes
	maxDepth   = 16       // nested patterns
)

// Parse parses a pattern. The error is an *Error that says at which character.
func Parse(s string) (*Pattern, error) {
	if len(s) > maxPattern {
		return nil, &Error{Pattern: s[:64] + "…", Column: 1, Problem: fmt.Sprintf("longer than %d bytes", maxPattern)}
	}
	ps := parser{source: s}
	p := ps.pattern(s, 0)
	if ps.err != nil {
		return nil, ps.err
	}
	slices.Sort(p.maps)
	p.maps = slices.Compact(p.maps)
	return p, nil
}

// parser holds the first error of one Parse.
type parser struct {
	source string
	depth  int
	err    *Error
}

func (ps *parser) fail(at int, format string, args ...any) {
	if ps.err == nil {
		column := utf8.RuneCountInString(ps.source[:min(at, len(ps.source))]) + 1
		ps.err = &Error{Pattern: ps.source, Column: column, Problem: fmt.Sprintf(format, args...)}
	}
}

// pattern parses text, which stands at byte at of the source.
func (ps *parser) pattern(text string, at int) *Pattern {
	p := &Pattern{source: text}
	if ps.depth++; ps.depth > maxDepth {
		ps.fail(at, "patterns are nested deeper than %d", maxDepth)
		return p
	}
	defer func() { ps.depth-- }()
	var literal []byte
	flush := func() {
		if len(literal) > 0 {
			p.nodes = append(p.nodes, node{literal: string(literal)})
			literal = nil
		}
	}
	for i := 0; i < len(text) && ps.err == nil; {
		switch c := text[i]; {
		case c == '\\' && i+1 == len(text):
			ps.fail(at+i, `a \ at the end: write \\ for the character itself`)
		case c == '\\':
			literal = append(literal, unescape(text[i+1]))
			i += 2
		case c == 0:
			ps.fail(at+i, "a NUL is not allowed")
		case c == '$':
			flush()
			var n node
			n, i = ps.variable(p, text, i, at)
			p.nodes = append(p.nodes, n)
		default:
			literal = append(literal, c)
			i++
		}
	}
	flush()
	return p
}

func unescape(c byte) byte {
	switch c {
	case 'r':
		return '\r'
	case 'n':
		return '\n'
	case 't':
		return '\t'
	}
	return c
}

// variable parses the variable whose $ is at text[i] and returns the index behind it.
func (ps *parser) variable(p *Pattern, text string, i, at int) (node, int) {
	start := at + i
	if i++; i == len(text) {
		ps.fail(start, `a $ at the end: write \$ for the character itself`)
		return node{}, i
	}
	row := rowOf(text[i])
	if row == nil {
		ps.fail(start, `there is no variable $%s: write \$ for the character itself`, firstRune(text[i:]))
		return node{}, i
	}
	name := "$" + text[i:i+1]
	if text[i] != '(' {
		i++
	}
	what := row.whole
	switch {
	case i < len(text) && partOf(row.parts, text[i]) != nil:
		what = partOf(row.parts, text[i]).value
		name += text[i : i+1]
		i++
	case what.eval == nil:
		ps.fail(start, "%s must be followed by one of %s", name, letters(row.parts))
	case i < len(text) && len(row.parts) > 0 && isLetter(text[i]):
		ps.fail(at+i, "%s%c is no variable: %s takes %s; write %s. for the whole value",
			name, text[i], name, letters(row.parts), name)
	case i < len(text) && text[i] == '.' && what.args == noArgs:
		i++
	}
	if what.later != "" {
		ps.fail(start, "%s needs %s, which is not yet available", name, what.later)
	}
	if ps.err != nil {
		return node{}, i
	}
	p.uses |= what.uses
	n := node{eval: what.eval, of: row.of}
	return n, ps.arguments(p, &n, what, name, text, i, at)
}

// arguments parses what stands in parentheses behind the variable called name.
func (ps *parser) arguments(p *Pattern, n *node, what value, name, text string, i, at int) int {
	if what.args == noArgs || what.args == mayName && (i == len(text) || text[i] != '(') {
		return i
	}
	inner, start, end := ps.parentheses(name, text, i, at)
	if ps.err != nil {
		return end
	}
	switch what.args {
	case mayName:
		n.param = inner
		ps.token(inner, at+start)
	case header, headerParam:
		n.name, n.match = inner, matchField(inner)
		ps.token(inner, at+start)
		if what.args == headerParam && end < len(text) && text[end] == '(' {
			n.param, start, end = ps.parentheses(name, text, end, at)
			ps.token(n.param, at+start)
		}
	case key:
		n.name = inner
		ps.token(inner, at+start)
	case nested:
		if inner == "" {
			ps.fail(at+start, "%s() needs something between the parentheses", name)
		}
		n.arg = ps.nested(p, inner, at+start)
	case mapped:
		cut := strings.LastIndex(inner, "=>")
		if cut < 0 {
			ps.fail(at+start, "%s needs a value and a map: %s(value=>map)", name, name)
			return end
		}
		n.name = strings.TrimSpace(inner[cut+2:])
		if !isName(n.name) {
			ps.fail(at+start+cut+2, "%q is no name of a map: letters, digits, _, - and . are", n.name)
		}
		p.maps = append(p.maps, n.name)
		n.arg = ps.nested(p, inner[:cut], at+start)
	case alias:
		i := slices.IndexFunc(aliases[:], func(a aliasRow) bool { return a.name == inner })
		if i < 0 {
			ps.fail(at+start, "$(%s) is no variable: $(ruri.user) and $(paramhdr) are", inner)
			return end
		}
		*n = aliases[i].node
	}
	return end
}

// nested parses an argument that is a pattern and makes p depend on what it depends on.
func (ps *parser) nested(p *Pattern, text string, at int) *Pattern {
	arg := ps.pattern(text, at)
	p.uses |= arg.uses
	p.maps = append(p.maps, arg.maps...)
	return arg
}

// parentheses returns what is between the ( at text[i] and its ), where that starts, and
// the index behind the ).
func (ps *parser) parentheses(name, text string, i, at int) (inner string, start, end int) {
	if i == len(text) || text[i] != '(' {
		ps.fail(at+i, "%s must be followed by (", name)
		return "", i, i
	}
	depth := 0
	for j := i; j < len(text); j++ {
		switch text[j] {
		case '\\':
			j++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return text[i+1 : j], i + 1, j + 1
			}
		}
	}
	ps.fail(at+i, "the ( of %s is not closed", name)
	return "", i, len(text)
}

// token checks the name of a header field or parameter.
func (ps *parser) token(s string, at int) {
	if !sip.ValidToken(s) {
		ps.fail(at, "%q is no name of a header field or parameter", s)
	}
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// isName says whether s may name a map: what TOML needs no quotes for, and dots.
func isName(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && (c < '0' || c > '9') && c != '_' && c != '-' && c != '.' {
			return false
		}
	}
	return s != ""
}

func letters(parts []part) string {
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteByte(p.letter)
	}
	return b.String()
}

func firstRune(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	return s[:n]
}
