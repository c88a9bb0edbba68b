package profile

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// Known is what the rest of the configuration has that a profile may name.
type Known struct {
	Interfaces      []string
	MediaInterfaces []string
	Maps            []string
	Modules         map[string]callcontrol.OnFail // and what happens when they fail
}

// Profile is a compiled profile. It is immutable.
type Profile struct {
	name  string
	hash  string
	chain *callcontrol.Chain

	interfaces, mediaInterfaces []string

	plan         Plan             // what all calls begin with
	values       []value          // what has to be evaluated for each
	shown        []Value          // every pattern, for Values
	hidingPrefix *pattern.Pattern // needed before the rest
	appends      int              // how many of headers.append
	late         bool             // some only after the modules' start
	destine      bool             // some speak of the destination
}

// value is a pattern that is evaluated for each call.
type value struct {
	key     int    // index into keys
	element int    // of a list, else 0
	at      string // its path, for errors
	pattern *pattern.Pattern
	static  bool // the pattern has no variables
	late    bool // needs what the modules set
}

// Compile checks a configuration and compiles it. It returns all mistakes it finds, each a
// *KeyError; then there is no profile. c must not change afterwards.
func Compile(name string, c *Config, known Known) (*Profile, []error) {
	p := &Profile{
		name: name, hash: c.hash(),
		interfaces: slices.Clone(known.Interfaces), mediaInterfaces: slices.Clone(known.MediaInterfaces),
	}
	p.plan.Profile = p
	p.plan.Timer = [2]Timer{defaultTimer, defaultTimer}
	k := compiler{known: known, profile: p}
	c.Identity.compile(&k, c, &p.plan)
	c.Contact.compile(&k, c, &p.plan)
	c.Routing.compile(&k, &p.plan)
	c.Headers.compile(&k, &p.plan)
	c.Media.compile(&k, &p.plan)
	c.Replies.compile(&k, &p.plan)
	k.compileShape(c, &p.plan)
	c.Auth.compile(&k)
	c.MessageLog.compile(&p.plan)
	for i := range keys {
		k.key(i, c)
	}
	p.chain = k.chain(c)
	if len(k.errs) > 0 {
		return nil, k.errs
	}
	return p, nil
}

// compiler collects mistakes.
type compiler struct {
	known   Known
	profile *Profile
	errs    []error
}

func (c *compiler) fail(key string, err error) {
	c.errs = append(c.errs, &KeyError{Key: key, Err: err})
}

// each notes the errors of a list's elements, nil where there is none.
func (c *compiler) each(key string, errs []error) {
	for i, err := range errs {
		if err != nil {
			c.fail(fmt.Sprintf("%s[%d]", key, i), err)
		}
	}
}

func (c *compiler) duration(key string, d, least time.Duration) {
	if err := atLeast(d, least); err != nil {
		c.fail(key, err)
	}
}

// maps checks that the maps a pattern looks into exist.
func (c *compiler) maps(key string, p *pattern.Pattern) {
	for _, m := range p.Maps() {
		if err := among("map", m, c.known.Maps); err != nil {
			c.fail(key, err)
		}
	}
}

// key compiles the patterns of a key. One without variables is checked, and unless it
// needs the INVITE it is in the plan from now on.
func (c *compiler) key(i int, cfg *Config) {
	k := &keys[i]
	if k.patterns == nil {
		return
	}
	p := c.profile
	patterns := k.patterns(cfg)
	late := slices.ContainsFunc(patterns, (*pattern.Pattern).UsesVars)
	p.late = p.late || late
	for j, pt := range patterns {
		at := k.name
		if k.add != nil {
			at = fmt.Sprintf("%s[%d]", k.name, j)
		} else if k.at != nil {
			at = k.at(cfg, j)
		}
		c.maps(at, pt)
		p.destine = p.destine || pt.UsesDestination()
		p.shown = append(p.shown, Value{Key: at, Pattern: pt, Late: late})
		text, static := pt.Static()
		if static {
			to := &p.plan
			if k.perCall {
				to = &Plan{Profile: p, received: "sip:user@host.invalid"}
			}
			if err := k.put(to, j, text); err != nil {
				c.fail(at, err)
			}
			if text == "" && k.required {
				c.fail(at, errors.New("is empty"))
			}
			if !k.perCall {
				continue
			}
		}
		p.values = append(p.values, value{key: i, element: j, at: at, pattern: pt, static: static, late: late})
	}
}

// put puts the value of one pattern of the configuration into a plan.
func (k *key) put(p *Plan, i int, v string) error {
	switch {
	case !k.lines && !sip.ValidHeaderValue(v):
		return errLineBreak
	case k.place != nil:
		return k.place(p, i, v)
	case k.add != nil:
		return k.add(p, v)
	}
	return k.set(p, v)
}

// Name returns the profile's name.
func (p *Profile) Name() string { return p.name }

// Hash returns the SHA-256 of the profile's configuration, in hexadecimal.
func (p *Profile) Hash() string { return p.hash }

// Chain returns the modules of the profile; never nil.
func (p *Profile) Chain() *callcontrol.Chain { return p.chain }
