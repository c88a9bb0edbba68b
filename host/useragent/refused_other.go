//go:build !linux

package useragent

import (
	"context"
	"net/netip"

	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// listenRefusable binds a UDP socket. Where it cannot hear ICMP errors, a call to
// nobody ends with the transaction's timeout.
func listenRefusable(func(error)) transport.Listen {
	return func(ctx context.Context, a netip.AddrPort) (transport.PacketConn, error) { return listenUDP(ctx, a) }
}
