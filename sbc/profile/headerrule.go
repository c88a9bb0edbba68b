package profile

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// HeaderRule is one [[profile.NAME.headers.rule]]: what becomes of the header fields of some
// requests and responses. What it says is done in the order of the keys here.
type HeaderRule struct {
	// Leg that is sent the message: "a" or "b", default both.
	//
	//	to = "b"
	To string `toml:"to"`

	// Messages the rule is for: a method for requests, a status code with x for any digit for
	// responses, both for the responses to that method, "request" for all requests, "response"
	// for all responses; default [], all messages.
	//
	//	on = ["INVITE", "18x", "BYE 2xx"]
	On []string `toml:"on"`

	// The only header fields that cross: names, default [], all.
	//
	//	allow = ["Subject"]
	Allow []string `toml:"allow"`

	// Header fields that do not cross: names, default [].
	//
	//	deny = ["User-Agent"]
	Deny []string `toml:"deny"`

	// Changes of values: texts of the form "Name: regex=>value", default []. Each match of the
	// regular expression in a value of that header field is replaced; \1 to \9 are what its
	// groups matched. A header field whose value becomes empty is left out.
	//
	//	replace = ['P-Asserted-Identity: sip:0(\d+)@=>sip:+49\1@']
	Replace []string `toml:"replace"`

	// Header fields put in place of those of that name: patterns as in append, default []. One
	// whose value is empty leaves what is there.
	//
	//	set = ["User-Agent: sbc1"]
	Set []*pattern.Pattern `toml:"set"`

	// Header fields added: patterns as in append of the section, default [].
	//
	//	append = ["X-Trunk: $si"]
	Append []*pattern.Pattern `toml:"append"`
}

// rule is a compiled HeaderRule. It never changes.
type rule struct {
	not       [2]bool // by the leg that is sent the message: the rule is not for it
	on        []class
	filter    *filter
	replace   []replacement
	set, add  int                 // how many of the patterns are for set, and for append
	first     int                 // of the rule's patterns in Plan.ruleFields
	setFields []callcontrol.Field // of a module's rule, which has no patterns
	addFields []callcontrol.Field
}

// class is a kind of messages.
type class struct {
	method string // "" = any
	code   string // of responses; "" = a request, "any" = any response
}

func (c *class) has(m *sip.Message) bool {
	switch {
	case c.method != "" && c.method != m.Method:
		return false
	case c.code == "":
		return m.IsRequest()
	case m.IsRequest():
		return false
	}
	return c.code == "any" || matchCode(c.code, m.Status)
}

func parseClass(text string) (c class, err error) {
	first, second, two := strings.Cut(strings.TrimSpace(text), " ")
	switch {
	case !two && first == "request":
		return class{}, nil
	case !two && first == "response":
		return class{code: "any"}, nil
	case !two && isCodePattern(strings.ToLower(first)):
		return class{code: strings.ToLower(first)}, nil
	case !sip.ValidToken(first) || first != strings.ToUpper(first) || first[0] >= '0' && first[0] <= '9':
	case !two:
		return class{method: first}, nil
	case second == "response":
		return class{method: first, code: "any"}, nil
	case isCodePattern(strings.ToLower(second)):
		return class{method: first, code: strings.ToLower(second)}, nil
	}
	return c, fmt.Errorf("%s is no kind of messages, such as INVITE, 18x, BYE 2xx, request, response", brief(text))
}

// replacement changes the values of a header field.
type replacement struct {
	id   sip.ID
	name string
	re   *regexp.Regexp
	with string // as package regexp wants it
}

func parseReplacement(text string) (r replacement, err error) {
	name, rest, ok := strings.Cut(text, ":")
	name = strings.TrimSpace(name)
	i := strings.LastIndex(rest, "=>")
	switch {
	case !ok || i < 0:
		return r, fmt.Errorf("%s is not of the form Name: regex=>value", brief(text))
	case !sip.ValidToken(name):
		return r, fmt.Errorf("%s is no name of a header field", brief(name))
	case core(sip.Lookup(name)):
		return r, ownHeader(name)
	case !sip.ValidHeaderValue(text):
		return r, errLineBreak
	}
	r = replacement{id: sip.Lookup(name), name: name, with: template(strings.TrimSpace(rest[i+2:]))}
	r.re, err = regexp.Compile(strings.TrimSpace(rest[:i]))
	return r, err
}

// template makes \1 what package regexp calls ${1}; \\ is a backslash.
func template(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '$':
			b.WriteString("$$")
		case s[i] == '\\' && i+1 < len(s):
			i++
			if s[i] >= '1' && s[i] <= '9' {
				b.WriteString("${" + s[i:i+1] + "}")
			} else {
				b.WriteByte(s[i])
			}
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func (r *replacement) has(h *sip.Header) bool {
	if r.id != sip.Other || h.ID != sip.Other {
		return r.id == h.ID
	}
	return strings.EqualFold(r.name, h.Name)
}

// apply changes the values in m. The message is touched only if something matches.
func (r *replacement) apply(m *sip.Message) {
	changed := false
	for i, hs := 0, m.Headers(); i < len(hs) && !changed; i++ {
		changed = r.has(&hs[i]) && r.re.MatchString(sip.Unfold(hs[i].Value))
	}
	if !changed {
		return
	}
	old := slices.Clone(m.Headers())
	m.Filter(func(sip.Header) bool { return false })
	for i := range old {
		h := &old[i]
		if r.has(h) {
			if h.Value = strings.TrimSpace(r.re.ReplaceAllString(sip.Unfold(h.Value), r.with)); h.Value == "" {
				continue
			}
		}
		m.AddNamed(h.Name, h.Value)
	}
}

// rules compiles the rules of a configuration. Their patterns are evaluated into
// Plan.ruleFields, those without variables once and for all.
func (c *compiler) rules(hs []HeaderRule, p *Plan) {
	n := 0
	for i := range hs {
		h := &hs[i]
		r, errs := newRule(h.To, h.On, h.Allow, h.Deny, h.Replace)
		for _, e := range errs {
			c.fail(fmt.Sprintf("headers.rule[%d].%s", i, e.Key), e.Err)
		}
		r.set, r.add, r.first = len(h.Set), len(h.Append), n
		n += len(h.Set) + len(h.Append)
		c.fields(fmt.Sprintf("headers.rule[%d].set", i), h.Set)
		c.fields(fmt.Sprintf("headers.rule[%d].append", i), h.Append)
		p.rules = append(p.rules, r)
	}
	if n > 0 {
		p.ruleFields = make([][]callcontrol.Field, n)
	}
}

func newRule(to string, on, allow, deny, replace []string) (r *rule, errs []*KeyError) {
	fail := func(key string, i int, err error) {
		if err != nil {
			errs = append(errs, &KeyError{Key: fmt.Sprintf("%s[%d]", key, i), Err: err})
		}
	}
	r = &rule{}
	switch strings.ToLower(to) {
	case "":
	case "a":
		r.not[media.B] = true
	case "b":
		r.not[media.A] = true
	default:
		errs = append(errs, &KeyError{Key: "to", Err: fmt.Errorf("%s is neither a nor b", brief(to))})
	}
	for i, text := range on {
		c, err := parseClass(text)
		fail("on", i, err)
		r.on = append(r.on, c)
	}
	allowed, bad := newNames(allow)
	for i, err := range bad {
		fail("allow", i, err)
	}
	denied, bad := newNames(deny)
	for i, err := range bad {
		fail("deny", i, err)
	}
	if allowed != nil || denied != nil {
		r.filter = &filter{allow: allowed, deny: denied}
	}
	for i, text := range replace {
		x, err := parseReplacement(text)
		fail("replace", i, err)
		r.replace = append(r.replace, x)
	}
	return r, errs
}

// rulePatterns are the patterns of all rules, in order.
func rulePatterns(c *Config) []*pattern.Pattern {
	var ps []*pattern.Pattern
	for i := range c.Headers.Rules {
		ps = append(append(ps, c.Headers.Rules[i].Set...), c.Headers.Rules[i].Append...)
	}
	return ps
}

// rulePatternName is the path of one of them.
func rulePatternName(c *Config, n int) string {
	for i := range c.Headers.Rules {
		h := &c.Headers.Rules[i]
		if n < len(h.Set) {
			return fmt.Sprintf("headers.rule[%d].set[%d]", i, n)
		}
		if n -= len(h.Set); n < len(h.Append) {
			return fmt.Sprintf("headers.rule[%d].append[%d]", i, n)
		}
		n -= len(h.Append)
	}
	return "headers.rule"
}

// setRuleFields takes the value of one pattern of the rules.
func (p *Plan) setRuleFields(n int, v string) error {
	fs, err := addFields(nil, v, 0)
	if err != nil {
		return err
	}
	if of := &p.Profile.plan; p != of && &p.ruleFields[0] == &of.ruleFields[0] {
		p.ruleFields = slices.Clone(p.ruleFields)
	}
	p.ruleFields[n] = fs
	return nil
}

// Most rules a plan has, with those of modules.
const maxRules = 64

// addRule takes a module's rule, a JSON object with the keys of HeaderRule, to be done after
// those there are. "" removes what modules added.
func (p *Plan) addRule(v string) error {
	if v == "" {
		p.rules = p.Profile.plan.rules
		return nil
	}
	var j struct {
		To                                    string
		On, Allow, Deny, Replace, Set, Append []string
	}
	d := json.NewDecoder(strings.NewReader(v))
	d.DisallowUnknownFields()
	if err := d.Decode(&j); err != nil {
		return fmt.Errorf("a rule is a JSON object: %w", err)
	}
	if d.More() {
		return errors.New("more than one rule")
	}
	r, errs := newRule(j.To, j.On, j.Allow, j.Deny, j.Replace)
	if len(errs) > 0 {
		return errs[0]
	}
	if slices.ContainsFunc(slices.Concat(j.Set, j.Append), func(text string) bool { return !sip.ValidHeaderValue(text) }) {
		return errLineBreak
	}
	var err error
	for _, text := range j.Set {
		if r.setFields, err = addFields(r.setFields, text, 0); err != nil {
			return err
		}
	}
	for _, text := range j.Append {
		if r.addFields, err = addFields(r.addFields, text, 0); err != nil {
			return err
		}
	}
	if len(p.rules) >= maxRules {
		return fmt.Errorf("more than %d rules", maxRules)
	}
	p.rules = append(slices.Clip(p.rules), r)
	return nil
}

// apply does the rule on a message to a leg.
func (r *rule) apply(p *Plan, m *sip.Message, to media.Side) {
	if r.not[to] || len(r.on) > 0 && !slices.ContainsFunc(r.on, func(c class) bool { return c.has(m) }) {
		return
	}
	if r.filter != nil {
		m.Filter(r.filter.keep)
	}
	for i := range r.replace {
		r.replace[i].apply(m)
	}
	for _, fs := range p.ruleFields[r.first : r.first+r.set] {
		setAll(m, fs)
	}
	setAll(m, r.setFields)
	for _, fs := range p.ruleFields[r.first+r.set : r.first+r.set+r.add] {
		addAll(m, fs)
	}
	addAll(m, r.addFields)
}

func setAll(m *sip.Message, fs []callcontrol.Field) {
	for i := range fs {
		m.SetNamed(fs[i].Name, fs[i].Value)
	}
}

func addAll(m *sip.Message, fs []callcontrol.Field) {
	for i := range fs {
		m.AddNamed(fs[i].Name, fs[i].Value)
	}
}
