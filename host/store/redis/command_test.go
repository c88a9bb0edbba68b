package redis

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// text writes a value in one line.
func text(v store.Value) string {
	switch v.Kind {
	case store.ValueInt:
		return fmt.Sprint(v.Int)
	case store.ValueText:
		return fmt.Sprintf("%q", v.Text)
	case store.ValueError:
		word, _, _ := strings.Cut(v.Text, " ")
		return "error " + word
	case store.ValueList:
		var all []string
		for _, e := range v.List {
			all = append(all, text(e))
		}
		return "[" + strings.Join(all, " ") + "]"
	}
	return "nil"
}

func TestCommand(t *testing.T) {
	s := open(t, startServer(t), Options{})
	for _, c := range []struct {
		command, want string
		err           error
	}{
		{"GET k", "nil", nil},
		{"SET k v", `"OK"`, nil},
		{"GET k", `"v"`, nil},
		{"HSET h b 2 a 1", "2", nil},
		{"HGETALL h", `["a" "1" "b" "2"]`, nil},
		{"HGETALL none", "[]", nil},
		{"SADD blacklist alice", "1", nil},
		{"SMEMBERS blacklist", `["alice"]`, nil},
		{"ZADD z 1 a 2 b", "2", nil},
		{"ZRANGE z 0 -1", `["a" "b"]`, nil},
		{"ZSCORE z b", `"2"`, nil},
		{"MGET k none", `["v" nil]`, nil},
		{"MSET a 1 b 2", `"OK"`, nil},
		{"EVAL return{1,'x',{false,2}} 0", `[1 "x" [nil 2]]`, nil},
		{"EVAL return(redis.call('GET',KEYS[1])) 1 k", `"v"`, nil},
		{"HGET k f", "error WRONGTYPE", nil},
		{"INCR k", "error value", nil},
		{"FLUSHALL", "", store.ErrDenied},
		{"GET sallyport:accounts", "", store.ErrDenied},
		{"DEL k sallyport:{a:alice}", "", store.ErrDenied},
		{"DEL {sallyport:lease}:nodes", "", store.ErrDenied},
		{"GET", "", store.ErrInvalid},
	} {
		v, err := s.Command(long(t), strings.Split(c.command, " ")...)
		if !errors.Is(err, c.err) || err == nil && text(v) != c.want {
			t.Errorf("%s = %s, %v, want %s, %v", c.command, text(v), err, c.want, c.err)
		}
	}
	if _, err := s.Command(long(t)); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("no command: %v", err)
	}
}

func TestCommandAcrossSlots(t *testing.T) {
	srv := startServer(t, "--cluster-enabled", "yes")
	srv.command("CLUSTER ADDSLOTSRANGE 0 16383")
	s := open(t, srv, Options{Cluster: true})
	srv.until("the cluster is formed", func() bool { return works(s) })
	if v, err := s.Command(long(t), "MSET", "{x}a", "1", "{x}b", "2"); err != nil || text(v) != `"OK"` {
		t.Errorf("one slot: %s, %v", text(v), err)
	}
	if _, err := s.Command(long(t), "MGET", "a", "b"); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("two slots: %v", err)
	}
}

// What one node changes another forgets, and the one that changes it knows at once.
func TestSetsAreRemembered(t *testing.T) {
	srv := startServer(t)
	here, there := open(t, srv, Options{}), open(t, srv, Options{})
	in := store.Space{Name: "s"}
	ask := func(s *Store, want bool) bool {
		t.Helper()
		has, err := s.SetHas(long(t), in, "black", "alice")
		m, err2 := s.SetMatch(long(t), in, "black", "alice@example.org")
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		return has == want && (m == "alice") == want
	}
	for range 20 {
		if !ask(there, false) {
			t.Fatal("blocked to begin with")
		}
		if _, err := here.SetAdd(long(t), in, "black", "alice"); err != nil {
			t.Fatal(err)
		}
		if !ask(here, true) {
			t.Fatal("the node that blocks does not know it")
		}
		srv.until("the other node knows it", func() bool { return ask(there, true) })
		if _, err := here.SetRemove(long(t), in, "black", "alice"); err != nil {
			t.Fatal(err)
		}
		if !ask(here, false) {
			t.Fatal("the node that unblocks does not know it")
		}
		srv.until("the other node knows it", func() bool { return ask(there, false) })
	}
}

func TestCloseLeavesNothingRunning(t *testing.T) {
	srv := startServer(t)
	before := runtime.NumGoroutine()
	for range 5 {
		s, err := Open(Options{Addresses: []string{srv.addr}})
		if err != nil {
			t.Fatal(err)
		}
		srv.until("it works", func() bool { return works(s) })
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	srv.until("its goroutines have ended", func() bool { return runtime.NumGoroutine() <= before })
}
