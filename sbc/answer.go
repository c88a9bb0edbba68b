package sbc

import (
	"errors"
	"log/slog"
	"strconv"
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
	c.heedFlags(l, res)
	x := c.exchange
	if x != nil && x.client != tx {
		c.turnTo(x, tx)
	}
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
		case c.ownAnswered(tx, res):
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
		c.learn(x, res)
		if c.ringing == 0 {
			c.ringing = c.sbc.now()
		}
	}
	status, phrase := c.translated(x.from, res)
	out := c.reply(x, status, phrase)
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
		c.hook(abi.EventEarly, res)
	}
}

// accepted carries a 2xx over to the leg that asked: it answers or offers the session,
// and confirms both dialogs.
func (c *call) accepted(x *exchange, res *sip.Message) {
	first, before := c.state == setup, c.held()
	x.client = nil
	if first {
		c.cancelOthers(x, reasonValue("200", "call completed elsewhere"))
		c.learn(x, res)
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
		c.unusable(x, first, err)
		return
	}
	out := c.reply(x, res.Status, res.Phrase)
	c.carry(x.from, out, res, body)
	if body != "" && out.Header(sip.ContentType) == "" {
		out.Add(sip.ContentType, "application/sdp") // the early answer, said again
	}
	x.response, x.answer = res, out
	if first {
		c.connect(res)
		return
	}
	c.deliver(x)
	c.tellHold(before)
}

// deliver gives the leg that asked its 2xx.
func (c *call) deliver(x *exchange) {
	res, out := x.response, x.answer
	x.response, x.answer = nil, nil
	x.from.state = legUp
	c.timersOf(x, res, out)
	c.send(x.server, out)
	if x.request.Method == "INVITE" {
		x.from.unacked = x.server
		x.from.unackedSeq, _ = x.request.CSeqNumber()
	} else {
		c.exchange = nil // UPDATE is over with its 2xx
	}
	x.request, x.early = nil, ""
	if c.media != nil && x.offered {
		c.media.Confirm()
	}
}

// timersOf settles the session timers of both legs: an exchange refreshes either.
func (c *call) timersOf(x *exchange, res, out *sip.Message) {
	if t := x.to.timer; t != nil {
		t.take(x.to, res)
		if x.body != "" {
			t.said = x.body
		}
		if isSDP(res) {
			t.heard = res.Body
		}
	}
	if t := x.from.timer; t != nil {
		t.agree(x.from, x.request, out)
		if x.offered && isSDP(x.request) {
			t.heard = x.request.Body
		}
		if isSDP(out) {
			t.said = out.Body
		}
	}
}

// unusable ends an exchange whose 2xx carried no session that can be used. The 2xx was
// acknowledged; a new call ends, an old one goes on as it was (RFC 6141).
func (c *call) unusable(x *exchange, first bool, err error) {
	switch {
	case first && errors.Is(err, media.ErrNoCommonCodec):
		c.fail(c.reply(x, 488, ""), "sbc", "no common codec")
		return
	case first:
		c.fail(c.reply(x, 502, "Bad SDP From Callee"), "sbc", "bad SDP")
		return
	}
	c.rollback(x)
	c.send(x.server, c.reply(x, 488, ""))
	c.exchange = nil
}

// connect asks the modules about the answer of leg B.
func (c *call) connect(res *sip.Message) {
	c.answer = c.sbc.now()
	c.tries = nil
	if c.run.Wants(abi.EventConnect) {
		c.hook(abi.EventConnect, res)
		return
	}
	c.connected(nil)
}

// connected lets the answer through to leg A when the modules agree; else both legs end.
func (c *call) connected(err error) {
	x := c.exchange
	if x == nil || x.answer == nil {
		return // the call has ended while they thought
	}
	if err != nil {
		a := replyTo(err)
		c.fail(c.reply(x, a.status, a.phrase), c.refusedBy(err), "refused at connect")
		return
	}
	c.state, c.answer = up, c.sbc.now()
	c.sbc.answered.Add(1)
	if limit := shorter(c.plan.MaxDuration, c.run.MaxDuration()); limit > 0 {
		c.due.max = c.answer + limit
	}
	c.log(slog.LevelInfo, "call answered", "peer", c.facts.destination, "dur", c.answer-c.start)
	c.deliver(x)
	c.settle()
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
	if c.tries.fork {
		res = better(c.tries.failure, res)
	}
	c.tries.failure = res
	if res.Status < 600 && c.tries.fork && c.tries.looking && len(x.others) == 0 {
		c.tries.untold = true
		return
	}
	switch {
	case res.Status >= 600:
		c.cancelOthers(x, "")
		c.tries.looking = false
		c.serial++ // what is still looked up is not called any more
	case c.turnToAny(x):
		return
	}
	c.refused(res)
}

// refused tells the modules of leg B's last failure, and goes on.
func (c *call) refused(res *sip.Message) {
	c.tries.untold = false
	if c.run.Wants(abi.EventReject) {
		c.hook(abi.EventReject, res)
		return
	}
	c.retry(nil)
}

// retry goes on after leg B has refused and the modules have heard of it: with the
// targets they chose, else with the plan's next one, else with the failure for leg A.
func (c *call) retry(err error) {
	x, t := c.exchange, c.tries
	if x == nil || t == nil || t.failure == nil {
		return // the call has ended while they thought
	}
	switch uris, fork, _ := c.run.Targets(); {
	case err != nil:
		a := replyTo(err)
		c.fail(c.reply(x, a.status, a.phrase), c.refusedBy(err), "")
	case len(uris) > 0 && t.chosen < maxChosen:
		t.chosen += len(uris)
		t.targets = targets{uris: uris, fork: fork}
		if fork {
			t.failure = nil // only what the branches say counts from here
		}
		c.try()
	case t.failure.Status < 600 && c.plan.FailOver(t.failure.Status):
		c.log(slog.LevelInfo, "target failed", "peer", c.facts.destination, "code", t.failure.Status)
		c.tryNext()
	default:
		c.relayFailure(x, t.failure)
	}
}

// longer sends the INVITE again to a target that wants a longer session interval (RFC
// 4028 §7.4). It reports whether it did.
func (c *call) longer(x *exchange, res *sip.Message) bool {
	t := x.to.timer
	d, ok := seconds(res.Header(sip.MinSE))
	if c.tries.fork || t == nil || !ok || d <= t.least || d > maxInterval {
		return false
	}
	c.tries.least = d
	return c.invite(c.tries.current) == nil
}

// relayFailure gives A the final response that leg B ended with. A redirection is for A
// to follow, so its Contact crosses.
func (c *call) relayFailure(x *exchange, res *sip.Message) {
	status, phrase := c.translated(x.from, res)
	out := c.reply(x, status, phrase)
	body := ""
	if !isSDP(res) {
		body = res.Body
	}
	c.carry(x.from, out, res, body)
	if res.Status < 400 && status < 400 {
		for v := range res.All(sip.Contact) {
			out.Add(sip.Contact, v)
		}
	}
	c.fail(out, "b", "")
}

// fail answers A's INVITE with a final failure, and the call is over. A leg B that has
// answered already is ended for the reason.
func (c *call) fail(res *sip.Message, by, reason string) {
	x := c.exchange
	c.answer = 0
	c.send(x.server, res)
	c.dismiss(x, reasonValue(strconv.Itoa(res.Status), reason))
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
	if x != nil && x.client != tx {
		c.turnTo(x, tx)
	}
	if x == nil || x.client != tx {
		if !c.ownFailed(tx, err) {
			c.relayFailed(tx, err)
		}
		return
	}
	if c.state != setup {
		x.client = nil
		c.refreshFailed(x, err)
		return
	}
	c.log(slog.LevelWarn, "target gave no answer", "peer", c.facts.destination, "err", err)
	c.giveUpOne(x, "") // the transaction is over, but after Timer C a late 2xx may still come
	c.tries.last = replyTo(err)
	if c.turnToAny(x) || c.tries.fork && c.tries.looking {
		return // a branch is left, or about to be
	}
	c.tryNext()
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
