package embedded

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/sallyport-sbc/sallyport/host/store"
)

const (
	maxQueue = 8192 // operations that wait; more are refused
	maxBatch = 1024 // operations of one batch
	fullness = 4 << 20
	// Under load a batch begins this long after the one before, unless enough operations
	// wait: a sync costs as much for one as for a hundred.
	pace       = 20 * time.Millisecond
	enough     = 256
	sweepEvery = 30 * time.Second
)

// batch is what some operations change: all of it becomes durable, or nothing.
type batch struct {
	*layers
	changes *[buckets]map[string]entry
	dues    map[string]int64
	now     time.Time
	bytes   int64    // at most what the changes take in the log
	undo    []func() // takes back, last first, what memory was told
}

func (b *batch) get(in bucket, key string) (string, bool) {
	if e, has := b.changes[in][key]; has {
		return e.value, !e.dead
	}
	return b.layers.get(in, key)
}

func (b *batch) put(in bucket, key, value string) { b.change(in, key, entry{value: value}) }

func (b *batch) delete(in bucket, key string) { b.change(in, key, entry{dead: true}) }

func (b *batch) change(in bucket, key string, e entry) {
	b.changes[in][key] = e
	b.bytes += int64(recordExtra + len(key) + len(e.value))
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
	defer func() { s.err = s.finish() }()
	sweep := time.NewTicker(sweepEvery)
	defer sweep.Stop()
	next := time.NewTimer(pace)
	defer next.Stop()
	old := time.NewTimer(s.tune.age)
	defer old.Stop()
	var begun time.Time
	for {
		select {
		case <-s.wake:
		case c := <-s.written:
			s.reaped(c)
		case <-old.C:
			s.rotate()
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
			for len(jobs) > 0 {
				jobs = s.commit(jobs)
			}
		}
		if s.active.entries > 0 || s.log.direct {
			old.Reset(s.tune.age)
		}
	}
}

// gather waits until the next batch may begin.
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

// commit runs jobs, makes durable what they change, and answers them. It returns those
// that a full batch had no room for.
func (s *Store) commit(jobs []job) (rest []job) {
	s.reap()
	b := batch{changes: &s.changes, dues: s.dues, now: s.now()}
	s.layersMu.Lock()
	l, err := s.layers()
	s.layersMu.Unlock()
	if err == nil {
		b.layers = l
		for i, j := range jobs {
			if b.bytes > fullness {
				jobs, rest = jobs[:i], jobs[i:]
				break
			}
			j.run(&b)
		}
		_ = l.tx.Rollback()
		err = s.persist(b.bytes)
	}
	if err != nil {
		for i := len(b.undo) - 1; i >= 0; i-- {
			b.undo[i]()
		}
		err = fmt.Errorf("%w: %w", store.ErrUnavailable, err)
		for range jobs {
			s.health.Failed(err)
		}
	} else if b.bytes > 0 {
		s.health.Works()
	}
	if err != nil || len(s.dues) > maxDues {
		clear(s.dues)
	}
	for _, c := range s.changes {
		clear(c)
	}
	for _, j := range jobs {
		j.finish(err)
	}
	return rest
}

// maxDues is how many accounts the committer remembers the dues of.
const maxDues = 1 << 16

// persist makes the changes durable and shows them to readers.
func (s *Store) persist(bytes int64) error {
	if bytes == 0 {
		return nil
	}
	room, need := s.room(bytes)
	switch {
	case bytes > maxFrame:
		return fmt.Errorf("a batch of %d bytes", bytes)
	case room-2*bytes < s.reserve() && s.grows():
		return errFull
	case s.log.direct, room-need < s.near():
		err := s.flush(false)
		if s.grows() || !errors.Is(err, bolterrors.ErrMaxSizeReached) || !s.log.now.usable() || s.behind() {
			return err
		}
		// Deleting takes pages of the file, too. It gets them when more is deleted.
	case s.writing && s.behind():
		return errBehind
	}
	frame := append(s.log.frame[:0], make([]byte, frameSize)...)
	for b, of := range s.changes {
		for key, e := range of {
			frame = appendRecord(frame, bucket(b), key, e)
		}
	}
	if s.log.frame = frame; cap(frame) > 2*fullness {
		s.log.frame = nil
	}
	if s.active.entries == 0 {
		s.log.since = time.Now()
	}
	last := s.log.spare != nil &&
		(s.log.now.size+int64(len(frame)) >= s.enough(s.log.now) || time.Since(s.log.since) >= s.tune.age || room < 2*need)
	if err := s.log.now.append(frame, last); err != nil {
		s.log.direct = true
		return err
	}
	s.layersMu.Lock()
	for b, of := range s.changes {
		for key, e := range of {
			s.active.set(bucket(b), key, e)
		}
	}
	s.layersMu.Unlock()
	if last {
		s.freeze()
	}
	return nil
}

// behind says whether the log is as long as it may be.
func (s *Store) behind() bool { return max(s.log.now.size, s.active.bytes) > s.tune.most }

var (
	errBehind = errors.New("the file is not written as fast as it changes")
	errFull   = errors.New("the file is full")
)
