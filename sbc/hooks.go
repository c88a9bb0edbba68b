package sbc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// hookCall is what modules are shown at one event. It is recycled, with the function by
// which a hook that waits brings its decision: a hook must not cost an allocation.
type hookCall struct {
	abi.Call
	end   abi.End
	owner *call
	later func(abi.Decision, error)
	asked *relayed // EventRefer: the REFER that has to be answered
}

var hookCalls sync.Pool

func newHookCall() *hookCall {
	h := new(hookCall)
	h.later = func(d abi.Decision, err error) {
		h.owner.post(event{kind: evDecided, decided: &decided{h, d, err}})
	}
	return h
}

// decided is what a hook that waited has brought.
type decided struct {
	hook     *hookCall
	decision abi.Decision
	err      error
}

// shown fills what a module may see of the call at one event. It is given back by done.
func (c *call) shown(ev abi.Event, m *sip.Message) *hookCall {
	h, _ := hookCalls.Get().(*hookCall)
	if h == nil {
		h = newHookCall()
	}
	f := &c.facts
	h.owner = c
	h.Call = abi.Call{
		ID: c.id, Event: ev, Later: h.later,
		CallIDA: c.a.callID, Method: "INVITE", RURI: f.ruri, From: c.a.remote, To: f.to,
		Source: f.source, Destination: f.destination,
		Transport:  c.a.flow.Proto().String(),
		InterfaceA: c.a.flow.Interface().Name(),
		Node:       c.sbc.opt.Node,
		Start:      c.sbc.epoch.Add(c.start),
	}
	h.FromURI, h.Caller = uriAndUser(h.From)
	h.ToURI, h.Callee = uriAndUser(h.To)
	if u, err := sip.ParseURI(f.ruri); err == nil && u.User != "" {
		h.Callee = u.User
	}
	if c.plan != nil && c.plan.Profile != nil {
		h.Profile = c.plan.Profile.Name()
	}
	if c.b != nil {
		h.CallIDB = c.b.callID
		h.InterfaceB = c.b.flow.Interface().Name()
	}
	if c.ringing != 0 {
		h.Ringing = c.sbc.epoch.Add(c.ringing)
	}
	if c.answer != 0 {
		h.Connect = c.sbc.epoch.Add(c.answer)
	}
	if c.due.max != 0 {
		h.Until = c.sbc.epoch.Add(c.due.max)
	}
	if m != nil {
		h.Message = shownMessage{m}
	}
	return h
}

func done(h *hookCall) {
	h.Call, h.end, h.owner, h.asked = abi.Call{}, abi.End{}, nil, nil
	hookCalls.Put(h)
}

// shownMessage lets a module pull what it needs of a message.
type shownMessage struct{ message *sip.Message }

func (s shownMessage) Header(name string) (string, bool) { return s.message.Named(name) }
func (s shownMessage) Body() string                      { return s.message.Body }

// hook gives an event to the modules and goes on with what they decided, now or, when
// one of them waits, later. m is the message the event is about.
func (c *call) hook(ev abi.Event, m *sip.Message) {
	h := c.shown(ev, m)
	switch ev {
	case abi.EventEarly, abi.EventReject:
		h.Side, h.Status, h.Phrase = "b", m.Status, m.Phrase
		h.Target = c.b.target
	}
	var err error
	switch ev {
	case abi.EventRegister, abi.EventRoute:
		h.Method = m.Method
		err = c.run.Start(context.Background(), &h.Call, noPlan{})
	case abi.EventStart:
		err = c.run.Start(context.Background(), &h.Call, c.plan)
	case abi.EventConnect:
		err = c.run.Connect(context.Background(), &h.Call)
	case abi.EventTimer:
		err = c.run.Fire(context.Background(), &h.Call, c.sbc.epoch.Add(c.sbc.now()))
	default:
		err = c.run.Event(context.Background(), &h.Call)
	}
	c.judged(h, ev, err)
}

// tell gives modules an event of leg l that is none of the call's own steps. A refusal of
// it ends the call.
func (c *call) tell(ev abi.Event, l *leg, detail string, m *sip.Message) {
	if !c.run.Wants(ev) {
		return
	}
	h := c.shown(ev, m)
	h.Side, h.Detail = l.name(), detail
	c.judged(h, ev, c.run.Event(context.Background(), &h.Call))
}

// tellHold says which side has put the other on hold, or taken it off, with the session
// that was just agreed.
func (c *call) tellHold(before [2]bool) {
	if c.media == nil {
		return
	}
	for _, l := range [...]*leg{&c.a, c.b} {
		if c.media == nil {
			return
		}
		switch now := c.media.Hold(l.side); {
		case now && !before[l.side]:
			c.tell(abi.EventHold, l, "", nil)
		case !now && before[l.side]:
			c.tell(abi.EventResume, l, "", nil)
		}
	}
}

// held says which sides hold the call.
func (c *call) held() (h [2]bool) {
	if c.media != nil {
		h = [2]bool{c.media.Hold(media.A), c.media.Hold(media.B)}
	}
	return h
}

// tellRefused lets the modules that want to know hear of a call that no profile takes.
// There is nothing to decide and nothing to wait for; their end follows with the refusal.
func (c *call) tellRefused(env *pattern.Env) {
	if c.run = c.snap.Refused.Begin(c.snap.Modules, c.id, env); c.run == nil {
		return
	}
	c.run.SetLog(c.sbc.log)
	h := c.shown(abi.EventStart, env.Msg)
	h.Later = nil
	if err := c.run.Start(context.Background(), &h.Call, noPlan{}); err != nil {
		c.log(slog.LevelDebug, "a module refused a refused call", "err", err)
	}
	done(h)
}

// noPlan is what there is to set where nothing goes on: a call that no profile takes, a
// request outside of calls.
type noPlan struct{}

func (noPlan) Set(key, _ string) error {
	return fmt.Errorf("nothing goes on to another leg: nothing can be set, %s neither", key)
}

// decidedLater takes what a hook that waited has brought. After the end of the call it
// brings nothing: the hook was abandoned.
func (c *call) decidedLater(d *decided) {
	if c.run == nil {
		return
	}
	ev := d.hook.Event
	err := c.run.Resume(context.Background(), &d.hook.Call, c.settings(), d.decision, d.err)
	c.judged(d.hook, ev, err)
}

// judged goes on with the call after its modules have decided about an event.
func (c *call) judged(h *hookCall, ev abi.Event, err error) {
	if errors.Is(err, callcontrol.ErrPending) {
		c.wakeFor()
		return
	}
	asked := h.asked
	done(h)
	switch {
	case ev == abi.EventRefer:
		c.referred(asked, err)
	case ev == abi.EventRegister || ev == abi.EventRoute:
		c.decidedOutside(err)
	case ev == abi.EventStart:
		c.started(err)
	case ev == abi.EventConnect:
		c.connected(err)
	case ev == abi.EventReject:
		c.retry(err)
	case err != nil:
		a := replyTo(err)
		c.hangup(cause{disposition: abi.Answered, code: a.status, reason: "ended by " + c.refusedBy(err), by: c.refusedBy(err)})
		c.log(slog.LevelInfo, "call ended by a module", "hook", ev, "use", c.refusedBy(err))
	}
	c.wakeFor()
}

// wakeFor arms the call for the next timer that a module has set.
func (c *call) wakeFor() {
	c.due.hook = 0
	if at := c.run.NextTimer(); !at.IsZero() {
		c.due.hook = at.Sub(c.sbc.epoch)
	}
}
