package host

import (
	"context"
	"net"
	"net/netip"

	"github.com/sallyport-sbc/sallyport/host/config"
	"github.com/sallyport-sbc/sallyport/host/explain"
	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// Explain says what an SBC with the configuration of o would do with a request. Nothing is
// bound, sent or written. The configuration may be that of another host: the addresses of
// its interfaces need not be here. The error is config.Errors when it has mistakes.
func Explain(ctx context.Context, o Options, q explain.Request) (*explain.Report, error) {
	c := o.forConfig()
	c.HasAddress = func(netip.Addr) bool { return true }
	s, err := config.Load(o.File, c)
	if err != nil {
		return nil, err
	}
	return explainWith(ctx, s, transportConfigs(s), o.Server, nil, q)
}

// Explain says what this SBC would do with a request that came now. Calls do not notice. What
// modules ask the store is read there, and nothing is changed.
func (h *Host) Explain(ctx context.Context, q explain.Request) (*explain.Report, error) {
	h.explaining.Lock()
	defer h.explaining.Unlock()
	s := h.current.Load()
	return explainWith(ctx, s, h.bound(s), h.o.Server, h.stores.engine, q)
}

// bound returns the interfaces with the addresses they have got: the configuration may leave
// a port to the system.
func (h *Host) bound(s *config.Snapshot) []transport.Config {
	cs := transportConfigs(s)
	for n := range cs {
		if i, ok := h.transport.Interface(cs[n].Name); ok {
			cs[n].UDP, cs[n].TCP = i.Addrs(transport.UDP), i.Addrs(transport.TCP)
		}
	}
	return cs
}

func explainWith(ctx context.Context, s *config.Snapshot, doors []transport.Config, server string, look store.Store, q explain.Request) (*explain.Report, error) {
	modules, err := moduleConfigs(s)
	if err != nil {
		return nil, err
	}
	return explain.Explain(ctx, explain.Config{
		Snapshot:  s,
		Transport: doors,
		Media:     mediaInterfaces(s),
		Load:      explain.Sandbox(modules, s.Maps, s.Cache.Dir, s.Node, look),
		Resolver:  net.DefaultResolver,
		Server:    server,
	}, q)
}
