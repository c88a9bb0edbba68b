package wasm

import (
	"sync/atomic"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
)

// slot is a module's name; what stands in it changes under traffic, by one pointer.
type slot struct {
	traffic atomic.Pointer[traffic] // nil: the module is gone

	// Guarded by the host's swaps.
	config    ModuleConfig  // as the configuration has it
	filed     [32]byte      // sum of the file it names, as it was when somebody last took it up
	before    *Generation   // what a rollback goes back to, kept warm; nil: nothing
	until     time.Time     // how long before is kept
	old       []*Generation // out of use, but calls hold them
	marks     [2]figures    // of the generation on trial and its witness, when the trial began
	rollbacks int
	rolled    Rollback
	file      watched
}

// traffic says which generation new calls get. It never changes; a swap stores another one.
type traffic struct {
	stable, canary *Generation // canary nil: there is none
	percent        int         // of the calls that get the canary
}

// pick is the generation for a new call: always the same for the same call.
func (t *traffic) pick(callID string) *Generation {
	if t.canary != nil && share(callID) < t.percent {
		return t.canary
	}
	return t.stable
}

// share is where a call stands between 0 and 99: FNV-1a, its bits mixed once more, since call ids may be numbered.
func share(callID string) int {
	h := uint64(14695981039346656037)
	for i := range len(callID) {
		h = (h ^ uint64(callID[i])) * 1099511628211
	}
	h ^= h >> 32
	h *= 0x9e3779b97f4a7c15
	return int((h >> 40) % 100)
}

// now is what stands in the slot; never nil.
func (s *slot) now() *traffic {
	if t := s.traffic.Load(); t != nil {
		return t
	}
	return new(traffic)
}

// stable is the generation of calls that are no canary's, nil when the module is gone.
func (s *slot) stable() *Generation { return s.now().stable }

// onDuty says whether new calls get the generation. One that only stands ready, or that its calls have outlived, does
// nothing of its own.
func (g *Generation) onDuty() bool {
	s := (*g.host.slots.Load())[g.name]
	if s == nil {
		return false
	}
	t := s.now()
	return t.stable == g || t.canary == g && t.percent > 0
}

// Acquire returns the generation of the module that a new call with this id gets; the call keeps it until Release. It
// fails with ErrUnknown or ErrClosed.
func (h *Host) Acquire(name, callID string) (callcontrol.Module, error) {
	slots := *h.slots.Load()
	s := slots[name]
	if s == nil {
		if slots == nil {
			return nil, ErrClosed
		}
		return nil, ErrUnknown
	}
	for {
		g := s.now().pick(callID)
		if g == nil {
			return nil, ErrUnknown
		}
		// A generation whose last call is gone cannot be taken any more; then another one stands in the slot.
		if g.acquire() {
			return g, nil
		}
	}
}

// replace makes g the only generation of new calls and takes over the caller's hold on it; nil empties the slot. When
// g is in use already nothing changes, and a canary stays. Called with swaps held.
func (h *Host) replace(s *slot, g *Generation) {
	t := s.now()
	if t.stable == g && g != nil {
		return
	}
	if g == nil {
		s.traffic.Store(nil)
	} else {
		s.traffic.Store(&traffic{stable: g})
		g.frames.take(t.stable)
	}
	h.retire(s, t.canary)
	h.retire(s, t.stable)
	h.forget(s)
	if g != nil && t.stable != nil {
		h.config.Log.Info("module replaced", "module", g.name, "gen", g.id, "old", t.stable.id)
	}
}

// retire gives up the host's hold on a generation: it ends with its last call. Called with swaps held.
func (h *Host) retire(s *slot, g *Generation) {
	s.sweep()
	if g == nil {
		return
	}
	g.retired.Store(time.Now().UnixNano())
	g.Release()
	if g.refs.Load() > 0 {
		s.old = append(s.old, g)
		h.tend()
	}
}

// forget gives up what a rollback would go back to. Called with swaps held.
func (h *Host) forget(s *slot) {
	if g := s.before; g != nil {
		s.before = nil
		h.retire(s, g)
	}
}

// sweep lets go of old generations that no call holds. Called with swaps held.
func (s *slot) sweep() {
	kept := s.old[:0]
	for _, g := range s.old {
		if g.refs.Load() > 0 {
			kept = append(kept, g)
		}
	}
	clear(s.old[len(kept):])
	s.old = kept
}
