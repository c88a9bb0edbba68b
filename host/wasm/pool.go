package wasm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Instances are made again at most so often after they had to be thrown away: making one costs milliseconds, or a
// tenth of one when it is a copy, and a module that traps in every call must not take the processor from those that work.
const (
	remakeRate  = 20  // a second
	copyRate    = 200 // a second, of copies
	remakeBurst = 8   // beside one for each instance of the bound
)

// Stats counts what the instances of a generation did.
type Stats struct {
	Instances, Free int    // alive now; of these idle
	Hooks           uint64 // that ran, with whatever result
	Fuel            uint64 // units burnt by hooks; about one instruction each
	Traps           uint64 // hooks that ended by a trap, a panic, an exit
	Deadlines       uint64 // hooks that ran out of time
	Garbage         uint64 // hooks whose answer broke the contract
	Codes           uint64 // hooks that answered with an error
	Busy            uint64 // hooks that found no instance
	Made            uint64 // instances made
	Recycled        uint64 // instances thrown away because they had grown
	LogDropped      uint64 // log lines over the rate
	Lost            uint64 // records the sink did not take
	Parked          int    // hooks that wait now
	Parks           uint64 // hooks that waited, ever
	Resumes         uint64 // times a waiting hook went on
	Expired         uint64 // hooks that waited too long
	ParkRefused     uint64 // hooks that wanted to wait when too many did
	Memory          uint64 // bytes of the guests' memories that belong to one instance alone, all together
	Shared          uint64 // bytes of what all instances of a frozen module share
}

// pool holds the warm instances of a generation, last in first out: the instance used last has its memory in the
// processor's cache, and those that are not needed stay untouched.
type pool struct {
	bound    int
	patience time.Duration
	make     func() (*instance, error)
	rate     float64           // instances that may be made again, a second
	spawn    func(func()) bool // runs it on a goroutine, unless the generation has ended
	soft     uint32
	park     int // hooks that may wait in one instance
	parkAll  int // in all of them

	mu      sync.Mutex
	free    []*instance
	live    int // idle, in use, or being made; not those that are full
	full    map[*instance]struct{}
	grown   int       // instances made because others were full
	waiters []*waiter // first come, first served
	waiting int       // hooks that wait
	closed  bool
	tokens  float64 // instances that may be made again now
	counted time.Time
	stats   Stats
}

// waiter is a hook that waits; it gets an instance, or nil for the right to make one.
type waiter struct{ turn chan *instance }

// warm makes n instances, of which first is one if it is not nil; the generation is not published yet.
func (p *pool) warm(n int, first *instance) (err error) {
	p.tokens, p.counted = float64(p.bound+remakeBurst), time.Now()
	for range min(n, p.bound) {
		in := first
		if first = nil; in == nil {
			if in, err = p.make(); err != nil {
				return err
			}
		}
		p.live++
		p.stats.Made++
		p.offer(in)
	}
	return nil
}

// get takes an instance, makes one, or waits for one. It fails with ErrBusy or with what making one fails with.
func (p *pool) get(ctx context.Context) (*instance, error) {
	p.mu.Lock()
	if n := len(p.free) - 1; n >= 0 {
		in := p.free[n]
		p.free[n], p.free = nil, p.free[:n]
		in.taken = true
		p.mu.Unlock()
		return in, nil
	}
	if p.live < p.bound && p.mayMake() {
		p.live++
		p.mu.Unlock()
		return p.made()
	}
	if p.live == 0 {
		p.stats.Busy++
		p.mu.Unlock()
		return nil, fmt.Errorf("%w: instances fail faster than they are made", ErrBusy)
	}
	w := &waiter{turn: make(chan *instance, 1)}
	p.waiters = append(p.waiters, w)
	p.mu.Unlock()
	return p.await(ctx, w)
}

func (p *pool) await(ctx context.Context, w *waiter) (*instance, error) {
	timer := time.NewTimer(p.patience)
	defer timer.Stop()
	var got *instance
	select {
	case got = <-w.turn:
	case <-timer.C:
		if p.leave(w) {
			return nil, fmt.Errorf("%w for %v", ErrBusy, p.patience)
		}
		got = <-w.turn // the turn came at the same moment
	case <-ctx.Done():
		if p.leave(w) {
			return nil, fmt.Errorf("%w: %w", ErrBusy, context.Cause(ctx))
		}
		got = <-w.turn
	}
	if got != nil {
		return got, nil
	}
	return p.made()
}

// leave takes w from the queue; false when its turn has come.
func (p *pool) leave(w *waiter) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := slices.Index(p.waiters, w)
	if i < 0 {
		return false
	}
	p.waiters = slices.Delete(p.waiters, i, i+1)
	p.stats.Busy++
	return true
}

// made makes the instance that live counts already.
func (p *pool) made() (*instance, error) {
	in, err := p.make()
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.gone()
		return nil, err
	}
	p.stats.Made++
	return in, nil
}

// put gives an instance back after a hook that did not break it.
func (p *pool) put(in *instance) {
	p.mu.Lock()
	p.count(in)
	if len(in.mail) == 0 && len(in.finished) == 0 {
		p.release(in)
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	// The call that is here must not do the work of others.
	if !p.spawn(func() { p.drain(in) }) {
		p.mu.Lock()
		p.release(in)
		p.mu.Unlock()
	}
}

// release makes an instance idle, or closes it. Called with mu held.
func (p *pool) release(in *instance) {
	in.taken = false
	grown := in.memory.Size() > p.soft
	full := in.waits >= p.park || grown && in.waits > 0
	_, was := p.full[in]
	switch {
	case p.closed || grown && in.waits == 0 || was && !full && p.live >= p.bound && in.waits == 0:
		if grown {
			p.stats.Recycled++
		}
		p.bury(in)
		in.close()
	case full && !was:
		if p.full == nil {
			p.full = make(map[*instance]struct{})
		}
		p.full[in] = struct{}{}
		p.gone()
	case full:
	case was:
		delete(p.full, in)
		p.live++
		p.offer(in)
	default:
		p.offer(in)
	}
}

// take makes an idle instance one in use. Called with mu held.
func (p *pool) take(in *instance) {
	in.taken = true
	if i := slices.Index(p.free, in); i >= 0 {
		p.free = slices.Delete(p.free, i, i+1)
	}
}

// bury counts an instance as dead. Called with mu held.
func (p *pool) bury(in *instance) {
	in.dead = true
	in.mail = nil
	p.waiting -= in.waits
	if _, full := p.full[in]; full {
		delete(p.full, in)
		p.grown = min(p.grown, len(p.full))
		return
	}
	p.gone()
}

// discard throws an instance away, for the reason why, and sees to it that another one is made.
// What waits in it has failed.
func (p *pool) discard(in *instance, why error) {
	p.mu.Lock()
	p.count(in)
	switch {
	case errors.Is(why, ErrDeadline):
		p.stats.Deadlines++
	case errors.Is(why, ErrGarbage):
		p.stats.Garbage++
	default:
		p.stats.Traps++
	}
	p.bury(in)
	p.mu.Unlock()
	in.drop(&parked{ops: in.ops})
	in.ops = nil
	in.close()
	if len(in.parked)+len(in.finished) > 0 {
		p.spawn(in.fail)
	}
}

// mayPark counts one more hook that waits in the instance, unless there are too many.
func (p *pool) mayPark(in *instance) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if in.waits >= p.park || p.waiting >= p.parkAll {
		p.stats.ParkRefused++
		return false
	}
	in.waits++
	p.waiting++
	p.stats.Parks++
	return true
}

// unpark counts one less.
func (p *pool) unpark(in *instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	in.waits--
	p.waiting--
}

func (p *pool) resumed() {
	p.mu.Lock()
	p.stats.Resumes++
	p.mu.Unlock()
}

func (p *pool) expired() {
	p.mu.Lock()
	p.stats.Expired++
	p.mu.Unlock()
}

// count adds what the instance did since the last time. Called with mu held.
func (p *pool) count(in *instance) {
	p.stats.Hooks++
	p.stats.Fuel += in.used
	p.stats.Lost += in.lost
	if in.coded {
		p.stats.Codes++
	}
	in.used, in.lost, in.coded = 0, 0, false
}

// offer hands an instance to who waits longest, or keeps it. Called with mu held.
func (p *pool) offer(in *instance) {
	if len(p.waiters) > 0 {
		w := p.waiters[0]
		p.waiters = slices.Delete(p.waiters, 0, 1)
		if in != nil {
			in.taken = true
		}
		w.turn <- in
		return
	}
	in.taken = false
	p.free = append(p.free, in)
}

// gone counts one instance less; who waits may make another, else it is made in the background when none is idle.
// Called with mu held.
func (p *pool) gone() {
	p.live--
	if p.closed || !p.mayMakeFor() {
		return
	}
	p.live++
	if len(p.waiters) > 0 {
		p.offer(nil)
		return
	}
	p.spawn(func() {
		in, err := p.made()
		if err != nil {
			return // the next hook that needs one meets the error, and reports it
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.closed {
			p.live--
			in.dead = true
			in.close()
			return
		}
		p.offer(in)
	})
}

// mayMakeFor reports whether another instance is wanted and may be made. Called with mu held.
func (p *pool) mayMakeFor() bool {
	return (len(p.waiters) > 0 || len(p.free) == 0) && p.mayMake()
}

// mayMake takes one token of the remake rate. Called with mu held.
func (p *pool) mayMake() bool {
	if p.grown < len(p.full) {
		// Not in place of one that failed, but beside those that can take no more.
		p.grown++
		return true
	}
	now := time.Now()
	p.tokens = min(p.tokens+max(now.Sub(p.counted), 0).Seconds()*p.rate, float64(p.bound+remakeBurst))
	p.counted = now
	if p.tokens < 1 {
		return false
	}
	p.tokens--
	return true
}

// close closes the idle instances; no hook runs any more, since every call has released the generation.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	idle := p.free
	p.free, p.live = nil, p.live-len(p.free)
	for in := range p.full {
		if !in.taken {
			idle = append(idle, in)
			delete(p.full, in)
		}
	}
	for _, in := range idle {
		in.dead = true
	}
	p.mu.Unlock()
	for _, in := range idle {
		in.close()
	}
}

func (p *pool) snapshot() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.Instances, s.Free, s.Parked = p.live+len(p.full), len(p.free), p.waiting
	return s
}
