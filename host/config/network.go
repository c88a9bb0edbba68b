package config

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
)

// socket is one address the SBC would bind, and the key that asks for it.
type socket struct {
	key   key
	proto string
	addr  netip.AddrPort
}

// ports is one range of media ports, and the key that asks for it.
type portRange struct {
	key   key
	addr  netip.Addr
	ports Ports
}

// interfaces checks that every address can be bound, by nobody else of this file.
func (c *checker) interfaces() {
	if len(c.InterfaceOrder) == 0 {
		c.fail(0, "no [interface.NAME]: there is nothing to listen on")
		return
	}
	c.listen()
	var sockets []socket
	var ranges []portRange
	for _, name := range c.InterfaceOrder {
		i, at := c.Interface[name], key{"interface", name}
		i.settle()
		if len(i.UDP)+len(i.TCP) == 0 {
			c.errorAt(at, "has neither udp nor tcp: nothing to listen on")
		}
		for n, a := range i.UDP {
			sockets = append(sockets, socket{at.with("udp").element(n), "udp", a})
			c.address(at.with("udp").element(n), a.Addr(), i)
		}
		for n, a := range i.TCP {
			sockets = append(sockets, socket{at.with("tcp").element(n), "tcp", a})
			c.address(at.with("tcp").element(n), a.Addr(), i)
		}
		if i.Media.IsValid() {
			if _, given := c.lines[at.with("media").id()]; given {
				c.address(at.with("media"), i.Media, i)
			}
			ranges = append(ranges, portRange{at.with("media_ports"), i.Media, i.MediaPorts})
		}
	}
	if c.Echo != nil {
		at := key{"echo", "address"}
		if !c.Echo.Address.IsValid() {
			if _, given := c.lines[at.id()]; !given {
				c.errorAt(at, "required: address:port")
			}
		} else {
			sockets = append(sockets, socket{at, "udp", c.Echo.Address})
			c.address(at, c.Echo.Address.Addr(), nil)
		}
	}
	c.collisions(sockets, ranges)
}

// listen lets Options.Listen take the place of listeners in the file.
func (c *checker) listen() {
	for name, addr := range c.o.Listen {
		if name == "" {
			name = c.InterfaceOrder[0]
		}
		i := c.Interface[name]
		if i == nil {
			c.fail(0, fmt.Sprintf("--listen %s=%s: there is no interface %q%s", name, addr, name,
				didYouMean(name, c.InterfaceOrder)))
			continue
		}
		if len(i.TCP) > 0 {
			i.TCP = []netip.AddrPort{addr}
		}
		i.UDP = []netip.AddrPort{addr}
	}
}

// settle fills in what follows from other keys of the section.
func (i *Interface) settle() {
	i.SourceBurst = cmp.Or(i.SourceBurst, i.SourceRate)
	for _, a := range append(i.UDP[:len(i.UDP):len(i.UDP)], i.TCP...) {
		if !i.Media.IsValid() && a.IsValid() {
			i.Media = a.Addr()
		}
	}
}

// address checks that a can be bound here. An address that did not parse is not valid, and
// was reported by the decoder.
func (c *checker) address(k key, a netip.Addr, i *Interface) {
	switch {
	case !a.IsValid():
	case a.IsMulticast():
		c.errorAt(k, "%s is a multicast address", a)
	case a.IsUnspecified():
		if i == nil || !i.Advertise.Addr().IsValid() {
			c.errorAt(k, "%s needs advertise: other hosts must be told where to send", a)
		}
	case !c.o.HasAddress(a):
		c.errorAt(k, "this host has no address %s", a)
	}
}

// collisions finds what would be bound twice.
func (c *checker) collisions(sockets []socket, ranges []portRange) {
	for n, s := range sockets {
		for _, t := range sockets[:n] {
			if s.proto == t.proto && s.addr.Port() != 0 && s.addr.Port() == t.addr.Port() && share(s.addr.Addr(), t.addr.Addr()) {
				c.errorAt(s.key, "%s %s is taken by %s on line %d", s.proto, s.addr, t.key, c.lines.line(t.key))
				break
			}
		}
	}
	for n, r := range ranges {
		for _, q := range ranges[:n] {
			if share(r.addr, q.addr) && r.ports.overlaps(q.ports) {
				c.errorAt(r.key, "%s overlaps %s of %s on line %d; both are on %s",
					r.ports, q.ports, q.key[:2], c.lines.line(q.key), r.addr)
				break
			}
		}
		for _, s := range sockets {
			if s.proto == "udp" && share(r.addr, s.addr.Addr()) && r.ports.contains(s.addr.Port()) {
				c.errorAt(r.key, "%s contains the port of %s on line %d", r.ports, s.key, c.lines.line(s.key))
				break
			}
		}
	}
}

// share says whether two sockets on the same port would collide.
func share(a, b netip.Addr) bool {
	if !a.IsValid() || !b.IsValid() {
		return false
	}
	return a == b || (a.IsUnspecified() || b.IsUnspecified()) && a.Is4() == b.Is4()
}

// hasAddress asks the operating system. All of 127.0.0.0/8 is local to any host.
func hasAddress(a netip.Addr) bool {
	if a.IsLoopback() && a.Is4() {
		return true
	}
	local, err := net.InterfaceAddrs()
	if err != nil {
		return true // unknown: binding will tell
	}
	for _, l := range local {
		if n, ok := l.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(n.IP); ok && ip.Unmap() == a.Unmap().WithZone("") {
				return true
			}
		}
	}
	return false
}
