package transport

import "errors"

var (
	// ErrClosed is returned when the layer is not started or is closed.
	ErrClosed = errors.New("transport closed")

	// ErrNoAddress is returned by Layer.Flow when the interface has no address of the protocol
	// and of the remote address's family.
	ErrNoAddress = errors.New("interface has no address of that protocol and family")

	// ErrNoConnection is returned by Flow.Send when the flow's TCP connection is gone. A new
	// request may get another one from Layer.Flow.
	ErrNoConnection = errors.New("connection is gone")

	// ErrConnections is returned by Layer.Flow when the interface holds as many connections of
	// its own as Config.Connections allows.
	ErrConnections = errors.New("too many connections")

	// ErrQueueFull is returned by Flow.Send when a TCP peer takes its messages too slowly.
	ErrQueueFull = errors.New("send queue is full")

	// ErrTooLarge is returned by Flow.Send for more bytes than the protocol can carry at once.
	ErrTooLarge = errors.New("message too large")

	// ErrNoTransport is returned by Resolve for a URI that asks for a transport the SBC does
	// not speak: TLS (also by the sips scheme), WS, SCTP.
	ErrNoTransport = errors.New("no such transport")

	// ErrNoTarget is returned by Resolve when a host has no usable address.
	ErrNoTarget = errors.New("no address for host")
)
