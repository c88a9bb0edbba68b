package pattern

import (
	"regexp/syntax"
	"slices"
	"unicode/utf8"
)

// shape is what a simple expression comes down to: no engine is needed to decide it.
type shape uint8

const (
	noShape shape = iota
	contains
	hasPrefix
	hasSuffix
	equals
)

// shapeOf recognises literal text with or without anchors and a surrounding .*
func shapeOf(re *syntax.Regexp) (shape, string) {
	parts := []*syntax.Regexp{re}
	if re.Op == syntax.OpConcat {
		parts = re.Sub
	}
	begin, end := false, false // anchored
	for len(parts) > 0 && parts[0].Op == syntax.OpBeginText {
		begin, parts = true, parts[1:]
	}
	for len(parts) > 0 && isEndText(parts[len(parts)-1]) {
		end, parts = true, parts[:len(parts)-1]
	}
	for len(parts) > 0 && isAnything(parts[0]) {
		begin, parts = false, parts[1:]
	}
	for len(parts) > 0 && isAnything(parts[len(parts)-1]) {
		end, parts = false, parts[:len(parts)-1]
	}
	text := ""
	for _, p := range parts {
		if p.Op != syntax.OpLiteral || p.Flags&syntax.FoldCase != 0 || hasRuneError(p.Rune) {
			return noShape, ""
		}
		text += string(p.Rune)
	}
	switch {
	case begin && end:
		return equals, text
	case begin:
		return hasPrefix, text
	case end:
		return hasSuffix, text
	}
	return contains, text
}

// isEndText says whether re is $ as the end of the text, not of a line.
func isEndText(re *syntax.Regexp) bool { return re.Op == syntax.OpEndText }

// isAnything says whether re is .* with or without a group around it.
func isAnything(re *syntax.Regexp) bool {
	for re.Op == syntax.OpCapture {
		re = re.Sub[0]
	}
	return re.Op == syntax.OpStar && re.Sub[0].Op == syntax.OpAnyChar
}

// The engine takes an invalid byte for U+FFFD, bytes compared as they are would not.
func hasRuneError(rs []rune) bool {
	for _, r := range rs {
		if r == utf8.RuneError {
			return true
		}
	}
	return false
}

// required is what a key must contain for an expression to match: one of the literals,
// in lower case. atStart says that it must begin with one. No literals: nothing is known.
type required struct {
	literals []string
	atStart  bool
}

// Bounds of what is collected from one expression.
const (
	maxLiterals = 256  // alternatives
	maxLiteral  = 4096 // bytes of all of them
	maxClass    = 16   // characters of a class that are alternatives
	telling     = 4    // bytes of a single literal that make looking for alternatives idle
)

// requires finds the most telling text that every match of re contains.
func requires(re *syntax.Regexp) required {
	parts := flatten(nil, re)
	one := longestRun(parts, 1)
	if one.weight() >= telling*perByte {
		return one
	}
	if several := longestRun(parts, maxLiterals); several.weight() > one.weight() {
		return several
	}
	return one
}

// longestRun walks a concatenation from left to right and grows runs: sets of at most most
// texts that the part since the last gap can match. It returns the weightiest.
func longestRun(parts []*syntax.Regexp, most int) required {
	var best required
	run := required{literals: []string{""}}
	for len(parts) > 0 && parts[0].Op == syntax.OpBeginText {
		run.atStart, parts = true, parts[1:]
	}
	gap := func(begin []string) {
		if run.weight() > best.weight() {
			best = run
		}
		run = required{literals: begin}
	}
	for _, p := range parts {
		if set, ok := exact(p); ok && len(set) <= most {
			if longer, ok := cross(run.literals, set, most); ok {
				run.literals = longer
			} else {
				gap(set)
			}
			continue
		}
		switch p.Op {
		case syntax.OpPlus:
			if set, ok := exact(p.Sub[0]); ok {
				if longer, ok := cross(run.literals, set, most); ok {
					run.literals = longer
				}
			}
		case syntax.OpAlternate:
			if most > 1 {
				gap(oneOf(p.Sub))
			}
		}
		gap([]string{""})
	}
	gap(nil)
	return best
}

// perByte is the weight of one byte. A class of ten characters adds less than it takes: what
// it stands for is as probable as any digit.
const perByte = 10

// weight says how rarely a key has one of the literals by chance: the length of the
// shortest, less a little for each doubling of their number. 0 tells nothing.
func (r required) weight() int {
	if len(r.literals) == 0 {
		return 0
	}
	shortest := len(r.literals[0])
	for _, s := range r.literals {
		shortest = min(shortest, len(s))
	}
	if shortest == 0 {
		return 0
	}
	w := perByte * shortest
	for n := len(r.literals); n > 1; n /= 2 {
		w -= 4
	}
	if r.atStart {
		w += 5
	}
	return max(w, 1)
}

// flatten lists what re is a concatenation of, looking through groups.
func flatten(parts []*syntax.Regexp, re *syntax.Regexp) []*syntax.Regexp {
	switch re.Op {
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			parts = flatten(parts, sub)
		}
		return parts
	case syntax.OpCapture:
		return flatten(parts, re.Sub[0])
	}
	return append(parts, re)
}

// oneOf joins what each alternative requires; nil when one of them requires nothing.
func oneOf(alternatives []*syntax.Regexp) []string {
	var all []string
	for _, sub := range alternatives {
		r := requires(sub)
		if r.weight() == 0 || len(all)+len(r.literals) > maxLiterals {
			return nil
		}
		all = append(all, r.literals...)
	}
	return all
}

// exact returns all that re matches, in lower case, if that is a short list.
func exact(re *syntax.Regexp) (set []string, ok bool) {
	switch re.Op {
	case syntax.OpEmptyMatch, syntax.OpBeginText, syntax.OpEndText, syntax.OpBeginLine, syntax.OpEndLine,
		syntax.OpWordBoundary, syntax.OpNoWordBoundary:
		return []string{""}, true
	case syntax.OpLiteral:
		return exactLiteral(re)
	case syntax.OpCharClass:
		return exactClass(re.Rune)
	case syntax.OpCapture:
		return exact(re.Sub[0])
	case syntax.OpQuest:
		set, ok = exact(re.Sub[0])
		return append(set, ""), ok
	case syntax.OpConcat:
		set = []string{""}
		for _, sub := range re.Sub {
			next, ok := exact(sub)
			if !ok {
				return nil, false
			}
			if set, ok = cross(set, next, maxLiterals); !ok {
				return nil, false
			}
		}
		return set, true
	case syntax.OpAlternate:
		for _, sub := range re.Sub {
			next, ok := exact(sub)
			if !ok || len(set)+len(next) > maxLiterals {
				return nil, false
			}
			set = append(set, next...)
		}
		return set, true
	}
	return nil, false
}

// exactLiteral leaves out what has case variants beyond ASCII: k and s do, as the Kelvin
// sign and the long s.
func exactLiteral(re *syntax.Regexp) ([]string, bool) {
	if hasRuneError(re.Rune) {
		return nil, false
	}
	text := []byte(string(re.Rune))
	for i, c := range text {
		text[i] = lowerByte(c)
		if re.Flags&syntax.FoldCase != 0 && (c >= utf8.RuneSelf || text[i] == 'k' || text[i] == 's') {
			return nil, false
		}
	}
	return []string{string(text)}, true
}

func exactClass(ranges []rune) (set []string, ok bool) {
	for i := 0; i < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if r == utf8.RuneError || len(set) == maxClass {
				return nil, false
			}
			s := string(r)
			if r < utf8.RuneSelf {
				s = string(rune(lowerByte(byte(r))))
			}
			if !slices.Contains(set, s) {
				set = append(set, s)
			}
		}
	}
	return set, len(set) > 0
}

// cross returns each of a followed by each of b, unless that is too much.
func cross(a, b []string, most int) (set []string, ok bool) {
	if len(b) == 1 && b[0] == "" {
		return a, true
	}
	if len(a)*len(b) > most {
		return nil, false
	}
	size := 0
	set = make([]string, 0, len(a)*len(b))
	for _, x := range a {
		for _, y := range b {
			set = append(set, x+y)
			size += len(x) + len(y)
		}
	}
	return set, size <= maxLiteral
}

func lowerByte(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
