package host

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/host/config"
)

// Reload reads the configuration again and makes it the one of calls that begin from now
// on. When it has a mistake, cannot be loaded, or changes what needs a restart, the old one
// stays, whole, and the error says why: config.Errors, *RestartError, ErrStopped, or
// what a module said. It may be called by anyone; a second call waits for the first.
//
// What was changed while running is lost, but for modules whose configuration and file are
// what they were: these keep what was promoted, or rolled back to.
func (h *Host) Reload() error { return h.reload(&changes{}) }

// changes are what was changed while running: what a reload has undone, and what not.
type changes struct{ lost, kept []string }

// reload is Reload, and says what became of changes.
func (h *Host) reload(of *changes) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.stopped.Load() {
		return ErrStopped
	}
	begun := time.Now()
	next, err := config.Load(h.o.File, h.o.forConfig())
	if err != nil {
		return err
	}
	if keys := fixed(h.snapshot, next); len(keys) > 0 {
		return &RestartError{Keys: keys}
	}
	if err := h.storesSuffice(next); err != nil {
		return err
	}
	feeds, err := h.feeds(next)
	if err != nil {
		return err
	}
	if feeds, err = feedsBetween(next, h.sinks, feeds); err != nil {
		return err
	}
	differing := h.modules.Differing()
	drop, err := h.reloadModules(next)
	if err != nil {
		return err
	}
	if err := h.records.SetFeeds(feeds); err != nil {
		h.log.Error("sinks of call records cannot be changed", "err", err)
	}
	h.sinks = feeds
	of.lost = h.snapshot.Live()
	for _, name := range slices.Sorted(maps.Keys(differing)) {
		switch now := h.modules.Standing(name); {
		case next.Module[name] == nil || now != differing[name]:
			of.lost = append(of.lost, "module "+name)
		case h.modules.Differing()[name] != "":
			of.kept = append(of.kept, "module "+name)
		}
	}
	if len(of.lost) > 0 {
		h.log.Warn("changes made while running are lost", "what", strings.Join(of.lost, ", "))
	}
	if len(of.kept) > 0 {
		h.log.Info("changes made while running are kept", "what", strings.Join(of.kept, ", "))
	}
	h.install(next)
	h.log.Info("configuration reloaded", "file", next.File, "sha256", next.SHA256, "dur", time.Since(begun))
	return drop()
}

// Reopen opens the CDR files anew, for whoever moved them away.
func (h *Host) Reopen() error { return h.records.Reopen() }

// fixed returns the sections that differ and cannot be changed in a running SBC.
func fixed(old, next *config.Snapshot) []string {
	var keys []string
	for name, i := range next.Interface {
		if !reflect.DeepEqual(i, old.Interface[name]) {
			keys = append(keys, "interface."+name)
		}
	}
	for name := range old.Interface {
		if next.Interface[name] == nil {
			keys = append(keys, "interface."+name)
		}
	}
	if !reflect.DeepEqual(old.Echo, next.Echo) {
		keys = append(keys, "echo")
	}
	if old.Node != next.Node {
		keys = append(keys, "node")
	}
	if old.Control != next.Control {
		keys = append(keys, "control")
	}
	if old.Cache != next.Cache {
		keys = append(keys, "cache")
	}
	if old.Store != next.Store {
		keys = append(keys, "store")
	}
	if !reflect.DeepEqual(old.Redis, next.Redis) {
		keys = append(keys, "redis")
	}
	if old.Log.Format != next.Log.Format {
		keys = append(keys, "log.format")
	}
	slices.Sort(keys)
	return keys
}
