package wasm

import (
	"errors"
	"fmt"
	"time"
)

// Why a generation cannot be moved.
var (
	ErrNoCanary = errors.New("no generation is loaded beside the one in use")
	ErrNoBefore = errors.New("there is no generation to go back to")
	ErrPercent  = errors.New("a canary gets 0 to 100 percent of the calls")
	ErrSame     = errors.New("is what is in use already")
)

// Staging is what to load beside the generation in use.
type Staging struct {
	Source  string // "" = as configured
	SHA256  string // that the file must have; "" = as configured
	Percent int    // of the new calls it gets at once
}

// Rollback says when and why a generation was taken back.
type Rollback struct {
	Time time.Time
	Gen  string // that was taken back
	Why  string // "" = somebody ordered it
}

// MarshalText says it in words; nothing when there was none.
func (r Rollback) MarshalText() ([]byte, error) {
	if r.Gen == "" {
		return nil, nil
	}
	why := r.Why
	if why == "" {
		why = "ordered"
	}
	return fmt.Appendf(nil, "%s %s: %s", r.Time.UTC().Format(time.RFC3339), r.Gen, why), nil
}

// Stage loads a generation beside the one in use, with the configuration of the module, and makes it the canary: it
// gets Percent of the new calls. It is validated first: signature, pin, contract, grants, configuration, self test,
// and the frames recorded of the generation in use. On any error, a *LoadError for the module's own, everything stays
// as it is. It may take seconds; calls, Promote and Rollback go on meanwhile.
func (h *Host) Stage(name string, st Staging) error {
	if st.Percent < 0 || st.Percent > 100 {
		return ErrPercent
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.done {
		return ErrClosed
	}
	s := (*h.slots.Load())[name]
	if s == nil || s.stable() == nil {
		return ErrUnknown
	}
	h.swaps.Lock()
	mc := s.config
	h.swaps.Unlock()
	if st.Source != "" {
		mc.Source = st.Source
	}
	if st.SHA256 != "" {
		mc.SHA256 = st.SHA256
	}
	stable := s.stable()
	g, err := h.load(mc, stable)
	if err != nil {
		h.config.Log.Warn("module not loaded; the generation in use stays", "module", name, "err", err)
		return err
	}
	if g == stable {
		return &LoadError{name, mc.Source, "read", ErrSame}
	}
	if err := g.rehearse(stable); err != nil {
		g.Release()
		err = &LoadError{name, mc.Source, "replay", err}
		h.config.Log.Warn("module not loaded; the generation in use stays", "module", name, "err", err)
		return err
	}
	h.swaps.Lock()
	defer h.swaps.Unlock()
	t := s.now()
	if mc.Source == s.config.Source {
		s.filed = g.sum
	}
	s.traffic.Store(&traffic{stable: t.stable, canary: g, percent: st.Percent})
	s.marks = [2]figures{g.figures(), t.stable.figures()}
	h.retire(s, t.canary)
	h.tend()
	h.config.Log.Info("module stands ready", "module", name, "gen", g.id, "stable", t.stable.id, "percent", st.Percent)
	return nil
}

// Canary gives the canary another share of the new calls. Calls that began keep what they have.
func (h *Host) Canary(name string, percent int) error {
	if percent < 0 || percent > 100 {
		return ErrPercent
	}
	return h.swap(name, func(s *slot, t *traffic) error {
		if t.canary == nil {
			return ErrNoCanary
		}
		s.traffic.Store(&traffic{stable: t.stable, canary: t.canary, percent: percent})
		s.marks = [2]figures{t.canary.figures(), t.stable.figures()}
		h.config.Log.Info("canary", "module", name, "gen", t.canary.id, "stable", t.stable.id, "percent", percent)
		return nil
	})
}

// Promote gives all new calls to the canary. What was in use is kept ready for a Rollback, for Trial.Keep.
func (h *Host) Promote(name string) error {
	return h.swap(name, func(s *slot, t *traffic) error {
		if t.canary == nil {
			return ErrNoCanary
		}
		s.traffic.Store(&traffic{stable: t.canary})
		h.forget(s)
		s.before, s.until = t.stable, time.Now().Add(s.config.Trial.withDefaults().Keep)
		s.marks = [2]figures{t.canary.figures(), {}}
		t.canary.frames.take(t.stable)
		h.tend()
		h.config.Log.Info("module promoted", "module", name, "gen", t.canary.id, "old", t.stable.id)
		return nil
	})
}

// Rollback takes the canary back; without one it goes back to the generation that was in use before the last
// Promote. It fails with ErrNoBefore.
func (h *Host) Rollback(name string) error {
	return h.swap(name, func(s *slot, t *traffic) error { return h.rollback(name, s, t, "") })
}

// rollback is Rollback, for the reason why. Called with swaps held.
func (h *Host) rollback(name string, s *slot, t *traffic, why string) error {
	next, bad := t.stable, t.canary
	if bad == nil {
		next, bad = s.before, t.stable
		if next == nil {
			return ErrNoBefore
		}
		s.before = nil
	}
	s.traffic.Store(&traffic{stable: next})
	s.rollbacks++
	s.rolled = Rollback{time.Now(), bad.id, why}
	h.retire(s, bad)
	if why != "" {
		h.config.Log.Error("module rolled back by itself", "module", name, "gen", bad.id, "to", next.id, "why", why)
	} else {
		h.config.Log.Info("module rolled back", "module", name, "gen", bad.id, "to", next.id)
	}
	return nil
}

// swap changes what stands in a slot.
func (h *Host) swap(name string, change func(*slot, *traffic) error) error {
	h.swaps.Lock()
	defer h.swaps.Unlock()
	slots := *h.slots.Load()
	s := slots[name]
	switch {
	case slots == nil:
		return ErrClosed
	case s == nil || s.stable() == nil:
		return ErrUnknown
	}
	if err := change(s, s.now()); err != nil {
		return fmt.Errorf("module %s: %w", name, err)
	}
	return nil
}

// status says how the module stands. Called with swaps held.
func (s *slot) status(name string) Status {
	t := s.now()
	st := t.stable.Status()
	st.Name, st.Source = name, t.stable.source.Source
	if t.canary != nil {
		c := t.canary.Status()
		c.Source = t.canary.source.Source
		st.Canary, st.Percent = &c, t.percent
	}
	if s.before != nil {
		b := s.before.Status()
		b.Source = s.before.source.Source
		st.Before = &b
	}
	s.sweep()
	for _, g := range s.old {
		st.Old = append(st.Old, Draining{g.id, max(g.refs.Load(), 0)})
	}
	st.Rollbacks, st.LastRollback = s.rollbacks, s.rolled
	return st
}

// Draining is a generation that gets no new calls, but is held by some.
type Draining struct {
	Generation string
	Calls      int64
}
