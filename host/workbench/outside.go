package workbench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/host/store"
)

// outside is all a module in a script can reach: web servers, Redis, maps and the clock, each as the
// script says. It notes what it was asked. Safe for concurrent use.
type outside struct {
	said  *said
	clock func() time.Time

	mu    sync.Mutex
	now   time.Time
	web   []*canned
	redis []*canned
	maps  map[string]map[string]string
	fault error // of the store
}

// canned is one answer of a script.
type canned struct {
	words []string // "GET" and the URL; a command and its arguments
	delay time.Duration
	fail  error
	used  bool

	status int // HTTP
	header http.Header
	body   string

	value store.Value // Redis
}

// newOutside is one in which nothing answers, with a clock that only pass moves.
func newOutside(s *said) *outside {
	o := &outside{said: s, now: time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC), maps: map[string]map[string]string{}}
	o.clock = func() time.Time {
		o.mu.Lock()
		defer o.mu.Unlock()
		return o.now
	}
	return o
}

func (o *outside) pass(d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.now = o.now.Add(d)
}

// take finds the answer for a request: the first that fits. Answers to the same request come in their
// order, and the last one for ever.
func take(all *[]*canned, words []string) *canned {
	for i := 0; i < len(*all); i++ {
		c := (*all)[i]
		if !fits(c.words, words) {
			continue
		}
		next := slices.IndexFunc((*all)[i+1:], func(o *canned) bool { return slices.Equal(o.words, c.words) })
		if c.used && next >= 0 {
			*all = slices.Delete(*all, i, i+1)
			i--
			continue
		}
		c.used = true
		return c
	}
	return nil
}

// fits compares word for word; * at a word's end is any ending, and ... at the end any rest.
func fits(pattern, words []string) bool {
	for i, p := range pattern {
		if p == "..." && i == len(pattern)-1 {
			return true
		}
		if i >= len(words) {
			return false
		}
		if begin, any := strings.CutSuffix(p, "*"); p != words[i] && !(any && strings.HasPrefix(words[i], begin)) {
			return false
		}
	}
	return len(pattern) == len(words)
}

// errNoAnswer is a request that the script has no answer for.
var errNoAnswer = errors.New("the script has no answer")

func (c *canned) wait(ctx context.Context) error {
	if c.delay > 0 {
		t := time.NewTimer(c.delay)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return c.fail
}

// RoundTrip answers an HTTP request.
func (o *outside) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(io.LimitReader(r.Body, wire.MaxBody)); err != nil {
			return nil, err
		}
		r.Body.Close()
	}
	words := []string{r.Method, r.URL.String()}
	o.mu.Lock()
	c := take(&o.web, words)
	o.mu.Unlock()
	line := "http " + strings.Join(words, " ")
	if len(body) > 0 {
		line += " " + oneLine(string(body))
	}
	if c == nil {
		o.said.add(line + ": no answer in the script")
		return nil, errNoAnswer
	}
	o.said.add(line)
	if err := c.wait(r.Context()); err != nil {
		return nil, err
	}
	return &http.Response{
		Status: fmt.Sprint(c.status, " ", http.StatusText(c.status)), StatusCode: c.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: c.header.Clone(), Body: io.NopCloser(bytes.NewReader([]byte(c.body))), ContentLength: int64(len(c.body)), Request: r,
	}, nil
}

// Command answers a command for Redis.
func (o *outside) Command(ctx context.Context, args ...string) (store.Value, error) {
	o.mu.Lock()
	c := take(&o.redis, args)
	o.mu.Unlock()
	line := "redis"
	for _, a := range args {
		line += " " + word(a)
	}
	if c == nil {
		o.said.add(line + ": no answer in the script")
		return store.Value{}, fmt.Errorf("%w: %w", store.ErrUnavailable, errNoAnswer)
	}
	o.said.add(line)
	if err := c.wait(ctx); err != nil {
		return store.Value{}, err
	}
	return c.value, nil
}

// lookup is a map of the configuration.
func (o *outside) lookup(name string) (func(dst []byte, key string) ([]byte, bool), bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.maps[name] == nil {
		return nil, false
	}
	return func(dst []byte, key string) ([]byte, bool) {
		o.mu.Lock()
		defer o.mu.Unlock()
		v, ok := o.maps[name][key]
		return append(dst, v...), ok
	}, true
}

// down is why the store does not answer, nil when it does.
func (o *outside) down() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.fault
}

// oneLine is a text as a line of an expect section shows it.
func oneLine(s string) string {
	if strings.ContainsAny(s, "\r\n") || s != strings.TrimSpace(s) {
		return strconv.Quote(s)
	}
	return s
}

// word is a word of a command.
func word(s string) string {
	if s == "" || strings.ContainsAny(s, " \t\r\n\"") {
		return strconv.Quote(s)
	}
	return s
}
