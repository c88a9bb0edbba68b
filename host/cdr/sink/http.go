package sink

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/sallyport-sbc/sallyport/host/cdr"
)

// HTTPOptions say where a batch is posted to, and how.
type HTTPOptions struct {
	URL     string
	Headers map[string]string
	// Array posts a JSON array instead of a line a record (NDJSON).
	Array bool
	// Timeout is for one request, its answer included.
	Timeout time.Duration
	// Refuse are the codes that mean: never. Any other but 2xx means: later.
	Refuse []int
	// TLS is for https; nil is what Go does.
	TLS *tls.Config
}

// HTTP posts batches to a web server. A record has its ID in its first member,
// "id"; a request has one, made of those of its records, in Idempotency-Key: the
// same batch again has the same one. Redirections are not followed.
type HTTP struct {
	o      HTTPOptions
	client *http.Client
	buf    []byte
}

// NewHTTP returns the sink.
func NewHTTP(o HTTPOptions) *HTTP {
	return &HTTP{o: o, client: &http.Client{
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, TLSClientConfig: o.TLS, MaxConnsPerHost: 1, MaxIdleConns: 1,
			IdleConnTimeout: 90 * time.Second, MaxResponseHeaderBytes: 64 << 10, ForceAttemptHTTP2: true,
			ResponseHeaderTimeout: o.Timeout, TLSHandshakeTimeout: o.Timeout,
		},
		Timeout:       o.Timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// mostOfAnswer is how much of an answer's body is read, so that its connection can
// be used again.
const mostOfAnswer = 64 << 10

// Deliver posts all records in one request.
func (h *HTTP) Deliver(ctx context.Context, records []cdr.Record) (int, error) {
	b, kind := h.buf[:0], "application/x-ndjson"
	if h.o.Array {
		b, kind = append(b, '['), "application/json"
	}
	for i, r := range records {
		if h.o.Array && i > 0 {
			b = append(b, ',')
		}
		if b = r.AppendWithID(b); !h.o.Array {
			b = append(b, '\n')
		}
	}
	if h.o.Array {
		b = append(b, ']')
	}
	if h.buf = b; cap(b) > 4<<20 {
		h.buf = nil
	}
	// The transport may still read the body when Do has returned.
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.o.URL, bytes.NewReader(bytes.Clone(b)))
	if err != nil {
		return 0, err
	}
	req.Header.Set("User-Agent", "sallyport")
	for name, value := range h.o.Headers {
		if http.CanonicalHeaderKey(name) == "Host" {
			req.Host = value
		}
		req.Header.Set(name, value)
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Idempotency-Key", batchID(records).String())
	res, err := h.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, mostOfAnswer))
	switch {
	case res.StatusCode/100 == 2:
		return len(records), nil
	case slices.Contains(h.o.Refuse, res.StatusCode):
		return 0, fmt.Errorf("%w: the web server answers %d", cdr.ErrRefused, res.StatusCode)
	}
	return 0, fmt.Errorf("the web server answers %d", res.StatusCode)
}

// batchID is made of the IDs of the records.
func batchID(records []cdr.Record) cdr.ID {
	sum := sha256.New()
	for _, r := range records {
		sum.Write(r.ID[:])
	}
	return cdr.Identify(sum.Sum(nil))
}

// Close gives the connection up.
func (h *HTTP) Close() error {
	h.client.CloseIdleConnections()
	return nil
}
