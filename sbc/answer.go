package sbc

import (
	"context"
	"log/slog"
	"strings"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
)

// response takes a response that came on leg l.
func (c *call) response(l *leg, tx *transaction.Client, res *sip.Message) {
	if l.auth != nil && c.challenged(l, tx, res) {
		return
	}
	x := c.exchange
	switch {
	case l.timer != nil && l.timer.refresher == tx:
		c.refreshed(l, res)
	case x == nil || x.client != tx:
		switch {
		case res.Method == "INVITE":
			c.stray(l, res)
		case res.Status < 200:
		case tx == l.byeTx:
			c.drop(l)
		default:
			c.relayResponse(tx, res)
		}
	case res.Status < 200:
		c.provisional(x, res)
	case res.Status < 300:
		c.accepted(x, res)
	default:
		c.rejected(x, res)
	}
}

// reply begins a response to the INVITE of x, with what every response of ours carries.
func (c *call) reply(x *exchange, status int, phrase string) *sip.Message {
	res := sip.NewResponse(x.request, status, phrase, x.from.localTag)
	if status > 100 && status < 300 {
		res.Add(sip.Contact, x.from.contact())
		res.Add(sip.Allow, x.from.allow())
	}
	return res
}

// respondTo answers the INVITE of the current exchange with a response of our own.
func (c *call) respondTo(t *transaction.Server, status int, phrase string) {
	if x := c.exchange; x != nil && x.server == t && x.request != nil {
		c.send(t, c.reply(x, status, phrase))
	}
}

func (c *call) send(t *transaction.Server, res *sip.Message) {
	if err := t.Respond(res); err != nil {
		c.log(slog.LevelWarn, "response not sent", "code", res.Status, "err", err)
	}
}

// provisional relays a 1xx. Its SDP is an answer given early: unreliable 1xx cannot
// carry an offer (RFC 3264 with RFC 3261 §13.2.1).
func (c *call) provisional(x *exchange, res *sip.Message) {
	if c.state == setup {
		c.due.target = 0
		x.to.learn(res)
		if c.ringing == 0 {
			c.ringing = c.sbc.now()
		}
	}
	out := c.reply(x, res.Status, res.Phrase)
	body := ""
	if c.state == setup && x.offered && res.Body != "" && isSDP(res) {
		sdp, err := c.answerFrom(x.to, res.Body)
		if err != nil {
			c.log(slog.LevelWarn, "early answer not usable", "leg", x.to.name(), "code", res.Status, "err", err)
		}
		body, x.early = sdp, sdp
	}
	c.carry(x.from, out, res, body)
	c.send(x.server, out)
	if c.run.Wants(abi.EventEarly) {
		c.tell(abi.EventEarly, res)
	}
}

// tell shows modules an event that they cannot refuse.
func (c *call) tell(ev abi.Event, m *sip.Message) {
	h := c.shown(ev, m)
	if err := c.run.Event(context.Background(), &h.Call); err != nil {
		c.log(slog.LevelWarn, "hook failed", "hook", ev, "err", err)
	}
	done(h)
}

// accepted carries a 2xx over to the leg that asked: it answers or offers the session,
// and confirms both dialogs.
func (c *call) accepted(x *exchange, res *sip.Message) {
	first := c.state == setup
	x.client = nil
	if first {
		x.to.learn(res)
		x.to.state = legUp
		c.due.ring, c.due.target = 0, 0
	} else {
		x.to.setTarget(res)
	}
	body, err := c.sessionOf(x, res)
	if res.Method == "INVITE" && (x.offered || err != nil) {
		x.to.sendACK(x.seq, "")
	}
	if err != nil {
		c.log(slog.LevelWarn, "answer not usable", "leg", x.to.name(), "err", err)
		c.unusable(x, first)
		return
	}
	out := c.reply(x, res.Status, res.Phrase)
	c.carry(x.from, out, res, body)
	if body != "" && out.Header(sip.ContentType) == "" {
		out.Add(sip.ContentType, "application/sdp") // the early answer, said again
	}
	if first && !c.connect(res) {
		return
	}
	x.from.state = legUp
	c.timersOf(x, res, out)
	c.send(x.server, out)
	if x.request.Method == "INVITE" {
		x.from.unacked = x.server
	} else {
		c.exchange = nil // UPDATE is over with its 2xx
	}
	x.request, x.early = nil, ""
	if c.media != nil && x.offered {
		c.media.Confirm()
	}
	if first {
		c.settle()
	}
}

// timersOf settles the session timers of both legs: an exchange refreshes either.
func (c *call) timersOf(x *exchange, res, out *sip.Message) {
	if t := x.to.timer; t != nil {
		t.take(x.to, res)
		if isSDP(res) {
			t.heard = res.Body
		}
	}
	if t := x.from.timer; t != nil {
		t.agree(x.from, x.request, out)
		if isSDP(out) {
			t.said = out.Body
		}
	}
}

// sessionOf is the body for the leg that asked: B's answer, or its offer when the
// INVITE had none. A 2xx without SDP behind an early answer means that answer; it is
// said again, because the provisional response that carried it may have been lost.
func (c *call) sessionOf(x *exchange, res *sip.Message) (string, error) {
	switch {
	case res.Body == "" && x.offered:
		return x.early, nil
	case res.Body == "" || !isSDP(res):
		return res.Body, nil
	case x.offered:
		return c.answerFrom(x.to, res.Body)
	}
	return c.offerFrom(x.to, res.Body)
}

func (c *call) offerFrom(l *leg, body string) (string, error) {
	if c.media == nil {
		return body, media.Check([]byte(body))
	}
	sdp, err := c.media.Offer(l.side, []byte(body))
	return string(sdp), err
}

func (c *call) answerFrom(l *leg, body string) (string, error) {
	if c.media == nil {
		return body, media.Check([]byte(body))
	}
	sdp, err := c.media.Answer(l.side, []byte(body))
	return string(sdp), err
}

// unusable ends an exchange whose 2xx carried no session that can be used. The 2xx was
// acknowledged; a new call ends, an old one goes on as it was (RFC 6141).
func (c *call) unusable(x *exchange, first bool) {
	if first {
		c.fail(c.reply(x, 502, "Bad SDP From Callee"), "sbc")
		c.bye(x.to, "SIP;cause=488;text=\"bad SDP\"")
		return
	}
	c.rollback(x)
	c.send(x.server, c.reply(x, 488, ""))
	c.exchange = nil
}

// connect marks the call answered and asks the modules; a refusal ends both legs. It
// says whether the call goes on.
func (c *call) connect(res *sip.Message) bool {
	c.answer = c.sbc.now()
	c.state = up
	c.tries = nil
	c.sbc.answered.Add(1)
	if limit := shorter(c.plan.MaxDuration, c.run.MaxDuration()); limit > 0 {
		c.due.max = c.answer + limit
	}
	if c.run.Wants(abi.EventConnect) {
		h := c.shown(abi.EventConnect, res)
		err := c.run.Connect(context.Background(), &h.Call)
		done(h)
		if err != nil {
			a := replyTo(err)
			x := c.exchange
			c.answer, c.state = 0, setup
			c.fail(c.reply(x, a.status, a.phrase), c.refusedBy(err))
			c.bye(x.to, "SIP;cause=503;text=\"refused at connect\"")
			return false
		}
	}
	c.log(slog.LevelInfo, "call answered", "peer", c.facts.destination, "dur", c.answer-c.start)
	return true
}

// rejected carries a final failure over, or tries the next target.
func (c *call) rejected(x *exchange, res *sip.Message) {
	x.client = nil
	if c.state != setup {
		c.refreshRefused(x, res)
		return
	}
	c.due.target = 0
	c.drop(x.to)
	if res.Status == 422 && c.longer(x, res) {
		return
	}
	if res.Status < 600 && c.plan.FailOver(res.Status) {
		c.log(slog.LevelInfo, "target failed", "peer", c.facts.destination, "code", res.Status)
		c.tries.failure = res
		c.tryNext()
		return
	}
	c.relayFailure(x, res)
}

// longer sends the INVITE again to a target that wants a longer session interval (RFC
// 4028 §7.4). It reports whether it did.
func (c *call) longer(x *exchange, res *sip.Message) bool {
	t := x.to.timer
	d, ok := seconds(res.Header(sip.MinSE))
	if t == nil || !ok || d <= t.least || d > maxInterval {
		return false
	}
	c.tries.least = d
	return c.invite(c.tries.current) == nil
}

// relayFailure gives A the final response that leg B ended with. A redirection is for A
// to follow, so its Contact crosses.
func (c *call) relayFailure(x *exchange, res *sip.Message) {
	out := c.reply(x, res.Status, res.Phrase)
	body := ""
	if !isSDP(res) {
		body = res.Body
	}
	c.carry(x.from, out, res, body)
	if res.Status < 400 {
		for v := range res.All(sip.Contact) {
			out.Add(sip.Contact, v)
		}
	}
	c.fail(out, "b")
}

// fail answers A's INVITE with a final failure, and the call is over.
func (c *call) fail(res *sip.Message, by string) {
	c.send(c.exchange.server, res)
	c.exchange = nil
	c.end(cause{disposition: abi.Failed, code: res.Status, reason: res.Phrase, by: by})
	c.forget()
}

// clientFailed takes the end of a transaction that got no final response.
func (c *call) clientFailed(l *leg, tx *transaction.Client, err error) {
	if tx == l.byeTx {
		c.drop(l)
		return
	}
	if l.timer != nil && l.timer.refresher == tx {
		c.refreshDied(l, err)
		return
	}
	x := c.exchange
	if x == nil || x.client != tx {
		c.relayFailed(tx, err)
		return
	}
	if c.state != setup {
		x.client = nil
		c.refreshFailed(x, err)
		return
	}
	c.log(slog.LevelWarn, "target gave no answer", "peer", c.facts.destination, "err", err)
	c.giveUp(x, "") // the transaction is over, but after Timer C a late 2xx may still come
	c.tries.last = replyTo(err)
	c.tryNext()
}

// stray takes a response to an INVITE that nobody waits for any more: a 2xx that came
// again, one that crossed our CANCEL, or one of another branch of a fork. Each of those
// is acknowledged, and what nobody wants is ended (RFC 3261 §13.2.2.4).
func (c *call) stray(l *leg, res *sip.Message) {
	switch {
	case res.Status < 200, res.Status >= 300:
	case (l.state == legUp || l.state == legEnding || l.state == legGone) && res.ToTag() == l.remoteTag:
		if seq, _ := res.CSeqNumber(); seq == l.ackSeq {
			l.sendACK(seq, l.ackBody)
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
		d = &leg{call: c, side: l.side, localTag: l.localTag, callID: l.callID, local: l.local, localSeq: l.localSeq, flow: l.flow}
	}
	d.learn(res)
	d.state = legUp
	d.sendACK(seq, "")
	c.bye(d, "SIP;cause=200;text=\"call completed elsewhere\"")
}

// canceled takes the CANCEL of an INVITE that came on leg l.
func (c *call) canceled(l *leg, tx *transaction.Server, cancel *sip.Message) {
	x := c.exchange
	if x == nil || x.server != tx {
		return
	}
	if c.state != setup {
		// Leg B may have accepted already. What it says decides, so that both legs agree on
		// the session: its 487 or its 2xx is carried over.
		if x.client != nil {
			x.client.Cancel(cancel.Header(sip.Reason))
		}
		return
	}
	c.cancelSetup(x, cancel.Header(sip.Reason))
}

// cancelSetup ends a call whose caller gave up.
func (c *call) cancelSetup(x *exchange, reason string) {
	c.giveUp(x, reason)
	c.send(x.server, c.reply(x, 487, ""))
	c.exchange = nil
	c.end(cause{disposition: abi.Canceled, code: 487, reason: sip.Phrase(487), by: "a"})
	c.forget()
}

// refusedBy names who refused: the use of a module, or the SBC.
func (c *call) refusedBy(err error) string {
	if r := refusalOf(err); r != nil && r.Use != "" {
		return r.Use
	}
	return "sbc"
}

// reasonValue is a Reason header field value (RFC 3326) with text as a quoted string.
func reasonValue(code string, text string) string {
	return "SIP;cause=" + code + ";text=" + sip.Quote(strings.ToValidUTF8(text, ""))
}
