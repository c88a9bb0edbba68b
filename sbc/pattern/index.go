package pattern

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
)

// index finds the rules of a map that can match a key at all: those without a required
// literal, and those one of whose literals the key contains or begins with. It folds ASCII
// case, so it finds too many rather than too few.
type index struct {
	always []uint32 // rules without literals, ascending
	begin  trie     // literals at the start of the key
	inside trie     // literals anywhere: Aho and Corasick's automaton
}

// Bounds of the memory and the time an index takes.
const (
	maxNodes   = 4 << 20 // 24 bytes each
	maxEntries = 1 << 20
)

// leafDepth is how much of a literal is looked for at least. Beyond that it is enough to
// tell the rules from each other: the rule decides about the rest of the key.
const leafDepth = 4

// indexBuilder collects the literals of a map's rules.
type indexBuilder struct {
	always        []uint32
	begin, inside []entry
}

// entry is a literal that rule requires.
type entry struct {
	literal string
	rule    uint32
}

func (b *indexBuilder) add(rule int, need required) {
	i := uint32(rule)
	if len(need.literals) == 0 {
		b.always = append(b.always, i)
		return
	}
	to := &b.inside
	if need.atStart {
		to = &b.begin
	}
	for _, s := range need.literals {
		*to = append(*to, entry{s, i})
	}
}

// build fails when the literals are too many.
func (b *indexBuilder) build() (x index, ok bool) {
	if len(b.begin)+len(b.inside) > maxEntries {
		return index{}, false
	}
	x.always = b.always
	if x.begin, ok = newTrie(b.begin); ok {
		x.inside, ok = newTrie(b.inside)
	}
	x.inside.link()
	return x, ok
}

// candidates appends the rules whose literals key has to dst, ascending, each once. Those
// in always are not among them.
func (x *index) candidates(dst []uint32, key string) []uint32 {
	dst = x.begin.atStart(dst, key)
	dst = x.inside.anywhere(dst, key)
	slices.Sort(dst)
	return slices.Compact(dst)
}

// trie holds literals in breadth-first order: the children of a node stand in a row, and
// label is the byte that leads to each node.
type trie struct {
	nodes []trieNode
	label []byte
	rules []uint32 // of the nodes' ends, in a row each
	root  [256]uint32
}

type trieNode struct {
	child    uint32 // first child
	ends     uint32 // index into rules of the literals that end here
	fail     uint32 // longest proper suffix that is in the trie, 0 = the empty one
	next     uint32 // next node along fail where literals end, 0 = none
	endCount uint32
	children uint16
}

// newTrie builds a trie from entries, level by level.
func newTrie(es []entry) (t trie, ok bool) {
	if len(es) == 0 {
		return trie{}, true
	}
	slices.SortFunc(es, func(a, b entry) int {
		return cmp.Or(strings.Compare(a.literal, b.literal), cmp.Compare(a.rule, b.rule))
	})
	type span struct{ from, to, depth int } // entries below a node
	spans := []span{{0, len(es), 0}}
	t.nodes, t.label = make([]trieNode, 1), make([]byte, 1)
	for id := 0; id < len(spans); id++ {
		s := spans[id]
		n := trieNode{child: uint32(len(t.nodes)), ends: uint32(len(t.rules))}
		same := s.depth >= leafDepth && es[s.from].literal == es[s.to-1].literal
		for s.from < s.to && (same || len(es[s.from].literal) == s.depth) {
			t.rules = append(t.rules, es[s.from].rule)
			n.endCount++
			s.from++
		}
		for s.from < s.to {
			c, to := es[s.from].literal[s.depth], s.from+1
			for to < s.to && es[to].literal[s.depth] == c {
				to++
			}
			t.nodes, t.label = append(t.nodes, trieNode{}), append(t.label, c)
			spans = append(spans, span{s.from, to, s.depth + 1})
			n.children++
			s.from = to
		}
		if len(t.nodes) > maxNodes {
			return trie{}, false
		}
		t.nodes[id] = n
	}
	for i := range t.nodes[0].children {
		t.root[t.label[1+i]] = uint32(1 + i)
	}
	t.nodes, t.label, t.rules = slices.Clip(t.nodes), slices.Clip(t.label), slices.Clip(t.rules)
	return t, true
}

// link sets where the automaton goes on when a node has no child for a byte.
func (t *trie) link() {
	for id := range t.nodes {
		n := t.nodes[id]
		for c := n.child; c < n.child+uint32(n.children); c++ {
			if id == 0 {
				continue
			}
			fail := t.step(n.fail, t.label[c])
			t.nodes[c].fail = fail
			if t.nodes[fail].endCount > 0 {
				t.nodes[c].next = fail
			} else {
				t.nodes[c].next = t.nodes[fail].next
			}
		}
	}
}

// child returns the child of node for c, 0 if there is none.
func (t *trie) child(node uint32, c byte) uint32 {
	if node == 0 {
		return t.root[c]
	}
	n := &t.nodes[node]
	if i := bytes.IndexByte(t.label[n.child:n.child+uint32(n.children)], c); i >= 0 {
		return n.child + uint32(i)
	}
	return 0
}

// step returns the state behind node and c.
func (t *trie) step(node uint32, c byte) uint32 {
	for {
		if to := t.child(node, c); to != 0 || node == 0 {
			return to
		}
		node = t.nodes[node].fail
	}
}

// atStart appends the rules with a literal that key begins with.
func (t *trie) atStart(dst []uint32, key string) []uint32 {
	if len(t.nodes) == 0 {
		return dst
	}
	var node uint32
	for i := 0; i < len(key); i++ {
		if node = t.child(node, lowerByte(key[i])); node == 0 {
			break
		}
		dst = t.appendEnds(dst, node)
	}
	return dst
}

// anywhere appends the rules with a literal that key contains.
func (t *trie) anywhere(dst []uint32, key string) []uint32 {
	if len(t.nodes) == 0 {
		return dst
	}
	var node uint32
	for i := 0; i < len(key); i++ {
		node = t.step(node, lowerByte(key[i]))
		for end := node; end != 0; end = t.nodes[end].next {
			dst = t.appendEnds(dst, end)
		}
	}
	return dst
}

// appendEnds appends the rules whose literal ends at node. A key that repeats a literal
// does not make the list longer without end.
func (t *trie) appendEnds(dst []uint32, node uint32) []uint32 {
	n := &t.nodes[node]
	if n.endCount == 0 {
		return dst
	}
	if len(dst)+int(n.endCount) > cap(dst) {
		slices.Sort(dst)
		dst = slices.Compact(dst)
	}
	return append(dst, t.rules[n.ends:n.ends+n.endCount]...)
}
