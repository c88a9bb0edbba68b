package workbench

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/store/embedded"
)

// ledger is an empty store in a folder that goes with it.
type ledger struct {
	*embedded.Store
	dir string
}

// stored reports whether a capability needs a store.
func stored(capability string) bool {
	return capability == "sbc_kv" || capability == "sbc_limit" || capability == "sbc_account"
}

func openLedger(now func() time.Time) (*ledger, error) {
	dir, err := os.MkdirTemp("", "sallyport-store-")
	if err != nil {
		return nil, err
	}
	// A script asks one thing after another and waits for each; the deadline is for a disk that is slow.
	s, err := embedded.Open(embedded.Options{Path: filepath.Join(dir, "store.db"), Deadline: patience, Now: now})
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return &ledger{s, dir}, nil
}

// close removes the store; nil has none.
func (l *ledger) close() {
	if l == nil {
		return
	}
	l.Close()
	os.RemoveAll(l.dir)
}

// distant is a store that is asked as one over a network: it has no answers at once, and fails when down
// says so. It has what modules reach; all else is the store's.
type distant struct {
	store.Store
	down func() error
}

func far[T any](d distant, do func() (T, error)) (v T, err error) {
	if err = d.down(); err != nil {
		return v, err
	}
	return do()
}

func (d distant) Acquire(ctx context.Context, lease, node string, ttl time.Duration, limits []store.Limit) (string, error) {
	return far(d, func() (string, error) { return d.Store.Acquire(ctx, lease, node, ttl, limits) })
}

func (d distant) Balance(ctx context.Context, account string) (store.Balance, error) {
	return far(d, func() (store.Balance, error) { return d.Store.Balance(ctx, account) })
}

func (d distant) Deposit(ctx context.Context, account, id string, amount int64) (store.Balance, error) {
	return far(d, func() (store.Balance, error) { return d.Store.Deposit(ctx, account, id, amount) })
}

func (d distant) Reserve(ctx context.Context, account, call string, seq uint32, want int64, ttl time.Duration) (int64, error) {
	return far(d, func() (int64, error) { return d.Store.Reserve(ctx, account, call, seq, want, ttl) })
}

func (d distant) Commit(ctx context.Context, account, call string, seq uint32, used int64) (store.Balance, error) {
	return far(d, func() (store.Balance, error) { return d.Store.Commit(ctx, account, call, seq, used) })
}

func (d distant) Cancel(ctx context.Context, account, call string, seq uint32) error {
	_, err := far(d, func() (bool, error) { return true, d.Store.Cancel(ctx, account, call, seq) })
	return err
}

func (d distant) Take(ctx context.Context, key string, rate float64, burst, n int64) (time.Duration, error) {
	return far(d, func() (time.Duration, error) { return d.Store.Take(ctx, key, rate, burst, n) })
}

func (d distant) Get(ctx context.Context, in store.Space, key string) ([]byte, error) {
	return far(d, func() ([]byte, error) { return d.Store.Get(ctx, in, key) })
}

func (d distant) Put(ctx context.Context, in store.Space, key string, value []byte, ttl time.Duration) error {
	_, err := far(d, func() (bool, error) { return true, d.Store.Put(ctx, in, key, value, ttl) })
	return err
}

func (d distant) Delete(ctx context.Context, in store.Space, key string) error {
	_, err := far(d, func() (bool, error) { return true, d.Store.Delete(ctx, in, key) })
	return err
}

func (d distant) Add(ctx context.Context, in store.Space, key string, delta, floor, ceiling int64, ttl time.Duration) (v int64, ok bool, err error) {
	v, err = far(d, func() (v int64, err error) {
		v, ok, err = d.Store.Add(ctx, in, key, delta, floor, ceiling, ttl)
		return v, err
	})
	return v, ok, err
}

func (d distant) SetAdd(ctx context.Context, in store.Space, set string, members ...string) (int, error) {
	return far(d, func() (int, error) { return d.Store.SetAdd(ctx, in, set, members...) })
}

func (d distant) SetRemove(ctx context.Context, in store.Space, set string, members ...string) (int, error) {
	return far(d, func() (int, error) { return d.Store.SetRemove(ctx, in, set, members...) })
}

func (d distant) SetHas(ctx context.Context, in store.Space, set, member string) (bool, error) {
	return far(d, func() (bool, error) { return d.Store.SetHas(ctx, in, set, member) })
}

func (d distant) SetMatch(ctx context.Context, in store.Space, set, value string) (string, error) {
	return far(d, func() (string, error) { return d.Store.SetMatch(ctx, in, set, value) })
}

// near is distant with answers at once, as the embedded engine has them.
type near struct {
	distant
	fast store.Fast
}

func (n near) AcquireNow(lease, node string, ttl time.Duration, limits []store.Limit) (string, error) {
	return far(n.distant, func() (string, error) { return n.fast.AcquireNow(lease, node, ttl, limits) })
}

func (n near) ReleaseNow(lease string) error { return n.fast.ReleaseNow(lease) }

func (n near) TakeNow(key string, rate float64, burst, m int64) (time.Duration, error) {
	return far(n.distant, func() (time.Duration, error) { return n.fast.TakeNow(key, rate, burst, m) })
}

func (n near) GetNow(in store.Space, key string) ([]byte, error) {
	return far(n.distant, func() ([]byte, error) { return n.fast.GetNow(in, key) })
}

func (n near) SetHasNow(in store.Space, set, member string) (bool, error) {
	return far(n.distant, func() (bool, error) { return n.fast.SetHasNow(in, set, member) })
}

func (n near) SetMatchNow(in store.Space, set, value string) (string, error) {
	return far(n.distant, func() (string, error) { return n.fast.SetMatchNow(in, set, value) })
}

// leases are held without a node that has to say it lives.
type leases struct {
	store store.Store
	share *store.Share
}

// leaseLife is longer than any script lets pass.
const leaseLife = 24 * time.Hour

func (l leases) Acquire(ctx context.Context, lease string, limits []store.Limit) (string, error) {
	return l.store.Acquire(ctx, lease, "sbc1", leaseLife, limits)
}

func (l leases) AcquireShare(lease string, limits []store.Limit) (string, error) {
	return l.share.Acquire(lease, limits)
}

func (l leases) Pass(string, []store.Limit) error { return nil }

// Release is done when it returns, so that a script sees what it gave back.
func (l leases) Release(lease string) {
	_ = l.store.Release(context.Background(), lease) // in memory; without such a lease it does nothing
	_ = l.share.Release(lease)
}
