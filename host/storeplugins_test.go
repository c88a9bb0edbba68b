package host

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

func TestRateLimit(t *testing.T) {
	s := newStage(t, "ratelimit", 1, `rate = "10"`, `rate = "0.01"`, `burst = "20"`, `burst = "2"`)
	for range 2 {
		s.a.invite()
		s.a.want(200)
		s.a.bye()
	}
	s.a.invite()
	res := s.a.want(503)
	if after, ok := res.Named("Retry-After"); !ok || after != "100" && after != "99" {
		t.Errorf("Retry-After: %q", after)
	}
}

// Requests outside of calls take from the rate: those that are too many get no answer. The
// one behind them, from a call, is not theirs.
func TestRateLimitOutsideOfCalls(t *testing.T) {
	s := newStage(t, "ratelimit", 2, `rate = "5"`, "rate = \"0.01\"\nburst = \"2\"")
	for i, want := range []int{405, 405, 0, 0} {
		m := sip.NewRequest("REGISTER", "sip:"+s.addr.String())
		m.Add(sip.Via, fmt.Sprintf("SIP/2.0/UDP %s;branch=z9hG4bK-outside-%d", s.a.addr, i))
		m.Add(sip.MaxForwards, "70")
		m.Add(sip.From, "<sip:alice@example.org>;tag=1")
		m.Add(sip.To, "<sip:alice@example.org>")
		m.Add(sip.CallID, fmt.Sprintf("outside-%d@example.org", i))
		m.Add(sip.CSeq, "1 REGISTER")
		s.a.send(m)
		if want != 0 {
			s.a.wantResponse("REGISTER", want)
		}
	}
	s.a.invite()
	s.a.want(200)
	s.a.bye()
	eventually(t, "two requests were dropped", func() bool { return s.host.sbc.Stats().Outside == 2 }) // the store may take its time
	select {
	case m := <-s.a.responses:
		t.Errorf("a dropped request was told %d", m.Status)
	default:
	}
}

func TestParallelCalls(t *testing.T) {
	s := newStage(t, "parallelcalls", 1)
	s.a.invite()
	s.a.want(200)
	invited, final := s.a.invited, s.a.final
	s.a.invite()
	s.a.want(200)
	s.a.invite()
	if res := s.a.want(402); res.Phrase != "Too Many Simultaneous Calls" {
		t.Errorf("refused with %s", res.Phrase)
	}
	s.a.invite("From: <sip:carol@example.org>;tag=c")
	s.a.want(200)
	s.a.invite("From: <sip:dave@example.org>;tag=d") // the map says three for this source
	s.a.want(402)
	s.a.invited, s.a.final = invited, final
	s.a.bye()
	s.freed("parallelcalls/user/alice", 1)
	s.a.invite()
	s.a.want(200)
}

// freed waits until no more than n are held of a limit.
func (s *stage) freed(key string, n int64) {
	s.t.Helper()
	for end := time.Now().Add(waitLimit); ; {
		used, err := s.host.stores.engine.Used(s.t.Context(), key)
		if err == nil && used <= n {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("%d are held of %s, %v", used, key, err)
		}
	}
}

// settled waits until nothing of an account is held back, and returns what there is.
func (s *stage) settled(account string) int64 {
	s.t.Helper()
	for end := time.Now().Add(waitLimit); ; {
		b, err := s.host.stores.engine.Balance(s.t.Context(), account)
		if err == nil && b.Reserved == 0 {
			return b.Amount
		}
		if time.Now().After(end) {
			s.t.Fatalf("%+v, %v", b, err)
		}
	}
}

func (s *stage) deposit(account string, amount int64) {
	s.t.Helper()
	if _, err := s.host.stores.engine.Deposit(s.t.Context(), account, fmt.Sprint("test ", amount), amount); err != nil {
		s.t.Fatal(err)
	}
}

func TestPrepaid(t *testing.T) {
	everywhere := []string{`"882=>5 60/60 1.50"`, `"=>0.60"`}
	t.Run("a call", func(t *testing.T) {
		s := newStage(t, "prepaid", 1, everywhere...)
		s.deposit("alice", 1_000_000)
		s.a.invite()
		s.a.want(200)
		s.a.bye()
		if left := s.settled("alice"); left != 990_000 {
			t.Errorf("%d are left", left)
		}
	})
	t.Run("until the credit is used up", func(t *testing.T) {
		s := newStage(t, "prepaid", 1, everywhere[0], everywhere[1], `slice = "30s"`, `slice = "1s"`)
		s.deposit("alice", 20_000)
		begun := time.Now()
		s.a.invite()
		s.a.want(200)
		s.a.wantRequest("BYE")
		if took := time.Since(begun); took < 2*time.Second {
			t.Errorf("ended after %s, want 2s", took)
		}
		if left := s.settled("alice"); left != 0 {
			t.Errorf("%d are left", left)
		}
		s.a.invite()
		s.a.want(402)
	})
	t.Run("several calls at once", func(t *testing.T) {
		s := newStage(t, "prepaid", 1, everywhere[0], everywhere[1], `slice = "30s"`, `slice = "1s"`)
		s.deposit("alice", 45_000)
		for range 4 {
			s.a.invite()
			s.a.want(200)
		}
		s.a.invite()
		s.a.want(402) // what is left pays no second
		s.a.wantRequest("BYE", "BYE", "BYE", "BYE")
		if left := s.settled("alice"); left != 5_000 {
			t.Errorf("%d are left", left)
		}
	})
	t.Run("not answered", func(t *testing.T) {
		s := newStage(t, "prepaid", 1, everywhere...)
		s.deposit("alice", 1_000_000)
		s.b.answers(func(*sip.Message) int { return 486 })
		s.a.invite()
		s.a.want(486)
		if left := s.settled("alice"); left != 1_000_000 {
			t.Errorf("%d are left", left)
		}
	})
	t.Run("no tariff", func(t *testing.T) {
		s := newStage(t, "prepaid", 1)
		s.a.invite()
		s.a.want(403)
	})
	t.Run("no account", func(t *testing.T) {
		s := newStage(t, "prepaid", 1, everywhere...)
		s.a.invite()
		s.a.want(500)
	})
}

func TestREST(t *testing.T) {
	answer := make(chan http.HandlerFunc, 4)
	asked := make(chan string, 16)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.URL.EscapedPath()
		select {
		case h := <-answer:
			h(w, r)
		case <-r.Context().Done(): // asked more often than the test thinks
		}
	}))
	defer server.Close()
	s := newStage(t, "rest", 1,
		"http://127.0.0.1:8080/forward/", server.URL+"/forward/",
		"http://127.0.0.1:8080/forward/", server.URL+"/forward/")
	ok := func(text string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, text)
		}
	}
	answer <- ok(`{"identity": {"ruri": "sip:carol@example.net"}, "var": {"forwarded": "bob"}}`)
	s.a.invite()
	s.a.want(200)
	if m := s.b.wantRequest("INVITE"); m.RURI != "sip:carol@example.net" {
		t.Errorf("leg B got %s", m.RURI)
	}
	s.b.wantRequest("ACK")
	s.a.bye()
	s.b.wantRequest("BYE")
	if path := come(t, "the request", asked); path != "/forward/bob" || len(asked) != 0 {
		t.Errorf("asked %q and %d more", path, len(asked))
	}

	answer <- http.NotFound
	s.a.invite()
	s.a.want(200)
	s.b.wantRequest("INVITE", "ACK")
	s.a.bye()
	s.b.wantRequest("BYE")

	for name, h := range map[string]http.HandlerFunc{
		"an error":         func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) },
		"nonsense":         ok("<html>"),
		"a key too many":   ok(`{"identity.from": "sip:mallory@example.org"}`),
		"no answer at all": func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"an endless body": func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				fmt.Fprint(w, strings.Repeat("x", 4096))
			}
		},
	} {
		answer <- h
		s.a.invite()
		s.a.want(503)
		if t.Failed() {
			t.Fatal(name)
		}
	}
	s.b.wantNothing()
}

func TestBlacklist(t *testing.T) {
	t.Run("listed", func(t *testing.T) {
		s := newStage(t, "blacklist", 1)
		s.a.invite("From: <sip:mallory@example.org>;tag=m")
		if res := s.a.want(403); res.Phrase != "Not from here" {
			t.Errorf("refused with %s", res.Phrase)
		}
		s.b.wantNothing()
		s.a.invite()
		s.a.want(200)
		s.a.bye()
	})
	t.Run("Redis is away", func(t *testing.T) {
		// An address where nobody listens.
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
		s := newStage(t, "blacklist", 2, "127.0.0.1:6379", l.Addr().String())
		s.a.invite()
		s.a.want(200)
		s.a.bye()
	})
}
