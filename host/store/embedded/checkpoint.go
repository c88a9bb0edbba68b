package embedded

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// tune says when the log is written down into the file. Zero is the default.
type tune struct {
	segment int64         // a log of so many bytes is
	age     time.Duration // and one that is so old
	most    int64         // changes are refused while a log longer than that waits
	open    func(path string) (disk, error)
	update  func(*bbolt.DB, func(*bbolt.Tx) error) error
}

func (t tune) defaults() tune {
	t.segment = cmp.Or(t.segment, 4<<20)
	t.age = cmp.Or(t.age, 10*time.Second)
	t.most = cmp.Or(t.most, maxFrame)
	if t.open == nil {
		t.open = openDisk
	}
	if t.update == nil {
		t.update = (*bbolt.DB).Update
	}
	return t
}

// freeze asks for a checkpoint: what to write, which segment of the log has it, and what
// becomes of its file then.
type freeze struct {
	what   *overlay
	number uint64
	disk   disk
	next   head
	fill   bool
}

// checkpoint is the answer.
type checkpoint struct {
	done  bool // the file has it
	spare *segment
	err   error
}

// checkpoints writes what is frozen into the file, in one transaction, while others
// work. It ends when freezes is closed.
func (s *Store) checkpoints() {
	defer close(s.written)
	for f := range s.freezes {
		var c checkpoint
		c.err = s.tune.update(s.db, func(tx *bbolt.Tx) error {
			if err := f.what.write(tx); err != nil {
				return err
			}
			return saveDone(tx, f.number)
		})
		if c.err == nil {
			s.layersMu.Lock()
			s.frozen = nil
			s.layersMu.Unlock()
			c.done = true
			c.spare, c.err = begin(f.disk, f.next, s.tune.segment, f.fill)
		}
		s.written <- c
	}
}

// freeze begins a new log and lets the checkpointer write down the old one, whose last
// frame has said so.
func (s *Store) freeze() {
	old := s.log.now
	s.layersMu.Lock()
	s.frozen, s.active = s.active, &overlay{}
	s.layersMu.Unlock()
	s.log.now, s.log.spare = s.log.spare, nil
	s.writing = true
	s.freezes <- freeze{s.frozen, old.number, old.disk, s.log.head(old.number + 2), old.size >= s.enough(old)}
}

// enough is how long a segment may get. A store with little to do needs no files of full
// length; one with more finds that out soon.
func (s *Store) enough(g *segment) int64 {
	if g.whole {
		return s.tune.segment
	}
	return s.tune.segment / 64
}

// reap takes the answer of the checkpointer, if there is one.
func (s *Store) reap() {
	if !s.writing {
		return
	}
	select {
	case c := <-s.written:
		s.reaped(c)
	default:
	}
}

// settle waits for it.
func (s *Store) settle() {
	if s.writing {
		s.reaped(<-s.written)
	}
}

func (s *Store) reaped(c checkpoint) {
	s.writing = false
	if c.done {
		s.log.done = s.log.now.number - 1
	}
	if s.log.spare = c.spare; c.err != nil {
		s.log.spare, s.log.direct = nil, true
		s.health.Failed(fmt.Errorf("%w: checkpoint: %w", store.ErrUnavailable, c.err))
	}
}

// rotate has a log written down that waits for no more changes.
func (s *Store) rotate() {
	s.reap()
	var err error
	switch {
	case s.log.direct:
		if err = s.flush(false); err == nil {
			s.health.Works()
		}
	case s.active.entries > 0 && s.log.spare != nil:
		if err = s.log.now.append(make([]byte, frameSize), true); err == nil {
			s.freeze()
		} else {
			s.log.direct = true
		}
	}
	if err != nil {
		s.health.Failed(fmt.Errorf("%w: checkpoint: %w", store.ErrUnavailable, err))
	}
}

// logged says whether the log may have what the file has not.
func (s *Store) logged() bool {
	return s.frozen != nil || s.active.entries > 0 || s.log.now.frames > 0 || s.log.now.torn
}

// room is how much the file may still take, and how much of that the changes in memory and
// in the batch might: for each a page is written anew before the old one is free.
func (s *Store) room(batch int64) (room, need int64) {
	if s.maxSize == 0 {
		return math.MaxInt64, 0
	}
	s.layersMu.Lock()
	l, err := s.layers()
	s.layersMu.Unlock()
	if err != nil {
		return 0, 0
	}
	defer func() { _ = l.tx.Rollback() }()
	page := int64(s.db.Info().PageSize)
	for _, o := range l.over {
		if o != nil {
			need += int64(o.entries)*page + 2*o.bytes
		}
	}
	for _, changes := range s.changes {
		need += int64(len(changes)) * page
	}
	st := s.db.Stats()
	return s.maxSize - l.tx.Size() + int64(st.FreePageN+st.PendingPageN)*page, need + 2*batch
}

// reserve is what is left for deleting in a full file: that takes pages, too, before it
// gives any back.
func (s *Store) reserve() int64 { return min(256<<10, s.maxSize/4) }

// near is how much room makes a file nearly full. Free pages may lie far apart, so that a
// large transaction fails where small ones do not.
func (s *Store) near() int64 { return min(16<<20, s.maxSize/2) }

// grows says whether the batch does anything but delete.
func (s *Store) grows() bool {
	for _, changes := range s.changes {
		for _, e := range changes {
			if !e.dead {
				return true
			}
		}
	}
	return false
}

const (
	flushAgain = 250 * time.Millisecond // what has failed is not tried again, if
	flushLarge = 1 << 20                // it is larger than that
)

// flush writes everything into the file, the batch too, and begins new logs, unless the
// store is closing.
func (s *Store) flush(closing bool) error {
	s.settle()
	if !closing && s.log.failed != nil && time.Since(s.log.failedAt) < flushAgain && s.waiting() > flushLarge {
		return s.log.failed
	}
	logged := s.logged()
	all := func(tx *bbolt.Tx) error {
		if s.frozen != nil {
			if err := s.frozen.write(tx); err != nil {
				return err
			}
		}
		if err := s.active.write(tx); err != nil {
			return err
		}
		if err := writeChanges(tx, &s.changes); err != nil || !logged {
			return err
		}
		return saveDone(tx, s.log.now.number)
	}
	err := s.tune.update(s.db, all)
	if errors.Is(err, bolterrors.ErrMaxSizeReached) && s.waiting() > 0 {
		if err = s.pieces(); err == nil {
			err = s.tune.update(s.db, all)
		}
	}
	if s.log.failed = err; err != nil {
		s.log.failedAt = time.Now()
		return err
	}
	s.layersMu.Lock()
	s.frozen, s.active = nil, &overlay{}
	s.layersMu.Unlock()
	if closing {
		return nil
	}
	if s.log.direct = false; logged {
		s.log.done = s.log.now.number
	}
	if logged || s.log.spare == nil {
		// The batch is durable, with a log or without.
		if err := s.log.renew(s.tune.segment); err != nil {
			s.log.direct = true
		}
	}
	return nil
}

// waiting is about how much memory has what the file has not.
func (s *Store) waiting() int64 {
	if s.frozen == nil {
		return s.active.bytes
	}
	return s.frozen.bytes + s.active.bytes
}

// pieces writes what waits into the file bit by bit, what was deleted first: small
// transactions find room where a large one does not, and some where others do not.
// Readers and logs still have all of it, so that it may end anywhere.
func (s *Store) pieces() error {
	failed := 0
	for _, o := range []*overlay{s.frozen, s.active} {
		if o == nil {
			continue
		}
		for _, dead := range []bool{true, false} {
			for b := range o.trees {
				for k, e := range o.trees[b].Scan {
					if e.dead != dead {
						continue
					}
					var one [buckets]map[string]entry
					one[b] = map[string]entry{k: e}
					err := s.tune.update(s.db, func(tx *bbolt.Tx) error { return writeChanges(tx, &one) })
					if err == nil {
						continue
					}
					if failed++; failed > maxFailed || !errors.Is(err, bolterrors.ErrMaxSizeReached) {
						return err
					}
				}
			}
		}
	}
	return nil
}

// maxFailed is how many pieces may find no room before the others are given up.
const maxFailed = 16

func writeChanges(tx *bbolt.Tx, changes *[buckets]map[string]entry) (err error) {
	for b, of := range changes {
		to := tx.Bucket([]byte(bucket(b).String()))
		for key, e := range of {
			if e.dead {
				err = to.Delete([]byte(key))
			} else {
				err = to.Put([]byte(key), []byte(e.value))
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// finish is the end of the committer: it leaves the file alone, or the logs beside it
// when the file cannot be written.
func (s *Store) finish() error {
	s.settle()
	close(s.freezes)
	for range s.written { // until the checkpointer has returned
	}
	var err error
	if s.logged() {
		err = s.flush(true)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("%w: checkpoint: %w", store.ErrUnavailable, err), s.log.close())
	}
	return errors.Join(s.log.close(), s.log.remove())
}
