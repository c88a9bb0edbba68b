package transaction

import (
	"sync"

	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// streams knows, for each TCP connection, the requests sent on it that nothing was heard of.
// When the connection is gone they have failed: to wait for Timer B or F would only delay the
// next target. A request that was answered provisionally has arrived, and its final response
// may come by a new connection, RFC 3261 §18.2.2. The lock is an innermost one.
type streams struct {
	mu      sync.Mutex
	waiting map[transport.Flow]map[*Client]struct{}
}

func (s *streams) add(c *Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cs := s.waiting[c.flow]
	if cs == nil {
		cs = make(map[*Client]struct{})
		s.waiting[c.flow] = cs
	}
	cs[c] = struct{}{}
}

func (s *streams) remove(c *Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	cs := s.waiting[c.flow]
	delete(cs, c)
	if len(cs) == 0 {
		delete(s.waiting, c.flow)
	}
}

// Closed fails the requests that were on their way on a connection that is gone. It
// implements transport.Watcher.
func (l *Layer) Closed(f transport.Flow) {
	l.streams.mu.Lock()
	cs := l.streams.waiting[f]
	delete(l.streams.waiting, f)
	l.streams.mu.Unlock()
	for c := range cs {
		c.lost(transport.ErrNoConnection)
	}
}

// heard takes a request from the waiting ones. The shard is locked.
func (c *Client) heard() {
	if c.waiting {
		c.waiting = false
		c.layer().streams.remove(c)
	}
}
