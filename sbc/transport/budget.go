package transport

import (
	"encoding/binary"
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

const (
	budgetShards = 64
	budgetSets   = 64 // in each shard
	budgetWays   = 8  // sources in each set
)

// budget is a token bucket for each source in a table that never grows: 32768 sources in
// 512 KiB. A bucket is one number, the theoretical arrival time of the generic cell rate
// algorithm. A source that is not in the table takes the place, in the eight it may have, of
// the one whose bucket is fullest: most of the time that one has long been full and nothing is
// lost; under a flood from forged sources, those who really send much keep theirs.
type budget struct {
	gap   int64 // nanoseconds a message costs; 0 = no limit
	burst int64 // nanoseconds of messages that may come at once
	start time.Time
	seed  maphash.Seed
	shard [budgetShards]budgetShard
}

type budgetShard struct {
	mu   sync.Mutex
	sets [budgetSets][budgetWays]bucket
	_    [64]byte // no cache line shared with the neighbour's lock
}

type bucket struct {
	source uint64
	tat    int64 // nanoseconds since start at which the bucket is full again; 0 = free place
}

func newBudget(b Budget) *budget {
	t := &budget{start: time.Now(), seed: maphash.MakeSeed()}
	if b.Rate > 0 {
		t.gap = max(int64(time.Second)/int64(b.Rate), 1)
		t.burst = t.gap * int64(max(b.Burst, 1))
	}
	return t
}

// source returns what shares a bucket: an IPv4 address, or the /64 of an IPv6 one. No /64 in
// use looks like the number of an IPv4 address (::/32 is reserved).
func source(a netip.Addr) uint64 {
	if a.Is4() {
		b := a.As4()
		return uint64(binary.BigEndian.Uint32(b[:]))
	}
	b := a.As16()
	return binary.BigEndian.Uint64(b[:8])
}

// take reports whether a source may send one more message now.
func (t *budget) take(a netip.Addr) bool {
	if t.gap == 0 {
		return true
	}
	now := int64(time.Since(t.start)) + 1
	src := source(a)
	h := maphash.Comparable(t.seed, src)
	s := &t.shard[h%budgetShards]
	set := &s.sets[h/budgetShards%budgetSets]

	s.mu.Lock()
	fullest := &set[0]
	for w := range set {
		b := &set[w]
		if b.source == src && b.tat != 0 {
			fullest = b
			break
		}
		if b.tat < fullest.tat {
			fullest = b
		}
	}
	if fullest.source != src || fullest.tat == 0 {
		*fullest = bucket{source: src}
	}
	tat := max(fullest.tat, now)
	ok := tat-now <= t.burst-t.gap
	if ok {
		fullest.tat = tat + t.gap
	}
	s.mu.Unlock()
	return ok
}
