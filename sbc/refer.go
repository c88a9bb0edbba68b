package sbc

import (
	"context"
	"slices"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
)

// refer takes a REFER of a far end. The SBC refers nobody: it gets 405, unless a module
// has another answer for it.
func (c *call) refer(l *leg, t *transaction.Server, m *sip.Message) {
	if c.state != up || !c.run.Wants(abi.EventRefer) || len(c.relays) >= maxRelays {
		c.sbc.outOfDialog(t, m)
		return
	}
	h := c.shown(abi.EventRefer, m)
	h.Side = l.name()
	h.Detail, _ = m.Named("Refer-To")
	h.asked = &relayed{from: l, server: t, request: m} // answered with 487 if the call ends while modules think
	c.relays = append(c.relays, h.asked)
	c.judged(h, abi.EventRefer, c.run.Event(context.Background(), &h.Call))
}

// referred answers a REFER when the modules have decided about it.
func (c *call) referred(r *relayed, err error) {
	i := slices.Index(c.relays, r)
	if i < 0 {
		return
	}
	if c.relays = slices.Delete(c.relays, i, i+1); len(c.relays) == 0 {
		c.relays = nil
	}
	if err != nil {
		c.sbc.refuse(r.server, r.request, replyTo(err))
		return
	}
	c.sbc.outOfDialog(r.server, r.request)
}
