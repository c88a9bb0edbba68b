package config

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// Format is how a log line looks.
type Format uint8

// The formats of the log.
const (
	Text Format = iota
	JSON
)

// UnmarshalText reads "text" or "json".
func (f *Format) UnmarshalText(text []byte) error {
	switch string(text) {
	case "text":
		*f = Text
	case "json":
		*f = JSON
	default:
		return errors.New(`want "text" or "json"`)
	}
	return nil
}

// String returns "text" or "json".
func (f Format) String() string {
	if f == JSON {
		return "json"
	}
	return "text"
}

// Ports is a range of UDP ports, both ends included.
type Ports struct{ First, Last uint16 }

// UnmarshalText reads "20000-29999". A range has at least two ports, none of them 0.
func (p *Ports) UnmarshalText(text []byte) error {
	first, last, ok := strings.Cut(string(text), "-")
	a, errA := strconv.ParseUint(strings.TrimSpace(first), 10, 16)
	b, errB := strconv.ParseUint(strings.TrimSpace(last), 10, 16)
	switch {
	case !ok || errA != nil || errB != nil:
		return errors.New(`want two ports from 1 to 65535, such as "20000-29999"`)
	case a == 0:
		return errors.New("port 0 cannot be used")
	case b <= a:
		return errors.New("the last port must be above the first")
	}
	*p = Ports{First: uint16(a), Last: uint16(b)}
	return nil
}

// String returns "20000-29999".
func (p Ports) String() string { return fmt.Sprintf("%d-%d", p.First, p.Last) }

// overlaps says whether a port is in both ranges.
func (p Ports) overlaps(q Ports) bool { return p.First <= q.Last && q.First <= p.Last }

// contains says whether port is in the range.
func (p Ports) contains(port uint16) bool { return p.First <= port && port <= p.Last }

// Advertise is an address the other side sees instead of the bound one; its port may be 0,
// which means the bound one. The zero value means that there is none.
type Advertise netip.AddrPort

// UnmarshalText reads "198.51.100.7", "198.51.100.7:5060", "2001:db8::7" or
// "[2001:db8::7]:5060"; an empty text is the zero value.
func (a *Advertise) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*a = Advertise{}
		return nil
	}
	if ip, err := netip.ParseAddr(string(text)); err == nil {
		*a = Advertise(netip.AddrPortFrom(ip, 0))
	} else if ap, err := netip.ParseAddrPort(string(text)); err == nil {
		*a = Advertise(ap)
	} else {
		return errors.New("want an IP address, with or without a port")
	}
	if netip.AddrPort(*a).Addr().IsUnspecified() {
		return errors.New("nobody can send to the unspecified address")
	}
	return nil
}

// Addr is the address without the port; invalid when there is none.
func (a Advertise) Addr() netip.Addr { return netip.AddrPort(a).Addr() }

// String returns what UnmarshalText reads.
func (a Advertise) String() string {
	switch ap := netip.AddrPort(a); {
	case !ap.Addr().IsValid():
		return ""
	case ap.Port() == 0:
		return ap.Addr().String()
	default:
		return ap.String()
	}
}

// hostname is the name of this machine without its domain.
func hostname() string {
	name, err := os.Hostname()
	if err != nil || name == "" {
		return "sallyport"
	}
	name, _, _ = strings.Cut(name, ".")
	return name
}
