package profile

import (
	"errors"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
)

// Auth is the section [profile.NAME.auth]: digest authentication (RFC 3261 §22, RFC 8760),
// each leg for itself.
type Auth struct {
	// Leg A, towards the caller: [profile.NAME.auth.a].
	A LegAuth `toml:"a"`

	// Leg B, towards the callee: [profile.NAME.auth.b].
	B LegAuth `toml:"b"`
}

// LegAuth is the authentication of one leg.
type LegAuth struct {
	// User name with which the SBC answers a challenge (401, 407) of the far end of this leg:
	// a pattern, default none: the challenge crosses to the other leg.
	//
	//	user = "trunk-4711"
	User *pattern.Pattern `toml:"user"`

	// Password for it: a pattern.
	//
	//	password = "$M($fU=>passwords)"
	Password *pattern.Pattern `toml:"password"`

	// Realm that is answered, and no other: a pattern, default the realm of the first
	// challenge of the call.
	//
	//	realm = "carrier.example.net"
	Realm *pattern.Pattern `toml:"realm"`

	// What requests that come on this leg must bring: [profile.NAME.auth.a.require].
	Require Require `toml:"require"`
}

// Require is what the SBC demands of the far end of a leg.
type Require struct {
	// Realm of the challenge: a pattern, default none: nothing is demanded. Requests without
	// good credentials get 401; MD5 and SHA-256 are offered.
	//
	//	realm = "sbc.example.com"
	Realm *pattern.Pattern `toml:"realm"`

	// User that must authenticate: a pattern, default the user of the From field.
	//
	//	user = "$fU"
	User *pattern.Pattern `toml:"user"`

	// Password of that user: a pattern. One that yields nothing lets nobody in.
	//
	//	password = "$M($fU=>passwords)"
	Password *pattern.Pattern `toml:"password"`
}

// Credentials are what one leg authenticates with and demands, in values.
type Credentials struct {
	User, Password, Realm                      string // "" user = none
	RequireRealm, RequireUser, RequirePassword string // "" realm = nothing demanded
}

var errNoPassword = errors.New("is set without auth.*.password")

var authKeys = join(
	credentialKeys("auth.a.", media.A, func(c *Config) *LegAuth { return &c.Auth.A }),
	credentialKeys("auth.b.", media.B, func(c *Config) *LegAuth { return &c.Auth.B }),
)

func credentialKeys(prefix string, side media.Side, of func(*Config) *LegAuth) []key {
	text := func(name string, p func(*LegAuth) *pattern.Pattern, field func(*Credentials) *string) key {
		return key{
			name:     prefix + name,
			patterns: one(func(c *Config) *pattern.Pattern { return p(of(c)) }),
			set: func(p *Plan, v string) error {
				*field(&p.Auth[side]) = v
				return nil
			},
		}
	}
	return []key{
		text("user", func(l *LegAuth) *pattern.Pattern { return l.User }, func(c *Credentials) *string { return &c.User }),
		text("password", func(l *LegAuth) *pattern.Pattern { return l.Password }, func(c *Credentials) *string { return &c.Password }),
		text("realm", func(l *LegAuth) *pattern.Pattern { return l.Realm }, func(c *Credentials) *string { return &c.Realm }),
		text("require.realm", func(l *LegAuth) *pattern.Pattern { return l.Require.Realm }, func(c *Credentials) *string { return &c.RequireRealm }),
		text("require.user", func(l *LegAuth) *pattern.Pattern { return l.Require.User }, func(c *Credentials) *string { return &c.RequireUser }),
		text("require.password", func(l *LegAuth) *pattern.Pattern { return l.Require.Password }, func(c *Credentials) *string { return &c.RequirePassword }),
	}
}

// compile checks what one key alone cannot know.
func (a *Auth) compile(c *compiler) {
	for _, l := range [...]struct {
		prefix string
		of     *LegAuth
	}{{"auth.a.", &a.A}, {"auth.b.", &a.B}} {
		if l.of.User != nil && l.of.Password == nil {
			c.fail(l.prefix+"user", errNoPassword)
		}
		if l.of.Require.Realm != nil && l.of.Require.Password == nil {
			c.fail(l.prefix+"require.realm", errNoPassword)
		}
	}
}
