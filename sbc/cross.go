package sbc

import (
	"net/netip"
	"strings"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/profile"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
)

// sessionOf is the body for the leg that asked: B's answer, or its offer when the
// INVITE had none. A 2xx without SDP behind an early answer means that answer; it is
// said again, because the provisional response that carried it may have been lost.
func (c *call) sessionOf(x *exchange, res *sip.Message) (string, error) {
	switch {
	case res.Body == "" && x.offered:
		return x.early, nil
	case isMultipart(res) && (c.media != nil || shaped(c.plan)):
		return "", ErrBody // a session among other parts would get past the relay and the filters
	case res.Body == "" || !isSDP(res):
		return res.Body, nil
	case x.offered:
		return c.answerFrom(x.to, res.Body)
	}
	return c.offerFrom(x.to, res.Body)
}

func (c *call) offerFrom(l *leg, body string) (string, error) {
	if c.media == nil {
		return c.crossSDP(l.side.Other(), body)
	}
	sdp, err := c.media.Offer(l.side, []byte(body))
	return string(sdp), err
}

func (c *call) answerFrom(l *leg, body string) (string, error) {
	if c.media == nil {
		return c.crossSDP(l.side.Other(), body)
	}
	sdp, err := c.media.Answer(l.side, []byte(body))
	return string(sdp), err
}

// crossSDP is what a description becomes on its way to the other leg when media does not
// pass through the SBC.
func (c *call) crossSDP(to media.Side, body string) (string, error) {
	p := c.plan
	if p == nil {
		return body, media.Check([]byte(body))
	}
	if p.SDPTransparent() {
		return body, nil
	}
	if shape := p.Media.Shape[to]; shape != nil {
		sdp, err := shape.Apply([]byte(body), c.addrTo(to))
		return string(sdp), err
	}
	return body, media.Check([]byte(body))
}

// shaped says whether the plan shapes descriptions at all. Then a body that hides one among
// other parts cannot cross.
func shaped(p *profile.Plan) bool {
	return p != nil && p.Media.Shape != [2]*media.Shape{} && !p.SDPTransparent()
}

// addrTo is the SBC's address on the interface that a leg uses.
func (c *call) addrTo(side media.Side) netip.Addr {
	flow := c.a.flow
	if side == media.B {
		if c.b != nil {
			return addrOf(c.b.flow)
		}
		if ifc, ok := c.sbc.transport.Interface(c.plan.Interface); ok {
			if a, ok := ifc.Addr(flow.Proto()); ok {
				return a.Addr()
			}
		}
	}
	return addrOf(flow)
}

// translated is what status code and phrase of a response become on their way to a leg.
func (c *call) translated(to *leg, res *sip.Message) (int, string) {
	if c.plan == nil {
		return res.Status, res.Phrase
	}
	return c.plan.Translate(to.side, res.Status, res.Phrase)
}

// methodFiltered answers a request that the plan does not let cross. It reports whether it
// did. OPTIONS does not cross, the SBC answers it itself.
func (c *call) methodFiltered(l *leg, t *transaction.Server, m *sip.Message) bool {
	if c.plan == nil || m.Method == "OPTIONS" || c.plan.Crosses(m.Method, l.side.Other()) {
		return false
	}
	c.sbc.respond(t, m, 405, "", sip.Header{ID: sip.Allow, Value: l.allow()})
	return true
}

// heedFlags makes the media of leg l symmetric when its message says so and the plan
// listens.
func (c *call) heedFlags(l *leg, m *sip.Message) {
	if c.media != nil && c.plan != nil && c.plan.SymmetricByFlags && forcesSymmetric(m) {
		c.media.SetSymmetric(l.side, true)
	}
}

// forcesSymmetric says whether P-MsgFlags has the flag 2, "force active". Its value is a
// hexadecimal number with the least significant digit first.
func forcesSymmetric(m *sip.Message) bool {
	v, _ := m.Named("P-MsgFlags")
	v = strings.TrimSpace(v)
	for i := range len(v) {
		if c := v[i] | 0x20; (v[i] < '0' || v[i] > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return v != "" && strings.IndexByte("2367abef", v[0]|0x20) >= 0
}
