package profile

import (
	"slices"

	"github.com/sallyport-sbc/sallyport/sbc/pattern"
)

// Value is one pattern of a profile.
type Value struct {
	Key     string // routing.next_hop, headers.append[2]
	Pattern *pattern.Pattern
	Late    bool // evaluated after the modules' start, since it uses their variables
}

// Values returns all patterns of the profile but the modules' parameters, in the order they
// are evaluated; those without variables are evaluated when the profile is compiled.
func (p *Profile) Values() []Value { return slices.Clone(p.shown) }

// Selectors returns the patterns that select a profile, in order.
func (s *Set) Selectors() []*pattern.Pattern { return slices.Clone(s.selectors) }

// Maps returns the maps that the patterns look into, nil if there are none.
func (s *Set) Maps() pattern.Maps { return s.maps }

// Watched returns a set of the same profiles whose patterns look into maps and tell trace
// what they yield, as pattern.Env.Trace does.
func (s *Set) Watched(maps pattern.Maps, trace func(*pattern.Pattern, string)) *Set {
	w := *s
	w.maps, w.trace = maps, trace
	return &w
}

// Only returns a set of the same profiles that selects the one called name for every call.
func (s *Set) Only(name string) *Set {
	w := *s
	w.selectors = []*pattern.Pattern{pattern.Literal(name)}
	return &w
}
