package sems

import (
	"fmt"
	"slices"
	"strings"
)

// document is the TOML file in the making.
type document struct {
	head     []string // comment at the top
	sections []*section
	names    map[string]*section
}

// section is one [name] with its keys; "" is the top of the file.
type section struct {
	name    string
	comment []string
	items   []*item
	off     bool // written as a comment
}

// item is one key. Its values are TOML already; a list has any number, others have one.
type item struct {
	key    string
	values []string
	list   bool
	from   setting // what it was made from
}

// section returns the section of that name, made when it is not there.
func (d *document) section(name string) *section {
	if s := d.names[name]; s != nil {
		return s
	}
	s := &section{name: name}
	if d.names == nil {
		d.names = map[string]*section{}
	}
	d.names[name] = s
	d.sections = append(d.sections, s)
	return s
}

// set gives a key one value, in place of the one it has.
func (s *section) set(key, value string, from setting) {
	s.put(&item{key: key, values: []string{value}, from: from})
}

// list gives a key a list.
func (s *section) list(key string, values []string, from setting) {
	s.put(&item{key: key, values: values, list: true, from: from})
}

func (s *section) put(i *item) {
	for n, old := range s.items {
		if old.key == i.key {
			s.items[n] = i
			return
		}
	}
	s.items = append(s.items, i)
}

// has says whether the section has a key.
func (s *section) has(key string) bool {
	for _, i := range s.items {
		if i.key == key {
			return true
		}
	}
	return false
}

// place is what stands on one line of a rendered document.
type place struct {
	section *section
	item    *item // nil: the head of the section
	element int   // of a list; -1: the whole item
}

// render writes the document. With lines every element of a list has its own line, and the
// result says what stands on each.
func (d *document) render(lines bool) (string, map[int]place) {
	var b strings.Builder
	at, n := map[int]place{}, 1
	put := func(off bool, format string, args ...any) {
		if off {
			b.WriteString("# ")
		}
		fmt.Fprintf(&b, format, args...)
		b.WriteByte('\n')
		n++
	}
	for _, c := range d.head {
		put(true, "%s", printable(c))
	}
	slices.SortStableFunc(d.sections, func(a, b *section) int { return a.rank() - b.rank() })
	for _, s := range d.sections {
		if len(s.items) == 0 && len(s.comment) == 0 && !s.bears() {
			continue
		}
		if n > 1 {
			put(false, "")
		}
		for _, c := range s.comment {
			put(true, "%s", printable(c))
		}
		if s.name != "" {
			at[n] = place{s, nil, -1}
			put(s.off, "[%s]", s.name)
		}
		for _, i := range s.items {
			at[n] = place{s, i, -1}
			switch {
			case !i.list:
				put(s.off, "%s = %s%s", i.key, i.values[0], i.source())
			case !lines:
				put(s.off, "%s = [%s]%s", i.key, strings.Join(i.values, ", "), i.source())
			default:
				put(s.off, "%s = [", i.key)
				for e, v := range i.values {
					at[n] = place{s, i, e}
					put(s.off, "%s,", v)
				}
				put(s.off, "]")
			}
		}
	}
	return b.String(), at
}

// rank is the order of sections by their first word.
func (s *section) rank() int {
	kind, _, _ := strings.Cut(s.name, ".")
	return slices.Index([]string{"", "log", "interface", "map", "module", "profile"}, kind)
}

// bears says whether a section has a meaning without keys: a profile is there by its name.
func (s *section) bears() bool {
	return strings.HasPrefix(s.name, "profile.") && strings.Count(s.name, ".") == 1
}

// source is the comment that says what a key was made from.
func (i *item) source() string {
	if i.from.file == "" {
		return ""
	}
	if i.from.line == 0 {
		return "  # " + printable(i.from.file)
	}
	return printable(fmt.Sprintf("  # %s:%d %s", i.from.file, i.from.line, i.from.key))
}

// drop takes what stands at a place out of the document and returns what it was made from.
func (d *document) drop(p place) []setting {
	switch {
	case p.item == nil:
		var from []setting
		for _, i := range p.section.items {
			from = append(from, i.from)
		}
		p.section.items, p.section.comment = nil, nil
		return from
	case p.element >= 0 && len(p.item.values) > p.element:
		p.item.values[p.element] = ""
		return []setting{p.item.from}
	}
	for n, i := range p.section.items {
		if i == p.item {
			p.section.items = append(p.section.items[:n:n], p.section.items[n+1:]...)
			break
		}
	}
	return []setting{p.item.from}
}

// tidy removes the elements that drop emptied. Where a list is empty then and was not
// before, it would mean something else: its place is taken by filler.
func (d *document) tidy(filler func(section, key string) string) {
	for _, s := range d.sections {
		for _, i := range s.items {
			if !i.list {
				continue
			}
			before := len(i.values)
			kept := i.values[:0]
			for _, v := range i.values {
				if v != "" {
					kept = append(kept, v)
				}
			}
			if i.values = kept; len(kept) == 0 && before > 0 {
				if f := filler(s.name, i.key); f != "" {
					i.values = []string{text(f)}
				}
			}
		}
	}
}

// text writes a TOML string: as it is between single quotes where backslashes and quotes
// would need escapes, else between double quotes.
func text(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	plain := strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\'' }) < 0
	if plain && strings.ContainsAny(s, `"\`) {
		return "'" + s + "'"
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// texts writes a list of TOML strings.
func texts(ss []string) []string {
	out := make([]string, len(ss))
	for i, s := range ss {
		out[i] = text(s)
	}
	return out
}

// name makes of a foreign name one that TOML and patterns take.
func name(s string) string {
	out := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-' {
			return r
		}
		return '_'
	}, s)
	if len(out) > 64 {
		out = out[:64]
	}
	if out == "" {
		return "_"
	}
	return out
}
