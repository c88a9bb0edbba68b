package profile

import (
	"errors"
	"fmt"
	"strings"

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
}

var headerKeys = []key{
	{name: "headers.allow", set: (*Plan).setAllow},
	{name: "headers.deny", set: (*Plan).setDeny},
	{name: "headers.append", patterns: func(c *Config) []*pattern.Pattern { return c.Headers.Append }, set: (*Plan).setAppend, add: (*Plan).addHeaders, perCall: true, lines: true, adds: true},
}

func (h *Headers) compile(c *compiler, p *Plan) {
	allow, errs := newNames(h.Allow)
	c.each("headers.allow", errs)
	deny, errs := newNames(h.Deny)
	c.each("headers.deny", errs)
	p.filter = &filter{allow: allow, deny: deny}
	nothing := &pattern.Env{}
	c.profile.appends = len(h.Append)
	for i, a := range h.Append {
		// Names are there whatever the call is, so they can be checked now. The ones of
		// patterns without variables are checked with their values.
		var scratch Plan
		if _, static := a.Static(); static {
			continue
		}
		if err := scratch.addHeaders(a.String(nothing)); err != nil {
			c.fail(fmt.Sprintf("headers.append[%d]", i), err)
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

// Most header fields a plan adds.
const maxAppend = 64

// addHeaders adds one header field a line. Values of variables have no line breaks, so a
// line is always the operator's.
func (p *Plan) addHeaders(v string) error {
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
			return fmt.Errorf("%s is not of the form Name: value", brief(line))
		case !sip.ValidToken(name):
			return fmt.Errorf("%s is no name of a header field", brief(name))
		case core(sip.Lookup(name)):
			return fmt.Errorf("%s is the SBC's own header field", name)
		case value == "":
			continue
		case !sip.ValidHeaderValue(value):
			return errors.New("a line break in a header field")
		case len(p.Append) == maxAppend:
			return fmt.Errorf("more than %d header fields", maxAppend)
		}
		if p.Append == nil && p.Profile != nil {
			p.Append = make([]callcontrol.Field, 0, p.Profile.appends)
		}
		p.Append = append(p.Append, callcontrol.Field{Name: name, Value: value})
	}
	return nil
}

// core says whether a header field is the SBC's own or what a method cannot be without.
func core(id sip.ID) bool {
	switch id {
	case sip.Via, sip.From, sip.To, sip.CallID, sip.CSeq, sip.Contact, sip.MaxForwards, sip.Route, sip.RecordRoute,
		sip.ContentType, sip.ContentLength, sip.ContentEncoding, sip.ContentDisposition, sip.MIMEVersion,
		sip.Require, sip.ProxyRequire, sip.Supported, sip.Unsupported, sip.Allow,
		sip.SessionExpires, sip.MinSE, sip.RSeq, sip.RAck, sip.Timestamp,
		sip.Event, sip.SubscriptionState, sip.ReferTo, sip.InfoPackage:
		return true
	}
	return false
}

// filter decides which header fields cross.
type filter struct {
	allow *names // nil: all
	deny  *names
}

func (f *filter) keep(h sip.Header) bool {
	switch {
	case core(h.ID):
		return true
	case h.ID == sip.Other && isAppHeader(h.Name):
		return false
	case f == nil:
		return true
	}
	return (f.allow == nil || f.allow.has(&h)) && !f.deny.has(&h)
}

// isAppHeader says whether a header field is for the SBC only, from a proxy before it.
func isAppHeader(name string) bool {
	return strings.EqualFold(name, "P-App-Param") || strings.EqualFold(name, "P-App-Name")
}

// names is a set of header fields.
type names struct {
	known [256]bool // by ID
	other []string
}

// newNames returns nil for an empty list.
func newNames(list []string) (n *names, errs []error) {
	if len(list) == 0 {
		return nil, nil
	}
	n = &names{}
	errs = make([]error, len(list))
	for i, name := range list {
		id := sip.Lookup(name)
		switch {
		case !sip.ValidToken(name):
			errs[i] = fmt.Errorf("%s is no name of a header field", brief(name))
		case core(id):
			errs[i] = fmt.Errorf("%s is the SBC's own header field: it is not filtered", name)
		case id != sip.Other:
			n.known[id] = true
		default:
			n.other = append(n.other, name)
		}
	}
	return n, errs
}

func (n *names) has(h *sip.Header) bool {
	if n == nil {
		return false
	}
	if h.ID != sip.Other {
		return n.known[h.ID]
	}
	for _, name := range n.other {
		if len(name) == len(h.Name) && strings.EqualFold(name, h.Name) {
			return true
		}
	}
	return false
}
