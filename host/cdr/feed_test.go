package cdr

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// long bounds every wait of these tests.
const long = 30 * time.Second

// inbox is a sink in memory.
type inbox struct {
	mu      sync.Mutex
	lines   []string
	ids     map[ID]int
	batches []int
	down    error                  // what everything fails with
	refuse  func(line string) bool // what is never taken
	changed chan struct{}          // closed and made anew at each attempt
	closed  int
}

func newInbox() *inbox { return &inbox{ids: map[ID]int{}, changed: make(chan struct{})} }

func (s *inbox) Deliver(_ context.Context, records []Record) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		close(s.changed)
		s.changed = make(chan struct{})
	}()
	if s.down != nil {
		return 0, s.down
	}
	if s.refuse != nil && slices.ContainsFunc(records, func(r Record) bool { return s.refuse(string(r.Line)) }) {
		return 0, fmt.Errorf("%w: bad", ErrRefused)
	}
	for _, r := range records {
		s.lines = append(s.lines, string(r.Line))
		s.ids[r.ID]++
	}
	s.batches = append(s.batches, len(records))
	return len(records), nil
}

func (s *inbox) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed++
	return nil
}

func (s *inbox) set(change func(*inbox)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(s)
}

// got is what has arrived.
func (s *inbox) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.lines)
}

// wait waits until so many lines have arrived.
func (s *inbox) wait(t testing.TB, n int) []string {
	t.Helper()
	late := time.After(long)
	for {
		s.mu.Lock()
		lines, changed := slices.Clone(s.lines), s.changed
		s.mu.Unlock()
		if len(lines) >= n {
			return lines
		}
		select {
		case <-changed:
		case <-late:
			t.Fatalf("%d of %d records have arrived", len(lines), n)
		}
	}
}

func (s *inbox) feed(name string) Feed {
	return Feed{Name: name, Kind: "test", Open: func() (Sink, error) { return s, nil }}
}

// until waits for a condition that has no event of its own.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(long); !done(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("not yet: %s", what)
		}
	}
}

// opened is a file with sinks, in a folder of its own.
func opened(t testing.TB, path string, o Options, feeds ...Feed) *File {
	t.Helper()
	f, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if err := f.SetFeeds(Feeds{Sinks: feeds}); err != nil {
		t.Fatal(err)
	}
	return f
}

func numbered(from, to int) (lines []string) {
	for i := from; i < to; i++ {
		lines = append(lines, fmt.Sprintf(`{"n":%d}`, i))
	}
	return lines
}

func TestSinkGetsRecordsInOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cdr.jsonl")
	a, b := newInbox(), newInbox()
	f := opened(t, path, Options{}, a.feed("a"), b.feed("b"))
	emit(t, f, numbered(0, 2000)...)
	for _, s := range []*inbox{a, b} {
		if got := s.wait(t, 2000); !slices.Equal(got, numbered(0, 2000)) {
			t.Errorf("%d records, out of order or changed", len(got))
		}
		if n := slices.Max(s.batches); n > usualBatch {
			t.Errorf("a batch of %d", n)
		}
	}
	until(t, "no lag", func() bool {
		s := f.Stats().Sinks
		return s[0].Delivered == 2000 && s[0].LagRecords == 0 && s[0].LagBytes == 0 && s[0].LagAge == 0 && s[0].Name == "a"
	})
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if a.closed != 1 || b.closed != 1 {
		t.Errorf("closed %d and %d times", a.closed, b.closed)
	}
}

// The file is moved away and even deleted while the sink is away: it gets all of it.
func TestSinkIsAwayOverRotations(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "cdr.jsonl")
	s, other := newInbox(), newInbox()
	s.down = errors.New("away")
	var log lines
	f := opened(t, path, Options{Log: log.logger()}, s.feed("s"), other.feed("other"))
	for i := range 3 {
		emit(t, f, numbered(100*i, 100*i+100)...)
		other.wait(t, 100*i+100)
		if err := os.Rename(path, path+".1"); err != nil {
			t.Fatal(err)
		}
		if err := f.Reopen(); err != nil {
			t.Fatal(err)
		}
	}
	os.Remove(path + ".1")
	emit(t, f, numbered(300, 400)...)
	other.wait(t, 400)
	until(t, "the figures say that it is away", func() bool {
		st := f.Stats().Sinks[1]
		return st.LagRecords == 400 && st.LagBytes > 0 && st.LagAge > 0 && st.LastError != nil && st.Delivered == 0
	})
	if n := len(segments(t, path)); n != 4 {
		t.Errorf("%d segments are kept, want 4", n)
	}
	if n := log.count("cannot deliver"); n != 1 {
		t.Errorf("%d log lines, want one", n)
	}
	s.set(func(s *inbox) { s.down = nil })
	if got := s.wait(t, 400); !slices.Equal(got, numbered(0, 400)) {
		t.Errorf("got %d records: %.80v …", len(got), got)
	}
	until(t, "the segments that were read are removed", func() bool { return len(segments(t, path)) == 1 })
	if log.count("delivers again") != 1 {
		t.Error("the log does not say that it is over")
	}
}

func segments(t testing.TB, path string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(SpoolOf(path), strings.Repeat("[0-9]", 16)))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

// A position outlives the process; the file may have been moved away while nobody was there.
func TestSinkGoesOnAfterRestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cdr.jsonl")
	s := newInbox()
	f := opened(t, path, Options{}, s.feed("s"))
	emit(t, f, numbered(0, 10)...)
	s.wait(t, 10)
	f.Close()

	s.down = errors.New("away")
	f = opened(t, path, Options{Drain: time.Millisecond}, s.feed("s"))
	emit(t, f, numbered(10, 20)...)
	f.Close()
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	f = opened(t, path, Options{Drain: time.Millisecond}, s.feed("s"))
	emit(t, f, numbered(20, 30)...)
	until(t, "the backlog is counted", func() bool { return f.Stats().Sinks[0].LagRecords == 20 })
	f.Close()

	s.down = nil
	f = opened(t, path, Options{}, s.feed("s"))
	if got := s.wait(t, 30); !slices.Equal(got, numbered(0, 30)) {
		t.Errorf("got %v", got)
	}
}

// A sink that is new gets what the file holds already.
func TestNewSinkBeginsWithTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cdr.jsonl")
	f := opened(t, path, Options{})
	emit(t, f, numbered(0, 5)...)
	until(t, "written", func() bool { return f.Stats().Written == 5 })
	if len(segments(t, path)) != 0 {
		t.Error("a file without sinks has a spool")
	}
	s := newInbox()
	if err := f.SetFeeds(Feeds{Sinks: []Feed{s.feed("s")}}); err != nil {
		t.Fatal(err)
	}
	if got := s.wait(t, 5); !slices.Equal(got, numbered(0, 5)) {
		t.Errorf("got %v", got)
	}
}

// Changing the sinks keeps those that did not change, and positions.
func TestSetFeeds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cdr.jsonl")
	a, b, c := newInbox(), newInbox(), newInbox()
	f := opened(t, path, Options{}, a.feed("a"), b.feed("b"))
	emit(t, f, numbered(0, 5)...)
	a.wait(t, 5)
	b.wait(t, 5)
	changed := c.feed("b")
	changed.Version = "2"
	if err := f.SetFeeds(Feeds{Sinks: []Feed{a.feed("a"), changed}}); err != nil {
		t.Fatal(err)
	}
	emit(t, f, numbered(5, 10)...)
	a.wait(t, 10)
	if got := c.wait(t, 5); !slices.Equal(got, numbered(5, 10)) || b.closed != 1 || a.closed != 0 || len(b.got()) != 5 {
		t.Errorf("after the change %v; closed %d, %d", got, a.closed, b.closed)
	}
	if err := f.SetFeeds(Feeds{}); err != nil || a.closed != 1 || len(f.Stats().Sinks) != 0 {
		t.Errorf("no sinks: %v, %d closed", err, a.closed)
	}
	f.Close()
	if err := f.SetFeeds(Feeds{Sinks: []Feed{a.feed("a")}}); !errors.Is(err, ErrClosed) {
		t.Errorf("SetFeeds after Close: %v", err)
	}
}

// Without sinks nothing is kept of what is moved away.
func TestNothingIsKeptWithoutSinks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cdr.jsonl")
	s := newInbox()
	s.down = errors.New("away")
	f := opened(t, path, Options{}, s.feed("s"))
	move := func(from, to int) {
		t.Helper()
		emit(t, f, numbered(from, to)...)
		until(t, "written", func() bool { return f.Stats().Pending == 0 })
		os.Remove(path)
		if err := f.Reopen(); err != nil {
			t.Fatal(err)
		}
	}
	move(0, 5)
	if n := len(segments(t, path)); n != 2 {
		t.Errorf("%d segments with a sink, want 2", n)
	}
	if err := f.SetFeeds(Feeds{}); err != nil {
		t.Fatal(err)
	}
	move(5, 10)
	if n := len(segments(t, path)); n != 1 {
		t.Errorf("%d segments without a sink, want 1", n)
	}
	s.down = nil
	if err := f.SetFeeds(Feeds{Sinks: []Feed{s.feed("s")}}); err != nil {
		t.Fatal(err)
	}
	emit(t, f, numbered(10, 12)...)
	if got := s.wait(t, 2); !slices.Equal(got, numbered(10, 12)) {
		t.Errorf("got %v", got)
	}
}

// File, links and positions on a disk that is full, and is rotated while it is: every
// record arrives, once.
func TestSinkOnFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=128k"); err != nil {
		t.Skipf("no tmpfs to fill up: %v", err)
	}
	defer syscall.Unmount(dir, 0)
	path, ballast := filepath.Join(dir, "cdr.jsonl"), filepath.Join(dir, "ballast")
	var log lines
	s := newInbox()
	f, err := Open(path, Options{Log: log.logger(), Retry: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := os.WriteFile(ballast, make([]byte, 96<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.SetFeeds(Feeds{Sinks: []Feed{s.feed("s")}}); err != nil {
		t.Fatal(err)
	}
	pad := strings.Repeat("x", 1000)
	var want []string
	for i := range 60 {
		want = append(want, fmt.Sprintf(`{"n":%d,"pad":%q}`, i, pad))
		emit(t, f, want[i])
	}
	until(t, "the disk is full", func() bool { return f.Stats().Errors > 0 })
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	if err := f.Reopen(); err != nil && !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if got := s.wait(t, 60); !slices.Equal(got, want) || len(s.ids) != 60 {
		t.Errorf("%d records, %d different", len(got), len(s.ids))
	}
	until(t, "the rest is removed", func() bool { return len(segments(t, path)) == 1 })
}

// One record that is refused is gone on without; the others of its batch arrive.
func TestRefusedRecord(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cdr.jsonl")
	s := newInbox()
	s.refuse = func(line string) bool { return line == `{"n":33}` || line == `{"n":34}` }
	var log lines
	f, err := Open(path, Options{Log: log.logger()})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	emit(t, f, numbered(0, 100)...)
	if err := f.SetFeeds(Feeds{Sinks: []Feed{s.feed("s")}}); err != nil {
		t.Fatal(err)
	}
	want := append(numbered(0, 33), numbered(35, 100)...)
	if got := s.wait(t, 98); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	until(t, "all is counted", func() bool {
		st := f.Stats().Sinks[0]
		return st.Refused == 2 && st.Delivered == 98 && st.LagRecords == 0 && st.LagBytes == 0
	})
	if n := log.count("refuses a record"); n != 1 {
		t.Errorf("%d log lines, want one", n)
	}

	p := newInbox()
	p.refuse = func(line string) bool { return line == `{"n":33}` }
	patient := p.feed("p")
	patient.Patient = true
	if err := f.SetFeeds(Feeds{Sinks: []Feed{patient}}); err != nil {
		t.Fatal(err)
	}
	p.wait(t, 33)
	until(t, "it waits", func() bool { return f.Stats().Sinks[0].Errors > 0 })
	p.set(func(s *inbox) { s.refuse = nil })
	if got := p.wait(t, 100); !slices.Equal(got, numbered(0, 100)) {
		t.Errorf("patient: got %v", got)
	}
}

// A sink that hangs keeps neither the file nor the other sink from anything, and Close is bounded.
func TestSinkHangs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cdr.jsonl")
	other := newInbox()
	hung := Feed{Name: "hung", Open: func() (Sink, error) { return hangingSink{}, nil }}
	f := opened(t, path, Options{Drain: 10 * time.Millisecond}, hung, other.feed("other"))
	emit(t, f, numbered(0, 1000)...)
	other.wait(t, 1000)
	until(t, "the backlog is known", func() bool { return f.Stats().Sinks[0].LagRecords == 1000 })
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if st := f.Stats(); st.Written != 1000 || st.Sinks[0].LagRecords != 1000 {
		t.Errorf("%+v", st)
	}
}

// hangingSink does nothing until it is told to stop.
type hangingSink struct{}

func (hangingSink) Deliver(ctx context.Context, _ []Record) (int, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}
func (hangingSink) Close() error { return nil }

// A sink that panics is one that fails.
func TestSinkPanics(t *testing.T) {
	s := &brokenSink{inbox: newInbox()}
	f := opened(t, filepath.Join(t.TempDir(), "cdr.jsonl"), Options{}, Feed{Name: "s", Open: func() (Sink, error) { return s, nil }})
	emit(t, f, numbered(0, 10)...)
	if got := s.wait(t, 10); !slices.Equal(got, numbered(0, 10)) || f.Stats().Sinks[0].Errors == 0 {
		t.Errorf("%v, %+v", got, f.Stats().Sinks[0])
	}
}

// brokenSink panics once, and says nonsense once.
type brokenSink struct {
	*inbox
	calls int
}

func (s *brokenSink) Deliver(ctx context.Context, records []Record) (int, error) {
	switch s.calls++; s.calls {
	case 1:
		panic("what the far end said")
	case 2:
		return -1, nil
	}
	n, _ := s.inbox.Deliver(ctx, records)
	return n + 5, fmt.Errorf("%w: after all", ErrRefused)
}

// The pauses between attempts grow, and not without end.
func TestPauses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "cdr.jsonl")
		s := newInbox()
		s.down = errors.New("away")
		var log lines
		f, err := Open(path, Options{Log: log.logger()})
		if err != nil {
			t.Fatal(err)
		}
		emit(t, f, "{}")
		synctest.Wait() // the sink finds it when it begins, at a position that was never saved
		if err := f.SetFeeds(Feeds{Sinks: []Feed{s.feed("s")}}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		st := f.Stats().Sinks[0]
		if st.Errors < 100 || st.Errors > 300 || st.LagRecords != 1 || st.LagAge < 59*time.Minute || st.LagAge > time.Hour {
			t.Errorf("after an hour: %+v", st)
		}
		if n := log.count("level=ERROR"); n < 5 || n > 7 {
			t.Errorf("%d error lines in an hour", n)
		}
		s.set(func(s *inbox) { s.down = nil })
		time.Sleep(longestPause)
		synctest.Wait()
		if st := f.Stats().Sinks[0]; st.Delivered != 1 || st.LagAge != 0 || st.LastError != nil {
			t.Errorf("after it: %+v", st)
		}
		f.Close()
	})
}
