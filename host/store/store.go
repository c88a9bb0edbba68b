package store

import (
	"context"
	"time"
)

// DefaultDeadline bounds a method whose context has no deadline, unless the options of
// the engine have another one.
const DefaultDeadline = 50 * time.Millisecond

// Store is an engine. Its methods are safe for concurrent use; what they share
// stands in the package comment.
type Store interface {
	Leases
	Accounts
	Rates
	Spaces
	// Stats returns the counts since the engine was opened.
	Stats() Stats
	// Close waits for what is under way and for the engine's goroutines. Methods
	// called later fail with ErrUnavailable.
	Close() error
}

// Limit is one ceiling that a lease counts against.
type Limit struct {
	Key  string // what is counted, such as "user/alice"
	Max  int64  // how much may be held at a time: 0 to MaxNumber
	Cost int64  // how much of it this lease holds: 1 to MaxNumber
}

// Lease is a lease that its node knows to be live.
type Lease struct {
	ID string
	// Limits are what it counts against. None: an Acquire of it is under way, so
	// it is kept if the engine has it and not added if it has not.
	Limits []Limit
}

// Repair says what a Reconcile changed.
type Repair struct {
	Added, Dropped int // leases
}

// Leases count what is going on.
type Leases interface {
	// Acquire takes a lease against all limits, or against none. It returns the
	// key of a limit that is full, or "" when the lease is held. Saying it again
	// with the same lease counts nothing twice; with other limits it replaces
	// them, and a denial leaves what was held before. Keys must differ; there are
	// at most MaxLimits. ttl extends the life of node, as Renew does.
	Acquire(ctx context.Context, lease, node string, ttl time.Duration, limits []Limit) (denied string, err error)
	// Renew keeps node, and so all its leases, alive for ttl from now. It returns
	// how many leases the engine holds of it: another number than the node's own
	// asks for Reconcile.
	Renew(ctx context.Context, node string, ttl time.Duration) (leases int, err error)
	// Release gives a lease back. It is no error when there is none.
	Release(ctx context.Context, lease string) error
	// Reconcile makes the engine hold exactly the live leases of node, whatever
	// their limits say: they are calls that exist. It asks live once, after it
	// has read what the engine holds, so a lease must be among the live ones from
	// before its Acquire until its Release. Leases of nodes that died are
	// removed, too.
	Reconcile(ctx context.Context, node string, ttl time.Duration, live func() []Lease) (Repair, error)
	// Used returns what live leases hold of a key.
	Used(ctx context.Context, key string) (int64, error)
}

// Accounts hold money, in integer micro-units. An amount of one operation is at
// most MaxAmount either way, and so large a balance that a sum could lose
// precision is ErrInvalid.
type Accounts interface {
	// Balance fails with ErrNotFound for an account that never had a deposit.
	Balance(ctx context.Context, account string) (Balance, error)
	// Deposit adds amount, or takes it when negative, and makes the account if
	// there is none. Said again with the same id within BookedFor it changes
	// nothing, with another amount it fails with ErrConflict.
	Deposit(ctx context.Context, account, id string, amount int64) (Balance, error)
	// Withdraw takes amount, at least 1, off the account and never more than is free:
	// then it fails with ErrShort and changes nothing. id works as in Deposit, whose
	// negative amounts it shares it with. Without an account: ErrNotFound.
	Withdraw(ctx context.Context, account, id string, amount int64) (Balance, error)
	// SetBalance books the difference to amount; id works as in Deposit.
	SetBalance(ctx context.Context, account, id string, amount int64) (Balance, error)
	// Reserve holds back as much of want as is free, and returns it: 0 means that
	// nothing is free and nothing was recorded. The same call and seq again
	// return what was granted, with ErrSettled if it is settled by now. After ttl
	// the money is free again.
	Reserve(ctx context.Context, account, call string, seq uint32, want int64, ttl time.Duration) (granted int64, err error)
	// Commit takes used off the account, be it less or more than was granted,
	// and ends the reservation, also one that has expired. Said again it
	// changes nothing, or fails with ErrConflict when used differs. Without a
	// reservation: ErrNotFound; of a canceled one: ErrSettled.
	Commit(ctx context.Context, account, call string, seq uint32, used int64) (Balance, error)
	// Cancel ends a reservation without taking anything. One that comes before
	// its Reserve makes that fail with ErrSettled. Of a committed one: ErrSettled.
	Cancel(ctx context.Context, account, call string, seq uint32) error
	// Ledger returns up to n entries with a number of at least from, in order.
	Ledger(ctx context.Context, account string, from uint64, n int) ([]Entry, error)
	// Reservations returns those that hold money back now, by call and seq.
	Reservations(ctx context.Context, account string) ([]Reservation, error)
	// Accounts returns up to n names that begin with prefix and sort behind after, in
	// order. A name may stand there shortly before its account does.
	Accounts(ctx context.Context, prefix, after string, n int) ([]string, error)
}

// Balance is the state of an account.
type Balance struct {
	Amount   int64  // what the ledger sums up to
	Reserved int64  // what reservations hold back of it
	Folded   int64  // the sum of the entries that were dropped from the ledger
	First    uint64 // number of the oldest entry kept
	Next     uint64 // number of the next entry
}

// Free is what a reservation may be granted; less than zero when overdrawn.
func (b Balance) Free() int64 { return b.Amount - b.Reserved }

// Rates limit how often something may happen.
type Rates interface {
	// Take takes n of key, of which rate a second come back up to burst (GCRA).
	// It returns 0, or how long until n will be there; then nothing was taken.
	// rate is 1e-6 to 1e6, burst 1 to 1e9, n 1 to burst.
	Take(ctx context.Context, key string, rate float64, burst, n int64) (after time.Duration, err error)
}

// Space is the part of the store that one module sees.
type Space struct {
	Name  string
	Quota Quota
}

// Quota bounds a space: the number of keys and set members together, and the
// bytes of all names and values. Zero is DefaultKeys or DefaultBytes.
type Quota struct {
	Keys, Bytes int64
}

// What a space may hold when its quota says nothing.
const (
	DefaultKeys  = 100_000
	DefaultBytes = 16 << 20
)

// Spaces hold small values and sets.
type Spaces interface {
	// Get fails with ErrNotFound for a key that is not there, or no longer.
	Get(ctx context.Context, in Space, key string) ([]byte, error)
	// Put keeps value, at most MaxValue bytes, for ttl, or without end when 0.
	Put(ctx context.Context, in Space, key string, value []byte, ttl time.Duration) error
	// Delete removes a key; it is no error when there is none.
	Delete(ctx context.Context, in Space, key string) error
	// Add adds delta to a number, 0 if there is none, and returns it; when it
	// would leave [floor, ceiling] nothing changes and ok is false. ttl, 0 for
	// none, counts from when the key was made. All numbers are within
	// ±MaxNumber; Get reads them as decimal text.
	Add(ctx context.Context, in Space, key string, delta, floor, ceiling int64, ttl time.Duration) (value int64, ok bool, err error)

	// SetAdd and SetRemove change a set, at most MaxMembers members a time, and
	// say how many members that changed.
	SetAdd(ctx context.Context, in Space, set string, members ...string) (int, error)
	SetRemove(ctx context.Context, in Space, set string, members ...string) (int, error)
	// SetHas says whether member is in the set.
	SetHas(ctx context.Context, in Space, set, member string) (bool, error)
	// SetMatch returns the longest member that value begins with, or "".
	SetMatch(ctx context.Context, in Space, set, value string) (member string, err error)
	// SetMembers returns all members, sorted.
	SetMembers(ctx context.Context, in Space, set string) ([]string, error)
}

// Fast is what an engine in this process offers besides: the methods of Store
// that need nothing but memory and never wait. They are safe on a call's strand.
type Fast interface {
	AcquireNow(lease, node string, ttl time.Duration, limits []Limit) (denied string, err error)
	ReleaseNow(lease string) error
	TakeNow(key string, rate float64, burst, n int64) (after time.Duration, err error)
	GetNow(in Space, key string) ([]byte, error)
	SetHasNow(in Space, set, member string) (bool, error)
	SetMatchNow(in Space, set, value string) (member string, err error)
}

// Soon is what an engine in this process offers besides for those who have no time to
// wait: the operation is queued, and then is called once with what the method without
// Soon would return when its context has no deadline. It is called on a goroutine of
// the engine, which has others to tell, so it must not wait; or, when the result is known
// at once, before the method returns.
type Soon interface {
	ReserveSoon(account, call string, seq uint32, want int64, ttl time.Duration, then func(granted int64, err error))
	CommitSoon(account, call string, seq uint32, used int64, then func(Balance, error))
	CancelSoon(account, call string, seq uint32, then func(error))
}
