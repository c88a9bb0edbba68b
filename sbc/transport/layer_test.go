package transport_test

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/sallyport-sbc/sallyport/sbc/transport"
	"github.com/sallyport-sbc/sallyport/sbc/transport/memnet"
)

func TestConfigErrors(t *testing.T) {
	for _, tt := range []struct {
		name string
		cs   []transport.Config
		want string
	}{
		{"no name", []transport.Config{{UDP: addrs(outerAddr)}}, "without a name"},
		{"same name", []transport.Config{{Name: "a", UDP: addrs(outerAddr)}, {Name: "a", UDP: addrs(innerAddr)}}, "a: defined twice"},
		{"nothing to listen on", []transport.Config{{Name: "a"}}, "a: no address"},
		{"same address", []transport.Config{{Name: "a", UDP: addrs(outerAddr)}, {Name: "b", UDP: addrs(outerAddr)}}, "b: UDP 192.0.2.1:5060 is already taken by interface a"},
		{"any address", []transport.Config{{Name: "a", UDP: addrs("0.0.0.0:5060")}}, "needs an address to advertise"},
		{"no address at all", []transport.Config{{Name: "a", TCP: []netip.AddrPort{{}}}}, "a: invalid TCP address"},
		{"a negative limit", []transport.Config{{Name: "a", UDP: addrs(outerAddr), Connections: -1}}, "negative limit"},
	} {
		if _, err := transport.New(tt.cs, &received{}, transport.Options{}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
	// One address may be bound for both protocols, and any port more than once.
	if _, err := transport.New([]transport.Config{
		{Name: "a", UDP: addrs(outerAddr), TCP: addrs(outerAddr)},
		{Name: "b", UDP: addrs("192.0.2.1:0")},
		{Name: "c", UDP: addrs("192.0.2.1:0")},
	}, &received{}, transport.Options{}); err != nil {
		t.Error(err)
	}
}

// All or none: a taken address leaves nothing bound, and the error says which.
func TestStartIsAllOrNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := memnet.New()
		taken := n.Dial(innerAddr)
		cs := []transport.Config{{Name: "outer", UDP: addrs(outerAddr)}, {Name: "inner", UDP: addrs(innerAddr)}}
		l, err := transport.New(cs, &received{}, transport.Options{Listen: n.Listen})
		if err != nil {
			t.Fatal(err)
		}
		err = l.Start(context.Background())
		if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "interface inner: udp "+innerAddr) {
			t.Fatalf("Start: %v", err)
		}
		l.Close()
		taken.Close()
		again := layer(t, &received{}, transport.Options{Listen: n.Listen}, cs...)
		if err := again.Start(context.Background()); !errors.Is(err, transport.ErrClosed) {
			t.Errorf("started twice: %v", err)
		}
		again.Close()
		again.Close()
		if err := again.Start(context.Background()); !errors.Is(err, transport.ErrClosed) {
			t.Errorf("started after Close: %v", err)
		}
		i, _ := again.Interface("inner")
		if _, err := again.Flow(i, transport.UDP, addr(peerAddr)); !errors.Is(err, transport.ErrClosed) {
			t.Errorf("Flow after Close: %v", err)
		}
	})
}

// What is bound to port 0 knows its port, and shows the advertised address.
func TestAddr(t *testing.T) {
	l := layer(t, &received{}, transport.Options{}, transport.Config{
		Name: "a", UDP: []netip.AddrPort{addr("127.0.0.1:0"), addr("[::1]:0")}, TCP: addrs("127.0.0.1:0"), Advertise: addr("192.0.2.200:0"),
	})
	defer l.Close()
	i, ok := l.Interface("a")
	if !ok || i.Name() != "a" || len(l.Interfaces()) != 1 {
		t.Fatal("no interface a")
	}
	udp, _ := i.Addr(transport.UDP)
	tcp, _ := i.Addr(transport.TCP)
	bound := i.Addrs(transport.UDP)
	if udp.Addr().String() != "192.0.2.200" || udp.Port() == 0 || udp.Port() != bound[0].Port() || tcp.Addr() != udp.Addr() || tcp.Port() == 0 {
		t.Errorf("udp %s, tcp %s, bound %s", udp, tcp, bound)
	}
	f, err := l.Flow(i, transport.UDP, addr("[::1]:9"))
	if err != nil || f.Local() != bound[1] || f.SentBy() != bound[1].String() || f.Advertised() != bound[1] {
		t.Errorf("IPv6 flow %v from %s, %v", f.Local(), f.SentBy(), err)
	}
	if _, ok := l.Interface("b"); ok {
		t.Error("an interface that is none")
	}
}
