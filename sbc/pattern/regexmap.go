package pattern

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"regexp/syntax"
	"strings"
	"sync/atomic"
)

// Bounds of a map file. A map is trusted, but its size must not surprise: 100,000 rules are
// a number plan.
const (
	maxMap          = 8 << 20 // bytes of the file
	maxRules        = 100_000
	maxLine         = 4096 // bytes of a line
	maxRegex        = 1024 // bytes of an expression
	maxInstructions = 4096 // of a compiled expression, about
	maxMapErrors    = 50   // of one file that are reported
)

// dotAll before an expression lets a dot match line breaks too.
const dotAll = "(?s)"

// RegexMap is a list of rules, regular expression=>value; the first rule that matches a
// key wins. It is immutable and safe for concurrent use.
//
// Expressions are those of Go's regexp package, which are POSIX extended ones and more,
// unanchored, case-sensitive, leftmost-longest; a dot matches every character. In the
// value \1 to \9 stand for what the groups captured, \0 for what the expression matched and
// \\ for a backslash.
//
// A look-up does not try one rule after the other: an index over the literal text that the
// expressions require finds the few that can match at all (see literals).
type RegexMap struct {
	rules []*rule
	index index
}

// rule is one line of a map.
type rule struct {
	line  int
	expr  string
	shape shape
	text  string // with a shape: what the key is compared with
	value []valuePart
	// compiled is the expression once a key needed it: of a large map few rules ever are,
	// and a compiled expression takes a hundred times its text.
	compiled atomic.Pointer[regexp.Regexp]
}

// valuePart is literal text or, when group is not -1, a captured group.
type valuePart struct {
	literal string
	group   int
}

// ParseRegexMap reads a map file: one rule a line, "regex=>value", split at the first =>
// (in an expression write =\>). Empty lines and lines that begin with # are skipped, white
// space around expression and value is removed. The error joins a *LineError for each wrong
// line, or is ErrMapTooLarge, ErrTooManyRules, ErrTooManyLiterals or what r said. file is only for errors.
func ParseRegexMap(r io.Reader, file string) (*RegexMap, error) {
	m := &RegexMap{}
	var b indexBuilder
	err := eachLine(r, file, func(line int, text string) error {
		if len(m.rules) == maxRules {
			return ErrTooManyRules
		}
		rule, need, err := parseRule(text)
		if err != nil {
			return err
		}
		rule.line = line
		b.add(len(m.rules), need)
		m.rules = append(m.rules, rule)
		return nil
	})
	if err != nil {
		return nil, err
	}
	var ok bool
	if m.index, ok = b.build(); !ok {
		return nil, ErrTooManyLiterals
	}
	return m, nil
}

func parseRule(s string) (*rule, required, error) {
	expr, value, err := splitRule(s, "regex")
	if err != nil {
		return nil, required{}, err
	}
	switch {
	case expr == "":
		return nil, required{}, errors.New("no expression before =>: .* matches everything")
	case len(expr) > maxRegex:
		return nil, required{}, fmt.Errorf("the expression is longer than %d bytes", maxRegex)
	}
	tree, err := syntax.Parse(dotAll+expr, syntax.Perl)
	if err != nil {
		return nil, required{}, plainSyntax(err)
	}
	r := &rule{expr: expr}
	if r.value, err = parseValue(value, tree.MaxCap()); err != nil {
		return nil, required{}, err
	}
	tree = tree.Simplify()
	if complexity(tree) > maxInstructions {
		return nil, required{}, errors.New("the expression is too complex")
	}
	r.shape, r.text = shapeOf(tree)
	return r, requires(tree), nil
}

// complexity is about the number of instructions of a compiled expression.
func complexity(re *syntax.Regexp) int {
	n := 1
	if re.Op == syntax.OpLiteral {
		n = len(re.Rune)
	}
	for _, sub := range re.Sub {
		n += complexity(sub)
	}
	return n
}

// plainSyntax says what is wrong with an expression in the fewest words.
func plainSyntax(err error) error {
	if e := (*syntax.Error)(nil); errors.As(err, &e) {
		return fmt.Errorf("%s: %q", e.Code, strings.TrimPrefix(e.Expr, dotAll))
	}
	return err
}

// parseValue splits a value at its captures.
func parseValue(s string, groups int) (parts []valuePart, err error) {
	var literal []byte
	flush := func() {
		if len(literal) > 0 {
			parts = append(parts, valuePart{string(literal), -1})
			literal = nil
		}
	}
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			literal = append(literal, s[i])
			continue
		}
		if i++; i == len(s) {
			return nil, errors.New(`the value ends with a \: write \\ for the character itself`)
		}
		c := s[i]
		if c < '0' || c > '9' {
			literal = append(literal, c)
			continue
		}
		group := int(c - '0')
		if group > groups {
			return nil, fmt.Errorf(`\%d: the expression has only %d groups`, group, groups)
		}
		flush()
		parts = append(parts, valuePart{group: group})
	}
	flush()
	return parts, nil
}

// Len returns how many rules there are.
func (m *RegexMap) Len() int { return len(m.rules) }

// Append appends the value of the first rule that matches key. ok is false when none
// does. It allocates only for captures, and when a rule is needed for the first time.
func (m *RegexMap) Append(dst []byte, key string) (_ []byte, ok bool) {
	i := m.find(key)
	if i < 0 {
		return dst, false
	}
	return m.rules[i].append(dst, key), true
}

// Line returns the line of the rule that Append would use, 0 when there is none.
func (m *RegexMap) Line(key string) int {
	if i := m.find(key); i >= 0 {
		return m.rules[i].line
	}
	return 0
}

// find returns the first rule that matches key, -1 if none does.
func (m *RegexMap) find(key string) int {
	var room [64]uint32
	some, always := m.index.candidates(room[:0], key), m.index.always
	for len(some) > 0 || len(always) > 0 {
		var i uint32
		if len(always) == 0 || len(some) > 0 && some[0] < always[0] {
			i, some = some[0], some[1:]
		} else {
			i, always = always[0], always[1:]
		}
		if m.rules[i].match(key) {
			return int(i)
		}
	}
	return -1
}

func (r *rule) match(key string) bool {
	switch r.shape {
	case contains:
		return strings.Contains(key, r.text)
	case hasPrefix:
		return strings.HasPrefix(key, r.text)
	case hasSuffix:
		return strings.HasSuffix(key, r.text)
	case equals:
		return key == r.text
	}
	return r.regexp().MatchString(key)
}

// regexp returns the compiled expression. It parsed before, so it does now.
func (r *rule) regexp() *regexp.Regexp {
	if re := r.compiled.Load(); re != nil {
		return re
	}
	re := regexp.MustCompile(dotAll + r.expr)
	re.Longest()
	r.compiled.Store(re)
	return re
}

func (r *rule) append(dst []byte, key string) []byte {
	if len(r.value) == 1 && r.value[0].group < 0 {
		return append(dst, r.value[0].literal...)
	}
	var at []int
	for _, p := range r.value {
		if p.group < 0 {
			dst = append(dst, p.literal...)
			continue
		}
		if at == nil {
			at = r.regexp().FindStringSubmatchIndex(key)
		}
		if from := 2 * p.group; from+1 < len(at) && at[from] >= 0 {
			dst = append(dst, key[at[from]:at[from+1]]...)
		}
	}
	return dst
}

var _ RuleMap = (*RegexMap)(nil)
