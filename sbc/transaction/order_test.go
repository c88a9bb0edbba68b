package transaction_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// ordered notes for each call in which order its requests came.
type ordered struct {
	mu    sync.Mutex
	calls map[string]string
	done  chan struct{} // closed when want calls are complete
	want  int
	wrong []string
}

func (o *ordered) Request(t *transaction.Server, m *sip.Message, f transport.Flow) {
	if t != nil {
		_ = t.Respond(sip.NewResponse(m, 200, "", t.Tag()))
	}
	id := m.Header(sip.CallID)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls[id] += m.Method + " "
	switch {
	case m.Method != "BYE":
	case o.calls[id] != "INVITE ACK BYE ":
		o.wrong = append(o.wrong, o.calls[id])
		fallthrough
	default:
		if o.want--; o.want == 0 {
			close(o.done)
		}
	}
	if m.Method == "ACK" && t != nil {
		o.wrong = append(o.wrong, "an ACK with a transaction")
	}
}

func (o *ordered) Canceled(*transaction.Server, *sip.Message) {}
func (o *ordered) Unacknowledged(*transaction.Server)         {}

func callMessage(method string, n int, from string) string {
	to := "<sip:bob@example.net>"
	if method != "INVITE" {
		to += ";tag=b"
	}
	cseq := 1
	if method == "BYE" {
		cseq = 2
	}
	return text(
		method+" sip:bob@example.net SIP/2.0",
		fmt.Sprintf("Via: SIP/2.0/UDP %s;branch=z9hG4bK-%s-%d", from, method, n),
		"From: <sip:alice@example.org>;tag=a",
		"To: "+to,
		fmt.Sprintf("Call-ID: %d@example.org", n),
		fmt.Sprintf("CSeq: %d %s", cseq, method),
		"Max-Forwards: 70",
		"Content-Length: 0",
	)
}

// INVITE, ACK and BYE back to back on one socket reach the user in that order, at any rate:
// the kernel's loopback, bursts of 20 calls.
func TestOrderOnARealSocket(t *testing.T) {
	const calls, burst = 5000, 20
	u := &ordered{calls: make(map[string]string), done: make(chan struct{}), want: calls}
	log := slog.New(slog.DiscardHandler)
	x := transaction.New(transaction.Config{Log: log}, u)
	defer x.Close()
	tp, err := transport.New([]transport.Config{{Name: "a", UDP: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}, Budget: transport.Budget{Rate: -1}}}, x, transport.Options{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	if err := tp.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	defer tp.Close()
	i, _ := tp.Interface("a")
	to, _ := i.Addr(transport.UDP)

	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	buf := make([]byte, 65536)
	from := c.LocalAddr().String()
	for n := 0; n < calls; n += burst {
		for k := n; k < n+burst; k++ {
			for _, method := range []string{"INVITE", "ACK", "BYE"} {
				if _, err := c.Write([]byte(callMessage(method, k, from))); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range 2 * burst { // the answers to INVITE and BYE pace the next burst
			if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Read(buf); err != nil {
				t.Fatalf("call %d: %v", n, err)
			}
		}
	}
	select {
	case <-u.done:
	case <-time.After(10 * time.Second):
		t.Fatal("waited 10s for the last request")
	}
	if len(u.wrong) > 0 {
		t.Errorf("%d of %d calls out of order: %.200q", len(u.wrong), calls, u.wrong)
	}
}

// Loss, doubling and reordering on the way: every request reaches the user once, and every
// transaction ends as it should.
func TestBadNetwork(t *testing.T) {
	for seed := range uint64(5) {
		run(t, transaction.Config{}, func(r *rig) {
			r.net.SetRules(memnetRules(seed))
			r.user.request = respond(t, 200)
			// The peer's requests go through the peer's own transactions: a second rig.
			far := &clientUser{}
			x := transaction.New(transaction.Config{Log: slog.New(slog.DiscardHandler)}, &user{})
			tp, err := transport.New([]transport.Config{{Name: "far", UDP: []netip.AddrPort{netip.MustParseAddrPort("198.51.100.9:5060")}}}, x, transport.Options{Listen: r.net.Listen})
			if err != nil {
				t.Fatal(err)
			}
			if err := tp.Start(context.Background()); err != nil {
				t.Fatal(err)
			}
			defer x.Close()
			defer tp.Close()
			i, _ := tp.Interface("far")
			f, err := tp.Flow(i, transport.UDP, netip.MustParseAddrPort(sbcAddr))
			if err != nil {
				t.Fatal(err)
			}
			const n = 200
			for k := range n {
				m := outgoing("OPTIONS")
				m.Set(sip.CallID, fmt.Sprint(k))
				if _, err := x.Send(m, f, far, transaction.SendOptions{}); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(2 * time.Minute)
			told := r.user.take()
			finals := far.take()
			if len(told) != n || len(finals) != n || strings.Contains(strings.Join(finals, ""), "final") {
				t.Errorf("seed %d: %d requests, %d finals of %d", seed, len(told), len(finals), n)
			}
			if s := r.tx.Stats(); s.ServersOpen != 0 || s.Absorbed == 0 {
				t.Errorf("%+v", s)
			}
			if s := x.Stats(); s.ClientsOpen != 0 || s.Repeated == 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

// CANCEL overtakes its INVITE: it finds nothing, and the INVITE is a new one (RFC 3261 §9.2
// knows no better); the 481 is deterministic.
func TestCancelOvertakesInvite(t *testing.T) {
	run(t, transaction.Config{}, func(r *rig) {
		r.peer.conn.Send(incoming("CANCEL", "z9hG4bK1"), sbcAddr)
		r.peer.conn.Send(incoming("INVITE", "z9hG4bK1"), sbcAddr)
		synctest.Wait()
		want(t, "told", r.user.take(), []string{"INVITE"})
		want(t, "sent", r.peer.takeLines(), []string{"0s 481 CANCEL"})
	})
}

// A final response that overtakes the provisional one: the late 180 is not passed up.
func TestFinalOvertakesProvisional(t *testing.T) {
	run(t, transaction.Config{}, func(r *rig) {
		_, u := r.send(outgoing("INVITE"), transaction.SendOptions{})
		inv := r.peer.take()[0].m
		r.peer.send(answer(inv, 486, "b1"))
		r.peer.send(answer(inv, 180, "b1"))
		want(t, "told", u.take(), []string{"486"})
	})
}
