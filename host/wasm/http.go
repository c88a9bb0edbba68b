package wasm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// HTTPGrant is what a module that is granted sbc_http may reach.
type HTTPGrant struct {
	// Allow are URLs: scheme, host, port and the beginning of the path must be those of one of them.
	Allow []string
	// Private are address ranges that are not public and yet may be reached.
	Private []netip.Prefix
}

var httpFunctions = map[string]function{"send": asynchronous("sbc_http", prepareHTTP)}

// errPrivate is an address that is not public and not listed.
var errPrivate = errors.New("address is not public and not listed")

// web is what a generation sends requests with.
type web struct {
	allow   []place
	private []netip.Prefix
	most    int // connections to one place that stay open
	client  *http.Client
	conns   sync.WaitGroup // goroutines of connections
}

// place is an entry of the allow list.
type place struct {
	url    *url.URL
	origin *origin // nil: the client goes there
}

// newWeb reads the grant.
func newWeb(g HTTPGrant, conns int) (*web, error) {
	w := &web{private: g.Private, most: conns}
	for _, text := range g.Allow {
		u, err := parseURL(text)
		if err != nil {
			return nil, fmt.Errorf("allow list: %q: %w", text, err)
		}
		if u.RawQuery != "" {
			return nil, fmt.Errorf("allow list: %q: a query cannot be allowed", text)
		}
		w.allow = append(w.allow, place{u, w.originOf(u)})
	}
	w.client = &http.Client{
		Transport: &http.Transport{
			DialContext:            w.dial,
			MaxConnsPerHost:        conns,
			MaxIdleConnsPerHost:    conns,
			IdleConnTimeout:        30 * time.Second,
			TLSHandshakeTimeout:    5 * time.Second,
			MaxResponseHeaderBytes: 32 << 10,
			DisableCompression:     true, // a small body stays a small body
			ForceAttemptHTTP2:      true,
		},
		// Where a redirect leads is for the module to see, and to send again.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return w, nil
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
	for i := range w.allow {
		p := &w.allow[i]
		if a := p.url; a.Scheme == u.Scheme && strings.EqualFold(a.Hostname(), u.Hostname()) && port(a) == port(u) && below(a.Path, u.Path) {
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
	return map[string]string{"http": "80", "https": "443"}[u.Scheme]
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

// prepareHTTP is sbc_http.send.
func prepareHTTP(in *instance, _ *abi.Call, req wire.Reader) (work, abi.Code) {
	web := in.g.web
	u, err := parseURL(strings.Clone(req.Text(wire.HTTPURL)))
	if err != nil {
		return work{}, abi.CodeInvalid
	}
	place := web.allowed(u)
	if place == nil {
		return work{}, abi.CodeDenied
	}
	method, ok := map[string]string{
		"": "GET", "GET": "GET", "POST": "POST", "PUT": "PUT", "PATCH": "PATCH", "DELETE": "DELETE", "HEAD": "HEAD",
	}[req.Text(wire.HTTPMethod)]
	body, inside := req.Bytes(wire.HTTPBody)
	list, listed := req.List(wire.HTTPHeaders)
	switch {
	case !ok || !inside || !listed:
		return work{}, abi.CodeInvalid
	case len(body) > wire.MaxBody || list.Len() > 64:
		return work{}, abi.CodeTooBig
	}
	r := &http.Request{Method: method, URL: u, Host: u.Host, Header: http.Header{"User-Agent": {"Sallyport"}}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	for i := range list.Len() {
		name, value, ok := list.At(i)
		if !ok || !headerAllowed(name) || !headerText(value) {
			return work{}, abi.CodeInvalid
		}
		r.Header.Add(strings.Clone(name), strings.Clone(value))
	}
	if len(body) > 0 {
		b := bytes.Clone(body)
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
	}
	timeout := time.Duration(min(req.U64(wire.HTTPTimeout), 1<<62))
	if o := place.origin; o != nil {
		text, err := requestText(r)
		if err != nil {
			return work{}, abi.CodeInvalid
		}
		x := &exchange{text: text, head: method == "HEAD", safe: method == "GET" || method == "HEAD"}
		return work{begin: func(op *op, until time.Time) {
			if x.until = until; timeout > 0 {
				x.until = earlier(until, time.Now().Add(timeout))
			}
			x.done, op.stop = op.finish, func() { o.cancel(x) }
			o.send(x)
		}}, abi.CodeOK
	}
	return work{later: func(ctx context.Context, _ *op) result {
		if timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, timeout)
			defer cancel()
		}
		return web.send(r.WithContext(ctx))
	}}, abi.CodeOK
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// headerAllowed reports whether a guest may set the header: none that shapes the message itself.
func headerAllowed(name string) bool {
	if name == "" || len(name) > wire.MaxName {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if c|0x20 < 'a' || c|0x20 > 'z' {
			if c != '-' && c != '_' && (c < '0' || c > '9') {
				return false
			}
		}
	}
	switch strings.ToLower(name) {
	case "host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "keep-alive", "proxy-authorization", "proxy-connection", "expect":
		return false
	}
	return true
}

// headerText reports whether v may be the value of a header (RFC 9110 section 5.5).
func headerText(v string) bool {
	for i := range len(v) {
		if c := v[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// send sends r and reads the whole answer, which is bounded.
func (w *web) send(r *http.Request) result {
	res, err := w.client.Do(r)
	if err != nil {
		return result{code: httpCode(err)}
	}
	defer res.Body.Close()
	out, err := resultOf(res)
	if err != nil {
		return result{code: httpCode(err)}
	}
	return out
}

func httpCode(err error) abi.Code {
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, errPrivate):
		return abi.CodeDenied
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return abi.CodeTimeout
	case errors.Is(err, context.Canceled):
		return abi.CodeCallGone
	}
	return abi.CodeIO
}
