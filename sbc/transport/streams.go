package transport

import (
	"context"
	"net/netip"
)

type streams struct{ iface *Interface }

func newStreams(i *Interface) *streams { return &streams{i} }

func (s *streams) bind(context.Context) error { return nil }
func (s *streams) serve()                     {}
func (s *streams) close()                     {}
func (s *streams) flow(netip.AddrPort) (Flow, error) {
	return Flow{}, ErrNoAddress
}

func (e *endpoint) sendStream([]byte, netip.AddrPort, func(error)) error { return ErrNoConnection }
