package sbc

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"strconv"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// maxRelays is how many requests a call may have on their way at once. More than a few
// is a far end that has lost its mind.
const maxRelays = 16

// relayed is a request inside the dialog, other than INVITE, on its way to the other leg.
type relayed struct {
	from    *leg
	server  *transaction.Server
	request *sip.Message
	client  *transaction.Client
}

// request takes a request that came in the dialog of leg l.
func (c *call) request(l *leg, t *transaction.Server, m *sip.Message, f transport.Flow) {
	if t == nil {
		c.acked(l, m)
		return
	}
	if !l.owns(m) || l.state == legGone {
		c.sbc.respond(t, m, 481, "")
		return
	}
	if err := c.demand(l, m, f.Remote().Addr()); err != nil {
		c.sbc.refuse(t, m, replyTo(err))
		return
	}
	seq, _ := m.CSeqNumber()
	if seq <= l.remoteSeq && l.remoteSeq != 0 {
		c.sbc.respond(t, m, 500, "CSeq Out Of Order") // RFC 3261 §12.2.2
		return
	}
	l.remoteSeq = seq
	if l.nat {
		l.flow = f
	}
	if hops, ok := maxForwards(m); ok && hops == 0 && m.Method != "BYE" {
		c.sbc.respond(t, m, 483, "")
		return
	}
	if m.Method == "NOTIFY" && c.notified(l, t, m) || c.methodFiltered(l, t, m) {
		return
	}
	c.heedFlags(l, m)
	switch m.Method {
	case "BYE":
		c.byeFrom(l, t, m)
	case "INVITE", "UPDATE":
		if l.timer != nil {
			if err := l.timer.check(m); err != nil {
				c.sbc.refuse(t, m, replyTo(err))
				return
			}
		}
		if c.state == up && !c.busy() && c.refreshFrom(l, t, m) {
			return
		}
		c.reinvite(l, t, m)
	case "INFO", "MESSAGE":
		c.relay(l, t, m)
	case "REFER":
		c.refer(l, t, m)
	default:
		c.sbc.outOfDialog(t, m)
	}
}

func (c *call) other(l *leg) *leg {
	if l == &c.a {
		return c.b
	}
	return &c.a
}

// acked takes an ACK on leg l: the 2xx we sent has arrived. When the offer was in that
// 2xx, the ACK carries the answer, and the other leg's ACK waits for it.
func (c *call) acked(l *leg, m *sip.Message) {
	if l.unacked == nil || !l.owns(m) {
		return
	}
	if seq, _ := m.CSeqNumber(); seq != l.unackedSeq {
		return
	}
	l.unacked.Acknowledge()
	l.unacked = nil
	x := c.exchange
	c.exchange = nil
	if l.state == legEnding {
		c.sendBYE(l, l.bye(l.byeReason))
		return
	}
	if x == nil || x.from != l || x.offered {
		return
	}
	if m.Body == "" || !isSDP(m) {
		x.to.sendACK(x.seq, "")
		c.hangup(cause{disposition: abi.Answered, code: 488, reason: "no answer in ACK", by: "sbc"})
		return
	}
	sdp, err := c.answerFrom(l, m.Body)
	if err != nil {
		x.to.sendACK(x.seq, "")
		c.log(slog.LevelWarn, "answer not usable", "leg", l.name(), "err", err)
		c.hangup(cause{disposition: abi.Answered, code: 488, reason: "bad answer in ACK", by: "sbc"})
		return
	}
	x.to.sendACK(x.seq, sdp)
	if t := x.to.timer; t != nil {
		t.said = sdp
	}
	if t := l.timer; t != nil {
		t.heard = m.Body
	}
	if c.media != nil {
		c.media.Confirm()
	}
}

// unacknowledged ends a call whose 2xx on leg l was never acknowledged.
func (c *call) unacknowledged(l *leg, t *transaction.Server) {
	if l.unacked != t {
		return
	}
	l.unacked = nil
	x := c.exchange
	c.exchange = nil
	if l.state == legEnding {
		c.sendBYE(l, l.bye(l.byeReason))
		return
	}
	if x != nil && x.from == l && !x.offered {
		x.to.sendACK(x.seq, "")
	}
	c.log(slog.LevelWarn, "2xx never acknowledged", "leg", l.name(), "peer", l.flow.Remote())
	c.hangup(cause{disposition: abi.Answered, code: 408, reason: "no ACK", by: "sbc"})
}

// reinvite carries an INVITE or UPDATE inside the dialog over to the other leg. One at a
// time: RFC 3261 §14.2 and RFC 3311 §5.2 have 500 for a second one of the same side and
// 491 for one that meets another coming the other way. An UPDATE leaves as a re-INVITE
// where the far end does not allow UPDATE.
func (c *call) reinvite(l *leg, t *transaction.Server, m *sip.Message) {
	to := c.other(l)
	switch x := c.exchange; {
	case c.state != up || to == nil || to.state != legUp || l.state != legUp:
		c.sbc.respond(t, m, 491, "")
		return
	case x != nil && x.from == l:
		c.sbc.respond(t, m, 500, "", sip.Header{ID: sip.RetryAfter, Value: strconv.Itoa(rand.IntN(11))})
		return
	case c.busy():
		c.sbc.respond(t, m, 491, "")
		return
	}
	if bad := unsupported(m, l.timer); bad != "" {
		c.sbc.respond(t, m, 420, "", sip.Header{ID: sip.Unsupported, Value: bad})
		return
	}
	if m.Body != "" && !isSDP(m) {
		c.sbc.refuse(t, m, replyTo(ErrBody))
		return
	}
	if c.tell(abi.EventRefresh, l, m.Method, m); c.state != up {
		c.sbc.respond(t, m, 481, "") // a module ended the call
		return
	}
	l.setTarget(m)
	x := &exchange{from: l, to: to, server: t, request: m, offered: m.Body != ""}
	body := ""
	if x.offered {
		var err error
		if body, err = c.offerFrom(l, m.Body); err != nil {
			c.sbc.refuse(t, m, replyTo(err))
			return
		}
	}
	c.exchange = x
	method := "INVITE"
	if m.Method == "UPDATE" && to.updates {
		method = "UPDATE"
	}
	if m.Method == "INVITE" {
		t.Trying()
	}
	out := to.nextFor(method, m)
	out.Set(sip.MaxForwards, forwards(m))
	c.carry(to, out, m, body)
	x.body = body
	if to.timer != nil {
		to.timer.ask(out)
	}
	x.seq = to.localSeq
	var err error
	if x.client, err = to.submit(out, transaction.SendOptions{}); err != nil {
		c.refreshFailed(x, err)
	}
}

// refreshRefused carries the failure of a re-INVITE over; the session stays as it was
// (RFC 6141). 481 and 408 say that the dialog itself is gone (RFC 3261 §12.2.1.2).
func (c *call) refreshRefused(x *exchange, res *sip.Message) {
	c.rollback(x)
	status, phrase := c.translated(x.from, res)
	out := c.reply(x, status, phrase)
	c.carry(x.from, out, res, "")
	c.send(x.server, out)
	c.exchange = nil
	if res.Status == 481 || res.Status == 408 {
		c.hangup(cause{disposition: abi.Answered, code: res.Status, reason: "dialog gone", by: x.to.name()})
	}
}

// refreshFailed ends a re-INVITE that got no answer at all: nobody is there any more.
func (c *call) refreshFailed(x *exchange, err error) {
	c.rollback(x)
	a := replyTo(err)
	c.send(x.server, c.reply(x, a.status, a.phrase))
	c.exchange = nil
	c.hangup(cause{disposition: abi.Answered, code: a.status, reason: "far end does not answer", by: x.to.name()})
}

func (c *call) rollback(x *exchange) {
	if c.media != nil && x.offered {
		c.media.Rollback()
	}
}

// relay carries a request that is no INVITE over to the other leg.
func (c *call) relay(l *leg, t *transaction.Server, m *sip.Message) {
	to := c.other(l)
	if to == nil || to.state != legUp || len(c.relays) >= maxRelays {
		c.sbc.respond(t, m, 500, "", sip.Header{ID: sip.RetryAfter, Value: "1"})
		return
	}
	if m.Method == "INFO" {
		if c.tell(abi.EventInfo, l, m.Header(sip.ContentType), m); c.state == up {
			c.heardInfo(l, m)
		}
		if c.state != up {
			c.sbc.respond(t, m, 481, "")
			return
		}
	}
	out := to.nextFor(m.Method, m)
	out.Set(sip.MaxForwards, forwards(m))
	c.carry(to, out, m, m.Body)
	r := &relayed{from: l, server: t, request: m}
	c.relays = append(c.relays, r)
	var err error
	if r.client, err = to.submit(out, transaction.SendOptions{}); err != nil {
		c.relays = c.relays[:len(c.relays)-1]
		c.sbc.respond(t, m, 503, "")
	}
}

// relayResponse carries the final response to a relayed request back.
func (c *call) relayResponse(tx *transaction.Client, res *sip.Message) {
	r := c.takeRelay(tx)
	if r == nil {
		return
	}
	status, phrase := c.translated(r.from, res)
	out := sip.NewResponse(r.request, status, phrase, r.from.localTag)
	c.carry(r.from, out, res, res.Body)
	c.send(r.server, out)
}

// relayFailed ends a relayed request that got no answer. Nobody may say 408 to it (RFC
// 4320 §4.1): the one who asked has timed out by now.
func (c *call) relayFailed(tx *transaction.Client, err error) {
	if r := c.takeRelay(tx); r != nil && errors.Is(err, transaction.ErrTransport) {
		c.send(r.server, sip.NewResponse(r.request, 503, "", r.from.localTag))
	}
}

func (c *call) takeRelay(tx *transaction.Client) *relayed {
	for i, r := range c.relays {
		if r.client == tx {
			c.relays = append(c.relays[:i], c.relays[i+1:]...)
			if len(c.relays) == 0 {
				c.relays = nil
			}
			return r
		}
	}
	return nil
}

// outOfDialog answers what the SBC itself is asked, and refuses what it does not do.
func (s *SBC) outOfDialog(t *transaction.Server, m *sip.Message) {
	ours := sip.Header{ID: sip.Allow, Value: allow}
	switch m.Method {
	case "OPTIONS":
		if bad := unsupported(m, nil); bad != "" {
			s.respond(t, m, 420, "", sip.Header{ID: sip.Unsupported, Value: bad})
			return
		}
		status := 200
		if s.draining.Load() {
			status = 503 // a peer that pings us sends its calls elsewhere
		}
		s.respond(t, m, status, "", ours, sip.Header{ID: sip.Accept, Value: "application/sdp"})
	case "INVITE", "ACK", "BYE", "CANCEL":
		s.respond(t, m, 481, "")
	case "REGISTER", "SUBSCRIBE", "NOTIFY", "MESSAGE", "INFO", "REFER", "UPDATE", "PRACK", "PUBLISH":
		s.respond(t, m, 405, "", ours)
	default:
		s.respond(t, m, 501, "", ours)
	}
}
