package transaction

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// later is a user whose calls are answered by other goroutines.
type later struct {
	callee
	mu      sync.Mutex
	servers []*Server
	texts   []*sip.Message
}

func (u *later) Request(t *Server, m *sip.Message, f transport.Flow) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if t != nil {
		u.servers = append(u.servers, t)
		u.texts = append(u.texts, m)
	}
}

// Everything may be called by anyone at any time: responses, cancels, retransmissions and
// timers at once, and Close in the middle of it.
func TestConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, f, closeAll := isolated(t)
		u := &later{}
		l.user = u
		var wg sync.WaitGroup
		for g := range 4 {
			wg.Go(func() {
				for n := range 200 {
					receive(l, f, requestText("INVITE", n))
					receive(l, f, requestText("BYE", g*1000+n))
					receive(l, f, requestText("CANCEL", n))
					receive(l, f, requestText("ACK", n))
					if n%20 == 0 {
						time.Sleep(100 * time.Millisecond)
					}
				}
			})
			wg.Go(func() {
				for n := range 400 {
					u.mu.Lock()
					if len(u.servers) == 0 {
						u.mu.Unlock()
						time.Sleep(time.Millisecond)
						continue
					}
					k := (n*7 + g) % len(u.servers)
					s, m := u.servers[k], u.texts[k]
					u.mu.Unlock()
					s.Trying()
					_ = s.Respond(sip.NewResponse(m, 180+n%2*20+n%3*100, "", ""))
					s.Acknowledge()
					_, _ = s.Tag(), s.Request()
					if n%50 == 0 {
						s.Drop()
						time.Sleep(200 * time.Millisecond)
					}
				}
			})
			wg.Go(func() {
				for n := range 100 {
					m := sip.NewRequest("INVITE", "sip:bob@example.net")
					m.Add(sip.From, "<sip:alice@example.org>;tag=a1")
					m.Add(sip.To, "<sip:bob@example.net>")
					m.Add(sip.CallID, fmt.Sprint(n))
					m.Add(sip.CSeq, "1 INVITE")
					c, err := l.Send(m, f, u, SendOptions{})
					if err != nil {
						t.Error(err)
						return
					}
					text := sip.NewResponse(m, 180, "", "x").Append(nil)
					wg.Go(func() { c.Cancel("") })
					receive(l, f, text)
					receive(l, f, sip.NewResponse(m, 200+n%3*100, "", "x").Append(nil))
				}
			})
		}
		wg.Wait()
		time.Sleep(40 * time.Second)
		if n := len(u.servers); n != 200+4*200 {
			t.Errorf("%d requests, want %d", n, 1000)
		}
		for _, s := range u.servers {
			s.Drop()
		}
		time.Sleep(time.Minute)
		if s := l.Stats(); s.ServersOpen != 0 || s.ClientsOpen != 0 {
			t.Errorf("%+v", s)
		}
		wg.Go(func() {
			for n := range 1000 {
				receive(l, f, requestText("INVITE", 5000+n))
			}
		})
		closeAll()
		wg.Wait()
	})
}

// A user may use the layer from within its callbacks.
func TestCallbacksMayCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, f, closeAll := isolated(t)
		defer closeAll()
		u := &reentrant{l: l, f: f}
		l.user = u
		receive(l, f, requestText("INVITE", 1))
		receive(l, f, requestText("CANCEL", 1))
		time.Sleep(time.Hour)
		synctest.Wait()
		if u.failed != 2 || u.unacknowledged != 0 {
			t.Errorf("%+v", u)
		}
	})
}

type reentrant struct {
	l                      *Layer
	f                      transport.Flow
	failed, unacknowledged int
}

func (u *reentrant) Request(t *Server, m *sip.Message, f transport.Flow) {
	t.Trying()
	send(u.l, u.f, "OPTIONS")
}

func (u *reentrant) Canceled(t *Server, m *sip.Message) {
	if err := t.Respond(sip.NewResponse(t.Request(), 487, "", t.Tag())); err != nil {
		panic(err)
	}
}
func (u *reentrant) Unacknowledged(*Server)         { u.unacknowledged++ }
func (u *reentrant) Response(*Client, *sip.Message) {}
func (u *reentrant) Failed(c *Client, err error) {
	if u.failed++; u.failed == 1 && c.Method() == "OPTIONS" {
		receive(u.l, u.f, requestText("BYE", 77))
	}
}
