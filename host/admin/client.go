package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"syscall"
)

// maxAnswer bounds what a client reads.
const maxAnswer = 64 << 20

// ErrNotRunning means that nobody answers on the socket.
var ErrNotRunning = errors.New("no SBC answers")

// Client speaks to a running SBC. Its methods are safe for concurrent use.
type Client struct {
	socket string
	http   http.Client
}

// NewClient makes a client; it connects when it is used.
func NewClient(socket string) *Client {
	return &Client{socket: socket, http: http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", socket)
		},
		DisableKeepAlives: true,
	}}}
}

// Do sends a request below /api/v1 with what to send as JSON, nil for no body, and reads the
// answer into what to fill, nil for none; a *json.RawMessage gets it as it is. The error is
// a *Problem when the SBC refuses, and wraps ErrNotRunning when there is none.
func (c *Client) Do(ctx context.Context, method, path string, send, fill any) error {
	var body io.Reader
	if send != nil {
		b, err := json.Marshal(send)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://sallyport"+base+path, body)
	if err != nil {
		return err
	}
	res, err := c.http.Do(req)
	if err != nil {
		return c.explain(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err != nil {
		return err
	}
	if len(b) > maxAnswer {
		return fmt.Errorf("the answer has more than %d bytes", maxAnswer)
	}
	if res.StatusCode != http.StatusOK {
		p := &Problem{}
		if err := json.Unmarshal(b, p); err != nil || p.Message == "" {
			return fmt.Errorf("%s: %s", c.socket, res.Status)
		}
		return p
	}
	if fill == nil {
		return nil
	}
	return json.Unmarshal(b, fill)
}

// explain says what it means that a connection could not be made.
func (c *Client) explain(err error) error {
	switch {
	case errors.Is(err, os.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("%w on %s: is it running, with [control] socket set to that path?", ErrNotRunning, c.socket)
	case errors.Is(err, os.ErrPermission):
		return fmt.Errorf("%s: this user may not control the SBC: the socket's group may", c.socket)
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		err = u.Err
	}
	return fmt.Errorf("%s: %w", c.socket, err)
}
