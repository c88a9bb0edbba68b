package wasm

import (
	"crypto/sha256"
	"os"
	"time"
)

// watched is what is known of a module's file.
type watched struct {
	next     time.Time // when to look again
	seen     stamp
	settling bool // it has changed; wait until it does not any more
}

// stamp tells a file that has not changed, without reading it. The signature's counts too: it may come later.
type stamp struct {
	size, time, signed int64
}

// stampOf is zero when there is no file.
func stampOf(mc ModuleConfig) (s stamp) {
	if st, err := os.Stat(mc.Source); err == nil {
		s.size, s.time = st.Size(), st.ModTime().UnixNano()
	}
	if mc.Signer != "" {
		if st, err := os.Stat(mc.Source + ".sig"); err == nil {
			s.signed = st.ModTime().UnixNano()
		}
	}
	return s
}

// poll looks at the files of modules that are watched and takes up those that have changed: by the same validation as
// Stage, then as a canary or at once. What fails is tried again when the file changes again.
func (h *Host) poll(now time.Time) {
	for name, s := range *h.slots.Load() {
		h.swaps.Lock()
		mc, t, filed := s.config, s.now(), s.filed
		take := t.stable != nil && mc.Watch > 0 && !mc.builtin() && !now.Before(s.file.next) && s.file.changed(mc)
		if !now.Before(s.file.next) {
			s.file.next = now.Add(mc.Watch)
		}
		h.swaps.Unlock()
		if !take {
			continue
		}
		b, err := readFile(mc.Source)
		sum := sha256.Sum256(b)
		// One that was only touched is not another: what was promoted or rolled back over it stays.
		if err == nil && (sum == filed || sum == t.stable.sum || t.canary != nil && sum == t.canary.sum) {
			continue
		}
		percent := mc.Trial.withDefaults().Percent
		h.config.Log.Info("module file has changed", "module", name, "file", mc.Source)
		// Its error is logged there.
		if h.Stage(name, Staging{Percent: percent % 100}) == nil && percent == 100 {
			_ = h.Promote(name) // another order may have come between
		}
	}
}

// changed says that the file is another one and has not been written to since the last look.
func (w *watched) changed(mc ModuleConfig) bool {
	switch s := stampOf(mc); {
	case s != w.seen:
		w.seen, w.settling = s, true
		return false
	case !w.settling || s.size == 0:
		return false
	}
	w.settling = false
	return true
}
