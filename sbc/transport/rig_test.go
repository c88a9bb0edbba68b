package transport_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"sync"
	"syscall"
	"testing"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

const (
	outerAddr = "192.0.2.1:5060"
	innerAddr = "203.0.113.1:5060"
	peerAddr  = "198.51.100.7:5060"
)

// received is a Handler that keeps what it gets.
type received struct {
	mu   sync.Mutex
	msgs []message
	do   func(m *sip.Message, f transport.Flow)
}

type message struct {
	m   *sip.Message
	err error
	f   transport.Flow
}

func (r *received) Receive(m *sip.Message, err error, f transport.Flow) {
	r.mu.Lock()
	r.msgs = append(r.msgs, message{m, err, f})
	do := r.do
	r.mu.Unlock()
	if do != nil {
		do(m, f)
	}
}

func (r *received) take() []message {
	r.mu.Lock()
	defer r.mu.Unlock()
	msgs := r.msgs
	r.msgs = nil
	return msgs
}

func addr(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

func addrs(s string) []netip.AddrPort { return []netip.AddrPort{addr(s)} }

// layer starts a layer, to be closed by the test's end.
func layer(t testing.TB, h transport.Handler, o transport.Options, cs ...transport.Config) *transport.Layer {
	t.Helper()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	l, err := transport.New(cs, h, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	return l
}

func request(branch, body string) string {
	return fmt.Sprintf("MESSAGE sip:bob@example.net SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s\r\n"+
		"From: <sip:alice@example.org>;tag=a\r\nTo: <sip:bob@example.net>\r\nCall-ID: %s\r\nCSeq: 1 MESSAGE\r\n"+
		"Max-Forwards: 70\r\nContent-Length: %d\r\n\r\n%s", peerAddr, branch, branch, len(body), body)
}

const (
	syscallReset   = syscall.ECONNRESET
	syscallRefused = syscall.ECONNREFUSED
)
