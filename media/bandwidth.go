package media

const byteTime = 8_000_000 // ns a byte takes at 1 kbit/s

// bucket is the bandwidth one side of a session has left: a token bucket, kept as the
// time at which it will be full again. Owned by the worker; the zero value limits nothing.
type bucket struct {
	rate  int64 // kbit/s
	depth int64 // ns it takes to fill
	full  int64 // ns
}

// newBucket makes a full bucket for a treatment.
func newBucket(t *Treatment) bucket {
	if t.Bandwidth <= 0 {
		return bucket{}
	}
	peak := int64(t.BandwidthPeak)
	if peak == 0 {
		peak = max(int64(t.Bandwidth), leastPeak)
	}
	return bucket{rate: int64(t.Bandwidth), depth: peak * 1_000_000_000 / int64(t.Bandwidth)}
}

// take reports whether n bytes may pass now, and takes them.
func (b *bucket) take(n int, now int64) bool {
	if b.rate == 0 {
		return true
	}
	full := max(b.full, now) + int64(n)*byteTime/b.rate
	if full-now > b.depth {
		return false
	}
	b.full = full
	return true
}
