package sbc

import (
	"net/netip"
	"strings"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/sbc/profile"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// Attempt is one target of a call that is rehearsed.
type Attempt struct {
	RURI  string         // Request-URI of leg B
	Place sip.URI        // where the request goes: the next hop, else the Request-URI
	To    netip.AddrPort // invalid when Place needs a look-up
	Proto transport.Proto

	Interface string        // leg B leaves by
	LocalTag  string        // of leg B, made for this attempt
	CallID    string        // of leg B
	NewCallID bool          // CallID was made for this attempt, too
	Err       error         // why nothing was sent
	Plan      *profile.Plan // of the call, to read only
}

// rehearse sends the INVITE to every target, whether the one before answers or not, and
// ends the call. Names are not looked up: the INVITE is the same wherever it goes.
func (c *call) rehearse() {
	t := c.tries
	for ; t.left(); t.at++ {
		a := Attempt{RURI: t.ruri(), Plan: c.plan}
		if a.Place, a.Err = t.place(); a.Err == nil {
			c.rehearseTarget(&a)
		}
		c.sbc.opt.Rehearse(a)
	}
	c.exchange = nil
	c.end(cause{disposition: abi.Canceled, code: 487, by: "sbc"})
	c.forget()
}

func (c *call) rehearseTarget(a *Attempt) {
	to, literal := transport.Literal(a.Place)
	if literal {
		a.To = to.Addr
		a.Err = c.invite(to)
	} else {
		// Which addresses a name has does not show in the message, but for their family.
		if v, _ := a.Place.Params.Get("transport"); strings.EqualFold(v, "tcp") {
			to.Proto = transport.TCP
		}
		for _, any := range [...]netip.Addr{netip.IPv4Unspecified(), netip.IPv6Unspecified()} {
			to.Addr = netip.AddrPortFrom(any, 5060)
			if a.Err = c.invite(to); a.Err == nil {
				break
			}
		}
	}
	a.Proto = to.Proto
	if a.Err != nil || c.b == nil {
		return
	}
	a.Interface, a.LocalTag, a.CallID = c.b.flow.Interface().Name(), c.b.localTag, c.b.callID
	a.NewCallID = c.plan.CallID == ""
}
