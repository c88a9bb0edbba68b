package transport

import (
	"context"
	"net/netip"
	"testing"
)

// A layer with a sink has flows to everywhere its addresses reach, and no network.
func TestSink(t *testing.T) {
	var sent []string
	l, err := New([]Config{{
		Name: "public",
		UDP:  []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:5060")}, // nobody here has it
		TCP:  []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:5060")},
	}}, nil, Options{Sink: func(f Flow, b []byte) {
		sent = append(sent, f.Proto().String()+" "+f.Remote().String()+" "+string(b))
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	i, _ := l.Interface("public")
	for _, p := range []Proto{UDP, TCP} {
		f, err := l.Flow(i, p, netip.MustParseAddrPort("198.51.100.7:5060"))
		if err != nil {
			t.Fatal(err)
		}
		if f.SentBy() != "192.0.2.1:5060" {
			t.Errorf("%s: SentBy() = %q", p, f.SentBy())
		}
		if err := f.Send([]byte("x"), nil); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Flow(i, TCP, netip.MustParseAddrPort("[2001:db8::1]:5060")); err == nil {
		t.Error("a flow to an address of a family that the interface does not have")
	}
	want := []string{"UDP 198.51.100.7:5060 x", "TCP 198.51.100.7:5060 x"}
	if len(sent) != 2 || sent[0] != want[0] || sent[1] != want[1] {
		t.Errorf("sent %q, want %q", sent, want)
	}
}
