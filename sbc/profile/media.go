package profile

import (
	"time"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
)

// Media is the section [profile.NAME.media]: how audio and video pass.
type Media struct {
	// Whether media passes through the SBC: yes or no (also true, false, 1, 0, on, off), or
	// a pattern for one of these, default true. A pattern that yields nothing means the
	// default. Without relay the two sides see each other's addresses in SDP.
	//
	//	relay = "$H(P-Enable-RTPRelay)"
	Relay *pattern.Pattern `toml:"relay"`

	// Interface for the media of leg A: a pattern for the name of an [interface.NAME]
	// section, default the one leg A's SIP uses.
	//
	//	interface_a = "public"
	InterfaceA *pattern.Pattern `toml:"interface_a"`

	// Interface for the media of leg B, as interface_a.
	//
	//	interface_b = "private"
	InterfaceB *pattern.Pattern `toml:"interface_b"`

	// How long neither side may send any media before the call is hung up: a duration of at
	// least 1s, default "60s"; "0s" never hangs up.
	//
	//	timeout = "5m"
	Timeout time.Duration `toml:"timeout"`

	// The same while one side holds the call, default "0s", never.
	//
	//	hold_timeout = "30m"
	HoldTimeout time.Duration `toml:"hold_timeout"`

	// Whether leg A's media may come from another address than its SDP says, and then goes
	// back there, as behind NAT (RFC 4961): yes or no, or a pattern for one of these, default
	// true.
	//
	//	symmetric_a = false
	SymmetricA *pattern.Pattern `toml:"symmetric_a"`

	// The same for leg B, default true.
	//
	//	symmetric_b = "$H(P-Symmetric)"
	SymmetricB *pattern.Pattern `toml:"symmetric_b"`

	// Whether the flag 2 in a header field P-MsgFlags, as proxies of the SER family set it,
	// makes the media of the leg it comes from symmetric, whatever the keys above say: in the
	// INVITE leg A's, in its responses leg B's. True or false, default false.
	//
	//	symmetric_by_flags = true
	SymmetricByFlags bool `toml:"symmetric_by_flags"`
}

var mediaKeys = []key{
	{name: "media.relay", patterns: one(func(c *Config) *pattern.Pattern { return c.Media.Relay }), set: (*Plan).setRelay},
	{name: "media.interface_a", patterns: one(func(c *Config) *pattern.Pattern { return c.Media.InterfaceA }), set: func(p *Plan, v string) error {
		return p.setMediaInterface(&p.Media.InterfaceA, v)
	}},
	{name: "media.interface_b", patterns: one(func(c *Config) *pattern.Pattern { return c.Media.InterfaceB }), set: func(p *Plan, v string) error {
		return p.setMediaInterface(&p.Media.InterfaceB, v)
	}},
	{name: "media.timeout", set: setDuration(func(p *Plan) *time.Duration { return &p.Media.Timeout }, time.Second)},
	{name: "media.hold_timeout", set: setDuration(func(p *Plan) *time.Duration { return &p.Media.HoldTimeout }, time.Second)},
	{name: "media.symmetric_a", patterns: one(func(c *Config) *pattern.Pattern { return c.Media.SymmetricA }), set: setSymmetric(func(p *media.Policy) *bool { return &p.SymmetricA })},
	{name: "media.symmetric_b", patterns: one(func(c *Config) *pattern.Pattern { return c.Media.SymmetricB }), set: setSymmetric(func(p *media.Policy) *bool { return &p.SymmetricB })},
	{name: "media.symmetric_by_flags", set: setBool(func(p *Plan) *bool { return &p.SymmetricByFlags })},
}

func (m *Media) compile(c *compiler, p *Plan) {
	c.duration("media.timeout", m.Timeout, time.Second)
	c.duration("media.hold_timeout", m.HoldTimeout, time.Second)
	p.Relay = defaultRelay
	p.Media.Timeout, p.Media.HoldTimeout = m.Timeout, m.HoldTimeout
	usual := media.DefaultPolicy()
	p.Media.SymmetricA, p.Media.SymmetricB = usual.SymmetricA, usual.SymmetricB
	p.SymmetricByFlags = m.SymmetricByFlags
}

func (p *Plan) setRelay(v string) error {
	if v == "" {
		p.Relay = defaultRelay
		return nil
	}
	relay, err := parseBool(v)
	if err == nil {
		p.Relay = relay
	}
	return err
}

// setSymmetric returns the setter of a side's symmetric RTP; nothing is the default.
func setSymmetric(field func(*media.Policy) *bool) func(*Plan, string) error {
	return func(p *Plan, v string) error {
		usual := media.DefaultPolicy()
		on := *field(&usual)
		if v != "" {
			var err error
			if on, err = parseBool(v); err != nil {
				return err
			}
		}
		*field(&p.Media) = on
		return nil
	}
}

func (p *Plan) setMediaInterface(field *string, v string) error {
	if v != "" {
		if err := among("media interface", v, p.Profile.mediaInterfaces); err != nil {
			return err
		}
	}
	*field = v
	return nil
}

// setBool returns the setter of a yes or no.
func setBool(field func(*Plan) *bool) func(*Plan, string) error {
	return func(p *Plan, v string) error {
		if v == "" {
			*field(p) = *field(&p.Profile.plan)
			return nil
		}
		b, err := parseBool(v)
		if err == nil {
			*field(p) = b
		}
		return err
	}
}
