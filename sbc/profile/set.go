package profile

import (
	"fmt"
	"maps"
	"slices"

	"github.com/sallyport-sbc/sallyport/sbc/pattern"
)

// refuse is the selection that refuses a call.
const refuse = "refuse"

// Set is the profiles of one configuration and the patterns that select among them. It is
// immutable.
type Set struct {
	selectors []*pattern.Pattern
	profiles  map[string]*Profile
	maps      pattern.Maps
	trace     func(*pattern.Pattern, string)
}

// NewSet makes a set. maps are those the patterns of selectors and profiles look into.
func NewSet(selectors []*pattern.Pattern, ps []*Profile, maps pattern.Maps) *Set {
	s := &Set{selectors: slices.Clone(selectors), profiles: map[string]*Profile{}, maps: maps}
	for _, p := range ps {
		s.profiles[p.name] = p
	}
	return s
}

// Select returns the profile named by the first selector that yields something. It fails
// with ErrRefused when that is "refuse" or when none yields anything, and with an
// *UnknownProfile. It sets e.Maps and e.Trace.
func (s *Set) Select(e *pattern.Env) (*Profile, error) {
	e.Maps, e.Trace = s.maps, s.trace
	scratch := borrow()
	defer giveBack(scratch)
	for _, p := range s.selectors {
		name := p.Append((*scratch)[:0], e)
		if e.Trace != nil {
			e.Trace(p, string(name))
		}
		if len(name) == 0 {
			continue
		}
		if string(name) == refuse {
			return nil, ErrRefused
		}
		if p := s.profiles[string(name)]; p != nil {
			return p, nil
		}
		return nil, &UnknownProfile{Name: string(name)}
	}
	return nil, ErrRefused
}

// Profile returns the profile of that name.
func (s *Set) Profile(name string) (*Profile, bool) {
	p, ok := s.profiles[name]
	return p, ok
}

// Names returns the names of all profiles, sorted.
func (s *Set) Names() []string { return slices.Sorted(maps.Keys(s.profiles)) }

// Check returns what is wrong with the selectors as far as it can be known before a call:
// names of profiles and maps that do not exist. Each is a *KeyError whose key is "[n]".
func (s *Set) Check() []error {
	var errs []error
	fail := func(i int, err error) {
		if err != nil {
			errs = append(errs, &KeyError{Key: fmt.Sprintf("[%d]", i), Err: err})
		}
	}
	for i, p := range s.selectors {
		if name, ok := p.Static(); ok && name != refuse {
			fail(i, among("profile", name, s.Names()))
		}
		for _, m := range p.Maps() {
			if s.maps != nil {
				if _, ok := s.maps.Map(m); ok {
					continue
				}
			}
			fail(i, fmt.Errorf("there is no map %s", brief(m)))
		}
	}
	return errs
}
