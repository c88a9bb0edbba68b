package explain

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"github.com/sallyport-sbc/sallyport/host/wasm"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
)

var errNotLoaded = errors.New("modules are not loaded here")

// unloadable is the Loader of an SBC without modules.
func unloadable(string, func(string, string)) (callcontrol.Module, func(), error) {
	return nil, nil, errNotLoaded
}

// Sandbox returns a Loader of these modules. Each is loaded by itself, with its own
// configuration, in a sandbox whose records go nowhere. dir is where compiled modules are
// kept; it is used when it is there, and not made.
func Sandbox(modules []wasm.ModuleConfig, dir, node string) Loader {
	if _, err := os.Stat(dir); err != nil {
		dir = ""
	}
	return func(name string, log func(level, text string)) (callcontrol.Module, func(), error) {
		for _, mc := range modules {
			if mc.Name == name {
				return sandbox(mc, dir, node, log)
			}
		}
		return nil, nil, wasm.ErrUnknown
	}
}

func sandbox(mc wasm.ModuleConfig, dir, node string, log func(level, text string)) (callcontrol.Module, func(), error) {
	h, err := wasm.New(wasm.Config{
		Modules:  []wasm.ModuleConfig{mc},
		CacheDir: dir,
		Node:     node,
		CDR:      func(string, []byte) (wasm.Sink, error) { return nowhere{}, nil },
		Log:      slog.New(says(log)),
	})
	if err != nil {
		return nil, nil, err
	}
	m, err := h.Acquire(mc.Name, "explain")
	if err != nil {
		h.Close()
		return nil, nil, err
	}
	return m, h.Close, nil
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
