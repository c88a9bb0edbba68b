package transport

import "net/netip"

// Proto is a transport protocol.
type Proto uint8

const (
	UDP Proto = iota
	TCP
)

// String returns the name as it stands in a Via: "UDP", "TCP".
func (p Proto) String() string {
	if p == TCP {
		return "TCP"
	}
	return "UDP"
}

// Reliable reports whether the protocol repeats lost bytes itself, so that transactions do
// not. RFC 3261 §17.
func (p Proto) Reliable() bool { return p != UDP }

// Flow is one way to one peer: interface, protocol, local and remote address. It is a small
// value that can be compared, copied and kept; the zero Flow is not valid. Its methods may be
// called by anyone at any time.
type Flow struct {
	ep     *endpoint
	remote netip.AddrPort
}

// Valid reports whether the flow came from a layer.
func (f Flow) Valid() bool { return f.ep != nil }

// Interface returns the interface of the flow, nil for the zero Flow.
func (f Flow) Interface() *Interface {
	if f.ep == nil {
		return nil
	}
	return f.ep.iface
}

// Proto returns the protocol of the flow.
func (f Flow) Proto() Proto {
	if f.ep == nil {
		return UDP
	}
	return f.ep.proto
}

// Local returns the address the interface listens on for this protocol. A TCP connection
// that the SBC opened leaves from another port of it.
func (f Flow) Local() netip.AddrPort {
	if f.ep == nil {
		return netip.AddrPort{}
	}
	return f.ep.local
}

// Remote returns the peer's address.
func (f Flow) Remote() netip.AddrPort { return f.remote }

// SentBy returns what Via and Contact show: the advertised address of the interface for this
// protocol, "192.0.2.1:5060".
func (f Flow) SentBy() string {
	if f.ep == nil {
		return ""
	}
	return f.ep.sentBy
}

// Advertised returns the same as an address.
func (f Flow) Advertised() netip.AddrPort {
	if f.ep == nil {
		return netip.AddrPort{}
	}
	return f.ep.advertised
}

// Send sends one message. Over UDP it is sent in place and an error comes at once. Over TCP
// it is queued, at most 1 MiB a connection, and written by another goroutine; failed, unless
// nil, is told at most once, later and without any lock held, that it could not be written.
// Send keeps b until then, so b must not change.
//
// Errors: ErrClosed, ErrTooLarge, ErrNoConnection, ErrQueueFull, or the socket's. A datagram
// the kernel had no room for is lost, not failed.
func (f Flow) Send(b []byte, failed func(error)) error {
	switch {
	case f.ep == nil:
		return ErrClosed
	case len(b) > maxMessage:
		return ErrTooLarge
	case f.ep.iface.layer.sink != nil:
		f.ep.iface.layer.sink(f, b)
		return nil
	}
	f.ep.iface.layer.show(f, true, b)
	if f.ep.proto == TCP {
		return f.ep.sendStream(b, f.remote, failed)
	}
	return f.ep.sendDatagram(b, f.remote)
}
