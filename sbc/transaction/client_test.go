package transaction_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
)

// RFC 3261 §17.1: what a client transaction sends and reports by itself.
func TestClientTimers(t *testing.T) {
	for _, tt := range []struct {
		name   string
		method string
		auto   func(m *sip.Message) string
		o      transaction.SendOptions
		sent   []string
		told   []string
	}{
		{
			name:   "A doubles from T1, B ends at 64·T1",
			method: "INVITE",
			sent:   []string{"0s INVITE", "500ms INVITE", "1.5s INVITE", "3.5s INVITE", "7.5s INVITE", "15.5s INVITE", "31.5s INVITE"},
			told:   []string{transaction.ErrTimeout.Error()},
		},
		{
			name:   "E doubles up to T2, F ends at 64·T1",
			method: "BYE",
			sent: []string{
				"0s BYE", "500ms BYE", "1.5s BYE", "3.5s BYE", "7.5s BYE", "11.5s BYE", "15.5s BYE",
				"19.5s BYE", "23.5s BYE", "27.5s BYE", "31.5s BYE",
			},
			told: []string{transaction.ErrTimeout.Error()},
		},
		{
			name:   "a provisional response slows E to T2",
			method: "BYE",
			auto:   once(100),
			sent:   []string{"0s BYE", "500ms BYE", "4.5s BYE", "8.5s BYE", "12.5s BYE", "16.5s BYE", "20.5s BYE", "24.5s BYE", "28.5s BYE"},
			told:   []string{transaction.ErrTimeout.Error()},
		},
		{
			name:   "a provisional response stops A and B, timer C cancels",
			method: "INVITE",
			auto:   once(180),
			o:      transaction.SendOptions{TimerC: 200 * time.Second},
			sent: []string{
				"0s INVITE", "3m20s CANCEL", "3m20.5s CANCEL", "3m21.5s CANCEL", "3m23.5s CANCEL", "3m27.5s CANCEL",
				"3m31.5s CANCEL", "3m35.5s CANCEL", "3m39.5s CANCEL", "3m43.5s CANCEL", "3m47.5s CANCEL", "3m51.5s CANCEL",
			},
			told: []string{"180", transaction.ErrTimerC.Error()},
		},
		{
			name:   "no timer C when it is off",
			method: "INVITE",
			auto:   once(180),
			o:      transaction.SendOptions{TimerC: -1},
			sent:   []string{"0s INVITE"},
			told:   []string{"180"},
		},
		{
			name:   "a final response ends a BYE",
			method: "BYE",
			auto:   always(200),
			sent:   []string{"0s BYE"},
			told:   []string{"200"},
		},
		{
			name:   "a failure of an INVITE is acknowledged here",
			method: "INVITE",
			auto:   always(486),
			sent:   []string{"0s INVITE", "0s ACK"},
			told:   []string{"486"},
		},
		{
			name:   "a 2xx to an INVITE is the user's to acknowledge",
			method: "INVITE",
			auto:   always(200),
			sent:   []string{"0s INVITE"},
			told:   []string{"200"},
		},
		{
			name:   "100 is not passed up",
			method: "INVITE",
			auto:   once(100),
			o:      transaction.SendOptions{TimerC: -1},
			sent:   []string{"0s INVITE"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, transaction.Config{}, func(r *rig) {
				r.peer.auto = tt.auto
				_, u := r.send(outgoing(tt.method), tt.o)
				time.Sleep(10 * time.Minute)
				want(t, "sent", r.peer.takeLines(), tt.sent)
				want(t, "told", u.take(), tt.told)
				open := uint64(0)
				if tt.o.TimerC < 0 {
					open = 1
				}
				if s := r.tx.Stats(); s.ClientsOpen != open {
					t.Errorf("%d transactions are left, want %d", s.ClientsOpen, open)
				}
			})
		})
	}
}

// once answers the first request.
func once(status int) func(m *sip.Message) string {
	done := false
	return func(m *sip.Message) string {
		if done || m.Method == "ACK" {
			return ""
		}
		done = true
		return answer(m, status, "b1")
	}
}

func always(status int) func(m *sip.Message) string {
	return func(m *sip.Message) string {
		if m.Method == "ACK" {
			return ""
		}
		return answer(m, status, "b1")
	}
}

// RFC 3261 §17.1.1.2: each repeated failure is acknowledged at once, with the same ACK, and
// not passed up again; Timer D ends that.
func TestFailureIsAcknowledgedEachTime(t *testing.T) {
	run(t, transaction.Config{}, func(r *rig) {
		_, u := r.send(outgoing("INVITE"), transaction.SendOptions{})
		inv := r.peer.take()[0].m
		var acks []string
		for range 5 {
			r.peer.send(answer(inv, 486, "b1"))
			for _, a := range r.peer.take() {
				acks = append(acks, string(a.m.Append(nil)))
			}
			time.Sleep(time.Second)
		}
		if len(acks) != 5 || acks[4] != acks[0] {
			t.Fatalf("ACKs: %q", acks)
		}
		want(t, "told", u.take(), []string{"486"})

		ack, err := sip.Parse([]byte(acks[0]))
		if err != nil {
			t.Fatal(err)
		}
		via := ack.Header(sip.Via)
		if ack.Method != "ACK" || via != inv.Header(sip.Via) || ack.Count(sip.Via) != 1 || ack.RURI != inv.RURI ||
			ack.Header(sip.CSeq) != "7 ACK" || ack.ToTag() != "b1" || ack.Header(sip.From) != inv.Header(sip.From) ||
			ack.Header(sip.Route) != "<sip:proxy.example.net;lr>" || ack.Header(sip.CallID) != "call-2" || ack.Validate() != nil {
			t.Errorf("ACK is not RFC 3261 §17.1.1.3's:\n%s", acks[0])
		}

		time.Sleep(28 * time.Second) // 33 s after the first: Timer D is over
		r.peer.send(answer(inv, 486, "b1"))
		want(t, "after timer D", r.peer.takeLines(), nil)
		if s := r.tx.Stats(); s.Stray != 1 || s.ClientsOpen != 0 {
			t.Errorf("stats %+v", s)
		}
	})
}

// RFC 6026 §7.2: every 2xx goes up, repeated ones and those of other forks, until Timer M.
func TestEvery2xxIsPassedUp(t *testing.T) {
	run(t, transaction.Config{}, func(r *rig) {
		_, u := r.send(outgoing("INVITE"), transaction.SendOptions{})
		inv := r.peer.take()[0].m
		r.peer.send(answer(inv, 180, "b1"))
		r.peer.send(answer(inv, 200, "b1"))
		r.peer.send(answer(inv, 200, "b1"))
		r.peer.send(answer(inv, 200, "b2"))
		r.peer.send(answer(inv, 180, "b3"))
		r.peer.send(answer(inv, 486, "b3"))
		want(t, "told", u.take(), []string{"180", "200", "200", "200"})
		time.Sleep(31 * time.Second)
		r.peer.send(answer(inv, 200, "b1"))
		want(t, "within timer M", u.take(), []string{"200"})
		time.Sleep(2 * time.Second)
		r.peer.send(answer(inv, 200, "b1"))
		want(t, "after timer M", u.take(), nil)
		want(t, "sent", r.peer.takeLines(), nil)
	})
}

// RFC 3261 §17.1.2: Timer K absorbs repeated final responses of other requests.
func TestTimerK(t *testing.T) {
	run(t, transaction.Config{}, func(r *rig) {
		_, u := r.send(outgoing("BYE"), transaction.SendOptions{})
		bye := r.peer.take()[0].m
		for range 3 {
			r.peer.send(answer(bye, 200, ""))
		}
		want(t, "told", u.take(), []string{"200"})
		if s := r.tx.Stats(); s.Absorbed != 2 || s.Stray != 0 || s.ClientsOpen != 1 {
			t.Errorf("stats %+v", s)
		}
		time.Sleep(5400 * time.Millisecond)
		if s := r.tx.Stats(); s.ClientsOpen != 0 {
			t.Errorf("after timer K %+v", s)
		}
	})
}

// Each 18x restarts Timer C, 100 does not. RFC 3261 §16.7.
func TestTimerCRestarts(t *testing.T) {
	run(t, transaction.Config{TimerC: 10 * time.Second}, func(r *rig) {
		_, u := r.send(outgoing("INVITE"), transaction.SendOptions{})
		inv := r.peer.take()[0].m
		r.peer.send(answer(inv, 180, "b1"))
		time.Sleep(8 * time.Second)
		r.peer.send(answer(inv, 183, "b1"))
		time.Sleep(8 * time.Second)
		r.peer.send(answer(inv, 100, ""))
		want(t, "told", u.take(), []string{"180", "183"})
		time.Sleep(3 * time.Second)
		want(t, "told", u.take(), []string{transaction.ErrTimerC.Error()})
		want(t, "sent", r.peer.takeLines()[:1], []string{"18s CANCEL"})

		// The callee had answered: the user must hear of it, to hang up.
		r.peer.send(answer(inv, 200, "b1"))
		want(t, "a 2xx that crossed", u.take(), []string{"200"})
	})
}

func TestCancel(t *testing.T) {
	const reason = `SIP;cause=200;text="Call completed elsewhere"`
	t.Run("before a provisional response it waits for one", func(t *testing.T) {
		run(t, transaction.Config{}, func(r *rig) {
			c, u := r.send(outgoing("INVITE"), transaction.SendOptions{})
			inv := r.peer.take()[0].m
			c.Cancel(reason)
			want(t, "sent", r.peer.takeLines(), nil)
			time.Sleep(600 * time.Millisecond)
			want(t, "sent", r.peer.takeLines(), []string{"500ms INVITE"})
			r.peer.send(answer(inv, 100, ""))
			got := r.peer.take()
			if len(got) != 1 || got[0].m.Method != "CANCEL" {
				t.Fatalf("got %v", got)
			}
			cancel := got[0].m
			if cancel.Header(sip.Via) != inv.Header(sip.Via) || cancel.Header(sip.Reason) != reason || cancel.Header(sip.CSeq) != "7 CANCEL" ||
				cancel.ToTag() != "" || cancel.RURI != inv.RURI || cancel.Header(sip.Route) == "" || cancel.Validate() != nil {
				t.Errorf("CANCEL is not RFC 3261 §9.1's:\n%s", cancel.Append(nil))
			}
			r.peer.send(answer(cancel, 200, "b1"))
			r.peer.send(answer(inv, 487, "b1"))
			want(t, "told", u.take(), []string{"487"})
			time.Sleep(time.Minute)
			want(t, "sent", r.peer.takeLines(), []string{"600ms ACK"})
		})
	})
	t.Run("after a provisional response it goes at once", func(t *testing.T) {
		run(t, transaction.Config{}, func(r *rig) {
			c, u := r.send(outgoing("INVITE"), transaction.SendOptions{})
			inv := r.peer.take()[0].m
			r.peer.send(answer(inv, 180, "b1"))
			c.Cancel("")
			c.Cancel("")
			got := r.peer.take()
			if len(got) != 1 || got[0].m.Method != "CANCEL" || got[0].m.Count(sip.Reason) != 0 {
				t.Fatalf("got %v", got)
			}
			r.peer.send(answer(got[0].m, 200, "b1"))
			time.Sleep(time.Minute)
			want(t, "no final response: gives up after 64·T1", u.take(), []string{"180", transaction.ErrTimeout.Error()})
			if s := r.tx.Stats(); s.ClientsOpen != 0 {
				t.Errorf("%+v", s)
			}
		})
	})
	t.Run("crossing a 200 it does nothing", func(t *testing.T) {
		run(t, transaction.Config{}, func(r *rig) {
			c, u := r.send(outgoing("INVITE"), transaction.SendOptions{})
			inv := r.peer.take()[0].m
			c.Cancel("")
			r.peer.send(answer(inv, 200, "b1"))
			c.Cancel("")
			time.Sleep(time.Second)
			want(t, "sent", r.peer.takeLines(), nil)
			want(t, "told", u.take(), []string{"200"})
		})
	})
	t.Run("a Reason with a line break is left out", func(t *testing.T) {
		run(t, transaction.Config{}, func(r *rig) {
			c, _ := r.send(outgoing("INVITE"), transaction.SendOptions{})
			inv := r.peer.take()[0].m
			c.Cancel("SIP\r\nEvil: yes")
			r.peer.send(answer(inv, 180, "b1"))
			if got := string(r.peer.take()[0].m.Append(nil)); strings.Contains(got, "Evil") {
				t.Errorf("injected:\n%s", got)
			}
		})
	})
}

// RFC 3261 §18.1.2, §8.1.3.3: responses that are not ours.
func TestForeignResponses(t *testing.T) {
	for _, tt := range []struct {
		name  string
		twist func(res string) string
		send  func(r *rig, res string)
	}{
		{name: "another branch", twist: func(s string) string { return strings.Replace(s, "branch=z9hG4bK", "branch=z9hG4bKx", 1) }},
		{name: "another sent-by", twist: func(s string) string { return strings.Replace(s, sbcAddr, "192.0.2.99:5060", 1) }},
		{name: "another method", twist: func(s string) string { return strings.Replace(s, "7 INVITE", "7 BYE", 1) }},
		{name: "two Vias", twist: func(s string) string {
			return strings.Replace(s, "From:", "Via: SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bKy\r\nFrom:", 1)
		}},
		{name: "another interface", send: func(r *rig, res string) { r.peer.conn.Send(res, innerAddr) }},
		{name: "no To", twist: func(s string) string { return strings.Replace(s, "To: ", "X-To: ", 1) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, transaction.Config{}, func(r *rig) {
				_, u := r.send(outgoing("INVITE"), transaction.SendOptions{})
				res := answer(r.peer.take()[0].m, 200, "b1")
				bad := res
				if tt.twist != nil {
					bad = tt.twist(res)
				}
				if tt.send != nil {
					tt.send(r, bad)
				} else {
					r.peer.send(bad)
				}
				want(t, "told", u.take(), nil)
				r.peer.send(res)
				want(t, "told", u.take(), []string{"200"})
			})
		})
	}
}

// The 2xx's ACK has a branch of its own and no transaction; its bytes can be sent again.
func TestSendACK(t *testing.T) {
	run(t, transaction.Config{}, func(r *rig) {
		_, u := r.send(outgoing("INVITE"), transaction.SendOptions{})
		inv := r.peer.take()[0].m
		r.peer.send(answer(inv, 200, "b1"))
		want(t, "told", u.take(), []string{"200"})
		b, err := r.tx.SendACK(outgoing("ACK"), r.flow())
		if err != nil {
			t.Fatal(err)
		}
		if err := r.flow().Send(b, nil); err != nil {
			t.Fatal(err)
		}
		got := r.peer.take()
		if len(got) != 2 || got[0].m.Method != "ACK" || got[0].m.Header(sip.Via) == inv.Header(sip.Via) ||
			got[0].m.Header(sip.Via) != got[1].m.Header(sip.Via) {
			t.Errorf("got %v", got)
		}
		time.Sleep(time.Minute)
		want(t, "sent", r.peer.takeLines(), nil)
	})
}

// What Send is given, it refuses at once.
func TestSendRefuses(t *testing.T) {
	run(t, transaction.Config{}, func(r *rig) {
		u := &clientUser{}
		noTo := outgoing("INVITE")
		noTo.Remove(sip.To)
		for _, m := range []*sip.Message{outgoing("ACK"), outgoing("CANCEL"), noTo, sip.NewRequest("", "")} {
			if c, err := r.tx.Send(m, r.flow(), u, transaction.SendOptions{}); err == nil || c != nil {
				t.Errorf("%s: %v, %v", m.Method, c, err)
			}
		}
		huge := outgoing("MESSAGE")
		huge.Body = strings.Repeat("x", 65530)
		if c, err := r.tx.Send(huge, r.flow(), u, transaction.SendOptions{}); err == nil || c != nil {
			t.Errorf("too large: %v, %v", c, err)
		}
		r.tx.Close()
		if _, err := r.tx.Send(outgoing("INVITE"), r.flow(), u, transaction.SendOptions{}); err != transaction.ErrClosed {
			t.Errorf("after Close: %v", err)
		}
		synctest.Wait()
		want(t, "told", u.take(), nil)
		if s := r.tx.Stats(); s.ClientsOpen != 0 {
			t.Errorf("%+v", s)
		}
	})
}
