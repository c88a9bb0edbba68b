package wasm

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
)

var _ callcontrol.Modules = (*Host)(nil)

// Host holds the modules of one configuration.
type Host struct {
	config Config
	cache  *cache

	slots atomic.Pointer[map[string]*slot] // never changed, only replaced
	mu    sync.Mutex                       // one reload, or load, at a time
	done  bool                             // guarded by mu
	tasks tasks                            // goroutines of the host and its generations

	swaps   sync.Mutex // guards what slots have besides their pointer; taken after mu, and never for long
	serving bool       // traffic may go on while modules are loaded; guarded by mu
	tending tending

	metricMu sync.Mutex
	metrics  map[string]*metrics // by module
}

// New loads all modules of c, or none: the error is a *LoadError that names the module. It may take seconds.
func New(c Config) (*Host, error) {
	c = c.withDefaults()
	h := &Host{config: c, cache: newCache(c.CacheDir, c.Log), metrics: map[string]*metrics{}, tending: tending{stop: make(chan struct{})}}
	h.slots.Store(&map[string]*slot{})
	if err := h.Reload(c.Modules); err != nil {
		h.Close()
		return nil, err
	}
	h.cache.prune()
	h.mu.Lock()
	h.serving = true
	h.mu.Unlock()
	return h, nil
}

// Reload brings the host to exactly these modules. Modules whose file, configuration and limits are the same keep
// their generation, also one that was promoted or rolled back to by hand; the others are loaded beside the traffic and swapped in when all are ready. When one fails, all
// stay as they are; the error is a *LoadError, or several joined.
func (h *Host) Reload(modules []ModuleConfig) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.done {
		return ErrClosed
	}
	old := *h.slots.Load()
	fresh, kept := make(map[string]*Generation), make(map[string]bool)
	var errs []error
	for _, mc := range modules {
		if _, twice := fresh[mc.Name]; twice {
			errs = append(errs, &LoadError{mc.Name, mc.Source, "configuration", errors.New("named twice")})
			continue
		}
		var now *Generation
		if s := old[mc.Name]; s != nil {
			now = s.stable()
		}
		if kept[mc.Name] = now != nil && h.unchanged(old[mc.Name], mc); kept[mc.Name] {
			fresh[mc.Name] = now
			continue
		}
		g, err := h.load(mc, now)
		if err != nil {
			errs = append(errs, err)
		}
		fresh[mc.Name] = g
	}
	if len(errs) > 0 {
		for name, g := range fresh {
			if s := old[name]; g != nil && (s == nil || s.stable() != g) {
				g.Release()
			}
		}
		return errors.Join(errs...)
	}
	h.swaps.Lock()
	defer h.swaps.Unlock()
	next := make(map[string]*slot, len(modules))
	for _, mc := range modules {
		s := old[mc.Name]
		if s == nil {
			s = new(slot)
		}
		next[mc.Name], s.config = s, mc
		if !kept[mc.Name] {
			s.filed = fresh[mc.Name].sum
		}
		h.replace(s, fresh[mc.Name])
		if mc.Watch > 0 {
			h.tend()
		}
	}
	h.slots.Store(&next)
	for name, s := range old {
		if next[name] == nil {
			h.replace(s, nil)
		}
	}
	return nil
}

// Load loads a module without giving it calls. The caller hands it to Replace, or Releases it.
func (h *Host) Load(mc ModuleConfig) (*Generation, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.done {
		return nil, ErrClosed
	}
	return h.load(mc, nil)
}

// Replace gives new calls of the module called name to g from now on, and takes over the caller's hold on g. It fails
// with ErrUnknown when no module has that name.
func (h *Host) Replace(name string, g *Generation) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := (*h.slots.Load())[name]
	if s == nil {
		return ErrUnknown
	}
	h.swaps.Lock()
	defer h.swaps.Unlock()
	h.replace(s, g)
	return nil
}

// Close takes all modules out of use and waits until those without calls are gone. A generation that a call still
// holds ends when the call releases it; nobody waits for that.
func (h *Host) Close() {
	h.mu.Lock()
	if h.done {
		h.mu.Unlock()
		return
	}
	h.done = true
	var none map[string]*slot
	old := h.slots.Swap(&none)
	h.swaps.Lock()
	for _, s := range *old {
		h.replace(s, nil)
	}
	h.swaps.Unlock()
	h.mu.Unlock()
	h.tending.end()
	h.tasks.wait()
}

// Modules says how every module stands, by name.
func (h *Host) Modules() []Status {
	h.swaps.Lock()
	defer h.swaps.Unlock()
	var all []Status
	for name, s := range maps.All(*h.slots.Load()) {
		if s.stable() != nil {
			all = append(all, s.status(name))
		}
	}
	slices.SortFunc(all, func(a, b Status) int { return cmp.Compare(a.Name, b.Name) })
	return all
}
