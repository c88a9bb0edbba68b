package profile

import (
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
)

// Codecs is the section [profile.NAME.codecs]: which codecs the legs may agree on, and in
// which order they are offered, whether media passes through the SBC or not. A codec is an
// encoding name without regard to case, "PCMA", or name and clock rate, "L16/44100"; that
// telephone-event and CN are names like others is easily forgotten in a list of those
// allowed. A stream that has no codec left is refused with port 0, and an offer without a
// stream left with 488. A key that ends in _a counts for SDP that leg A is sent, one in _b
// for SDP that leg B is sent, and the others for both; all of them count.
type Codecs struct {
	// The only codecs that may be there: names, default [], all.
	//
	//	allow = ["PCMA", "PCMU", "telephone-event"]
	Allow []string `toml:"allow"`

	// Codecs that may not be there, also if allow has them: names, default [].
	//
	//	deny = ["G729"]
	Deny []string `toml:"deny"`

	// As allow, for SDP that leg A is sent.
	//
	//	allow_a = ["PCMU", "telephone-event"]
	AllowA []string `toml:"allow_a"`

	// As deny, for SDP that leg A is sent.
	//
	//	deny_a = ["opus"]
	DenyA []string `toml:"deny_a"`

	// As allow, for SDP that leg B is sent.
	//
	//	allow_b = ["PCMA", "telephone-event"]
	AllowB []string `toml:"allow_b"`

	// As deny, for SDP that leg B is sent.
	//
	//	deny_b = ["opus", "G722"]
	DenyB []string `toml:"deny_b"`

	// Codecs that come first in SDP that leg A is sent, most wanted first; the others keep
	// their order: a pattern for one or several with commas between them, default none.
	//
	//	prefer_a = "PCMA, PCMU"
	PreferA *pattern.Pattern `toml:"prefer_a"`

	// As prefer_a, for SDP that leg B is sent.
	//
	//	prefer_b = "$M($rd=>carrier_codecs)"
	PreferB *pattern.Pattern `toml:"prefer_b"`
}

var codecLists = []list{
	{"codecs.allow", listCodecs, toBoth, false, func(c *Config) []string { return c.Codecs.Allow }, checkCodec},
	{"codecs.deny", listCodecs, toBoth, true, func(c *Config) []string { return c.Codecs.Deny }, checkCodec},
	{"codecs.allow_a", listCodecs, toA, false, func(c *Config) []string { return c.Codecs.AllowA }, checkCodec},
	{"codecs.deny_a", listCodecs, toA, true, func(c *Config) []string { return c.Codecs.DenyA }, checkCodec},
	{"codecs.allow_b", listCodecs, toB, false, func(c *Config) []string { return c.Codecs.AllowB }, checkCodec},
	{"codecs.deny_b", listCodecs, toB, true, func(c *Config) []string { return c.Codecs.DenyB }, checkCodec},
}

var codecKeys = join(listKeys(codecLists), []key{
	{name: "codecs.prefer_a", patterns: one(func(c *Config) *pattern.Pattern { return c.Codecs.PreferA }), set: setPrefer(0)},
	{name: "codecs.prefer_b", patterns: one(func(c *Config) *pattern.Pattern { return c.Codecs.PreferB }), set: setPrefer(1)},
})

var checkCodec = checkName("codec", `"PCMA" or "L16/44100"`)

// Most codecs a preference names: it comes from the network where its pattern says so.
const maxPrefer = 32

func setPrefer(side int) func(*Plan, string) error {
	return func(p *Plan, v string) error {
		list := splitList(v)
		if len(list) > maxPrefer {
			list = list[:maxPrefer]
		}
		for _, c := range list {
			if err := checkCodec(c); err != nil {
				return err
			}
		}
		if len(list) > 0 || p.shape != nil {
			p.reshape(func(s *shape) { s.prefer[side] = list })
		}
		return nil
	}
}
