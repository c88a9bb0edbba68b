package sems

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/sallyport-sbc/sallyport/sbc/pattern"
)

// Maps of the result by which a value that comes out empty means what it means in SEMS.
const (
	emptyIsNo  = "sems_empty_is_no"
	emptyIs500 = "sems_empty_is_500"
)

// ownMaps are those maps: what stands for the empty value, and why.
var ownMaps = []struct{ name, empty, why string }{
	{emptyIsNo, "no", "For SEMS a yes or no that comes out empty is no; here it is the default of the key."},
	{emptyIs500, "500", "For SEMS a refusal whose code comes out empty is one with 500; here it is none."},
}

func isOwnMap(n string) bool { return n == emptyIsNo || n == emptyIs500 }

// wantedMap is a map that a pattern looks into, by SEMS's name.
type wantedMap struct {
	sems string
	by   setting
}

// mapped returns the name in the result of a map that a pattern looks into.
func (c *converter) mapped(e setting, sems string) string {
	sems = strings.TrimSpace(sems)
	if n, ok := c.mapNames[sems]; ok {
		return n
	}
	n := name(sems)
	for _, taken := range c.mapNames {
		if taken == n {
			n += "_"
		}
	}
	c.mapNames[sems] = n
	c.wanted = append(c.wanted, wantedMap{sems, e})
	return n
}

// loadMaps converts the maps of sbc.conf. A map that patterns ask for and SEMS does not load
// is there, and empty, as it is for SEMS.
func (c *converter) loadMaps() {
	list, _ := c.sbc.lookup("regex_maps")
	listed := split(list.value, ",")
	for _, sems := range listed {
		n := c.mapped(list, sems)
		if n != sems {
			c.report.about(list, fmt.Sprintf("%q is no name for a map", sems), n)
		}
		s := c.doc.section("map." + n)
		file, ok := c.find(c.confDir, sems+suffix)
		if !ok {
			c.report.about(list, fmt.Sprintf("there is no %s%s", sems, suffix), "an empty map "+n)
			s.list("rules", nil, list)
			continue
		}
		content, err := c.tree.text(file, maxMap)
		if err != nil {
			c.errs = append(c.errs, &SyntaxError{File: file, Problem: plain(err)})
			continue
		}
		target := path.Join(mapsDir, n+suffix)
		c.maps[target] = c.rules(file, content)
		s.set("file", text(target), list)
	}
	for _, w := range c.wanted {
		if n := c.mapNames[w.sems]; !isOwnMap(n) && !slices.Contains(listed, w.sems) {
			c.report.about(w.by, fmt.Sprintf("regex_maps= does not name the map %q: it is empty for SEMS", w.sems), "an empty map "+n)
			c.doc.section("map."+n).list("rules", nil, setting{})
		}
	}
	for _, m := range ownMaps {
		if _, ok := c.mapNames[m.name]; ok {
			s := c.doc.section("map." + m.name)
			s.comment = []string{m.why}
			s.list("rules", texts([]string{"^$=>" + m.empty, `^(.*)$=>\1`}), setting{})
		}
	}
}

// rules converts the rules of a map file. A rule that Sallyport cannot read becomes a comment.
func (c *converter) rules(file, content string) string {
	if !utf8.ValidString(content) {
		content = latin1(content)
		c.report.add(Note{File: file, Why: "the file is not UTF-8", Written: "read as Latin-1"})
	}
	var b strings.Builder
	n := 0
	for line := range strings.Lines(content) {
		n++
		line = strings.TrimRight(line, "\r\n")
		trimmed := strings.TrimSpace(line)
		if trimmed == "" || trimmed[0] == '#' {
			b.WriteString(trimmed + "\n")
			continue
		}
		note := func(why, written string) { c.report.add(Note{File: file, Line: n, Why: why, Written: written}) }
		expr, value, ok := strings.Cut(line, "=>")
		if e, v := strings.TrimSpace(expr), strings.TrimSpace(value); e != expr || v != value {
			note("for SEMS the white space around => and at the ends belongs to the rule", "without it")
			expr, value = e, v
		}
		if strings.Contains(expr, `\d`) {
			note(`for SEMS \d is the letter d`, "a digit")
		}
		if strings.Contains(value, "=>") {
			note("a second => in the rule; SEMS does not load the map", "as part of the value")
		}
		if strings.Contains(value, `\9`) {
			note(`SEMS does not fill in \9`, "it is filled in")
		}
		rule := expr + "=>" + mapValue(value)
		_, err := pattern.ParseRegexMap(strings.NewReader(rule), "")
		if err == nil && ok && expr != "" {
			b.WriteString(rule + "\n")
			continue
		}
		why := "no rule regex=>value"
		if err != nil {
			why = strings.TrimPrefix(err.Error(), "rule 1: ")
		}
		note(why, "a comment")
		b.WriteString("# " + trimmed + "\n")
	}
	return b.String()
}

// mapValue keeps a backslash that begins nothing for SEMS.
func mapValue(v string) string {
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		if v[i] != '\\' {
			b.WriteByte(v[i])
			continue
		}
		if i+1 < len(v) && (v[i+1] >= '1' && v[i+1] <= '9' || v[i+1] == '\\') {
			b.WriteString(v[i : i+2])
			i++
			continue
		}
		b.WriteString(`\\`)
	}
	return b.String()
}
