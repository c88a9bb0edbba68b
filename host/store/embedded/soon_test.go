package embedded

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/store/storetest"
)

// waiter waits for what store.Soon tells.
type waiter struct{ *Store }

type told[T any] struct {
	value T
	err   error
}

func (s waiter) Reserve(_ context.Context, account, call string, seq uint32, want int64, ttl time.Duration) (int64, error) {
	c := make(chan told[int64], 2)
	s.ReserveSoon(account, call, seq, want, ttl, func(v int64, err error) { c <- told[int64]{v, err} })
	r := <-c
	return r.value, r.err
}

func (s waiter) Commit(_ context.Context, account, call string, seq uint32, used int64) (store.Balance, error) {
	c := make(chan told[store.Balance], 2)
	s.CommitSoon(account, call, seq, used, func(v store.Balance, err error) { c <- told[store.Balance]{v, err} })
	r := <-c
	return r.value, r.err
}

func (s waiter) Cancel(_ context.Context, account, call string, seq uint32) error {
	c := make(chan error, 2)
	s.CancelSoon(account, call, seq, func(err error) { c <- err })
	return <-c
}

// What is told is what the methods that wait return.
func TestSuiteSoon(t *testing.T) {
	storetest.Run(t, storetest.Harness{Each: func(t *testing.T, run func(*testing.T, store.Store)) {
		synctest.Test(t, func(t *testing.T) {
			s, err := Open(Options{Path: filepath.Join(t.TempDir(), "state.db")})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}()
			run(t, waiter{s})
		})
	}})
}

// stuck is a job that holds the committer up.
type stuck chan struct{}

func (s stuck) run(*batch)   { <-s }
func (s stuck) finish(error) {}

// A disk that hangs does not keep anybody without an answer, and nobody gets two.
func TestSoonWhileTheDiskHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := Open(Options{Path: filepath.Join(t.TempDir(), "state.db"), Deadline: 40 * time.Millisecond})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Deposit(t.Context(), "a", "1", 1000); err != nil {
			t.Fatal(err)
		}
		var got []error
		var mu sync.Mutex
		answer := func(_ int64, err error) {
			mu.Lock()
			defer mu.Unlock()
			got = append(got, err)
		}
		so := func() []error {
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(got)
		}
		for range 3 { // the second round finds a timer that has ended
			mu.Lock()
			got = nil
			mu.Unlock()
			hang := make(stuck)
			began := time.Now()
			if err := s.enqueue(hang); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			s.ReserveSoon("a", "c", 1, 10, time.Hour, answer)
			time.Sleep(10 * time.Millisecond)
			s.ReserveSoon("a", "c", 2, 10, time.Hour, answer)
			time.Sleep(35 * time.Millisecond)
			if got := so(); len(got) != 1 || !errors.Is(got[0], store.ErrTimeout) {
				t.Fatalf("after %v: %v", time.Since(began), got)
			}
			time.Sleep(10 * time.Millisecond)
			if got := so(); len(got) != 2 || !errors.Is(got[1], store.ErrTimeout) {
				t.Fatalf("after %v: %v", time.Since(began), got)
			}
			close(hang)
			if got := so(); len(got) != 2 {
				t.Errorf("told twice: %v", got)
			}
		}
		if b, err := s.Balance(t.Context(), "a"); err != nil || b.Reserved != 0 {
			t.Errorf("what was not begun was carried out all the same: %+v, %v", b, err)
		}
		// One that was begun and is late is carried out, and told once.
		mu.Lock()
		got = nil
		mu.Unlock()
		hang := make(stuck)
		if _, err := s.Deposit(t.Context(), "a", "2", 1000); err != nil { // the next batch waits for its pace
			t.Fatal(err)
		}
		if err := s.enqueue(late{hang}); err != nil {
			t.Fatal(err)
		}
		s.ReserveSoon("a", "c", 3, 10, time.Hour, answer)
		time.Sleep(50 * time.Millisecond)
		if got := so(); len(got) != 1 || !errors.Is(got[0], store.ErrTimeout) {
			t.Fatal(got)
		}
		close(hang)
		if got := so(); len(got) != 1 {
			t.Errorf("told twice: %v", got)
		}
		if b, err := s.Balance(t.Context(), "a"); err != nil || b.Reserved != 10 {
			t.Errorf("what was begun was not carried out: %+v, %v", b, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		s.ReserveSoon("a", "c", 4, 10, time.Hour, answer)
		if got := so(); len(got) != 2 || !errors.Is(got[1], store.ErrUnavailable) {
			t.Errorf("after Close: %v", got)
		}
	})
}

// late is a job that holds the committer up when those of its batch have run.
type late struct{ hang stuck }

func (l late) run(*batch)   {}
func (l late) finish(error) { <-l.hang }
