package host

import (
	"context"
	"strings"
	"time"
)

// farewell is how long the last BYEs may take to be sent and answered.
const farewell = 2 * time.Second

// Stop ends service. New calls get 503 at once; calls in progress may go on until they end,
// drain_timeout is over or ctx ends; then they are hung up. When it returns, all sockets
// are closed, all goroutines of the host have ended and every CDR is on disk. The error is
// that of the CDR files. It is called once.
func (h *Host) Stop(ctx context.Context) error {
	h.mu.Lock()
	h.stopped.Store(true)
	limit, lost := h.snapshot.DrainTimeout, h.snapshot.Live()
	h.mu.Unlock()
	if len(lost) > 0 {
		h.log.Warn("changes made while running are lost", "what", strings.Join(lost, ", "))
	}
	if n := h.sbc.Stats().Active; n > 0 {
		h.log.Info("draining", "calls", n, "limit", limit)
	}
	drain, cancel := context.WithTimeout(ctx, limit)
	err := h.sbc.Drain(drain)
	cancel()
	if err != nil {
		h.log.Warn("calls in progress hung up")
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	if err := h.sbc.Settle(last); err != nil {
		h.log.Warn("some far ends did not answer their BYE")
	}
	cancel()
	err = h.close()
	h.log.Info("stopped")
	return err
}

// close stops every room that was made, in the order that loses nothing.
func (h *Host) close() error {
	switch {
	case h.control != nil:
		h.control.Close()
	case h.socket != nil:
		h.socket.Close()
	}
	if h.echo != nil {
		h.echo.Close()
	}
	if h.transport != nil {
		h.transport.Close()
	}
	if h.transactions != nil {
		h.transactions.Close()
	}
	if h.media != nil {
		h.media.Close()
	}
	if h.capture != nil {
		h.capture.Close()
	}
	if h.modules != nil {
		h.modules.Close()
	}
	h.closeStores()
	return h.records.Close()
}
