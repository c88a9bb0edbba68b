package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"syscall"

	"github.com/sallyport-sbc/sallyport/host/config"
)

// bindable binds every listener of the configuration for a moment, so that a taken port is
// told before anything slow begins, and all of them at once. The error is an *InUseError,
// or what else the operating system said.
func bindable(ctx context.Context, s *config.Snapshot) error {
	var wanted []Listener
	for _, name := range s.InterfaceOrder {
		i := s.Interface[name]
		for _, a := range i.UDP {
			wanted = append(wanted, Listener{Name: name, Proto: "udp", Addr: a})
		}
		for _, a := range i.TCP {
			wanted = append(wanted, Listener{Name: name, Proto: "tcp", Addr: a})
		}
	}
	if s.Echo != nil {
		wanted = append(wanted, Listener{Name: "echo", Proto: "udp", Addr: s.Echo.Address})
	}
	taken := new(InUseError)
	for _, l := range wanted {
		switch err := bind(ctx, l.Proto, l.Addr); {
		case errors.Is(err, syscall.EADDRINUSE):
			taken.Listeners = append(taken.Listeners, l)
		case err != nil:
			return fmt.Errorf("%s: %s %s: %w", l.Name, l.Proto, l.Addr, err)
		}
	}
	if len(taken.Listeners) > 0 {
		return taken
	}
	return nil
}

// bind binds an address and lets it go.
func bind(ctx context.Context, proto string, a netip.AddrPort) error {
	var (
		lc  net.ListenConfig
		c   io.Closer
		err error
	)
	if proto == "tcp" {
		c, err = lc.Listen(ctx, proto, a.String())
	} else {
		c, err = lc.ListenPacket(ctx, proto, a.String())
	}
	if err != nil {
		return err
	}
	return c.Close()
}
