package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// soon is when an operation with the default deadline must have returned, also on
// a machine with much else to do.
const soon = 40 * store.DefaultDeadline

// enough is a deadline for tests that are not about deadlines.
const enough = 20 * time.Second

// server is a real Redis on a loopback port, in a folder of its own.
type server struct {
	t    testing.TB
	dir  string
	addr string
	// Before the address, and after it.
	first, args []string

	cmd *exec.Cmd
}

// startServer starts a Redis that ends with the test and keeps nothing on disk,
// unless args say so.
func startServer(t testing.TB, args ...string) *server {
	t.Helper()
	return startProcess(t, nil, append([]string{"--save", "", "--appendonly", "no"}, args...))
}

func startProcess(t testing.TB, first, args []string) *server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatal("redis-server is missing; install it with: apt-get install -y redis-server")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, dir: t.TempDir(), addr: l.Addr().String(), first: first, args: args}
	l.Close()
	s.start()
	t.Cleanup(func() { s.stop(syscall.SIGKILL) })
	return s
}

func (s *server) start() {
	s.t.Helper()
	_, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	args := slices.Concat(s.first, []string{
		"--bind", "127.0.0.1", "--port", port, "--dir", s.dir, "--daemonize", "no", "--logfile", filepath.Join(s.dir, "log"),
	}, s.args)
	s.cmd = exec.Command("redis-server", args...)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.until("redis answers", func() bool {
		c, err := net.DialTimeout("tcp", s.addr, time.Second)
		if err != nil {
			return false
		}
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(time.Second))
		fmt.Fprint(c, "PING\r\n")
		b := make([]byte, 7)
		n, _ := c.Read(b)
		return string(b[:n]) == "+PONG\r\n"
	})
}

// stop ends the server by its id and waits for it.
func (s *server) stop(sig syscall.Signal) {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(sig)
	_ = s.cmd.Wait()
	s.cmd = nil
}

// signal is for SIGSTOP and SIGCONT.
func (s *server) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// command gives Redis one inline command.
func (s *server) command(line string) {
	s.t.Helper()
	c, err := net.Dial("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	fmt.Fprint(c, line, "\r\n")
	b := make([]byte, 512)
	if n, err := c.Read(b); err != nil || b[0] == '-' {
		s.t.Fatalf("%s: %q, %v", line, b[:n], err)
	}
}

// until waits for what another process does.
func (s *server) until(what string, done func() bool) {
	s.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for !done() {
		select {
		case <-tick.C:
		case <-late:
			s.t.Fatalf("20s passed and not yet: %s", what)
		}
	}
}

func open(t testing.TB, srv *server, o Options) *Store {
	t.Helper()
	o.Addresses = []string{srv.addr}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// long is a context that does not end before the test fails.
func long(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func works(s *Store) bool {
	_, err := s.Balance(context.Background(), "nobody")
	return errors.Is(err, store.ErrNotFound)
}
