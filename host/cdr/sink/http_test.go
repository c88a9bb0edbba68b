package sink

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/cdr"
)

// web is a web server that keeps records by their id and can be killed.
type web struct {
	t    testing.TB
	addr string
	srv  *http.Server
	done chan struct{}

	mu       sync.Mutex
	records  map[string]int    // by id, how often
	batches  map[string]string // bodies by idempotency key
	answer   func(records []map[string]any) int
	kind     string
	requests int
}

func newWeb(t testing.TB) *web {
	t.Helper()
	w := &web{t: t, records: map[string]int{}, batches: map[string]string{}}
	w.start("127.0.0.1:0")
	t.Cleanup(w.kill)
	return w
}

func (w *web) start(addr string) {
	w.t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		w.t.Fatal(err)
	}
	w.addr, w.srv, w.done = l.Addr().String(), &http.Server{Handler: w}, make(chan struct{})
	go func() {
		defer close(w.done)
		_ = w.srv.Serve(l)
	}()
}

// kill ends the server with its connections.
func (w *web) kill() {
	_ = w.srv.Close()
	<-w.done
}

func (w *web) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests++
	w.kind = r.Header.Get("Content-Type")
	var batch []map[string]any
	if w.kind == "application/json" {
		err = json.Unmarshal(body, &batch)
	} else {
		for d := json.NewDecoder(bytes.NewReader(body)); err == nil; {
			var one map[string]any
			if err = d.Decode(&one); err == nil {
				batch = append(batch, one)
			}
		}
		if err == io.EOF {
			err = nil
		}
	}
	if err != nil || r.Method != "POST" || r.Header.Get("Authorization") != "Bearer token" {
		w.t.Errorf("%s %v %v", r.Method, r.Header, err)
	}
	if w.answer != nil {
		if code := w.answer(batch); code != 200 {
			rw.WriteHeader(code)
			return
		}
	}
	key := r.Header.Get("Idempotency-Key")
	if before, again := w.batches[key]; again && before != string(body) {
		w.t.Errorf("key %s for two batches", key)
	}
	w.batches[key] = string(body)
	for _, one := range batch {
		id, _ := one["id"].(string)
		w.records[id]++
	}
}

func (w *web) sink(change func(*HTTPOptions)) func() (cdr.Sink, error) {
	o := HTTPOptions{
		URL: "http://" + w.addr + "/cdr", Headers: map[string]string{"authorization": "Bearer token"},
		Timeout: 10 * time.Second, Refuse: []int{400, 413, 422},
	}
	if change != nil {
		change(&o)
	}
	return func() (cdr.Sink, error) { return NewHTTP(o), nil }
}

// all checks that records 0..n-1 have arrived but those that are missing.
func (w *web) all(n int, missing ...int) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	without := map[int]bool{}
	for _, m := range missing {
		without[m] = true
	}
	for i := range n {
		if got := w.records[cdr.Identify([]byte(line(i))).String()]; (got > 0) == without[i] {
			w.t.Errorf("record %d arrived %d times", i, got)
		}
	}
	if len(w.records) != n-len(missing) {
		w.t.Errorf("%d records", len(w.records))
	}
}

func TestHTTP(t *testing.T) {
	for _, c := range []struct {
		array bool
		kind  string
	}{{false, "application/x-ndjson"}, {true, "application/json"}} {
		w := newWeb(t)
		s := newSource(t, w.sink(func(o *HTTPOptions) { o.Array = c.array }))
		s.emit(1000)
		s.drained()
		w.all(1000)
		if w.kind != c.kind {
			t.Errorf("content type %q", w.kind)
		}
	}
}

// The server is killed and comes back; meanwhile it answers 503, 429, 301 and 500, too.
func TestHTTPOutage(t *testing.T) {
	w := newWeb(t)
	s := newSource(t, w.sink(nil))
	s.emit(100)
	s.drained()
	w.kill()
	s.emit(100)
	s.failed()
	codes := []int{503, 429, 301, 500, 404}
	w.answer = func([]map[string]any) int {
		if len(codes) == 0 {
			return 200
		}
		code := codes[0]
		codes = codes[1:]
		return code
	}
	w.start(w.addr)
	s.emit(100)
	s.drained()
	w.all(300)
	if st := s.stats(); st.Delivered != 300 || st.Refused != 0 || st.Errors < 6 {
		t.Errorf("%+v", st)
	}
}

// The answer is lost: the batch comes again with the same key and the same ids.
func TestHTTPAnswerIsLost(t *testing.T) {
	w := newWeb(t)
	h := NewHTTP(HTTPOptions{URL: "http://" + w.addr + "/", Headers: map[string]string{"Authorization": "Bearer token"}, Timeout: long})
	defer h.Close()
	for range 2 {
		if n, err := h.Deliver(t.Context(), records(0, 7)); n != 7 || err != nil {
			t.Fatal(n, err)
		}
	}
	if len(w.batches) != 1 || len(w.records) != 7 {
		t.Errorf("%d keys, %d ids", len(w.batches), len(w.records))
	}
}

// One record the server will never take costs that one and no other.
func TestHTTPRefused(t *testing.T) {
	w := newWeb(t)
	w.answer = func(batch []map[string]any) int {
		for _, r := range batch {
			if r["cdr_id"] == "call-13" || r["cdr_id"] == "call-77" {
				return 422
			}
		}
		return 200
	}
	s := newSource(t, w.sink(nil))
	s.emit(100)
	s.drained()
	w.all(100, 13, 77)
	if st := s.stats(); st.Refused != 2 || st.Delivered != 98 || st.Errors != 0 {
		t.Errorf("%+v", st)
	}
}

// A server that takes the request and says nothing is given up in time.
func TestHTTPSilence(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	h := NewHTTP(HTTPOptions{URL: "http://" + silent.Addr().String() + "/", Timeout: 50 * time.Millisecond})
	defer h.Close()
	if n, err := h.Deliver(t.Context(), records(0, 1)); n != 0 || err == nil {
		t.Errorf("%d, %v", n, err)
	}
	// An endless answer is read no further than it must be.
	endless := &http.Server{Handler: http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := rw.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	})}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = endless.Serve(l) }()
	defer endless.Close()
	e := NewHTTP(HTTPOptions{URL: "http://" + l.Addr().String() + "/", Timeout: long})
	defer e.Close()
	if n, err := e.Deliver(t.Context(), records(0, 1)); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}
