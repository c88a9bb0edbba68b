package sems

import (
	"fmt"
	"strings"

	"github.com/sallyport-sbc/sallyport/sbc/pattern"
)

// maxNested is how deep patterns may stand in patterns.
const maxNested = 12

// translator turns patterns of SEMS into those of Sallyport. The grammars differ where SEMS
// does not do what its documentation says: there, what was meant is written.
type translator struct {
	mapName func(string) string
	warts   []string
}

// translate returns the pattern s as Sallyport reads it and what was odd about it. It fails
// when no pattern comes out.
func translate(s string, mapName func(string) string) (out string, warts []string, err error) {
	t := translator{mapName: mapName}
	out = t.pattern(s, 0)
	if _, err := pattern.Parse(out); err != nil {
		return "", t.warts, err
	}
	return out, t.warts, nil
}

func (t *translator) wart(format string, args ...any) {
	if len(t.warts) < 8 {
		t.warts = append(t.warts, fmt.Sprintf(format, args...))
	}
}

func (t *translator) pattern(s string, depth int) string {
	if depth > maxNested {
		t.wart("nested too deep, left out")
		return ""
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '\\' && i+1 == len(s):
			b.WriteString(`\\`)
			i++
		case c == '\\':
			b.WriteString(s[i : i+2])
			i += 2
		case c == '$':
			i = t.variable(&b, s, i, depth)
		default:
			b.WriteByte(c)
			i++
		}
	}
	return b.String()
}

// variable translates the variable whose $ is at s[i] and returns the index behind it.
func (t *translator) variable(b *strings.Builder, s string, i, depth int) int {
	if i+1 == len(s) {
		t.wart("a $ at the end is written \\$")
		b.WriteString(`\$`)
		return i + 1
	}
	letter, rest := s[i+1], i+2
	var next byte
	if rest < len(s) {
		next = s[rest]
	}
	switch letter {
	case 'f', 't', 'r', 'a', 'p':
		return t.address(b, s, i)
	case 'm':
		b.WriteString("$m")
		if next != 0 && next != '.' {
			t.wart("SEMS loses the character behind $m, here %q; it is kept", next)
		}
		return rest
	case 'c':
		if next == 'i' {
			b.WriteString("$ci")
			return rest + 1
		}
		return t.whole(b, s, i, next == 0)
	case 's', 'd', 'R', 'u', 'U':
		return t.two(b, s, i)
	case 'P', 'H':
		return t.named(b, s, i)
	case 'V', 'M', '#', '_':
		return t.nested(b, s, i, depth)
	case '(':
		for _, alias := range [...]string{"$(ruri.user)", "$(paramhdr)"} {
			if strings.HasPrefix(s[i:], alias) {
				b.WriteString(alias)
				return i + len(alias)
			}
		}
		end := closing(s, i+1)
		if end < 0 {
			end = i + 1
		}
		t.wart("%s is no variable of the SBC, left out", s[i:end+1])
		return end + 1
	case '$':
		t.wart("$$ is written \\$; SEMS yields nothing for it and loses the character behind")
		b.WriteString(`\$`)
		return rest
	}
	if isAlnum(letter) {
		t.wart("SEMS knows no variable $%c, left out", letter)
		return rest
	}
	t.wart("a $ that begins no variable is written \\$")
	b.WriteString(`\$`)
	return i + 1
}

// address translates $f, $t, $r, $a or $p with what follows.
func (t *translator) address(b *strings.Builder, s string, i int) int {
	rest := i + 2
	parts := "uUdhpHPn"
	switch s[i+1] {
	case 'f', 't':
		parts += "t"
	case 'a', 'p':
		parts += "i"
	}
	if rest == len(s) || s[rest] == '.' || strings.IndexByte(parts, s[rest]) < 0 {
		return t.whole(b, s, i, rest == len(s) || s[rest] == '.')
	}
	b.WriteString(s[i : rest+1])
	if s[rest] == 'n' {
		t.wart("%s is always empty in SEMS; it is the display name here", s[i:rest+1])
	}
	rest++
	if s[rest-1] != 'P' || rest == len(s) || s[rest] != '(' {
		return rest
	}
	end := strings.IndexByte(s[rest:], ')')
	if end < 0 {
		t.wart("the ( of %s is not closed, left out", s[i:rest])
		return rest + 1
	}
	if end > 1 {
		b.WriteString(s[rest : rest+end+1])
	}
	return rest + end + 1
}

// whole writes a variable without a part. SEMS takes it for one only at the end and before
// a dot: before anything else it yields nothing and loses a character.
func (t *translator) whole(b *strings.Builder, s string, i int, fine bool) int {
	v, rest := s[i:i+2], i+2
	b.WriteString(v)
	if rest == len(s) {
		return rest
	}
	if !fine {
		t.wart("SEMS yields nothing for %s before %q and loses that character; both are kept", v, s[rest])
	}
	if s[rest] == '.' {
		b.WriteByte('.')
		return rest + 1
	}
	if isAlnum(s[rest]) || s[rest] == '(' {
		b.WriteByte('.')
	}
	return rest
}

// two translates variables of exactly two letters.
func (t *translator) two(b *strings.Builder, s string, i int) int {
	parts := map[byte]string{'s': "ip", 'd': "ip", 'R': "ipfnI", 'u': "csi", 'U': "aA"}[s[i+1]]
	rest := i + 2
	if rest == len(s) || strings.IndexByte(parts, s[rest]) < 0 {
		t.wart("%s without one of %s behind it is nothing in SEMS, left out", s[i:rest], parts)
		return rest
	}
	if s[i+1] == 'u' || s[i+1] == 'U' {
		t.wart("%s needs the registration cache, which is not yet available: left out", s[i:rest+1])
		return rest + 1
	}
	b.WriteString(s[i : rest+1])
	return rest + 1
}

// named translates $P(key), $H(name), $Hu(name), $HP(name)(parameter).
func (t *translator) named(b *strings.Builder, s string, i int) int {
	open := i + 2
	if s[i+1] == 'H' && open < len(s) && s[open] != '(' && strings.IndexByte("uUdhpHPn", s[open]) >= 0 {
		open++
	}
	if open >= len(s) || s[open] != '(' {
		t.wart("%s without (…) behind it is nothing in SEMS, left out", s[i:open])
		return open
	}
	end := strings.IndexByte(s[open:], ')')
	if end < 0 {
		t.wart("the ( of %s is not closed, left out", s[i:open])
		return len(s)
	}
	end += open + 1
	if s[open-1] == 'n' && open == i+3 {
		t.wart("%s is always empty in SEMS; it is the display name here", s[i:open])
	}
	if s[open-1] == 'P' && open == i+3 && end < len(s) && s[end] == '(' {
		if more := strings.IndexByte(s[end:], ')'); more > 0 {
			end += more + 1
		}
	}
	b.WriteString(s[i:end])
	return end
}

// nested translates $V(…), $M(…=>map), $#(…) and $_x(…).
func (t *translator) nested(b *strings.Builder, s string, i, depth int) int {
	open := i + 2
	if s[i+1] == '_' {
		open++
	}
	if open >= len(s) || s[open] != '(' {
		t.wart("%s without (…) behind it is nothing in SEMS, left out", s[i:min(open, len(s))])
		return min(open, len(s))
	}
	end := closing(s, open)
	if end < 0 {
		t.wart("the ( of %s is not closed, left out", s[i:open])
		return len(s)
	}
	head, inner := s[i:open], s[open+1:end]
	if head == "$M" {
		cut := strings.LastIndex(inner, "=>")
		if cut < 0 {
			t.wart("$M without =>map is nothing in SEMS, left out")
			return end + 1
		}
		b.WriteString("$M(" + t.pattern(inner[:cut], depth+1) + "=>" + t.mapName(inner[cut+2:]) + ")")
		return end + 1
	}
	if head[1] == '_' {
		switch op := head[2]; {
		case strings.IndexByte("uls5tr", op) >= 0:
		case op == 'U' || op == 'L':
			t.wart("SEMS knows no %s and yields the text unchanged; taken as $_%c", head, op|0x20)
			head = "$_" + string(op|0x20)
		default:
			t.wart("SEMS knows no %s and yields the text unchanged", head)
			b.WriteString(t.pattern(inner, depth+1))
			return end + 1
		}
	}
	if arg := t.pattern(inner, depth+1); arg != "" {
		b.WriteString(head + "(" + arg + ")")
	}
	return end + 1
}

// closing returns the index of the ) for the ( at s[i], -1 if there is none.
func closing(s string, i int) int {
	depth := 0
	for ; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

func isAlnum(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9'
}
