// Package transport moves SIP messages between the network and the transaction layer, and
// knows for each of them the interface (realm) and the flow it came on and leaves by.
//
// A Layer has named interfaces, each with its own UDP sockets, its own TCP listeners and its
// own limits. A Flow is a small value that names one way to one peer: interface, protocol,
// local and remote address. A response leaves by the flow its request came on, which is what
// RFC 3261 §18.2.2 and RFC 3581 §4 ask for, and what a peer behind a NAT needs.
//
// # Trust
//
// Every byte is hostile until it is parsed. A datagram first passes its source's budget, a
// token bucket in a table of fixed size, then a look at its first byte, and only then is any
// memory spent on it. Messages that cannot be read are counted and named in at most one log
// line in ten seconds an interface, never quoted. A TCP connection has a deadline for each
// message, an idle limit, a bounded send queue, and a place under two limits: for the
// interface and for its source.
//
// # TCP and sipgo
//
// UDP is ours from the socket up. TCP connections are carried by one sipgo TransportLayer an
// interface: it accepts from a listener of ours, which holds the limits, and reads each
// connection on a goroutine of its own. Messages are taken at sipgo's read filter, the hook in
// front of its parser, where the stream's bytes pass once, in order, on the reading goroutine.
// So no text is lost and no verdict of that parser (it closes the connection at a URI scheme or
// a version it does not know, and at a folded line that spans two reads) reaches a peer: a
// message in a sound frame that is wrong in itself is answered like a wrong datagram, and the
// connection, which may carry a thousand calls, stays.
//
// # Goroutines
//
// Layer.Start starts one goroutine a UDP socket, one a TCP listener and one an interface with
// TCP; each connection has the one sipgo reads it on, and a writing one while its queue holds
// something. Layer.Close stops and waits for all of them. Handler.Receive runs on the reading
// goroutine, so arrival order is kept for each socket and each connection, and a handler that
// blocks stops that socket.
//
// The package knows nothing of transactions, calls or media.
package transport
