package config

import (
	"fmt"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sallyport-sbc/sallyport/sbc/pattern"
)

// input is all a snapshot is made from. A change of a running configuration is a change of
// one of these, and a whole new snapshot with all its checks.
type input struct {
	o   Options
	dir string // of the configuration file
	// main is the configuration file; own the text whose [profile.NAME] sections count, which
	// is a later state of the same file when the profiles were reloaded.
	main, own *text
	files     []*text             // of the key profiles; nil = not read yet
	instead   map[string]instead  // profiles that were loaded one by one
	maps      map[string]*mapText // that need not be read; nil = none
	active    []any               // in place of active_profile, strings; nil = what the file says
	running   bool                // it is in use: what is fixed was checked when it was started
}

// instead is a text in which a profile stands.
type instead struct {
	*text
	live bool
}

// UnknownError names something that the configuration does not have.
type UnknownError struct {
	What, Name string // "profile", "nobody"
	Guess      string // ": did you mean …", or ""
}

// Error returns `there is no profile "nobody"`, with a guess.
func (e *UnknownError) Error() string {
	return fmt.Sprintf("there is no %s %q%s", e.What, e.Name, e.Guess)
}

func unknown[V any](what, name string, known map[string]V) error {
	return &UnknownError{What: what, Name: name, Guess: didYouMean(name, slices.Collect(maps.Keys(known)))}
}

// with builds the snapshot that s would be after a change of its input. Errors are Errors.
func (s *Snapshot) with(change func(*input)) (*Snapshot, error) {
	in := s.in
	in.instead, in.maps = maps.Clone(in.instead), maps.Clone(in.maps)
	in.running = true
	in.o.HasAddress = func(netip.Addr) bool { return true }
	change(&in)
	return build(in)
}

// ReloadProfile returns s with one profile read again from the file it came from. The
// error is Errors or *UnknownError; s never changes.
func (s *Snapshot) ReloadProfile(name string) (*Snapshot, error) {
	p, ok := s.info[name]
	if !ok {
		return nil, unknown("profile", name, s.info)
	}
	return s.takeProfile(name, p.File, p.Live)
}

// LoadProfile returns s with one profile read from a file, relative to the configuration.
// It may be a new profile. The errors are those of ReloadProfile.
func (s *Snapshot) LoadProfile(name, file string) (*Snapshot, error) {
	file = pathIn(s.in.dir, file)
	p, had := s.info[name]
	return s.takeProfile(name, file, !had || p.Live || !samePath(p.File, file))
}

func samePath(a, b string) bool {
	a, errA := filepath.Abs(a)
	b, errB := filepath.Abs(b)
	return errA == nil && errB == nil && a == b
}

func (s *Snapshot) takeProfile(name, file string, live bool) (*Snapshot, error) {
	t, err := s.again(file)
	if err != nil {
		return nil, err
	}
	return s.with(func(in *input) {
		if in.instead == nil {
			in.instead = map[string]instead{}
		}
		for _, other := range in.instead { // a file of many profiles is held once
			if other.sha256 == t.sha256 {
				t.body = other.body
			}
		}
		in.instead[name] = instead{t, live}
	})
}

// again reads a file of the configuration anew. The main file may say other things than
// profiles; here only those count.
func (s *Snapshot) again(file string) (*text, error) {
	if file == BuiltIn {
		return newText(BuiltIn, Sample), nil
	}
	return readText(file)
}

// ReloadProfiles returns s with all profiles as the files have them now. What was loaded
// from elsewhere is forgotten. The error is Errors.
func (s *Snapshot) ReloadProfiles() (*Snapshot, error) {
	t, err := s.again(s.in.main.file)
	if err != nil {
		return nil, err
	}
	return s.with(func(in *input) { in.own, in.files, in.instead = t, nil, nil })
}

// SetActive returns s with other selectors than active_profile says. The error is Errors.
func (s *Snapshot) SetActive(selectors []string) (*Snapshot, error) {
	return s.with(func(in *input) {
		in.active = make([]any, len(selectors))
		for i, p := range selectors {
			in.active[i] = p
		}
	})
}

// Active returns the selectors, and whether they were set while running.
func (s *Snapshot) Active() (selectors []string, live bool) {
	for _, p := range s.ActiveProfile {
		selectors = append(selectors, p.Source())
	}
	return selectors, s.in.active != nil
}

// SetMap returns s with other rules in a map: those of a file, relative to the
// configuration, or when that is "" the rules given. A map that is not there yet is made
// when a kind is given; else nil is the kind the map has. The error is Errors or
// *UnknownError.
func (s *Snapshot) SetMap(name string, kind *pattern.Kind, file string, rules []string) (*Snapshot, error) {
	before := s.in.maps[name]
	switch {
	case kind == nil && before == nil:
		return nil, unknown("map", name, s.in.maps)
	case kind == nil:
		kind = &before.Kind
	}
	if !isBare(name) {
		return nil, Errors{{Msg: fmt.Sprintf("map %q: a name has letters, digits, _ and - only", name)}}
	}
	if file != "" {
		file = pathIn(s.in.dir, file)
	}
	return s.putMap(name, *kind, file, rules, true)
}

// ReloadMap returns s with a map as the configuration has it, its file read anew. The error
// is Errors or *UnknownError.
func (s *Snapshot) ReloadMap(name string) (*Snapshot, error) {
	t := s.in.maps[name]
	if t == nil {
		return nil, unknown("map", name, s.in.maps)
	}
	m := s.Map[name]
	switch {
	case m.File != "":
		return s.putMap(name, m.Kind, pathIn(s.in.dir, m.File), nil, false)
	case m.Rules != nil:
		return s.putMap(name, m.Kind, "", m.Rules, false)
	case t.File != "":
		return s.putMap(name, t.Kind, t.File, nil, true)
	}
	return nil, Errors{{Msg: fmt.Sprintf("map %s was made while running and has no file to read", name)}}
}

// putMap returns s with a map read from a file or rules.
func (s *Snapshot) putMap(name string, kind pattern.Kind, file string, rules []string, live bool) (*Snapshot, error) {
	c := checker{decoder: &decoder{}}
	var t *mapText
	if file != "" {
		t = c.mapFile(key{"file"}, kind, file)
	} else {
		t = c.mapRules(key{"rules"}, kind, rules)
	}
	if len(c.errs) > 0 {
		return nil, c.errs
	}
	t.Name, t.Live = name, live
	return s.with(func(in *input) { in.maps[name] = t })
}

// Live names what was set while running and is not what the files say.
func (s *Snapshot) Live() []string {
	var all []string
	if s.in.active != nil {
		all = append(all, "active_profile")
	}
	for _, m := range s.MapInfos() {
		if m.Live {
			all = append(all, "map "+m.Name)
		}
	}
	for _, p := range s.ProfileInfos() {
		if p.Live {
			all = append(all, "profile "+p.Name)
		}
	}
	return all
}

// Lines are the rules of a map's text.
func Lines(body string) []string {
	var rules []string
	for line := range strings.Lines(body) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			rules = append(rules, line)
		}
	}
	return rules
}
