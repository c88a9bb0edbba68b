package host

import (
	"context"
	"errors"
	"os"
	"syscall"

	"github.com/sallyport-sbc/sallyport/host/config"
)

// Run is the whole life of the daemon: it reads the configuration, starts, tells started
// what it has, obeys signals, and stops. SIGHUP reopens the CDR files and reloads; any
// other signal, or the end of ctx, drains and stops; a second one hangs the remaining calls
// up. The error says why the SBC did not start; after a start it is nil, or what was wrong
// with the CDR files at the end.
func Run(ctx context.Context, o Options, signals <-chan os.Signal, started func(Summary)) error {
	snapshot, err := config.Load(o.File, o.forConfig())
	if err != nil {
		return err
	}
	h, err := Start(ctx, snapshot, o)
	if err != nil {
		return err
	}
	started(h.Summary())
	for {
		select {
		case <-ctx.Done():
			return h.Stop(ctx)
		case sig := <-signals:
			if sig == syscall.SIGHUP {
				h.hangup()
				continue
			}
			return h.stopBy(ctx, signals)
		}
	}
}

// hangup does what SIGHUP asks for.
func (h *Host) hangup() {
	if err := h.Reopen(); err != nil {
		h.log.Error("CDR files not reopened", "err", err)
	}
	err := h.Reload()
	if errs, ok := errors.AsType[config.Errors](err); ok {
		for _, e := range errs {
			h.log.Error("configuration not reloaded", "err", e)
		}
	} else if err != nil {
		h.log.Error("configuration not reloaded", "err", err)
	}
}

// stopBy stops, and hurries at the next signal.
func (h *Host) stopBy(ctx context.Context, signals <-chan os.Signal) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- h.Stop(ctx) }()
	for {
		select {
		case err := <-done:
			return err
		case sig := <-signals:
			if sig != syscall.SIGHUP {
				cancel()
			}
		}
	}
}
