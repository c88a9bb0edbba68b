package callcontrol

import (
	"context"
	"slices"

	"github.com/sallyport-sbc/sallyport/abi"
)

// waiting is a hook that answered ErrPending.
type waiting struct {
	call  *abi.Call // as the hook was given; also what names the wait
	event abi.Event
	use   int
	alone bool // the event was for this use only
}

// wait notes that use i waits and returns ErrPending.
func (r *Run) wait(call *abi.Call, e abi.Event, i int, alone bool) error {
	r.waits = append(r.waits, waiting{call, e, i, alone})
	return ErrPending
}

// Waiting says whether a hook waits, besides those for the end.
func (r *Run) Waiting() bool { return r != nil && len(r.waits) > 0 }

// Resume goes on where Start, Connect, Event, Fire or Resume itself returned ErrPending for
// call, with what call.Later brought. It returns what they would have returned. plan counts
// for a start only. A call that waits for nothing any more returns nil: its hook was
// abandoned in the meantime.
func (r *Run) Resume(ctx context.Context, call *abi.Call, plan Plan, d abi.Decision, err error) error {
	if r == nil {
		return nil
	}
	k := slices.IndexFunc(r.waits, func(w waiting) bool { return w.call == call })
	if k < 0 {
		return nil
	}
	w := r.waits[k]
	r.waits = slices.Delete(r.waits, k, k+1)
	r.left(w.use, &d)
	call.Event = w.event
	if w.event == r.entry() && w.use == r.next {
		if refusal := r.decide(ctx, call, plan, w.use, d, err); refusal != nil {
			return refusal
		}
		return r.Start(ctx, call, plan)
	}
	if refusal := r.heard(call, w.use, w.event, d, err); refusal != nil {
		return refusal
	}
	if w.alone || r.Retargeted() {
		return nil
	}
	return r.each(ctx, call, w.event, w.use+1)
}

// left takes what a hook that waited left behind besides its decision.
func (r *Run) left(i int, d *abi.Decision) {
	for _, f := range d.Vars {
		if err := r.vars.Set(f.Name, f.Value); err != nil {
			r.logFailure(i, abi.EventStart, err)
		}
	}
	if d.State != nil {
		r.steps[i].state = d.State
	}
	d.Vars, d.State = nil, nil
}

// Abandon ends the passage of a call whose start hook waits: that module is told and hears no
// more, those before it get their end with call.Result. After it, and after End, a
// late Later has no effect; what waited keeps its abi.Call, which must not be used again.
func (r *Run) Abandon(ctx context.Context, call *abi.Call) { r.End(ctx, call) }

// cancel tells the modules of hooks that wait that nobody does any more.
func (r *Run) cancel() {
	for _, w := range r.waits {
		if c, ok := r.steps[w.use].module.(Canceler); ok {
			c.Cancel(w.call)
		}
	}
	r.waits = nil
}

// later is where the end hook of a use that waits reports to: the module is given back then.
func (r *Run) later(i int) func(abi.Decision, error) {
	m := r.steps[i].module
	log := r.failureLog(i, abi.EventEnd)
	return func(_ abi.Decision, err error) {
		if err != nil {
			log(err)
		}
		m.Release()
	}
}
