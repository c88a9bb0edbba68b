package transport_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// zone is a Resolver with a few names.
type zone struct {
	srv   map[string][]*net.SRV
	hosts map[string][]string
	asked []string
}

func (z *zone) LookupSRV(_ context.Context, service, proto, name string) (string, []*net.SRV, error) {
	q := "_" + service + "._" + proto + "." + name
	z.asked = append(z.asked, q)
	if name == "broken.example" {
		return "", nil, &net.DNSError{Err: "server failure", Name: q, IsTemporary: true}
	}
	if srvs, ok := z.srv[q]; ok {
		return q, srvs, nil
	}
	return "", nil, &net.DNSError{Err: "no such host", Name: q, IsNotFound: true}
}

func (z *zone) LookupNetIP(_ context.Context, network, host string) ([]netip.Addr, error) {
	z.asked = append(z.asked, host)
	var as []netip.Addr
	for _, s := range z.hosts[host] {
		as = append(as, netip.MustParseAddr(s))
	}
	if as == nil {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return as, nil
}

func TestResolve(t *testing.T) {
	z := &zone{
		srv: map[string][]*net.SRV{
			"_sip._udp.example.net": {{Target: "p1.example.net.", Port: 5070}, {Target: "gone.example.net.", Port: 5070}, {Target: "p2.example.net.", Port: 5080}},
			"_sip._tcp.example.net": {{Target: "p2.example.net.", Port: 5081}},
			"_sip._tcp.tcp.example": {{Target: "p1.example.net.", Port: 5060}},
			"_sip._udp.no.example":  {{Target: ".", Port: 0}},
		},
		hosts: map[string][]string{
			"p1.example.net": {"192.0.2.11", "2001:db8::11"},
			"p2.example.net": {"192.0.2.12"},
			"a.example":      {"::ffff:192.0.2.21"},
			"many.example":   slices.Repeat([]string{"192.0.2.30"}, 40),
		},
	}
	for _, tt := range []struct {
		uri  string
		want []string
		err  error
	}{
		{uri: "sip:192.0.2.1", want: []string{"UDP 192.0.2.1:5060"}},
		{uri: "sip:bob@192.0.2.1:5080;transport=tcp", want: []string{"TCP 192.0.2.1:5080"}},
		{uri: "sip:[2001:db8::1]:5070;transport=UDP", want: []string{"UDP [2001:db8::1]:5070"}},
		{uri: "sip:bob@example.net;maddr=192.0.2.9", want: []string{"UDP 192.0.2.9:5060"}},
		{uri: "sip:a.example:5062", want: []string{"UDP 192.0.2.21:5062"}},
		{uri: "sip:a.example", want: []string{"UDP 192.0.2.21:5060"}},
		{uri: "sip:a.example;transport=tcp", want: []string{"TCP 192.0.2.21:5060"}},
		{uri: "sip:example.net", want: []string{"UDP 192.0.2.11:5070", "UDP [2001:db8::11]:5070", "UDP 192.0.2.12:5080", "TCP 192.0.2.12:5081"}},
		{uri: "sip:example.net;transport=tcp", want: []string{"TCP 192.0.2.12:5081"}},
		{uri: "sip:tcp.example", want: []string{"TCP 192.0.2.11:5060", "TCP [2001:db8::11]:5060"}},
		{uri: "sip:many.example", want: slices.Repeat([]string{"UDP 192.0.2.30:5060"}, 16)},
		{uri: "sip:no.example", err: errAny},
		{uri: "sip:broken.example", err: errAny},
		{uri: "sips:192.0.2.1", err: transport.ErrNoTransport},
		{uri: "sip:192.0.2.1;transport=tls", err: transport.ErrNoTransport},
		{uri: "tel:+15550100", err: transport.ErrNoTransport},
	} {
		u, err := sip.ParseURI(tt.uri)
		if err != nil {
			t.Fatal(err)
		}
		z.asked = nil
		ts, err := transport.Resolve(context.Background(), z, u)
		var got []string
		for _, target := range ts {
			got = append(got, fmt.Sprintf("%s %s", target.Proto, target.Addr))
		}
		if !slices.Equal(got, tt.want) || (tt.err != nil) != (err != nil) || tt.err != errAny && !errors.Is(err, tt.err) {
			t.Errorf("%s: %q, %v", tt.uri, got, err)
		}
		target, literal := transport.Literal(u)
		if literal != (err == nil && len(z.asked) == 0) || literal && target != ts[0] {
			t.Errorf("Literal(%s) = %v, %v", tt.uri, target, literal)
		}
	}
}

var errAny = errors.New("any")
