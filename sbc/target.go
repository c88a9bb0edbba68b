package sbc

import (
	"context"
	"log/slog"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// lookupTimeout bounds the DNS look-ups of one target.
const lookupTimeout = 5 * time.Second

// tries is what is left to try for leg B. It is gone once the call is answered.
type tries struct {
	invite *sip.Message // what came from A
	body   string       // the offer for B
	targets
	failure *sip.Message // the last final response of a target
	untold  bool         // modules have not heard of it: a branch might still have been found
	last    answer       // what A is told when no target ever answered
	chosen  int          // how many targets modules have chosen so far

	attempts uint32           // how many INVITEs were made
	current  transport.Target // where the current attempt went
	least    time.Duration    // the session interval that a target insisted on; 0 = none did
}

// targets is an ordered list of places with, for the current one, the addresses its
// name stands for (RFC 3263 §4.3: they are alternatives of one target).
type targets struct {
	uris    []string // Request-URIs; one, when next hops are given
	hops    []string // next hops: where the request goes, whatever its Request-URI says
	at      int
	addrs   []transport.Target
	looking bool
	fork    bool // try them all at the same time
}

// dial begins to try the plan's targets in order.
func (c *call) dial(m *sip.Message, body string) {
	p := c.plan
	t := &tries{invite: m, body: body, last: answer{status: 503}}
	t.uris, t.hops = p.Targets, p.NextHops
	if len(t.uris) == 0 {
		ruri := p.RURI
		if ruri == "" {
			ruri = m.RURI
		}
		t.uris = []string{ruri}
	}
	c.tries = t
	if p.RingTimeout > 0 {
		c.due.ring = c.sbc.now() + p.RingTimeout
	}
	if c.sbc.opt.Rehearse != nil {
		c.rehearse()
		return
	}
	c.try()
}

// ruri is the Request-URI of the current attempt.
func (t *targets) ruri() string {
	if len(t.hops) > 0 {
		return t.uris[t.at/len(t.hops)]
	}
	return t.uris[t.at]
}

// place is the URI the current attempt is sent to.
func (t *targets) place() (sip.URI, error) {
	if len(t.hops) == 0 {
		return sip.ParseURI(t.uris[t.at])
	}
	return hopURI(t.hops[t.at%len(t.hops)])
}

func (t *targets) left() bool { return t.at < len(t.uris)*max(len(t.hops), 1) }

// try sends the INVITE to the current target, looking its name up first if it has to.
func (c *call) try() {
	t := c.tries
	for ; t.left(); t.at++ {
		uri, err := c.place()
		if err != nil {
			c.log(slog.LevelWarn, "target is no URI", "profile", c.plan.Profile.Name(), "err", err)
			t.last = answer{status: 500}
			continue
		}
		if a, ok := transport.Literal(uri); ok {
			t.addrs = []transport.Target{a}
			if c.tryAddrs() {
				if !t.fork {
					return
				}
				c.exchange.setAside()
			}
			continue
		}
		c.serial++
		t.looking = true
		c.lookUp(uri, event{kind: evResolved, serial: c.serial})
		return
	}
	if !c.turnToAny(c.exchange) {
		c.noneLeft()
	}
}

// lookUp resolves uri aside and posts the result as ev.
func (c *call) lookUp(uri sip.URI, ev event) {
	s := c.sbc
	s.background.Add(1)
	go func() { // ends with the look-up, within lookupTimeout
		defer s.background.Done()
		ctx, cancel := context.WithTimeout(context.Background(), lookupTimeout)
		defer cancel()
		ev.targets, ev.err = s.resolve(ctx, uri)
		c.post(ev)
	}()
}

// resolve asks the resolver. A panic there is this call's misfortune, as one on its strand is.
func (s *SBC) resolve(ctx context.Context, uri sip.URI) (ts []transport.Target, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.panics.Add(1)
			s.log.Error("panic in a look-up", "err", p, "stack", string(debug.Stack()))
			err = ErrNoTarget
		}
	}()
	return transport.Resolve(ctx, s.opt.Resolver, uri)
}

// retarget looks up the next hop of a dialog whose far end gave a name.
func (c *call) retarget(l *leg, hop string, uri sip.URI) {
	c.lookUp(uri, event{kind: evRetarget, leg: l, text: hop})
}

// retargeted takes the result, unless the leg's requests go elsewhere by now.
func (c *call) retargeted(l *leg, hop string, ts []transport.Target) {
	wanted := !l.nat && !l.fixed && hop == l.hop() || l.fixed && hop == fixedHop
	if wanted && len(ts) > 0 && l.state != legGone {
		l.moveTo(ts[0])
	}
}

// resolved goes on with the attempt whose look-up has ended.
func (c *call) resolved(serial int32, ts []transport.Target, err error) {
	t := c.tries
	if t == nil || serial != c.serial || c.state != setup {
		return
	}
	if err != nil || len(ts) == 0 {
		c.log(slog.LevelWarn, "target not found", "err", err)
		t.last = answer{status: 503}
	}
	t.looking = false
	if t.fork {
		c.exchange.setAside()
	}
	t.addrs = ts
	if c.tryAddrs() {
		if !t.fork {
			return
		}
		c.exchange.setAside()
	}
	t.at++
	c.try()
}

// tryAddrs sends the INVITE to the first of the remaining addresses that takes it.
func (c *call) tryAddrs() bool {
	t := c.tries
	for len(t.addrs) > 0 {
		to := t.addrs[0]
		t.addrs = t.addrs[1:]
		if err := c.invite(to); err != nil {
			c.log(slog.LevelWarn, "target not reached", "peer", to.Addr, "err", err)
			t.last = replyTo(err)
			continue
		}
		return true
	}
	return false
}

// invite makes a leg B to one address and sends it the INVITE.
func (c *call) invite(to transport.Target) error {
	b, m, err := c.compose(to)
	if err != nil {
		return err
	}
	c.b, c.tries.current = b, to
	c.facts.destination = to.Addr
	c.sbc.legs.add(b)
	c.logged(b)
	x := c.exchange
	x.to, x.seq = b, b.localSeq
	if d := c.plan.TargetTimeout; d > 0 {
		c.due.target = c.sbc.now() + d
	}
	o := transaction.SendOptions{}
	if c.plan.RingTimeout > 0 {
		o.TimerC = -1 // the call's own deadline, which all targets share
	}
	if x.client, err = b.submit(m, o); err != nil {
		c.drop(b)
		c.b = nil
	}
	return err
}

// compose builds leg B to one address and its INVITE. Nothing is sent or entered
// anywhere yet.
func (c *call) compose(to transport.Target) (*leg, *sip.Message, error) {
	s, t, p := c.sbc, c.tries, c.plan
	ifc := c.a.flow.Interface()
	if p.Interface != "" {
		var ok bool
		if ifc, ok = s.transport.Interface(p.Interface); !ok {
			return nil, nil, ErrNoInterface
		}
	}
	flow, err := s.transport.Flow(ifc, to.Proto, to.Addr)
	if err != nil {
		return nil, nil, err
	}
	b := &leg{call: c, side: media.B, key: newTag(), state: legCalling, flow: flow, localSeq: 1}
	b.localTag = b.key
	if b.callID = p.CallID; b.callID == "" {
		b.callID = newCallID()
	}
	if c.a.transparent {
		c.resemble(b)
	}
	b.target = c.ruri()
	c.steerB(b)

	m := sip.NewRequest("INVITE", b.target)
	if route := p.Proxy[media.B]; route != "" {
		m.Add(sip.Route, route)
	}
	m.Add(sip.MaxForwards, forwards(t.invite))
	m.Add(sip.From, withoutTag(t.invite.Header(sip.From)))
	m.Add(sip.To, withoutTag(t.invite.Header(sip.To)))
	m.Add(sip.CallID, b.callID)
	m.Add(sip.CSeq, strconv.FormatUint(uint64(b.localSeq), 10)+" INVITE")
	m.Add(sip.Contact, b.contact())
	m.Add(sip.Allow, b.allow())
	c.carryHeaders(m, t.invite)
	if err := p.Apply(m); err != nil {
		return nil, nil, err
	}
	carryBody(m, t.invite, t.body)
	if b.timer = c.timerOf(media.B); b.timer != nil {
		b.timer.least = max(b.timer.least, t.least)
		b.timer.ask(m)
		b.timer.said = t.body
	}
	m.RURI = b.target
	b.remote = m.Header(sip.To)
	b.local = withTag(m.Header(sip.From), b.localTag)
	m.Set(sip.From, b.local)
	c.identify(b)
	return b, m, nil
}

// noneLeft ends a call whose targets all failed, with what the last of them said.
func (c *call) noneLeft() {
	x, t := c.exchange, c.tries
	if t.failure != nil && t.untold {
		c.refused(t.failure)
		return
	}
	if t.failure != nil {
		c.relayFailure(x, t.failure)
		return
	}
	res := c.reply(x, t.last.status, t.last.phrase)
	for _, h := range t.last.headers {
		addHeader(res, h)
	}
	c.fail(res, "sbc", "")
}

// targetSilent gives up a target that has not even begun to ring.
func (c *call) targetSilent() {
	x := c.exchange
	if c.state != setup || x == nil || x.client == nil {
		return
	}
	c.tries.last = answer{status: 408}
	c.giveUp(x, "")
	c.tryNext()
}

// tryNext goes on behind the attempt that failed.
func (c *call) tryNext() {
	if c.tryAddrs() {
		return
	}
	c.tries.at++
	c.try()
}

// giveUp cancels leg B's INVITE, and those of all branches of a fork.
func (c *call) giveUp(x *exchange, reason string) {
	c.cancelOthers(x, reason)
	c.giveUpOne(x, reason)
}

// giveUpOne cancels the INVITE of the branch that the exchange holds.
func (c *call) giveUpOne(x *exchange, reason string) {
	if x.client == nil {
		return
	}
	c.cancelLeg(x.to, x.client, reason)
	x.client = nil
	c.due.target = 0
}

// unanswered ends a call that rang for too long.
func (c *call) unanswered() {
	x := c.exchange
	if c.state != setup || x == nil {
		return
	}
	c.giveUp(x, "")
	c.fail(c.reply(x, 408, ""), "sbc", "")
}

func withoutTag(v string) string {
	na, err := sip.ParseNameAddr(v)
	if err != nil {
		return v
	}
	if _, ok := na.Params.Get("tag"); !ok {
		return v
	}
	na.Params = na.Params.Del("tag")
	return na.String()
}
