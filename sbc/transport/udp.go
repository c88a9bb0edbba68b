package transport

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
	"time"
)

const (
	// readBufferSize is the largest UDP payload and one byte.
	readBufferSize = 65536

	// maxMessage is the largest message sent or taken.
	maxMessage = 65535
)

var errNetClosed = net.ErrClosed

// read takes datagrams until the socket is closed. Nothing that comes in ends it: an ICMP
// error that surfaces as ECONNREFUSED is a peer's trouble, not the socket's. Errors that
// repeat slow it down, so that a broken socket does not burn a core.
func (e *endpoint) read() {
	buf := make([]byte, readBufferSize)
	c := &e.iface.counters
	errs := 0
	for {
		n, from, err := e.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			if isClosed(err, e.iface.layer.done) {
				return
			}
			c.readErrors.Add(1)
			if errs++; errs > 16 && !e.iface.layer.pause(min(time.Duration(errs)*time.Millisecond, time.Second)) {
				return
			}
			continue
		}
		errs = 0
		e.iface.layer.datagram(buf[:n], Flow{e, unmap(from)})
	}
}

// pause waits and reports whether the layer is still open after it.
func (l *Layer) pause(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-l.done:
		return false
	case <-t.C:
		return true
	}
}

// sendDatagram sends b at once. ECONNREFUSED on a socket that many peers share speaks of an
// earlier datagram, so this one is tried again; ENOBUFS is a loss as any other on the way, and
// the transaction's retransmission is the cure for both.
func (e *endpoint) sendDatagram(b []byte, to netip.AddrPort) error {
	if e.conn == nil {
		return ErrClosed
	}
	c := &e.iface.counters
	_, err := e.conn.WriteToUDPAddrPort(b, to)
	if err != nil && errors.Is(err, syscall.ECONNREFUSED) {
		_, err = e.conn.WriteToUDPAddrPort(b, to)
	}
	switch {
	case err == nil:
		c.sent.Add(1)
		return nil
	case errors.Is(err, syscall.ENOBUFS), errors.Is(err, syscall.ECONNREFUSED):
		c.sendErrors.Add(1)
		return nil
	case errors.Is(err, syscall.EMSGSIZE):
		c.sendErrors.Add(1)
		return ErrTooLarge
	case errors.Is(err, net.ErrClosed):
		return ErrClosed
	}
	c.sendErrors.Add(1)
	return err
}
