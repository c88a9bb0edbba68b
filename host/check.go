package host

import (
	"log/slog"

	"github.com/sallyport-sbc/sallyport/host/config"
	"github.com/sallyport-sbc/sallyport/host/wasm"
)

// Check reads a configuration as Start would and tries its modules, which are compiled and
// told their configuration; nothing is bound and no file but the cache is written. The
// error is config.Errors, all mistakes, when the configuration has any.
func Check(o Options) (*config.Snapshot, error) {
	s, err := config.Load(o.File, o.forConfig())
	if err != nil {
		return nil, err
	}
	modules, err := moduleConfigs(s)
	if err != nil {
		return nil, err
	}
	h := &Host{o: o}
	if _, err := h.feeds(s); err != nil {
		return nil, err
	}
	w, err := wasm.New(wasm.Config{
		Modules:  modules,
		CacheDir: s.Cache.Dir,
		Node:     s.Node,
		CDR:      func(string, []byte) (wasm.Sink, error) { return nowhere{}, nil },
		Log:      slog.New(slog.DiscardHandler),
		Progress: h.progress,
	})
	if err != nil {
		return nil, loadErrors(s, err)
	}
	w.Close()
	return s, nil
}

// nowhere takes the CDRs of a module that is only tried.
type nowhere struct{}

// Emit forgets the record.
func (nowhere) Emit([]byte) error { return nil }

// Close does nothing.
func (nowhere) Close() error { return nil }
