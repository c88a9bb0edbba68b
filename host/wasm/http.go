package wasm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"sync"
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
	allow   []place
	private []netip.Prefix
	most    int // connections to one place that stay open
	client  *http.Client
	conns   sync.WaitGroup // goroutines of connections
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
		w.allow = append(w.allow, place{u.Scheme, u.Hostname(), port(u), u.Path, u.Host, w.originOf(u)})
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

// webRequest is a request of a guest, in whose memory its texts may lie.
type webRequest struct {
	method string
	link   string // as the guest wrote it
	url    *url.URL
	fields wire.List
	body   []byte
}

// readHTTP reads the request frame.
func readHTTP(w *web, req wire.Reader) (a webRequest, p *place, bad abi.Code) {
	var err error
	a.link = req.Text(wire.HTTPURL)
	if a.url, err = parseURL(a.link); err != nil {
		return a, nil, abi.CodeInvalid
	}
	if p = w.allowed(a.url); p == nil {
		return a, nil, abi.CodeDenied
	}
	a.method = methodOf(req.Text(wire.HTTPMethod))
	var inside, listed bool
	a.body, inside = req.Bytes(wire.HTTPBody)
	a.fields, listed = req.List(wire.HTTPHeaders)
	switch {
	case a.method == "" || !inside || !listed:
		return a, nil, abi.CodeInvalid
	case len(a.body) > wire.MaxBody || a.fields.Len() > 64:
		return a, nil, abi.CodeTooBig
	}
	for i := range a.fields.Len() {
		if name, value, ok := a.fields.At(i); !ok || !headerAllowed(name) || !headerText(value) {
			return a, nil, abi.CodeInvalid
		}
	}
	return a, p, abi.CodeOK
}

// methodOf is the method that a guest may mean, "" when it may not.
func methodOf(name string) string {
	if name == "" {
		return http.MethodGet
	}
	for _, m := range [...]string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodHead} {
		if m == name {
			return m
		}
	}
	return ""
}

// prepareHTTP is sbc_http.send.
func prepareHTTP(in *instance, _ *abi.Call, req wire.Reader) (work, abi.Code) {
	web := in.g.web
	a, p, bad := readHTTP(web, req)
	if bad != abi.CodeOK {
		return work{}, bad
	}
	timeout := time.Duration(min(req.U64(wire.HTTPTimeout), 1<<62))
	if o := p.origin; o != nil {
		return work{begin: &exchange{
			to: o, text: a.text(p), timeout: timeout,
			head: a.method == http.MethodHead, safe: a.method == http.MethodGet || a.method == http.MethodHead,
		}}, abi.CodeOK
	}
	r := a.request()
	return work{later: func(ctx context.Context, _ *op) result {
		if timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, timeout)
			defer cancel()
		}
		return web.send(r.WithContext(ctx))
	}}, abi.CodeOK
}

// request is a for net/http, with nothing of the guest's memory.
func (a *webRequest) request() *http.Request {
	u, _ := parseURL(strings.Clone(a.link))
	r := &http.Request{Method: a.method, URL: u, Host: u.Host, Header: http.Header{"User-Agent": {agent}}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
	for i := range a.fields.Len() {
		name, value, _ := a.fields.At(i)
		r.Header.Add(strings.Clone(name), strings.Clone(value))
	}
	if len(a.body) > 0 {
		b := bytes.Clone(a.body)
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(b)), int64(len(b))
		r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
	}
	return r
}

// agent is what requests say who sends them.
const agent = "Sallyport"

// text is a as it is sent to p (RFC 9112), the same that net/http sends but for the order of the fields.
func (a *webRequest) text(p *place) []byte {
	b := make([]byte, 0, 512+len(a.body))
	b = append(b, a.method...)
	b = append(b, ' ')
	b = append(b, a.url.RequestURI()...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, p.host...)
	b = append(b, "\r\nUser-Agent: "+agent+"\r\n"...)
	switch a.method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		b = appendLength(b, len(a.body))
	default:
		if len(a.body) > 0 {
			b = appendLength(b, len(a.body))
		}
	}
	for i := range a.fields.Len() {
		name, value, _ := a.fields.At(i)
		if strings.EqualFold(name, "User-Agent") {
			continue
		}
		b = append(b, name...)
		b = append(b, ": "...)
		b = append(b, textproto.TrimString(value)...)
		b = append(b, "\r\n"...)
	}
	b = append(b, "\r\n"...)
	return append(b, a.body...)
}

func appendLength(b []byte, n int) []byte {
	b = append(b, "Content-Length: "...)
	b = strconv.AppendInt(b, int64(n), 10)
	return append(b, "\r\n"...)
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
