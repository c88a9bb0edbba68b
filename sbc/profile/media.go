package profile

import (
	"fmt"
	"strconv"
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

	// Whether RTP sequence numbers cross as they are: true or false, default true. With false
	// each leg is sent one sequence for each stream, which goes on where the other leg's source
	// changes or begins anew; what was lost on the way here still is a gap, what dtmf_filtering
	// takes out is none. RTCP is put right. Encrypted streams (SRTP) are never changed.
	//
	//	transparent_seqno = false
	TransparentSeqno bool `toml:"transparent_seqno"`

	// Whether the SSRC of RTP and RTCP crosses as it is: true or false, default true. With false
	// each leg is sent one SSRC of the SBC's for each stream, which stays when the other leg's
	// source changes; then, and only then, timestamps are moved, so that they go on, too. Not
	// for video that sends retransmissions or several layers with SSRCs of their own.
	// Encrypted streams (SRTP) are never changed.
	//
	//	transparent_ssrc = false
	TransparentSSRC bool `toml:"transparent_ssrc"`

	// Whether DTMF in RTP (telephone-event, RFC 4733) is kept from crossing: true or false,
	// default false. Session descriptions are not changed, so no phone turns to tones in the
	// audio instead. INFO is filtered by [profile.NAME.methods].
	//
	//	dtmf_filtering = true
	DTMFFiltering bool `toml:"dtmf_filtering"`

	// Whether digits are read from telephone-events in RTP, and from each INFO that crosses
	// (application/dtmf-relay, application/dtmf), and told to modules: true or false, default
	// false. Not from encrypted streams (SRTP), nor from RTP without relay. Of one leg's stream
	// at most 20 a second are told; all are counted.
	//
	//	dtmf_detection = true
	DTMFDetection bool `toml:"dtmf_detection"`

	// How much media each leg may send, all streams together, RTCP not counted: kbit/s of RTP
	// without IP and UDP headers, or a pattern for it, up to 10000000; default 0, no limit. What
	// is more is dropped and counted. G.711 in packets of 20 ms has 68.8.
	//
	//	bandwidth = 100
	Bandwidth *pattern.Pattern `toml:"bandwidth"`

	// How much of it may come at once: kbit, at least 12, or a pattern for it; default 0, what
	// bandwidth lets pass in a second.
	//
	//	bandwidth_peak = 50
	BandwidthPeak *pattern.Pattern `toml:"bandwidth_peak"`
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
	{name: "media.transparent_seqno", set: setTransparent(func(t *media.Treatment) *bool { return &t.Renumber })},
	{name: "media.transparent_ssrc", set: setTransparent(func(t *media.Treatment) *bool { return &t.OwnSSRC })},
	{name: "media.dtmf_filtering", set: setBool(func(p *Plan) *bool { return &p.Media.Treatment.FilterDTMF })},
	{name: "media.dtmf_detection", set: setBool(func(p *Plan) *bool { return &p.Media.Treatment.DetectDTMF })},
	{name: "media.bandwidth", patterns: one(func(c *Config) *pattern.Pattern { return c.Media.Bandwidth }), set: setBandwidth(func(t *media.Treatment) *int { return &t.Bandwidth })},
	{name: "media.bandwidth_peak", patterns: one(func(c *Config) *pattern.Pattern { return c.Media.BandwidthPeak }), set: setBandwidth(func(t *media.Treatment) *int { return &t.BandwidthPeak })},
}

func (m *Media) compile(c *compiler, p *Plan) {
	c.duration("media.timeout", m.Timeout, time.Second)
	c.duration("media.hold_timeout", m.HoldTimeout, time.Second)
	p.Relay = defaultRelay
	p.Media.Timeout, p.Media.HoldTimeout = m.Timeout, m.HoldTimeout
	usual := media.DefaultPolicy()
	p.Media.SymmetricA, p.Media.SymmetricB = usual.SymmetricA, usual.SymmetricB
	p.SymmetricByFlags = m.SymmetricByFlags
	p.Media.Treatment = media.Treatment{
		Renumber: !m.TransparentSeqno, OwnSSRC: !m.TransparentSSRC,
		FilterDTMF: m.DTMFFiltering, DetectDTMF: m.DTMFDetection,
	}
}

// setTransparent returns the setter of what crosses unless field is set.
func setTransparent(field func(*media.Treatment) *bool) func(*Plan, string) error {
	return func(p *Plan, v string) error {
		if v == "" {
			*field(&p.Media.Treatment) = *field(&p.Profile.plan.Media.Treatment)
			return nil
		}
		b, err := parseBool(v)
		if err == nil {
			*field(&p.Media.Treatment) = !b
		}
		return err
	}
}

// setBandwidth returns the setter of a number of kbit; nothing is no limit.
func setBandwidth(field func(*media.Treatment) *int) func(*Plan, string) error {
	return func(p *Plan, v string) error {
		n, err := 0, error(nil)
		if v != "" {
			if n, err = strconv.Atoi(v); err != nil {
				return fmt.Errorf("want a number of kbit, got %s", brief(v))
			}
		}
		t := p.Media.Treatment
		*field(&t) = n
		if err := t.Check(); err != nil {
			return err
		}
		p.Media.Treatment = t
		return nil
	}
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
