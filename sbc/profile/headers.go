package profile

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// Headers is the section [profile.NAME.headers]: which header fields cross from one leg to
// the other, and which are added. The SBC's own are not meant: those that make up dialogs
// and transactions (Via, From, To, Call-ID, CSeq, Contact, Max-Forwards, Route …), that
// describe the body (Content-*) or negotiate (Require, Supported …), or that a method is
// made of (RAck, Event, Refer-To …). P-App-Param and P-App-Name never cross.
type Headers struct {
	// The only header fields that cross, in all requests and responses of the call: names,
	// long or compact, default [], all.
	//
	//	allow = ["Subject", "P-Asserted-Identity"]
	Allow []string `toml:"allow"`

	// Header fields that do not cross, also if allow has them: names, default [].
	//
	//	deny = ["User-Agent", "Server"]
	Deny []string `toml:"deny"`

	// Header fields added to leg B's INVITE, or, with [profile.NAME.refuse], to the response:
	// patterns of the form "Name: value", default []. One whose value is empty is left out. A
	// pattern may make several, with \r\n between them.
	//
	//	append = ["X-Source: $si:$sp", 'P-Original-URI: $r\r\nP-Original-To: $t']
	Append []*pattern.Pattern `toml:"append"`

	// Header fields added to every request that leg A is sent, the SBC's own BYE too: patterns
	// as in append, evaluated when the call comes, default [].
	//
	//	append_a = ["X-Node: sbc1"]
	AppendA []*pattern.Pattern `toml:"append_a"`

	// As append_a, for every request that leg B is sent, its INVITE too.
	//
	//	append_b = ["P-Each: $fU"]
	AppendB []*pattern.Pattern `toml:"append_b"`

	// [[profile.NAME.headers.rule]] changes header fields of requests and responses that cross
	// from one leg to the other, after allow and deny. There may be several; each takes what
	// the one before has left.
	Rules []HeaderRule `toml:"rule"`
}

var headerKeys = []key{
	{name: "headers.allow", set: (*Plan).setAllow},
	{name: "headers.deny", set: (*Plan).setDeny},
	{name: "headers.append", patterns: func(c *Config) []*pattern.Pattern { return c.Headers.Append }, set: (*Plan).setAppend, add: (*Plan).addHeaders, perCall: true, lines: true, adds: true},
	appendTo("headers.append_a", media.A, func(c *Config) []*pattern.Pattern { return c.Headers.AppendA }),
	appendTo("headers.append_b", media.B, func(c *Config) []*pattern.Pattern { return c.Headers.AppendB }),
	{name: "headers.rule", patterns: rulePatterns, at: rulePatternName, place: (*Plan).setRuleFields, set: (*Plan).addRule, lines: true, adds: true},
}

func (h *Headers) compile(c *compiler, p *Plan) {
	allow, errs := newNames(h.Allow)
	c.each("headers.allow", errs)
	deny, errs := newNames(h.Deny)
	c.each("headers.deny", errs)
	p.filter = &filter{allow: allow, deny: deny}
	c.profile.appends = len(h.Append)
	c.fields("headers.append", h.Append)
	c.fields("headers.append_a", h.AppendA)
	c.fields("headers.append_b", h.AppendB)
	c.rules(h.Rules, p)
}

// fields checks patterns for header fields. Names are there whatever the call is, so they
// can be checked now. The ones of patterns without variables are checked with their values.
func (c *compiler) fields(key string, ps []*pattern.Pattern) {
	nothing := &pattern.Env{}
	for i, a := range ps {
		if _, static := a.Static(); static {
			continue
		}
		if _, err := addFields(nil, a.String(nothing), 0); err != nil {
			c.fail(fmt.Sprintf("%s[%d]", key, i), err)
		}
	}
}

func (p *Plan) setAllow(v string) error {
	allow, err := joined(newNames(splitList(v)))
	if err == nil {
		p.filter = &filter{allow: allow, deny: p.filter.deny}
	}
	return err
}

func (p *Plan) setDeny(v string) error {
	deny, err := joined(newNames(splitList(v)))
	if err == nil {
		p.filter = &filter{allow: p.filter.allow, deny: deny}
	}
	return err
}

func joined(n *names, errs []error) (*names, error) { return n, errors.Join(errs...) }

// setAppend adds to what is there already: several modules may each add a header field.
func (p *Plan) setAppend(v string) error {
	if v == "" {
		p.Append = nil
		return nil
	}
	return p.addHeaders(v)
}

func (p *Plan) addHeaders(v string) error { return addTo(&p.Append, v, p.room()) }

// room is how many header fields are expected.
func (p *Plan) room() int {
	if p.Profile == nil {
		return 0
	}
	return p.Profile.appends
}

// appendTo is the key for the header fields of all requests to a leg.
func appendTo(name string, side media.Side, of func(*Config) []*pattern.Pattern) key {
	add := func(p *Plan, v string) error {
		own := slices.Clip(p.appendTo[side]) // the profile's is not written to
		err := addTo(&own, v, 0)
		p.appendTo[side] = own
		return err
	}
	set := func(p *Plan, v string) error {
		if v == "" {
			p.appendTo[side] = nil
			return nil
		}
		return add(p, v)
	}
	return key{name: name, patterns: of, set: set, add: add, lines: true, adds: true}
}

func addTo(list *[]callcontrol.Field, v string, room int) error {
	fs, err := addFields(*list, v, room)
	if err == nil {
		*list = fs
	}
	return err
}

// Most header fields a plan adds.
const maxAppend = 64

// addFields adds one header field a line to list. Values of variables have no line breaks,
// so a line is always the operator's.
func addFields(list []callcontrol.Field, v string, room int) ([]callcontrol.Field, error) {
	for v != "" {
		var line string
		line, v, _ = strings.Cut(v, "\n")
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch {
		case !ok:
			return nil, fmt.Errorf("%s is not of the form Name: value", brief(line))
		case !sip.ValidToken(name):
			return nil, fmt.Errorf("%s is no name of a header field", brief(name))
		case core(sip.Lookup(name)):
			return nil, ownHeader(name)
		case value == "":
			continue
		case !sip.ValidHeaderValue(value):
			return nil, errors.New("a line break in a header field")
		case len(list) == maxAppend:
			return nil, fmt.Errorf("more than %d header fields", maxAppend)
		}
		if list == nil && room > 0 {
			list = make([]callcontrol.Field, 0, room)
		}
		list = append(list, callcontrol.Field{Name: name, Value: value})
	}
	return list, nil
}
