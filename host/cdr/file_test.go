package cdr

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

var errNoSpace = syscall.ENOSPC

func TestRecordsBecomeLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d fake
		f, err := Open("x", Options{Open: d.open})
		if err != nil {
			t.Fatal(err)
		}
		emit(t, f, `{"a":1}`, `{"a":2}`)
		synctest.Wait()
		if want := "{\"a\":1}\n{\"a\":2}\n"; d.text() != want || d.synced != len(want) {
			t.Errorf("file %q, %d bytes synced", d.text(), d.synced)
		}
		s := f.Stats()
		if s.Written != 2 || s.Pending != 0 || s.Lost != 0 || s.Errors != 0 || s.Bytes != 16 || s.LastError != nil {
			t.Errorf("stats %+v", s)
		}
		emit(t, f, `{"a":3}`)
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if strings.Count(d.text(), "\n") != 3 {
			t.Errorf("after Close %q", d.text())
		}
		if err := f.Emit([]byte("{}")); !errors.Is(err, ErrClosed) || f.Stats().Lost != 1 {
			t.Errorf("Emit after Close: %v, %d lost", err, f.Stats().Lost)
		}
		if err := f.Reopen(); !errors.Is(err, ErrClosed) {
			t.Errorf("Reopen after Close: %v", err)
		}
		if err := f.Close(); err != nil {
			t.Errorf("second Close: %v", err)
		}
	})
}

func TestEmitRefusesWhatIsNoLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d fake
		f, _ := Open("x", Options{Open: d.open})
		defer f.Close()
		for _, r := range []string{"", "{}\n", "{\n}", strings.Repeat("x", MaxRecord+1)} {
			if err := f.Emit([]byte(r)); !errors.Is(err, ErrInvalid) {
				t.Errorf("Emit of %d bytes: %v", len(r), err)
			}
		}
		if s := f.Stats(); s.Lost != 0 || s.Pending != 0 {
			t.Errorf("stats %+v", s)
		}
	})
}

// While one batch is synced the next grows: that is all the grouping there is.
func TestGroupCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := fake{gate: make(chan struct{})}
		f, _ := Open("x", Options{Open: d.open})
		emit(t, f, "first")
		synctest.Wait()
		for i := range 100 {
			emit(t, f, fmt.Sprint(i))
		}
		if s := f.Stats(); s.Pending != 101 || s.Written != 0 {
			t.Errorf("while syncing: %+v", s)
		}
		d.gate <- struct{}{}
		d.gate <- struct{}{}
		synctest.Wait()
		if s := f.Stats(); s.Batches != 2 || s.Written != 101 || s.Pending != 0 {
			t.Errorf("%d records in %d batches, want 101 in 2", s.Written, s.Batches)
		}
		f.Close()
	})
}

func TestFailuresAreRetriedAndLeaveNothingBehind(t *testing.T) {
	bad := errors.New("input/output error")
	for name, set := range map[string]func(f *fake, err error){
		"write":         func(f *fake, err error) { f.writeErr = err },
		"sync":          func(f *fake, err error) { f.syncErr = err },
		"size":          func(f *fake, err error) { f.sizeErr = err },
		"write and cut": func(f *fake, err error) { f.writeErr, f.cutErr = err, err },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var d fake
				var log lines
				f, _ := Open("x", Options{Open: d.open, Log: log.logger()})
				emit(t, f, "before")
				synctest.Wait()
				d.set(func(f *fake) { set(f, bad) })
				emit(t, f, "one", "two")
				time.Sleep(time.Minute)
				synctest.Wait()
				s := f.Stats()
				if s.Pending != 2 || s.Written != 1 || s.Errors < 5 || !errors.Is(s.LastError, bad) {
					t.Errorf("while failing: %+v", s)
				}
				if n := log.count("level=ERROR"); n < 2 || n > 7 {
					t.Errorf("%d error lines in a minute, want one in ten seconds", n)
				}
				d.set(func(f *fake) { set(f, nil) })
				emit(t, f, "three")
				time.Sleep(maxRetry)
				synctest.Wait()
				if want := "before\none\ntwo\nthree\n"; d.text() != want {
					t.Errorf("file %q, want %q", d.text(), want)
				}
				if s := f.Stats(); s.Pending != 0 || s.Written != 4 || s.Lost != 0 || s.LastError != nil {
					t.Errorf("after it: %+v", s)
				}
				if log.count("written again") != 1 {
					t.Error("the log does not say that it is over")
				}
				f.Close()
			})
		})
	}
}

// When the disk is full, Emit goes on until the queue is full, too; then
// records are lost, counted and told.
func TestDiskFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := fake{space: 25}
		var log lines
		f, _ := Open("x", Options{Open: d.open, Log: log.logger(), Queue: 100})
		emit(t, f, "123456789", "123456789")
		synctest.Wait()
		lost := 0
		for range 20 {
			if err := f.Emit([]byte("123456789")); err != nil {
				if !errors.Is(err, ErrFull) {
					t.Fatal(err)
				}
				lost++
			}
			synctest.Wait()
		}
		if s := f.Stats(); s.Written != 2 || s.Pending != 10 || s.Lost != 10 || lost != 10 {
			t.Errorf("%d refused, %+v", lost, s)
		}
		time.Sleep(time.Minute)
		if log.count("lost=10") != 1 || log.count("no space left") < 2 {
			t.Errorf("log:\n%s", log.b.String())
		}
		d.set(func(f *fake) { f.space = 0 })
		time.Sleep(maxRetry)
		synctest.Wait()
		if s := f.Stats(); s.Written != 12 || s.Pending != 0 || s.Lost != 10 {
			t.Errorf("with space again: %+v", s)
		}
		if strings.Count(d.text(), "123456789\n") != 12 || len(d.text()) != 120 {
			t.Errorf("file %q", d.text())
		}
		f.Close()
	})
}

// A disk that is only slow loses records, too, and they are told.
func TestSlowDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := fake{gate: make(chan struct{})}
		var log lines
		f, _ := Open("x", Options{Open: d.open, Log: log.logger(), Queue: 10})
		emit(t, f, "12345678")
		synctest.Wait()
		for range 3 {
			f.Emit([]byte("12345678"))
		}
		close(d.gate)
		synctest.Wait()
		if log.count("lost=3") != 1 || f.Stats().Lost != 3 {
			t.Errorf("%d lost, log:\n%s", f.Stats().Lost, log.b.String())
		}
		f.Close()
	})
}

func TestCloseIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := fake{writeErr: errNoSpace}
		var log lines
		f, _ := Open("x", Options{Open: d.open, Log: log.logger(), Flush: 3 * time.Second})
		emit(t, f, "one", "two")
		began := time.Now()
		if err := f.Close(); !errors.Is(err, ErrLost) || !strings.Contains(err.Error(), "2") {
			t.Errorf("Close = %v, want 2 lost", err)
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("Close took %v", took)
		}
		if s := f.Stats(); s.Lost != 2 || s.Pending != 0 || log.count("lost at shutdown") != 1 {
			t.Errorf("stats %+v", s)
		}
	})
}

func TestReopen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d fake
		f, _ := Open("x", Options{Open: d.open})
		emit(t, f, "one")
		synctest.Wait()
		d.rotate()
		d.set(func(f *fake) { f.openErr = errNoSpace })
		if err := f.Reopen(); !errors.Is(err, errNoSpace) {
			t.Errorf("Reopen = %v", err)
		}
		d.set(func(f *fake) { f.openErr = nil })
		if err := f.Reopen(); err != nil {
			t.Fatal(err)
		}
		emit(t, f, "two")
		f.Close()
		if string(d.rotated[0]) != "one\n" || d.text() != "two\n" || d.opens != 2 {
			t.Errorf("rotated %q, file %q, %d opens", d.rotated[0], d.text(), d.opens)
		}
	})
}

// A file that is gone and cannot be brought in order is opened anew.
func TestFileIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stale := errors.New("stale file handle")
		d := fake{syncErr: stale, cutErr: stale}
		f, _ := Open("x", Options{Open: d.open})
		emit(t, f, "one")
		synctest.Wait()
		d.rotate()
		d.set(func(f *fake) { f.syncErr = nil })
		time.Sleep(maxRetry)
		synctest.Wait()
		if d.text() != "one\n" || f.Stats().Written != 1 {
			t.Errorf("file %q, %+v", d.text(), f.Stats())
		}
		f.Close()
	})
}

// However often the file is moved away under load, every record stands in
// exactly one of the files, and none is torn.
func TestReopenUnderLoad(t *testing.T) {
	var d fake
	f, err := Open("x", Options{Open: d.open})
	if err != nil {
		t.Fatal(err)
	}
	const writers, each = 4, 2000
	var wait sync.WaitGroup
	for w := range writers {
		wait.Go(func() {
			for i := range each {
				if err := f.Emit(fmt.Appendf(nil, "%d/%d", w, i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 50 {
		f.disk.Lock() // the file is moved between two batches or within one; the writer cannot tell
		d.rotate()
		f.disk.Unlock()
		if err := f.Reopen(); err != nil {
			t.Error(err)
		}
	}
	wait.Wait()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]int)
	for _, file := range append(d.rotated, []byte(d.text())) {
		for line := range strings.Lines(string(file)) {
			seen[line]++
		}
	}
	if len(seen) != writers*each {
		t.Errorf("%d different lines, want %d", len(seen), writers*each)
	}
	for line, n := range seen {
		if n != 1 || !strings.HasSuffix(line, "\n") {
			t.Fatalf("%q stands there %d times", line, n)
		}
	}
}

func TestEmitDoesNotAllocate(t *testing.T) {
	var d fake
	f, _ := Open("x", Options{Open: d.open})
	defer f.Close()
	record := []byte(strings.Repeat("x", 700))
	f.mu.Lock()
	f.queue = make([]byte, 0, 4<<20)
	f.mu.Unlock()
	d.set(func(f *fake) { f.content = make([]byte, 0, 8<<20) })
	if n := testing.AllocsPerRun(1000, func() { f.Emit(record) }); n >= 1 {
		t.Errorf("%v allocations a record", n)
	}
}
