package media

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
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
	// last call's parties still send meets no new call. 0 = 2 s, at least 1 s.
	Quarantine time.Duration
}

// Config is what an Anchor is made of.
type Config struct {
	Interfaces []Interface // at least one

	// Workers is how many goroutines relay packets; 0 = one a core.
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

	// Sequential hands out the lowest free port and counts session ids from 1, so
	// that tests can foretell SDP. Not for production: a stranger could too.
	Sequential bool
}

// Anchor owns media ports and the sessions that use them. Its methods may be
// called concurrently.
type Anchor struct {
	engine     Engine
	pools      map[string]*pool
	first      *pool
	list       []*pool
	sequential bool
	ids        atomic.Uint64
	log        *slog.Logger

	mu       sync.Mutex // guards everything below
	sessions map[*Session]struct{}
	closed   bool
}

// New makes an anchor. It fails when an interface is not usable, naming it.
func New(c Config) (*Anchor, error) {
	if len(c.Interfaces) == 0 {
		return nil, fmt.Errorf("media: no interface")
	}
	a := &Anchor{
		engine: c.Engine, sequential: c.Sequential, log: c.Log,
		pools: make(map[string]*pool, len(c.Interfaces)), sessions: make(map[*Session]struct{}),
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	for _, i := range c.Interfaces {
		p, err := newPool(i, c.Sequential)
		if err != nil {
			return nil, err
		}
		if a.pools[i.Name] != nil {
			return nil, fmt.Errorf("media interface %s: named twice", i.Name)
		}
		a.pools[i.Name] = p
		a.list = append(a.list, p)
	}
	a.first = a.list[0]
	if a.engine == nil {
		e, err := newUserspace(c.Workers, c.Tick, a.log)
		if err != nil {
			return nil, err
		}
		a.engine = e
	}
	return a, nil
}

// Close ends all sessions and waits for the engine's goroutines.
func (a *Anchor) Close() {
	a.mu.Lock()
	a.closed = true
	open := make([]*Session, 0, len(a.sessions))
	for s := range a.sessions {
		open = append(open, s)
	}
	a.mu.Unlock()
	for _, s := range open {
		s.Close()
	}
	a.engine.Close()
}

// Stats returns the state of ports and the sums over all sessions.
func (a *Anchor) Stats() AnchorStats {
	a.mu.Lock()
	st := AnchorStats{Sessions: len(a.sessions)}
	a.mu.Unlock()
	st.Interfaces = make([]InterfaceStats, 0, len(a.list))
	for _, p := range a.list {
		st.Interfaces = append(st.Interfaces, p.stats())
	}
	st.Totals = a.engine.Totals()
	return st
}

// Open makes the session of a call. No port is taken before the first offer.
// timeout is called when neither side sent anything for longer than the policy
// allows: at most once, on a goroutine of the anchor, possibly while or just after
// Close runs; it must not block. The time counts from the first packet or
// [Session.Confirm], whichever is first, and again from every packet and answer.
// In a session without an agreed stream nothing times out. Open fails with
// ErrUnknownInterface, ErrClosed, or what [Treatment.Check] says.
func (a *Anchor) Open(p Policy, timeout func()) (*Session, error) {
	if err := p.Treatment.Check(); err != nil {
		return nil, fmt.Errorf("media: %w", err)
	}
	s := &Session{anchor: a, policy: p}
	for side := A; side <= B; side++ {
		pool, err := a.pool(p.interfaceOf(side))
		if err != nil {
			return nil, err
		}
		s.face[side] = facing{pool: pool, id: a.newID()}
	}
	var digit func(Side, Digit)
	if p.Treatment.DetectDTMF {
		digit = s.pressed
	}
	relay, err := a.engine.Open(p.Treatment, func() { s.expired(timeout) }, digit)
	if err != nil {
		return nil, err
	}
	s.relay = relay
	if err := a.enter(s); err != nil {
		relay.Close()
		return nil, err
	}
	return s, nil
}

// pool finds an interface by name; "" is the first.
func (a *Anchor) pool(name string) (*pool, error) {
	if name == "" {
		return a.first, nil
	}
	if p := a.pools[name]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("%w: %q", ErrUnknownInterface, name)
}

// newID returns a session id for an o= line: 31 bits, because some phones keep it
// in a signed int.
func (a *Anchor) newID() uint64 {
	if a.sequential {
		return a.ids.Add(1)
	}
	return uint64(rand.Uint32()>>1 | 1)
}

func (a *Anchor) enter(s *Session) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.closed {
		return ErrClosed
	}
	a.sessions[s] = struct{}{}
	return nil
}

func (a *Anchor) leave(s *Session) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.sessions, s)
}
