package sbc

import (
	"runtime/debug"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

type eventKind uint8

const (
	evInvite   eventKind = iota // the INVITE that begins the call
	evOutside                   // a request outside of any call
	evRequest                   // a request in the dialog of leg
	evCancel                    // the caller of server gave up
	evUnacked                   // the 2xx of server was never acknowledged
	evResponse                  // a response to client
	evFailed                    // client ended without a response: err
	evTimer                     // the call's deadline
	evResolved                  // targets, or err, for the attempt numbered serial
	evRetarget                  // targets for leg's remote target
	evSilence                   // no media for too long
	evHangup                    // end the call: text says why, or cause if there is one
	evInquire                   // what the call is: tell inquirer
	evDecided                   // a hook that waited has decided
	evRearm                     // a module's use (text) allows the call limit from its answer
	evOwn                       // a module wants own to be sent
	evDigit                     // a digit was dialled in RTP
	evLimit                     // somebody outside sets the call's maximum duration
)

// event is anything that can happen to a call. Which fields are set follows from kind.
type event struct {
	kind    eventKind
	serial  int32
	leg     *leg
	server  *transaction.Server
	client  *transaction.Client
	msg     *sip.Message
	flow    transport.Flow
	targets []transport.Target
	err     error
	text    string
	decided *decided
	limit   time.Duration
	cause   *cause
	own     *ownRequest
	digit   *dialled
	order   *limitOrder

	inquirer chan<- CallInfo
}

// post hands ev to the call. If nobody works on the call, the poster does, until the
// queue is empty; so post may run handlers of this call, and must not be called with a
// lock held that a handler could want.
func (c *call) post(ev event) {
	c.mu.Lock()
	if c.running {
		c.queue = append(c.queue, ev)
		c.mu.Unlock()
		return
	}
	c.running = true
	c.mu.Unlock()
	for {
		c.contain(ev)
		c.mu.Lock()
		if len(c.queue) == 0 {
			c.queue = nil // a burst must not be paid for by a long call
			c.running = false
			c.mu.Unlock()
			return
		}
		ev = c.queue[0]
		c.queue[0] = event{}
		c.queue = c.queue[1:]
		c.mu.Unlock()
	}
}

// contain handles one event and ends the call, and no more than the call, if that
// panics.
func (c *call) contain(ev event) {
	defer func() {
		if p := recover(); p != nil {
			c.sbc.panics.Add(1)
			c.sbc.log.Error("panic in a call", "call", c.id, "err", p, "stack", string(debug.Stack()))
			c.abandon()
		}
	}()
	c.handle(ev)
}

// abandon ends a call whose state can no longer be trusted: one step at a time, each
// on its own, so that a second panic does not keep the others from happening.
func (c *call) abandon() {
	why := cause{disposition: abi.Failed, code: 500, reason: "Server Internal Error", by: "sbc"}
	if c.state == up {
		why.disposition = abi.Answered // it was, and is to be paid for
	}
	for _, step := range []func(){
		func() { c.end(why) },
		func() {
			if x := c.exchange; x != nil && x.server != nil {
				c.respondTo(x.server, 500, "")
			}
		},
		func() {
			if x := c.exchange; x != nil {
				c.exchange = nil
				if c.a.state == legCalling {
					c.giveUp(x, "")
				}
			}
		},
		func() { c.bye(&c.a, "") },
		func() { c.bye(c.b, "") },
		func() { c.forget() },
	} {
		func() {
			defer func() {
				if p := recover(); p != nil {
					c.sbc.log.Error("panic while ending a call", "call", c.id, "err", p)
				}
			}()
			step()
		}()
	}
}

// handle is the call's event loop body: it runs on the strand.
func (c *call) handle(ev event) {
	switch ev.kind {
	case evInvite:
		c.begin(ev.server, ev.msg, ev.flow)
	case evOutside:
		c.beginOutside(ev.server, ev.msg, ev.flow)
	case evRequest:
		c.request(ev.leg, ev.server, ev.msg, ev.flow)
	case evCancel:
		c.canceled(ev.leg, ev.server, ev.msg)
	case evUnacked:
		c.unacknowledged(ev.leg, ev.server)
	case evResponse:
		c.response(ev.leg, ev.client, ev.msg)
	case evFailed:
		c.clientFailed(ev.leg, ev.client, ev.err)
	case evTimer:
		c.deadline()
	case evResolved:
		c.resolved(ev.serial, ev.targets, ev.err)
	case evRetarget:
		c.retargeted(ev.leg, ev.text, ev.targets)
	case evRearm:
		_ = c.limitAnew(ev.text, ev.limit)
	case evDecided:
		c.decidedLater(ev.decided)
	case evDigit:
		c.heard(ev.digit)
	case evSilence:
		c.tell(abi.EventMediaTimeout, &c.a, "", nil)
		c.hangup(cause{disposition: abi.Answered, code: 408, reason: "media timeout", by: "sbc"})
	case evHangup:
		if ev.cause != nil {
			c.hangup(*ev.cause)
		} else {
			c.hangup(cause{disposition: abi.Answered, code: 503, reason: ev.text, by: "sbc"})
		}
	case evInquire:
		c.inform(ev.inquirer)
	case evOwn:
		c.say(ev.own)
	case evLimit:
		c.limitTo(ev.order)
	}
	c.sayWaiting()
	c.rearm()
}

// deadlines are what a call may be waiting for, as times since the SBC's epoch; zero
// means not waiting. The call has one timer, armed for the earliest.
type deadlines struct {
	ring, target, max time.Duration
	hook              time.Duration    // a module's timer
	session           [2]time.Duration // by side
}

func (d *deadlines) next() time.Duration {
	var n time.Duration
	for _, t := range [...]time.Duration{d.ring, d.target, d.max, d.hook, d.session[media.A], d.session[media.B]} {
		if t > 0 && (n == 0 || t < n) {
			n = t
		}
	}
	return n
}

// rearm sets the call's timer to its next deadline, if that has changed.
func (c *call) rearm() {
	n := c.due.next()
	if n == c.armed {
		return
	}
	c.armed = n
	if n == 0 {
		c.timer.Stop()
		c.timer = nil // a held call that waits for nothing should not pay for a timer
		return
	}
	wait := max(n-c.sbc.now(), 0)
	if c.timer == nil {
		c.timer = time.AfterFunc(wait, func() { c.post(event{kind: evTimer}) })
		return
	}
	c.timer.Reset(wait)
}

// deadline acts on every deadline that has passed. A timer that fired late or for a
// deadline since moved finds nothing to do.
func (c *call) deadline() {
	c.armed = 0
	now := c.sbc.now()
	passed := func(t *time.Duration) bool {
		if *t == 0 || *t > now {
			return false
		}
		*t = 0
		return true
	}
	if passed(&c.due.max) {
		c.hangup(cause{disposition: abi.Answered, code: 200, reason: "maximum duration", by: c.maxBy()})
		return
	}
	if passed(&c.due.ring) {
		c.unanswered()
	}
	if passed(&c.due.target) {
		c.targetSilent()
	}
	if passed(&c.due.hook) && c.run != nil {
		c.hook(abi.EventTimer, nil)
	}
	if passed(&c.due.session[media.A]) {
		c.sessionDue(&c.a)
	}
	if passed(&c.due.session[media.B]) {
		c.sessionDue(c.b)
	}
}
