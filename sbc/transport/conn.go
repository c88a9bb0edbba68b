package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// maxQueued is how many bytes may wait to be written to a connection.
const maxQueued = 1 << 20

// conn is one TCP connection, as sipgo reads it and as flows write it. For sipgo it is a
// net.Conn that never fails but by io.EOF, so that it has nothing to report.
type conn struct {
	flow     Flow
	accepted bool
	addr     peerAddr
	sock     net.Conn // set before sipgo gets the connection

	// The reading goroutine alone uses these.
	framer framer
	due    time.Time // when the message that is coming in has to be complete
	deaf   bool      // nothing more is read
	once   sync.Once // of Close

	mu      sync.Mutex
	open    bool // sock is set
	dead    bool
	last    bool // to be closed when the queue is written
	writing bool
	queue   []outgoing
	queued  int // bytes
}

type outgoing struct {
	b      []byte
	failed func(error)
}

// peerAddr is a connection's remote address by which the read filter finds the connection.
type peerAddr struct{ conn *conn }

func (a *peerAddr) Network() string { return "tcp" }
func (a *peerAddr) String() string  { return a.conn.flow.remote.String() }

func newConn(f Flow, accepted bool) *conn {
	c := &conn{flow: f, accepted: accepted}
	c.addr.conn = c
	return c
}

func (c *conn) streams() *streams { return c.flow.ep.iface.streams }

// dial opens the connection from the interface's own address and hands it to sipgo. It is
// the goroutine of the connection until then.
func (c *conn) dial(ctx context.Context) {
	i := c.flow.ep.iface
	d := net.Dialer{Timeout: i.config.ConnectTimeout}
	if local := c.flow.ep.local.Addr(); !local.IsUnspecified() {
		d.LocalAddr = &net.TCPAddr{IP: local.AsSlice()}
	}
	sock, err := d.DialContext(ctx, "tcp", c.flow.remote.String())
	if err != nil {
		i.counters.dialErrors.Add(1)
		c.end(err)
		return
	}
	c.mu.Lock()
	if c.dead {
		c.mu.Unlock()
		sock.Close()
		return
	}
	c.sock, c.open = sock, true
	c.mu.Unlock()
	i.counters.dialed.Add(1)
	c.streams().hand(c)
	c.mu.Lock()
	c.startWriting()
	c.mu.Unlock()
}

// send queues a message.
func (c *conn) send(b []byte, failed func(error)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.dead || c.last:
		return ErrNoConnection
	case c.queued+len(b) > maxQueued:
		return ErrQueueFull
	}
	c.queue = append(c.queue, outgoing{b, failed})
	c.queued += len(b)
	c.startWriting()
	return nil
}

// startWriting starts the writing goroutine if there is something to write. c.mu is held.
func (c *conn) startWriting() {
	if c.open && !c.dead && !c.writing && len(c.queue) > 0 {
		c.writing = true
		c.flow.ep.iface.layer.wg.Go(c.write)
	}
}

// write writes what is queued and ends.
func (c *conn) write() {
	i := c.flow.ep.iface
	for {
		c.mu.Lock()
		if c.dead || len(c.queue) == 0 {
			c.writing = false
			last := c.last
			c.mu.Unlock()
			if last {
				c.end(net.ErrClosed)
			}
			return
		}
		batch := c.queue
		c.queue, c.queued = nil, 0
		c.mu.Unlock()
		for n, out := range batch {
			err := c.sock.SetWriteDeadline(time.Now().Add(i.config.WriteTimeout))
			if err == nil {
				_, err = c.sock.Write(out.b)
			}
			if err != nil {
				i.counters.sendErrors.Add(1)
				c.end(err)
				fail(batch[n:], err)
				return
			}
			i.counters.sent.Add(1)
		}
	}
}

// end closes the connection and fails what is queued. It may be called more than once.
func (c *conn) end(err error) {
	c.mu.Lock()
	if c.dead {
		c.mu.Unlock()
		return
	}
	c.dead = true
	queue := c.queue
	c.queue = nil
	if c.sock != nil {
		c.sock.Close()
	}
	c.mu.Unlock()
	c.streams().forget(c)
	fail(queue, err)
	l := c.flow.ep.iface.layer
	select {
	case <-l.done:
	default:
		if w, ok := l.handler.(Watcher); ok {
			w.Closed(c.flow)
		}
	}
}

func fail(queue []outgoing, err error) {
	for _, out := range queue {
		if out.failed != nil {
			out.failed(err)
		}
	}
}

// quit stops reading, and closes the connection once the answers are written.
func (c *conn) quit() {
	c.deaf = true
	c.mu.Lock()
	c.last = true
	idle := !c.writing
	c.mu.Unlock()
	if idle {
		c.end(net.ErrClosed)
	}
}

// take handles what was read. It runs on the reading goroutine.
func (c *conn) take(data []byte) {
	i := c.flow.ep.iface
	before := len(c.framer.partial) > 0
	whole := false
	header, err := c.framer.feed(data, func(b []byte) {
		whole = true
		c.message(b)
	}, c.pong)
	if err != nil {
		i.counters.unframed.Add(1)
		c.unframed(header, err)
		c.quit()
		return
	}
	switch {
	case len(c.framer.partial) > 0 && (whole || !before && c.due.IsZero()):
		c.due = time.Now().Add(i.config.MessageTimeout)
	case whole:
		c.due = time.Time{}
	}
}

// message hands a message on. A source over its budget waits, and with it the connection.
func (c *conn) message(b []byte) {
	i := c.flow.ep.iface
	i.counters.received.Add(1)
	for !i.budget.take(c.flow.remote.Addr()) {
		if !i.layer.pause(10 * time.Millisecond) {
			return
		}
	}
	i.layer.message(b, c.flow)
}

// unframed hands on what is left of a message whose end cannot be found.
func (c *conn) unframed(header []byte, err *sip.ParseError) {
	l := c.flow.ep.iface.layer
	defer l.contain(c.flow)
	m, perr := sip.Parse(header)
	if len(header) == 0 || perr != nil && m == nil {
		m = nil
	}
	l.deliver(m, err, c.flow)
}

// pong answers a keep-alive, RFC 5626 §4.4.1.
func (c *conn) pong() {
	c.flow.ep.iface.counters.keepalives.Add(1)
	_ = c.send([]byte("\r\n"), nil)
}

var _ net.Conn = (*conn)(nil)

// Read implements net.Conn for sipgo. Reads of nothing but NULs are taken for the end, since
// sipgo would leave them out and the next message would not be found.
func (c *conn) Read(p []byte) (int, error) {
	if c.deaf {
		return 0, io.EOF
	}
	n, err := c.sock.Read(p)
	if err == nil && !allNUL(p[:n]) {
		return n, nil
	}
	switch {
	case err == io.EOF: // the peer may still listen to what it asked for
		c.quit()
		return 0, io.EOF
	case err == nil:
		c.flow.ep.iface.counters.unframed.Add(1)
	case errors.Is(err, os.ErrDeadlineExceeded) && !c.due.IsZero():
		c.flow.ep.iface.counters.stalled.Add(1)
	}
	c.end(net.ErrClosed)
	return 0, io.EOF
}

func allNUL(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}

// SetReadDeadline implements net.Conn: sipgo sets the idle limit before each read, and a
// message that has begun may have less time.
func (c *conn) SetReadDeadline(t time.Time) error {
	if !c.due.IsZero() && c.due.Before(t) {
		t = c.due
	}
	return c.sock.SetReadDeadline(t)
}

// Close implements net.Conn. sipgo calls it when its reading goroutine ends.
func (c *conn) Close() error {
	c.once.Do(func() {
		c.mu.Lock()
		flushing := c.last && c.writing
		c.mu.Unlock()
		if !flushing {
			c.end(net.ErrClosed)
		}
		c.flow.ep.iface.layer.wg.Done()
	})
	return nil
}

// Write implements net.Conn. Nobody writes through sipgo.
func (c *conn) Write([]byte) (int, error)          { return 0, net.ErrClosed }
func (c *conn) LocalAddr() net.Addr                { return c.sock.LocalAddr() }
func (c *conn) RemoteAddr() net.Addr               { return &c.addr }
func (c *conn) SetDeadline(t time.Time) error      { return c.sock.SetDeadline(t) }
func (c *conn) SetWriteDeadline(t time.Time) error { return c.sock.SetWriteDeadline(t) }
