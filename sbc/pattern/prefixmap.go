package pattern

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// maxPrefix is the longest prefix of a PrefixMap: E.164 has 15 digits, a technical prefix
// and an area in front of them may have more.
const maxPrefix = 32

// prefixDigits are the characters of a prefix: what a phone can dial, and a leading +.
const prefixDigits = "0123456789*#+"

// PrefixMap is a list of rules, prefix=>value, of which the longest prefix of the key wins.
// A prefix has digits, * and #, and may begin with +; the empty one is the value of all
// other keys. +49 and 0049 are two prefixes. The map is immutable and safe for concurrent
// use. A look-up costs one step a digit and does not allocate.
type PrefixMap struct {
	rules []plain
	nodes []prefixNode // a trie; the first is the root
}

// prefixNode is what is known after some digits. Where only one rule is left it is kept as
// lone, with all its digits, so that a long prefix is no chain of nodes.
type prefixNode struct {
	next [len(prefixDigits)]int32 // by digit; 0 = none
	rule int32                    // that ends here, -1 = none
	lone int32                    // the only rule that begins with these digits, -1 = several
}

// ParsePrefixMap reads the rules of a PrefixMap; see ParseMap.
func ParsePrefixMap(r io.Reader, file string) (*PrefixMap, error) {
	rules, err := parsePlain(r, file, func(p *plain) error {
		if len(p.key) > maxPrefix {
			return fmt.Errorf("the prefix is longer than %d digits", maxPrefix)
		}
		for i := range len(p.key) {
			if digitIndex(p.key[i]) < 0 || p.key[i] == '+' && i > 0 {
				return errors.New("a prefix has digits, * and # only, after an optional +")
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(rules, func(a, b plain) int { return strings.Compare(a.key, b.key) })
	m := &PrefixMap{rules: rules}
	m.build(0, len(rules), 0)
	return m, nil
}

// build makes the node of the sorted rules from lo to hi, which share depth digits, and
// returns its index.
func (m *PrefixMap) build(lo, hi, depth int) int32 {
	at := len(m.nodes)
	m.nodes = append(m.nodes, prefixNode{rule: -1, lone: -1})
	if lo < hi && len(m.rules[lo].key) == depth {
		m.nodes[at].rule = int32(lo)
		lo++
	}
	if hi-lo == 1 {
		m.nodes[at].lone = int32(lo)
		return int32(at)
	}
	for lo < hi {
		digit := m.rules[lo].key[depth]
		end := lo + 1
		for end < hi && m.rules[end].key[depth] == digit {
			end++
		}
		child := m.build(lo, end, depth+1)
		m.nodes[at].next[digitIndex(digit)] = child
		lo = end
	}
	return int32(at)
}

// digitIndex is the place of c in prefixDigits, -1 if it is none of them.
func digitIndex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c == '*':
		return 10
	case c == '#':
		return 11
	case c == '+':
		return 12
	}
	return -1
}

// find returns the rule with the longest prefix of key, -1 if there is none.
func (m *PrefixMap) find(key string) int32 {
	best := int32(-1)
	for at, depth := int32(0), 0; ; depth++ {
		n := &m.nodes[at]
		if n.rule >= 0 {
			best = n.rule
		}
		if n.lone >= 0 {
			if strings.HasPrefix(key, m.rules[n.lone].key) {
				best = n.lone
			}
			return best
		}
		if depth == len(key) {
			return best
		}
		digit := digitIndex(key[depth])
		if digit < 0 || n.next[digit] == 0 {
			return best
		}
		at = n.next[digit]
	}
}

// Len returns how many rules there are.
func (m *PrefixMap) Len() int { return len(m.rules) }

// Append appends the value of the longest prefix of key. It does not allocate, apart from
// what dst needs.
func (m *PrefixMap) Append(dst []byte, key string) (_ []byte, ok bool) {
	i := m.find(key)
	if i < 0 {
		return dst, false
	}
	return append(dst, m.rules[i].value...), true
}

// Line returns the line of the rule that Append would use, 0 when there is none.
func (m *PrefixMap) Line(key string) int {
	if i := m.find(key); i >= 0 {
		return m.rules[i].line
	}
	return 0
}

var _ RuleMap = (*PrefixMap)(nil)
