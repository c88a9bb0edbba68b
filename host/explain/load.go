package explain

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"

	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/wasm"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
)

var errNotLoaded = errors.New("modules are not loaded here")

// unloadable is the Loader of an SBC without modules.
func unloadable(string, Diary) (callcontrol.Module, func(), error) {
	return nil, nil, errNotLoaded
}

// Sandbox returns a Loader of these modules. Each is loaded by itself, with its own
// configuration, in a sandbox whose records go nowhere, and which has nothing outside but maps
// and, unless it is nil, a store that it reads and does not change.
// dir is where compiled modules are kept; it is used when it is there, and not made.
func Sandbox(modules []wasm.ModuleConfig, maps pattern.Maps, dir, node string, look store.Store) Loader {
	if _, err := os.Stat(dir); err != nil {
		dir = ""
	}
	return func(name string, d Diary) (callcontrol.Module, func(), error) {
		i := slices.IndexFunc(modules, func(mc wasm.ModuleConfig) bool { return mc.Name == name })
		if i < 0 {
			return nil, nil, wasm.ErrUnknown
		}
		outside := dry{d.Asked, look}
		h, err := wasm.New(wasm.Config{
			Modules:  modules[i : i+1],
			CacheDir: dir,
			Node:     node,
			CDR:      func(string, []byte) (wasm.Sink, error) { return nowhere{}, nil },
			Store:    outside, Leases: leases{outside}, Redis: outside, Calls: outside, Web: outside,
			Maps: lookUps(maps),
			Log:  slog.New(says(d.Logs)),
		})
		if err != nil {
			return nil, nil, err
		}
		m, err := h.Acquire(name, "explain")
		if err != nil {
			h.Close()
			return nil, nil, err
		}
		return m, h.Close, nil
	}
}

// lookUps shows modules the maps of the configuration.
func lookUps(maps pattern.Maps) func(string) (func([]byte, string) ([]byte, bool), bool) {
	return func(name string) (func([]byte, string) ([]byte, bool), bool) {
		if maps == nil {
			return nil, false
		}
		m, ok := maps.Map(name)
		if !ok {
			return nil, false
		}
		return m.Append, true
	}
}

// nowhere takes the records of a module that is only tried.
type nowhere struct{}

// Emit forgets the record.
func (nowhere) Emit([]byte) error { return nil }

// Close does nothing.
func (nowhere) Close() error { return nil }

// says is a log that hands on what modules say in their hooks.
type says func(level, text string)

// Enabled says yes.
func (says) Enabled(context.Context, slog.Level) bool { return true }

// Handle hands the text of a module on.
func (s says) Handle(_ context.Context, r slog.Record) error {
	text, hook := "", false
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "text":
			text = a.Value.String()
		case "hook":
			hook = true
		}
		return true
	})
	if text != "" && hook {
		s(r.Level.String(), text)
	}
	return nil
}

// WithAttrs and WithGroup return the same log: what they add is of no use here.
func (s says) WithAttrs([]slog.Attr) slog.Handler { return s }
func (s says) WithGroup(string) slog.Handler      { return s }
