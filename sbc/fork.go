package sbc

import (
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
)

// branch is one of several legs B whose INVITEs are on their way at the same time. The
// exchange holds one of them, the others stand aside; whichever something happens to is
// turned to.
type branch struct {
	leg    *leg
	client *transaction.Client
}

// maxChosen bounds how many targets modules may choose for one call, one after another:
// a module that always knows another one would keep the caller ringing for ever.
const maxChosen = 32

// setAside lets the branch that the exchange holds go on by itself.
func (x *exchange) setAside() {
	if x.client != nil {
		x.others = append(x.others, branch{x.to, x.client})
		x.client = nil
	}
}

// turnTo makes the branch of transaction tx the one that the exchange holds. It reports
// whether there is one.
func (c *call) turnTo(x *exchange, tx *transaction.Client) bool {
	for i, b := range x.others {
		if b.client != tx {
			continue
		}
		x.others = append(x.others[:i], x.others[i+1:]...)
		x.setAside()
		c.take(x, b)
		return true
	}
	return false
}

// turnToAny makes one of the branches that are left the one that the exchange holds. It
// reports whether there is one.
func (c *call) turnToAny(x *exchange) bool {
	if len(x.others) == 0 {
		return false
	}
	return c.turnTo(x, x.others[0].client)
}

func (c *call) take(x *exchange, b branch) {
	x.to, x.client, x.seq = b.leg, b.client, b.leg.localSeq
	c.b = b.leg
	c.facts.destination = b.leg.flow.Remote()
}

// cancelOthers gives up every branch but the one that the exchange holds.
func (c *call) cancelOthers(x *exchange, reason string) {
	for _, b := range x.others {
		c.cancelLeg(b.leg, b.client, reason)
	}
	x.others = nil
}

// cancelLeg cancels one leg's INVITE. Its transaction holds the leg until the final
// response, which may be a 2xx that crossed the CANCEL.
func (c *call) cancelLeg(l *leg, tx *transaction.Client, reason string) {
	tx.Cancel(reason)
	c.drop(l)
	l.state = legCanceling
}

// better is the failure of a fork that the caller is told: one that says something about
// the callee rather than about the way there (RFC 3261 §16.7, step 6).
func better(a, b *sip.Message) *sip.Message {
	class := func(m *sip.Message) int {
		switch {
		case m == nil:
			return 9
		case m.Status >= 600:
			return 0
		case m.Status == 503:
			return 8 // of a gateway, not of the callee
		}
		return m.Status / 100
	}
	if class(b) < class(a) {
		return b
	}
	return a
}
