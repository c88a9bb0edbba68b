package digest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"strings"
	"time"

	"github.com/icholy/digest"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// nonceLife is how long a nonce is good. A far end with an older one is told that it is
// stale and answers the fresh one without asking its user.
const nonceLife = 5 * time.Minute

// Guard makes challenges and checks credentials. Its nonces carry the time they were
// made and a code that only this Guard can make, for one realm and one address, so it
// remembers nothing: a flood of requests costs no memory. Safe for concurrent use.
type Guard struct {
	secret [32]byte
}

// NewGuard makes a guard with a secret of its own.
func NewGuard() *Guard {
	g := new(Guard)
	rand.Read(g.secret[:])
	return g
}

// What Check fails with.
var (
	ErrNoCredentials = errors.New("no credentials for this realm")
	ErrStale         = errors.New("the nonce is stale")
	ErrWrong         = errors.New("wrong credentials")
)

// algorithms are offered in this order: a far end takes the first it knows (RFC 8760).
var algorithms = [...]string{"SHA-256", "MD5"}

// Challenge is the WWW-Authenticate values of a 401 for a realm, for a far end at addr.
func (g *Guard) Challenge(realm string, addr netip.Addr, stale bool) []string {
	nonce := g.nonce(realm, addr, time.Now())
	values := make([]string, len(algorithms))
	for i, a := range algorithms {
		c := digest.Challenge{Realm: realm, Nonce: nonce, Algorithm: a, QOP: []string{"auth", "auth-int"}, Stale: stale}
		values[i] = c.String()
	}
	return values
}

// Check says whether a request carries the credentials of user for the realm: the first
// Authorization field for it counts. The digest must be for this request's method and
// Request-URI. An empty password never matches.
func (g *Guard) Check(m *sip.Message, realm, user, password string, addr netip.Addr) error {
	for _, h := range m.Headers() {
		if h.ID != sip.Authorization || len(h.Value) > maxHeader {
			continue
		}
		cred, err := digest.ParseCredentials(sip.Unfold(h.Value))
		if err != nil || cred.Realm != realm {
			continue
		}
		return g.verify(m, cred, user, password, addr)
	}
	return ErrNoCredentials
}

func (g *Guard) verify(m *sip.Message, cred *digest.Credentials, user, password string, addr netip.Addr) error {
	made, ok := g.made(cred.Nonce, cred.Realm, addr)
	if !ok {
		return ErrNoCredentials // a nonce of somebody else, or of before a restart: ask again
	}
	known := cred.Algorithm == ""
	for _, a := range algorithms {
		known = known || strings.EqualFold(a, cred.Algorithm)
	}
	if !known || password == "" || cred.URI != m.RURI || cred.QOP != "auth" && cred.QOP != "auth-int" {
		return ErrWrong
	}
	want, err := digest.Digest(
		&digest.Challenge{Realm: cred.Realm, Nonce: cred.Nonce, Algorithm: cred.Algorithm, QOP: []string{cred.QOP}, Opaque: cred.Opaque},
		digest.Options{
			Method: m.Method, URI: cred.URI, Count: cred.Nc, Cnonce: cred.Cnonce, Username: user, Password: password,
			GetBody: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(m.Body)), nil },
		})
	if err != nil {
		return ErrWrong
	}
	if cred.Cnonce == "" || cred.Nc == 0 || cred.Username != user ||
		subtle.ConstantTimeCompare([]byte(want.Response), []byte(strings.ToLower(cred.Response))) != 1 {
		return ErrWrong
	}
	if age := time.Since(made); age < 0 || age > nonceLife {
		return ErrStale
	}
	return nil
}

func (g *Guard) nonce(realm string, addr netip.Addr, at time.Time) string {
	var b [8 + 16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(at.Unix()))
	copy(b[8:], g.code(b[:8], realm, addr))
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// made is when a nonce was made; ok is false when it was not made here.
func (g *Guard) made(nonce, realm string, addr netip.Addr) (at time.Time, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(b) != 8+16 || !hmac.Equal(b[8:], g.code(b[:8], realm, addr)) {
		return time.Time{}, false
	}
	return time.Unix(int64(binary.BigEndian.Uint64(b[:8])), 0), true
}

func (g *Guard) code(at []byte, realm string, addr netip.Addr) []byte {
	h := hmac.New(sha256.New, g.secret[:])
	h.Write(at)
	a := addr.As16()
	h.Write(a[:])
	h.Write([]byte(realm))
	return h.Sum(nil)[:16]
}
