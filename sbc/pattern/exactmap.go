package pattern

import (
	"errors"
	"io"
)

// ExactMap is a list of rules, key=>value, of which the one whose key is the whole key wins;
// upper and lower case differ. It is immutable and safe for concurrent use. A look-up does
// not allocate.
type ExactMap struct{ rules map[string]plain }

// ParseExactMap reads the rules of an ExactMap; see ParseMap.
func ParseExactMap(r io.Reader, file string) (*ExactMap, error) {
	rules, err := parsePlain(r, file, func(p *plain) error {
		if p.key == "" {
			return errors.New("no key before =>")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	m := &ExactMap{rules: make(map[string]plain, len(rules))}
	for _, p := range rules {
		m.rules[p.key] = p
	}
	return m, nil
}

// Len returns how many rules there are.
func (m *ExactMap) Len() int { return len(m.rules) }

// Append appends the value of key.
func (m *ExactMap) Append(dst []byte, key string) (_ []byte, ok bool) {
	p, ok := m.rules[key]
	return append(dst, p.value...), ok
}

// Line returns the line of the rule that Append would use, 0 when there is none.
func (m *ExactMap) Line(key string) int { return m.rules[key].line }

var _ RuleMap = (*ExactMap)(nil)
