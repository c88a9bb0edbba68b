package host

import (
	"net/netip"

	"github.com/sallyport-sbc/sallyport/host/config"
	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// transportConfigs returns the interfaces of a snapshot as the transport layer knows them.
func transportConfigs(s *config.Snapshot) []transport.Config {
	cs := make([]transport.Config, 0, len(s.InterfaceOrder))
	for _, name := range s.InterfaceOrder {
		i := s.Interface[name]
		cs = append(cs, transport.Config{
			Name:      name,
			UDP:       i.UDP,
			TCP:       i.TCP,
			Advertise: netip.AddrPort(i.Advertise),
			Budget:    transport.Budget{Rate: i.SourceRate, Burst: i.SourceBurst},
		})
	}
	return cs
}

// mediaInterfaces returns the same interfaces as the anchor knows them.
func mediaInterfaces(s *config.Snapshot) []media.Interface {
	is := make([]media.Interface, 0, len(s.InterfaceOrder))
	for _, name := range s.InterfaceOrder {
		i := s.Interface[name]
		is = append(is, media.Interface{
			Name:      name,
			Addr:      i.Media,
			Advertise: i.Advertise.Addr(),
			PortMin:   i.MediaPorts.First,
			PortMax:   i.MediaPorts.Last,
		})
	}
	return is
}
