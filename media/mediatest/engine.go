package mediatest

import (
	"net/netip"
	"sync"
	"time"

	"github.com/sallyport-sbc/sallyport/media"
)

// Engine is a media.Engine that opens nothing. The zero value is ready; its methods
// may be called concurrently.
type Engine struct {
	// Silent makes every session fall silent: its timeout function is called when
	// the time media.Relay.Watch gave is over. Set it before the first session.
	Silent bool

	mu     sync.Mutex
	ports  map[netip.AddrPort]place // RTP ports in use
	taken  map[netip.AddrPort]bool
	totals media.Totals
	closed bool
}

var _ media.Engine = (*Engine)(nil)

// place is what a port belongs to.
type place struct {
	relay  *relay
	stream int
	side   media.Side
}

// New makes an anchor without sockets: interface "public" is 192.0.2.1 and
// "private" is 198.51.100.1, both with ports from 20000 on, in sequence.
func New() (*media.Anchor, *Engine) {
	e := &Engine{}
	a, err := media.New(media.Config{
		Engine: e, Sequential: true,
		Interfaces: []media.Interface{
			{Name: "public", Addr: netip.MustParseAddr("192.0.2.1"), PortMin: 20000, PortMax: 29999},
			{Name: "private", Addr: netip.MustParseAddr("198.51.100.1"), PortMin: 20000, PortMax: 29999},
		},
	})
	if err != nil {
		panic(err) // the configuration above is valid
	}
	return a, e
}

// Take makes a port look used by another process.
func (e *Engine) Take(at netip.AddrPort) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.taken == nil {
		e.taken = make(map[netip.AddrPort]bool)
	}
	e.taken[at] = true
}

// Bound returns how many RTP ports are in use.
func (e *Engine) Bound() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.ports)
}

// Play adds d to what the session that has the RTP port received there. It reports
// false when no session has it.
func (e *Engine) Play(at netip.AddrPort, d media.Direction) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	p, ok := e.ports[at]
	if !ok {
		return false
	}
	heard := &p.relay.stream(p.stream).heard[p.side]
	heard.Add(d)
	heard.Jitter = d.Jitter
	e.totals.Packets += d.Packets
	e.totals.Bytes += d.Bytes
	return true
}

// Press tells the session that has the RTP port of a digit heard there. It reports false
// when no session has it, or the session detects none.
func (e *Engine) Press(at netip.AddrPort, d media.Digit) bool {
	e.mu.Lock()
	p, ok := e.ports[at]
	if ok = ok && p.relay.treatment.DetectDTMF; ok {
		p.relay.stream(p.stream).heard[p.side].Digits++
		e.totals.Digits++
	}
	e.mu.Unlock()
	if ok {
		p.relay.digit(p.side, d)
	}
	return ok
}

// Show shows a packet to who has tapped the session with the RTP port, as one that came to
// it from src. It reports false when nobody has.
func (e *Engine) Show(src, at netip.AddrPort, packet []byte) bool {
	e.mu.Lock()
	p, ok := e.ports[at]
	ok = ok && p.relay.tap != nil
	e.mu.Unlock()
	if ok {
		p.relay.tap(src, at, packet)
	}
	return ok
}

// Treatment returns that of the session that has the RTP port.
func (e *Engine) Treatment(at netip.AddrPort) (media.Treatment, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p, ok := e.ports[at]
	if !ok {
		return media.Treatment{}, false
	}
	return p.relay.treatment, true
}

// Expire calls the timeout function of the session that has the RTP port, as if it
// had been silent for too long. It reports false when no session has it, or
// nothing may time out now.
func (e *Engine) Expire(at netip.AddrPort) bool {
	e.mu.Lock()
	p, ok := e.ports[at]
	ok = ok && p.relay.limit > 0 && !p.relay.told
	if ok {
		p.relay.told = true
		e.totals.Timeouts++
	}
	e.mu.Unlock()
	if ok {
		p.relay.expired()
	}
	return ok
}

// Flow returns what was last agreed for the stream that has the RTP port, and on
// which side the port is.
func (e *Engine) Flow(at netip.AddrPort) (f media.Flow, side media.Side, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p, ok := e.ports[at]
	if !ok {
		return f, 0, false
	}
	return p.relay.stream(p.stream).flow, p.side, true
}

// Open implements media.Engine.
func (e *Engine) Open(t media.Treatment, expired func(), digit func(media.Side, media.Digit)) (media.Relay, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, media.ErrClosed
	}
	return &relay{engine: e, treatment: t, expired: expired, digit: digit}, nil
}

// Totals implements media.Engine.
func (e *Engine) Totals() media.Totals {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.totals
}

// Close implements media.Engine.
func (e *Engine) Close() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
}

// relay is a session of the engine, guarded by the engine's lock.
type relay struct {
	engine    *Engine
	treatment media.Treatment
	expired   func()
	digit     func(media.Side, media.Digit)
	tap       func(src, dst netip.AddrPort, packet []byte)
	streams   []*stream
	limit     time.Duration
	started   bool
	told      bool
	timer     *time.Timer
	closed    bool
}

type stream struct {
	flow  media.Flow
	at    [2]netip.AddrPort
	heard [2]media.Direction
}

var _ media.Relay = (*relay)(nil)

func (r *relay) stream(i int) *stream {
	for len(r.streams) <= i {
		r.streams = append(r.streams, &stream{})
	}
	return r.streams[i]
}

// Bind implements media.Relay.
func (r *relay) Bind(i int, side media.Side, at netip.AddrPort) error {
	e := r.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed || r.closed {
		return media.ErrClosed
	}
	if _, used := e.ports[at]; used || e.taken[at] {
		return media.ErrPortTaken
	}
	if e.ports == nil {
		e.ports = make(map[netip.AddrPort]place)
	}
	e.ports[at] = place{r, i, side}
	r.stream(i).at[side] = at
	return nil
}

// Tap implements media.Relay.
func (r *relay) Tap(f func(src, dst netip.AddrPort, packet []byte)) {
	r.engine.mu.Lock()
	defer r.engine.mu.Unlock()
	r.tap = f
}

// Set implements media.Relay.
func (r *relay) Set(i int, f media.Flow) {
	r.engine.mu.Lock()
	defer r.engine.mu.Unlock()
	r.stream(i).flow = f
}

// Unbind implements media.Relay.
func (r *relay) Unbind(i int) {
	r.engine.mu.Lock()
	defer r.engine.mu.Unlock()
	r.unbind(r.stream(i))
}

func (r *relay) unbind(s *stream) {
	for side := range s.at {
		delete(r.engine.ports, s.at[side])
		s.at[side] = netip.AddrPort{}
	}
}

// Watch implements media.Relay.
func (r *relay) Watch(limit time.Duration, start bool) {
	e := r.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	r.limit, r.started = limit, start
	if r.timer != nil {
		r.timer.Stop()
		r.timer = nil
	}
	if e.Silent && start && limit > 0 && !r.closed && !r.told {
		r.timer = time.AfterFunc(limit, r.fire)
	}
}

// fire is the timer's function.
func (r *relay) fire() {
	e := r.engine
	e.mu.Lock()
	tell := !r.closed && !r.told && r.limit > 0
	if tell {
		r.told = true
		e.totals.Timeouts++
	}
	e.mu.Unlock()
	if tell {
		r.expired()
	}
}

// Stats implements media.Relay.
func (r *relay) Stats(i int, from media.Side) media.Direction {
	r.engine.mu.Lock()
	defer r.engine.mu.Unlock()
	if i >= len(r.streams) {
		return media.Direction{}
	}
	return r.streams[i].heard[from]
}

// Close implements media.Relay.
func (r *relay) Close() {
	r.engine.mu.Lock()
	defer r.engine.mu.Unlock()
	r.closed = true
	if r.timer != nil {
		r.timer.Stop()
	}
	for _, s := range r.streams {
		r.unbind(s)
	}
}
