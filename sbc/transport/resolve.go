package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// Target is where a request may be sent.
type Target struct {
	Proto Proto
	Addr  netip.AddrPort
}

// Resolver is what Resolve asks; *net.Resolver is one.
type Resolver interface {
	LookupSRV(ctx context.Context, service, proto, name string) (cname string, addrs []*net.SRV, err error)
	LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error)
}

var _ Resolver = (*net.Resolver)(nil)

const (
	defaultPort = 5060
	maxTargets  = 16
	maxSRV      = 8
)

// Literal returns the target of a URI that needs no look-up, because its host (or its maddr)
// is an address. It is false for all others and for transports we do not speak.
func Literal(u sip.URI) (Target, bool) {
	t, _, err := wanted(u)
	return t, err == nil && t.Addr.IsValid()
}

// wanted reads protocol, host and port from a URI, RFC 3263 §4.1 without NAPTR. The address
// of the target is valid when the host is one. Without a transport parameter the protocol is
// UDP, and host says which name to look up.
func wanted(u sip.URI) (t Target, host string, err error) {
	if !strings.EqualFold(u.Scheme, "sip") {
		return t, "", fmt.Errorf("%w: scheme %q", ErrNoTransport, u.Scheme)
	}
	if v, ok := u.Params.Get("transport"); ok {
		switch {
		case strings.EqualFold(v, "udp"):
		case strings.EqualFold(v, "tcp"):
			t.Proto = TCP
		default:
			return t, "", fmt.Errorf("%w: %q", ErrNoTransport, v)
		}
	}
	host = u.Host
	if v, ok := u.Params.Get("maddr"); ok && v != "" {
		host = strings.Trim(v, "[]")
	}
	if host == "" {
		return t, "", ErrNoTarget
	}
	if a, err := netip.ParseAddr(host); err == nil {
		port := u.Port
		if port == 0 {
			port = defaultPort
		}
		t.Addr = unmap(netip.AddrPortFrom(a, port))
	}
	return t, host, nil
}

// Resolve returns where requests for a URI may go, best first, at most 16: RFC 3263 §4
// without NAPTR. A host that is an address is taken as it is; a port in the URI means A and
// AAAA records; else SRV records of the transport the URI names, or of UDP and then TCP when it
// names none, and A and AAAA records on port 5060 when there are no SRV records. It blocks
// while it asks r. Errors: ErrNoTransport, ErrNoTarget, or the resolver's.
func Resolve(ctx context.Context, r Resolver, u sip.URI) ([]Target, error) {
	t, host, err := wanted(u)
	switch {
	case err != nil:
		return nil, err
	case t.Addr.IsValid():
		return []Target{t}, nil
	case u.Port != 0:
		return hosts(ctx, r, nil, t.Proto, host, u.Port)
	}
	protos := []Proto{UDP, TCP}
	if _, named := u.Params.Get("transport"); named {
		protos = []Proto{t.Proto}
	}
	var ts []Target
	for _, p := range protos {
		_, srvs, err := r.LookupSRV(ctx, "sip", strings.ToLower(p.String()), host)
		if err != nil {
			if absent(err) {
				continue
			}
			return ts, fmt.Errorf("SRV of %s: %w", host, err)
		}
		for _, srv := range srvs[:min(len(srvs), maxSRV)] {
			// One name of several that does not resolve does not spoil the others.
			if more, err := hosts(ctx, r, ts, p, strings.TrimSuffix(srv.Target, "."), srv.Port); err == nil {
				ts = more
			}
		}
	}
	if len(ts) > 0 {
		return ts, nil
	}
	return hosts(ctx, r, nil, t.Proto, host, defaultPort)
}

// hosts appends the addresses of a host.
func hosts(ctx context.Context, r Resolver, ts []Target, p Proto, host string, port uint16) ([]Target, error) {
	if host == "" {
		return ts, ErrNoTarget
	}
	as, err := r.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return ts, fmt.Errorf("address of %s: %w", host, err)
	}
	if len(as) == 0 {
		return ts, fmt.Errorf("%w: %s", ErrNoTarget, host)
	}
	for _, a := range as {
		if len(ts) < maxTargets {
			ts = append(ts, Target{p, unmap(netip.AddrPortFrom(a, port))})
		}
	}
	return ts, nil
}

// absent reports whether an error says that there is no such record.
func absent(err error) bool {
	var de *net.DNSError
	return errors.As(err, &de) && de.IsNotFound
}
