package redis

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/rueidis"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// Options say which Redis; only Addresses are needed.
type Options struct {
	Addresses []string // "host:port": of Redis, or of the Sentinels, or of nodes of a Cluster
	Username  string
	Password  string
	TLS       *tls.Config // nil is plain TCP
	Database  int
	Sentinel  string        // the name of the master, if Addresses are Sentinels
	Cluster   bool          // Addresses are nodes of a Cluster
	Prefix    string        // of all keys, without braces; default "sallyport"
	Cache     time.Duration // how long members of sets may be remembered here, until Redis says otherwise; default 60s, negative: not at all
	Deadline  time.Duration // of a method whose context has none; 0 is store.DefaultDeadline
	Log       *slog.Logger  // nil is silence
}

const (
	dialTimeout = time.Second
	// A connection that does not answer for so long is given up.
	silence      = 2 * time.Second
	patience     = 5 * time.Second       // for all of a connection: Sentinels, nodes
	firstPause   = 50 * time.Millisecond // between attempts to connect
	longestPause = time.Second
	// So many timeouts in a row, without an answer between them, and the
	// connection is made anew.
	manyTimeouts = 16
)

// Store is the engine. It is a store.Store and a store.Commander.
type Store struct {
	o        Options
	root     string
	counters store.Counters
	health   *store.Health
	client   atomic.Pointer[rueidis.Client] // nil while Redis is away
	timeouts atomic.Int32                   // in a row
	changed  changes

	lost  chan rueidis.Client // a client that has failed; the goroutine replaces it
	ctx   context.Context     // ends with Close
	close context.CancelFunc
	wait  sync.WaitGroup
}

var (
	_ store.Store     = (*Store)(nil)
	_ store.Commander = (*Store)(nil)
)

// Open begins to connect and waits a second for that to succeed; a Redis that is
// away is no error. Options that cannot work are ErrInvalid.
func Open(o Options) (*Store, error) {
	if o.Prefix == "" {
		o.Prefix = "sallyport"
	}
	if o.Cache == 0 {
		o.Cache = time.Minute
	}
	if o.Deadline == 0 {
		o.Deadline = store.DefaultDeadline
	}
	if err := store.CheckNames(o.Prefix); err != nil || strings.ContainsAny(o.Prefix, "{}") {
		return nil, fmt.Errorf("%w: prefix %q", store.ErrInvalid, o.Prefix)
	}
	if len(o.Addresses) == 0 {
		return nil, fmt.Errorf("%w: no address of Redis", store.ErrInvalid)
	}
	for _, a := range o.Addresses {
		if _, _, err := net.SplitHostPort(a); err != nil {
			return nil, fmt.Errorf("%w: address of Redis: %w", store.ErrInvalid, err)
		}
	}
	if o.Cluster && o.Sentinel != "" || o.Cluster && o.Database != 0 {
		return nil, fmt.Errorf("%w: a cluster has neither Sentinels nor databases", store.ErrInvalid)
	}
	s := &Store{o: o, root: o.Prefix, health: store.NewHealth("redis", o.Log), lost: make(chan rueidis.Client, 1)}
	s.ctx, s.close = context.WithCancel(context.Background())
	first := make(chan struct{})
	s.wait.Go(func() { s.connect(first) })
	select {
	case <-first:
	case <-time.After(dialTimeout):
	}
	return s, nil
}

// Close is Store.Close.
func (s *Store) Close() error {
	s.close()
	s.wait.Wait()
	return nil
}

// Stats is Store.Stats.
func (s *Store) Stats() store.Stats {
	st := store.Stats{Engine: "redis", Ops: s.counters.Stats()}
	st.Up, st.Outages = s.health.Up()
	return st
}

// connect keeps a client, until the store is closed. first is closed after the
// first attempt.
func (s *Store) connect(first chan struct{}) {
	pause := firstPause
	for {
		client, end, err := s.dial()
		if err == nil {
			pause = firstPause
			s.timeouts.Store(0)
			s.client.Store(&client)
			s.health.Works()
		} else {
			s.health.Failed(s.explain(err))
		}
		if first != nil {
			close(first)
			first = nil
		}
		if err == nil {
			select {
			case <-s.ctx.Done():
				s.client.Store(nil)
				end()
				return
			case <-s.lost:
				end()
			}
			continue
		}
		// Nodes that lost the same Redis do not come back in step.
		timer := time.NewTimer(pause/2 + rand.N(pause/2))
		pause = min(2*pause, longestPause)
		select {
		case <-s.ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

func (s *Store) dial() (client rueidis.Client, end func(), err error) {
	ses := &session{tls: s.o.TLS, conns: map[net.Conn]bool{}}
	o := rueidis.ClientOption{
		InitAddress:       s.o.Addresses,
		Username:          s.o.Username,
		Password:          s.o.Password,
		TLSConfig:         s.o.TLS,
		SelectDB:          s.o.Database,
		ClientName:        "sallyport",
		ForceSingleClient: !s.o.Cluster && s.o.Sentinel == "",
		Sentinel:          rueidis.SentinelOption{MasterSet: s.o.Sentinel, TLSConfig: s.o.TLS},
		// Without it, a deadline that passes closes the connection.
		AlwaysPipelining:  true,
		DisableRetry:      true,
		DisableCache:      s.o.Cache < 0,
		CacheSizeEachConn: 8 << 20,
		RingScaleEachConn: 11,
		ConnWriteTimeout:  silence,
		Dialer:            net.Dialer{Timeout: dialTimeout, KeepAlive: silence},
		DialCtxFn:         ses.dial,
	}
	late := time.AfterFunc(patience, ses.end)
	closed := context.AfterFunc(s.ctx, ses.end)
	client, err = rueidis.NewClient(o)
	late.Stop()
	closed()
	if err != nil {
		ses.end()
		return nil, nil, err
	}
	return client, func() {
		defer ses.end()
		defer time.AfterFunc(silence, ses.end).Stop()
		client.Close()
	}, nil
}

// up returns the client, or ErrUnavailable at once.
func (s *Store) up() (rueidis.Client, error) {
	if c := s.client.Load(); c != nil {
		return *c, nil
	}
	if s.ctx.Err() != nil {
		return nil, fmt.Errorf("%w: closed", store.ErrUnavailable)
	}
	return nil, fmt.Errorf("%w: no connection to redis", store.ErrUnavailable)
}

// do runs one operation against Redis: within its deadline, counted, and with an
// error of store's.
func (s *Store) do(ctx context.Context, op store.Op, run func(context.Context, rueidis.Client) error) (err error) {
	start := time.Now()
	if _, has := ctx.Deadline(); !has {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.o.Deadline)
		defer cancel()
	}
	client, err := s.up()
	if err != nil {
		if s.ctx.Err() == nil {
			s.health.Failed(err)
		}
		return s.counters.Done(op, start, err)
	}
	if err = s.explain(run(ctx, client)); err == nil {
		s.timeouts.Store(0)
		s.health.Works()
		return s.counters.Done(op, start, nil)
	}
	switch {
	case errors.Is(err, store.ErrUnavailable):
		s.health.Failed(err)
		var answered answerError
		if !errors.As(err, &answered) && !s.o.Cluster {
			s.lose(client)
		}
	case errors.Is(err, store.ErrTimeout):
		if s.timeouts.Add(1) >= manyTimeouts && !s.o.Cluster {
			s.health.Failed(err)
			s.lose(client)
		}
	default: // it has answered
		s.timeouts.Store(0)
		s.health.Works()
	}
	return s.counters.Done(op, start, err)
}

// lose gives a client up, once.
func (s *Store) lose(client rueidis.Client) {
	now := s.client.Load()
	if now == nil || *now != client || !s.client.CompareAndSwap(now, nil) {
		return
	}
	select {
	case s.lost <- client:
	default:
	}
}

// answerError is an error that Redis has answered: the connection works.
type answerError struct{ text string }

func (e answerError) Error() string { return "redis answered: " + e.text }

// explain turns an error of the library into one of store's.
func (s *Store) explain(err error) error {
	var answer *rueidis.RedisError
	switch {
	case err == nil:
		return nil
	case rueidis.IsRedisNil(err):
		return store.ErrNotFound
	case errors.As(err, &answer):
		text := answer.Error()
		code, _, _ := strings.Cut(text, " ")
		e := answerError{text[:min(len(text), 120)]}
		switch code {
		case "LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN", "OOM", "MISCONF", "NOREPLICAS", "BUSY",
			"NOAUTH", "WRONGPASS", "NOPERM", "MOVED", "ASK":
			return fmt.Errorf("%w: %w", store.ErrUnavailable, e)
		}
		return fmt.Errorf("%w: %w", store.ErrCorrupt, e)
	case errors.Is(err, store.ErrCorrupt), errors.Is(err, store.ErrNotFound), errors.Is(err, store.ErrQuota),
		errors.Is(err, store.ErrInvalid), errors.Is(err, store.ErrSettled), errors.Is(err, store.ErrConflict),
		errors.Is(err, store.ErrShort):
		return err
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return fmt.Errorf("%w: redis: %w", store.ErrTimeout, err)
	case rueidis.IsParseErr(err):
		return fmt.Errorf("%w: %w", store.ErrCorrupt, err)
	}
	return fmt.Errorf("%w: %w", store.ErrUnavailable, err)
}
