package profile

import (
	"fmt"
	"strings"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// NAT says whether requests to a leg go where its own came from.
type NAT uint8

const (
	NATAuto NAT = iota
	NATAlways
	NATNever
)

// UnmarshalText reads "auto", "always" or "never".
func (n *NAT) UnmarshalText(text []byte) error {
	switch strings.ToLower(string(text)) {
	case "", "auto":
		*n = NATAuto
	case "always":
		*n = NATAlways
	case "never":
		*n = NATNever
	default:
		return fmt.Errorf("%s is none of auto, always, never", brief(string(text)))
	}
	return nil
}

// String returns what UnmarshalText reads.
func (n NAT) String() string {
	switch n {
	case NATAlways:
		return "always"
	case NATNever:
		return "never"
	}
	return "auto"
}

// MarshalText returns what UnmarshalText reads.
func (n NAT) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

func setNAT(side media.Side) func(*Plan, string) error {
	return func(p *Plan, v string) error {
		if v == "" {
			p.NAT[side] = p.Profile.plan.NAT[side]
			return nil
		}
		return p.NAT[side].UnmarshalText([]byte(v))
	}
}

// setProxy keeps a proxy as the value of a Route header field.
func setProxy(side media.Side) func(*Plan, string) error {
	return func(p *Plan, v string) error {
		if v == "" {
			p.Proxy[side] = ""
			return nil
		}
		if a, err := sip.ParseNameAddr(v); err == nil && v[0] == '<' {
			v = a.URI
		}
		v, err := checkURI(v)
		if err != nil {
			return err
		}
		u, err := sip.ParseURI(v)
		if err != nil {
			return err
		}
		if u.Scheme == "tel" {
			return fmt.Errorf("%s: a proxy has a sip or sips URI", brief(v))
		}
		if strings.ContainsAny(v, "<>\", ") {
			return fmt.Errorf("%s is no URI of a proxy", brief(v))
		}
		// Without lr it would be a strict router of RFC 2543, which wants the Request-URI.
		if _, lr := u.Params.Get("lr"); !lr {
			v += ";lr"
		}
		p.Proxy[side] = "<" + v + ">"
		return nil
	}
}

func (p *Plan) setNextHopA(v string) error {
	v = strings.TrimSpace(v)
	if v != "" {
		if err := checkHop(v); err != nil {
			return err
		}
	}
	p.NextHopA = v
	return nil
}

func (p *Plan) setInterfaceA(v string) error {
	if v != "" {
		if err := among("interface", v, p.Profile.interfaces); err != nil {
			return err
		}
	}
	p.InterfaceA = v
	return nil
}
