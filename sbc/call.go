package sbc

import (
	"context"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
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
	env      *pattern.Env // until the modules have decided about the start
	run      *callcontrol.Run
	media    *media.Session
	relays   []*relayed
	own      *own        // nil: no module wants anything sent
	wire     *messageLog // nil = messages are not written
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
	body     string
	early    string       // the last answer sent in a provisional response
	canceled bool         // who asked has given up; the answer of the one who was asked decides
	others   []branch     // of a fork, besides to and client
	response *sip.Message // the 2xx of leg B, while modules decide about it
	answer   *sip.Message // what leg A gets for it
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
	c.plan = c.plan.Lasting()
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
	if a.transparent {
		ps = append(ps, &a.localTag, &b.localTag)
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
