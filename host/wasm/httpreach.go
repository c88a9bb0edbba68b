package wasm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// place is an entry of the allow list.
type place struct {
	scheme, name, port string
	path               string  // the beginning of those that are allowed
	host               string  // name and port as a request names them
	origin             *origin // nil: the client goes there
}

// parseURL takes absolute http and https URLs without tricks.
func parseURL(text string) (*url.URL, error) {
	if len(text) > wire.MaxURL {
		return nil, errors.New("too long")
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, errors.Unwrap(err)
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("neither http nor https")
	case u.Host == "" || u.Hostname() == "" || u.Opaque != "":
		return nil, errors.New("no host")
	case u.User != nil:
		return nil, errors.New("has a user")
	case strings.ContainsAny(u.Path, "\\\x00") || strings.Contains(strings.ToLower(u.RawPath), "%2f") || strings.Contains(strings.ToLower(u.RawPath), "%5c"):
		return nil, errors.New("path with an escaped slash")
	}
	for part := range strings.SplitSeq(u.Path, "/") {
		if part == "." || part == ".." {
			return nil, errors.New("path with dots")
		}
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// allowed returns the entry of the list that u stands under, nil when there is none.
func (w *web) allowed(u *url.URL) *place {
	name, port := u.Hostname(), port(u)
	for i := range w.allow {
		if p := &w.allow[i]; p.scheme == u.Scheme && p.port == port && strings.EqualFold(p.name, name) && below(p.path, u.Path) {
			return p
		}
	}
	return nil
}

// originOf is the origin that u belongs to, nil where the client does it better: TLS, and names in other scripts.
func (w *web) originOf(u *url.URL) *origin {
	if u.Scheme != "http" || strings.ContainsFunc(u.Host, func(r rune) bool { return r >= utf8.RuneSelf }) {
		return nil
	}
	addr := net.JoinHostPort(strings.ToLower(u.Hostname()), port(u))
	for _, p := range w.allow {
		if p.origin != nil && p.origin.addr == addr {
			return p.origin
		}
	}
	return &origin{web: w, addr: addr}
}

// use has t send all requests in place of the network.
func (w *web) use(t http.RoundTripper) {
	w.client.Transport = t
	for i := range w.allow {
		w.allow[i].origin = nil
	}
}

// close ends all connections. No request is under way.
func (w *web) close() {
	w.client.CloseIdleConnections()
	for _, p := range w.allow {
		if p.origin != nil {
			p.origin.close()
		}
	}
	w.conns.Wait()
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if u.Scheme == "http" {
		return "80"
	}
	return "443"
}

// below reports whether path is prefix or a part of it: /v1 allows /v1/x and not /v10.
func below(prefix, path string) bool {
	prefix = strings.TrimSuffix(prefix, "/")
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

// dial connects to the first address of the host that may be reached; what was checked is what is
// dialled, so that a name cannot change its mind between.
func (w *web) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var d net.Dialer
	last := error(fmt.Errorf("%w: %s", errPrivate, host))
	for _, a := range addrs {
		a = a.Unmap()
		if !w.reachable(a) {
			continue
		}
		conn, err := d.DialContext(ctx, network, net.JoinHostPort(a.String(), port))
		if err == nil {
			return conn, nil
		}
		last = err
	}
	return nil, last
}

// special are ranges that lead elsewhere than into the public network.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("2001::/32"), netip.MustParsePrefix("fec0::/10"), netip.MustParsePrefix("::/96"),
}

func (w *web) reachable(a netip.Addr) bool {
	for _, p := range w.private {
		if p.Contains(a) {
			return true
		}
	}
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.IsLoopback() || a.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return true
}
