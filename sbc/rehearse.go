package sbc

import (
	"context"
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
	t, sent := c.tries, false
	for ; t.left(); t.at++ {
		a := Attempt{RURI: t.ruri(), Plan: c.plan}
		if a.Place, a.Err = t.place(); a.Err != nil {
			t.last = answer{status: 500}
		} else {
			c.rehearseTarget(&a)
		}
		sent = sent || a.Err == nil
		c.sbc.opt.Rehearse(a)
	}
	if !sent {
		c.noneLeft()
		return
	}
	c.exchange = nil
	c.end(cause{disposition: abi.Canceled, code: 487, by: "sbc"})
	c.forget()
}

func (c *call) rehearseTarget(a *Attempt) {
	t := c.tries
	to, literal := transport.Literal(a.Place)
	if literal {
		a.To = to.Addr
		a.Err = c.invite(to)
	} else if a.Err = reachable(a.Place); a.Err == nil {
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
	} else {
		t.last = answer{status: 503}
		return
	}
	a.Proto = to.Proto
	if a.Err != nil {
		t.last = replyTo(a.Err)
		return
	}
	a.Interface, a.LocalTag, a.CallID = c.b.flow.Interface().Name(), c.b.localTag, c.b.callID
	a.NewCallID = c.plan.CallID == ""
}

// reachable says whether there is a transport for a URI whose host is a name, by looking an
// address up in its place.
func reachable(u sip.URI) error {
	u.Host = "0.0.0.0"
	u.Params = u.Params.Del("maddr")
	_, err := transport.Resolve(context.Background(), nil, u)
	return err
}
