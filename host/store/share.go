package store

import (
	"math"
	"time"
)

// Share limits by this node's part of every limit, in memory: what a use may
// choose to do while the engine is away. With four nodes and a part of 0.25 the
// cluster stays within its limits, at the price that one node alone cannot use
// them up. It must be told of what the engine granted, too (Hold), or it would
// begin at nothing when the engine goes. Safe for concurrent use.
type Share struct {
	part   float64
	leases *LeaseTable
	rates  *RateTable
}

// A Share is one node for ever.
const shareNode = "share"

// NewShare returns a share of part of every limit, above 0 to 1; anything else
// is taken for 1.
func NewShare(part float64) *Share {
	if !(part > 0 && part <= 1) {
		part = 1
	}
	return &Share{part, NewLeaseTable(), NewRateTable()}
}

// Acquire is Leases.Acquire against this node's part: of a limit above 0 at
// least 1.
func (s *Share) Acquire(lease string, limits []Limit) (denied string, err error) {
	mine := make([]Limit, len(limits))
	for i, l := range limits {
		l.Max = s.of(l.Max)
		mine[i] = l
	}
	return s.leases.Acquire(lease, shareNode, MaxTTL, mine)
}

// Hold counts a lease that was granted elsewhere, whatever the limits say.
func (s *Share) Hold(lease string, limits []Limit) error {
	return s.leases.Hold(lease, shareNode, MaxTTL, limits)
}

// Release is Leases.Release.
func (s *Share) Release(lease string) error { return s.leases.Release(lease) }

// Take is Rates.Take with this node's part of rate and burst; a burst is at
// least n.
func (s *Share) Take(key string, rate float64, burst, n int64) (after time.Duration, err error) {
	if err := CheckRate(rate, burst, n); err != nil {
		return 0, err
	}
	return s.rates.Take(key, max(rate*s.part, 1e-6), max(s.of(burst), n), n)
}

func (s *Share) of(limit int64) int64 {
	if limit <= 0 {
		return 0
	}
	return max(1, int64(math.Floor(float64(limit)*s.part)))
}
