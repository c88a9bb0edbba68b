package digest

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

var peer = netip.MustParseAddr("192.0.2.10")

func request(method string) *sip.Message {
	m := sip.NewRequest(method, "sip:bob@192.0.2.1")
	m.Body = "v=0\r\n"
	return m
}

func challenge(status int, values ...string) *sip.Message {
	res := sip.NewResponse(request("INVITE"), status, "", "t")
	id := sip.WWWAuthenticate
	if status == 407 {
		id = sip.ProxyAuthenticate
	}
	for _, v := range values {
		res.Add(id, v)
	}
	return res
}

// What a Client says to a Guard's challenge, the Guard takes, and nothing else.
func TestClientMatchesGuard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := NewGuard()
		c := NewClient("alice", "secret", "")
		m := request("INVITE")
		if err := g.Check(m, "sbc", "alice", "secret", peer); !errors.Is(err, ErrNoCredentials) {
			t.Fatalf("without credentials: %v", err)
		}
		if err := c.Challenged(challenge(401, g.Challenge("sbc", peer, false)...)); err != nil {
			t.Fatal(err)
		}
		for n := range 3 {
			if err := c.Authorize(m); err != nil {
				t.Fatal(err)
			}
			if err := g.Check(m, "sbc", "alice", "secret", peer); err != nil {
				t.Fatalf("request %d: %v", n, err)
			}
		}
		v := m.Header(sip.Authorization)
		if !strings.Contains(v, "algorithm=SHA-256") || !strings.Contains(v, "nc=00000003") {
			t.Errorf("Authorization %s: want SHA-256 and nc=00000003", v)
		}
		for name, tc := range map[string]struct {
			realm, user, password string
			addr                  netip.Addr
			want                  error
		}{
			"another realm":    {"other", "alice", "secret", peer, ErrNoCredentials},
			"another user":     {"sbc", "bob", "secret", peer, ErrWrong},
			"another password": {"sbc", "alice", "guess", peer, ErrWrong},
			"no password":      {"sbc", "alice", "", peer, ErrWrong},
			"another address":  {"sbc", "alice", "secret", netip.MustParseAddr("192.0.2.99"), ErrNoCredentials},
		} {
			if err := g.Check(m, tc.realm, tc.user, tc.password, tc.addr); !errors.Is(err, tc.want) {
				t.Errorf("%s: %v, want %v", name, err, tc.want)
			}
		}
		m.RURI = "sip:carol@192.0.2.1"
		if err := g.Check(m, "sbc", "alice", "secret", peer); !errors.Is(err, ErrWrong) {
			t.Errorf("credentials of another Request-URI: %v", err)
		}
		m.RURI = "sip:bob@192.0.2.1"
		m.Method = "BYE"
		if err := g.Check(m, "sbc", "alice", "secret", peer); !errors.Is(err, ErrWrong) {
			t.Errorf("credentials of another method: %v", err)
		}
		m.Method = "INVITE"
		time.Sleep(nonceLife + time.Second)
		if err := g.Check(m, "sbc", "alice", "secret", peer); !errors.Is(err, ErrStale) {
			t.Errorf("an old nonce: %v", err)
		}
		if err := c.Challenged(challenge(401, g.Challenge("sbc", peer, true)...)); err != nil {
			t.Errorf("a stale nonce is replaced: %v", err)
		}
	})
}

func TestClientChallenges(t *testing.T) {
	for _, tc := range []struct {
		name, realm string
		res         *sip.Message
		want        error
		has         string
	}{
		{"MD5 without qop", "", challenge(401, `Digest realm="r", nonce="n"`), nil, `response="`},
		{"auth-int only", "", challenge(407, `Digest realm="r", nonce="n", qop="auth-int", algorithm=MD5`), nil, "qop=auth-int"},
		{"qop list with spaces", "", challenge(401, `Digest realm="r", nonce="n", qop="auth-int, auth"`), nil, "qop=auth"},
		{"strongest first", "", challenge(401, `Digest realm="r", nonce="n", algorithm=MD5`, `Digest realm="r", nonce="m", algorithm=SHA-256, qop="auth"`), nil, "SHA-256"},
		{"pinned realm", "r", challenge(401, `Digest realm="evil", nonce="n"`), ErrRealm, ""},
		{"unknown algorithm", "", challenge(401, `Digest realm="r", nonce="n", algorithm=ROT13`), ErrNoChallenge, ""},
		{"unknown scheme", "", challenge(401, `NoOneKnowsThis x=y`), ErrNoChallenge, ""},
		{"nothing", "", challenge(401), ErrNoChallenge, ""},
	} {
		c := NewClient("alice", "secret", tc.realm)
		err := c.Challenged(tc.res)
		if !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
			continue
		}
		m := request("INVITE")
		if err := c.Authorize(m); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		v := m.Header(sip.Authorization) + m.Header(sip.ProxyAuthorization)
		if !strings.Contains(v, tc.has) || tc.want != nil && v != "" {
			t.Errorf("%s: credentials %q, want %q in them", tc.name, v, tc.has)
		}
		if tc.want == nil {
			if err := c.Challenged(tc.res); !errors.Is(err, ErrRejected) {
				t.Errorf("%s: challenged again: %v, want ErrRejected", tc.name, err)
			}
		}
	}
}

func FuzzCheck(f *testing.F) {
	g := NewGuard()
	f.Add(`Digest username="alice", realm="sbc", nonce="x", uri="sip:bob@192.0.2.1", response="0", cnonce="c", nc=00000001, qop=auth`)
	f.Add(`Digest realm="sbc"`)
	f.Fuzz(func(t *testing.T, v string) {
		m := request("INVITE")
		m.Add(sip.Authorization, v)
		if g.Check(m, "sbc", "alice", "a password nobody guesses", peer) == nil {
			t.Fatalf("%q is taken", v)
		}
		_ = NewClient("a", "b", "").Challenged(challenge(401, v))
	})
}
