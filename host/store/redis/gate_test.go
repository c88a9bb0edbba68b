package redis

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
)

func TestScanner(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		ends int // values that are whole; -1: refused
	}{
		"status":                 {"+OK\r\n", 1},
		"empty status":           {"+\r\n", 1},
		"error":                  {"-ERR no\r\n", 1},
		"numbers":                {":1\r\n:-5\r\n,1.5\r\n(123456789012345678901234567890\r\n", 4},
		"null and booleans":      {"_\r\n#t\r\n#f\r\n", 3},
		"string":                 {"$5\r\na\r\nbc\r\n", 1},
		"empty string":           {"$0\r\n\r\n", 1},
		"old nulls":              {"$-1\r\n*-1\r\n", 2},
		"empty list":             {"*0\r\n", 1},
		"nested":                 {"*2\r\n*1\r\n:1\r\n%1\r\n+a\r\n~1\r\n$1\r\nx\r\n", 1},
		"push":                   {">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n:1\r\n", 2},
		"half":                   {"*2\r\n:1\r\n", 0},
		"unknown type":           {"?1\r\n", -1},
		"attribute":              {"|1\r\n", -1},
		"streamed string":        {"$?\r\n", -1},
		"streamed list":          {"*?\r\n", -1},
		"huge string":            {"$999999999999999999999\r\n", -1},
		"string of 17 MB":        {"$17825792\r\n", -1},
		"huge list":              {"*2000000\r\n", -1},
		"huge map":               {"%600000\r\n", -1},
		"huge lists in a list":   {"*2\r\n*600000\r\n*600000\r\n" + strings.Repeat("*600000\r\n", 2), -1},
		"negative string":        {"$-2\r\n", -1},
		"negative map":           {"%-1\r\n", -1},
		"minus nothing":          {"*-\r\n", -1},
		"no length":              {"$\r\n", -1},
		"letters":                {"$1a\r\n", -1},
		"no CR":                  {"+OK\n", -1},
		"CR in a line":           {"+O\rK\r\n", -1},
		"null with text":         {"_x\r\n", -1},
		"long boolean":           {"#tt\r\n", -1},
		"empty number":           {":\r\n", -1},
		"string without its end": {"$1\r\nabc", -1},
		"deep":                   {strings.Repeat("*1\r\n", maxDepth+1), -1},
		"push in a list":         {"*1\r\n>1\r\n", -1},
		"endless line":           {"+" + strings.Repeat("x", maxLine+1), -1},
	} {
		var s scanner
		ends := 0
		for i := range len(c.text) {
			done, err := s.step(c.text[i])
			if err != nil {
				if !errors.Is(err, errBroken) {
					t.Errorf("%s: %v", name, err)
				}
				ends = -1
				break
			}
			if done {
				ends++
			}
		}
		if ends != c.ends {
			t.Errorf("%s: %d values, want %d", name, ends, c.ends)
		}
	}
}

func TestGateKnowsWhatWasAskedFor(t *testing.T) {
	ask := func(words ...string) string {
		s := fmt.Sprintf("*%d\r\n", len(words))
		for _, w := range words {
			s += fmt.Sprintf("$%d\r\n%s\r\n", len(w), w)
		}
		return s
	}
	confirm := func(what, channel string) string { return ">3" + strings.TrimPrefix(ask(what, channel, "1"), "*3") }
	for name, c := range map[string]struct {
		asked, answered string
		ok              bool
	}{
		"one each":              {ask("GET", "a") + ask("GET", "b"), "+1\r\n$1\r\nx\r\n", true},
		"one too many":          {ask("GET", "a"), "+1\r\n+2\r\n", false},
		"subscribed":            {ask("subscribe", "a", "b"), confirm("subscribe", "a") + confirm("subscribe", "b") + confirm("message", "a"), true},
		"subscribed once only":  {ask("SUBSCRIBE", "a"), confirm("subscribe", "a") + confirm("subscribe", "a"), false},
		"subscribe as a word":   {ask("SUBSCRIBE", "a"), "+OK\r\n", false},
		"message unasked":       {ask("GET", "a"), confirm("message", "a"), false},
		"unsubscribed":          {ask("UNSUBSCRIBE"), confirm("unsubscribe", "a"), true},
		"unsubscribed unasked":  {ask("GET", "subscribe"), confirm("unsubscribe", "a"), false},
		"invalidation":          {"", ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n", true},
		"queued":                {ask("GET", "a"), "+QUEUED\r\n", false},
		"queued within a list":  {ask("GET", "a"), "*1\r\n*1\r\n+QUEUED\r\n", true},
		"a list that is pushed": {ask("GET", "a"), ">1\r\n*1\r\n$10\r\ninvalidate\r\n", false},
	} {
		here, there := net.Pipe()
		g := newGate(here)
		go func() { _, _ = io.Copy(io.Discard, there) }()
		if _, err := g.Write([]byte(c.asked)); err != nil {
			t.Fatal(err)
		}
		if err := g.check([]byte(c.answered)); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		_ = g.Close()
		_ = there.Close()
	}
}

// FuzzGate feeds a connection with what Redis never says. What passes the gate
// must be small, and one value for each command at most.
func FuzzGate(f *testing.F) {
	for _, s := range []string{
		"+OK\r\n", "*2\r\n$1\r\na\r\n:1\r\n", ">2\r\n$10\r\ninvalidate\r\n*0\r\n", "$-1\r\n", "%1\r\n+a\r\n_\r\n", "*?\r\n", "#t\r\n#f\r\n",
	} {
		f.Add([]byte(s), uint8(2))
	}
	f.Fuzz(func(t *testing.T, b []byte, owed uint8) {
		here, there := net.Pipe()
		defer there.Close()
		g := newGate(here)
		g.owed = int(owed)
		go func() {
			_, _ = there.Write(b)
			_ = there.Close()
		}()
		passed, err := io.ReadAll(g)
		if err != nil && !errors.Is(err, errBroken) {
			t.Fatal(err)
		}
		if len(passed) > len(b) || err == nil && g.got.elements > maxElements || g.got.depth > maxDepth {
			t.Fatalf("passed %q", passed)
		}
		if err == nil && g.owed < 0 {
			t.Fatalf("%d answers too many passed", -g.owed)
		}
		_ = g.Close()
	})
}

// hostile is a server that answers each command with what it was given; a polite
// one says hello as Redis does, first.
func hostile(t *testing.T, polite bool, answer func(conn net.Conn)) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	var mu sync.Mutex
	open := map[net.Conn]bool{}
	wait.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[c] = true
			mu.Unlock()
			wait.Go(func() {
				defer c.Close()
				r := bufio.NewReader(c)
				for {
					args, err := readCommand(r)
					if err != nil {
						return
					}
					if !polite {
						answer(c)
						continue
					}
					switch strings.ToUpper(args[0]) {
					case "HELLO":
						fmt.Fprint(c, "%2\r\n+version\r\n+7.0.0\r\n+proto\r\n:3\r\n")
					case "CLIENT":
						fmt.Fprint(c, "+OK\r\n")
					case "PING":
						fmt.Fprint(c, "+PONG\r\n")
					default:
						answer(c)
					}
				}
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		mu.Lock()
		for c := range open {
			c.Close()
		}
		mu.Unlock()
		wait.Wait()
	})
	return l.Addr().String()
}

func readCommand(r *bufio.Reader) ([]string, error) {
	var n int
	if _, err := fmt.Fscanf(r, "*%d\r\n", &n); err != nil {
		return nil, err
	}
	args := make([]string, n)
	for i := range args {
		var size int
		if _, err := fmt.Fscanf(r, "$%d\r\n", &size); err != nil {
			return nil, err
		}
		b := make([]byte, size+2)
		if _, err := io.ReadFull(r, b); err != nil {
			return nil, err
		}
		args[i] = string(b[:size])
	}
	return args, nil
}

func TestHostileRedis(t *testing.T) {
	for name, answer := range map[string]string{
		"a string longer than memory":  "$9223372036854775807\r\n",
		"a list longer than memory":    "*9223372036854775807\r\n",
		"a negative list":              "*-5\r\n",
		"lists without end":            strings.Repeat("*1\r\n", 100000),
		"answers nobody asked for":     strings.Repeat("+OK\r\n", 1000),
		"a push nobody asked for":      ">3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n+OK\r\n",
		"an unsubscribe":               ">3\r\n$11\r\nunsubscribe\r\n$1\r\nx\r\n:1\r\n",
		"a line without end":           "+" + strings.Repeat("x", 200000),
		"HTTP":                         "HTTP/1.1 400 Bad Request\r\n\r\n",
		"zeros":                        strings.Repeat("\x00", 4096),
		"nothing and the end":          "",
		"a word where a list belongs":  "+OK\r\n",
		"a list where a word belongs":  "*1\r\n*1\r\n:1\r\n",
		"an empty list":                "*0\r\n",
		"null":                         "_\r\n",
		"a float":                      ",1.5\r\n",
		"an enormous number":           ":9223372036854775807\r\n",
		"a word of another script":     "*6\r\n+\r\n+1\r\n+1\r\n+1\r\n+7\r\n+2\r\n",
		"an account that is not one":   "*6\r\n+\r\n+a\r\n+b\r\n+c\r\n+d\r\n+e\r\n",
		"an error of no known kind":    "-WHATEVER happened\r\n",
		"an error without text":        "-\r\n",
		"booleans":                     "*2\r\n#t\r\n#f\r\n",
		"invalidations of everything":  ">2\r\n$10\r\ninvalidate\r\n_\r\n+OK\r\n",
		"an invalidation of nonsense":  ">2\r\n$10\r\ninvalidate\r\n*1\r\n:7\r\n+OK\r\n",
		"an invalidation without keys": ">1\r\n$10\r\ninvalidate\r\n+OK\r\n",
	} {
		for _, polite := range []bool{true, false} {
			t.Run(fmt.Sprint(name, "/polite=", polite), func(t *testing.T) {
				addr := hostile(t, polite, func(c net.Conn) {
					fmt.Fprint(c, answer)
					if answer == "" {
						c.Close()
					}
				})
				s, err := Open(Options{Addresses: []string{addr}})
				if err != nil {
					t.Fatal(err)
				}
				for range 3 {
					everything(t, s)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

// A node of a cluster, or a Sentinel, that speaks nonsense or not at all: what is
// asked of the store fails, and it can be closed.
func TestHostileTopology(t *testing.T) {
	for _, answer := range []string{"", "*0\r\n", "+OK\r\n", "*2\r\n$1\r\nx\r\n:1\r\n", "silence"} {
		addr := hostile(t, true, func(c net.Conn) {
			switch answer {
			case "":
				c.Close()
			case "silence":
			default:
				fmt.Fprint(c, answer)
			}
		})
		for _, o := range []Options{{Cluster: true}, {Sentinel: "main"}} {
			t.Run(fmt.Sprintf("%q/cluster=%v", answer, o.Cluster), func(t *testing.T) {
				t.Parallel()
				o.Addresses = []string{addr}
				s, err := Open(o)
				if err != nil {
					t.Fatal(err)
				}
				everything(t, s)
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
			})
		}
	}
}

// everything calls every method once; whatever the answers were, each returns in
// time and says so by an error of store's, or believes what could be true.
func everything(t *testing.T, s *Store) {
	t.Helper()
	ctx := context.Background()
	in := store.Space{Name: "s"}
	limits := []store.Limit{{Key: "k", Max: 1, Cost: 1}}
	third := func(_ int64, _ bool, err error) error { return err }
	for what, do := range map[string]func() error{
		"Acquire":      func() error { return second(s.Acquire(ctx, "c", "n", time.Minute, limits)) },
		"Renew":        func() error { return second(s.Renew(ctx, "n", time.Minute)) },
		"Release":      func() error { return s.Release(ctx, "c") },
		"Used":         func() error { return second(s.Used(ctx, "k")) },
		"Reconcile":    func() error { return second(s.Reconcile(ctx, "n", time.Minute, func() []store.Lease { return nil })) },
		"Balance":      func() error { return second(s.Balance(ctx, "a")) },
		"Deposit":      func() error { return second(s.Deposit(ctx, "a", "d", 1)) },
		"Withdraw":     func() error { return second(s.Withdraw(ctx, "a", "w", 1)) },
		"Reserve":      func() error { return second(s.Reserve(ctx, "a", "c", 1, 1, time.Minute)) },
		"Commit":       func() error { return second(s.Commit(ctx, "a", "c", 1, 1)) },
		"Cancel":       func() error { return s.Cancel(ctx, "a", "c", 1) },
		"Ledger":       func() error { return second(s.Ledger(ctx, "a", 0, 10)) },
		"Reservations": func() error { return second(s.Reservations(ctx, "a")) },
		"Accounts":     func() error { return second(s.Accounts(ctx, "", "", 10)) },
		"Take":         func() error { return second(s.Take(ctx, "k", 1, 1, 1)) },
		"Get":          func() error { return second(s.Get(ctx, in, "k")) },
		"Put":          func() error { return s.Put(ctx, in, "k", nil, 0) },
		"Delete":       func() error { return s.Delete(ctx, in, "k") },
		"Add":          func() error { return third(s.Add(ctx, in, "k", 1, 0, 9, 0)) },
		"SetAdd":       func() error { return second(s.SetAdd(ctx, in, "s", "m")) },
		"SetRemove":    func() error { return second(s.SetRemove(ctx, in, "s", "m")) },
		"SetHas":       func() error { return second(s.SetHas(ctx, in, "s", "m")) },
		"SetMatch":     func() error { return second(s.SetMatch(ctx, in, "s", "value")) },
		"SetMembers":   func() error { return second(s.SetMembers(ctx, in, "s")) },
		"Command":      func() error { return second(s.Command(ctx, "GET", "x")) },
	} {
		start := time.Now()
		err := do()
		if d := time.Since(start); d > soon {
			t.Errorf("%s took %v", what, d)
		}
		known := err == nil
		for _, e := range []error{store.ErrUnavailable, store.ErrTimeout, store.ErrNotFound, store.ErrCorrupt} {
			known = known || errors.Is(err, e)
		}
		if !known {
			t.Errorf("%s: %v is no error of the store", what, err)
		}
	}
}
