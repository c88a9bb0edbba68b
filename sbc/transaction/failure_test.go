package transaction

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// faulty is a socket that sends so many datagrams and then no more.
type faulty struct {
	nowhere
	left atomic.Int32
}

var errNoRoute = errors.New("no route to host")

func (f *faulty) WriteToUDPAddrPort(b []byte, _ netip.AddrPort) (int, error) {
	if f.left.Add(-1) < 0 {
		return 0, errNoRoute
	}
	return len(b), nil
}

// failures is a ClientUser that keeps what it is told.
type failures struct {
	callee
	errs []error
}

func (u *failures) Failed(_ *Client, err error) { u.errs = append(u.errs, err) }

// A network that refuses a request is told at once: by Send if it refuses the first copy, by
// Failed if it refuses a later one. RFC 3261 §17.1.4.
func TestNetworkRefuses(t *testing.T) {
	for sent := range int32(3) {
		synctest.Test(t, func(t *testing.T) {
			sock := &faulty{nowhere: nowhere{make(chan struct{})}}
			sock.left.Store(sent)
			u := &failures{}
			log := slog.New(slog.DiscardHandler)
			l := New(Config{Log: log}, u)
			tp, err := transport.New([]transport.Config{{Name: "a", UDP: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.1:5060")}}}, l,
				transport.Options{Log: log, Listen: func(context.Context, netip.AddrPort) (transport.PacketConn, error) { return sock, nil }})
			if err != nil {
				t.Fatal(err)
			}
			if err := tp.Start(context.Background()); err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			defer tp.Close()
			i, _ := tp.Interface("a")
			f, err := tp.Flow(i, transport.UDP, netip.MustParseAddrPort("198.51.100.7:5060"))
			if err != nil {
				t.Fatal(err)
			}
			m := sip.NewRequest("INVITE", "sip:bob@example.net")
			m.Add(sip.From, "<sip:alice@example.org>;tag=a1")
			m.Add(sip.To, "<sip:bob@example.net>")
			m.Add(sip.CallID, "c")
			m.Add(sip.CSeq, "1 INVITE")
			_, err = l.Send(m, f, u, SendOptions{})
			time.Sleep(5 * time.Second)
			synctest.Wait()
			if sent > 0 {
				if err != nil || len(u.errs) != 1 {
					t.Fatalf("%d sent: %v, told %v", sent, err, u.errs)
				}
				err = u.errs[0]
			} else if len(u.errs) != 0 {
				t.Fatalf("told %v as well", u.errs)
			}
			if !errors.Is(err, ErrTransport) || !errors.Is(err, errNoRoute) {
				t.Errorf("%d sent: %v", sent, err)
			}
			if s := l.Stats(); s.ClientsOpen != 0 || s.TransportErrors != 1 {
				t.Errorf("%+v", s)
			}

			// A response that cannot be sent is as good as lost: the transaction goes on.
			receive(l, f, requestText("INVITE", 1))
			if s := l.Stats(); s.ServersOpen != 1 {
				t.Errorf("%+v", s)
			}
			if _, err := l.SendACK(m, f); !errors.Is(err, ErrTransport) {
				t.Errorf("SendACK: %v", err)
			}
		})
	}
}
