package media

import "net/netip"

// addr is a UDP address that compares in two instructions: an IPv4 address is in
// the first four bytes, the family is known from the socket. Port 0 is no address.
type addr struct {
	ip   [16]byte
	port uint16
}

// addrOf converts an address for a socket of the given family; an address of the
// other family, or none, becomes the zero addr.
func addrOf(ap netip.AddrPort, v6 bool) (a addr) {
	ip := ap.Addr().Unmap()
	switch {
	case !ip.IsValid() || ip.Is4() == v6:
		return addr{}
	case v6:
		a.ip = ip.As16()
	default:
		b := ip.As4()
		copy(a.ip[:], b[:])
	}
	a.port = ap.Port()
	return a
}

// netip converts back; the zero addr gives the zero AddrPort.
func (a addr) netip(v6 bool) netip.AddrPort {
	switch {
	case a.port == 0:
		return netip.AddrPort{}
	case v6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.ip), a.port)
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(a.ip[:4])), a.port)
}
