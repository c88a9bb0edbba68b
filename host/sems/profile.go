package sems

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// prof is one profile on its way.
type prof struct {
	*converter
	name string // in the result
	s    *settings
	off  bool // written as a comment
	used map[string]bool

	longest uint64 // seconds a call may last, 0 = no limit
}

// row is what becomes of one key of a profile.
type row struct {
	key string
	to  string // section.key of the result, below the profile; "" = carry knows, or nowhere
	// carry writes what the key becomes; nil: another row of the same feature reads it.
	carry func(p *prof, e setting, r *row)
	// later says what is missing for a key that cannot be carried over; off are the values
	// that ask for nothing, so that nothing is missing.
	later string
	off   []string
	// always calls carry also for a profile that does not have the key.
	always bool
}

// profile converts one profile. One that SEMS does not load becomes a comment, and its
// oddities no part of the report.
func (c *converter) profile(sems, name string, s *settings, off bool) {
	if off {
		notes, wanted, names := c.report, slices.Clone(c.wanted), maps.Clone(c.mapNames)
		notes.notes = slices.Clone(notes.notes)
		defer func() { c.report, c.wanted, c.mapNames = notes, wanted, names }()
	}
	p := &prof{converter: c, name: name, s: s, off: off, used: map[string]bool{}}
	head := p.section("")
	head.comment = []string{fmt.Sprintf("%s of SEMS", s.file)}
	if off {
		head.comment = append(head.comment, "SEMS does not load it: profiles= does not name it.")
	}
	for i := range rows {
		r := &rows[i]
		p.used[r.key] = true
		e, ok := s.lookup(r.key)
		switch {
		case !ok && !r.always:
		case r.carry != nil:
			r.carry(p, e, r)
		case r.later != "" && !slices.Contains(r.off, strings.ToLower(e.value)):
			c.report.about(e, r.later, nothing)
		}
	}
	for n, e := range s.all {
		if !p.used[e.key] && s.index[e.key] == n {
			c.report.about(e, "no key that SEMS reads in a profile", nothing)
		}
	}
}

// section returns the section of the profile, or one below it.
func (p *prof) section(below string) *section {
	n := "profile." + p.name
	if below != "" {
		n += "." + below
	}
	s := p.doc.section(n)
	s.off = p.off
	return s
}

// put writes a key, given as section.key, whose value is TOML already.
func (p *prof) put(to, value string, e setting) {
	section, key := cutKey(to)
	p.section(section).set(key, value, e)
}

// putList writes a list of texts.
func (p *prof) putList(to string, values []string, e setting) {
	section, key := cutKey(to)
	p.section(section).list(key, texts(values), e)
}

// has says whether a key was written.
func (p *prof) has(to string) bool {
	section, key := cutKey(to)
	return p.section(section).has(key)
}

func cutKey(to string) (section, key string) {
	i := strings.LastIndexByte(to, '.')
	return to[:max(i, 0)], to[i+1:]
}

// or returns the setting of the profile, or the one of sems.conf that counts for all.
func (p *prof) or(key string) (setting, bool) {
	if e, ok := p.s.lookup(key); ok {
		return e, true
	}
	return p.sems.lookup(key)
}

// asText carries a pattern over.
func asText(p *prof, e setting, r *row) {
	if e.value == "" {
		return
	}
	if v, ok := p.pattern(e); ok {
		p.put(r.to, text(v), e)
	}
}

// asAlias carries a pattern over from a key that SEMS does not read.
func asAlias(of string) func(*prof, setting, *row) {
	return func(p *prof, e setting, r *row) {
		if p.s.value(of) != "" {
			p.report.about(e, "SEMS reads "+of, nothing)
			return
		}
		p.report.about(e, "SEMS reads "+of+"; taken as that", of+"="+e.value)
		asText(p, e, r)
	}
}

// asFlag carries a key over that is on with "yes" and off with anything else.
func asFlag(p *prof, e setting, r *row) {
	if p.on(e) {
		p.put(r.to, "true", e)
	}
}

// on says whether a key that is no pattern is on.
func (p *prof) on(e setting) bool {
	switch strings.ToLower(e.value) {
	case "yes":
		return true
	case "", "no":
	default:
		p.report.about(e, "SEMS takes only yes for yes", "as no")
	}
	return false
}

// truth reads a yes or no that may be a pattern. ok is false when the value is neither.
func truth(v string) (on, ok bool) {
	switch v {
	case "yes", "true", "1":
		return true, true
	case "no", "false", "0":
		return false, true
	}
	return false, false
}

// boolean returns a yes or no, or a pattern for it, as TOML. With emptyNo a pattern that
// yields nothing is no, as in SEMS.
func (p *prof) boolean(e setting, emptyNo bool) (string, bool) {
	if on, ok := truth(e.value); ok {
		return fmt.Sprint(on), true
	}
	if !strings.Contains(e.value, "$") {
		p.report.about(e, "neither yes nor no: SEMS refuses every call with 500", nothing)
		return "", false
	}
	v, ok := p.pattern(e)
	if !ok {
		return "", false
	}
	if emptyNo {
		p.mapNames[emptyIsNo] = emptyIsNo
		v = "$M(" + v + "=>" + emptyIsNo + ")"
		p.report.about(e, "when the pattern yields nothing SEMS takes it for no, Sallyport for the default, which is yes", v)
	}
	return text(v), true
}

// asInterface carries the name of an interface over.
func asInterface(p *prof, e setting, r *row) {
	if e.value == "" {
		return
	}
	if strings.Contains(e.value, "$") {
		asText(p, e, r)
		return
	}
	i := p.ifaceCalled(e.value)
	if i == nil {
		p.report.about(e, "no interface of sems.conf: SEMS refuses every call with 500", nothing)
		return
	}
	p.put(r.to, text(i.name), e)
}
