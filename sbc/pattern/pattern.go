package pattern

import (
	"slices"
	"unsafe"
)

// A Pattern is a parsed pattern. It is immutable. A nil Pattern is the empty one.
type Pattern struct {
	source string
	nodes  []node
	uses   uses
	maps   []string
}

// A node is literal text or one variable with its arguments.
type node struct {
	literal string
	eval    evalFunc // nil: literal
	of      source   // address the variable is a part of
	name    string   // header field, parameter key or map
	param   string   // name of a URI or header parameter
	match   fieldMatch
	arg     *Pattern // nested pattern
}

// evalFunc appends the value of n in e.
type evalFunc func(dst []byte, e *Env, n *node) []byte

// uses says what the value of a pattern depends on.
type uses uint8

const (
	usesVar         uses = 1 << iota // $V: what modules set
	usesDestination                  // $di, $dp
)

// Append appends the value of p in e to dst. It allocates nothing but what dst needs to
// grow, and for values that came escaped or are captured by a regular expression.
func (p *Pattern) Append(dst []byte, e *Env) []byte {
	if p == nil {
		return dst
	}
	for i := range p.nodes {
		n := &p.nodes[i]
		if n.eval == nil {
			dst = append(dst, n.literal...)
			continue
		}
		dst = n.eval(dst, e, n)
	}
	return dst
}

// String returns the value of p in e.
func (p *Pattern) String(e *Env) string {
	if s, ok := p.Static(); ok {
		return s
	}
	return string(p.Append(make([]byte, 0, 64), e))
}

// Static returns the value of a pattern without variables; ok is false when there are any.
func (p *Pattern) Static() (value string, ok bool) {
	switch {
	case p == nil || len(p.nodes) == 0:
		return "", true
	case len(p.nodes) == 1 && p.nodes[0].eval == nil:
		return p.nodes[0].literal, true
	}
	return "", false
}

// Source returns the pattern as it was written.
func (p *Pattern) Source() string {
	if p == nil {
		return ""
	}
	return p.source
}

// Maps returns the names of the maps p looks into, sorted, each once.
func (p *Pattern) Maps() []string {
	if p == nil {
		return nil
	}
	return slices.Clone(p.maps)
}

// UsesVars says whether the value depends on variables of the call ($V), which modules set
// after the profile was chosen.
func (p *Pattern) UsesVars() bool { return p != nil && p.uses&usesVar != 0 }

// UsesDestination says whether the value depends on where the request goes ($di, $dp).
func (p *Pattern) UsesDestination() bool { return p != nil && p.uses&usesDestination != 0 }

// UnmarshalText parses text into p. The error is an *Error.
func (p *Pattern) UnmarshalText(text []byte) error {
	q, err := Parse(string(text))
	if err != nil {
		return err
	}
	*p = *q
	return nil
}

// MarshalText returns the pattern as it was written.
func (p *Pattern) MarshalText() ([]byte, error) { return []byte(p.Source()), nil }

// Literal returns a pattern whose value is s, whatever s contains.
func Literal(s string) *Pattern {
	p := &Pattern{source: escape(s)}
	if s != "" {
		p.nodes = []node{{literal: s}}
	}
	return p
}

// escape writes s so that Parse reads it back as literal text.
func escape(s string) string {
	var b []byte
	for i := range len(s) {
		switch c := s[i]; c {
		case '$', '\\':
			b = append(b, '\\', c)
		case '\r':
			b = append(b, `\r`...)
		case '\n':
			b = append(b, `\n`...)
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

// key evaluates the nested pattern of n behind dst and returns it as a string besides the
// grown dst. The string is only valid until those bytes are written to; a conversion
// would cost an allocation for every look-up of every call.
func (n *node) key(dst []byte, e *Env) ([]byte, string) {
	if s, ok := n.arg.Static(); ok {
		return dst, s
	}
	start := len(dst)
	dst = n.arg.Append(dst, e)
	tail := dst[start:]
	return dst, unsafe.String(unsafe.SliceData(tail), len(tail))
}

// appendClean appends a value that is not the operator's: a line break with the white
// space of a fold after it, or a NUL, becomes one space, so that no value ends a header field.
func appendClean(dst []byte, s string) []byte {
	for i := range len(s) {
		if isBreak(s[i]) {
			return appendUnfolded(append(dst, s[:i]...), s[i:])
		}
	}
	return append(dst, s...)
}

func appendUnfolded(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		if !isBreak(s[i]) {
			dst = append(dst, s[i])
			i++
			continue
		}
		for i < len(s) && (isBreak(s[i]) || s[i] == ' ' || s[i] == '\t') {
			i++
		}
		dst = append(dst, ' ')
	}
	return dst
}

func isBreak(c byte) bool { return c == '\r' || c == '\n' || c == 0 }
