package host

import (
	"net/netip"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/host/config"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// Summary is what an operator wants to know of an SBC that has just started.
type Summary struct {
	File      string // the configuration
	Node      string
	Listeners []Listener // in the order of the file
	Echo      Listener   // without an address when there is none
	Media     []MediaRange
	Modules   []string // by name, in the order of the file
	CDRs      []string // files records go to
	Control   string   // socket of the control API; "" without one
	TestCall  string   // URI that reaches the built-in echo; "" without one
	Took      time.Duration
}

// Listener is one bound address.
type Listener struct {
	Name      string // of the interface, or "echo"
	Proto     string // "udp", "tcp"
	Addr      netip.AddrPort
	Advertise netip.Addr // what peers are told instead; invalid without a NAT
}

// MediaRange is where the media of an interface may come in.
type MediaRange struct {
	Name  string
	Addr  netip.Addr
	Ports config.Ports
}

// Summary describes the running SBC.
func (h *Host) Summary() Summary {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := Summary{
		File:    h.snapshot.File,
		Node:    h.snapshot.Node,
		Modules: h.snapshot.ModuleOrder,
		CDRs:    h.recordFiles(),
		Control: h.snapshot.Control.Socket,
		Took:    h.took,
	}
	for _, i := range h.transport.Interfaces() {
		c := h.snapshot.Interface[i.Name()]
		for _, p := range []transport.Proto{transport.UDP, transport.TCP} {
			for _, a := range i.Addrs(p) {
				s.Listeners = append(s.Listeners, Listener{i.Name(), strings.ToLower(p.String()), a, c.Advertise.Addr()})
			}
		}
		s.Media = append(s.Media, MediaRange{i.Name(), c.Media, c.MediaPorts})
	}
	if h.echo != nil {
		s.TestCall = testCall(s.Listeners[0])
		s.Echo = Listener{Name: "echo", Proto: "udp", Addr: h.echo.Addr()}
	}
	return s
}

// testCall is a URI that reaches a listener from this host.
func testCall(l Listener) string {
	a := l.Addr
	if a.Addr().IsUnspecified() {
		local := netip.AddrFrom4([4]byte{127, 0, 0, 1})
		if a.Addr().Is6() {
			local = netip.IPv6Loopback()
		}
		a = netip.AddrPortFrom(local, a.Port())
	}
	uri := "sip:echo@" + a.String()
	if l.Proto == "tcp" {
		uri += ";transport=tcp"
	}
	return uri
}
