package profile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sallyport-sbc/sallyport/media"
)

// SDP is the section [profile.NAME.sdp]: what else of session descriptions crosses, whether
// media passes through the SBC or not. Without relay and without any of these keys, or of
// [profile.NAME.codecs], a description crosses byte for byte. A key that ends in _a counts
// for SDP that leg A is sent, one in _b for SDP that leg B is sent, and the others for both;
// all of them count.
type SDP struct {
	// The only kinds of streams that cross: media types as in m= lines, default [], all. One
	// that may not is refused with port 0, and an offer without a stream left with 488.
	//
	//	media_allow = ["audio", "image"]
	MediaAllow []string `toml:"media_allow"`

	// Kinds of streams that do not cross, also if media_allow has them: default [].
	//
	//	media_deny = ["video"]
	MediaDeny []string `toml:"media_deny"`

	// As media_allow, for SDP that leg A is sent.
	//
	//	media_allow_a = ["audio"]
	MediaAllowA []string `toml:"media_allow_a"`

	// As media_deny, for SDP that leg A is sent.
	//
	//	media_deny_a = ["application"]
	MediaDenyA []string `toml:"media_deny_a"`

	// As media_allow, for SDP that leg B is sent.
	//
	//	media_allow_b = ["audio"]
	MediaAllowB []string `toml:"media_allow_b"`

	// As media_deny, for SDP that leg B is sent.
	//
	//	media_deny_b = ["video", "application"]
	MediaDenyB []string `toml:"media_deny_b"`

	// The only attributes, a= lines, that cross: names, default [], all. rtpmap, fmtp and
	// the direction are part of a stream and always cross.
	//
	//	attributes_allow = ["ptime", "maxptime", "rtcp"]
	AttributesAllow []string `toml:"attributes_allow"`

	// Attributes that do not cross, also if attributes_allow has them: names, default [].
	//
	//	attributes_deny = ["X-nat", "tool"]
	AttributesDeny []string `toml:"attributes_deny"`

	// As attributes_allow, for SDP that leg A is sent.
	//
	//	attributes_allow_a = ["ptime"]
	AttributesAllowA []string `toml:"attributes_allow_a"`

	// As attributes_deny, for SDP that leg A is sent.
	//
	//	attributes_deny_a = ["rtcp-fb"]
	AttributesDenyA []string `toml:"attributes_deny_a"`

	// As attributes_allow, for SDP that leg B is sent.
	//
	//	attributes_allow_b = ["ptime"]
	AttributesAllowB []string `toml:"attributes_allow_b"`

	// As attributes_deny, for SDP that leg B is sent.
	//
	//	attributes_deny_b = ["crypto"]
	AttributesDenyB []string `toml:"attributes_deny_b"`

	// Whether what tells of the user is taken out: the session's name becomes "-", u=, e= and
	// p= lines go, o= has the user name "-" and an address of the SBC's. Default false.
	//
	//	anonymize = true
	Anonymize bool `toml:"anonymize"`

	// Whether descriptions cross without being looked at: byte for byte, even what is no
	// valid SDP. Default false. It needs relay = false in [profile.NAME.media], or a pattern
	// there, and then counts for the calls without relay; and no filters.
	//
	//	transparent = true
	Transparent bool `toml:"transparent"`
}

var sdpLists = []list{
	{"sdp.media_allow", listMedia, toBoth, false, func(c *Config) []string { return c.SDP.MediaAllow }, checkMedia},
	{"sdp.media_deny", listMedia, toBoth, true, func(c *Config) []string { return c.SDP.MediaDeny }, checkMedia},
	{"sdp.media_allow_a", listMedia, toA, false, func(c *Config) []string { return c.SDP.MediaAllowA }, checkMedia},
	{"sdp.media_deny_a", listMedia, toA, true, func(c *Config) []string { return c.SDP.MediaDenyA }, checkMedia},
	{"sdp.media_allow_b", listMedia, toB, false, func(c *Config) []string { return c.SDP.MediaAllowB }, checkMedia},
	{"sdp.media_deny_b", listMedia, toB, true, func(c *Config) []string { return c.SDP.MediaDenyB }, checkMedia},
	{"sdp.attributes_allow", listAttributes, toBoth, false, func(c *Config) []string { return c.SDP.AttributesAllow }, checkAttribute},
	{"sdp.attributes_deny", listAttributes, toBoth, true, func(c *Config) []string { return c.SDP.AttributesDeny }, checkAttribute},
	{"sdp.attributes_allow_a", listAttributes, toA, false, func(c *Config) []string { return c.SDP.AttributesAllowA }, checkAttribute},
	{"sdp.attributes_deny_a", listAttributes, toA, true, func(c *Config) []string { return c.SDP.AttributesDenyA }, checkAttribute},
	{"sdp.attributes_allow_b", listAttributes, toB, false, func(c *Config) []string { return c.SDP.AttributesAllowB }, checkAttribute},
	{"sdp.attributes_deny_b", listAttributes, toB, true, func(c *Config) []string { return c.SDP.AttributesDenyB }, checkAttribute},
}

var sdpKeys = join(listKeys(sdpLists), []key{
	{name: "sdp.anonymize", set: setFlag(func(s *shape) *bool { return &s.anonymize })},
	{name: "sdp.transparent", set: setFlag(func(s *shape) *bool { return &s.transparent })},
})

var checkMedia = checkName("media type", `"audio"`)

func checkAttribute(v string) error {
	if strings.HasPrefix(v, "a=") {
		return fmt.Errorf("%s: want the name alone, without a=", brief(v))
	}
	if media.CoreAttribute(v) {
		return fmt.Errorf("%s is part of what a stream is: it is not filtered", brief(v))
	}
	return checkName("attribute", `"ptime"`)(v)
}

// setFlag returns the setter of a yes or no in the shape.
func setFlag(field func(*shape) *bool) func(*Plan, string) error {
	return func(p *Plan, v string) error {
		on := false
		if v == "" {
			if s := p.Profile.plan.shape; s != nil {
				on = *field(s)
			}
		} else {
			var err error
			if on, err = parseBool(v); err != nil {
				return err
			}
		}
		p.reshape(func(s *shape) { *field(s) = on })
		return nil
	}
}

// compileShape puts the filters of methods and SDP into the plan all calls begin with.
func (c *compiler) compileShape(cfg *Config, p *Plan) {
	s := &shape{anonymize: cfg.SDP.Anonymize, transparent: cfg.SDP.Transparent}
	for _, lists := range [...][]list{methodLists, codecLists, sdpLists} {
		for i := range lists {
			lists[i].compile(c, cfg, s)
		}
	}
	p.setShape(s)
	if s.transparent {
		if p.Media.Shape != [2]*media.Shape{} || cfg.Codecs.PreferA != nil || cfg.Codecs.PreferB != nil {
			c.fail("sdp.transparent", errTransparentFilter)
		}
		if relay, static := cfg.Media.Relay.Static(); static || cfg.Media.Relay == nil {
			if on, err := parseBool(relay); relay == "" || err == nil && on {
				c.fail("sdp.transparent", errors.New("needs relay = false in the section media: a relay has to rewrite addresses"))
			}
		}
	}
	if !s.transparent && p.Media.Shape == [2]*media.Shape{} && s.silent(listMethods, media.A) && s.silent(listMethods, media.B) {
		p.shape = nil
	}
}

var errTransparentFilter = errors.New("does not go with anonymize, codecs and filters: they change the description")

// SDPTransparent says whether descriptions cross without being looked at.
func (p *Plan) SDPTransparent() bool { return !p.Relay && p.shape != nil && p.shape.transparent }
