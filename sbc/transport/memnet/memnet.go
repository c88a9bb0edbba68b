package memnet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

const (
	// queue is how many datagrams a socket holds before it loses more, as a kernel's does.
	queue = 8192

	// maxDatagram is the largest payload of UDP over IPv4.
	maxDatagram = 65507

	firstPort = 49152
)

// Net is a network of UDP sockets. Its methods may be called by anyone.
type Net struct {
	mu    sync.Mutex
	socks map[netip.AddrPort]*Conn
	next  uint16
	rules Rules
	rand  *rand.Rand
	stats Stats
	held  []held // on their way, in the order they arrive
}

type held struct {
	at time.Time
	d  datagram
	to netip.AddrPort
}

// Rules say what the network does to datagrams. The zero Rules deliver all at once, in order.
type Rules struct {
	Seed uint64 // of the dice; the same seed and the same traffic give the same losses

	Loss    float64       // probability that a datagram is lost
	Dup     float64       // probability that it arrives twice
	Reorder float64       // probability that it is held back for Hold, so that later ones pass it
	Hold    time.Duration // default 5ms
	Delay   time.Duration // every datagram takes this long

	// Drop, unless nil, is asked about each datagram; true loses it. It is called with the
	// network locked and must not use it.
	Drop func(from, to netip.AddrPort, b []byte) bool
}

// Stats counts datagrams.
type Stats struct{ Sent, Lost, Doubled, HeldBack, Unreachable, Overflowed int }

// New returns a network that delivers everything.
func New() *Net {
	n := &Net{socks: make(map[netip.AddrPort]*Conn), next: firstPort}
	n.SetRules(Rules{})
	return n
}

// SetRules changes the rules for datagrams sent from now on.
func (n *Net) SetRules(r Rules) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if r.Hold == 0 {
		r.Hold = 5 * time.Millisecond
	}
	n.rules = r
	n.rand = rand.New(rand.NewPCG(r.Seed, 0))
}

// Stats returns what happened so far.
func (n *Net) Stats() Stats {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.stats
}

// Listen binds a socket; it is a transport.Listen. Port 0 takes a free one. The error of a
// taken address wraps syscall.EADDRINUSE.
func (n *Net) Listen(ctx context.Context, a netip.AddrPort) (transport.PacketConn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	c, err := n.open(a)
	if err != nil {
		return nil, err
	}
	return c, nil
}

var _ transport.Listen = (*Net)(nil).Listen

// Dial binds a socket for a test's peer: "192.0.2.1:5060", port 0 for any. It panics when the
// address is malformed or taken, since then the test is wrong.
func (n *Net) Dial(addr string) *Conn {
	c, err := n.open(netip.MustParseAddrPort(addr))
	if err != nil {
		panic(err)
	}
	return c
}

func (n *Net) open(a netip.AddrPort) (*Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if a.Port() == 0 {
		for n.socks[netip.AddrPortFrom(a.Addr(), n.next)] != nil {
			n.next = max(n.next+1, firstPort)
		}
		a = netip.AddrPortFrom(a.Addr(), n.next)
	}
	if n.socks[a] != nil {
		return nil, fmt.Errorf("bind %s: %w", a, syscall.EADDRINUSE)
	}
	c := &Conn{net: n, addr: a, in: make(chan datagram, queue), done: make(chan struct{})}
	n.socks[a] = c
	return c, nil
}

// send gives a datagram to the network.
func (n *Net) send(b []byte, from, to netip.AddrPort) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.arrive()
	n.stats.Sent++
	r := &n.rules
	if r.Drop != nil && r.Drop(from, to, b) || r.Loss > 0 && n.rand.Float64() < r.Loss {
		n.stats.Lost++
		return
	}
	d := datagram{append([]byte(nil), b...), from}
	times := 1
	if r.Dup > 0 && n.rand.Float64() < r.Dup {
		n.stats.Doubled++
		times = 2
	}
	for range times {
		delay := r.Delay
		if r.Reorder > 0 && n.rand.Float64() < r.Reorder {
			n.stats.HeldBack++
			delay += r.Hold
		}
		if delay == 0 {
			n.deliver(d, to)
			continue
		}
		h := held{time.Now().Add(delay), d, to}
		i, _ := slices.BinarySearchFunc(n.held, h, func(a, b held) int { return cmp.Or(a.at.Compare(b.at), -1) })
		n.held = slices.Insert(n.held, i, h)
		time.AfterFunc(delay, func() {
			n.mu.Lock()
			defer n.mu.Unlock()
			n.arrive()
		})
	}
}

// arrive delivers what has been on its way for long enough. It is what makes the order of
// arrival a matter of the seed alone: timers of one instant fire in any order. The network is
// locked.
func (n *Net) arrive() {
	now := time.Now()
	for len(n.held) > 0 && !n.held[0].at.After(now) {
		h := n.held[0]
		n.held = slices.Delete(n.held, 0, 1)
		n.deliver(h.d, h.to)
	}
}

// deliver puts a datagram into its receiver's queue. The network is locked.
func (n *Net) deliver(d datagram, to netip.AddrPort) {
	c := n.socks[to]
	if c == nil {
		n.stats.Unreachable++
		return
	}
	select {
	case c.in <- d:
	default:
		n.stats.Overflowed++
	}
}

// Conn is one socket. Its methods may be called by anyone.
type Conn struct {
	net  *Net
	addr netip.AddrPort
	in   chan datagram
	done chan struct{}
	once sync.Once
}

var _ transport.PacketConn = (*Conn)(nil)

type datagram struct {
	b    []byte
	from netip.AddrPort
}

// ReadFromUDPAddrPort waits for a datagram. What does not fit into b is cut off.
func (c *Conn) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	select {
	case d := <-c.in:
		return copy(b, d.b), d.from, nil
	case <-c.done:
		return 0, netip.AddrPort{}, net.ErrClosed
	}
}

// WriteToUDPAddrPort sends a datagram. Nobody being there is no error, as on the real network.
func (c *Conn) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	select {
	case <-c.done:
		return 0, net.ErrClosed
	default:
	}
	if len(b) > maxDatagram {
		return 0, &net.OpError{Op: "write", Net: "udp", Err: os.NewSyscallError("sendto", syscall.EMSGSIZE)}
	}
	c.net.send(b, c.addr, to)
	return len(b), nil
}

// Send is WriteToUDPAddrPort for tests: text, to an address such as "192.0.2.1:5060".
func (c *Conn) Send(text, to string) {
	if _, err := c.WriteToUDPAddrPort([]byte(text), netip.MustParseAddrPort(to)); err != nil {
		panic(err)
	}
}

// ErrTimeout is returned by Receive when nothing came.
var ErrTimeout = errors.New("nothing came in time")

// Receive waits at most d for a datagram.
func (c *Conn) Receive(d time.Duration) (b []byte, from netip.AddrPort, err error) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case p := <-c.in:
		return p.b, p.from, nil
	case <-c.done:
		return nil, from, net.ErrClosed
	case <-t.C:
		return nil, from, ErrTimeout
	}
}

// Pending returns a datagram that has already come, nil if there is none.
func (c *Conn) Pending() []byte {
	select {
	case p := <-c.in:
		return p.b
	default:
		return nil
	}
}

// AddrPort returns the address of the socket.
func (c *Conn) AddrPort() netip.AddrPort { return c.addr }

// LocalAddr returns it as a net.Addr.
func (c *Conn) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(c.addr) }

// Close frees the address and ends all reads with net.ErrClosed.
func (c *Conn) Close() error {
	c.once.Do(func() {
		close(c.done)
		c.net.mu.Lock()
		delete(c.net.socks, c.addr)
		c.net.mu.Unlock()
	})
	return nil
}
