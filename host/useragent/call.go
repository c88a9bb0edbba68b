package useragent

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"time"
)

// CallConfig describes one test call.
type CallConfig struct {
	// URI to call: "sip:echo@127.0.0.1". Transport by its transport parameter and RFC 3263.
	URI string

	// From is the caller's URI. "" = sip:sallyport-call@ the local address.
	From string

	// Listen is the local UDP address for SIP, and with any port for RTP. The zero
	// value takes the address the route to the target gives, and a free port.
	Listen netip.AddrPort

	// Duration is how long the tone is sent after the answer. 0 = 3s.
	Duration time.Duration

	// Timeout is how long to wait for the final response to the INVITE; then the
	// call is canceled. 0 = 30s.
	Timeout time.Duration

	Log *slog.Logger // nil = silent
}

// Call places one call, plays a tone, listens for what comes back, hangs up, and
// says how it went. Each step is sent to events when it happens (nil: nobody is
// told); Call never waits for a slow reader longer than the channel's buffer, and
// does not close it. When ctx ends, the call is canceled or hung up properly, which
// takes at most a few seconds, and the error is ErrCanceled.
//
// The error is nil only when the call was answered and audio came back; else it
// wraps one of the sentinels of this package or is a *Rejected.
func Call(ctx context.Context, c CallConfig, events chan<- Event) (*Result, error) {
	return nil, errors.ErrUnsupported
}
