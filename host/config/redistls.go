package config

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
)

// maxPEM is the largest file with certificates or a key that is read.
const maxPEM = 1 << 20

// TLSConfig reads the certificates that [redis] names. It is nil without TLS.
func (r *Redis) TLSConfig() (*tls.Config, error) {
	c, _, err := r.tlsConfig()
	return c, err
}

// tlsConfig also says which key an error is about.
func (r *Redis) tlsConfig() (c *tls.Config, at string, err error) {
	if !r.TLS {
		return nil, "", nil
	}
	c = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: r.ServerName}
	if r.CAFile != "" {
		pem, err := read(r.CAFile, maxPEM)
		if err != nil {
			return nil, "ca_file", err
		}
		if c.RootCAs = x509.NewCertPool(); !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, "ca_file", errors.New("has no certificate in PEM")
		}
	}
	if r.CertFile == "" && r.KeyFile == "" {
		return c, "", nil
	}
	cert, err := read(r.CertFile, maxPEM)
	if err != nil {
		return nil, "cert_file", err
	}
	private, err := read(r.KeyFile, maxPEM)
	if err != nil {
		return nil, "key_file", err
	}
	pair, err := tls.X509KeyPair(cert, private)
	if err != nil {
		return nil, "cert_file", err
	}
	c.Certificates = []tls.Certificate{pair}
	return c, "", nil
}

// redisTLS checks the keys of [redis] that are about TLS, and makes their paths whole.
func (c *checker) redisTLS(r *Redis) {
	given := false
	for _, f := range []struct {
		key  string
		path *string
	}{{"ca_file", &r.CAFile}, {"cert_file", &r.CertFile}, {"key_file", &r.KeyFile}, {"server_name", nil}} {
		set := r.ServerName != ""
		if f.path != nil {
			if set = *f.path != ""; set {
				*f.path = c.path(*f.path)
			}
		}
		if given = given || set; set && !r.TLS {
			c.errorAt(key{"redis", f.key}, "means nothing without tls = true")
		}
	}
	switch {
	case !given || !r.TLS:
	case r.CertFile != "" && r.KeyFile == "":
		c.errorAt(key{"redis", "cert_file"}, "needs key_file")
	case r.CertFile == "" && r.KeyFile != "":
		c.errorAt(key{"redis", "key_file"}, "needs cert_file")
	default:
		if _, at, err := r.tlsConfig(); err != nil {
			path := map[string]string{"ca_file": r.CAFile, "cert_file": r.CertFile, "key_file": r.KeyFile}[at]
			c.errorAt(key{"redis", at}, "%s: %s", path, plainPath(err))
		}
	}
}
