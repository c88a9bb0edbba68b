package sbc

import (
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
)

// maxOwn is how many requests of its own a call may have, waiting or on their way.
const maxOwn = 16

// Info is an INFO request (RFC 6086) of the SBC's own to the far end of one leg.
type Info struct {
	Leg         media.Side
	ContentType string // of Body; counts only if there is one
	Body        string
	Headers     []sip.Header // further ones, which must be fit to be written: see sip.ValidHeaderValue
}

// Transfer is a REFER request (RFC 3515) of the SBC's own: the far end of one leg is to
// call somebody else.
type Transfer struct {
	Leg     media.Side
	Target  string       // URI that it is to call
	Headers []sip.Header // further ones, as in Info
}

// Inform sends an INFO within the dialog of a leg, behind what was sent there before. It
// waits until the dialog is confirmed and acknowledged; a call that ends first sends
// nothing. The answer changes nothing: the refused and the unanswered are counted in
// Stats. It says whether there is such a call; it does not wait. It may be called by
// anybody.
func (s *SBC) Inform(id string, i Info) bool {
	c := s.find(id)
	if c == nil {
		return false
	}
	c.post(event{kind: evOwn, own: &ownRequest{side: i.Leg, method: "INFO", kind: i.ContentType, body: i.Body, headers: i.Headers}})
	return true
}

// Refer sends a REFER as Inform sends an INFO. It asks for no subscription (RFC 4488); a
// far end that sends NOTIFY all the same gets 200, and nobody hears of it. The call goes
// on until somebody ends it. It fails with ErrNoCall and ErrReferTarget.
func (s *SBC) Refer(id string, t Transfer) error {
	if _, err := sip.ParseURI(t.Target); err != nil || strings.ContainsAny(t.Target, "<> \t\"") {
		return ErrReferTarget
	}
	c := s.find(id)
	if c == nil {
		return ErrNoCall
	}
	hs := append([]sip.Header{
		{ID: sip.ReferTo, Value: "<" + t.Target + ">"},
		{Name: "Refer-Sub", Value: "false"},
		{ID: sip.Supported, Value: "norefersub"},
	}, t.Headers...)
	c.post(event{kind: evOwn, own: &ownRequest{side: t.Leg, method: "REFER", headers: hs}})
	return nil
}

// own are the requests that the SBC sends within the dialogs because a module wants them.
type own struct {
	waiting []*ownRequest // for their leg
	sent    []*ownRequest
}

// ownRequest is one of them.
type ownRequest struct {
	side       media.Side
	method     string
	kind, body string
	headers    []sip.Header

	client *transaction.Client // nil before it was sent, and for a REFER that has its 2xx and waits for NOTIFYs
	seq    uint32
	ended  bool // of a REFER: its last NOTIFY has come, before the 2xx
}

// say takes a request of our own.
func (c *call) say(r *ownRequest) {
	if c.state == over {
		return
	}
	if c.own == nil {
		c.own = &own{}
	}
	if len(c.own.waiting)+len(c.own.sent) >= maxOwn {
		c.ignored(r, "too many", slog.Int("limit", maxOwn))
		return
	}
	c.own.waiting = append(c.own.waiting, r)
}

// sayWaiting sends what can be sent by now, in order.
func (c *call) sayWaiting() {
	if c.own == nil || len(c.own.waiting) == 0 || c.state != up {
		return
	}
	c.own.waiting = slices.DeleteFunc(c.own.waiting, func(r *ownRequest) bool {
		l := c.legOf(r.side)
		ready := l.state == legUp && l.unacked == nil && !c.owesACK(l)
		if ready {
			c.sayNow(l, r)
		}
		return ready
	})
}

// owesACK says whether the 2xx of leg l still waits for its ACK, which will carry the
// other leg's answer.
func (c *call) owesACK(l *leg) bool {
	x := c.exchange
	return x != nil && x.to == l && x.client == nil && !x.offered && l.ackSeq != x.seq
}

func (c *call) sayNow(l *leg, r *ownRequest) {
	m := l.next(r.method)
	for _, h := range r.headers {
		addHeader(m, h)
	}
	if r.body != "" {
		m.Add(sip.ContentType, r.kind)
		m.Body = r.body
	}
	c.sbc.stamp(m)
	r.kind, r.body, r.headers, r.seq = "", "", nil, l.localSeq
	var err error
	if r.client, err = l.submit(m, transaction.SendOptions{}); err != nil {
		c.ignored(r, "not sent", slog.Any("err", err))
		return
	}
	c.own.sent = append(c.own.sent, r)
}

// legOf is the leg of a side; leg B is the one that has answered.
func (c *call) legOf(side media.Side) *leg {
	if side == media.A {
		return &c.a
	}
	return c.b
}

// ownOf is the request of our own that a transaction carries, nil for another's.
func (c *call) ownOf(tx *transaction.Client) *ownRequest {
	if c.own == nil {
		return nil
	}
	for _, r := range c.own.sent {
		if r.client == tx {
			return r
		}
	}
	return nil
}

// ownAnswered takes the final response to a request of our own. It reports whether it was one.
func (c *call) ownAnswered(tx *transaction.Client, res *sip.Message) bool {
	r := c.ownOf(tx)
	if r == nil {
		return false
	}
	if res.Status >= 300 {
		c.ignored(r, "refused", slog.Int("code", res.Status))
	}
	if sub, _ := res.Named("Refer-Sub"); r.method == "REFER" && res.Status < 300 && !r.ended && !strings.EqualFold(strings.TrimSpace(sub), "false") {
		r.client = nil // NOTIFYs come
		return true
	}
	c.own.forget(r)
	return true
}

// ownFailed takes the end of a request of our own that got no answer.
func (c *call) ownFailed(tx *transaction.Client, err error) bool {
	r := c.ownOf(tx)
	if r == nil {
		return false
	}
	c.ignored(r, "not answered", slog.Any("err", err))
	c.own.forget(r)
	return true
}

func (o *own) forget(r *ownRequest) {
	o.sent = slices.DeleteFunc(o.sent, func(other *ownRequest) bool { return other == r })
}

// ignored counts a request that came to nothing; the call does not care.
func (c *call) ignored(r *ownRequest, why string, more slog.Attr) {
	c.sbc.ignored.Add(1)
	c.log(slog.LevelDebug, "request of a module came to nothing", "method", r.method, "leg", nameOf(r.side), "why", why, more)
}

// notified absorbs a NOTIFY of a subscription that a REFER of ours has made. It reports
// whether it was one: it may come before the answer to the REFER (RFC 3515 §2.4.4).
func (c *call) notified(l *leg, t *transaction.Server, m *sip.Message) bool {
	if c.own == nil {
		return false
	}
	event, params := sip.CutParams(m.Header(sip.Event))
	if !strings.EqualFold(strings.TrimSpace(event), "refer") {
		return false
	}
	id, named := params.Get("id")
	for _, r := range c.own.sent {
		if r.method != "REFER" || r.side != l.side || named && id != strconv.FormatUint(uint64(r.seq), 10) {
			continue
		}
		c.sbc.respond(t, m, 200, "")
		state, _ := sip.CutParams(m.Header(sip.SubscriptionState))
		if r.ended = strings.EqualFold(strings.TrimSpace(state), "terminated"); r.ended && r.client == nil {
			c.own.forget(r)
		}
		return true
	}
	return false
}
