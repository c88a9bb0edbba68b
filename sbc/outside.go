package sbc

import (
	"log/slog"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// outside takes a request that belongs to no call and begins none. The modules of the
// profile that it selects may refuse or drop it; what they let pass the SBC answers itself.
func (s *SBC) outside(t *transaction.Server, m *sip.Message, f transport.Flow) {
	snap := s.snapshot.Load()
	l, ok := snap.Modules.(callcontrol.Listener)
	if !ok || snap.Profiles == nil || !l.Listens(outsideEvent(m)) {
		s.outOfDialog(t, m)
		return
	}
	// A strand, as modules may wait; but no call: it is in no table, has no end hook and
	// counts nowhere as one.
	c := &call{sbc: s, id: newTag(), snap: snap, start: s.now(), recorded: true}
	c.a = leg{call: c, side: media.A, key: c.id, localTag: c.id}
	t.SetTag(c.id)
	c.post(event{kind: evOutside, server: t, msg: m, flow: f})
}

func outsideEvent(m *sip.Message) abi.Event {
	if m.Method == "REGISTER" {
		return abi.EventRegister
	}
	return abi.EventRoute
}

// beginOutside shows the request to the modules.
func (c *call) beginOutside(t *transaction.Server, m *sip.Message, f transport.Flow) {
	c.a.answerTo(m, f)
	c.facts = facts{to: m.Header(sip.To), ruri: m.RURI, source: f.Remote()}
	c.exchange = &exchange{from: &c.a, server: t, request: m}
	env := &pattern.Env{
		Msg: m, Source: f.Remote(), Local: f.Local(),
		Interface: f.Interface().Name(), Advertise: addrOf(f),
	}
	p, err := c.snap.Profiles.Select(env)
	if err != nil {
		c.decidedOutside(nil) // nobody's: answered as if there were no modules
		return
	}
	c.run = p.Chain().Begin(c.snap.Modules, c.id, env)
	if c.run == nil {
		c.decidedOutside(nil)
		return
	}
	c.run.SetLog(c.sbc.log)
	c.hook(outsideEvent(m), m)
}

// decidedOutside answers the request, or not, as the modules decided.
func (c *call) decidedOutside(err error) {
	x := c.exchange
	if x == nil {
		return
	}
	c.exchange = nil
	if err == nil {
		c.sbc.outOfDialog(x.server, x.request)
	} else {
		c.sbc.outsideRefused.Add(1)
		c.log(slog.LevelDebug, "request outside of calls refused", "method", x.request.Method, "peer", c.facts.source, "by", c.refusedBy(err), "err", err)
		c.sbc.refuse(x.server, x.request, replyTo(err))
	}
	c.run.Close()
	c.run, c.state, c.due = nil, over, deadlines{}
}

// settings is what modules set: the plan, or nothing where no call goes anywhere.
func (c *call) settings() callcontrol.Plan {
	if c.plan == nil {
		return noPlan{}
	}
	return c.plan
}
