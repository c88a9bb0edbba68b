package embedded

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// Options say where and how; only Path is needed.
type Options struct {
	Path    string       // of the file; it and its logs are made with mode 0600
	MaxSize int64        // of the file in bytes, without its logs; 0 is no bound
	Log     *slog.Logger // nil is silence
	// Deadline bounds a method whose context has none; 0 is store.DefaultDeadline.
	Deadline time.Duration
	// Now is the clock by which things expire; nil is time.Now. Tests and workbenches let it run ahead.
	Now func() time.Time

	tune tune // for tests
}

// Store is the engine. It is a store.Store and offers store.Fast and store.Soon.
type Store struct {
	db       *bbolt.DB
	leases   *store.LeaseTable
	rates    *store.RateTable
	counters store.Counters
	health   *store.Health
	deadline time.Duration
	maxSize  int64
	tune     tune
	now      func() time.Time // by which things expire
	done     chan struct{}    // closed when the committer has returned
	err      error            // of the last checkpoint; read it when done is closed

	spacesMu sync.RWMutex // guards the map, not the spaces
	spaces   map[string]*space

	mu     sync.Mutex // guards what follows
	queue  []job
	closed bool
	wake   chan struct{}

	// What the file has not got yet, behind a lock of its own: a reader takes it and begins
	// its transaction in one step, so that it cannot miss what moves between them.
	layersMu sync.Mutex
	active   *overlay // changed by the committer alone, which may read it without the lock
	frozen   *overlay // on its way to the file, or nil

	promises promises

	// Owned by the committer; nobody else reads or writes below this line.
	log     redo
	changes [buckets]map[string]entry // of the batch
	dues    map[string]int64          // no reservation of an account is due before that
	freezes chan freeze               // to the checkpointer
	written chan checkpoint           // from it
	writing bool                      // a freeze is not yet answered
}

var (
	_ store.Store = (*Store)(nil)
	_ store.Fast  = (*Store)(nil)
	_ store.Soon  = (*Store)(nil)
)

// Open opens the file, or makes it, and brings in what its logs have. It fails with
// ErrCorrupt for files that cannot be read or do not belong together, and says so when
// another process has them.
func Open(o Options) (*Store, error) {
	s := &Store{
		leases: store.NewLeaseTable(), rates: store.NewRateTable(),
		health: store.NewHealth("embedded", o.Log), deadline: cmp.Or(o.Deadline, store.DefaultDeadline),
		maxSize: o.MaxSize, tune: o.tune.defaults(),
		done: make(chan struct{}), wake: make(chan struct{}, 1),
		spaces: map[string]*space{}, now: time.Now,
		active: &overlay{}, dues: map[string]int64{},
		freezes: make(chan freeze, 1), written: make(chan checkpoint, 1),
	}
	for i := range s.changes {
		s.changes[i] = map[string]entry{}
	}
	if o.Now != nil {
		s.now = o.Now
		s.leases.Clock(s.now)
		s.rates.Clock(s.now)
	}
	if err := s.open(o); err != nil {
		return nil, fmt.Errorf("store %s: %w", o.Path, err)
	}
	go s.checkpoints()
	go s.commitLoop()
	return s, nil
}

// lockWait is how long another process may take to let go of the file.
const lockWait = 100 * time.Millisecond

func (s *Store) open(o Options) (err error) {
	if err := inspect(o.Path); err != nil {
		return err
	}
	s.db, err = bbolt.Open(o.Path, 0o600, &bbolt.Options{
		Timeout:        lockWait,
		NoFreelistSync: true,
		FreelistType:   bbolt.FreelistMapType,
		NoStatistics:   o.MaxSize == 0, // they know how much of the file is free
		MaxSize:        int(o.MaxSize),
		// Room to grow without a new mapping, which would wait for readers.
		InitialMmapSize: 64 << 20,
	})
	if err != nil {
		return explain(err)
	}
	if err = s.load(); err != nil {
		err = errors.Join(err, s.log.close(), s.db.Close())
	}
	return err
}

// inspect reads a file from end to end. bbolt panics on pages that make no sense,
// and a file cut short is a fault of memory; when it opens a file for writing that
// happens in a goroutine of its own and ends the process. Here both are errors.
func inspect(path string) (err error) {
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		return nil // Open makes the file, or knows better why not
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: %v", store.ErrCorrupt, r)
		}
	}()
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: lockWait, ReadOnly: true})
	if err != nil {
		return explain(err)
	}
	defer db.Close()
	return db.View(func(tx *bbolt.Tx) error {
		return tx.ForEach(func(_ []byte, b *bbolt.Bucket) error {
			return b.ForEach(func(_, _ []byte) error { return nil })
		})
	})
}

func explain(err error) error {
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("%w: another process has it open", store.ErrUnavailable)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
		return fmt.Errorf("%w: %w", store.ErrCorrupt, err)
	}
	return err
}

func (s *Store) load() error {
	var id, done uint64
	err := s.db.Update(func(tx *bbolt.Tx) (err error) {
		for b := range buckets {
			if _, err := tx.CreateBucketIfNotExists([]byte(b.String())); err != nil {
				return err
			}
		}
		id, done, err = loadState(tx)
		return err
	})
	if err != nil {
		return err
	}
	err = s.db.View(func(tx *bbolt.Tx) error {
		if info, err := os.Stat(s.db.Path()); err != nil || info.Size() < tx.Size() {
			return fmt.Errorf("%w: it is cut short", store.ErrCorrupt)
		}
		return nil
	})
	if err == nil {
		err = s.recover(id, done)
	}
	if err != nil {
		return err
	}
	l, end, err := s.snapshot()
	if err != nil {
		return err
	}
	defer end()
	return s.loadSpaces(l)
}

// Close is Store.Close. Only the file is left when it returns without an error.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	s.poke()
	<-s.done
	s.promises.stop()
	return errors.Join(s.err, s.db.Close())
}

// Stats is Store.Stats.
func (s *Store) Stats() store.Stats {
	st := store.Stats{Engine: "embedded", Ops: s.counters.Stats(), Leases: s.leases.Len(), Rates: s.rates.Len()}
	st.Up, st.Outages = s.health.Up()
	for _, sp := range s.allSpaces() {
		sp.mu.RLock()
		st.Keys += len(sp.keys) + sp.members
		st.Bytes += sp.bytes
		sp.mu.RUnlock()
	}
	return st
}

// Acquire is store.Leases.Acquire; it does not wait.
func (s *Store) Acquire(_ context.Context, lease, node string, ttl time.Duration, limits []store.Limit) (string, error) {
	return s.AcquireNow(lease, node, ttl, limits)
}

// AcquireNow is store.Fast.AcquireNow.
func (s *Store) AcquireNow(lease, node string, ttl time.Duration, limits []store.Limit) (string, error) {
	denied, err := s.leases.Acquire(lease, node, ttl, limits)
	return denied, s.counters.Done(store.OpAcquire, time.Time{}, err)
}

// Renew is store.Leases.Renew; it does not wait.
func (s *Store) Renew(_ context.Context, node string, ttl time.Duration) (int, error) {
	n, err := s.leases.Renew(node, ttl)
	return n, s.counters.Done(store.OpRenew, time.Time{}, err)
}

// Release is store.Leases.Release; it does not wait.
func (s *Store) Release(_ context.Context, lease string) error { return s.ReleaseNow(lease) }

// ReleaseNow is store.Fast.ReleaseNow.
func (s *Store) ReleaseNow(lease string) error {
	return s.counters.Done(store.OpRelease, time.Time{}, s.leases.Release(lease))
}

// Reconcile is store.Leases.Reconcile; it does not wait.
func (s *Store) Reconcile(_ context.Context, node string, ttl time.Duration, live func() []store.Lease) (store.Repair, error) {
	r, err := s.leases.Reconcile(node, ttl, live)
	return r, s.counters.Done(store.OpReconcile, time.Time{}, err)
}

// Used is store.Leases.Used; it does not wait.
func (s *Store) Used(_ context.Context, key string) (int64, error) {
	n, err := s.leases.Used(key)
	return n, s.counters.Done(store.OpUsed, time.Time{}, err)
}

// Take is store.Rates.Take; it does not wait.
func (s *Store) Take(_ context.Context, key string, rate float64, burst, n int64) (time.Duration, error) {
	return s.TakeNow(key, rate, burst, n)
}

// TakeNow is store.Fast.TakeNow.
func (s *Store) TakeNow(key string, rate float64, burst, n int64) (time.Duration, error) {
	after, err := s.rates.Take(key, rate, burst, n)
	return after, s.counters.Done(store.OpTake, time.Time{}, err)
}

// view reads all layers as they are at one moment; they end with read.
func (s *Store) view(op store.Op, read func(l *layers) error) error {
	l, end, err := s.snapshot()
	if err == nil {
		err = read(l)
		end()
	}
	return s.counters.Done(op, time.Time{}, err)
}

// glance is view for what is short: it copies nothing, and the committer waits meanwhile.
func (s *Store) glance(op store.Op, read func(l *layers) error) error {
	s.layersMu.Lock()
	l, err := s.layers()
	if err == nil {
		err = read(l)
		_ = l.tx.Rollback()
	}
	s.layersMu.Unlock()
	return s.counters.Done(op, time.Time{}, err)
}

// snapshot returns layers that do not change, and what ends them.
func (s *Store) snapshot() (*layers, func(), error) {
	s.layersMu.Lock()
	defer s.layersMu.Unlock()
	l, err := s.layers()
	if err != nil {
		return nil, nil, err
	}
	l.over[0] = s.active.snapshot()
	return l, func() { _ = l.tx.Rollback() }, nil
}

// layers returns those of now. The lock is held.
func (s *Store) layers() (*layers, error) {
	tx, err := s.db.Begin(false)
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		err = fmt.Errorf("%w: closed", store.ErrUnavailable)
	}
	if err != nil {
		return nil, err
	}
	return &layers{over: [2]*overlay{s.active, s.frozen}, tx: tx}, nil
}
