package transaction_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// events is a user of both sides that tells of everything on a channel.
type events struct{ c chan string }

func (e events) Request(s *transaction.Server, m *sip.Message, f transport.Flow) {
	if s != nil {
		_ = s.Respond(sip.NewResponse(m, 200, "", s.Tag()))
	}
	e.c <- m.Method
}
func (e events) Canceled(*transaction.Server, *sip.Message) { e.c <- "canceled" }
func (e events) Unacknowledged(*transaction.Server)         { e.c <- "unacknowledged" }
func (e events) Response(c *transaction.Client, m *sip.Message) {
	e.c <- m.Phrase
}

func (e events) Failed(c *transaction.Client, err error) {
	if errors.Is(err, transaction.ErrTransport) {
		e.c <- "transport"
		return
	}
	e.c <- err.Error()
}

func (e events) next(t *testing.T) string {
	t.Helper()
	select {
	case s := <-e.c:
		return s
	case <-time.After(10 * time.Second):
		t.Fatal("nothing happened")
		return ""
	}
}

// Two SBCs talk over TCP: requests and responses on one connection, ends of transactions at
// once where RFC 3261 makes their timers zero, failures of the connection told at once.
func TestOverTCP(t *testing.T) {
	type end struct {
		x  *transaction.Layer
		tp *transport.Layer
		i  *transport.Interface
		e  events
		at netip.AddrPort
	}
	open := func() end {
		e := events{make(chan string, 100)}
		log := slog.New(slog.DiscardHandler)
		x := transaction.New(transaction.Config{Log: log}, e)
		tp, err := transport.New([]transport.Config{{Name: "a", TCP: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}}}, x, transport.Options{Log: log})
		if err != nil {
			t.Fatal(err)
		}
		if err := tp.Start(context.Background()); err != nil {
			t.Fatal(err)
		}
		i, _ := tp.Interface("a")
		at, _ := i.Addr(transport.TCP)
		return end{x, tp, i, e, at}
	}
	a, b := open(), open()
	defer a.x.Close()
	defer a.tp.Close()
	defer b.x.Close()

	f, err := a.tp.Flow(a.i, transport.TCP, b.at)
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"OPTIONS", "INVITE", "BYE"} {
		m := outgoing(method)
		m.Set(sip.CallID, method)
		if _, err := a.x.Send(m, f, a.e, transaction.SendOptions{}); err != nil {
			t.Fatal(err)
		}
		if got := b.e.next(t); got != method {
			t.Errorf("there: %s", got)
		}
		if got := a.e.next(t); got != "OK" {
			t.Errorf("here: %s", got)
		}
	}
	if s := a.tp.Stats(); s.Dialed != 1 || s.Connections != 1 {
		t.Errorf("%+v", s)
	}
	// Timers J and K are zero over TCP: only the INVITE's transactions linger.
	if s, r := a.x.Stats(), b.x.Stats(); s.ClientsOpen != 1 || r.ServersOpen != 1 {
		t.Errorf("%+v, %+v", s, r)
	}

	b.tp.Close()
	if _, err := a.x.Send(outgoing("OPTIONS"), f, a.e, transaction.SendOptions{}); err == nil {
		// The connection's end was not noticed yet. The write may even succeed.
		if got := a.e.next(t); got != "transport" {
			t.Errorf("on a dying connection: %s", got)
		}
	} else if !errors.Is(err, transaction.ErrTransport) {
		t.Error(err)
	}

	// Nobody listens: told as soon as the connection is refused, not after 32 s.
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dead := netip.MustParseAddrPort(gone.Addr().String())
	gone.Close()
	f, err = a.tp.Flow(a.i, transport.TCP, dead)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.x.Send(outgoing("INVITE"), f, a.e, transaction.SendOptions{}); err == nil {
		if got := a.e.next(t); got != "transport" {
			t.Errorf("refused: %s", got)
		}
	} else if !errors.Is(err, transaction.ErrTransport) {
		t.Error(err)
	}
}
