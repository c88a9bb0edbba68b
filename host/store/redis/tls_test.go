package redis

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/store/storetest"
)

// authority is who vouches for certificates in a test.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	a.cert, a.key = a.issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: "test CA"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	})
	return a
}

// issue makes a certificate of this authority, or the authority's own while it has none.
func (a *authority) issue(c *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	c.SerialNumber = big.NewInt(time.Now().UnixNano())
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := c, key
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
	if err != nil {
		a.t.Fatal(err)
	}
	if c, err = x509.ParseCertificate(der); err != nil {
		a.t.Fatal(err)
	}
	return c, key
}

func (a *authority) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(a.cert)
	return p
}

// pemFile writes a PEM file and returns its path.
func pemFile(t *testing.T, dir, name, kind string, der []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	var b bytes.Buffer
	if err := pem.Encode(&b, &pem.Block{Type: kind, Bytes: der}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// startTLS starts a Redis that speaks nothing but TLS and, with auth "yes", asks for
// certificates of the authority.
func startTLS(t *testing.T, a *authority, auth string) *server {
	t.Helper()
	dir := t.TempDir()
	cert, key := a.issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: "redis"}, DNSNames: []string{"redis.example.net"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	})
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, dir: dir, addr: l.Addr().String()}
	l.Close()
	_, port, _ := net.SplitHostPort(s.addr)
	s.cmd = exec.Command("redis-server", "--bind", "127.0.0.1", "--port", "0", "--tls-port", port, "--dir", dir, "--save", "",
		"--tls-cert-file", pemFile(t, dir, "cert.pem", "CERTIFICATE", cert.Raw),
		"--tls-key-file", pemFile(t, dir, "key.pem", "EC PRIVATE KEY", der),
		"--tls-ca-cert-file", pemFile(t, dir, "ca.pem", "CERTIFICATE", a.cert.Raw),
		"--tls-auth-clients", auth, "--logfile", filepath.Join(dir, "log"))
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("redis-server is missing, install it with apt-get install -y redis-server: %v", err)
	}
	t.Cleanup(func() { s.stop(syscall.SIGKILL) })
	s.until("redis listens", func() bool {
		c, err := net.DialTimeout("tcp", s.addr, time.Second)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	return s
}

func TestTLS(t *testing.T) {
	a := newAuthority(t)
	cert, key := a.issue(&x509.Certificate{
		Subject: pkix.Name{CommonName: "sbc1"}, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	ours := []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key}}
	for _, c := range []struct {
		name, auth string
		config     *tls.Config
		works      bool
	}{
		{"its authority is known", "no", &tls.Config{RootCAs: a.pool()}, true},
		{"it has the name", "no", &tls.Config{RootCAs: a.pool(), ServerName: "redis.example.net"}, true},
		{"it has another name", "no", &tls.Config{RootCAs: a.pool(), ServerName: "redis.example.org"}, false},
		{"nobody vouches for it", "no", &tls.Config{RootCAs: newAuthority(t).pool()}, false},
		{"plain TCP", "no", nil, false},
		{"with our certificate", "yes", &tls.Config{RootCAs: a.pool(), Certificates: ours}, true},
		{"without our certificate", "yes", &tls.Config{RootCAs: a.pool()}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := startTLS(t, a, c.auth)
			var log logged
			s := open(t, srv, Options{TLS: c.config, Deadline: enough, Log: log.logger()})
			if !c.works {
				srv.until("it is said", func() bool { return log.count("store is away") > 0 })
				if b, err := s.Deposit(long(t), "a", "d", 5); err == nil {
					t.Errorf("a deposit succeeds: %+v", b)
				}
				return
			}
			srv.until("it works", func() bool { return works(s) })
			if b, err := s.Deposit(long(t), "a", "d", 5); err != nil || b.Amount != 5 {
				t.Fatalf("%+v, %v", b, err)
			}
			in := store.Space{Name: "s"}
			if _, err := s.SetAdd(long(t), in, "set", "m"); err != nil {
				t.Fatal(err)
			}
			if has, err := s.SetHas(long(t), in, "set", "m"); !has || err != nil {
				t.Errorf("has %v, %v", has, err)
			}
			storetest.Audit(t, s, "a")
		})
	}
}
