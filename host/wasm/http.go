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
	"time"

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
	allow   []*url.URL
	private []netip.Prefix
	client  *http.Client
}

// newWeb reads the grant.
func newWeb(g HTTPGrant, conns int) (*web, error) {
	w := &web{private: g.Private}
	for _, text := range g.Allow {
		u, err := parseURL(text)
		if err != nil {
			return nil, fmt.Errorf("allow list: %q: %w", text, err)
		}
		if u.RawQuery != "" {
			return nil, fmt.Errorf("allow list: %q: a query cannot be allowed", text)
		}
		w.allow = append(w.allow, u)
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

// allowed reports whether u is on the list.
func (w *web) allowed(u *url.URL) bool {
	for _, a := range w.allow {
		if a.Scheme == u.Scheme && strings.EqualFold(a.Hostname(), u.Hostname()) && port(a) == port(u) && below(a.Path, u.Path) {
			return true
		}
	}
	return false
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
	if !web.allowed(u) {
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
		if !ok || !headerAllowed(name) || !abi.Clean(value) {
			return work{}, abi.CodeInvalid
		}
		r.Header.Add(strings.Clone(name), strings.Clone(value))
	}
	if len(body) > 0 {
		b := bytes.Clone(body)
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
	}
	timeout := req.U64(wire.HTTPTimeout)
	return work{later: func(ctx context.Context, _ *op) result {
		if timeout > 0 && timeout < 1<<62 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, time.Duration(timeout))
			defer cancel()
		}
		return web.send(r.WithContext(ctx))
	}}, abi.CodeOK
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

// send sends r and reads the whole answer, which is bounded.
func (w *web) send(r *http.Request) result {
	res, err := w.client.Do(r)
	if err != nil {
		return result{code: httpCode(err)}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, wire.MaxBody+1))
	if err != nil {
		return result{code: httpCode(err)}
	}
	if len(body) > wire.MaxBody {
		return result{code: abi.CodeTooBig}
	}
	out := result{status: res.StatusCode, body: body}
	size := 0
	for name, values := range res.Header {
		for _, v := range values {
			if size += len(name) + len(v); len(out.headers) < wire.MaxList && size <= 16<<10 {
				out.headers = append(out.headers, abi.Field{Name: name, Value: v})
			}
		}
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
