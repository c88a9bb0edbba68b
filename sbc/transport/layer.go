package transport

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// Handler takes what comes in. Receive runs on the reading goroutine of the socket or the
// connection, in arrival order for each of them, and must not block. err is what sip.Parse
// said, nil for a sound message; with an error, m is the part of the message a reply can be
// made from, or nil when there is nothing to answer. The message belongs to the handler.
type Handler interface {
	Receive(m *sip.Message, err error, f Flow)
}

// Watcher is a Handler that wants to know when a TCP connection is gone: what was sent on its
// flow may not have arrived, and answers to it will come by another one, if at all. Closed runs
// on any goroutine and must not block. It is not told when the layer closes.
type Watcher interface {
	Handler
	Closed(f Flow)
}

// Layer is all interfaces of the SBC. Its methods may be called by anyone.
type Layer struct {
	interfaces []*Interface
	byName     map[string]*Interface
	handler    Handler
	listen     Listen
	sink       func(Flow, []byte)
	tap        atomic.Pointer[Tap]
	log        *slog.Logger

	done chan struct{} // closed by Close
	wg   sync.WaitGroup

	mu      sync.Mutex
	started bool
	closed  bool
}

// Interface is one realm: a name, addresses, limits.
type Interface struct {
	name     string
	config   Config
	layer    *Layer
	udp, tcp []*endpoint
	budget   *budget
	streams  *streams
	noise    noise
	counters counters
}

// endpoint is one bound address of an interface. What it is called is
// set before the layer has started and never changes after.
type endpoint struct {
	iface      *Interface
	proto      Proto
	local      netip.AddrPort
	advertised netip.AddrPort
	sentBy     string     // advertised as text
	conn       PacketConn // UDP only
}

// New makes a layer of interfaces; nothing is bound yet. The error names everything that is
// wrong with the configuration.
func New(cs []Config, h Handler, o Options) (*Layer, error) {
	if err := validate(cs); err != nil {
		return nil, err
	}
	l := &Layer{
		byName:  make(map[string]*Interface, len(cs)),
		handler: h,
		listen:  o.Listen,
		sink:    o.Sink,
		log:     o.Log,
		done:    make(chan struct{}),
	}
	if l.log == nil {
		l.log = slog.Default()
	}
	for _, c := range cs {
		c = c.withDefaults()
		i := &Interface{name: c.Name, config: c, layer: l, budget: newBudget(c.Budget)}
		i.streams = newStreams(i)
		for _, a := range c.UDP {
			i.udp = append(i.udp, i.newEndpoint(UDP, a))
		}
		for _, a := range c.TCP {
			i.tcp = append(i.tcp, i.newEndpoint(TCP, a))
		}
		l.interfaces = append(l.interfaces, i)
		l.byName[c.Name] = i
	}
	return l, nil
}

func (i *Interface) newEndpoint(p Proto, a netip.AddrPort) *endpoint {
	e := &endpoint{iface: i, proto: p}
	e.bound(unmap(a))
	return e
}

// bound tells the endpoint which address it got.
func (e *endpoint) bound(a netip.AddrPort) {
	e.local, e.advertised = a, netip.AddrPortFrom(a.Addr().WithZone(""), a.Port())
	if ad := unmap(e.iface.config.Advertise); ad.Addr().IsValid() && ad.Addr().Is4() == a.Addr().Is4() {
		e.advertised = ad
		if ad.Port() == 0 {
			e.advertised = netip.AddrPortFrom(ad.Addr(), a.Port())
		}
	}
	e.sentBy = e.advertised.String()
}

// Start binds every address and begins to read: all or none. ctx limits the binding only.
// The error names the interface and the address. A layer is started once.
func (l *Layer) Start(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.started {
		return ErrClosed
	}
	if l.sink != nil {
		l.started = true
		return nil
	}
	for _, i := range l.interfaces {
		if err := i.bind(ctx); err != nil {
			for _, j := range l.interfaces {
				j.unbind()
			}
			return err
		}
	}
	l.started = true
	for _, i := range l.interfaces {
		for _, e := range i.udp {
			l.wg.Go(e.read)
		}
		i.streams.serve()
	}
	return nil
}

// bind binds all addresses of the interface.
func (i *Interface) bind(ctx context.Context) error {
	listen := i.layer.listen
	if listen == nil {
		listen = listenUDP(i.config.ReadBuffer)
	}
	for _, e := range i.udp {
		c, err := listen(ctx, e.local)
		if err != nil {
			return fmt.Errorf("interface %s: udp %s: %w", i.name, e.local, err)
		}
		e.conn = c
		e.bound(addrPort(c.LocalAddr()))
	}
	return i.streams.bind(ctx)
}

// unbind closes the interface's sockets and listeners.
func (i *Interface) unbind() {
	for _, e := range i.udp {
		if e.conn != nil {
			e.conn.Close()
		}
	}
	i.streams.close()
}

// Close closes every socket and connection and waits for every goroutine of the layer. It
// must not be called from a Handler.
func (l *Layer) Close() {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		l.wg.Wait()
		return
	}
	l.closed = true
	close(l.done)
	for _, i := range l.interfaces {
		i.unbind()
	}
	l.mu.Unlock()
	l.wg.Wait()
}

// Interface returns an interface by its name.
func (l *Layer) Interface(name string) (*Interface, bool) {
	i, ok := l.byName[name]
	return i, ok
}

// Interfaces returns all interfaces in the order of the configuration.
func (l *Layer) Interfaces() []*Interface { return l.interfaces }

// Name returns the interface's name.
func (i *Interface) Name() string { return i.name }

// Addr returns the address of the interface that goes into Via and Contact for a protocol:
// that of its first socket, as advertised. Before Start a port may still be 0.
func (i *Interface) Addr(p Proto) (netip.AddrPort, bool) {
	es := i.endpoints(p)
	if len(es) == 0 {
		return netip.AddrPort{}, false
	}
	return es[0].advertised, true
}

// Addrs returns every bound address of the interface for a protocol.
func (i *Interface) Addrs(p Proto) []netip.AddrPort {
	var as []netip.AddrPort
	for _, e := range i.endpoints(p) {
		as = append(as, e.local)
	}
	return as
}

func (i *Interface) endpoints(p Proto) []*endpoint {
	if p == TCP {
		return i.tcp
	}
	return i.udp
}

// Flow returns a way from an interface to a peer. Over UDP there is always one. Over TCP it
// is a connection that is open or being opened, or a new one that is opened in the background
// while messages queue. Errors: ErrClosed, ErrNoAddress, ErrConnections.
func (l *Layer) Flow(i *Interface, p Proto, remote netip.AddrPort) (Flow, error) {
	if i == nil || !remote.IsValid() || remote.Port() == 0 {
		return Flow{}, ErrNoAddress
	}
	remote = unmap(remote)
	select {
	case <-l.done:
		return Flow{}, ErrClosed
	default:
	}
	if p == TCP && l.sink == nil {
		return i.streams.flow(remote)
	}
	for _, e := range i.endpoints(p) {
		if e.local.Addr().Is4() == remote.Addr().Is4() {
			if e.conn == nil && l.sink == nil {
				return Flow{}, ErrClosed
			}
			return Flow{e, remote}, nil
		}
	}
	return Flow{}, ErrNoAddress
}

// isClosed reports whether an error of a socket says that we closed it.
func isClosed(err error, done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return errors.Is(err, errNetClosed)
	}
}
