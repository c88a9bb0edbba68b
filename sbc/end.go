package sbc

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
)

// byeFrom takes a BYE on leg l: it is answered at once, the other leg gets one of its
// own.
func (c *call) byeFrom(l *leg, t *transaction.Server, m *sip.Message) {
	c.sbc.respond(t, m, 200, "")
	x := c.exchange
	if c.state == setup {
		switch {
		case x == nil:
		case l == &c.a:
			c.cancelSetup(x, m.Header(sip.Reason))
		case l.state == legUp: // it answered, and hangs up before leg A heard of it
			c.drop(l)
			c.fail(c.reply(x, 480, ""), "b", "")
		}
		return
	}
	if l.unacked != nil {
		l.unacked.Acknowledge() // who says BYE has seen the 2xx
		l.unacked = nil
	}
	c.drop(l)
	c.cutOff(x)
	if other := c.other(l); other.state == legUp && other.unacked == nil {
		bye := other.nextFor("BYE", m)
		c.carry(other, bye, m, "")
		c.sendBYE(other, bye)
	} else {
		c.bye(other, m.Header(sip.Reason))
	}
	c.end(cause{disposition: abi.Answered, code: 200, reason: "OK", by: l.name()})
	c.forget()
}

// cutOff ends an INVITE that is still on its way when the call ends: who asked gets
// 487, who was asked gets a BYE, behind an ACK if its 2xx still waits for one.
func (c *call) cutOff(x *exchange) {
	c.exchange = nil
	if x == nil {
		return
	}
	switch {
	case x.request != nil:
		c.send(x.server, c.reply(x, 487, ""))
	case !x.offered && x.to.ackSeq != x.seq:
		x.to.sendACK(x.seq, "")
	}
}

// hangup ends the call from our side, whatever its state.
func (c *call) hangup(why cause) {
	if c.state == over {
		return
	}
	x := c.exchange
	if c.state == setup {
		if x == nil {
			return
		}
		c.giveUp(x, "")
		code := why.code
		if code < 400 {
			code = 480
		}
		c.fail(c.reply(x, code, ""), why.by, why.reason)
		return
	}
	reason := reasonValue(strconv.Itoa(why.code), why.reason)
	c.cutOff(x)
	c.bye(&c.a, reason)
	c.bye(c.b, reason)
	c.end(why)
	c.forget()
}

// bye ends the dialog of leg l. A UAS may not send BYE before its 2xx was acknowledged
// (RFC 3261 §15): then the BYE follows the ACK, or the end of waiting for it.
func (c *call) bye(l *leg, reason string) {
	if l == nil || l.state != legUp {
		return
	}
	if l.unacked != nil {
		l.state, l.byeReason = legEnding, reason
		return
	}
	c.sendBYE(l, l.bye(reason))
}

// bye builds a BYE of our own.
func (l *leg) bye(reason string) *sip.Message {
	m := l.next("BYE")
	if reason != "" {
		m.Add(sip.Reason, reason)
	}
	l.call.sbc.stamp(m)
	return m
}

func (c *call) sendBYE(l *leg, bye *sip.Message) {
	l.state = legEnding
	var err error
	if l.byeTx, err = l.submit(bye, transaction.SendOptions{}); err != nil {
		c.log(slog.LevelWarn, "BYE not sent", "leg", l.name(), "err", err)
		c.drop(l)
	}
}

// drop takes a leg out of the table: nothing is expected in its dialog any more.
func (c *call) drop(l *leg) {
	l.state = legGone
	c.sbc.legs.remove(l)
	c.sbc.changed()
}

// forget lets go of what only a call in progress needs. Legs whose BYE or CANCEL is on
// its way stay in the table until it is answered, so that a BYE that crosses ours gets
// 200 and not 481.
func (c *call) forget() {
	for _, l := range [...]*leg{&c.a, c.b} {
		if l != nil && (l.state == legIdle || l.state == legCalling) {
			c.drop(l)
		}
	}
	for _, r := range c.relays {
		c.send(r.server, sip.NewResponse(r.request, 487, "", r.from.localTag))
	}
	c.tries, c.plan, c.relays = nil, nil, nil
	if c.own != nil {
		c.own.waiting = nil
	}
}

// end records the end of the call, once, whatever the cause: timers stop, media closes,
// modules get their end hook.
func (c *call) end(why cause) {
	if c.recorded {
		return
	}
	c.recorded = true
	defer func() { // even if a step panics: who drains waits for it
		c.sbc.active.Add(-1)
		c.sbc.changed()
	}()
	c.state = over
	c.due = deadlines{}
	ended := c.sbc.now()
	if c.answer == 0 {
		c.sbc.failed.Add(1)
	}
	var a, b abi.MediaStats
	if c.media != nil {
		a, b = c.mediaStats()
		c.media.Close()
		c.media = nil
	}
	if c.run != nil {
		h := c.shown(abi.EventEnd, nil)
		h.End = c.sbc.epoch.Add(ended)
		h.end = abi.End{
			Disposition: why.disposition, Code: why.code, Reason: why.reason, Q850: q850(why.code),
			HangupBy: why.by, A: a, B: b,
		}
		if why.disposition == abi.Answered {
			h.end.Code = 200 // the response of leg A; why it ended is in Q850 and Reason
		}
		h.Result = &h.end
		c.run.End(context.Background(), &h.Call)
		done(h)
	}
	c.run = nil
	c.closeLog()
	lasted := time.Duration(0)
	if c.answer != 0 {
		lasted = ended - c.answer
	}
	if why.disposition != abi.Refused && why.disposition != abi.Dropped { // that was a line of its own
		c.log(slog.LevelInfo, "call ended", "dur", lasted, "code", why.code, "reason", why.reason, "by", why.by)
	}
}

// mediaStats is what each far end sent, as a CDR wants it.
func (c *call) mediaStats() (a, b abi.MediaStats) {
	st := c.media.Stats()
	conv := func(s media.Side) abi.MediaStats {
		d := st.From(s)
		m := abi.MediaStats{Codec: c.media.Codec(s), Packets: d.Packets, Lost: d.Lost, Rejected: d.Rejected, Jitter: d.Jitter}
		if n := d.Packets + d.Lost; d.Packets > 0 {
			m.MOS = media.MOS(float64(d.Lost)/float64(n), d.Jitter, 0)
		}
		return m
	}
	return conv(media.A), conv(media.B)
}

func refusalOf(err error) *callcontrol.Refusal {
	var r *callcontrol.Refusal
	if errors.As(err, &r) {
		return r
	}
	return nil
}

// shorter is the smaller of two durations of which zero means none.
func shorter(a, b time.Duration) time.Duration {
	if a == 0 || b > 0 && b < a {
		return b
	}
	return a
}

// q850 is the ISUP cause that RFC 3398 §8.2.6.1 maps a final response to; 16 (normal
// clearing) for an answered call.
func q850(status int) int {
	switch status {
	case 200, 487:
		return 16
	case 400, 481, 500, 503:
		return 41
	case 401, 402, 403, 407, 603:
		return 21
	case 404, 604:
		return 1
	case 405:
		return 63
	case 406, 415, 420, 501:
		return 79
	case 408, 504:
		return 102
	case 410:
		return 22
	case 413, 414, 416, 505:
		return 127
	case 480:
		return 18
	case 482, 483:
		return 25
	case 484:
		return 28
	case 485:
		return 1
	case 486, 600:
		return 17
	case 488, 606:
		return 31
	case 502:
		return 38
	}
	switch {
	case status < 300:
		return 16
	case status < 500:
		return 31
	}
	return 41
}
