package wasm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
)

// hostileWeb is a web server that behaves under /ok/echo and nowhere else.
func hostileWeb(tb testing.TB) string {
	mux := http.NewServeMux()
	mux.HandleFunc("/ok/echo", func(w http.ResponseWriter, r *http.Request) {
		b := make([]byte, 100)
		n, _ := r.Body.Read(b)
		w.Header().Set("X-Echo", r.Header.Get("X-Echo"))
		fmt.Fprintf(w, "%s %s", r.Method, b[:n])
	})
	mux.HandleFunc("/ok/broken", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	mux.HandleFunc("/ok/redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/other", http.StatusFound) })
	mux.HandleFunc("/other", func(http.ResponseWriter, *http.Request) { tb.Error("a place off the list was asked") })
	mux.HandleFunc("/ok/endless", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	})
	mux.HandleFunc("/ok/loris", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			w.Write([]byte("x"))
			w.(http.Flusher).Flush()
			select {
			case <-time.After(10 * time.Millisecond):
			case <-r.Context().Done():
			}
		}
	})
	mux.HandleFunc("/ok/silent", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	hijacked := func(answer string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				c.Write([]byte(answer))
				c.Close()
			}
		}
	}
	mux.HandleFunc("/ok/cut", hijacked("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"))
	mux.HandleFunc("/ok/garbage", hijacked("\x00\x01\x02 this is no HTTP\r\n\r\n"))
	s := httptest.NewServer(mux)
	tb.Cleanup(s.Close)
	return s.URL
}

func TestWhereRequestsMayGo(t *testing.T) {
	w, err := newWeb(HTTPGrant{Allow: []string{"https://api.example.net/v1", "http://10.0.0.1:8080/"}, Private: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]bool{
		"https://api.example.net/v1": true, "https://API.example.net:/v1/": true, "https://api.example.net:443/v1": true, "https://api.example.net/v1/x?y=z": true,
		"https://api.example.net/v10": false, "https://api.example.net/": false, "http://api.example.net/v1": false,
		"https://api.example.net:444/v1": false, "https://api.example.net.evil.example/v1": false, "https://evil.example/v1": false,
		"https://api.example.net@evil.example/v1": false, "https://api.example.net/v1/../x": false, "https://api.example.net/v1/%2e%2e/x": false,
		"https://api.example.net/v1%2f..%2fx": false, "https://api.example.net/v1\\x": false, "http://10.0.0.1:8080/any": true,
		"": false, "/v1": false, "https:///v1": false, "javascript:alert(1)": false, "https://api.example.net/v1\r\n": false,
	} {
		u, err := parseURL(url)
		if got := err == nil && w.allowed(u) != nil; got != want {
			t.Errorf("%q: allowed %v (%v), want %v", url, got, err, want)
		}
	}
	for addr, want := range map[string]bool{
		"93.184.216.34": true, "2606:2800:220:1::1": true, "10.1.2.3": true, "::ffff:10.1.2.3": true,
		"127.0.0.1": false, "::1": false, "192.168.0.1": false, "172.16.0.1": false, "169.254.169.254": false, "fe80::1": false,
		"fd00::1": false, "0.0.0.0": false, "::": false, "224.0.0.1": false, "100.64.0.1": false, "255.255.255.255": false,
		"64:ff9b::7f00:1": false, "2002:7f00:1::": false, "::ffff:127.0.0.1": false, "::7f00:1": false,
	} {
		if got := w.reachable(netip.MustParseAddr(addr).Unmap()); got != want {
			t.Errorf("%s: reachable %v, want %v", addr, got, want)
		}
	}
	// A name that leads to a private address is checked where it is dialled.
	if _, err := w.dial(t.Context(), "tcp", "localhost:80"); !errors.Is(err, errPrivate) {
		t.Errorf("localhost: %v", err)
	}
	var none net.Error
	if err := fmt.Errorf("x: %w", context.DeadlineExceeded); httpCode(err) != abi.CodeTimeout || errors.As(err, &none) && !none.Timeout() {
		t.Error("a deadline is no time-out")
	}
}

// FuzzAllowed tries to get past the allow list: what passes is sent to the listed host and below the listed path.
func FuzzAllowed(f *testing.F) {
	w, err := newWeb(HTTPGrant{Allow: []string{"https://api.example.net/v1/"}}, 1)
	if err != nil {
		f.Fatal(err)
	}
	for _, url := range []string{"https://api.example.net/v1/x", "https://api.example.net:443/v1/../x", "https://api.example.net@evil/v1/", "https://API.example.net/v1/%2e%2e/", "https:\\\\api.example.net/v1/"} {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := parseURL(text)
		if err != nil || w.allowed(u) == nil {
			return
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.String(), nil)
		if err != nil {
			return // it is never sent
		}
		path := r.URL.EscapedPath()
		if u.User != nil || !strings.EqualFold(r.URL.Hostname(), "api.example.net") || r.URL.Scheme != "https" ||
			path != "/v1" && !strings.HasPrefix(path, "/v1/") && !strings.HasPrefix(r.URL.Path, "/v1/") || strings.Contains(r.URL.Path, "/../") || strings.HasSuffix(r.URL.Path, "/..") {
			t.Errorf("%q passes as %s", text, r.URL)
		}
	})
}
