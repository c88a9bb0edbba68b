package redis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/store/storetest"
)

// logged collects log lines.
type logged struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logged) count(s string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.b.String(), s)
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

func TestRedisKilledAndStartedAgain(t *testing.T) {
	srv := startServer(t, "--appendonly", "yes", "--appendfsync", "always")
	var log logged
	s := open(t, srv, Options{Log: log.logger()})
	if _, err := s.Deposit(long(t), "a", "d1", 1000); err != nil {
		t.Fatal(err)
	}
	if g, err := s.Reserve(long(t), "a", "c", 1, 100, time.Hour); g != 100 || err != nil {
		t.Fatal(g, err)
	}
	srv.stop(syscall.SIGKILL)
	for range 200 {
		start := time.Now()
		if _, err := s.Commit(context.Background(), "a", "c", 1, 70); !errors.Is(err, store.ErrUnavailable) && !errors.Is(err, store.ErrTimeout) {
			t.Fatalf("Commit while redis is away: %v", err)
		}
		if d := time.Since(start); d > soon {
			t.Fatalf("an operation took %v while redis is away", d)
		}
	}
	if st := s.Stats(); st.Up || st.Outages != 1 || st.Ops[store.OpCommit].Unavailable < 150 {
		t.Errorf("Stats while redis is away: %+v", st)
	}
	srv.start()
	srv.until("it works again", func() bool { return works(s) })
	for range 2 {
		if b, err := s.Commit(long(t), "a", "c", 1, 70); err != nil || b.Amount != 930 {
			t.Fatalf("Commit after the outage: %+v, %v", b, err)
		}
	}
	if b := storetest.Audit(t, s, "a"); b.Amount != 930 || b.Reserved != 0 {
		t.Fatalf("balance %+v", b)
	}
	if away, back := log.count("store is away"), log.count("store is back"); away < 1 || away > 3 || back != 1 {
		t.Errorf("said %d times that it is away and %d times that it is back, want once, or again after ten seconds, and once", away, back)
	}
}

func TestRedisHangs(t *testing.T) {
	srv := startServer(t)
	s := open(t, srv, Options{})
	if !works(s) {
		t.Fatal("it does not work to begin with")
	}
	srv.signal(syscall.SIGSTOP)
	timeouts, unavailable := 0, 0
	for range 3 * manyTimeouts {
		start := time.Now()
		_, err := s.Take(context.Background(), "k", 1, 1, 1)
		if d := time.Since(start); d > soon {
			t.Fatalf("an operation took %v", d)
		}
		switch {
		case errors.Is(err, store.ErrTimeout):
			timeouts++
		case errors.Is(err, store.ErrUnavailable):
			unavailable++
		default:
			t.Fatalf("Take while redis hangs: %v", err)
		}
	}
	if timeouts == 0 || timeouts > 2*manyTimeouts || unavailable == 0 {
		t.Errorf("%d timeouts, then %d refusals at once", timeouts, unavailable)
	}
	srv.signal(syscall.SIGCONT)
	srv.until("it works again", func() bool { return works(s) })
}

func TestRedisStartsLater(t *testing.T) {
	srv := startServer(t)
	srv.stop(syscall.SIGTERM)
	s := open(t, srv, Options{})
	if works(s) {
		t.Fatal("it works without redis")
	}
	srv.start()
	srv.until("it works", func() bool { return works(s) })
}

func TestCloseWhileAway(t *testing.T) {
	srv := startServer(t)
	srv.stop(syscall.SIGTERM)
	s := open(t, srv, Options{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Renew(context.Background(), "n", time.Minute); !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("Renew of a closed store: %v", err)
	}
}

// Redis comes back empty: leases of calls that live on are there again within
// the time of a renewal, nobody having done anything; a commit says loudly that
// its account is gone.
func TestRedisEmptied(t *testing.T) {
	srv := startServer(t)
	s := open(t, srv, Options{})
	limits := []store.Limit{{Key: "user/alice", Max: 3, Cost: 1}, {Key: "kbps", Max: 300, Cost: 100}}
	h := store.NewHolder(s, "n1", store.HolderOptions{TTL: 600 * time.Millisecond})
	ctx, cancel := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	wait.Go(func() { h.Run(ctx) })
	defer wait.Wait()
	defer cancel()
	for i := range 3 {
		if denied, err := h.Acquire(long(t), fmt.Sprint("c", i), limits); denied != "" || err != nil {
			t.Fatal(denied, err)
		}
	}
	if _, err := s.Deposit(long(t), "a", "d", 100); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Reserve(long(t), "a", "c", 1, 10, time.Hour); err != nil {
		t.Fatal(err)
	}
	srv.command("FLUSHALL")
	srv.command("SCRIPT FLUSH")
	srv.until("the leases are there again", func() bool {
		n, err := s.Used(long(t), "user/alice")
		m, _ := s.Used(long(t), "kbps")
		return err == nil && n == 3 && m == 300
	})
	if denied, err := h.Acquire(long(t), "c3", limits); denied != "user/alice" || err != nil {
		t.Fatalf("Acquire beyond the limit after the loss: %q, %v", denied, err)
	}
	if _, err := s.Commit(long(t), "a", "c", 1, 5); !errors.Is(err, store.ErrNotFound) {
		t.Fatalf("Commit on a lost account: %v", err)
	}
	for i := range 3 {
		h.Release(fmt.Sprint("c", i))
	}
	srv.until("nothing is held", func() bool {
		n, err := s.Used(long(t), "user/alice")
		return err == nil && n == 0
	})
}

// A node dies without a word: what it held is free when its time is over, and it
// begins at nothing when it is started again.
func TestNodeDies(t *testing.T) {
	srv := startServer(t)
	s := open(t, srv, Options{})
	limits := []store.Limit{{Key: "trunk", Max: 2, Cost: 1}}
	const ttl = 600 * time.Millisecond
	run := func(h *store.Holder) (stop func()) {
		ctx, cancel := context.WithCancel(context.Background())
		var wait sync.WaitGroup
		wait.Go(func() { h.Run(ctx) })
		return func() { cancel(); wait.Wait() }
	}
	dies := store.NewHolder(s, "n1", store.HolderOptions{TTL: ttl})
	stop := run(dies)
	for _, c := range []string{"c1", "c2"} {
		if denied, err := dies.Acquire(long(t), c, limits); denied != "" || err != nil {
			t.Fatal(denied, err)
		}
	}
	lives := store.NewHolder(s, "n2", store.HolderOptions{TTL: ttl})
	defer run(lives)()
	if denied, err := lives.Acquire(long(t), "c3", limits); denied != "trunk" || err != nil {
		t.Fatal(denied, err)
	}
	stop()
	srv.until("the trunk is free", func() bool {
		denied, err := lives.Acquire(long(t), "c3", limits)
		return denied == "" && err == nil
	})
	again := store.NewHolder(s, "n1", store.HolderOptions{TTL: ttl})
	defer run(again)()
	srv.until("only the living call counts", func() bool {
		n, err := s.Used(long(t), "trunk")
		return err == nil && n == 1
	})
}

func TestOptions(t *testing.T) {
	for name, o := range map[string]Options{
		"no address":            {},
		"address without port":  {Addresses: []string{"127.0.0.1"}},
		"braces in prefix":      {Addresses: []string{"127.0.0.1:1"}, Prefix: "a{b"},
		"cluster and sentinel":  {Addresses: []string{"127.0.0.1:1"}, Cluster: true, Sentinel: "m"},
		"database of a cluster": {Addresses: []string{"127.0.0.1:1"}, Cluster: true, Database: 1},
	} {
		if s, err := Open(o); !errors.Is(err, store.ErrInvalid) {
			t.Errorf("%s: %v, %v", name, s, err)
		}
	}
}

func TestAnswersOfRedisThatAreErrors(t *testing.T) {
	srv := startServer(t)
	s := open(t, srv, Options{})
	srv.command("SET sallyport:{a:a} text")
	srv.command("HSET sallyport:{a:b} amount 1.5e300 reserved x folded 0 first 0 next 0")
	srv.command("SET sallyport:rate:k text")
	for name, err := range map[string]error{
		"an account of another type": second(s.Balance(long(t), "a")),
		"an account of nonsense":     second(s.Balance(long(t), "b")),
		"a rate of nonsense":         second(s.Take(long(t), "k", 1, 1, 1)),
	} {
		if !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	srv.command("CONFIG SET maxmemory 1")
	if _, err := s.Deposit(long(t), "c", "d", 1); !errors.Is(err, store.ErrUnavailable) || s.Stats().Up {
		t.Errorf("a full Redis: %v, up %v", err, s.Stats().Up)
	}
	srv.command("CONFIG SET maxmemory 0")
	if _, err := s.Deposit(long(t), "c", "d", 1); err != nil || !s.Stats().Up {
		t.Errorf("a Redis with room again: %v, up %v", err, s.Stats().Up)
	}
	srv.command("CONFIG SET requirepass secret")
	c, err := net.Dial("tcp", srv.addr)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	locked := open(t, srv, Options{})
	if _, err := locked.Balance(long(t), "a"); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("without the password: %v", err)
	}
	unlocked := open(t, srv, Options{Password: "secret", Prefix: "other"})
	if !works(unlocked) {
		t.Error("it does not work with the password")
	}
}

func second[T any](_ T, err error) error { return err }
