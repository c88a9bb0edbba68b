package sbc

import (
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
	"github.com/sallyport-sbc/sallyport/sbc/profile"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
)

type callState uint8

const (
	setup callState = iota // no leg was answered yet
	up                     // leg B answered, the 2xx went to leg A
	over                   // the end was recorded; legs may still be closing
)

// call is two legs and what crosses between them.
type call struct {
	sbc  *SBC
	id   string
	snap *Snapshot

	mu sync.Mutex
	// mu guards the following fields.
	queue   []event
	running bool

	// Owned by the call's strand. Nobody else reads or writes below this line.

	state    callState
	recorded bool // the end was recorded
	serial   int32
	a        leg
	b        *leg // the leg B of the current target; earlier ones live until their INVITE ends
	exchange *exchange
	plan     *profile.Plan
	run      *callcontrol.Run
	media    *media.Session
	relays   []*relayed
	tries    *tries

	timer *time.Timer
	armed time.Duration
	due   deadlines

	start, ringing, answer time.Duration // since the SBC's epoch; 0 = not yet
	facts                  facts
}

// facts are what logs, modules and CDRs want to know of a call after its INVITE is
// gone, besides what the legs hold: leg A's remote is the From of the INVITE.
type facts struct {
	to, ruri            string
	source, destination netip.AddrPort
}

// exchange is one INVITE on its way: the transaction it came in by on one leg and the
// one it went out by on the other. There is one at a time; a second gets 491.
type exchange struct {
	from, to *leg
	server   *transaction.Server // of the INVITE that came
	request  *sip.Message        // the INVITE that came; gone once it was answered
	client   *transaction.Client // of the INVITE that went out; nil while no target is tried
	seq      uint32              // its CSeq number
	offered  bool                // the INVITE carried an offer; else the 2xx does, and the ACK the answer
	early    string              // the last answer sent in a provisional response
}

// cause is why a call ended.
type cause struct {
	disposition string // one of abi's
	code        int    // SIP status, or that of the Reason header
	reason      string
	by          string // "a", "b", "sbc" or the use of the module that ended it
}

func (c *call) log(level slog.Level, msg string, args ...any) {
	if !c.sbc.log.Enabled(context.Background(), level) {
		return
	}
	c.sbc.log.Log(context.Background(), level, msg, append([]any{"call", c.id}, args...)...)
}

// settle moves every string the call keeps out of the messages it came in and into one
// allocation, so that a held call does not hold its INVITE and its 200.
func (c *call) settle() {
	a, b, f := &c.a, c.b, &c.facts
	fields := [...]*string{
		&f.to, &f.ruri,
		&a.remoteTag, &a.callID, &a.local, &a.remote, &a.target,
		&b.remoteTag, &b.callID, &b.local, &b.remote, &b.target,
	}
	ps := fields[:]
	for _, l := range [...]*leg{a, b} {
		if l.timer != nil {
			ps = append(ps, &l.timer.heard, &l.timer.said)
		}
	}
	for i := range a.routes {
		ps = append(ps, &a.routes[i])
	}
	for i := range b.routes {
		ps = append(ps, &b.routes[i])
	}
	pack(ps)
}

// pack moves the strings that ps point to into one new allocation.
func pack(ps []*string) {
	n := 0
	for _, p := range ps {
		n += len(*p)
	}
	var b strings.Builder
	b.Grow(n)
	for _, p := range ps {
		b.WriteString(*p)
	}
	s := b.String()
	for _, p := range ps {
		*p, s = s[:len(*p)], s[len(*p):]
	}
}

// hookCalls recycles what modules are shown: a hook must not cost an allocation.
var hookCalls = sync.Pool{New: func() any { return new(hookCall) }}

type hookCall struct {
	abi.Call
	end abi.End
}

// shown fills what a module may see of the call at one event. The caller gives it back
// with done.
func (c *call) shown(ev abi.Event, m *sip.Message) *hookCall {
	h := hookCalls.Get().(*hookCall)
	f := &c.facts
	h.Call = abi.Call{
		ID: c.id, Event: ev,
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
	if m != nil {
		h.Message = shownMessage{m}
	}
	return h
}

func done(h *hookCall) {
	*h = hookCall{}
	hookCalls.Put(h)
}

// shownMessage lets a module pull what it needs of a message.
type shownMessage struct{ message *sip.Message }

func (s shownMessage) Header(name string) (string, bool) { return s.message.Named(name) }
func (s shownMessage) Body() string                      { return s.message.Body }

func uriAndUser(v string) (uri, user string) {
	na, err := sip.ParseNameAddr(v)
	if err != nil {
		return "", ""
	}
	u, err := sip.ParseURI(na.URI)
	if err != nil {
		return na.URI, ""
	}
	return na.URI, u.User
}

// maxBy says who set the maximum duration.
func (c *call) maxBy() string {
	if by := c.run.MaxDurationBy(); by != "" {
		return by
	}
	return "sbc"
}
