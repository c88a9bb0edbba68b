package sbc

import (
	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
)

// canceled takes the CANCEL of an INVITE that came on leg l.
func (c *call) canceled(l *leg, tx *transaction.Server, cancel *sip.Message) {
	x := c.exchange
	if x == nil || x.server != tx {
		return
	}
	if c.state != setup {
		// Leg B may have accepted already. What it says decides, so that both legs agree on
		// the session: its 487 or its 2xx is carried over.
		x.canceled = true
		if x.client != nil {
			x.client.Cancel(cancel.Header(sip.Reason))
		}
		return
	}
	c.cancelSetup(x, cancel.Header(sip.Reason))
}

// cancelSetup ends a call whose caller gave up.
func (c *call) cancelSetup(x *exchange, reason string) {
	c.answer = 0
	c.giveUp(x, reason)
	c.send(x.server, c.reply(x, 487, ""))
	c.dismiss(x, reason)
	c.exchange = nil
	c.end(cause{disposition: abi.Canceled, code: 487, reason: sip.Phrase(487), by: "a"})
	c.forget()
}

// dismiss ends a leg B that has answered an INVITE which leg A will not hear of any more.
func (c *call) dismiss(x *exchange, reason string) {
	b := x.to
	if b == nil || b.state != legUp {
		return
	}
	if b.ackSeq != x.seq {
		b.sendACK(x.seq, "")
	}
	c.bye(b, reason)
}

// stray takes a response to an INVITE that nobody waits for any more: a 2xx that came
// again, one that crossed our CANCEL, or one of another branch of a fork. Each of those
// is acknowledged, and what nobody wants is ended (RFC 3261 §13.2.2.4).
func (c *call) stray(l *leg, res *sip.Message) {
	switch {
	case res.Status < 200, res.Status >= 300:
	case (l.state == legUp || l.state == legEnding || l.state == legGone) && res.ToTag() == l.remoteTag:
		switch seq, _ := res.CSeqNumber(); {
		case seq == l.ackSeq:
			l.sendACK(seq, l.ackBody)
		case seq > l.ackSeq && c.exchange == nil:
			l.sendACK(seq, "")
		}
	default:
		c.turnAway(l, res)
	}
}

// turnAway acknowledges and ends a dialog that nobody wants.
func (c *call) turnAway(l *leg, res *sip.Message) {
	seq, ok := res.CSeqNumber()
	if !ok {
		return
	}
	d := l
	if l.state != legCanceling {
		// Another branch of the fork that l was answered by: a dialog of its own that
		// shares l's Call-ID and tag. It needs no place in the table: its BYE is ours.
		d = &leg{call: c, side: l.side, key: l.key, localTag: l.localTag, callID: l.callID, local: l.local, localSeq: l.localSeq, flow: l.flow}
	}
	d.learn(res)
	d.state = legUp
	d.sendACK(seq, "")
	c.bye(d, "SIP;cause=200;text=\"call completed elsewhere\"")
}
