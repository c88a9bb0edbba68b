package embedded

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// redo is the log: two files that take turns. The number of a segment says which file it
// is in.
type redo struct {
	paths [2]string
	disks [2]disk
	id    uint64   // of the store
	done  uint64   // the last segment that the file has
	now   *segment // takes frames, unless direct
	spare *segment // the one after it; nil while its file is still needed
	// Batches go to the file at once: the log cannot be trusted, or the file is nearly full.
	direct   bool
	failed   error // the last try to do so
	failedAt time.Time

	since time.Time // when now got its first frame
	frame []byte    // to be used again
}

// The bucket of the file that says which segments are written down.
var (
	logBucket = []byte("log")
	idKey     = []byte("store")
	doneKey   = []byte("done")
)

// loadState is readState, but draws a number when there is none.
func loadState(tx *bbolt.Tx) (id, done uint64, err error) {
	b, err := tx.CreateBucketIfNotExists(logBucket)
	if err == nil && b.Get(idKey) == nil {
		err = b.Put(idKey, binary.BigEndian.AppendUint64(nil, random()))
	}
	if err != nil {
		return 0, 0, err
	}
	return readState(tx)
}

// readState returns the number that logs know the file by, and that of the last segment
// that the file has.
func readState(tx *bbolt.Tx) (id, done uint64, err error) {
	b := tx.Bucket(logBucket)
	text, last := b.Get(idKey), b.Get(doneKey)
	if len(text) != 8 || last != nil && len(last) != 8 {
		return 0, 0, fmt.Errorf("%w: it does not know its logs", store.ErrCorrupt)
	}
	if last != nil {
		done = binary.BigEndian.Uint64(last)
	}
	return binary.BigEndian.Uint64(text), done, nil
}

func saveDone(tx *bbolt.Tx, number uint64) error {
	return tx.Bucket(logBucket).Put(doneKey, binary.BigEndian.AppendUint64(nil, number))
}

func random() uint64 {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return binary.LittleEndian.Uint64(b[:])
}

func (r *redo) head(number uint64) head { return head{r.id, number, random()} }

// renew begins two new segments behind the last that the file has; nothing in their files
// is needed any more.
func (r *redo) renew(whole int64) (err error) {
	r.spare = nil
	if r.now, err = begin(r.disks[(r.done+1)%2], r.head(r.done+1), whole, false); err == nil {
		r.spare, err = begin(r.disks[r.done%2], r.head(r.done+2), whole, false)
	}
	if err != nil {
		r.now, r.spare = &segment{head: head{number: r.done}}, nil
	}
	return err
}

func (r *redo) close() (err error) {
	for _, d := range r.disks {
		if d != nil {
			err = errors.Join(err, d.Close())
		}
	}
	return err
}

func (r *redo) remove() (err error) {
	for _, p := range r.paths {
		if e := os.Remove(p); !errors.Is(e, fs.ErrNotExist) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// recover brings in what the logs have and the file has not, and begins new ones. A file
// that cannot take it is no error: it is tried again with the next changes.
func (s *Store) recover(id, done uint64) error {
	r := &s.log
	r.id, r.done = id, done
	var found []*segment
	sizes := map[*segment]int64{}
	for i := range r.disks {
		r.paths[i] = fmt.Sprintf("%s.log%d", s.db.Path(), i)
		var err error
		if r.disks[i], err = s.tune.open(r.paths[i]); err != nil {
			return err
		}
		size, err := r.disks[i].Size()
		if err != nil {
			return err
		}
		h, has, err := readHead(r.disks[i], size)
		if err == nil && has && h.store != id {
			err = fmt.Errorf("%w: it belongs to another store", store.ErrCorrupt)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", r.paths[i], err)
		}
		if has && h.number > done {
			g := &segment{disk: r.disks[i], head: h}
			found, sizes[g] = append(found, g), size
		}
	}
	slices.SortFunc(found, func(a, b *segment) int { return int(int64(a.number - b.number)) })
	top, more := done, true
	for _, g := range found {
		last, err := g.replay(sizes[g], s.active.set)
		if err == nil && g.frames > 0 && (g.number != top+1 || !more) {
			err = fmt.Errorf("%w: log %d does not follow on %d", store.ErrCorrupt, g.number, top)
		}
		if err != nil {
			return fmt.Errorf("store and its logs: %w", err)
		}
		if g.number == top+1 {
			top, more = g.number, last
		}
	}
	if more && top > done {
		return fmt.Errorf("%w: log %d is not there", store.ErrCorrupt, top+1)
	}
	if s.active.entries == 0 {
		r.direct = r.renew(s.tune.segment) != nil
		return nil
	}
	r.now = &segment{head: head{number: top}}
	if err := s.flush(false); err != nil {
		r.direct = true
		s.health.Failed(fmt.Errorf("%w: %w", store.ErrUnavailable, err))
	}
	return nil
}
