package embedded

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/store/storetest"
)

// crashEnv names the file for the child that is killed.
const crashEnv = "SALLYPORT_STORE_CRASH"

// TestCrashChild is the process that TestCrash kills: it changes accounts as fast
// as it can and says each change when it is durable.
func TestCrashChild(t *testing.T) {
	path := os.Getenv(crashEnv)
	if path == "" {
		t.Skip("only as a child of TestCrash")
	}
	s, err := Open(Options{Path: path, tune: tune{segment: 8 << 10}}) // many checkpoints
	if err != nil {
		t.Fatal(err)
	}
	storetest.Spend(context.Background(), s, os.Stdout)
}

// A process is killed in the midst of its work, many times over; each time the
// accounts add up, and what it said was durable is there.
func TestCrash(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	said := storetest.NewTally()
	for round := range 8 {
		cmd := exec.Command(os.Args[0], "-test.run=^TestCrashChild$", "-test.v=false")
		cmd.Env = append(os.Environ(), crashEnv+"="+path)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 20 + rand.IntN(300); n > 0 && lines.Scan(); n-- {
			said.Line(lines.Text())
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
			said.Line(lines.Text())
		}
		_ = cmd.Wait()
		s, err := Open(Options{Path: path})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		said.Check(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if said.Len() < 100 {
		t.Errorf("only %d changes were made before the kills", said.Len())
	}
}

func fill(t *testing.T, o Options) *Store {
	t.Helper()
	if o.Path == "" {
		o.Path = filepath.Join(t.TempDir(), "state.db")
	}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// await waits until c is closed, or the test is over: what a test holds up must not outlive it.
func await(t *testing.T, c <-chan struct{}) {
	select {
	case <-c:
	case <-t.Context().Done():
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestEverythingDurableIsThereAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := fill(t, Options{Path: path})
	in := store.Space{Name: "s"}
	ctx := patient(t)
	must(t, s.Put(ctx, in, "k", []byte("v"), 0))
	must(t, s.Put(ctx, in, "brief", []byte("v"), time.Millisecond))
	must(t, s.Put(ctx, in, "gone", []byte("v"), 0))
	must(t, s.Delete(ctx, in, "gone"))
	_, err := s.SetAdd(ctx, in, "set", "a", "b")
	must(t, err)
	_, err = s.SetRemove(ctx, in, "set", "b")
	must(t, err)
	_, err = s.Deposit(ctx, "acct", "d", 100)
	must(t, err)
	_, err = s.Reserve(ctx, "acct", "c", 1, 30, time.Hour)
	must(t, err)
	before := s.Stats()
	must(t, s.Close())
	must(t, s.Close())

	s = fill(t, Options{Path: path})
	if v, err := s.Get(ctx, in, "k"); string(v) != "v" || err != nil {
		t.Errorf("Get = %q, %v", v, err)
	}
	if _, err := s.Get(ctx, in, "gone"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("Get of what was deleted: %v", err)
	}
	if m, err := s.SetMembers(ctx, in, "set"); len(m) != 1 || m[0] != "a" || err != nil {
		t.Errorf("SetMembers = %q, %v", m, err)
	}
	if b := storetest.Audit(t, s, "acct"); b.Amount != 100 || b.Reserved != 30 {
		t.Errorf("balance %+v", b)
	}
	if after := s.Stats(); after.Keys != before.Keys || after.Bytes != before.Bytes {
		t.Errorf("%d keys of %d bytes, were %d of %d", after.Keys, after.Bytes, before.Keys, before.Bytes)
	}
}

func TestFullDisk(t *testing.T) {
	s := fill(t, Options{MaxSize: 256 << 10})
	in := store.Space{Name: "s"}
	ctx := patient(t)
	must(t, s.Put(ctx, in, "first", []byte("v"), 0))
	_, err := s.Deposit(ctx, "a", "d", 100)
	must(t, err)
	var full error
	kept := 0
	for i := 0; i < 100 && full == nil; i++ {
		if full = s.Put(ctx, in, fmt.Sprint("k", i), make([]byte, 16<<10), 0); full == nil {
			kept++
		}
	}
	if !errors.Is(full, store.ErrUnavailable) {
		t.Fatalf("after %d values: %v", kept, full)
	}
	if st := s.Stats(); st.Up || st.Keys != kept+1 {
		t.Errorf("Up %v with %d keys, want %d", st.Up, st.Keys, kept+1)
	}
	if _, err := s.Get(ctx, in, fmt.Sprint("k", kept)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the value that found no room can be read: %v", err)
	}
	for i := range kept {
		must(t, s.Delete(ctx, in, fmt.Sprint("k", i)))
	}
	must(t, s.Put(ctx, in, "later", []byte("v"), 0))
	if b := storetest.Audit(t, s, "a"); b.Amount != 100 {
		t.Errorf("balance %+v", b)
	}
	if !s.Stats().Up {
		t.Error("it is still away")
	}
}

func TestFilesThatCannotBeOpened(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole")
	s := fill(t, Options{Path: whole})
	for i := range 40 {
		must(t, s.Put(patient(t), store.Space{Name: "s"}, fmt.Sprint(i), make([]byte, 8000), 0))
	}
	if _, err := Open(Options{Path: whole}); !errors.Is(err, store.ErrUnavailable) {
		t.Errorf("a file that is open: %v", err)
	}
	must(t, s.Close())
	text, err := os.ReadFile(whole)
	must(t, err)
	garbage := make([]byte, len(text))
	for i := range garbage {
		garbage[i] = byte(i * 7)
	}
	torn := append([]byte(nil), text...)
	copy(torn[3*4096:], garbage[3*4096:20*4096])
	for name, b := range map[string][]byte{
		"text":      []byte("this is no database, but it is longer than nothing at all\n"),
		"garbage":   garbage,
		"cut short": text[:10*4096],
		"torn":      torn,
	} {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, b, 0o600))
		s, err := Open(Options{Path: path})
		if err == nil {
			_ = s.Close()
		}
		if !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(Options{Path: filepath.Join(dir, "no", "folder")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

func TestClosed(t *testing.T) {
	s := fill(t, Options{})
	must(t, s.Close())
	ctx := patient(t)
	for what, err := range map[string]error{
		"Put":     s.Put(ctx, store.Space{Name: "s"}, "k", nil, 0),
		"Balance": func() error { _, err := s.Balance(ctx, "a"); return err }(),
		"Deposit": func() error { _, err := s.Deposit(ctx, "a", "d", 1); return err }(),
	} {
		if !errors.Is(err, store.ErrUnavailable) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// What was promised before Close is kept by it.
func TestCloseFinishesWhatIsQueued(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s := fill(t, Options{Path: path})
	var wait sync.WaitGroup
	var mu sync.Mutex
	kept := 0
	for i := range 200 {
		wait.Go(func() {
			_, err := s.Deposit(patient(t), "a", fmt.Sprint(i), 1)
			switch {
			case err == nil:
				mu.Lock()
				kept++
				mu.Unlock()
			case !errors.Is(err, store.ErrUnavailable):
				t.Error(err)
			}
		})
	}
	must(t, s.Close())
	wait.Wait()
	s = fill(t, Options{Path: path})
	if kept == 0 {
		return // Close was first
	}
	if b := storetest.Audit(t, s, "a"); b.Amount != int64(kept) {
		t.Errorf("%d deposits were made, the balance is %+v", kept, b)
	}
}

func TestDeadline(t *testing.T) {
	s := fill(t, Options{})
	over, cancel := context.WithCancel(context.Background())
	cancel()
	block := make(chan struct{})
	begun := make(chan struct{})
	go func() {
		_, _ = update(patient(t), s, store.OpPut, func(*batch) (none struct{}, err error) {
			close(begun)
			await(t, block)
			return none, nil
		})
	}()
	select {
	case <-begun:
	case <-time.After(20 * time.Second):
		t.Fatal("the committer does not begin")
	}
	if _, err := s.Deposit(over, "a", "d", 1); !errors.Is(err, store.ErrTimeout) {
		t.Errorf("a deadline that is over: %v", err)
	}
	if err := s.Put(context.Background(), store.Space{Name: "s"}, "k", nil, 0); !errors.Is(err, store.ErrTimeout) {
		t.Errorf("the default deadline: %v", err)
	}
	if _, err := s.GetNow(store.Space{Name: "s"}, "k"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("memory waits for the disk: %v", err)
	}
	close(block)
	// What was given up while queued is not done later.
	if _, err := s.Deposit(patient(t), "b", "d", 1); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Balance(patient(t), "a"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a deposit that was given up has happened: %v", err)
	}
}
