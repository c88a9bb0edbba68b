package sbc

import (
	"log/slog"
	"slices"
	"strings"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// allow is what the SBC itself can do inside and outside a dialog.
const allow = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, MESSAGE, UPDATE"

// invite admits an INVITE that begins a call, and starts the call.
func (s *SBC) invite(t *transaction.Server, m *sip.Message, f transport.Flow) {
	snap := s.snapshot.Load()
	// Counted before it is compared, so that two sockets cannot both take the last place.
	n := s.active.Add(1)
	if err := s.admit(snap, m, n); err != nil {
		s.active.Add(-1)
		s.changed()
		s.refused.Add(1)
		s.refuse(t, m, replyTo(err))
		s.log.Debug("INVITE not admitted", "peer", f.Remote(), "sip_call_id", m.Header(sip.CallID), "err", err)
		return
	}
	id, key := newCallKeys()
	c := &call{sbc: s, id: id, snap: snap, start: s.now()}
	c.a = leg{call: c, side: media.A, key: key}
	c.a.localTag = c.a.key
	t.SetTag(c.a.key)
	s.calls.Add(1)
	s.legs.add(&c.a)
	c.post(event{kind: evInvite, server: t, msg: m, flow: f})
}

// admit is the first room: what can be said without knowing whose call it is. n is how
// many calls there would be with this one.
func (s *SBC) admit(snap *Snapshot, m *sip.Message, n int64) error {
	switch {
	case s.draining.Load():
		return ErrDraining
	case snap.MaxCalls > 0 && n > int64(snap.MaxCalls):
		return ErrCallLimit
	}
	if hops, ok := maxForwards(m); ok && hops == 0 {
		return ErrTooManyHops
	}
	if m.Body != "" && !isSDP(m) && !isMultipart(m) {
		return ErrBody
	}
	if !acceptsSDP(m) {
		return ErrNotAccepted
	}
	return nil
}

// refuse answers a request that begins nothing.
func (s *SBC) refuse(t *transaction.Server, m *sip.Message, a answer) {
	if a.drop {
		t.Drop()
		return
	}
	s.respond(t, m, a.status, a.phrase, a.headers...)
}

// begin walks the INVITE through selection, evaluation, the chain's start and the media
// offer, and sends it on as leg B. It runs on the strand.
func (c *call) begin(t *transaction.Server, m *sip.Message, f transport.Flow) {
	c.a.answerTo(m, f)
	c.facts = facts{to: m.Header(sip.To), ruri: m.RURI, source: f.Remote()}
	c.exchange = &exchange{from: &c.a, server: t, request: m, offered: m.Body != ""}

	env := &pattern.Env{
		Msg: m, Source: f.Remote(), Local: f.Local(),
		Interface: f.Interface().Name(), Advertise: addrOf(f),
	}
	if err := c.choose(env); err != nil {
		c.refuse(replyTo(err), err)
		return
	}
	c.env = env
	if c.run == nil {
		c.started(nil)
		return
	}
	c.hook(abi.EventStart, m)
}

// started goes on with the INVITE when all modules have let it pass, or one has not.
func (c *call) started(err error) {
	x := c.exchange
	if x == nil || c.env == nil {
		return
	}
	m, env := x.request, c.env
	c.env = nil
	if err == nil {
		err = c.plan.Late(env)
	}
	if err != nil {
		c.refuse(replyTo(err), err)
		return
	}
	c.openLog(m, x.server.Flow()) // its name may be what modules have set
	c.a.timer = c.timerOf(media.A)
	c.a.transparent = c.plan.TransparentDialog
	if c.log(slog.LevelInfo, "call begins", "sip_call_id", c.a.callID, "peer", c.a.flow.Remote(), "local", c.a.flow.Local(),
		"profile", c.plan.Profile.Name()); c.plan.Refuse() != nil {
		r := c.plan.Refuse()
		c.refuse(replyTo(r), r)
		return
	}
	if err := c.steerA(); err != nil {
		c.refuse(replyTo(err), err)
		return
	}
	if bad := unsupported(m, c.a.timer); bad != "" {
		c.refuse(answer{status: 420, headers: []sip.Header{{ID: sip.Unsupported, Value: bad}}}, ErrExtension)
		return
	}
	if t := c.a.timer; t != nil {
		if err := t.check(m); err != nil {
			c.refuse(replyTo(err), err)
			return
		}
		t.heard = m.Body
	}
	body, err := c.firstOffer(m)
	if err != nil {
		c.refuse(replyTo(err), err)
		return
	}
	x.server.Trying()
	c.dial(m, body)
}

// choose selects and evaluates the profile, and checks who calls.
func (c *call) choose(env *pattern.Env) error {
	if c.snap.Profiles == nil {
		return ErrNoProfiles
	}
	p, err := c.snap.Profiles.Select(env)
	if err != nil {
		c.tellRefused(env)
		return err
	}
	c.run = p.Chain().Begin(c.snap.Modules, c.id, env)
	c.run.SetLog(c.sbc.log)
	c.plan, err = p.Resolve(env)
	if err != nil {
		return err
	}
	c.openLog(env.Msg, c.a.flow)
	c.reveal(env)
	c.identify(&c.a)
	return c.demand(&c.a, env.Msg, c.facts.source.Addr())
}

// reveal makes what the Contact that is called hides variables of the call.
func (c *call) reveal(env *pattern.Env) {
	hidden := c.plan.Revealed
	if len(hidden) == 0 {
		return
	}
	if vars := c.run.Vars(); vars != nil {
		for _, f := range hidden {
			if err := vars.Set(f.Name, f.Value); err != nil {
				c.log(slog.LevelWarn, "variable of a hidden Contact not usable", "name", f.Name, "err", err)
			}
		}
		return
	}
	env.Var = func(name string) (string, bool) {
		i := slices.IndexFunc(hidden, func(f callcontrol.Field) bool { return f.Name == name })
		if i < 0 {
			return "", false
		}
		return hidden[i].Value, true
	}
}

// firstOffer opens the media session, if the plan wants one, and turns A's offer into
// the one for B. An INVITE without a body asks B for the offer.
func (c *call) firstOffer(m *sip.Message) (string, error) {
	if !c.plan.Relay {
		if m.Body != "" && isSDP(m) {
			return c.crossSDP(media.B, m.Body)
		}
		if m.Body != "" && shaped(c.plan) {
			return "", ErrBody
		}
		return m.Body, nil
	}
	if c.sbc.media == nil {
		return "", ErrNoMediaRelay
	}
	if m.Body != "" && !isSDP(m) {
		return "", ErrBody
	}
	p := c.plan.Media
	if c.plan.SymmetricByFlags && forcesSymmetric(m) {
		p.SymmetricA = true
	}
	if p.InterfaceA == "" {
		p.InterfaceA = c.a.flow.Interface().Name()
	}
	if p.InterfaceB == "" {
		if p.InterfaceB = c.plan.Interface; p.InterfaceB == "" {
			p.InterfaceB = p.InterfaceA
		}
	}
	var err error
	if c.media, err = c.sbc.media.Open(p, func() { c.post(event{kind: evSilence}) }); err != nil {
		return "", err
	}
	c.listen()
	if c.wire != nil && c.plan.Log.RTP {
		c.media.Tap(c.wire.packet)
	}
	if m.Body == "" {
		return "", nil
	}
	sdp, err := c.media.Offer(media.A, []byte(m.Body))
	return string(sdp), err
}

// refuse ends a call before it had a leg B.
func (c *call) refuse(a answer, why error) {
	x := c.exchange
	disposition, by := abi.Refused, c.refusedBy(why)
	if a.drop {
		disposition = abi.Dropped
		x.server.Drop()
	} else {
		res := c.reply(x, a.status, a.phrase)
		for _, h := range a.headers {
			addHeader(res, h)
		}
		c.send(x.server, res)
	}
	c.sbc.refused.Add(1)
	c.log(slog.LevelInfo, "call refused", "sip_call_id", c.a.callID, "peer", c.a.flow.Remote(), "code", a.status, "err", why)
	phrase := a.phrase
	if phrase == "" {
		phrase = sip.Phrase(a.status)
	}
	c.exchange = nil
	c.end(cause{disposition: disposition, code: a.status, reason: phrase, by: by})
	c.forget()
}

// unsupported lists the extensions the request requires of us that we do not have (RFC
// 3261 §8.2.2.3): all but timer on a leg with a session timer. As the next hop of the far
// end's proxy set we answer for Proxy-Require too.
func unsupported(m *sip.Message, t *sessionTimer) string {
	var bad []string
	for _, id := range [...]sip.ID{sip.Require, sip.ProxyRequire} {
		if m.Count(id) == 0 {
			continue
		}
		for tag := range m.All(id) {
			if t == nil || !strings.EqualFold(tag, "timer") {
				bad = append(bad, tag)
			}
		}
	}
	return strings.Join(bad, ", ")
}

func isSDP(m *sip.Message) bool { return mediaType(m, "application/sdp") }

func isMultipart(m *sip.Message) bool {
	v := m.Header(sip.ContentType)
	return len(v) > 10 && strings.EqualFold(v[:10], "multipart/")
}

// mediaType compares the type and subtype of Content-Type, without parameters.
func mediaType(m *sip.Message, want string) bool {
	v := m.Header(sip.ContentType)
	if i := strings.IndexByte(v, ';'); i >= 0 {
		v = v[:i]
	}
	return strings.EqualFold(strings.TrimSpace(v), want)
}

// acceptsSDP says whether the caller can take an SDP answer (RFC 3261 §20.1): without
// an Accept field it can.
func acceptsSDP(m *sip.Message) bool {
	if m.Count(sip.Accept) == 0 {
		return true
	}
	for v := range m.All(sip.Accept) {
		if i := strings.IndexByte(v, ';'); i >= 0 {
			v = v[:i]
		}
		switch strings.ToLower(strings.TrimSpace(v)) {
		case "application/sdp", "application/*", "*/*":
			return true
		}
	}
	return false
}
