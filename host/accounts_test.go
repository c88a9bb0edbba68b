package host

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/host/admin"
)

// refused fails the test unless err is a refusal with that status that says so.
func refused(t *testing.T, what string, err error, status int, text string) {
	t.Helper()
	if p, ok := errors.AsType[*admin.Problem](err); !ok || p.Status != status || !strings.Contains(p.Message, text) {
		t.Errorf("%s: %v, want %d with %q", what, err, status, text)
	}
}

// change deposits or withdraws.
func change(t *testing.T, account, verb, amount, reference string) (admin.AccountChanged, error) {
	t.Helper()
	return api[admin.AccountChanged](t, "POST", "/accounts/"+account+"/"+verb, admin.ChangeAccount{Amount: amount, Reference: reference})
}

func TestAccounts(t *testing.T) {
	t.Run("embedded", func(t *testing.T) { accounts(t, newStage(t, "prepaid", 1, `"882=>5 60/60 1.50"`, `"=>0.60 60/60"`)) })
	t.Run("redis", func(t *testing.T) {
		addr, _ := redisServer(t)
		shared := fmt.Sprintf("[store]\nengine = \"redis\"\n[redis]\naddresses = [%q]\n", addr)
		accounts(t, newStage(t, "prepaid", 1, "[map.tariffs]", shared+"[map.tariffs]", `"882=>5 60/60 1.50"`, `"=>0.60 60/60"`))
	})
}

// accounts fills the account of a caller and empties it, at 0.60 a minute that has begun.
func accounts(t *testing.T, s *stage) {
	s.a.invite()
	s.a.want(500) // there is no such account
	_, err := api[admin.AccountDetails](t, "GET", "/accounts/alice", nil)
	refused(t, "show", err, http.StatusNotFound, `there is no account "alice"`)
	_, err = change(t, "alice", "withdraw", "1", "w0")
	refused(t, "withdraw", err, http.StatusNotFound, `there is no account "alice"`)

	a, err := change(t, "alice", "deposit", "1.50", "d1")
	if err != nil || !a.Created || a.Repeated || a.Balance != "1.50" || a.Free != "1.50" || a.Amount != "1.50" {
		t.Errorf("deposit: %+v, %v", a, err)
	}
	a, err = change(t, "alice", "deposit", "1.500", "d1")
	if err != nil || a.Created || !a.Repeated || a.Balance != "1.50" {
		t.Errorf("deposit again: %+v, %v", a, err)
	}
	_, err = change(t, "alice", "deposit", "1.51", "d1")
	refused(t, "another amount", err, http.StatusConflict, `reference "d1" was used for another amount`)

	s.a.invite()
	s.a.want(200)
	d, err := api[admin.AccountDetails](t, "GET", "/accounts/alice", nil)
	if err != nil || d.Balance != "1.50" || d.Reserved != "0.60" || d.Free != "0.90" || d.Open != 1 || len(d.Reservations) != 1 ||
		d.Reservations[0].Amount != "0.60" || !strings.HasSuffix(d.Reservations[0].Call, "/prepaid") {
		t.Errorf("during a call: %+v, %v", d, err)
	}
	_, err = change(t, "alice", "withdraw", "0.91", "w1")
	refused(t, "more than is free", err, http.StatusConflict, "less than 0.91 that is free: 0.90")
	s.a.bye()
	if left := s.settled("alice"); left != 900_000 {
		t.Errorf("%d are left", left)
	}
	a, err = change(t, "alice", "withdraw", "0.485", "w1")
	if err != nil || a.Repeated || a.Balance != "0.415" || a.Amount != "-0.485" {
		t.Errorf("withdraw: %+v, %v", a, err)
	}
	if a, err = change(t, "alice", "withdraw", "0.485", "w1"); err != nil || !a.Repeated || a.Balance != "0.415" {
		t.Errorf("withdraw again: %+v, %v", a, err)
	}
	s.a.invite()
	s.a.want(402)
	if a, err = change(t, "alice", "deposit", "0.20", "d2"); err != nil || a.Repeated || a.Balance != "0.615" {
		t.Errorf("another deposit: %+v, %v", a, err)
	}
	s.a.invite()
	s.a.want(200)
	s.a.bye()
	for _, want := range []string{
		`msg="account changed" account=alice amount=1.50 reference=d1 balance=1.50 socket=var/run/sallyport.sock`,
		`msg="account not changed again" account=alice amount=1.50 reference=d1 balance=1.50`,
		`msg="account changed" account=alice amount=-0.485 reference=w1 balance=0.415`,
	} {
		if n := strings.Count(s.log.String(), want); n != 1 {
			t.Errorf("the log says %d times %s", n, want)
		}
	}

	for amount, text := range map[string]string{
		"1e9": `amount "1e9" is not one such as 12.50`, "-5": `amount "-5" is not`, "": `amount "" is not`, "0": "want more than zero",
		"0.000": "want more than zero", "0.0000001": "at most six digits", "1000000000.01": "is more than 1000000000.00", "9223372036854775808": "is not one",
	} {
		for _, verb := range []string{"deposit", "withdraw"} {
			_, err := change(t, "alice", verb, amount, "bad")
			refused(t, verb+" "+amount, err, http.StatusBadRequest, text)
		}
	}
	_, err = change(t, "alice", "deposit", "1", strings.Repeat("r", 256))
	refused(t, "a long reference", err, http.StatusBadRequest, "256 bytes")
	_, err = change(t, "a%0Ab", "deposit", "1", "r")
	refused(t, "a line end in the name", err, http.StatusBadRequest, "control characters")
	for i := range 8 {
		if _, err := change(t, "rich", "deposit", "1000000000", fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	_, err = change(t, "rich", "deposit", "0.000001", "more")
	refused(t, "too much", err, http.StatusConflict, "may hold no more than 8000000000.00")
	pages(t)
}

// pages lists five accounts, two at a time.
func pages(t *testing.T) {
	for _, name := range []string{"sip:a@x", "sip:b%2Fc@x", "%2E%2E"} {
		if _, err := change(t, name, "deposit", "1", "r"); err != nil {
			t.Fatal(err)
		}
	}
	var names []string
	for next, n := "", 0; n < 5; n++ {
		p, err := api[admin.Accounts](t, "GET", "/accounts?limit=2&after="+next, nil)
		if err != nil || len(p.Accounts) > 2 {
			t.Fatalf("%+v, %v", p, err)
		}
		for _, a := range p.Accounts {
			names = append(names, a.Name)
		}
		if next = p.Next; next == "" {
			break
		}
	}
	if got := strings.Join(names, " "); got != ".. alice rich sip:a@x sip:b/c@x" {
		t.Errorf("accounts: %s", got)
	}
	p, err := api[admin.Accounts](t, "GET", "/accounts?prefix=sip:", nil)
	if err != nil || len(p.Accounts) != 2 || p.Accounts[1].Name != "sip:b/c@x" || p.Accounts[1].Balance != "1.00" || p.Next != "" {
		t.Errorf("by prefix: %+v, %v", p, err)
	}
}

func TestAccountsWithoutStore(t *testing.T) {
	p := newPlace(t, "")
	h := p.start()
	defer p.stop(h)
	_, err := api[admin.Accounts](t, "GET", "/accounts", nil)
	refused(t, "list", err, http.StatusConflict, "there is no store: no module")
	_, err = change(t, "alice", "deposit", "1", "r")
	refused(t, "deposit", err, http.StatusConflict, "there is no store: no module")
	_, err = api[admin.Blacklist](t, "GET", "/blacklists/blacklist", nil)
	refused(t, "blacklist", err, http.StatusNotFound, `there is no module "blacklist" that has a blacklist`)
}

func TestAccountsWhileRedisIsAway(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	shared := fmt.Sprintf("[store]\nengine = \"redis\"\n[redis]\naddresses = [%q]\n", l.Addr())
	newStage(t, "prepaid", 1, "[map.tariffs]", shared+"[map.tariffs]")
	_, err = api[admin.Accounts](t, "GET", "/accounts", nil)
	refused(t, "list", err, http.StatusServiceUnavailable, "the store is away")
	_, err = api[admin.AccountDetails](t, "GET", "/accounts/alice", nil)
	refused(t, "show", err, http.StatusServiceUnavailable, "the store is away")
	_, err = change(t, "alice", "deposit", "1", "r")
	refused(t, "deposit", err, http.StatusServiceUnavailable, "the store is away")
}
