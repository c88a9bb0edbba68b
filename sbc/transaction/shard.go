package transaction

import (
	"sync"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

const shards = 64

// linger is to how many ticks the end of a transaction that only lingers is rounded up, so
// that an idle shard wakes seldom.
const linger = 16

// shard is a 64th of the transactions.
type shard struct {
	layer *Layer

	// firing is held while timers fire, callbacks included: Close waits by it.
	firing sync.Mutex
	timer  *time.Timer

	mu      sync.Mutex
	servers map[key]*Server
	clients map[key]*Client
	wheel   wheel
	armed   int64 // the tick the timer runs to, 0 = it does not run
	busy    bool  // fire is at work and will arm the timer itself
	closed  bool

	_ [64]byte // no cache line shared with the neighbour's lock
}

func (s *shard) open(l *Layer) {
	s.layer = l
	s.servers = make(map[key]*Server)
	s.clients = make(map[key]*Client)
	s.timer = time.AfterFunc(time.Hour, s.fire)
	s.timer.Stop()
}

// close stops the timer and waits until it does nothing.
func (s *shard) close() {
	s.mu.Lock()
	s.closed = true
	s.timer.Stop()
	s.mu.Unlock()
	s.firing.Lock()
	//lint:ignore SA2001 it is the waiting that counts
	s.firing.Unlock()
}

// set schedules a timer. The shard is locked.
func (s *shard) set(t *timer, due int64) {
	if s.wheel.empty() {
		s.wheel.at = s.layer.now()
	}
	s.wheel.set(t, due)
	if s.armed == 0 || t.due < s.armed {
		s.arm(t.due)
	}
}

// arm starts the timer for a tick. The shard is locked.
func (s *shard) arm(tick int64) {
	if s.busy || s.closed {
		return
	}
	s.armed = tick
	s.timer.Reset(max(s.layer.until(tick), 0))
}

// action is what a change of state left to do once the shard is unlocked.
type action struct {
	flow   transport.Flow
	bytes  []byte  // to send on flow, nil = nothing
	server *Server // whose 2xx was never acknowledged
	client *Client // whose sending is watched; with err, that failed
	cancel *Client // a CANCEL to begin
	user   ClientUser
	err    error
}

func (a *action) do(l *Layer) {
	if a.bytes != nil {
		if a.client != nil {
			a.client.transmit(a.bytes)
		} else {
			l.resend(a.flow, a.bytes)
		}
	}
	if a.cancel != nil {
		b := a.cancel.kept
		a.cancel.begin()
		l.resend(a.cancel.flow, b)
	}
	if a.server != nil {
		l.user.Unacknowledged(a.server)
	}
	if a.err != nil && a.user != nil {
		a.user.Failed(a.client, a.err)
	}
}

// fire does what is due. It runs on the timer's goroutine and ends when nothing more is.
func (s *shard) fire() {
	s.firing.Lock()
	defer s.firing.Unlock()
	s.mu.Lock()
	s.busy = true
	for !s.closed {
		now := s.layer.now()
		t := s.wheel.pop(now)
		if t == nil {
			break
		}
		a := t.owner.expire(now)
		s.mu.Unlock()
		a.do(s.layer)
		s.mu.Lock()
	}
	s.busy, s.armed = false, 0
	if tick, ok := s.wheel.next(); ok {
		s.arm(tick)
	}
	s.mu.Unlock()
}

// now returns the tick that is running.
func (l *Layer) now() int64 { return int64(time.Since(l.start) / l.tick) }

// after returns the first tick that is not before a duration has passed from now.
func (l *Layer) after(d time.Duration) int64 {
	return int64((time.Since(l.start) + d + l.tick - 1) / l.tick)
}

// lingering is after for what nobody waits for.
func (l *Layer) lingering(d time.Duration) int64 { return (l.after(d) + linger - 1) / linger * linger }

// until returns how long it is to a tick.
func (l *Layer) until(tick int64) time.Duration {
	return time.Duration(tick)*l.tick - time.Since(l.start)
}
