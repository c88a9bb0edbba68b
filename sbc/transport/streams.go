package transport

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	sipgo "github.com/emiago/sipgo/sip"
)

// streams is the TCP side of an interface: its listeners, its connections, and the sipgo
// layer that reads them.
type streams struct {
	iface     *Interface
	carrier   *sipgo.TransportLayer
	listeners []net.Listener // one an endpoint
	feed      chan *conn     // to sipgo

	dial func(*conn) // set by serve

	mu       sync.Mutex
	closed   bool
	conns    map[Flow]*conn
	accepted int
	dialed   int
	sources  map[uint64]int // accepted connections of each source
}

func newStreams(i *Interface) *streams {
	return &streams{
		iface:   i,
		feed:    make(chan *conn),
		conns:   make(map[Flow]*conn),
		sources: make(map[uint64]int),
	}
}

// bind opens the listeners.
func (s *streams) bind(ctx context.Context) error {
	for _, e := range s.iface.tcp {
		var lc net.ListenConfig
		l, err := lc.Listen(ctx, "tcp", e.local.String())
		if err != nil {
			return fmt.Errorf("interface %s: tcp %s: %w", s.iface.name, e.local, err)
		}
		s.listeners = append(s.listeners, l)
		e.bound(addrPort(l.Addr()))
	}
	return nil
}

// serve begins to accept and to read. The carrier's own log is off: what it says about peers
// it says at their will.
func (s *streams) serve() {
	if len(s.listeners) == 0 {
		return
	}
	layer := s.iface.layer
	s.carrier = sipgo.NewTransportLayer(net.DefaultResolver, sipgo.NewParser(), nil,
		sipgo.WithTransportLayerLogger(slog.New(slog.DiscardHandler)),
		sipgo.WithTransportLayerReadFilter(take), // before the next, which copies it
		sipgo.WithTransportLayerTransports(sipgo.TransportsConfig{TCP: &sipgo.TransportTCP{
			ReadTimeout:  s.iface.config.Idle,
			WriteTimeout: s.iface.config.WriteTimeout,
		}}),
	)
	ctx, cancel := context.WithCancel(context.Background())
	s.dial = func(c *conn) { c.dial(ctx) }
	layer.wg.Go(func() {
		defer cancel()
		_ = s.carrier.ServeTCP(s) // ends when the layer closes
	})
	for n, l := range s.listeners {
		e := s.iface.tcp[n]
		layer.wg.Go(func() { s.acceptFrom(l, e) })
	}
}

// take is sipgo's read filter: it has the bytes of a connection in order, on the goroutine
// that reads it. What it returns is what sipgo would parse: nothing.
func take(info sipgo.TransportReadProps, data []byte) ([]byte, error) {
	if p, ok := info.RemoteAddr.(*peerAddr); ok {
		p.conn.take(data)
	}
	return nil, nil
}

var _ net.Listener = (*streams)(nil)

// Accept gives sipgo a connection to read, whoever opened it.
func (s *streams) Accept() (net.Conn, error) {
	select {
	case c := <-s.feed:
		return c, nil
	case <-s.iface.layer.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener; the layer ends Accept.
func (s *streams) Close() error { return nil }

// Addr returns the first listener's address.
func (s *streams) Addr() net.Addr { return s.listeners[0].Addr() }

// acceptFrom takes connections from a listener until it is closed. When the process has no
// descriptors left it waits for some.
func (s *streams) acceptFrom(l net.Listener, e *endpoint) {
	layer := s.iface.layer
	errs := 0
	for {
		sock, err := l.Accept()
		if err != nil {
			errs++
			if isClosed(err, layer.done) || !layer.pause(min(time.Duration(errs)*10*time.Millisecond, time.Second)) {
				return
			}
			continue
		}
		errs = 0
		c := newConn(Flow{e, addrPort(sock.RemoteAddr())}, true)
		c.sock = sock
		c.open = true
		c.due = time.Now().Add(s.iface.config.MessageTimeout)
		if !s.admit(c) {
			s.iface.counters.refused.Add(1)
			sock.Close()
			continue
		}
		s.hand(c)
	}
}

// admit registers a connection that a peer opened, if the limits allow it.
func (s *streams) admit(c *conn) bool {
	src := source(c.flow.remote.Addr())
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.accepted >= s.iface.config.Connections || s.sources[src] >= s.iface.config.ConnectionsPerSource {
		return false
	}
	s.accepted++
	s.sources[src]++
	s.conns[c.flow] = c
	s.iface.counters.accepted.Add(1)
	s.iface.counters.connections.Add(1)
	return true
}

// hand gives an open connection to sipgo. The layer waits for the end of its reading.
func (s *streams) hand(c *conn) {
	s.iface.layer.wg.Add(1)
	select {
	case s.feed <- c:
	case <-s.iface.layer.done:
		s.iface.layer.wg.Done()
		c.end(ErrClosed)
	}
}

// forget removes a connection that is over.
func (s *streams) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns[c.flow] == c {
		delete(s.conns, c.flow)
	}
	s.iface.counters.connections.Add(-1)
	if !c.accepted {
		s.dialed--
		return
	}
	s.accepted--
	src := source(c.flow.remote.Addr())
	if s.sources[src]--; s.sources[src] <= 0 {
		delete(s.sources, src)
	}
}

// flow returns a connection to a peer, or begins to open one.
func (s *streams) flow(remote netip.AddrPort) (Flow, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.dial == nil {
		if len(s.iface.tcp) == 0 {
			return Flow{}, ErrNoAddress
		}
		return Flow{}, ErrClosed
	}
	var from *endpoint
	for _, e := range s.iface.tcp {
		if e.local.Addr().Is4() != remote.Addr().Is4() {
			continue
		}
		if f := (Flow{e, remote}); s.conns[f] != nil {
			return f, nil
		}
		if from == nil {
			from = e
		}
	}
	switch {
	case from == nil:
		return Flow{}, ErrNoAddress
	case s.dialed >= s.iface.config.Connections:
		return Flow{}, ErrConnections
	}
	c := newConn(Flow{from, remote}, false)
	s.dialed++
	s.conns[c.flow] = c
	s.iface.counters.connections.Add(1)
	s.iface.layer.wg.Go(func() { s.dial(c) })
	return c.flow, nil
}

// sendStream queues a message on the connection of a flow.
func (e *endpoint) sendStream(b []byte, remote netip.AddrPort, failed func(error)) error {
	s := e.iface.streams
	s.mu.Lock()
	c := s.conns[Flow{e, remote}]
	s.mu.Unlock()
	if c == nil {
		return ErrNoConnection
	}
	return c.send(b, failed)
}

// close closes listeners and connections.
func (s *streams) close() {
	s.mu.Lock()
	s.closed = true
	conns := make([]*conn, 0, len(s.conns))
	for _, c := range s.conns {
		conns = append(conns, c)
	}
	s.mu.Unlock()
	for _, l := range s.listeners {
		l.Close()
	}
	for _, c := range conns {
		c.end(ErrClosed)
	}
}
