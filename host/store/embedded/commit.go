package embedded

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"github.com/sallyport-sbc/sallyport/host/store"
)

const (
	maxQueue = 8192 // operations that wait; more are refused
	maxBatch = 1024 // operations of one transaction
	// Under load a transaction begins this long after the one before, unless enough
	// operations wait: a sync costs as much for one as for a hundred.
	pace       = 10 * time.Millisecond
	enough     = 32
	sweepEvery = 30 * time.Second
)

// batch is one transaction on the file and what it changed in memory.
type batch struct {
	tx   *bbolt.Tx
	now  time.Time
	undo []func() // takes back, last first, what memory was told
	err  error    // the transaction cannot be committed
}

func (b *batch) get(bucket []byte, key string) (string, bool) {
	v := b.tx.Bucket(bucket).Get([]byte(key))
	return string(v), v != nil
}

func (b *batch) put(bucket []byte, key, value string) {
	if err := b.tx.Bucket(bucket).Put([]byte(key), []byte(value)); err != nil && b.err == nil {
		b.err = err
	}
}

func (b *batch) delete(bucket []byte, key string) {
	if err := b.tx.Bucket(bucket).Delete([]byte(key)); err != nil && b.err == nil {
		b.err = err
	}
}

// job is an operation that waits for the committer.
type job interface {
	run(b *batch)
	finish(err error)
}

// An operation is queued until the committer or its deadline takes it.
const (
	queued int32 = iota
	taken
	abandoned
)

type change[T any] struct {
	do    func(b *batch) (T, error)
	state atomic.Int32
	done  chan struct{}
	// Owned by the committer until done is closed.
	value T
	err   error
}

func (c *change[T]) run(b *batch) {
	if c.state.CompareAndSwap(queued, taken) {
		c.value, c.err = c.do(b)
	}
}

func (c *change[T]) finish(err error) {
	if err != nil {
		c.err = err
	}
	close(c.done)
}

// update has the committer do a change and waits until it is durable. do returns
// an error before it has written anything, or none.
func update[T any](ctx context.Context, s *Store, op store.Op, do func(b *batch) (T, error)) (T, error) {
	start := time.Now()
	c := &change[T]{do: do, done: make(chan struct{})}
	var none T
	if err := s.enqueue(c); err != nil {
		s.health.Failed(err)
		return none, s.counters.Done(op, start, err)
	}
	var late <-chan time.Time
	if _, has := ctx.Deadline(); !has {
		t := time.NewTimer(s.deadline)
		defer t.Stop()
		late = t.C
	}
	select {
	case <-c.done:
		return c.value, s.counters.Done(op, start, c.err)
	case <-late:
	case <-ctx.Done():
	}
	if c.state.CompareAndSwap(queued, abandoned) {
		return none, s.counters.Done(op, start, fmt.Errorf("%w: it was not begun", store.ErrTimeout))
	}
	return none, s.counters.Done(op, start, fmt.Errorf("%w: the disk is slow", store.ErrTimeout))
}

func (s *Store) enqueue(j job) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("%w: closed", store.ErrUnavailable)
	}
	if len(s.queue) >= maxQueue {
		return fmt.Errorf("%w: %d operations wait for the disk", store.ErrUnavailable, len(s.queue))
	}
	s.queue = append(s.queue, j)
	if n := len(s.queue); n == 1 || n == enough {
		s.poke()
	}
	return nil
}

func (s *Store) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// commitLoop ends when the store is closed and nothing is queued.
func (s *Store) commitLoop() {
	defer close(s.done)
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	next := time.NewTimer(pace)
	defer next.Stop()
	var begun time.Time
	for {
		select {
		case <-s.wake:
		case <-sweep.C:
			if s.expired(s.now()) {
				s.commit([]job{&change[struct{}]{do: s.sweep, done: make(chan struct{})}})
			}
		}
		for {
			s.gather(next, begun)
			begun = time.Now()
			s.mu.Lock()
			jobs := s.queue
			if len(jobs) > maxBatch {
				jobs, s.queue = jobs[:maxBatch:maxBatch], jobs[maxBatch:]
			} else {
				s.queue = nil
			}
			closed := s.closed
			s.mu.Unlock()
			if len(jobs) == 0 && closed {
				return
			}
			if len(jobs) == 0 {
				break
			}
			s.commit(jobs)
		}
	}
}

// gather waits until the next transaction may begin.
func (s *Store) gather(next *time.Timer, begun time.Time) {
	wait := pace - time.Since(begun)
	if wait <= 0 {
		return
	}
	next.Reset(wait)
	for s.few() {
		select {
		case <-next.C:
			return
		case <-s.wake:
		}
	}
}

// few says whether it is worth while to wait for more.
func (s *Store) few() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue) > 0 && len(s.queue) < enough && !s.closed
}

func (s *Store) commit(jobs []job) {
	var b batch
	err := s.db.Update(func(tx *bbolt.Tx) error {
		b = batch{tx: tx, now: s.now()}
		for _, j := range jobs {
			j.run(&b)
		}
		return b.err
	})
	if err != nil {
		for i := len(b.undo) - 1; i >= 0; i-- {
			b.undo[i]()
		}
		err = fmt.Errorf("%w: %w", store.ErrUnavailable, err)
		for range jobs {
			s.health.Failed(err)
		}
	} else {
		s.health.Works()
	}
	for _, j := range jobs {
		j.finish(err)
	}
}
