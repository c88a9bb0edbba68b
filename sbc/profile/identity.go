package profile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sallyport-sbc/sallyport/sbc/pattern"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// Identity is the section [profile.NAME.identity]: who the call is from and to, on leg B.
type Identity struct {
	// Request-URI of leg B: a pattern, default as received. Without a scheme it is a sip
	// URI. Where it goes is [profile.NAME.routing]'s; without a next hop and targets, to
	// this URI.
	//
	//	ruri = "sip:$tU@sbc1.example.net"
	RURI *pattern.Pattern `toml:"ruri"`

	// Host of leg B's Request-URI, in place of the host and port that ruri or the caller
	// gave: a pattern for host or host:port, default none.
	//
	//	ruri_host = "$H(P-Carrier).example.net"
	RURIHost *pattern.Pattern `toml:"ruri_host"`

	// From of leg B: a pattern for an address with or without display name, default as
	// received. A tag in it is removed, leg B has its own.
	//
	//	from = "<sip:anonymous@example.net>"
	From *pattern.Pattern `toml:"from"`

	// To of leg B, as from.
	//
	//	to = "\"$tn\" <sip:$tU@example.net>"
	To *pattern.Pattern `toml:"to"`

	// Call-ID of leg B: a pattern, default a new random one, which tells nothing about leg A.
	//
	//	call_id = "$ci_leg2"
	CallID *pattern.Pattern `toml:"call_id"`

	// Whether both legs have the same Call-ID, tags and CSeq numbers: true or false, default
	// false. Then ids in Replaces mean the same call on either side, and the far ends can be
	// traced as one call, but each learns of the other what its identifiers say. Requests
	// inside the call are found by the user part of the Contact, which is the SBC's. call_id
	// has no effect.
	//
	//	transparent_dialog = true
	TransparentDialog bool `toml:"transparent_dialog"`
}

// compile puts the key that is no pattern into the plan all calls begin with.
func (i *Identity) compile(c *compiler, cfg *Config, p *Plan) {
	p.TransparentDialog = i.TransparentDialog
	if i.TransparentDialog && (cfg.Contact.A.User != nil || cfg.Contact.B.User != nil) {
		c.fail("identity.transparent_dialog", errors.New("cannot go with the user part of a Contact: the SBC finds its calls by it"))
	}
}

var identityKeys = []key{
	{name: "identity.ruri", patterns: one(func(c *Config) *pattern.Pattern { return c.Identity.RURI }), set: (*Plan).setRURI},
	{name: "identity.ruri_host", patterns: one(func(c *Config) *pattern.Pattern { return c.Identity.RURIHost }), set: (*Plan).setRURIHost, perCall: true},
	{name: "identity.from", patterns: one(func(c *Config) *pattern.Pattern { return c.Identity.From }), set: (*Plan).setFrom},
	{name: "identity.to", patterns: one(func(c *Config) *pattern.Pattern { return c.Identity.To }), set: (*Plan).setTo},
	{name: "identity.call_id", patterns: one(func(c *Config) *pattern.Pattern { return c.Identity.CallID }), set: (*Plan).setCallID},
	{name: "identity.transparent_dialog", set: setBool(func(p *Plan) *bool { return &p.TransparentDialog })},
}

func (p *Plan) setRURI(v string) error {
	if v == "" {
		p.RURI = p.revealed
		return nil
	}
	uri, err := checkURI(v)
	if err == nil {
		p.RURI = uri
	}
	return err
}

// setRURIHost replaces the host of what the Request-URI is so far.
func (p *Plan) setRURIHost(v string) error {
	if v == "" {
		return nil
	}
	base := p.RURI
	if base == "" {
		base = p.received
	}
	u, err := sip.ParseURI(base)
	if err != nil {
		return err
	}
	host, port, ok := splitHostPort(v)
	if !ok {
		return errors.New("want a host or host:port")
	}
	if u.Scheme != "sip" && u.Scheme != "sips" {
		return fmt.Errorf("a %s URI has no host", u.Scheme)
	}
	u.Host, u.Port = host, port
	p.RURI = u.String()
	return nil
}

func (p *Plan) setFrom(v string) error {
	addr, err := checkAddress(v)
	if err == nil {
		p.From = addr
	}
	return err
}

func (p *Plan) setTo(v string) error {
	addr, err := checkAddress(v)
	if err == nil {
		p.To = addr
	}
	return err
}

func (p *Plan) setCallID(v string) error {
	for i := range len(v) {
		if v[i] <= ' ' || v[i] >= 0x7f {
			return errors.New("a Call-ID has no spaces and no characters beyond ASCII")
		}
	}
	p.CallID = v
	return nil
}

// checkURI returns v as a URI a request can be sent to, with a scheme.
func checkURI(v string) (string, error) {
	v = withScheme(strings.TrimSpace(v))
	u, err := sip.ParseURI(v)
	if err != nil {
		return "", err
	}
	if u.Scheme != "sip" && u.Scheme != "sips" && u.Scheme != "tel" {
		return "", fmt.Errorf("%s is neither a sip nor a sips nor a tel URI", brief(v))
	}
	if u.Headers != "" || strings.HasSuffix(v, "?") {
		return "", errors.New("a Request-URI has no headers behind a ?")
	}
	if u.User == "" && strings.HasPrefix(v[len(u.Scheme):], ":@") {
		return "", errors.New("no user before the @")
	}
	return v, nil
}

// checkAddress returns v as the value of From or To: with a scheme and without a tag.
func checkAddress(v string) (string, error) {
	v = strings.TrimSpace(v)
	if v == "" {
		return "", nil
	}
	open := openBracket(v)
	if open < 0 {
		v = withScheme(v)
	} else if uri := strings.TrimLeft(v[open+1:], " "); !hasScheme(uri) {
		v = v[:open+1] + withScheme(uri)
	}
	a, err := sip.ParseNameAddr(v)
	if err != nil {
		return "", err
	}
	if _, err := sip.ParseURI(a.URI); err != nil {
		return "", err
	}
	if _, tagged := a.Params.Get("tag"); open >= 0 && !tagged {
		return v, nil
	}
	a.Params = a.Params.Del("tag")
	return a.String(), nil
}

// openBracket returns where the < is that no quotes are around, -1 if there is none.
func openBracket(v string) int {
	quoted := false
	for i := 0; i < len(v); i++ {
		switch v[i] {
		case '\\':
			if quoted {
				i++
			}
		case '"':
			quoted = !quoted
		case '<':
			if !quoted {
				return i
			}
		}
	}
	return -1
}

// withScheme puts sip: before a URI without a scheme, as $fu and user@host are.
func withScheme(v string) string {
	if hasScheme(v) {
		return v
	}
	return "sip:" + v
}

// hasScheme tells "tel:+15550100" from "example.org:5060" and "alice@example.org:5060".
func hasScheme(v string) bool {
	scheme, rest, ok := strings.Cut(v, ":")
	if !ok || scheme == "" {
		return false
	}
	if s := strings.ToLower(scheme); s == "sip" || s == "sips" || s == "tel" {
		return true
	}
	for i := range len(scheme) {
		c := scheme[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || (c < '0' || c > '9') && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	// "example.org:5060" has digits only up to the end or the parameters.
	rest = strings.TrimLeft(rest, "0123456789")
	return rest != "" && rest[0] != ';' && rest[0] != '>' && rest[0] != '?'
}
