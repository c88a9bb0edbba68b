package redis

import (
	"context"
	"crypto/tls"
	"net"
	"sync"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// session is the connections of one client of the library. A Redis, or a
// Sentinel, that takes connections and says nothing would hold the library, and
// so Close, for ever; without their connections all its goroutines end.
type session struct {
	tls *tls.Config

	mu    sync.Mutex // guards what follows
	conns map[net.Conn]bool
	ended bool
}

func (s *session) dial(ctx context.Context, address string, d *net.Dialer, _ *tls.Config) (net.Conn, error) {
	var c net.Conn
	var err error
	if s.tls != nil {
		c, err = (&tls.Dialer{NetDialer: d, Config: s.tls}).DialContext(ctx, "tcp", address)
	} else {
		c, err = d.DialContext(ctx, "tcp", address)
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		_ = c.Close()
		return nil, store.ErrUnavailable
	}
	g := &owned{newGate(c), s}
	s.conns[g] = true
	return g, nil
}

// end closes all connections; there will be no others.
func (s *session) end() {
	s.mu.Lock()
	s.ended = true
	conns := s.conns
	s.conns = nil
	s.mu.Unlock()
	for c := range conns {
		_ = c.Close()
	}
}

// owned is a connection that its session forgets when it is closed.
type owned struct {
	*gate
	session *session
}

// Close is net.Conn.Close.
func (o *owned) Close() error {
	o.session.mu.Lock()
	delete(o.session.conns, o)
	o.session.mu.Unlock()
	return o.gate.Close()
}
