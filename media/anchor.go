package media

import (
	"log/slog"
	"net/netip"
	"time"
)

// Interface is a named address with a range of ports for media.
type Interface struct {
	// Name is what policies call it.
	Name string

	// Addr is the local address the ports are bound to.
	Addr netip.Addr

	// Advertise is the address written into SDP; zero is Addr.
	Advertise netip.Addr

	// PortMin and PortMax bound the ports, both included. RTP gets an even port,
	// RTCP the odd one above it.
	PortMin, PortMax uint16

	// Quarantine is how long a pair rests after it was released, so that what the
	// last call's parties still send meets no new call. 0 = 2 s; negative = none.
	Quarantine time.Duration
}

// Config is what an Anchor is made of.
type Config struct {
	Interfaces []Interface // at least one

	// Workers is how many threads relay packets; 0 = one a core.
	Workers int

	// Tick is how long packets may gather before they are relayed together, which
	// saves wake-ups under load; 0 = 1 ms, negative = off. Idle and saturated
	// workers do not wait.
	Tick time.Duration

	// Log gets what an operator would act on; nil = discarded.
	Log *slog.Logger

	// Engine moves the packets; nil = a user-space engine of Workers and Tick,
	// which Anchor.Close closes, as it does any other.
	Engine Engine

	// Seed makes ports and session ids predictable, for tests; 0 = random.
	Seed uint64
}

// Anchor owns media ports and the sessions that use them. Its methods may be
// called concurrently.
type Anchor struct {
	engine Engine
}

// New makes an anchor. It fails when an interface is not usable.
func New(c Config) (*Anchor, error) { return &Anchor{engine: c.Engine}, nil }

// Close ends all sessions and waits for the engine's goroutines.
func (a *Anchor) Close() {}

// Stats returns the state of ports and the sums over all sessions.
func (a *Anchor) Stats() AnchorStats { return AnchorStats{} }

// Open makes the session of a call. No port is taken before the first offer.
// timeout is called when neither side sent anything for longer than the policy
// allows: at most once, on a goroutine of the anchor, possibly while or just after
// Close runs. The time counts from the first packet or [Session.Confirm],
// whichever is first, and again from every packet, offer and answer. In a session
// without an agreed stream nothing times out. Open fails with ErrUnknownInterface
// or ErrClosed.
func (a *Anchor) Open(p Policy, timeout func()) (*Session, error) { return &Session{}, nil }

// Restore makes a session from a snapshot, with the same ports, addresses and
// latches. It fails with ErrBadSnapshot, ErrUnknownInterface, or ErrNoPorts when a
// port is in use.
func (a *Anchor) Restore(snapshot []byte, timeout func()) (*Session, error) {
	return nil, ErrBadSnapshot
}
