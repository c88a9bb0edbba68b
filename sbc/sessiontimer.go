package sbc

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/profile"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
)

// sessionTimer is the RFC 4028 timer of one leg: agreed with that leg's far end alone,
// whatever the other leg has agreed.
//
// Owned by the call's strand.
type sessionTimer struct {
	policy    profile.Timer
	interval  time.Duration // agreed; 0 = not yet
	least     time.Duration // Min-SE of the far end
	ours      bool          // the SBC refreshes
	byInvite  bool          // the far end has refused UPDATE
	heard     string        // the last session description of the far end
	said      string        // the last one it was given: what a re-INVITE offers again
	refresher *transaction.Client
}

// timerOf makes the timer of a leg, nil when the plan has none for it.
func (c *call) timerOf(side media.Side) *sessionTimer {
	p := c.plan.Timer[side]
	if !p.Enabled {
		return nil
	}
	return &sessionTimer{policy: p, least: p.Minimum}
}

// errTooSmall is a session interval below the minimum: 422 with Min-SE.
type errTooSmall struct{ minimum time.Duration }

func (e errTooSmall) Error() string { return "session interval too small" }

// sessionExpires reads Session-Expires; ok is false when there is none that can be read.
func sessionExpires(m *sip.Message) (d time.Duration, refresher string, ok bool) {
	v := m.Header(sip.SessionExpires)
	if v == "" {
		return 0, "", false
	}
	v, params := sip.CutParams(v)
	d, ok = seconds(v)
	refresher, _ = params.Get("refresher")
	return d, strings.ToLower(refresher), ok
}

func seconds(v string) (time.Duration, bool) {
	v, _ = sip.CutParams(v)
	n, err := strconv.ParseUint(strings.TrimSpace(v), 10, 31)
	return time.Duration(n) * time.Second, err == nil
}

func inSeconds(d time.Duration) string { return strconv.Itoa(int(d / time.Second)) }

// check looks at a request of the far end that carries a session interval.
func (t *sessionTimer) check(m *sip.Message) error {
	if d, _, ok := sessionExpires(m); ok && d < t.policy.Minimum && m.Lists(sip.Supported, "timer") {
		return errTooSmall{t.policy.Minimum}
	}
	if d, ok := seconds(m.Header(sip.MinSE)); ok {
		t.least = max(t.least, d)
	}
	return nil
}

// agree settles the interval for a request of the far end and writes it into our 2xx
// (RFC 4028 §9): who asked for a refresher gets it; else whoever can refresh does.
func (t *sessionTimer) agree(l *leg, req, res *sip.Message) {
	able := req.Lists(sip.Supported, "timer") || req.Lists(sip.Require, "timer")
	d, refresher, ok := sessionExpires(req)
	if !ok {
		d = t.policy.Expires
	}
	t.interval = max(min(d, t.policy.Maximum), t.least)
	t.ours = refresher == "uas" || !able
	who := "uac"
	if t.ours {
		who = "uas"
	}
	if able {
		res.Add(sip.SessionExpires, inSeconds(t.interval)+";refresher="+who)
		if !t.ours {
			res.Add(sip.Require, "timer")
		}
	}
	l.arm()
}

// ask writes what we want into a request of ours (RFC 4028 §7.1).
func (t *sessionTimer) ask(m *sip.Message) {
	d := t.interval
	refresher := ""
	if d == 0 {
		d = min(t.policy.Expires, t.policy.Maximum)
	} else if t.ours {
		refresher = ";refresher=uac"
	} else {
		refresher = ";refresher=uas"
	}
	m.Add(sip.Supported, "timer")
	m.Add(sip.SessionExpires, inSeconds(max(d, t.least))+refresher)
	m.Add(sip.MinSE, inSeconds(t.least))
}

// take reads what the far end granted in its 2xx (RFC 4028 §7.2). When it grants
// nothing it knows no timers; then the SBC refreshes alone, which still finds a far end
// that has died.
func (t *sessionTimer) take(l *leg, res *sip.Message) {
	d, refresher, ok := sessionExpires(res)
	if !ok {
		d = max(min(t.policy.Expires, t.policy.Maximum), t.least)
	}
	t.interval = max(d, leastInterval)
	t.ours = !ok || refresher != "uas"
	l.arm()
}

// leastInterval guards against a far end that wants to be refreshed all the time (RFC
// 4028 §4).
const leastInterval = 90 * time.Second

// maxInterval is the longest that a target may insist on: a day.
const maxInterval = 24 * time.Hour

// arm sets the leg's deadline: half of the interval when we refresh, else when the
// session has expired (RFC 4028 §10).
func (l *leg) arm() {
	t := l.timer
	wait := t.interval / 2
	if !t.ours {
		wait = t.interval - min(32*time.Second, t.interval/3)
	}
	l.call.due.session[l.side] = l.call.sbc.now() + wait
}

// sessionDue acts on a leg's session deadline.
func (c *call) sessionDue(l *leg) {
	t := l.timer
	if t == nil || c.state != up || l.state != legUp {
		return
	}
	if !t.ours {
		c.hangup(cause{disposition: "answered", code: 408, reason: "session expired", by: l.name()})
		return
	}
	if c.busy() {
		c.due.session[l.side] = c.sbc.now() + 2*time.Second
		return
	}
	c.refresh(l)
}

// busy says whether an INVITE or an offer is on its way on either leg.
func (c *call) busy() bool {
	return c.exchange != nil || c.a.unacked != nil || c.b.unacked != nil || c.a.refreshing() || c.b.refreshing()
}

func (l *leg) refreshing() bool { return l.timer != nil && l.timer.refresher != nil }

// refresh tells the far end that we are alive, and learns whether it is. The session
// stays as it is: UPDATE without a body, or a re-INVITE that offers what was said last,
// under the same o= version.
func (c *call) refresh(l *leg) {
	t := l.timer
	method := "INVITE"
	if !t.byInvite && (t.policy.Method == profile.RefreshUpdate || t.policy.Method == profile.RefreshAuto && l.updates) {
		method = "UPDATE"
	}
	m := l.next(method)
	t.ask(m)
	if method == "INVITE" && t.said != "" {
		m.Add(sip.ContentType, "application/sdp")
		m.Body = t.said
	}
	c.sbc.stamp(m)
	var err error
	if t.refresher, err = l.submit(m, transaction.SendOptions{}); err != nil {
		c.refreshDied(l, err)
	}
}

// refreshed takes the answer to a refresh of ours.
func (c *call) refreshed(l *leg, res *sip.Message) {
	t := l.timer
	if res.Status < 200 {
		return
	}
	method := res.Method
	t.refresher = nil
	seq, _ := res.CSeqNumber()
	if c.state != up {
		if method == "INVITE" && res.Status < 300 {
			l.sendACK(seq, "")
		}
		return
	}
	switch {
	case res.Status < 300:
		l.setTarget(res)
		if method == "INVITE" {
			l.sendACK(seq, "")
		}
		t.take(l, res)
	case res.Status == 422:
		if d, ok := seconds(res.Header(sip.MinSE)); ok && d > t.interval {
			t.least, t.interval = d, d
			c.refresh(l)
			return
		}
		c.expireSoon(l)
	case res.Status == 491:
		c.due.session[l.side] = c.sbc.now() + glareWait(l)
	case method == "UPDATE" && (res.Status == 405 || res.Status == 501):
		t.byInvite = true
		c.refresh(l)
	case res.Status == 481 || res.Status == 408:
		c.hangup(cause{disposition: "answered", code: res.Status, reason: "dialog gone", by: l.name()})
	default:
		c.expireSoon(l)
	}
}

// expireSoon gives up refreshing: the call ends when the session has expired.
func (c *call) expireSoon(l *leg) {
	t := l.timer
	t.ours = false
	c.due.session[l.side] = c.sbc.now() + t.interval/2 - min(32*time.Second, t.interval/3)
	c.log(slog.LevelWarn, "session refresh refused", "leg", l.name(), "peer", l.flow.Remote())
}

// refreshDied ends a call one of whose far ends does not answer any more.
func (c *call) refreshDied(l *leg, err error) {
	l.timer.refresher = nil
	c.log(slog.LevelWarn, "session refresh not answered", "leg", l.name(), "peer", l.flow.Remote(), "err", err)
	c.hangup(cause{disposition: "answered", code: 408, reason: "session refresh not answered", by: l.name()})
}

// glareWait is how long to wait after 491 (RFC 3261 §14.1): who made the Call-ID waits
// longer, so that the two sides do not meet again; or up to what the profile says.
func glareWait(l *leg) time.Duration {
	if p := l.call.plan; p != nil && p.GlareTime > 0 {
		return rand.N(p.GlareTime) + 1
	}
	ms := rand.IntN(200) * 10
	if l.side == media.B {
		ms = 2100 + rand.IntN(190)*10
	}
	return time.Duration(ms) * time.Millisecond
}

// refreshFrom answers a refresh of the far end that changes nothing about the session:
// UPDATE without a body, or a re-INVITE that repeats what it said last. It is answered
// on its leg; the other leg has a timer of its own. It reports whether it was one.
func (c *call) refreshFrom(l *leg, t *transaction.Server, m *sip.Message) bool {
	timer := l.timer
	if m.Method == "INVITE" && (timer == nil || m.Body == "" || m.Body != timer.heard || timer.said == "") {
		return false
	}
	if m.Method == "UPDATE" && m.Body != "" {
		return false
	}
	l.setTarget(m)
	res := sip.NewResponse(m, 200, "", l.localTag)
	res.Add(sip.Contact, l.contact())
	res.Add(sip.Allow, l.allow())
	if timer != nil {
		res.Add(sip.Supported, "timer")
		timer.agree(l, m, res)
	}
	if m.Method == "INVITE" {
		res.Add(sip.ContentType, "application/sdp")
		res.Body = timer.said
		l.unacked = t
		l.unackedSeq, _ = m.CSeqNumber()
	}
	c.send(t, res)
	return true
}

// tooSmall is the 422 that err asks for, nil if it asks for none.
func tooSmall(err error) []sip.Header {
	var e errTooSmall
	if !errors.As(err, &e) {
		return nil
	}
	return []sip.Header{{ID: sip.MinSE, Value: inSeconds(e.minimum)}}
}
