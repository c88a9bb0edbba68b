package profile

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// Contact is the section [profile.NAME.contact]: the Contact header field that the SBC sends
// each leg. Without a key it is the address of the interface that the leg uses, which tells
// nothing of the other leg. Whatever it is, requests have to come back to the SBC: it knows
// its calls by the tag that it gave them, not by the Contact.
type Contact struct {
	// [profile.NAME.contact.a] is the Contact that leg A, towards the caller, is sent.
	A LegContact `toml:"a"`

	// [profile.NAME.contact.b] is the Contact that leg B, towards the callee, is sent.
	B LegContact `toml:"b"`

	// Whether the user part of the Contact that a leg is sent is the other leg's Contact,
	// encrypted: true or false, default false. Who calls that Contact later, outside of the
	// call, gets through: the Request-URI of a call to it is the Contact that it hides, if the
	// profile itself, and not a module, says so.
	//
	//	hiding = true
	Hiding bool `toml:"hiding"`

	// What the user part of a hidden Contact begins with: a pattern, default none.
	//
	//	hiding_prefix = "sp-"
	HidingPrefix *pattern.Pattern `toml:"hiding_prefix"`

	// What is hidden along with a Contact: a pattern for name=value;name=value, default none.
	// When the Contact is called these are variables of that call, as $V(name).
	//
	//	hiding_vars = "trunk=$Rn;from=$si"
	HidingVars *pattern.Pattern `toml:"hiding_vars"`

	// Secret that Contacts are hidden with: at least 16 characters, the same on all nodes that
	// may get the calls. Default: a new one at each start, after which Contacts that were
	// given out before are called in vain.
	//
	//	hiding_secret = "a long sentence nobody knows"
	HidingSecret string `toml:"hiding_secret"`
}

// LegContact is the Contact that one leg is sent.
type LegContact struct {
	// Display name: a pattern, default none. It is put between quotes.
	//
	//	display = "$tn"
	Display *pattern.Pattern `toml:"display"`

	// User part of the URI: a pattern, default none.
	//
	//	user = "$tU"
	User *pattern.Pattern `toml:"user"`

	// Host of the URI: a pattern for a name or an address, default the advertised address of
	// the interface that the leg uses.
	//
	//	host = "sbc.example.net"
	Host *pattern.Pattern `toml:"host"`

	// Port of the URI: a pattern for a number from 1 to 65535, default that of the interface,
	// or none when there is a host.
	//
	//	port = 5060
	Port *pattern.Pattern `toml:"port"`

	// Parameters of the header field, behind the URI: a pattern, default none.
	//
	//	params = "expires=60;q=0.5"
	Params *pattern.Pattern `toml:"params"`

	// Parameters of the URI, besides the transport that the SBC adds for TCP: a pattern,
	// default none.
	//
	//	uri_params = "user=phone;x-trunk=$si"
	URIParams *pattern.Pattern `toml:"uri_params"`
}

// contact is what a plan says of a leg's Contact. It is never changed, only replaced.
type contact struct {
	display, user, host, port, params, uriParams string
}

var contactKeys = join(
	legContactKeys("contact.a.", media.A, func(c *Config) *LegContact { return &c.Contact.A }),
	legContactKeys("contact.b.", media.B, func(c *Config) *LegContact { return &c.Contact.B }),
	[]key{
		{name: "contact.hiding", set: setBool(func(p *Plan) *bool { return &p.Hiding })},
		{name: "contact.hiding_secret", set: (*Plan).setHidingSecret},
		{name: "contact.hiding_prefix", patterns: one(func(c *Config) *pattern.Pattern { return c.Contact.HidingPrefix }), set: (*Plan).setHidingPrefix},
		{name: "contact.hiding_vars", patterns: one(func(c *Config) *pattern.Pattern { return c.Contact.HidingVars }), set: (*Plan).setHidingVars},
	},
)

func legContactKeys(prefix string, side media.Side, of func(*Config) *LegContact) []key {
	part := func(name string, pt func(*LegContact) *pattern.Pattern, check func(string) (string, error), field func(*contact) *string) key {
		return key{
			name:     prefix + name,
			patterns: one(func(c *Config) *pattern.Pattern { return pt(of(c)) }),
			set: func(p *Plan, v string) error {
				v, err := check(strings.TrimSpace(v))
				if err != nil || v == "" && p.contact[side] == nil {
					return err
				}
				var c contact
				if p.contact[side] != nil {
					c = *p.contact[side]
				}
				*field(&c) = v
				p.contact[side] = &c
				return nil
			},
		}
	}
	return []key{
		part("display", func(c *LegContact) *pattern.Pattern { return c.Display }, checkDisplay, func(c *contact) *string { return &c.display }),
		part("user", func(c *LegContact) *pattern.Pattern { return c.User }, checkUser, func(c *contact) *string { return &c.user }),
		part("host", func(c *LegContact) *pattern.Pattern { return c.Host }, checkContactHost, func(c *contact) *string { return &c.host }),
		part("port", func(c *LegContact) *pattern.Pattern { return c.Port }, checkPort, func(c *contact) *string { return &c.port }),
		part("params", func(c *LegContact) *pattern.Pattern { return c.Params }, checkHeaderParams, func(c *contact) *string { return &c.params }),
		part("uri_params", func(c *LegContact) *pattern.Pattern { return c.URIParams }, checkURIParams, func(c *contact) *string { return &c.uriParams }),
	}
}

// checkDisplay returns the name between quotes. What is not quoted well already, as $fn is,
// is taken as it is meant.
func checkDisplay(v string) (string, error) {
	if v == "" {
		return "", nil
	}
	if q := `"` + v + `"`; sip.Unquote(q) != q {
		return q, nil
	}
	return sip.Quote(sip.Unquote(v)), nil
}

// checkUser returns the user part, with escapes for what may not stand there as it is.
func checkUser(v string) (string, error) {
	if u, err := sip.ParseURI("sip:" + v + "@a"); err == nil && u.User == v && u.Host == "a" {
		return v, nil
	}
	return sip.EscapeUser(v), nil
}

func checkContactHost(v string) (string, error) {
	if v == "" {
		return "", nil
	}
	if strings.Count(v, ":") > 1 && v[0] != '[' {
		v = "[" + v + "]"
	}
	if _, port, ok := splitHostPort(v); !ok || port != 0 {
		return "", fmt.Errorf("%s is no host", brief(v))
	}
	return v, nil
}

func checkPort(v string) (string, error) {
	if v == "" {
		return "", nil
	}
	if n, err := strconv.ParseUint(v, 10, 16); err != nil || n == 0 {
		return "", fmt.Errorf("%s is no port", brief(v))
	}
	return v, nil
}

// checkHeaderParams returns parameters with a semicolon before each.
func checkHeaderParams(v string) (string, error) {
	if v = strings.Trim(v, "; "); v == "" {
		return "", nil
	}
	v = ";" + v
	a, err := sip.ParseNameAddr("<sip:a>" + v)
	if err != nil || a.URI != "sip:a" || string(a.Params) != v || !oneElement(v) {
		return "", fmt.Errorf("%s are no parameters, such as a=1;b", brief(v[1:]))
	}
	if _, tagged := a.Params.Get("tag"); tagged {
		return "", errors.New("a Contact has no tag")
	}
	return v, nil
}

func checkURIParams(v string) (string, error) {
	if v = strings.Trim(v, "; "); v == "" {
		return "", nil
	}
	v = ";" + v
	u, err := sip.ParseURI("sip:a" + v)
	if err != nil || u.Host != "a" || string(u.Params) != v || u.Headers != "" || strings.ContainsAny(v, "<>\", ?") {
		return "", fmt.Errorf("%s are no parameters of a URI, such as a=1;b", brief(v[1:]))
	}
	return v, nil
}

// oneElement says whether no comma outside quotes would begin a second Contact.
func oneElement(v string) bool {
	quoted := false
	for i := 0; i < len(v); i++ {
		switch v[i] {
		case '\\':
			if quoted {
				i++
			}
		case '"':
			quoted = !quoted
		case ',':
			if !quoted {
				return false
			}
		}
	}
	return !quoted
}

// Reach is what a leg's Contact is made of, besides what the plan says.
type Reach struct {
	SentBy    string // host and port of the leg's interface
	Transport string // "" for UDP
	User      string // user part that the Contact has to have, "" = none
	Other     string // Contact of the other leg, "" = not known
}

// Contact returns the value of the Contact header field that a leg is sent.
func (p *Plan) Contact(side media.Side, r Reach) string {
	sentBy, transport, user := r.SentBy, r.Transport, r.User
	c := p.contact[side]
	if c == nil {
		if user == "" && transport == "" && !p.Hiding {
			return "<sip:" + sentBy + ">" // nearly always: one allocation
		}
		c = new(contact)
	}
	if user == "" {
		if user = p.hidden(r.Other); user == "" {
			user = c.user
		}
	}
	var b strings.Builder
	if c.display != "" {
		b.WriteString(c.display + " ")
	}
	b.WriteString("<sip:")
	if user != "" {
		b.WriteString(user + "@")
	}
	switch {
	case c.host != "":
		b.WriteString(c.host)
	case c.port != "":
		b.WriteString(sentBy[:hostEnd(sentBy)])
	default:
		b.WriteString(sentBy)
	}
	if c.port != "" {
		b.WriteString(":" + c.port)
	}
	if transport != "" {
		if _, own := sip.Params(c.uriParams).Get("transport"); !own {
			b.WriteString(";transport=" + transport)
		}
	}
	b.WriteString(c.uriParams + ">" + c.params)
	return b.String()
}

// hostEnd is where the port of host:port begins.
func hostEnd(hostPort string) int {
	if i := strings.LastIndexByte(hostPort, ':'); i > strings.LastIndexByte(hostPort, ']') {
		return i
	}
	return len(hostPort)
}
