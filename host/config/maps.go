package config

import (
	"crypto/md5" // for comparison with md5sum only
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/pattern"
)

// maxMap is the largest map file that is read.
const maxMap = 8 << 20

// MapInfo says where a map came from.
type MapInfo struct {
	Name        string
	Kind        pattern.Kind
	File        string // "" = its rules stand in the configuration or were set while running
	MD5, SHA256 string // of the file, or of the rules, one a line
	Rules       int
	Loaded      time.Time
	Live        bool // set while running: not what the configuration says
}

// mapText is a map as it was read.
type mapText struct {
	MapInfo
	text   string
	parsed pattern.RuleMap
}

// loadMaps parses the maps of the configuration, but for those that are known already: a map
// is read again when somebody asks for it.
func (c *checker) loadMaps() {
	if c.in.maps == nil {
		c.in.maps = map[string]*mapText{}
	}
	for name, t := range c.in.maps {
		if c.Map[name] == nil && t.Live {
			if c.Map == nil {
				c.Map = map[string]*Map{}
			}
			c.Map[name] = &Map{Kind: t.Kind}
		}
	}
	for name, m := range c.Map {
		at := key{"map", name}
		t := c.in.maps[name]
		switch {
		case t != nil:
			c.maps[name] = t.parsed
			continue
		case m.File != "" && m.Rules != nil:
			c.errorAt(at, "has both file and rules: which one?")
			continue
		case m.File != "":
			t = c.mapFile(at.with("file"), m.Kind, c.path(m.File))
		case m.Rules != nil:
			t = c.mapRules(at.with("rules"), m.Kind, m.Rules)
		default:
			c.errorAt(at, "has neither file nor rules")
			continue
		}
		if t != nil {
			t.Name = name
			c.in.maps[name], c.maps[name] = t, t.parsed
		}
	}
	c.Maps = c.maps
}

// mapFile reads a map from a file; nil after a mistake.
func (c *checker) mapFile(at key, kind pattern.Kind, path string) *mapText {
	body, err := read(path, maxMap)
	if err != nil {
		c.errorAt(at, "%s: %s", path, plainPath(err))
		return nil
	}
	t, err := newMap(kind, path, string(body))
	for _, e := range each(err) {
		if le, ok := errors.AsType[*pattern.LineError](e); ok {
			c.errs = append(c.errs, &Error{File: path, Line: le.Line, Msg: le.Problem})
		} else {
			c.errorAt(at, "%s: %s", path, e)
		}
	}
	return t
}

// mapRules reads a map from the configuration; nil after a mistake.
func (c *checker) mapRules(at key, kind pattern.Kind, rules []string) *mapText {
	for n, rule := range rules {
		if strings.Contains(rule, "\n") {
			c.errorAt(at.element(n), "a rule is one line")
			return nil
		}
	}
	t, err := newMap(kind, "", strings.Join(rules, "\n"))
	for _, e := range each(err) {
		if le, ok := errors.AsType[*pattern.LineError](e); ok && le.Line <= len(rules) {
			c.errorAt(at.element(le.Line-1), "%s", le.Problem)
		} else {
			c.errorAt(at, "%s", e)
		}
	}
	return t
}

func newMap(kind pattern.Kind, file, body string) (*mapText, error) {
	m, err := pattern.ParseMap(kind, strings.NewReader(body), file)
	if err != nil {
		return nil, err
	}
	t := &mapText{text: body, parsed: m}
	t.Kind, t.File, t.Rules, t.Loaded = kind, file, m.Len(), time.Now()
	t.MD5, t.SHA256 = sums(body)
	return t, nil
}

// sums are the MD5 and the SHA-256 of a text, in hex.
func sums(body string) (string, string) {
	m, s := md5.Sum([]byte(body)), sha256.Sum256([]byte(body))
	return hex.EncodeToString(m[:]), hex.EncodeToString(s[:])
}

// MapInfos describes every map, by name.
func (s *Snapshot) MapInfos() []MapInfo {
	all := make([]MapInfo, 0, len(s.in.maps))
	for _, name := range slices.Sorted(maps.Keys(s.in.maps)) {
		all = append(all, s.in.maps[name].MapInfo)
	}
	return all
}

// MapText returns a map's description and its rules as they were read. The error is
// *UnknownError.
func (s *Snapshot) MapText(name string) (MapInfo, string, error) {
	t := s.in.maps[name]
	if t == nil {
		return MapInfo{}, "", unknown("map", name, s.in.maps)
	}
	return t.MapInfo, t.text, nil
}

// LookUp returns what a map has for a key and the line of the rule that says so, 0 when there
// is none. The error is *UnknownError.
func (s *Snapshot) LookUp(name, key string) (value string, line int, err error) {
	t := s.in.maps[name]
	if t == nil {
		return "", 0, unknown("map", name, s.in.maps)
	}
	v, ok := t.parsed.Append(nil, key)
	if !ok {
		return "", 0, nil
	}
	return string(v), t.parsed.Line(key), nil
}
