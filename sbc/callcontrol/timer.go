package callcontrol

import (
	"context"
	"slices"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// timer is one timer of a use.
type timer struct {
	use    int
	number uint32
	at     time.Time
	end    bool
}

// arm carries out what use i wants with its timers.
func (r *Run) arm(i int, d *abi.Decision) {
	for _, t := range d.Timers {
		r.timers = slices.DeleteFunc(r.timers, func(o timer) bool { return o.use == i && o.number == t.Number })
		if t.After > 0 && t.Number < wire.MaxTimers {
			r.timers = append(r.timers, timer{i, t.Number, time.Now().Add(t.After), t.End})
		}
	}
}

// NextTimer is when Fire is to be called; ask again after every hook and Resume. The zero time
// means never.
func (r *Run) NextTimer() (at time.Time) {
	if r == nil || r.ended {
		return at
	}
	for _, t := range r.timers {
		if at.IsZero() || t.at.Before(at) {
			at = t.at
		}
	}
	return at
}

// Fire lets the first timer that is due at now act: it gives EventTimer to the use that set
// it, or returns the *Refusal, with code 408, of a timer that ends the call. It does
// nothing when none is due; NextTimer says whether another one is.
func (r *Run) Fire(ctx context.Context, call *abi.Call, now time.Time) error {
	at := r.NextTimer()
	if at.IsZero() || at.After(now) {
		return nil
	}
	k := slices.IndexFunc(r.timers, func(t timer) bool { return t.at.Equal(at) })
	t := r.timers[k]
	r.timers = slices.Delete(r.timers, k, k+1)
	if t.end {
		return &Refusal{Use: r.chain.uses[t.use].Name, Code: 408}
	}
	call.Event, call.Timer = abi.EventTimer, t.number
	if s := &r.steps[t.use]; !s.passed || s.mask&abi.Bit(abi.EventTimer) == 0 {
		return nil
	}
	return r.tell(ctx, call, t.use, abi.EventTimer, true)
}

// Rearm sets the maximum duration that the use called name allows anew; 0 lifts it. It
// reports false when there is no such use in the call.
func (r *Run) Rearm(name string, d time.Duration) bool {
	if r == nil {
		return false
	}
	i := slices.Index(r.chain.names, name)
	if i < 0 || d < 0 || !r.steps[i].passed {
		return false
	}
	r.steps[i].maximum = d
	r.shortest()
	return true
}

// Tell gives call.Event to the use called name alone, as Event does to all.
func (r *Run) Tell(ctx context.Context, call *abi.Call, name string) error {
	if r == nil || r.ended {
		return nil
	}
	i := slices.Index(r.chain.names, name)
	if i < 0 || !r.steps[i].passed || r.steps[i].mask&abi.Bit(call.Event) == 0 {
		return nil
	}
	return r.tell(ctx, call, i, call.Event, true)
}

// shortest finds the maximum duration of the call.
func (r *Run) shortest() {
	r.maximum, r.by = 0, ""
	for i := range r.steps {
		if d := r.steps[i].maximum; d > 0 && (r.maximum == 0 || d < r.maximum) {
			r.maximum, r.by = d, r.chain.uses[i].Name
		}
	}
}
