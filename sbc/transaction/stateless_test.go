package transaction_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// What no user has to judge is answered from the raw message, or dropped and counted.
func TestMalformed(t *testing.T) {
	invite := incoming("INVITE", "z9hG4bK1")
	replace := func(old, new string) string {
		if !strings.Contains(invite, old) {
			panic(old)
		}
		return strings.Replace(invite, old, new, 1)
	}
	for _, tt := range []struct {
		name string
		text string
		sent []string
	}{
		{"enough to answer", replace("Max-Forwards: 70", "Max-Forwards: many"), []string{"400 INVITE"}},
		{"CSeq of another method", replace("1 INVITE", "1 BYE"), []string{"400 BYE"}},
		{"body shorter than announced", replace("Content-Length: 0", "Content-Length: 10"), []string{"400 INVITE"}},
		{"two Call-IDs", replace("CSeq:", "Call-ID: x\r\nCSeq:"), []string{"400 INVITE"}},
		{"unknown version", replace("SIP/2.0\r\n", "SIP/7.0\r\n"), []string{"505 INVITE"}},
		{"unknown scheme", replace("INVITE sip:bob@example.net", "INVITE soap.beep://192.0.2.103:3002"), []string{"416 INVITE"}},
		{"no From", replace("From:", "X-From:"), []string{"400 INVITE"}},
		{"no Via", replace("Via:", "X-Via:"), nil},
		{"a response", strings.Replace(invite, "INVITE sip:bob@example.net SIP/2.0", "SIP/2.0 200 OK", 1), nil},
		{"an ACK", strings.ReplaceAll(replace("Content-Length: 0", "Content-Length: 10"), "INVITE", "ACK"), nil},
		{"noise", "HELLO?\r\n\r\n", nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, transaction.Config{}, func(r *rig) {
				r.peer.send(tt.text)
				var got []string
				for _, a := range r.peer.take() {
					got = append(got, name(a.m))
					if a.m.ToTag() == "" {
						t.Errorf("no To tag in\n%s", a.m.Append(nil))
					}
				}
				want(t, "sent", got, tt.sent)
				want(t, "told", r.user.take(), nil)
				x, p := r.tx.Stats(), r.tp.Stats()
				if x.Malformed+x.Stray+p.Malformed == 0 || x.ServersOpen != 0 {
					t.Errorf("counts: %+v %+v", x, p)
				}
			})
		})
	}
}

// RFC 3261 §8.2.2.2: the same request by another path is 482; by the same path it is a
// retransmission; to another Request-URI it is a fork to somebody else.
func TestMerged(t *testing.T) {
	first := incoming("INVITE", "z9hG4bK1")
	second := incoming("INVITE", "z9hG4bK2")
	for _, tt := range []struct {
		name  string
		text  string
		final int
		wait  time.Duration
		code  int // of the answer to text, 0 = it went up
	}{
		{name: "another branch", text: second, code: 482},
		{name: "another branch, after the final response", text: second, final: 486, code: 482},
		{name: "long after", text: second, final: 486, wait: 40 * time.Second},
		{name: "after a 503 a proxy tries our other address", text: second, final: 503},
		{name: "another Request-URI", text: strings.Replace(second, "INVITE sip:bob@", "INVITE sip:carol@", 1)},
		{name: "another CSeq", text: strings.Replace(second, "CSeq: 1 ", "CSeq: 2 ", 1)},
		{name: "another From tag", text: strings.Replace(second, "tag=a1", "tag=a2", 1)},
		{name: "within a dialog", text: strings.Replace(second, "To: <sip:bob@example.net>", "To: <sip:bob@example.net>;tag=b1", 1)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, transaction.Config{}, func(r *rig) {
				if tt.final != 0 {
					r.user.request = respond(t, tt.final)
				}
				r.peer.send(first)
				r.peer.send(incoming("ACK", "z9hG4bK1"))
				time.Sleep(tt.wait)
				r.user.request = nil
				r.user.take()
				r.peer.take()
				r.peer.send(tt.text)
				told := r.user.take()
				if tt.code == 0 {
					want(t, "told", told, []string{"INVITE"})
					return
				}
				want(t, "told", told, nil)
				if got := r.peer.take(); len(got) != 1 || got[0].m.Status != tt.code {
					t.Errorf("got %v", got)
				}
			})
		})
	}
}

// Too many transactions: 503 without one, and a reserve for requests within dialogs.
func TestOverload(t *testing.T) {
	run(t, transaction.Config{MaxServer: 8, RetryAfter: 1500 * time.Millisecond}, func(r *rig) {
		for n := range 9 {
			r.peer.send(strings.ReplaceAll(incoming("OPTIONS", "z9hG4bK"+string(rune('a'+n))), "call-1", "call-"+string(rune('a'+n))))
		}
		got := r.peer.take()
		if len(got) != 1 || got[0].m.Status != 503 || got[0].m.Header(sip.RetryAfter) != "2" {
			t.Fatalf("got %v", got)
		}
		within := strings.Replace(incoming("BYE", "z9hG4bKz"), "To: <sip:bob@example.net>", "To: <sip:bob@example.net>;tag=b1", 1)
		r.peer.send(within)
		want(t, "sent", r.peer.takeLines(), nil)
		r.peer.send(strings.Replace(within, "z9hG4bKz", "z9hG4bKy", 1))
		want(t, "sent", r.peer.takeLines(), []string{"0s 503 BYE"})
		if s := r.tx.Stats(); s.Overload != 2 || s.ServersOpen != 9 {
			t.Errorf("%+v", s)
		}
	})
}

// RFC 3261 §17.2.3: clients of RFC 2543 have no unique branch.
func TestRFC2543(t *testing.T) {
	for _, via := range []string{";branch=1", ""} {
		run(t, transaction.Config{}, func(r *rig) {
			old := func(method string) string {
				return strings.Replace(incoming(method, "x"), ";branch=x", via, 1)
			}
			r.user.request = respond(t, 180)
			r.peer.send(old("INVITE"))
			r.peer.send(old("INVITE"))
			want(t, "told", r.user.take(), []string{"INVITE"})
			want(t, "sent", r.peer.takeLines(), []string{"0s 180 INVITE", "0s 180 INVITE"})

			r.peer.send(old("CANCEL"))
			want(t, "told", r.user.take(), []string{"canceled"})
			status(487)(t, r.user.last(), r)
			want(t, "sent", r.peer.takeLines(), []string{"0s 200 CANCEL", "0s 487 INVITE"})
			r.peer.send(strings.Replace(old("ACK"), "net>\r\n", "net>;tag="+r.user.last().Tag()+"\r\n", 1))
			want(t, "the ACK is ours", r.user.take(), nil)
			time.Sleep(time.Second)
			want(t, "sent", r.peer.takeLines(), nil)

			r.user.request = nil
			r.peer.send(strings.Replace(old("INVITE"), "CSeq: 1", "CSeq: 2", 1))
			want(t, "another CSeq is another transaction", r.user.take(), []string{"INVITE"})
		})
	}
}

// The branch decides, not the method's name in it nor the sender.
func TestMatching(t *testing.T) {
	run(t, transaction.Config{}, func(r *rig) {
		invite := incoming("INVITE", "z9hG4bK1")
		r.peer.send(invite)
		r.peer.send(strings.Replace(invite, "z9hG4bK1", "Z9hg4bk1", 1)) // a token has no case, but a branch of ours is copied
		r.peer.send(strings.Replace(strings.ReplaceAll(invite, "call-1", "call-9"), peerAddr+";", "198.51.100.8:5060;", 1))
		r.peer.send(incoming("OPTIONS", "z9hG4bK1"))
		want(t, "told", r.user.take(), []string{"INVITE", "INVITE", "OPTIONS"})
	})
}

// Responses leave by the interface and to the address the request came from, RFC 3581.
func TestResponseRouting(t *testing.T) {
	run(t, transaction.Config{}, func(r *rig) {
		r.user.request = func(s *transaction.Server, m *sip.Message, f transport.Flow) {
			if s.Flow() != f || f.Interface().Name() != "inner" || f.SentBy() != innerAddr {
				t.Errorf("flow %v", f)
			}
			respond(t, 486)(s, m, f)
		}
		nat := r.newPeer("198.51.100.50:40000")
		defer nat.conn.Close()
		nat.conn.Send(strings.Replace(incoming("INVITE", "z9hG4bK1"), ";branch", ";rport;branch", 1), innerAddr)
		got := nat.take()
		if len(got) != 1 || got[0].m.Status != 486 {
			t.Fatalf("got %v", got)
		}
		via, err := got[0].m.TopVia()
		if port, _ := via.RPort(); err != nil || via.Received() != "198.51.100.50" || port != 40000 {
			t.Errorf("Via %s", got[0].m.Header(sip.Via))
		}
		want(t, "to the Via's address", r.peer.takeLines(), nil)
	})
}
