package useragent

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"

	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// listenRefusable binds a UDP socket that hears ICMP errors although it is not
// connected, and tells the first that says that nobody can be reached.
// Waiting for the transaction to time out would take half a minute and tell less.
func listenRefusable(refused func(error)) transport.Listen {
	return func(ctx context.Context, a netip.AddrPort) (transport.PacketConn, error) {
		lc := net.ListenConfig{Control: func(network, _ string, c syscall.RawConn) error {
			level, option := syscall.IPPROTO_IP, syscall.IP_RECVERR
			if network == "udp6" {
				level, option = syscall.IPPROTO_IPV6, syscall.IPV6_RECVERR
			}
			// Without it the call works all the same.
			return c.Control(func(fd uintptr) { syscall.SetsockoptInt(int(fd), level, option, 1) })
		}}
		c, err := lc.ListenPacket(ctx, "udp", a.String())
		if err != nil {
			return nil, err
		}
		return &refusable{UDPConn: c.(*net.UDPConn), refused: refused}, nil
	}
}

type refusable struct {
	*net.UDPConn
	refused func(error)
	once    sync.Once
}

func (c *refusable) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	n, from, err := c.UDPConn.ReadFromUDPAddrPort(b)
	c.look(err)
	return n, from, err
}

func (c *refusable) WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error) {
	n, err := c.UDPConn.WriteToUDPAddrPort(b, to)
	c.look(err)
	return n, err
}

func (c *refusable) look(err error) {
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH) {
		c.once.Do(func() { c.refused(err) })
	}
}
