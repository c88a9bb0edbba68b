package host

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/admin"
)

// selfSigned writes a certificate that vouches for itself, and its key.
func selfSigned(t *testing.T, dir, name string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[*string]*pem.Block{&certFile: {Type: "CERTIFICATE", Bytes: der}, &keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		*path = filepath.Join(dir, name+"-"+block.Type[:4]+".pem")
		if err := os.WriteFile(*path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// The keys of [redis] that are about TLS reach a Redis that takes nothing else, and asks who comes.
func TestRedisByTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := selfSigned(t, dir, "redis.example.net")
	ours, ourKey := selfSigned(t, dir, "sbc1.example.net")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(addr)
	cmd := exec.Command("redis-server", "--bind", "127.0.0.1", "--port", "0", "--tls-port", port, "--dir", dir, "--save", "",
		"--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", ours, "--tls-auth-clients", "yes")
	if err := cmd.Start(); err != nil {
		t.Fatalf("redis-server is missing, install it with apt-get install -y redis-server: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	waitUntil(t, func() bool {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err == nil
	})
	section := func(name string) string {
		return fmt.Sprintf("[store]\nengine = \"redis\"\n[redis]\naddresses = [%q]\ntls = true\nca_file = %q\ncert_file = %q\nkey_file = %q\nserver_name = %q\n[module.blacklist]",
			addr, cert, ours, ourKey, name)
	}
	t.Run("the name it has", func(t *testing.T) {
		s := newStage(t, "blacklist", 1, "[module.blacklist]", section("redis.example.net"))
		waitUntil(t, func() bool {
			_, err := block(t, admin.Block{Value: "alice"})
			return err == nil
		})
		s.calling("alice", 403)
		s.calling("bob", 200)
	})
	t.Run("another name", func(t *testing.T) {
		newStage(t, "blacklist", 1, "[module.blacklist]", section("redis.example.org"))
		_, err := block(t, admin.Block{Value: "alice"})
		refused(t, "block", err, http.StatusServiceUnavailable, "the store is away")
	})
}
