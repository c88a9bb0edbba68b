package wasm

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// script is a server that answers request n of connection c (both from 0) with text, and hangs up when it says so.
type script func(c, n int, r *http.Request) (text string, hangup bool)

// scripted starts a server and returns what sends requests to it, and how many connections there were.
func scripted(t testing.TB, s script) (w *web, url string, conns *atomic.Int32) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	conns = new(atomic.Int32)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c := int(conns.Add(1)) - 1
			all.Go(func() { playScript(conn, c, s) })
		}
	})
	url = "http://" + l.Addr().String() + "/"
	w, err = newWeb(HTTPGrant{Allow: []string{url}, Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}, 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		within(t, "the connections end", w.close)
		l.Close()
		within(t, "the server ends", all.Wait)
	})
	return w, url, conns
}

func playScript(conn net.Conn, c int, s script) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for n := 0; ; n++ {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		text, hangup := s(c, n, req)
		if _, err := io.Copy(io.Discard, req.Body); err != nil {
			return
		}
		if _, err := io.WriteString(conn, text); err != nil || hangup {
			return
		}
	}
}

func within(t testing.TB, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }() // ends with f
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Errorf("%s: not within 20 s", what)
	}
}

type sendTo chan result

func (c sendTo) finish(r result) { c <- r }

// begin sends a request that may take 20 s.
func (w *web) begin(t testing.TB, method, url, body string) (*exchange, chan result) {
	t.Helper()
	a := webRequest{method: method, link: url, body: []byte(body)}
	var err error
	if a.url, err = parseURL(url); err != nil {
		t.Fatal(err)
	}
	done := make(chan result, 2)
	x := &exchange{
		text: a.text(&w.allow[0]), head: method == "HEAD", safe: method == "GET" || method == "HEAD",
		until: time.Now().Add(20 * time.Second), done: sendTo(done),
	}
	w.allow[0].origin.send(x)
	return x, done
}

func (w *web) ask(t testing.TB, method, url, body string) result {
	t.Helper()
	_, done := w.begin(t, method, url, body)
	return came(t, done)
}

func came(t testing.TB, done chan result) result {
	t.Helper()
	select {
	case r := <-done:
		return r
	case <-time.After(40 * time.Second):
		t.Fatal("no result")
		return result{}
	}
}

// rests waits until so many connections are idle.
func (w *web) rests(t testing.TB, n int) {
	t.Helper()
	o := w.allow[0].origin
	for range 4000 {
		o.mu.Lock()
		idle := len(o.idle)
		o.mu.Unlock()
		if idle == n {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("there are never %d idle connections", n)
}

// Every answer means to a guest what it means to net/http's transport, and a connection is used again only where the
// next answer can be told from this one.
func TestAnswersOfWebServers(t *testing.T) {
	large := strings.Repeat("x", wire.MaxBody+1)
	for _, c := range []struct {
		name, method, answer string
		hangup               bool
		status               int
		body                 string
		code                 abi.Code
		kept                 bool
	}{
		{"length", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", false, 200, "body", 0, true},
		{"longest body", "GET", fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", wire.MaxBody, large[1:]), false, 200, large[1:], 0, true},
		{"too long", "GET", fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(large), large), false, 0, "", abi.CodeTooBig, false},
		{"too long, chunked", "GET", fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(large), large), false, 0, "", abi.CodeTooBig, false},
		{"too long, until the end", "GET", "HTTP/1.1 200 OK\r\n\r\n" + large, true, 0, "", abi.CodeTooBig, false},
		{"chunked", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n2\r\ndy\r\n0\r\n\r\n", false, 200, "body", 0, true},
		{"trailer", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n", false, 200, "body", 0, true},
		{"no body", "GET", "HTTP/1.1 204 No Content\r\n\r\n", false, 204, "", 0, true},
		{"no body, though a length", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n", false, 304, "", 0, true},
		{"HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", false, 200, "", 0, true},
		{"HEAD, chunked", "HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false, 200, "", 0, true},
		{"an answer before the answer", "GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody", false, 200, "body", 0, true},
		{"answers before the answer, without end", "GET", strings.Repeat("HTTP/1.1 100 Continue\r\n\r\n", 9000), true, 0, "", abi.CodeIO, false},
		{"close", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody", true, 200, "body", 0, false},
		{"HTTP/1.0", "GET", "HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody", true, 200, "body", 0, false},
		{"HTTP/1.0 that stays", "GET", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 4\r\n\r\nbody", false, 200, "body", 0, true},
		{"until the end", "GET", "HTTP/1.1 200 OK\r\n\r\nbody", true, 200, "body", 0, false},
		{"redirect", "GET", "HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\nContent-Length: 0\r\n\r\n", false, 302, "", 0, true},
		{"two answers", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbodyHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", false, 200, "body", 0, false},
		{"cut", "POST", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbody", true, 0, "", abi.CodeIO, false},
		{"cut, chunked", "POST", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nbody", true, 0, "", abi.CodeIO, false},
		{"cut header", "POST", "HTTP/1.1 200 OK\r\nContent-", true, 0, "", abi.CodeIO, false},
		{"nothing", "POST", "", true, 0, "", abi.CodeIO, false},
		{"garbage", "GET", "\x00\x01\x02\r\n\r\n", true, 0, "", abi.CodeIO, false},
		{"two lengths", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nbody", true, 0, "", abi.CodeIO, false},
		{"long header", "GET", "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 40<<10) + "\r\n\r\n", true, 0, "", abi.CodeIO, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, url, conns := scripted(t, func(int, int, *http.Request) (string, bool) { return c.answer, c.hangup })
			req, err := http.NewRequestWithContext(t.Context(), c.method, url, nil)
			if err != nil {
				t.Fatal(err)
			}
			client := result{code: c.code, status: c.status, body: []byte(c.body)}
			if c.name != "two answers" { // to log what is wrong with it is not worth a line
				client = w.send(req)
			}
			before := conns.Load()
			for range 2 {
				got := w.ask(t, c.method, url, "")
				if got.code != c.code || got.status != c.status || string(got.body) != c.body {
					t.Errorf("%s %d, %d bytes, want %s %d and %d bytes", got.code, got.status, len(got.body), c.code, c.status, len(c.body))
				}
				if got.code != client.code || got.status != client.status || !bytes.Equal(got.body, client.body) {
					t.Errorf("%s %d, %d bytes; net/http: %s %d, %d bytes", got.code, got.status, len(got.body), client.code, client.status, len(client.body))
				}
				if c.kept {
					w.rests(t, 1)
				}
			}
			if n := conns.Load() - before; c.kept != (n == 1) {
				t.Errorf("%d connections for two requests, kept: %v", n, c.kept)
			}
		})
	}
}

// A server that hangs up on a request that it may have carried out hears it again only where that does no harm.
func TestStaleConnection(t *testing.T) {
	for method, want := range map[string]result{"GET": {status: 200}, "POST": {code: abi.CodeIO}} {
		w, url, conns := scripted(t, func(c, n int, _ *http.Request) (string, bool) {
			if c == 0 && n == 1 {
				return "", true
			}
			return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false
		})
		if r := w.ask(t, method, url, ""); r.status != 200 {
			t.Fatalf("%s: %+v", method, r)
		}
		w.rests(t, 1)
		if r := w.ask(t, method, url, ""); r.status != want.status || r.code != want.code {
			t.Errorf("%s again: %s %d, want %s %d", method, r.code, r.status, want.code, want.status)
		}
		if n := conns.Load(); n != 2 && method == "GET" || n != 1 && method == "POST" {
			t.Errorf("%s: %d connections", method, n)
		}
	}
	w, url, conns := scripted(t, func(int, int, *http.Request) (string, bool) { return "", true })
	if r := w.ask(t, "GET", url, ""); r.code != abi.CodeIO || conns.Load() != 1 {
		t.Errorf("a server that never answers: %s after %d connections", r.code, conns.Load())
	}
}

// A connection that the server has closed while it was idle is not used.
func TestClosedWhileIdle(t *testing.T) {
	w, url, conns := scripted(t, func(int, int, *http.Request) (string, bool) {
		return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true
	})
	for range 3 {
		if r := w.ask(t, "POST", url, "x"); r.status != 200 {
			t.Errorf("%+v", r)
		}
		w.rests(t, 0)
	}
	if n := conns.Load(); n != 3 {
		t.Errorf("%d connections", n)
	}
}

func TestRequestTimesOut(t *testing.T) {
	quiet := make(chan struct{})
	w, url, _ := scripted(t, func(_, n int, _ *http.Request) (string, bool) {
		if n == 1 {
			<-quiet
		}
		return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false
	})
	defer close(quiet)
	if r := w.ask(t, "GET", url, ""); r.status != 200 {
		t.Fatalf("%+v", r)
	}
	w.rests(t, 1)
	done := make(chan result, 2)
	w.allow[0].origin.send(&exchange{
		text: []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), safe: true, until: time.Now().Add(30 * time.Millisecond), done: sendTo(done),
	})
	if r := came(t, done); r.code != abi.CodeTimeout {
		t.Errorf("%+v", r)
	}
	w.rests(t, 0)
}

// A request nobody waits for any more ends at once, wherever it is.
func TestRequestIsCanceled(t *testing.T) {
	quiet, heard := make(chan struct{}), make(chan struct{}, 4)
	w, url, _ := scripted(t, func(_, n int, r *http.Request) (string, bool) {
		if r.URL.Path == "/quiet" {
			heard <- struct{}{}
			<-quiet
		}
		return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false
	})
	defer close(quiet)
	for _, warm := range []bool{false, true} {
		if warm {
			w.ask(t, "GET", url, "")
			w.rests(t, 1)
		}
		x, done := w.begin(t, "GET", url+"quiet", "")
		<-heard
		w.allow[0].origin.cancel(x)
		if r := came(t, done); r.code != abi.CodeCallGone {
			t.Errorf("warm %v: %+v", warm, r)
		}
		w.allow[0].origin.cancel(x) // and again, too late
	}
	x, done := w.begin(t, "GET", url, "")
	w.allow[0].origin.cancel(x) // while it dials, or shortly after
	if r := came(t, done); r.code != abi.CodeCallGone && r.status != 200 {
		t.Errorf("%+v", r)
	}
}

// What does not go out at once goes out later; a server that answers before it has heard all is left alone.
func TestLargeRequest(t *testing.T) {
	const size = 32 << 20
	var got atomic.Int64
	w, url, _ := scripted(t, func(_, _ int, r *http.Request) (string, bool) {
		if r.URL.Path == "/deaf" {
			r.Body = http.NoBody
			return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", true
		}
		k, _ := io.Copy(io.Discard, r.Body)
		got.Add(k)
		return "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false
	})
	body := strings.Repeat("x", size)
	for n := range 2 {
		if r := w.ask(t, "POST", url, body); r.status != 200 || got.Load() != int64(n+1)*size {
			t.Fatalf("%+v after %d bytes", r, got.Load())
		}
		if n == 0 {
			w.rests(t, 1)
		}
	}
	if r := w.ask(t, "POST", url+"deaf", body); r.status != 200 && r.code != abi.CodeIO {
		t.Errorf("%+v", r)
	}
	if r := w.ask(t, "POST", url, "x"); r.status != 200 || got.Load() != 2*size+1 {
		t.Errorf("after it: %+v after %d bytes", r, got.Load())
	}
}

// Many requests at the same time, of which some are canceled, end all, once, and leave no more connections than may
// stay.
func TestManyRequests(t *testing.T) {
	w, url, _ := scripted(t, func(_, n int, r *http.Request) (string, bool) {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(r.URL.Path), r.URL.Path), n%7 == 6
	})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for k := range 50 {
				path := fmt.Sprintf("%d-%d", i, k)
				x, done := w.begin(t, "GET", url+path, "")
				if k%5 == 0 {
					w.allow[0].origin.cancel(x)
				}
				select {
				case r := <-done:
					if r.status == 200 && string(r.body) != "/"+path || r.status != 200 && k%5 != 0 {
						t.Errorf("%s: %s %d %q", path, r.code, r.status, r.body)
					}
				case <-time.After(40 * time.Second):
					t.Errorf("%s: no result", path)
					return
				}
				if len(done) > 0 {
					t.Errorf("%s: two results", path)
				}
			}
		})
	}
	all.Wait()
	o := w.allow[0].origin
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.idle) > w.most {
		t.Errorf("%d idle connections", len(o.idle))
	}
}

func TestNobodyListens(t *testing.T) {
	w, url, _ := scripted(t, nil)
	w.private = nil
	if r := w.ask(t, "GET", url, ""); r.code != abi.CodeDenied {
		t.Errorf("a private address: %+v", r)
	}
	if code := httpCode(errors.Join(context.Canceled)); code != abi.CodeCallGone {
		t.Error(code)
	}
}

// FuzzWebRequest writes any request: a server reads the same as from net/http.
func FuzzWebRequest(f *testing.F) {
	w, err := newWeb(HTTPGrant{Allow: []string{"http://api.example.net/v1/"}}, 1)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("http://api.example.net/v1/a%20b?c=d&e", "POST", "X-Account", " alice ", []byte("body"))
	f.Add("http://API.example.net:80/v1/?", "", "user-agent", "x", []byte(nil))
	f.Add("http://api.example.net/v1", "PUT", "a_b", "\tq", []byte(nil))
	f.Fuzz(func(t *testing.T, url, method, name, value string, body []byte) {
		if len(url)+len(name)+len(value)+len(body) > 60_000 {
			return
		}
		b := make([]byte, 64<<10)
		fw := wire.NewWriter(b, wire.HTTPSlots)
		fw.Text(wire.HTTPURL, url)
		fw.Text(wire.HTTPMethod, method)
		fw.Bytes(wire.HTTPBody, body)
		at := fw.List(wire.HTTPHeaders, 2)
		fw.Pair(at, 0, name, value)
		fw.Pair(at, 1, name, "another")
		n, ok := fw.Close()
		if !ok {
			return
		}
		frame, ok := wire.Open(b[:n])
		if !ok {
			t.Fatal("no frame")
		}
		a, p, bad := readHTTP(w, frame)
		if bad != abi.CodeOK {
			return
		}
		var theirs bytes.Buffer
		r := a.request()
		r.Host = p.host // which differs in case only, or in a port that says nothing
		if err := r.Write(&theirs); err != nil {
			t.Fatalf("net/http does not write it: %v", err)
		}
		text := a.text(p)
		got, err1 := http.ReadRequest(bufio.NewReader(bytes.NewReader(text)))
		want, err2 := http.ReadRequest(bufio.NewReader(&theirs))
		if (err1 == nil) != (err2 == nil) {
			t.Fatalf("%q: %v, net/http's: %v", text, err1, err2)
		}
		if err1 != nil {
			return
		}
		gotBody, _ := io.ReadAll(got.Body)
		wantBody, _ := io.ReadAll(want.Body)
		if got.Method != want.Method || got.RequestURI != want.RequestURI || got.Host != want.Host || got.ContentLength != want.ContentLength ||
			!bytes.Equal(gotBody, wantBody) || !maps.EqualFunc(got.Header, want.Header, slices.Equal) {
			t.Errorf("%q is\n%+v, net/http's\n%+v", text, got, want)
		}
	})
}

// FuzzWebAnswer reads any answer: what comes out is bounded, and a connection that is kept holds nothing more.
func FuzzWebAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"), false)
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nbo\r\n0\r\n\r\n"), false)
	f.Add([]byte("HTTP/1.1 304 Not Modified\r\nContent-Length: 4\r\n\r\n"), true)
	f.Fuzz(func(t *testing.T, b []byte, head bool) {
		near, far := net.Pipe()
		go func() { // ends with near
			far.Write(b)
			far.Close()
		}()
		c := &webConn{conn: near, left: maxResponseHeader}
		c.r = bufio.NewReader(c)
		defer near.Close()
		out, keep, err := c.answer(&exchange{head: head})
		size := 0
		for _, h := range out.headers {
			size += len(h.Name) + len(h.Value)
		}
		if len(out.body) > wire.MaxBody || len(out.headers) > wire.MaxList || size > 16<<10 {
			t.Errorf("a body of %d bytes, %d fields of %d bytes", len(out.body), len(out.headers), size)
		}
		if keep && (err != nil || out.code != abi.CodeOK || out.status < 200 || c.r.Buffered() > 0) {
			t.Errorf("kept after %+v, %v", out, err)
		}
	})
}
