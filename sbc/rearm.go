package sbc

import (
	"context"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
)

// Rearm sets the maximum duration that the use of a module allows its call anew: it is
// counted from the answer, 0 lifts it. It says whether there is such a call; it does not
// wait. It may be called by anybody.
func (s *SBC) Rearm(id, use string, d time.Duration) bool {
	c := s.find(id)
	if c == nil {
		return false
	}
	c.post(event{kind: evRearm, text: use, limit: d})
	return true
}

// Limit is Rearm for somebody outside, whom it tells when the call ends then, zero for
// never or not known yet; the use gets EventRearm. With fromNow, d, which is positive
// then, is counted from now. Other limits go on to count: the shortest ends the call. It
// fails with ErrNoCall, ErrNoUse, ErrNotAnswered (nothing is counted from now before the
// answer) or what ctx fails with. It may be called by anybody.
func (s *SBC) Limit(ctx context.Context, id, use string, d time.Duration, fromNow bool) (time.Time, error) {
	c := s.find(id)
	if c == nil {
		return time.Time{}, ErrNoCall
	}
	o := &limitOrder{use: use, limit: d, fromNow: fromNow, limited: make(chan limited, 1)}
	c.post(event{kind: evLimit, order: o})
	select {
	case l := <-o.limited:
		return l.until, l.err
	case <-ctx.Done():
		return time.Time{}, ctx.Err()
	}
}

// limitOrder is an order of Limit, and limited what became of it.
type limitOrder struct {
	use     string
	limit   time.Duration
	fromNow bool
	limited chan limited // has room for one
}

type limited struct {
	until time.Time
	err   error
}

// limitTo carries out an order of Limit.
func (c *call) limitTo(o *limitOrder) {
	d := o.limit
	if o.fromNow {
		d += c.sbc.now() - c.answer
	}
	switch {
	case c.state == over:
		o.limited <- limited{err: ErrNoCall}
		return
	case o.fromNow && c.state != up:
		o.limited <- limited{err: ErrNotAnswered}
		return
	case !c.limitAnew(o.use, d):
		o.limited <- limited{err: ErrNoUse}
		return
	}
	var l limited
	if c.due.max != 0 {
		l.until = c.sbc.epoch.Add(c.due.max)
	}
	o.limited <- l
	if !c.run.Wants(abi.EventRearm) {
		return
	}
	h := c.shown(abi.EventRearm, nil)
	c.judged(h, abi.EventRearm, c.run.Tell(context.Background(), &h.Call, o.use))
}

// limitAnew takes a new maximum duration for a use. It reports whether the use counts in
// this call.
func (c *call) limitAnew(use string, d time.Duration) bool {
	if c.state == over || !c.run.Rearm(use, d) {
		return false
	}
	if c.state != up {
		return true
	}
	c.due.max = 0
	if limit := shorter(c.plan.MaxDuration, c.run.MaxDuration()); limit > 0 {
		c.due.max = c.answer + limit
	}
	return true
}
