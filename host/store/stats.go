package store

import (
	"errors"
	"sync/atomic"
	"time"
)

// Op is a kind of operation, as counted.
type Op uint8

// The kinds of operations.
const (
	OpAcquire Op = iota
	OpRenew
	OpRelease
	OpReconcile
	OpUsed
	OpBalance
	OpDeposit
	OpReserve
	OpCommit
	OpCancel
	OpLedger
	OpTake
	OpGet
	OpPut
	OpDelete
	OpAdd
	OpSetChange
	OpSetRead
	OpCommand
	Ops // how many there are
)

// String returns the word for metrics.
func (o Op) String() string {
	if o >= Ops {
		return "unknown"
	}
	return [Ops]string{
		"acquire", "renew", "release", "reconcile", "used", "balance", "deposit", "reserve", "commit", "cancel",
		"ledger", "take", "get", "put", "delete", "add", "set_change", "set_read", "command",
	}[o]
}

// OpStats counts the operations of one kind.
type OpStats struct {
	Calls       uint64
	Unavailable uint64        // of them, ended by ErrUnavailable
	Timeouts    uint64        // of them, ended by ErrTimeout
	Quota       uint64        // of them, ended by ErrQuota
	Other       uint64        // of them, ended by another error
	Waited      time.Duration // all together; operations in memory count none
}

// Stats are counts of an engine.
type Stats struct {
	Engine  string
	Up      bool
	Outages uint64 // how often it went away
	Ops     [Ops]OpStats
	// What the engine holds in this process; not known for Redis.
	Leases, Rates, Keys int
	Bytes               int64
}

// Counters count operations. The zero value is ready; safe for concurrent use.
type Counters [Ops]struct {
	calls, unavailable, timeouts, quota, other, waited atomic.Uint64
}

// Done counts an operation that ended with err and returns err. A zero start is
// one that did not wait.
func (c *Counters) Done(op Op, start time.Time, err error) error {
	k := &c[op]
	k.calls.Add(1)
	if !start.IsZero() {
		k.waited.Add(uint64(time.Since(start)))
	}
	switch {
	case err == nil, errors.Is(err, ErrNotFound):
	case errors.Is(err, ErrUnavailable):
		k.unavailable.Add(1)
	case errors.Is(err, ErrTimeout):
		k.timeouts.Add(1)
	case errors.Is(err, ErrQuota):
		k.quota.Add(1)
	default:
		k.other.Add(1)
	}
	return err
}

// Stats returns the counts.
func (c *Counters) Stats() (all [Ops]OpStats) {
	for i := range c {
		k := &c[i]
		all[i] = OpStats{
			Calls: k.calls.Load(), Unavailable: k.unavailable.Load(), Timeouts: k.timeouts.Load(),
			Quota: k.quota.Load(), Other: k.other.Load(), Waited: time.Duration(k.waited.Load()),
		}
	}
	return all
}
