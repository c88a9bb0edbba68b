package profile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// Methods is the section [profile.NAME.methods]: which requests inside a call cross from
// one leg to the other. A request that may not is answered with 405 and an Allow header; the
// Allow of each leg names only what may cross. A key that ends in _a counts for what leg A
// is sent, one in _b for what leg B is sent, and the others for both; all of them count.
// BYE, CANCEL, ACK and the INVITE that begins the call are always let through.
type Methods struct {
	// The only methods that cross: names, default [], all.
	//
	//	allow = ["INVITE", "UPDATE"]
	Allow []string `toml:"allow"`

	// Methods that do not cross, also if allow has them: names, default [].
	//
	//	deny = ["MESSAGE"]
	Deny []string `toml:"deny"`

	// As allow, for requests that leg A is sent.
	//
	//	allow_a = ["INVITE"]
	AllowA []string `toml:"allow_a"`

	// As deny, for requests that leg A is sent.
	//
	//	deny_a = ["INFO"]
	DenyA []string `toml:"deny_a"`

	// As allow, for requests that leg B is sent.
	//
	//	allow_b = ["INVITE"]
	AllowB []string `toml:"allow_b"`

	// As deny, for requests that leg B is sent.
	//
	//	deny_b = ["INFO"]
	DenyB []string `toml:"deny_b"`
}

var methodLists = []list{
	{"methods.allow", listMethods, toBoth, false, func(c *Config) []string { return c.Methods.Allow }, checkMethod},
	{"methods.deny", listMethods, toBoth, true, func(c *Config) []string { return c.Methods.Deny }, checkMethod},
	{"methods.allow_a", listMethods, toA, false, func(c *Config) []string { return c.Methods.AllowA }, checkMethod},
	{"methods.deny_a", listMethods, toA, true, func(c *Config) []string { return c.Methods.DenyA }, checkMethod},
	{"methods.allow_b", listMethods, toB, false, func(c *Config) []string { return c.Methods.AllowB }, checkMethod},
	{"methods.deny_b", listMethods, toB, true, func(c *Config) []string { return c.Methods.DenyB }, checkMethod},
}

// checkMethod checks a method that may be filtered. Methods are in upper case (RFC 3261
// §7.1), so one that is not is a mistake.
func checkMethod(v string) error {
	switch {
	case !sip.ValidToken(v):
		return fmt.Errorf("%s is no method", brief(v))
	case v != strings.ToUpper(v):
		return fmt.Errorf("%s is no method: did you mean %q?", brief(v), strings.ToUpper(v))
	case alwaysCrosses(v):
		return fmt.Errorf("%s always crosses: a call could not end without it", v)
	}
	return nil
}

func alwaysCrosses(method string) bool {
	return method == "BYE" || method == "CANCEL" || method == "ACK"
}

// Crosses says whether a request inside the call may be sent to a leg.
func (p *Plan) Crosses(method string, to media.Side) bool {
	if p.shape == nil || alwaysCrosses(method) {
		return true
	}
	allow, deny := p.shape.of(listMethods, to)
	for _, l := range allow {
		if len(l) > 0 && !slices.Contains(l, method) {
			return false
		}
	}
	return !slices.Contains(deny[0], method) && !slices.Contains(deny[1], method)
}

// Allow returns those of methods, a value of Allow, that may come from a leg.
func (p *Plan) Allow(methods string, from media.Side) string {
	to := from.Other()
	if p.shape == nil || p.shape.silent(listMethods, to) {
		return methods
	}
	own := func(m string) bool { return m == "OPTIONS" } // the SBC answers it itself
	kept := slices.DeleteFunc(splitList(methods), func(m string) bool { return !own(m) && !p.Crosses(m, to) })
	return strings.Join(kept, ", ")
}
