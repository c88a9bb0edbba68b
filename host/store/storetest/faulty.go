package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// Faulty is a store that fails when its script says so, to test what depends on
// one. A script is a list of rules, one a line or separated by semicolons:
//
//	OP [FIRST[-LAST]] FAULT [after]
//
// OP is a word of store.Op, such as reserve, or "any". FIRST and LAST number the
// operations of that kind, from 1; without them all fail. FAULT is unavailable,
// timeout, notfound, quota, or hang, which waits for the context's end. With
// "after" the operation happens all the same and only its answer is lost.
//
//	reserve 2 timeout after; commit 1-3 unavailable; any hang
//
// The first rule that fits counts. Ledger, Reservations, Accounts, Stats and Close
// never fail.
type Faulty struct {
	store.Store

	mu    sync.Mutex // guards what follows
	rules []rule
	seen  [store.Ops]int
	all   int
}

// errScript marks the errors that a script asked for.
var errScript = errors.New("by script")

type rule struct {
	op          store.Op // store.Ops for any
	first, last int      // 0 for all
	fault       error
	hang, after bool
}

// NewFaulty returns s with faults. It fails for a script that makes no sense.
func NewFaulty(s store.Store, script string) (*Faulty, error) {
	f := &Faulty{Store: s}
	return f, f.Script(script)
}

// Script replaces the rules and counts from 1 again.
func (f *Faulty) Script(script string) error {
	var rules []rule
	for line := range strings.FieldsFuncSeq(script, func(r rune) bool { return r == '\n' || r == ';' }) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		r, err := parseRule(strings.Fields(line))
		if err != nil {
			return fmt.Errorf("rule %q: %w", strings.TrimSpace(line), err)
		}
		rules = append(rules, r)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rules, f.seen, f.all = rules, [store.Ops]int{}, 0
	return nil
}

func parseRule(words []string) (r rule, err error) {
	r.op = store.Ops
	for op := range store.Ops {
		if op.String() == words[0] {
			r.op = op
		}
	}
	if r.op == store.Ops && words[0] != "any" {
		return r, errors.New("no such operation")
	}
	words = words[1:]
	if len(words) > 0 && words[0][0] >= '0' && words[0][0] <= '9' {
		first, last, span := strings.Cut(words[0], "-")
		if r.first, err = strconv.Atoi(first); err != nil || r.first < 1 {
			return r, errors.New("operations are numbered from 1")
		}
		if r.last = r.first; span {
			if r.last, err = strconv.Atoi(last); err != nil || r.last < r.first {
				return r, errors.New("the last operation is before the first")
			}
		}
		words = words[1:]
	}
	if len(words) == 2 && words[1] == "after" {
		r.after = true
		words = words[:1]
	}
	if len(words) != 1 {
		return r, errors.New("one fault is needed")
	}
	switch words[0] {
	case "unavailable":
		r.fault = store.ErrUnavailable
	case "timeout":
		r.fault = store.ErrTimeout
	case "notfound":
		r.fault = store.ErrNotFound
	case "quota":
		r.fault = store.ErrQuota
	case "hang":
		r.fault, r.hang = store.ErrTimeout, true
	default:
		return r, errors.New("no such fault")
	}
	return r, nil
}

// next returns the rule for an operation, if there is one.
func (f *Faulty) next(op store.Op) (rule, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen[op]++
	f.all++
	for _, r := range f.rules {
		n := f.seen[op]
		if r.op == store.Ops {
			n = f.all
		} else if r.op != op {
			continue
		}
		if r.first == 0 || n >= r.first && n <= r.last {
			return r, true
		}
	}
	return rule{}, false
}

// fail runs an operation as its rule says.
func (f *Faulty) fail(ctx context.Context, op store.Op, do func() error) error {
	r, has := f.next(op)
	if !has {
		return do()
	}
	if r.after {
		_ = do() // its answer is lost
	}
	if r.hang {
		if _, bounded := ctx.Deadline(); !bounded {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, store.DefaultDeadline)
			defer cancel()
		}
		<-ctx.Done()
	}
	return fmt.Errorf("%w: %w", r.fault, errScript)
}

// lose is fail for an operation with a result, which is lost with its answer.
func lose[T any](ctx context.Context, f *Faulty, op store.Op, do func() (T, error)) (T, error) {
	var v, none T
	err := f.fail(ctx, op, func() (err error) {
		v, err = do()
		return err
	})
	if errors.Is(err, errScript) {
		return none, err
	}
	return v, err
}

// Acquire is store.Leases.Acquire.
func (f *Faulty) Acquire(ctx context.Context, lease, node string, ttl time.Duration, limits []store.Limit) (string, error) {
	return lose(ctx, f, store.OpAcquire, func() (string, error) { return f.Store.Acquire(ctx, lease, node, ttl, limits) })
}

// Renew is store.Leases.Renew.
func (f *Faulty) Renew(ctx context.Context, node string, ttl time.Duration) (int, error) {
	return lose(ctx, f, store.OpRenew, func() (int, error) { return f.Store.Renew(ctx, node, ttl) })
}

// Release is store.Leases.Release.
func (f *Faulty) Release(ctx context.Context, lease string) error {
	return f.fail(ctx, store.OpRelease, func() error { return f.Store.Release(ctx, lease) })
}

// Reconcile is store.Leases.Reconcile.
func (f *Faulty) Reconcile(ctx context.Context, node string, ttl time.Duration, live func() []store.Lease) (store.Repair, error) {
	return lose(ctx, f, store.OpReconcile, func() (store.Repair, error) { return f.Store.Reconcile(ctx, node, ttl, live) })
}

// Used is store.Leases.Used.
func (f *Faulty) Used(ctx context.Context, key string) (int64, error) {
	return lose(ctx, f, store.OpUsed, func() (int64, error) { return f.Store.Used(ctx, key) })
}

// Balance is store.Accounts.Balance.
func (f *Faulty) Balance(ctx context.Context, account string) (store.Balance, error) {
	return lose(ctx, f, store.OpBalance, func() (store.Balance, error) { return f.Store.Balance(ctx, account) })
}

// Deposit is store.Accounts.Deposit.
func (f *Faulty) Deposit(ctx context.Context, account, id string, amount int64) (store.Balance, error) {
	return lose(ctx, f, store.OpDeposit, func() (store.Balance, error) { return f.Store.Deposit(ctx, account, id, amount) })
}

// Withdraw is store.Accounts.Withdraw.
func (f *Faulty) Withdraw(ctx context.Context, account, id string, amount int64) (store.Balance, error) {
	return lose(ctx, f, store.OpDeposit, func() (store.Balance, error) { return f.Store.Withdraw(ctx, account, id, amount) })
}

// SetBalance is store.Accounts.SetBalance.
func (f *Faulty) SetBalance(ctx context.Context, account, id string, amount int64) (store.Balance, error) {
	return lose(ctx, f, store.OpDeposit, func() (store.Balance, error) { return f.Store.SetBalance(ctx, account, id, amount) })
}

// Reserve is store.Accounts.Reserve.
func (f *Faulty) Reserve(ctx context.Context, account, call string, seq uint32, want int64, ttl time.Duration) (int64, error) {
	return lose(ctx, f, store.OpReserve, func() (int64, error) { return f.Store.Reserve(ctx, account, call, seq, want, ttl) })
}

// Commit is store.Accounts.Commit.
func (f *Faulty) Commit(ctx context.Context, account, call string, seq uint32, used int64) (store.Balance, error) {
	return lose(ctx, f, store.OpCommit, func() (store.Balance, error) { return f.Store.Commit(ctx, account, call, seq, used) })
}

// Cancel is store.Accounts.Cancel.
func (f *Faulty) Cancel(ctx context.Context, account, call string, seq uint32) error {
	return f.fail(ctx, store.OpCancel, func() error { return f.Store.Cancel(ctx, account, call, seq) })
}

// Take is store.Rates.Take.
func (f *Faulty) Take(ctx context.Context, key string, rate float64, burst, n int64) (time.Duration, error) {
	return lose(ctx, f, store.OpTake, func() (time.Duration, error) { return f.Store.Take(ctx, key, rate, burst, n) })
}

// Get is store.Spaces.Get.
func (f *Faulty) Get(ctx context.Context, in store.Space, key string) ([]byte, error) {
	return lose(ctx, f, store.OpGet, func() ([]byte, error) { return f.Store.Get(ctx, in, key) })
}

// Put is store.Spaces.Put.
func (f *Faulty) Put(ctx context.Context, in store.Space, key string, value []byte, ttl time.Duration) error {
	return f.fail(ctx, store.OpPut, func() error { return f.Store.Put(ctx, in, key, value, ttl) })
}

// Delete is store.Spaces.Delete.
func (f *Faulty) Delete(ctx context.Context, in store.Space, key string) error {
	return f.fail(ctx, store.OpDelete, func() error { return f.Store.Delete(ctx, in, key) })
}

// Add is store.Spaces.Add.
func (f *Faulty) Add(ctx context.Context, in store.Space, key string, delta, floor, ceiling int64, ttl time.Duration) (value int64, ok bool, err error) {
	type sum struct {
		value int64
		ok    bool
	}
	s, err := lose(ctx, f, store.OpAdd, func() (s sum, err error) {
		s.value, s.ok, err = f.Store.Add(ctx, in, key, delta, floor, ceiling, ttl)
		return s, err
	})
	return s.value, s.ok, err
}

// SetAdd is store.Spaces.SetAdd.
func (f *Faulty) SetAdd(ctx context.Context, in store.Space, set string, members ...string) (int, error) {
	return lose(ctx, f, store.OpSetChange, func() (int, error) { return f.Store.SetAdd(ctx, in, set, members...) })
}

// SetRemove is store.Spaces.SetRemove.
func (f *Faulty) SetRemove(ctx context.Context, in store.Space, set string, members ...string) (int, error) {
	return lose(ctx, f, store.OpSetChange, func() (int, error) { return f.Store.SetRemove(ctx, in, set, members...) })
}

// SetHas is store.Spaces.SetHas.
func (f *Faulty) SetHas(ctx context.Context, in store.Space, set, member string) (bool, error) {
	return lose(ctx, f, store.OpSetRead, func() (bool, error) { return f.Store.SetHas(ctx, in, set, member) })
}

// SetMatch is store.Spaces.SetMatch.
func (f *Faulty) SetMatch(ctx context.Context, in store.Space, set, value string) (string, error) {
	return lose(ctx, f, store.OpSetRead, func() (string, error) { return f.Store.SetMatch(ctx, in, set, value) })
}

// SetMembers is store.Spaces.SetMembers.
func (f *Faulty) SetMembers(ctx context.Context, in store.Space, set string) ([]string, error) {
	return lose(ctx, f, store.OpSetRead, func() ([]string, error) { return f.Store.SetMembers(ctx, in, set) })
}
