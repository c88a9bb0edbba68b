package wasm

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Instances are made again at most so often after they had to be thrown away: making one costs milliseconds, and a
// module that traps in every call must not take the processor from those that work.
const (
	remakeRate  = 20 // a second
	remakeBurst = 8  // beside one for each instance of the bound
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
}

// pool holds the warm instances of a generation, last in first out: the instance used last has its memory in the
// processor's cache, and those that are not needed stay untouched.
type pool struct {
	bound    int
	patience time.Duration
	make     func() (*instance, error)
	spawn    func(func())
	soft     uint32

	mu      sync.Mutex
	free    []*instance
	live    int       // idle, in use, or being made
	waiters []*waiter // first come, first served
	closed  bool
	tokens  float64 // instances that may be made again now
	counted time.Time
	stats   Stats
}

// waiter is a hook that waits; it gets an instance, or nil for the right to make one.
type waiter struct{ turn chan *instance }

// warm makes n instances; the generation is not published yet.
func (p *pool) warm(n int) error {
	p.tokens, p.counted = float64(p.bound+remakeBurst), time.Now()
	for range min(n, p.bound) {
		in, err := p.make()
		if err != nil {
			return err
		}
		p.live++
		p.stats.Made++
		p.free = append(p.free, in)
	}
	return nil
}

// get takes an instance, makes one, or waits for one. It fails with ErrBusy or with what making one fails with.
func (p *pool) get(ctx context.Context) (*instance, error) {
	p.mu.Lock()
	if n := len(p.free) - 1; n >= 0 {
		in := p.free[n]
		p.free[n], p.free = nil, p.free[:n]
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
	grown := in.memory.Size() > p.soft
	p.mu.Lock()
	p.count(in)
	if grown || p.closed {
		if grown {
			p.stats.Recycled++
		}
		p.gone()
		p.mu.Unlock()
		in.close()
		return
	}
	p.offer(in)
	p.mu.Unlock()
}

// discard throws an instance away, for the reason why, and sees to it that another one is made.
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
	p.gone()
	p.mu.Unlock()
	in.close()
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
		w.turn <- in
		return
	}
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
	now := time.Now()
	p.tokens = min(p.tokens+max(now.Sub(p.counted), 0).Seconds()*remakeRate, float64(p.bound+remakeBurst))
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
	free := p.free
	p.free, p.live = nil, p.live-len(p.free)
	p.mu.Unlock()
	for _, in := range free {
		in.close()
	}
}

func (p *pool) snapshot() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.Instances, s.Free = p.live, len(p.free)
	return s
}
