package useragent

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
)

// EchoConfig says where an Echo answers.
type EchoConfig struct {
	// Addr is the UDP address it listens on; its RTP ports are on the same address.
	// Port 0 takes a free one.
	Addr netip.AddrPort

	// MaxCalls is how many calls it holds at once; one more gets 486. 0 = 64.
	MaxCalls int

	Log *slog.Logger // nil = silent
}

// Echo answers every INVITE and sends the audio back. Safe for concurrent use.
type Echo struct{ c EchoConfig }

// NewEcho makes an Echo that is not listening yet.
func NewEcho(c EchoConfig) *Echo { return &Echo{c: c} }

// Start binds the address; the error names it. The Echo runs until Close.
func (e *Echo) Start(ctx context.Context) error { return errors.ErrUnsupported }

// Addr is the address bound, the zero value before Start.
func (e *Echo) Addr() netip.AddrPort { return netip.AddrPort{} }

// Close ends every call with BYE, stops all goroutines and waits for them.
func (e *Echo) Close() {}
