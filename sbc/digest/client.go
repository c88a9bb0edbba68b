package digest

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/icholy/digest"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// maxHeader bounds a challenge or credentials before they are parsed.
const maxHeader = 4096

// Client answers the challenges of one far end. It belongs to the strand of a call.
type Client struct {
	user, password string
	// realm is the one that is answered: as configured, or that of the first challenge. A
	// far end that asks for another one later is not answered: a digest for a foreign realm
	// is what an attacker would like to have (CVE-2021-41158).
	realm string

	challenge *digest.Challenge
	proxy     bool // it came as Proxy-Authenticate
	count     int  // requests answered with its nonce
	renewed   int  // nonces in a row that were stale at once
}

// NewClient makes a client. An empty realm is pinned by the first challenge.
func NewClient(user, password, realm string) *Client {
	return &Client{user: user, password: password, realm: realm}
}

// maxRenewals is how many nonces in a row may be stale at once.
const maxRenewals = 2

// What Challenged fails with.
var (
	ErrNoChallenge = errors.New("no challenge that can be answered")
	ErrRealm       = errors.New("challenge for another realm")
	ErrRejected    = errors.New("the far end did not take the credentials")
)

// Challenged takes a 401 or 407 to a request. It returns nil when the request may be
// sent again, authorized: the strongest algorithm offered is used, SHA-256 before MD5
// (RFC 8760 §2.4). It fails with ErrRejected when the last credentials were for the same
// nonce or a fresh one that is not said to replace a stale one.
func (c *Client) Challenged(res *sip.Message) error {
	id, proxy := sip.WWWAuthenticate, false
	if res.Status == 407 {
		id, proxy = sip.ProxyAuthenticate, true
	}
	var best *digest.Challenge
	foreign := false
	for _, h := range res.Headers() {
		if h.ID != id || len(h.Value) > maxHeader {
			continue
		}
		ch, err := digest.ParseChallenge(sip.Unfold(h.Value))
		if err != nil {
			continue
		}
		for i := range ch.QOP {
			ch.QOP[i] = strings.ToLower(strings.TrimSpace(ch.QOP[i]))
		}
		if !digest.CanDigest(ch) || ch.Nonce == "" {
			continue
		}
		if c.realm != "" && ch.Realm != c.realm {
			foreign = true
			continue
		}
		if best == nil || strength(ch) > strength(best) {
			best = ch
		}
	}
	switch {
	case best == nil && foreign:
		return ErrRealm
	case best == nil:
		return ErrNoChallenge
	case c.challenge != nil && c.proxy == proxy && (!best.Stale || best.Nonce == c.challenge.Nonce):
		return ErrRejected
	case best.Stale && c.renewed >= maxRenewals:
		return ErrRejected // a far end that calls every nonce stale would be answered for ever
	}
	if c.challenge != nil && c.count <= 1 {
		c.renewed++ // the nonce before did not even last for one request
	} else {
		c.renewed = 0
	}
	c.challenge, c.proxy, c.count, c.realm = best, proxy, 0, best.Realm
	return nil
}

// strength orders algorithms.
func strength(c *digest.Challenge) int {
	switch strings.ToUpper(c.Algorithm) {
	case "SHA-512":
		return 3
	case "SHA-512-256":
		return 2
	case "SHA-256":
		return 1
	}
	return 0
}

// Authorize puts credentials into a request, in place of any there are; before the first
// challenge it does nothing. Each request with one nonce counts up (RFC 7616 §3.4).
func (c *Client) Authorize(m *sip.Message) error {
	if c.challenge == nil {
		return nil
	}
	c.count++
	cred, err := digest.Digest(c.challenge, digest.Options{
		Method: m.Method, URI: m.RURI, Count: c.count,
		Username: c.user, Password: c.password,
		GetBody: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(m.Body)), nil },
	})
	if err != nil {
		return fmt.Errorf("%w: %v", ErrNoChallenge, err)
	}
	m.Remove(sip.Authorization)
	m.Remove(sip.ProxyAuthorization)
	id := sip.Authorization
	if c.proxy {
		id = sip.ProxyAuthorization
	}
	m.Add(id, cred.String())
	return nil
}
