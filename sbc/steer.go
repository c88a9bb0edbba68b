package sbc

import (
	"strings"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/profile"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// steerA points leg A where the plan says its requests go. Before the plan was known they
// went where the INVITE itself said.
func (c *call) steerA() error {
	p, l := c.plan, &c.a
	if p.NAT[media.A] == profile.NATAuto && p.InterfaceA == "" && p.NextHopA == "" && p.Proxy[media.A] == "" {
		return nil
	}
	from := c.exchange.server.Flow()
	if p.NAT[media.A] != profile.NATAuto {
		l.nat = p.NAT[media.A] == profile.NATAlways
	}
	if p.InterfaceA != "" {
		ifc, ok := c.sbc.transport.Interface(p.InterfaceA)
		if !ok {
			return ErrNoInterface
		}
		f, err := c.sbc.transport.Flow(ifc, from.Proto(), from.Remote())
		if err != nil {
			return err
		}
		from = f
	}
	l.flow = from
	if route := p.Proxy[media.A]; route != "" {
		l.routes = append([]string{route}, l.routes...)
	}
	if p.NextHopA == "" {
		l.aim()
		return nil
	}
	uri, err := hopURI(p.NextHopA)
	if err != nil {
		return err
	}
	l.fixed = true
	if t, ok := transport.Literal(uri); ok {
		l.moveTo(t)
	} else {
		c.retarget(l, fixedHop, uri)
	}
	return nil
}

// fixedHop marks the look-up of a next hop that the plan fixes.
const fixedHop = "fixed"

// steerB says how later requests of leg B go. Its INVITE goes to the current target.
func (c *call) steerB(b *leg) {
	p := c.plan
	b.nat = p.NAT[media.B] == profile.NATAlways
	b.fixed = p.NextHopAlways && len(c.tries.hops) > 0
}

// detoured says that the INVITE of leg B went by a next hop or a proxy, not to its target.
func (c *call) detoured() bool {
	return c.tries != nil && (len(c.tries.hops) > 0 || c.plan.Proxy[media.B] != "")
}

// forced returns a route set behind the proxy that the plan forces on the leg.
func (l *leg) forced(routes []string) []string {
	p := l.call.plan
	if p == nil || l.side == media.B && !p.ForceProxy || p.Proxy[l.side] == "" {
		return routes
	}
	return append([]string{p.Proxy[l.side]}, routes...)
}

// place is the URI that the current attempt is sent to: the proxy, unless there is a next
// hop.
func (c *call) place() (sip.URI, error) {
	if route := c.plan.Proxy[media.B]; route != "" && len(c.tries.hops) == 0 {
		na, err := sip.ParseNameAddr(route)
		if err != nil {
			return sip.URI{}, err
		}
		return sip.ParseURI(na.URI)
	}
	return c.tries.place()
}

// ruri is the Request-URI of the current attempt.
func (c *call) ruri() string {
	t := c.tries
	ruri := t.ruri()
	if !c.plan.NextHopInRURI || len(t.hops) == 0 {
		return ruri
	}
	u, err := sip.ParseURI(ruri)
	hop, hopErr := t.place()
	if err != nil || hopErr != nil || u.Scheme != "sip" && u.Scheme != "sips" {
		return ruri
	}
	u.Host, u.Port = hop.Host, hop.Port
	return u.String()
}

// hopURI is the URI of host[:port][/transport].
func hopURI(hop string) (sip.URI, error) {
	proto := ""
	if i := strings.IndexByte(hop, '/'); i >= 0 {
		hop, proto = hop[:i], ";transport="+hop[i+1:]
	}
	return sip.ParseURI("sip:" + hop + proto)
}
