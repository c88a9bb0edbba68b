package explain

import (
	"slices"
	"strings"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// diff compares two messages, given by their lines. Header fields are compared kind by kind, in the
// order of the first message and then that of the second, since their order among one
// another means nothing; bodies are compared line by line.
func diff(before, after []string) []Line {
	headA, bodyA := split(before)
	headB, bodyB := split(after)
	out := pairwise(headA[:1], headB[:1])
	kindsA, kindsB := kinds(headA[1:]), kinds(headB[1:])
	for _, k := range kindsA {
		var other []string
		if i := indexOf(kindsB, k.name); i >= 0 {
			other = kindsB[i].lines
		}
		out = append(out, pairwise(k.lines, other)...)
	}
	for _, k := range kindsB {
		if indexOf(kindsA, k.name) < 0 {
			out = append(out, pairwise(nil, k.lines)...)
		}
	}
	if len(bodyA)+len(bodyB) > 0 {
		out = append(out, Line{" ", ""})
	}
	return append(out, pairwise(bodyA, bodyB)...)
}

// split cuts a message at its empty line, and unfolds its header fields.
func split(ls []string) (head, body []string) {
	for i, l := range ls {
		switch {
		case l == "" && i > 0:
			return head, ls[i+1:]
		case len(head) > 1 && (strings.HasPrefix(l, " ") || strings.HasPrefix(l, "\t")):
			head[len(head)-1] += " " + strings.TrimSpace(l)
		default:
			head = append(head, l)
		}
	}
	return head, nil
}

// kind is all header fields of one name.
type kind struct {
	name  string
	lines []string
}

func kinds(ls []string) []kind {
	var ks []kind
	for _, l := range ls {
		name, _, _ := strings.Cut(l, ":")
		name = strings.ToLower(strings.TrimSpace(name))
		if id := sip.Lookup(name); id != sip.Other {
			name = strings.ToLower(id.String())
		}
		if i := indexOf(ks, name); i >= 0 {
			ks[i].lines = append(ks[i].lines, l)
			continue
		}
		ks = append(ks, kind{name, []string{l}})
	}
	return ks
}

func indexOf(ks []kind, name string) int {
	return slices.IndexFunc(ks, func(k kind) bool { return k.name == name })
}

// pairwise is the shortest diff of two lists, by their longest common subsequence. Lists are
// as long as a message is: at most 64 KiB.
func pairwise(a, b []string) []Line {
	var out []Line
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		out, a, b = append(out, Line{" ", a[0]}), a[1:], b[1:]
	}
	if len(a)*len(b) > 1<<22 {
		for _, l := range a {
			out = append(out, Line{"-", l})
		}
		for _, l := range b {
			out = append(out, Line{"+", l})
		}
		return out
	}
	// length[i][j] is that of the longest common subsequence of a[i:] and b[j:].
	length := make([][]int, len(a)+1)
	for i := range length {
		length[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if length[i][j] = max(length[i+1][j], length[i][j+1]); a[i] == b[j] {
				length[i][j] = length[i+1][j+1] + 1
			}
		}
	}
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			out = append(out, Line{" ", a[i]})
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || length[i+1][j] >= length[i][j+1]):
			out = append(out, Line{"-", a[i]})
			i++
		default:
			out = append(out, Line{"+", b[j]})
			j++
		}
	}
	return out
}
