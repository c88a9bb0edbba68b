package wasm

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
)

const (
	// maxResponseHeader bounds the header of an answer, with all that came before it.
	maxResponseHeader = 32 << 10
	// idleConn is how long a connection stays open without a request.
	idleConn = 30 * time.Second
)

// origin is a place on the allow list that speaks plain HTTP, and the connections to it.
//
// net/http's own transport needs two goroutines for a connection and a third for the request, which wake each other
// for every request. Here a request is written where it is made, and the one goroutine of its connection, which waits
// for the answer anyway, goes on with it. There are never more connections than requests under way, besides one for
// each instance.
type origin struct {
	web  *web
	addr string // host and port

	mu     sync.Mutex
	idle   []*webConn // last in, first out
	closed bool
}

// exchange is one request and its answer.
type exchange struct {
	to      *origin
	text    []byte        // the request as it is sent; it never changes
	head    bool          // it is HEAD: the answer has no body
	safe    bool          // it may be sent twice (RFC 9110 section 9.2.2)
	timeout time.Duration // 0: none of its own
	until   time.Time
	done    interface{ finish(result) } // told once

	// Guarded by the origin's mutex.
	on       *webConn // that carries it
	dialing  context.CancelFunc
	unsent   bool // nothing of it went out on that connection
	canceled bool
}

// start implements starter.
func (x *exchange) start(o *op, until time.Time) {
	if x.until = until; x.timeout > 0 {
		if own := time.Now().Add(x.timeout); own.Before(until) {
			x.until = own
		}
	}
	x.done, o.stop = o, x
	x.to.send(x)
}

// stop implements stopper.
func (x *exchange) stop() { x.to.cancel(x) }

// webConn is a connection to an origin.
type webConn struct {
	to   *origin
	conn net.Conn
	raw  syscall.RawConn // of conn
	r    *bufio.Reader
	left int64 // bytes that may still be read
	used bool  // it has brought an answer

	// Guarded by the origin's mutex.
	x       *exchange // nil: idle
	writing bool      // a request has not gone out whole yet
}

var errHeaderSize = errors.New("header of the answer is too long")

// Read lets the buffer have what may be read.
func (c *webConn) Read(b []byte) (int, error) {
	if c.left <= 0 {
		return 0, errHeaderSize
	}
	n, err := c.conn.Read(b[:min(int64(len(b)), c.left)])
	c.left -= int64(n)
	return n, err
}

// send begins an exchange, and never waits: on a connection that is idle, else on a new one.
func (o *origin) send(x *exchange) {
	o.mu.Lock()
	n := len(o.idle) - 1
	if n < 0 {
		ctx, cancel := context.WithDeadline(context.Background(), x.until)
		x.dialing = cancel
		o.mu.Unlock()
		o.web.conns.Go(func() { o.serve(ctx, x) })
		return
	}
	c := o.idle[n]
	o.idle[n], o.idle = nil, o.idle[:n]
	c.x, x.on = x, c
	c.conn.SetReadDeadline(x.until)
	o.mu.Unlock()
	n, err := writeNow(c.raw, x.text)
	if err == nil && n == len(x.text) {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil {
		x.unsent = true
		c.conn.Close() // whoever reads from it sees to the exchange
		return
	}
	c.writing = true
	o.web.conns.Go(func() { c.write(x.text[n:], x.until) })
}

// write writes what did not go out at once.
func (c *webConn) write(text []byte, until time.Time) {
	c.conn.SetWriteDeadline(until)
	if _, err := c.conn.Write(text); err != nil {
		c.conn.Close()
		return
	}
	c.conn.SetWriteDeadline(time.Time{})
	c.to.mu.Lock()
	c.writing = false
	c.to.mu.Unlock()
}

// cancel ends an exchange nobody waits for any more.
func (o *origin) cancel(x *exchange) {
	o.mu.Lock()
	defer o.mu.Unlock()
	x.canceled = true
	if x.dialing != nil {
		x.dialing()
	}
	if x.on != nil {
		x.on.conn.Close()
	}
}

// serve makes a connection for x and stays with it until it is closed, and with those that follow it.
func (o *origin) serve(ctx context.Context, x *exchange) {
	for x != nil {
		conn, err := o.web.dial(ctx, "tcp", o.addr)
		o.mu.Lock()
		x.dialing()
		x.dialing = nil
		if err != nil {
			err = o.reason(x, err)
			o.mu.Unlock()
			x.done.finish(result{code: httpCode(err)})
			return
		}
		c := &webConn{to: o, conn: conn, left: maxResponseHeader, x: x, writing: true}
		c.r = bufio.NewReader(c)
		if x.on = c; x.canceled {
			conn.Close()
		}
		o.mu.Unlock()
		conn.SetReadDeadline(x.until)
		c.raw, err = conn.(syscall.Conn).SyscallConn()
		if err != nil {
			conn.Close()
		}
		c.write(x.text, x.until)
		if x = c.serve(); x != nil {
			o.mu.Lock()
			ctx, x.dialing = context.WithDeadline(context.Background(), x.until)
			if x.canceled {
				x.dialing()
			}
			o.mu.Unlock()
		}
	}
}

// reason is why x failed. Called with mu held.
func (o *origin) reason(x *exchange, err error) error {
	if x.canceled {
		return context.Canceled
	}
	return err
}

// serve reads answers until the connection is of no use any more. It returns an exchange that has to be sent again.
func (c *webConn) serve() (again *exchange) {
	o := c.to
	defer c.conn.Close()
	for {
		_, err := c.r.Peek(1)
		o.mu.Lock()
		x := c.x
		switch {
		case x == nil:
			// Closed, idle for too long, or an answer to no question.
			if i := slices.Index(o.idle, c); i >= 0 {
				o.idle = slices.Delete(o.idle, i, i+1)
			}
			o.mu.Unlock()
			return nil
		case err == nil:
			o.mu.Unlock()
		case errors.Is(err, os.ErrDeadlineExceeded) && !x.canceled && time.Now().Before(x.until):
			o.mu.Unlock() // the connection was idle for as long as it may, and then it was not
			continue
		default:
			c.x, x.on = nil, nil
			if c.used && (x.safe || x.unsent) && !x.canceled && !errors.Is(err, os.ErrDeadlineExceeded) {
				x.unsent = false
				o.mu.Unlock()
				return x // the server has closed a connection that was idle
			}
			err = o.reason(x, err)
			o.mu.Unlock()
			x.done.finish(result{code: httpCode(err)})
			return nil
		}
		res, keep, err := c.answer(x)
		o.mu.Lock()
		x.on = nil // it can be canceled no more
		if err != nil {
			res.code = httpCode(o.reason(x, err))
		}
		o.mu.Unlock()
		x.done.finish(res)
		if !keep || !c.rest() {
			return nil
		}
	}
}

// rest makes the connection idle, unless there is no use for it.
func (c *webConn) rest() bool {
	o := c.to
	c.left, c.used = maxResponseHeader, true
	o.mu.Lock()
	defer o.mu.Unlock()
	c.x = nil
	if o.closed || c.writing || len(o.idle) >= o.web.most {
		return false
	}
	c.conn.SetReadDeadline(time.Now().Add(idleConn))
	o.idle = append(o.idle, c)
	return true
}

var (
	askedGET  = &http.Request{Method: http.MethodGet}
	askedHEAD = &http.Request{Method: http.MethodHead}
	// errUpgrade is an answer that turns the connection into something else, which nobody has asked for.
	errUpgrade = errors.New("the server changes the protocol")
)

// answer reads the answer to x, which is bounded. keep says whether the connection can be used again.
func (c *webConn) answer(x *exchange) (_ result, keep bool, err error) {
	asked := askedGET
	if x.head {
		asked = askedHEAD
	}
	var res *http.Response
	for {
		if res, err = http.ReadResponse(c.r, asked); err != nil {
			return result{}, false, err
		}
		if res.StatusCode == http.StatusSwitchingProtocols {
			return result{}, false, errUpgrade
		}
		if res.StatusCode >= 200 || res.StatusCode < 100 {
			break
		}
	}
	c.left = wire.MaxBody + maxResponseHeader
	if res.ContentLength < 0 {
		c.left = 1 << 40 // the frames of a chunked body may be larger than what is in them; the time is bounded
	}
	out, err := resultOf(res)
	if err != nil || out.code != abi.CodeOK {
		return out, false, err
	}
	return out, !res.Close && res.StatusCode >= 200 && c.r.Buffered() == 0, nil
}

// close ends all connections that are idle; the others end when they have nothing more to do.
func (o *origin) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	for _, c := range o.idle {
		c.conn.Close()
	}
}

// resultOf reads the body of an answer, which is bounded, and takes what a guest may see.
func resultOf(res *http.Response) (result, error) {
	body, err := bodyOf(res)
	if err != nil {
		return result{}, err
	}
	if len(body) > wire.MaxBody {
		return result{code: abi.CodeTooBig}, nil
	}
	out := result{status: res.StatusCode, body: body, headers: make([]abi.Field, 0, len(res.Header))}
	size := 0
	for name, values := range res.Header {
		for _, v := range values {
			if size += len(name) + len(v); len(out.headers) < wire.MaxList && size <= 16<<10 {
				out.headers = append(out.headers, abi.Field{Name: name, Value: v})
			}
		}
	}
	return out, nil
}

// bodyOf reads a body to its end, or so much of it that it is too long.
func bodyOf(res *http.Response) ([]byte, error) {
	n := res.ContentLength
	switch {
	case res.Body == http.NoBody:
		return nil, nil
	case n > wire.MaxBody:
		return make([]byte, wire.MaxBody+1), nil
	case n < 0:
		return io.ReadAll(io.LimitReader(res.Body, wire.MaxBody+1))
	}
	b := make([]byte, n)
	_, err := io.ReadFull(res.Body, b)
	return b, err
}
