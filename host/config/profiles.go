package config

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"
)

// maxProfileFiles bounds how many files the key profiles may name.
const maxProfileFiles = 4096

// text is a file that was read.
type text struct {
	file, body  string
	md5, sha256 string
	read        time.Time
}

func newText(file, body string) *text {
	t := &text{file: file, body: body, read: time.Now()}
	t.md5, t.sha256 = sums(body)
	return t
}

// readText reads a file of the configuration. The error is Errors.
func readText(file string) (*text, error) {
	body, err := read(file, maxFile)
	if err != nil {
		return nil, Errors{{File: file, Msg: plainPath(err)}}
	}
	return newText(file, string(body)), nil
}

// source is a text with profiles, parsed.
type source struct {
	file     string
	lines    lineIndex
	profiles map[string]any
	errs     Errors
}

// ProfileInfo says where a profile came from.
type ProfileInfo struct {
	Name        string
	File        string
	MD5, SHA256 string // of that file
	Config      string // SHA-256 of the profile's own keys and values, however they are written
	Loaded      time.Time
	Live        bool // loaded from elsewhere than the configuration says
}

// gather puts the profiles of all texts into the tree of the main one, and notes where each
// of them is.
func (s *Snapshot) gather(d *decoder, tree map[string]any) {
	d.sources = map[string]*source{}
	parsed := map[string]*source{} // the same text may have been read several times
	use := func(t *text) *source {
		id := t.file + "\x00" + t.sha256
		if parsed[id] == nil {
			parsed[id] = parseSource(t, t.file != s.in.main.file)
			d.errs = append(d.errs, parsed[id].errs...)
		}
		return parsed[id]
	}
	var all map[string]any
	if s.in.own == s.in.main {
		all, _ = tree["profile"].(map[string]any)
		for name := range all {
			s.note(name, s.in.main, false)
		}
		if _, odd := tree["profile"]; odd && all == nil {
			return // said when it is decoded
		}
	}
	if all == nil {
		all = map[string]any{}
	}
	add := func(name string, t *text, live bool) {
		all[name], d.sources[name] = use(t).profiles[name], use(t)
		s.note(name, t, live)
	}
	if s.in.own != s.in.main {
		for name := range use(s.in.own).profiles {
			add(name, s.in.own, false)
		}
	}
	s.profileFiles(d, tree)
	for _, t := range s.in.files {
		from := use(t)
		for _, name := range slices.Sorted(maps.Keys(from.profiles)) {
			if before, twice := s.info[name]; twice {
				at := key{"profile", name}
				d.errs = append(d.errs, &Error{File: t.file, Line: from.lines.line(at), Msg: fmt.Sprintf("%s: %s has it already", at, before.File)})
				continue
			}
			add(name, t, false)
		}
	}
	for name, t := range s.in.instead {
		from := use(t.text)
		if len(from.errs) > 0 {
			continue
		}
		if from.profiles[name] == nil {
			d.errs = append(d.errs, &Error{File: t.file, Msg: fmt.Sprintf("has no [profile.%s]%s", name, didYouMean(name, slices.Collect(maps.Keys(from.profiles))))})
			continue
		}
		add(name, t.text, t.live)
	}
	if len(all) > 0 {
		tree["profile"] = all
	} else if s.in.own != s.in.main {
		delete(tree, "profile")
	}
}

// note keeps where a profile came from.
func (s *Snapshot) note(name string, t *text, live bool) {
	s.info[name] = ProfileInfo{Name: name, File: t.file, MD5: t.md5, SHA256: t.sha256, Loaded: t.read, Live: live}
}

// profileFiles reads the files that the key profiles names, unless that was done before.
func (s *Snapshot) profileFiles(d *decoder, tree map[string]any) {
	glob, _ := tree["profiles"].(string)
	if glob == "" || s.in.files != nil {
		return
	}
	at := key{"profiles"}
	if !filepath.IsAbs(glob) {
		glob = filepath.Join(s.in.dir, glob)
	}
	paths, err := filepath.Glob(glob)
	switch {
	case err != nil:
		d.errorAt(at, "%s: not a pattern of paths", glob)
	case len(paths) == 0:
		d.errorAt(at, "%s: there is no such file", glob)
	case len(paths) > maxProfileFiles:
		d.errorAt(at, "%s: more than %d files", glob, maxProfileFiles)
	default:
		for _, path := range paths {
			t, err := readText(path)
			if err != nil {
				d.errs = append(d.errs, err.(Errors)...)
				continue
			}
			s.in.files = append(s.in.files, t)
		}
	}
}

// parseSource parses a text for its profiles. In one of profiles only, anything else is a
// mistake.
func parseSource(t *text, only bool) *source {
	d := &decoder{file: t.file}
	tree, ok := d.parse(t.body)
	from := &source{file: t.file, lines: d.lines}
	if ok {
		var isTable bool
		from.profiles, isTable = tree["profile"].(map[string]any)
		if p := tree["profile"]; p != nil && !isTable {
			d.mismatch(key{"profile"}, "a table", p)
		}
		for _, name := range slices.Sorted(maps.Keys(tree)) {
			if only && name != "profile" {
				d.fail(d.lines.line(key{name}), fmt.Sprintf("unknown key %q: a file of profiles has [profile.NAME] sections only", name))
			}
		}
	}
	from.errs = d.errs
	return from
}

// ProfileInfos describes every profile, by name.
func (s *Snapshot) ProfileInfos() []ProfileInfo {
	all := make([]ProfileInfo, 0, len(s.info))
	for _, name := range slices.Sorted(maps.Keys(s.info)) {
		all = append(all, s.info[name])
	}
	return all
}
