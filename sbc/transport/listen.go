package transport

import (
	"context"
	"fmt"
	"net"
	"net/netip"
)

// PacketConn is a UDP socket as the layer uses it; *net.UDPConn is one. Reads happen on one
// goroutine, writes on any. After Close, reads fail with an error that wraps net.ErrClosed.
type PacketConn interface {
	ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error)
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
	Close() error
	LocalAddr() net.Addr
}

var _ PacketConn = (*net.UDPConn)(nil)

// Listen binds a UDP socket to an address. Tests give one that binds in memory.
type Listen func(ctx context.Context, a netip.AddrPort) (PacketConn, error)

// listenUDP binds a real socket. The buffers are asked for, not demanded: a small one is no
// reason not to start.
func listenUDP(readBuffer int) Listen {
	return func(ctx context.Context, a netip.AddrPort) (PacketConn, error) {
		var lc net.ListenConfig
		pc, err := lc.ListenPacket(ctx, "udp", a.String())
		if err != nil {
			return nil, err
		}
		c, ok := pc.(*net.UDPConn)
		if !ok {
			pc.Close()
			return nil, fmt.Errorf("not a UDP socket: %T", pc)
		}
		setBuffers(c, readBuffer)
		return c, nil
	}
}

// addrPort returns the address of a socket.
func addrPort(a net.Addr) netip.AddrPort {
	switch a := a.(type) {
	case *net.UDPAddr:
		return unmap(a.AddrPort())
	case *net.TCPAddr:
		return unmap(a.AddrPort())
	}
	ap, _ := netip.ParseAddrPort(a.String())
	return unmap(ap)
}

// unmap makes one form of an address: IPv4 in IPv6 becomes IPv4.
func unmap(ap netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
