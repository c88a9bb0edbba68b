package transport

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"
)

// Config is one interface: a realm with its addresses and limits.
type Config struct {
	// Name of the interface: what profiles and logs call it. Not empty, unique in a layer.
	Name string

	// UDP and TCP are the addresses to listen on; at least one of them must be given. Port 0
	// takes any free port. An unspecified address (0.0.0.0, ::) needs Advertise, and lets the
	// kernel choose the address a message leaves from.
	UDP, TCP []netip.AddrPort

	// Advertise is what Via and Contact show instead of the bound address, for an SBC behind a
	// 1:1 NAT. It holds for bound addresses of its own family. Port 0 means the bound port.
	Advertise netip.AddrPort

	// ReadBuffer is the socket buffer asked of the kernel for each UDP socket, in bytes each
	// way. Default 4 MiB.
	ReadBuffer int

	// Budget is what one source may send. Over UDP more is dropped, over TCP more waits.
	Budget Budget

	// Connections is how many TCP connections peers may hold open here at a time, and how many
	// the SBC may open itself. Default 1024.
	Connections int

	// ConnectionsPerSource is how many of them one source (/32, /64) may hold. Default 64.
	ConnectionsPerSource int

	// Idle is how long a TCP connection may stay silent before it is closed. Default 15m.
	Idle time.Duration

	// MessageTimeout is how long a peer may take over a TCP connection from the first byte of a
	// message to its last, and from the connection's beginning to the end of its first
	// message. Default 10s.
	MessageTimeout time.Duration

	// ConnectTimeout limits the opening of a TCP connection. Default 5s.
	ConnectTimeout time.Duration

	// WriteTimeout limits one write to a TCP connection. Default 5s.
	WriteTimeout time.Duration
}

// Budget is a token bucket for each source, which is an IPv4 address or an IPv6 /64.
type Budget struct {
	// Rate is how many messages a second a source may send, in the long run. Default 40000:
	// a guard against floods that a busy trunk never meets. Negative means no limit.
	Rate int

	// Burst is how many it may send at once. Default Rate.
	Burst int
}

// Options are what a layer gets from outside.
type Options struct {
	// Listen binds UDP sockets. nil binds real ones.
	Listen Listen

	// Sink, when not nil, takes what is sent in place of a network: nothing is bound, nothing
	// is dialed and nothing is heard. It is called concurrently and must not keep b.
	Sink func(f Flow, b []byte)

	// Log is where the layer reports. nil means slog.Default.
	Log *slog.Logger
}

// withDefaults fills in what was left out.
func (c Config) withDefaults() Config {
	c.ReadBuffer = cmp.Or(c.ReadBuffer, 4<<20)
	c.Budget.Rate = cmp.Or(c.Budget.Rate, 40_000)
	c.Budget.Burst = cmp.Or(c.Budget.Burst, c.Budget.Rate)
	c.Connections = cmp.Or(c.Connections, 1024)
	c.ConnectionsPerSource = cmp.Or(c.ConnectionsPerSource, 64)
	c.Idle = cmp.Or(c.Idle, 15*time.Minute)
	c.MessageTimeout = cmp.Or(c.MessageTimeout, 10*time.Second)
	c.ConnectTimeout = cmp.Or(c.ConnectTimeout, 5*time.Second)
	c.WriteTimeout = cmp.Or(c.WriteTimeout, 5*time.Second)
	return c
}

// validate returns everything that is wrong with a set of interfaces.
func validate(cs []Config) error {
	var errs []error
	names := make(map[string]bool)
	type bound struct {
		p Proto
		a netip.AddrPort
	}
	taken := make(map[bound]string)
	for _, c := range cs {
		switch {
		case c.Name == "":
			errs = append(errs, errors.New("interface without a name"))
			continue
		case names[c.Name]:
			errs = append(errs, fmt.Errorf("interface %s: defined twice", c.Name))
			continue
		}
		names[c.Name] = true
		if len(c.UDP)+len(c.TCP) == 0 {
			errs = append(errs, fmt.Errorf("interface %s: no address", c.Name))
		}
		if c.Connections < 0 || c.ConnectionsPerSource < 0 || c.ReadBuffer < 0 || c.Budget.Burst < 0 {
			errs = append(errs, fmt.Errorf("interface %s: negative limit", c.Name))
		}
		for p, as := range [...][]netip.AddrPort{UDP: c.UDP, TCP: c.TCP} {
			for _, a := range as {
				k := bound{Proto(p), unmap(a)}
				switch other, dup := taken[k]; {
				case !a.IsValid():
					errs = append(errs, fmt.Errorf("interface %s: invalid %s address", c.Name, k.p))
				case dup && a.Port() != 0:
					errs = append(errs, fmt.Errorf("interface %s: %s %s is already taken by interface %s", c.Name, k.p, a, other))
				case a.Addr().IsUnspecified() && !c.Advertise.Addr().IsValid():
					errs = append(errs, fmt.Errorf("interface %s: %s %s needs an address to advertise", c.Name, k.p, a))
				}
				taken[k] = c.Name
			}
		}
	}
	return errors.Join(errs...)
}
