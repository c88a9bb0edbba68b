package redis

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/redis/rueidis"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// chunk is how many leases one script of a repair handles, so that no script
// keeps Redis for long.
const chunk = 200

func (s *Store) leaseRoot() string { return "{" + s.root + ":lease}" }

// Acquire is store.Leases.Acquire.
func (s *Store) Acquire(ctx context.Context, lease, node string, ttl time.Duration, limits []store.Limit) (denied string, err error) {
	err = checkAll(store.CheckNames(lease, node), store.CheckTTL(ttl), store.CheckLimits(limits))
	if err != nil {
		return "", s.counters.Done(store.OpAcquire, time.Time{}, err)
	}
	args := append(make([]string, 0, 3+3*len(limits)), lease, node, ms(ttl))
	for _, l := range limits {
		args = append(args, l.Key, decimal(l.Cost), decimal(l.Max))
	}
	err = s.do(ctx, store.OpAcquire, func(ctx context.Context, c rueidis.Client) error {
		denied, err = acquireScript.Exec(ctx, c, []string{s.leaseRoot()}, args).ToString()
		if err == nil && denied != "" && !slices.ContainsFunc(limits, func(l store.Limit) bool { return l.Key == denied }) {
			err = fmt.Errorf("%w: redis says %.40q is full", store.ErrCorrupt, denied)
		}
		return err
	})
	if err != nil {
		return "", err
	}
	return denied, nil
}

// Renew is store.Leases.Renew.
func (s *Store) Renew(ctx context.Context, node string, ttl time.Duration) (leases int, err error) {
	if err := checkAll(store.CheckNames(node), store.CheckTTL(ttl)); err != nil {
		return 0, s.counters.Done(store.OpRenew, time.Time{}, err)
	}
	err = s.do(ctx, store.OpRenew, func(ctx context.Context, c rueidis.Client) error {
		leases, err = count(ctx, c, renewScript, s.leaseRoot(), node, ms(ttl))
		return err
	})
	return leases, err
}

// Release is store.Leases.Release.
func (s *Store) Release(ctx context.Context, lease string) error {
	if err := store.CheckNames(lease); err != nil {
		return s.counters.Done(store.OpRelease, time.Time{}, err)
	}
	return s.do(ctx, store.OpRelease, func(ctx context.Context, c rueidis.Client) error {
		_, err := count(ctx, c, releaseScript, s.leaseRoot(), lease)
		return err
	})
}

// Used is store.Leases.Used.
func (s *Store) Used(ctx context.Context, key string) (n int64, err error) {
	if err := store.CheckNames(key); err != nil {
		return 0, s.counters.Done(store.OpUsed, time.Time{}, err)
	}
	err = s.do(ctx, store.OpUsed, func(ctx context.Context, c rueidis.Client) error {
		text, err := usedScript.Exec(ctx, c, []string{s.leaseRoot()}, []string{key}).ToString()
		if err == nil {
			n, err = store.ParseNumber(text)
		}
		return err
	})
	return n, err
}

// Reconcile is store.Leases.Reconcile. It is several scripts, each of which
// leaves things better than it found them; saying it again does the rest.
func (s *Store) Reconcile(ctx context.Context, node string, ttl time.Duration, live func() []store.Lease) (r store.Repair, err error) {
	if err := checkAll(store.CheckNames(node), store.CheckTTL(ttl)); err != nil {
		return r, s.counters.Done(store.OpReconcile, time.Time{}, err)
	}
	err = s.do(ctx, store.OpReconcile, func(ctx context.Context, c rueidis.Client) error {
		if _, err := count(ctx, c, renewScript, s.leaseRoot(), node, ms(ttl)); err != nil {
			return err
		}
		held, err := c.Do(ctx, c.B().Hkeys().Key(s.leaseRoot()+":n:"+node).Build()).AsStrSlice()
		if err != nil {
			return err
		}
		leases := live()
		keep := make(map[string]bool, len(leases))
		for _, l := range leases {
			if err := l.Check(); err != nil {
				return err
			}
			keep[l.ID] = true
		}
		drop := slices.DeleteFunc(held, func(lease string) bool { return keep[lease] })
		for some := range slices.Chunk(drop, chunk) {
			n, err := count(ctx, c, dropScript, s.leaseRoot(), append([]string{node}, some...)...)
			if err != nil {
				return err
			}
			r.Dropped += n
		}
		if err := s.hold(ctx, c, node, leases, &r); err != nil {
			return err
		}
		for more := true; more; {
			n, err := buryScript.Exec(ctx, c, []string{s.leaseRoot()}, []string{decimal(chunk)}).AsIntSlice()
			if err == nil && len(n) != 2 {
				err = fmt.Errorf("%w: redis answered %d numbers", store.ErrCorrupt, len(n))
			}
			if err != nil {
				return err
			}
			r.Dropped += int(n[0])
			more = n[1] == 1
		}
		return nil
	})
	return r, err
}

func (s *Store) hold(ctx context.Context, c rueidis.Client, node string, leases []store.Lease, r *store.Repair) error {
	for some := range slices.Chunk(leases, chunk) {
		args := []string{node}
		for _, l := range some {
			if len(l.Limits) == 0 {
				continue
			}
			args = append(args, l.ID, decimal(int64(len(l.Limits))))
			for _, limit := range l.Limits {
				args = append(args, limit.Key, decimal(limit.Cost))
			}
		}
		n, err := count(ctx, c, holdScript, s.leaseRoot(), args...)
		if err != nil {
			return err
		}
		r.Added += n
	}
	return nil
}

// count runs a script that answers with a number that is not negative.
func count(ctx context.Context, c rueidis.Client, l *rueidis.Lua, key string, args ...string) (int, error) {
	n, err := l.Exec(ctx, c, []string{key}, args).AsInt64()
	if err == nil && (n < 0 || n > 1<<31) {
		err = fmt.Errorf("%w: redis answered %d", store.ErrCorrupt, n)
	}
	return int(n), err
}

func checkAll(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
