package profile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport-sbc/sallyport/media"
)

// kind is what an allow or deny list is about.
type kind uint8

const (
	listMethods kind = iota
	listMedia
	listCodecs
	listAttributes
	kinds
)

// scope is what is sent where: a list counts for both legs or for one.
type scope uint8

const (
	toBoth scope = iota
	toA
	toB
	scopes
)

// suffix is how a key names its scope.
func (s scope) suffix() string { return [scopes]string{"", "_a", "_b"}[s] }

// shape is all that a plan filters but header fields. It is never changed, only replaced.
type shape struct {
	allow, deny [kinds][scopes][]string
	prefer      [2][]string // codecs by leg
	anonymize   bool
	transparent bool
}

// list is one of the lists of a shape and where the configuration has it.
type list struct {
	name  string
	kind  kind
	scope scope
	deny  bool
	of    func(*Config) []string
	check func(string) error
}

func (l *list) in(s *shape) *[]string {
	if l.deny {
		return &s.deny[l.kind][l.scope]
	}
	return &s.allow[l.kind][l.scope]
}

// compile puts the list of the configuration into the plan all calls begin with.
func (l *list) compile(c *compiler, cfg *Config, s *shape) {
	names := l.of(cfg)
	for i, name := range names {
		if err := l.check(name); err != nil {
			c.fail(fmt.Sprintf("%s[%d]", l.name, i), err)
		}
	}
	*l.in(s) = names
}

// key is the list as a key for modules.
func (l *list) key() key {
	return key{name: l.name, set: func(p *Plan, v string) error {
		names := splitList(v)
		for _, name := range names {
			if err := l.check(name); err != nil {
				return err
			}
		}
		p.reshape(func(s *shape) { *l.in(s) = names })
		return nil
	}}
}

func listKeys(ls []list) []key {
	ks := make([]key, len(ls))
	for i := range ls {
		ks[i] = ls[i].key()
	}
	return ks
}

// reshape changes a copy of the plan's shape and makes it the plan's.
func (p *Plan) reshape(change func(*shape)) {
	s := new(shape)
	if p.shape != nil {
		*s = *p.shape
	}
	change(s)
	p.setShape(s)
}

// setShape makes s the plan's shape, and of what it says about SDP the policy of media.
func (p *Plan) setShape(s *shape) {
	p.shape = s
	for _, side := range [...]media.Side{media.A, media.B} {
		p.Media.Shape[side] = s.media(side)
	}
}

// media is what the shape says of descriptions sent to one side, nil for nothing.
func (s *shape) media(to media.Side) *media.Shape {
	m := &media.Shape{
		Media: s.filter(listMedia, to), Codecs: s.filter(listCodecs, to), Attributes: s.filter(listAttributes, to),
		Prefer: s.prefer[to], Anonymize: s.anonymize,
	}
	if s.silent(listMedia, to) && s.silent(listCodecs, to) && s.silent(listAttributes, to) && len(m.Prefer) == 0 && !m.Anonymize {
		return nil
	}
	return m
}

// of returns the lists that count for a side.
func (s *shape) of(k kind, to media.Side) (allow, deny [2][]string) {
	own := toA
	if to == media.B {
		own = toB
	}
	return [2][]string{s.allow[k][toBoth], s.allow[k][own]}, [2][]string{s.deny[k][toBoth], s.deny[k][own]}
}

func (s *shape) silent(k kind, to media.Side) bool {
	allow, deny := s.of(k, to)
	return len(allow[0])+len(allow[1])+len(deny[0])+len(deny[1]) == 0
}

func (s *shape) filter(k kind, to media.Side) (f media.Filter) {
	allow, deny := s.of(k, to)
	for _, l := range allow {
		if len(l) > 0 {
			f.Allow = append(f.Allow, l)
		}
	}
	f.Deny = slices.Concat(deny[0], deny[1])
	return f
}

// checkName checks an element of a list that is a word.
func checkName(what, example string) func(string) error {
	return func(v string) error {
		if v == "" || strings.ContainsAny(v, " \t:;,=\"") || !printable(v) {
			return fmt.Errorf("%s is no %s, such as %s", brief(v), what, example)
		}
		return nil
	}
}

func printable(v string) bool {
	for i := range len(v) {
		if v[i] <= ' ' || v[i] >= 0x7f {
			return false
		}
	}
	return true
}
