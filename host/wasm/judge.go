package wasm

import (
	"cmp"
	"fmt"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
)

// Trial says when a new generation is taken back by itself, and how long an old one stays. Zero fields are defaults.
type Trial struct {
	// Percent of the new calls that a file found by watching gets; default 100: it is promoted at once.
	Percent int
	// Sample is how many hooks, and calls, it must have had before it is judged; default 50.
	Sample int
	// Failures, Deadlines and Refusals are how many percent of its hooks may trap, answer against the contract or with
	// an error, how many may run out of time, and how many calls it may refuse, more than the generation beside it:
	// percentage points, default 1, 1 and 10.
	Failures, Deadlines, Refusals float64
	// Keep is how long the generation before stays ready after a promotion, and the new one is judged; default 10 min.
	Keep time.Duration
	// Drain is how long running calls keep an old generation before their next hook moves them; default 1 h.
	Drain time.Duration
}

func (t Trial) withDefaults() Trial {
	return Trial{
		Percent: cmp.Or(t.Percent, 100), Sample: cmp.Or(t.Sample, 50),
		Failures: cmp.Or(t.Failures, 1), Deadlines: cmp.Or(t.Deadlines, 1), Refusals: cmp.Or(t.Refusals, 10),
		Keep: cmp.Or(t.Keep, 10*time.Minute), Drain: cmp.Or(t.Drain, time.Hour),
	}
}

// figures are what a generation is judged by.
type figures struct{ hooks, failures, deadlines, starts, refusals uint64 }

func (g *Generation) figures() figures {
	st := g.pool.snapshot()
	return figures{
		hooks: st.Hooks + st.Busy, failures: st.Traps + st.Garbage + st.Codes + st.Busy, deadlines: st.Deadlines + st.Expired,
		starts: g.starts.Load(), refusals: g.refusals.Load(),
	}
}

func (f figures) since(mark figures) figures {
	return figures{
		f.hooks - mark.hooks, f.failures - mark.failures, f.deadlines - mark.deadlines,
		f.starts - mark.starts, f.refusals - mark.refusals,
	}
}

// verdict says why a generation with the figures f is taken back, compared with its witness; "" when it is not.
func (t Trial) verdict(f, witness figures) string {
	for _, c := range []struct {
		what             string
		n, of, wn, wof   uint64
		more             float64
		singular, plural string
	}{
		{"failed", f.failures, f.hooks, witness.failures, witness.hooks, t.Failures, "hook", "hooks"},
		{"ran out of time", f.deadlines, f.hooks, witness.deadlines, witness.hooks, t.Deadlines, "hook", "hooks"},
		{"refused", f.refusals, f.starts, witness.refusals, witness.starts, t.Refusals, "call", "calls"},
	} {
		if c.of < uint64(t.Sample) || c.of == 0 {
			continue
		}
		is, was := 100*float64(c.n)/float64(c.of), 0.0
		if c.wof > 0 {
			was = 100 * float64(c.wn) / float64(c.wof)
		}
		if is > was+c.more {
			return fmt.Sprintf("%s: %d of %d %s (%.1f %%), %.1f %% in the generation beside it", c.what, c.n, c.of, c.plural, is, was)
		}
	}
	return ""
}

// tally counts what a hook that lets something in, or does not, decided.
func (g *Generation) tally(e abi.Event, d *abi.Decision, err error) {
	if e != abi.EventStart && e != abi.EventRegister && e != abi.EventRoute || err != nil {
		return
	}
	g.starts.Add(1)
	if d.Refused() {
		g.refusals.Add(1)
	}
}

// judge takes back what does worse than it may: a canary, or what was promoted less than Keep ago. It also lets go of
// what is kept no longer.
func (h *Host) judge(now time.Time) {
	h.swaps.Lock()
	defer h.swaps.Unlock()
	for name, s := range *h.slots.Load() {
		t := s.now()
		trial := s.config.Trial.withDefaults()
		why := ""
		switch {
		case t.canary != nil:
			why = trial.verdict(t.canary.figures().since(s.marks[0]), t.stable.figures().since(s.marks[1]))
		case s.before != nil && t.stable != nil:
			why = trial.verdict(t.stable.figures().since(s.marks[0]), s.before.figures())
		}
		if why != "" {
			_ = h.rollback(name, s, t, why) // there is a generation to go back to
		}
		if s.before != nil && now.After(s.until) {
			h.forget(s)
		}
		for _, g := range s.old {
			if now.Sub(time.Unix(0, g.retired.Load())) > trial.Drain {
				g.leaving.Store(true)
			}
		}
		s.sweep()
	}
}
