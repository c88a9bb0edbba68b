package transaction_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// respond makes a user that answers every request with these statuses, one after another.
func respond(t *testing.T, statuses ...int) func(*transaction.Server, *sip.Message, transport.Flow) {
	return func(tx *transaction.Server, m *sip.Message, f transport.Flow) {
		if tx == nil {
			return
		}
		for _, status := range statuses {
			if err := tx.Respond(sip.NewResponse(m, status, "", tx.Tag())); err != nil {
				t.Errorf("%d: %v", status, err)
			}
		}
	}
}

// RFC 3261 §17.2: what a server transaction sends and reports by itself, after one request.
func TestServerTimers(t *testing.T) {
	const minute = time.Minute
	for _, tt := range []struct {
		name     string
		method   string
		statuses []int
		then     func(r *rig) // at once after the request
		sent     []string
		told     []string
		open     uint64
	}{
		{
			name: "100 comes by itself after 200 ms", method: "INVITE",
			sent: []string{"200ms 100 INVITE"}, told: []string{"INVITE"}, open: 1,
		},
		{
			name: "no 100 when the user was faster", method: "INVITE", statuses: []int{180},
			sent: []string{"0s 180 INVITE"}, told: []string{"INVITE"}, open: 1,
		},
		{
			name: "no 100 to other requests, and nothing for ever", method: "OPTIONS",
			told: []string{"OPTIONS"},
		},
		{
			name: "G repeats a failure up to T2, H ends", method: "INVITE", statuses: []int{486},
			sent: []string{
				"0s 486 INVITE", "500ms 486 INVITE", "1.5s 486 INVITE", "3.5s 486 INVITE", "7.5s 486 INVITE", "11.5s 486 INVITE",
				"15.5s 486 INVITE", "19.5s 486 INVITE", "23.5s 486 INVITE", "27.5s 486 INVITE", "31.5s 486 INVITE",
			},
			told: []string{"INVITE"},
		},
		{
			name: "an ACK stops G", method: "INVITE", statuses: []int{486},
			then: func(r *rig) { r.peer.send(incoming("ACK", "z9hG4bK1")) },
			sent: []string{"0s 486 INVITE"}, told: []string{"INVITE"},
		},
		{
			name: "a 2xx without ACK is repeated up to T2, L ends", method: "INVITE", statuses: []int{200},
			sent: []string{
				"0s 200 INVITE", "500ms 200 INVITE", "1.5s 200 INVITE", "3.5s 200 INVITE", "7.5s 200 INVITE", "11.5s 200 INVITE",
				"15.5s 200 INVITE", "19.5s 200 INVITE", "23.5s 200 INVITE", "27.5s 200 INVITE", "31.5s 200 INVITE",
			},
			told: []string{"INVITE", "unacknowledged"},
		},
		{
			name: "Acknowledge stops the 2xx", method: "INVITE", statuses: []int{180, 200},
			then: func(r *rig) { r.user.last().Acknowledge() },
			sent: []string{"0s 180 INVITE", "0s 200 INVITE"}, told: []string{"INVITE"},
		},
		{
			name: "a final to another request is sent once", method: "BYE", statuses: []int{200},
			sent: []string{"0s 200 BYE"}, told: []string{"BYE"},
		},
		{
			name: "Drop is silent", method: "INVITE",
			then: func(r *rig) { r.user.last().Drop() },
			told: []string{"INVITE"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, transaction.Config{}, func(r *rig) {
				r.user.request = respond(t, tt.statuses...)
				r.peer.send(incoming(tt.method, "z9hG4bK1"))
				if tt.then != nil {
					tt.then(r)
				}
				time.Sleep(2 * minute)
				want(t, "sent", r.peer.takeLines(), tt.sent)
				want(t, "told", r.user.take(), tt.told)
				if s := r.tx.Stats(); s.ServersOpen != tt.open {
					t.Errorf("%d transactions are left, want %d", s.ServersOpen, tt.open)
				}
			})
		})
	}
}

// Retransmissions of a request get what was sent last, or nothing; the user never sees them.
func TestRetransmittedRequest(t *testing.T) {
	for _, tt := range []struct {
		name   string
		method string
		do     func(t *testing.T, s *transaction.Server, r *rig) // before the retransmission
		sent   []string                                          // because of it
	}{
		{name: "INVITE nobody answered: 100 at once", method: "INVITE", sent: []string{"100 INVITE"}},
		{name: "INVITE ringing", method: "INVITE", do: status(180), sent: []string{"180 INVITE"}},
		{name: "INVITE refused", method: "INVITE", do: status(486), sent: []string{"486 INVITE"}},
		{name: "INVITE refused and acknowledged", method: "INVITE", do: func(t *testing.T, s *transaction.Server, r *rig) {
			status(486)(t, s, r)
			r.peer.send(incoming("ACK", "z9hG4bK1"))
		}},
		{name: "INVITE answered: the 2xx has its own clock", method: "INVITE", do: status(200)},
		{name: "INVITE dropped", method: "INVITE", do: func(t *testing.T, s *transaction.Server, r *rig) { s.Drop() }},
		{name: "BYE nobody answered", method: "BYE"},
		{name: "BYE answered", method: "BYE", do: status(200), sent: []string{"200 BYE"}},
		{name: "BYE dropped", method: "BYE", do: func(t *testing.T, s *transaction.Server, r *rig) { s.Drop() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, transaction.Config{}, func(r *rig) {
				r.peer.send(incoming(tt.method, "z9hG4bK1"))
				if tt.do != nil {
					tt.do(t, r.user.last(), r)
				}
				r.peer.take()
				r.user.take()
				for range 3 {
					r.peer.send(incoming(tt.method, "z9hG4bK1"))
					var got []string
					for _, a := range r.peer.take() {
						got = append(got, name(a.m))
					}
					want(t, "sent", got, tt.sent)
				}
				want(t, "told", r.user.take(), nil)
			})
		})
	}
}

func status(status int) func(t *testing.T, s *transaction.Server, r *rig) {
	return func(t *testing.T, s *transaction.Server, r *rig) {
		if err := s.Respond(sip.NewResponse(s.Request(), status, "", s.Tag())); err != nil {
			t.Fatal(err)
		}
	}
}

// Timers I and J: how long a finished transaction absorbs.
func TestServerLingers(t *testing.T) {
	for _, tt := range []struct {
		name, method string
		status       int
		ack          bool
		absorbs      time.Duration
		forgets      time.Duration
	}{
		{"I", "INVITE", 486, true, 4900 * time.Millisecond, 5400 * time.Millisecond},
		{"J", "BYE", 200, false, 31900 * time.Millisecond, 32400 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, transaction.Config{}, func(r *rig) {
				r.user.request = respond(t, tt.status)
				r.peer.send(incoming(tt.method, "z9hG4bK1"))
				if tt.ack {
					r.peer.send(incoming("ACK", "z9hG4bK1"))
				}
				time.Sleep(tt.absorbs)
				r.peer.send(incoming(tt.method, "z9hG4bK1"))
				want(t, "told", r.user.take(), []string{tt.method})
				time.Sleep(tt.forgets - tt.absorbs)
				if s := r.tx.Stats(); s.ServersOpen != 0 || s.Servers != 1 {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

// A lost ACK: the 486 comes again, so does the ACK, and the user hears nothing of it.
func TestLostACK(t *testing.T) {
	run(t, transaction.Config{}, func(r *rig) {
		r.user.request = respond(t, 486)
		r.peer.send(incoming("INVITE", "z9hG4bK1"))
		time.Sleep(600 * time.Millisecond)
		r.peer.send(incoming("ACK", "z9hG4bK1"))
		r.peer.send(incoming("ACK", "z9hG4bK1"))
		time.Sleep(time.Minute)
		want(t, "sent", r.peer.takeLines(), []string{"0s 486 INVITE", "500ms 486 INVITE"})
		want(t, "told", r.user.take(), []string{"INVITE"})
	})
}

// The ACK of a 2xx is a request of its own; a client of old uses the INVITE's branch for it.
func TestACKOf2xxGoesUp(t *testing.T) {
	for _, branch := range []string{"z9hG4bK1", "z9hG4bK2"} {
		run(t, transaction.Config{}, func(r *rig) {
			r.user.request = respond(t, 200)
			r.peer.send(incoming("INVITE", "z9hG4bK1"))
			r.peer.send(incoming("ACK", branch))
			want(t, branch, r.user.take(), []string{"INVITE", "ACK"})
		})
	}
}

// An ACK nobody waits for goes up too; the user knows its dialogs.
func TestStrayACK(t *testing.T) {
	run(t, transaction.Config{}, func(r *rig) {
		r.peer.send(incoming("ACK", "z9hG4bK1"))
		want(t, "told", r.user.take(), []string{"ACK"})
		r.peer.send(strings.Replace(incoming("ACK", "z9hG4bK2"), "CSeq", "X-CSeq", 1))
		want(t, "a malformed one", r.user.take(), nil)
		want(t, "sent", r.peer.takeLines(), nil)
	})
}

// RFC 4320: no provisional response and no 408 to a request other than INVITE.
func TestRFC4320(t *testing.T) {
	run(t, transaction.Config{}, func(r *rig) {
		r.peer.send(incoming("OPTIONS", "z9hG4bK1"))
		s := r.user.last()
		for _, status := range []int{100, 183, 408} {
			if err := s.Respond(sip.NewResponse(s.Request(), status, "", "x")); !errors.Is(err, transaction.ErrNotAllowed) {
				t.Errorf("%d: %v", status, err)
			}
			if status == 183 {
				r.peer.send(incoming("OPTIONS", "z9hG4bK1"))
			}
		}
		want(t, "sent", r.peer.takeLines(), nil)
	})
	run(t, transaction.Config{}, func(r *rig) { // too late: the client has given up
		r.peer.send(incoming("OPTIONS", "z9hG4bK1"))
		s := r.user.last()
		res := sip.NewResponse(s.Request(), 200, "", "x")
		time.Sleep(33 * time.Second)
		if err := s.Respond(res); !errors.Is(err, transaction.ErrTerminated) {
			t.Error(err)
		}
		want(t, "sent", r.peer.takeLines(), nil)
	})
}

// What may not be answered again is not.
func TestRespondTwice(t *testing.T) {
	for _, first := range []int{200, 486} {
		run(t, transaction.Config{}, func(r *rig) {
			r.peer.send(incoming("INVITE", "z9hG4bK1"))
			s := r.user.last()
			m := s.Request()
			status(first)(t, s, r)
			if s.Request() != nil {
				t.Error("the request is still held after the final response")
			}
			for _, second := range []int{180, 200, 500} {
				if err := s.Respond(sip.NewResponse(m, second, "", s.Tag())); !errors.Is(err, transaction.ErrFinal) {
					t.Errorf("%d after %d: %v", second, first, err)
				}
			}
			s.Drop()
			r.peer.send(incoming("ACK", "z9hG4bK1"))
			if err := s.Respond(sip.NewResponse(m, 99, "", "")); !errors.Is(err, transaction.ErrMalformed) {
				t.Error(err)
			}
		})
	}
}

// One To tag for all responses of a transaction, RFC 3261 §8.2.6.2 and §9.2.
func TestOneToTag(t *testing.T) {
	for _, tt := range []struct {
		name string
		set  string // by SetTag
		give string // in the 180
	}{
		{name: "made by the layer"},
		{name: "set before", set: "mine"},
		{name: "given in the first response", give: "theirs"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, transaction.Config{}, func(r *rig) {
				r.user.request = func(s *transaction.Server, m *sip.Message, f transport.Flow) {
					if tt.set != "" {
						s.SetTag(tt.set)
					}
					if err := s.Respond(sip.NewResponse(m, 180, "", tt.give)); err != nil {
						t.Error(err)
					}
				}
				r.user.cancel = func(s *transaction.Server) {
					s.SetTag("late")
					if err := s.Respond(sip.NewResponse(s.Request(), 487, "", "")); err != nil {
						t.Error(err)
					}
				}
				r.peer.send(incoming("INVITE", "z9hG4bK1"))
				r.peer.send(incoming("CANCEL", "z9hG4bK1"))
				tags := map[string]bool{}
				got := r.peer.take()
				for _, a := range got {
					tags[a.m.ToTag()] = true
				}
				if len(got) != 3 || len(tags) != 1 || tags[""] {
					t.Errorf("%d responses with tags %v", len(got), tags)
				}
				if w := tt.set + tt.give; w != "" && !tags[w] {
					t.Errorf("tags %v, want %s", tags, w)
				}
			})
		})
	}
}

func TestServerCancel(t *testing.T) {
	t.Run("while ringing", func(t *testing.T) {
		run(t, transaction.Config{}, func(r *rig) {
			r.user.request = respond(t, 180)
			r.peer.send(incoming("INVITE", "z9hG4bK1"))
			r.peer.send(incoming("CANCEL", "z9hG4bK1"))
			r.peer.send(incoming("CANCEL", "z9hG4bK1"))
			want(t, "sent", r.peer.takeLines(), []string{"0s 180 INVITE", "0s 200 CANCEL", "0s 200 CANCEL"})
			want(t, "told", r.user.take(), []string{"INVITE", "canceled"})
		})
	})
	t.Run("before any response", func(t *testing.T) {
		run(t, transaction.Config{}, func(r *rig) {
			r.peer.send(incoming("INVITE", "z9hG4bK1"))
			r.peer.send(incoming("CANCEL", "z9hG4bK1"))
			want(t, "told", r.user.take(), []string{"INVITE", "canceled"})
		})
	})
	t.Run("after a final response it only gets its 200", func(t *testing.T) {
		run(t, transaction.Config{}, func(r *rig) {
			r.user.request = respond(t, 200)
			r.peer.send(incoming("INVITE", "z9hG4bK1"))
			r.peer.send(incoming("CANCEL", "z9hG4bK1"))
			want(t, "sent", r.peer.takeLines(), []string{"0s 200 INVITE", "0s 200 CANCEL"})
			want(t, "told", r.user.take(), []string{"INVITE"})
		})
	})
	t.Run("without a transaction 481, each time with the same tag", func(t *testing.T) {
		run(t, transaction.Config{}, func(r *rig) {
			r.peer.send(incoming("CANCEL", "z9hG4bK1"))
			r.peer.send(incoming("CANCEL", "z9hG4bK1"))
			got := r.peer.take()
			if len(got) != 2 || got[0].m.Status != 481 || got[0].m.ToTag() == "" || got[0].m.ToTag() != got[1].m.ToTag() {
				t.Errorf("got %v", got)
			}
			want(t, "told", r.user.take(), nil)
		})
	})
	t.Run("of a BYE 481", func(t *testing.T) {
		run(t, transaction.Config{}, func(r *rig) {
			r.peer.send(incoming("BYE", "z9hG4bK1"))
			r.peer.send(incoming("CANCEL", "z9hG4bK1"))
			want(t, "sent", r.peer.takeLines(), []string{"0s 481 CANCEL"})
		})
	})
	t.Run("from another realm 481", func(t *testing.T) {
		run(t, transaction.Config{}, func(r *rig) {
			r.user.request = respond(t, 180)
			r.peer.send(incoming("INVITE", "z9hG4bK1"))
			r.peer.conn.Send(incoming("CANCEL", "z9hG4bK1"), innerAddr)
			want(t, "sent", r.peer.takeLines(), []string{"0s 180 INVITE", "0s 481 CANCEL"})
			want(t, "told", r.user.take(), []string{"INVITE"})
		})
	})
	t.Run("of a dropped INVITE silence", func(t *testing.T) {
		run(t, transaction.Config{}, func(r *rig) {
			r.user.request = func(s *transaction.Server, m *sip.Message, f transport.Flow) { s.Drop() }
			r.peer.send(incoming("INVITE", "z9hG4bK1"))
			r.peer.send(incoming("CANCEL", "z9hG4bK1"))
			want(t, "sent", r.peer.takeLines(), nil)
		})
	})
}
