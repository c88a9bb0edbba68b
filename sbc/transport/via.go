package transport

import (
	"net/netip"
	"strconv"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// stamp writes the source of a request into its top Via, as RFC 3261 §18.2.1 and RFC 3581 §4
// ask: received when the sent-by is not the source's address, or when the client asked for
// rport, which then gets the source's port. A top Via that cannot be read stays as it is.
func stamp(m *sip.Message, f Flow) {
	hop, err := m.TopVia()
	if err != nil {
		return
	}
	_, rport := hop.Params.Get("rport")
	_, forged := hop.Params.Get("received")
	if !rport && !forged {
		if host, err := netip.ParseAddr(hop.Host); err == nil && host.Unmap() == f.remote.Addr() {
			return
		}
	}
	p := hop.Params.Set("received", f.remote.Addr().String())
	if rport {
		p = p.Set("rport", strconv.Itoa(int(f.remote.Port())))
	}
	hop.Params = p
	m.SetTopVia(hop.String())
}
