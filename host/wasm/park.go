package wasm

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
)

// parked is a hook that answered PENDING. Its instance serves other hooks in the meantime.
type parked struct {
	in     *instance
	handle uint64
	origin *abi.Call // as the strand knows it; only to be compared
	later  func(abi.Decision, error)
	over   atomic.Bool // whoever sets it reports to later, or owes nobody a report

	// Owned by whoever holds the instance.
	ops    []*op
	room   [1]*op // for them, since most wait for one
	life   *life  // nil: nothing was begun yet
	timers []abi.Timer
	sets   []abi.Field // variables set since it waits
	stated bool        // the state was replaced since it waits

	mu   sync.Mutex // guards what follows; the call's message is the strand's after a Cancel
	call abi.Call   // a copy, with variables and state of its own
	gone bool       // nobody waits any more

	timer *time.Timer
}

// park makes the hook that just answered PENDING a parked one. When it may not wait, the guest
// is told and the error says why.
func (in *instance) park(c *abi.Call) error {
	g := in.g
	why := ""
	switch {
	case in.resume == nil:
		in.broken = true
		return fmt.Errorf("%w: the call is parked, but the module has no sbc_resume", ErrGarbage)
	case c.Later == nil:
		why = "this hook may not wait"
	case !g.pool.mayPark(in):
		why = fmt.Sprintf("%d hooks wait already", g.limits.Parked)
	}
	p := &parked{in: in, handle: in.handle, origin: c, later: c.Later, timers: slices.Clone(in.timers), life: in.life}
	p.ops = append(p.room[:0], in.ops...)
	in.ops = in.ops[:0]
	if why != "" {
		in.drop(p)
		if err := in.tell(p.handle); err != nil {
			return err
		}
		return fmt.Errorf("%w: %s", ErrWait, why)
	}
	p.call = *c
	p.call.Vars, p.call.State, p.call.Later = c.Vars.Clone(), slices.Clone(c.State), nil
	if c.Event == abi.EventEnd {
		p.call.Message, p.call.Result = nil, nil // nobody keeps them for it
	}
	in.parked[p.handle] = p
	g.waiting.add(c, p)
	p.mu.Lock()
	p.timer = time.AfterFunc(g.limits.ParkWait, p.expire)
	p.mu.Unlock()
	if in.welcome.Keeps {
		return callcontrol.ErrPending
	}
	// What the hook keeps may lie in the buffer.
	if err := in.room(wire.BufferSize); err != nil {
		delete(in.parked, p.handle)
		p.claim()
		in.drop(p)
		g.pool.unpark(in)
		return err
	}
	return callcontrol.ErrPending
}

// claim reports true to the one that ends the waiting.
func (p *parked) claim() bool {
	if p.over.Swap(true) {
		return false
	}
	p.in.g.waiting.remove(p.origin, p)
	p.mu.Lock()
	p.timer.Stop()
	p.gone = true
	if p.life != nil {
		p.life.over.Store(true)
	}
	p.mu.Unlock()
	return true
}

// report tells who waits. The hook no longer belongs to an instance, or to one that is dead.
func (p *parked) report(d abi.Decision, err error) {
	if !p.claim() {
		return
	}
	if err != nil {
		d = abi.Decision{}
	}
	d.Timers, d.Vars = append(p.timers, d.Timers...), p.sets
	if p.stated {
		d.State = p.call.State
	}
	if err != nil {
		d.Timers = nil
	}
	p.in.g.tally(p.call.Event, &d, err)
	p.in.g.settle(&p.call, &d, err)
	p.later(d, err)
}

// expire ends a hook that waited too long.
func (p *parked) expire() {
	g := p.in.g
	if !p.claim() {
		return
	}
	g.pool.expired()
	err := &HookError{
		Module: g.name, Generation: g.id, Hook: p.call.Event, Call: p.call.ID,
		Err: fmt.Errorf("%w: longer than %v", ErrWait, g.limits.ParkWait),
	}
	var d abi.Decision
	g.settle(&p.call, &d, err)
	g.pool.deliver(p.in, mail{cancel: p.handle}, true)
	p.later(d, err)
}

// Waits says whether hooks of the module can wait.
func (g *Generation) Waits() bool { return g.waits }

// Cancel says that nobody waits for the hook that was given c.
func (g *Generation) Cancel(c *abi.Call) {
	p := g.waiting.find(c)
	if p == nil || !p.claim() {
		return
	}
	var d abi.Decision
	g.settle(&p.call, &d, ErrWait)
	g.pool.deliver(p.in, mail{cancel: p.handle}, true)
}

// waiting finds parked hooks by the call they were given.
type waiting struct {
	mu sync.Mutex
	by map[*abi.Call]*parked
}

func (w *waiting) add(c *abi.Call, p *parked) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by == nil {
		w.by = make(map[*abi.Call]*parked)
	}
	w.by[c] = p
}

func (w *waiting) find(c *abi.Call) *parked {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.by[c]
}

func (w *waiting) remove(c *abi.Call, p *parked) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by[c] == p {
		delete(w.by, c)
	}
}
