package redis

import (
	"bufio"
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"

	"github.com/sallyport-sbc/sallyport/host/store/storetest"
)

// crashEnv names the Redis for the child that is killed.
const crashEnv = "SALLYPORT_REDIS_CRASH"

// TestCrashChild is the process that TestCrash kills.
func TestCrashChild(t *testing.T) {
	addr := os.Getenv(crashEnv)
	if addr == "" {
		t.Skip("only as a child of TestCrash")
	}
	s, err := Open(Options{Addresses: []string{addr}})
	if err != nil {
		t.Fatal(err)
	}
	storetest.Spend(context.Background(), s, os.Stdout)
}

// Now the process is killed, now Redis, in the midst of their work; each time the
// accounts add up, and what was said to have happened has happened once.
func TestCrash(t *testing.T) {
	srv := startServer(t, "--appendonly", "yes", "--appendfsync", "always")
	said := storetest.NewTally()
	for round := range 6 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestCrashChild$", "-test.v=false")
		cmd.Env = append(os.Environ(), crashEnv+"="+srv.addr)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		read := func(n int) {
			for ; n > 0 && lines.Scan(); n-- {
				said.Line(lines.Text())
			}
		}
		read(20 + rand.IntN(150))
		if round%2 == 0 {
			// The child lives on, repeats what it does not know, and goes on.
			srv.stop(syscall.SIGKILL)
			srv.start()
			read(100)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		read(1 << 20)
		_ = cmd.Wait()
		s := open(t, srv, Options{Deadline: enough})
		srv.until("it works", func() bool { return works(s) })
		said.Check(t, s)
	}
	if said.Len() < 100 {
		t.Errorf("only %d changes were made", said.Len())
	}
}

// One process goes on while Redis is killed again and again.
func TestSpendThroughOutages(t *testing.T) {
	srv := startServer(t, "--appendonly", "yes", "--appendfsync", "always")
	s := open(t, srv, Options{Deadline: enough})
	ctx, cancel := context.WithCancel(context.Background())
	said := storetest.NewTally()
	var mu sync.Mutex
	var wait sync.WaitGroup
	wait.Go(func() {
		storetest.Spend(ctx, s, writer(func(b []byte) {
			mu.Lock()
			defer mu.Unlock()
			said.Line(string(b))
		}))
	})
	count := func() int {
		mu.Lock()
		defer mu.Unlock()
		return said.Len()
	}
	for range 3 {
		n := count()
		srv.until("it spends", func() bool { return count() > n+50 })
		srv.stop(syscall.SIGKILL)
		srv.start()
	}
	srv.until("it works again", func() bool { return works(s) })
	cancel()
	wait.Wait()
	said.Check(t, s)
}

type writer func(b []byte)

func (w writer) Write(b []byte) (int, error) {
	w(b)
	return len(b), nil
}
