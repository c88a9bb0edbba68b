package embedded

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// promise is a change nobody waits for: the result is brought to then.
type promise[T any] struct {
	change[T]
	store *Store
	op    store.Op
	begun time.Time
	then  func(T, error)
	told  atomic.Bool
}

// finish tells the result, unless it came too late.
func (p *promise[T]) finish(err error) {
	if err != nil {
		p.err = err
	}
	if !p.told.Swap(true) {
		p.then(p.value, p.store.counters.Done(p.op, p.begun, p.err))
	}
}

// expires is told when its time is over.
type expires interface {
	// due is when that is; false when the result was told.
	due() (time.Time, bool)
	expire()
}

func (p *promise[T]) due() (time.Time, bool) { return p.begun.Add(p.store.deadline), !p.told.Load() }

func (p *promise[T]) expire() {
	if p.told.Swap(true) {
		return
	}
	err := fmt.Errorf("%w: the disk is slow", store.ErrTimeout)
	if p.state.CompareAndSwap(queued, abandoned) {
		err = fmt.Errorf("%w: it was not begun", store.ErrTimeout)
	}
	var none T
	p.then(none, p.store.counters.Done(p.op, p.begun, err))
}

// soon has the committer do a change, as update does, and tells then what came of it.
func soon[T any](s *Store, op store.Op, do func(b *batch) (T, error), then func(T, error)) {
	p := &promise[T]{change: change[T]{do: do}, store: s, op: op, begun: time.Now(), then: then}
	if err := s.enqueue(p); err != nil {
		s.health.Failed(err)
		if !p.told.Swap(true) {
			var none T
			then(none, s.counters.Done(op, p.begun, err))
		}
		return
	}
	s.promises.add(p, s.deadline)
}

// promises are those that may still expire, oldest first. All have the same time, so one timer is enough.
type promises struct {
	mu    sync.Mutex
	all   []expires
	timer *time.Timer // of the first; nil: there is none, or nobody cares any more
	ended bool
}

func (ps *promises) add(p expires, deadline time.Duration) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.all = append(ps.all, p)
	if ps.timer == nil && !ps.ended {
		ps.timer = time.AfterFunc(deadline, ps.sweep)
	}
}

// sweep lets those expire whose time is over, and forgets those that need it no more.
func (ps *promises) sweep() {
	now := time.Now()
	var late []expires
	ps.mu.Lock()
	n := 0
	for ; n < len(ps.all); n++ {
		at, open := ps.all[n].due()
		if open && at.After(now) {
			ps.timer.Reset(at.Sub(now))
			break
		}
		if open {
			late = append(late, ps.all[n])
		}
	}
	ps.all = slices.Delete(ps.all, 0, n)
	if len(ps.all) == 0 {
		ps.timer = nil
	}
	ps.mu.Unlock()
	for _, p := range late {
		p.expire()
	}
}

// stop ends the timer; the committer has told all results.
func (ps *promises) stop() {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.ended = true; ps.timer != nil {
		ps.timer.Stop()
	}
}

// ReserveSoon is store.Soon.ReserveSoon.
func (s *Store) ReserveSoon(name, call string, seq uint32, want int64, ttl time.Duration, then func(int64, error)) {
	do, err := reserving(name, call, seq, want, ttl)
	if err != nil {
		then(0, s.counters.Done(store.OpReserve, time.Time{}, err))
		return
	}
	soon(s, store.OpReserve, do, then)
}

// CommitSoon is store.Soon.CommitSoon.
func (s *Store) CommitSoon(name, call string, seq uint32, used int64, then func(store.Balance, error)) {
	do, err := committing(name, call, seq, used)
	if err != nil {
		then(store.Balance{}, s.counters.Done(store.OpCommit, time.Time{}, err))
		return
	}
	soon(s, store.OpCommit, do, then)
}

// CancelSoon is store.Soon.CancelSoon.
func (s *Store) CancelSoon(name, call string, seq uint32, then func(error)) {
	do, err := canceling(name, call, seq)
	if err != nil {
		then(s.counters.Done(store.OpCancel, time.Time{}, err))
		return
	}
	soon(s, store.OpCancel, do, func(_ struct{}, err error) { then(err) })
}
