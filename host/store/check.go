package store

import (
	"fmt"
	"iter"
	"time"
	"unicode/utf8"
)

// The bounds of arguments.
const (
	MaxName    = 255           // bytes of a name
	MaxValue   = 64 << 10      // bytes of a value
	MaxLimits  = 16            // limits of a lease
	MaxMembers = 1024          // members that one SetAdd or SetRemove names
	MaxNumber  = 1<<53 - 1     // of a counter: Redis computes in doubles
	MaxAmount  = 1e15          // micro-units of one operation: a billion units
	MaxBalance = 8 * MaxAmount // of an account, either way
	MaxTTL     = 366 * 24 * time.Hour
)

// CheckNames fails with ErrInvalid unless all are names as the package comment
// says.
func CheckNames(names ...string) error {
	for _, n := range names {
		if n == "" || len(n) > MaxName {
			return fmt.Errorf("%w: a name of %d bytes, not 1 to %d", ErrInvalid, len(n), MaxName)
		}
		if !plain(n) {
			return fmt.Errorf("%w: name %q has control characters or is not UTF-8", ErrInvalid, n)
		}
	}
	return nil
}

func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == 0x7f {
			return false
		}
	}
	return utf8.ValidString(s)
}

// CheckTTL fails with ErrInvalid unless ttl is 1 ms to MaxTTL.
func CheckTTL(ttl time.Duration) error {
	if ttl < time.Millisecond || ttl > MaxTTL {
		return fmt.Errorf("%w: ttl %v is not 1ms to %v", ErrInvalid, ttl, MaxTTL)
	}
	return nil
}

// CheckLimits fails with ErrInvalid unless the limits suit Acquire.
func CheckLimits(limits []Limit) error {
	if len(limits) == 0 || len(limits) > MaxLimits {
		return fmt.Errorf("%w: %d limits, not 1 to %d", ErrInvalid, len(limits), MaxLimits)
	}
	for i, l := range limits {
		if err := CheckNames(l.Key); err != nil {
			return err
		}
		if l.Max < 0 || l.Max > MaxNumber || l.Cost < 1 || l.Cost > MaxNumber {
			return fmt.Errorf("%w: limit %q with max %d, cost %d", ErrInvalid, l.Key, l.Max, l.Cost)
		}
		for _, other := range limits[:i] {
			if other.Key == l.Key {
				return fmt.Errorf("%w: limit %q twice", ErrInvalid, l.Key)
			}
		}
	}
	return nil
}

// CheckAmount fails with ErrInvalid unless amount is low to MaxAmount.
func CheckAmount(amount, low int64) error {
	if amount < low || amount > MaxAmount {
		return fmt.Errorf("%w: amount %d is not %d to %d", ErrInvalid, amount, low, int64(MaxAmount))
	}
	return nil
}

// CheckRate fails with ErrInvalid unless the arguments suit Take.
func CheckRate(rate float64, burst, n int64) error {
	// Not written as the opposite: NaN compares false.
	if rate >= 1e-6 && rate <= 1e6 && burst >= 1 && burst <= 1e9 && n >= 1 && n <= burst {
		return nil
	}
	return fmt.Errorf("%w: rate %v, burst %d, n %d", ErrInvalid, rate, burst, n)
}

// CheckAdd fails with ErrInvalid unless the arguments suit Add.
func CheckAdd(delta, floor, ceiling int64) error {
	for _, n := range [...]int64{delta, floor, ceiling} {
		if n < -MaxNumber || n > MaxNumber {
			return fmt.Errorf("%w: number %d is beyond 2^53", ErrInvalid, n)
		}
	}
	if floor > ceiling {
		return fmt.Errorf("%w: floor %d is above ceiling %d", ErrInvalid, floor, ceiling)
	}
	return nil
}

// CheckMembers fails with ErrInvalid unless members suit SetAdd.
func CheckMembers(members []string) error {
	if len(members) == 0 || len(members) > MaxMembers {
		return fmt.Errorf("%w: %d members, not 1 to %d", ErrInvalid, len(members), MaxMembers)
	}
	return CheckNames(members...)
}

// Check fails with ErrInvalid unless the space has a name and its keys are names.
func (s Space) Check(keys ...string) error {
	if s.Quota.Keys < 0 || s.Quota.Bytes < 0 || s.Quota.Keys > MaxNumber || s.Quota.Bytes > MaxNumber {
		return fmt.Errorf("%w: quota %+v", ErrInvalid, s.Quota)
	}
	if err := CheckNames(s.Name); err != nil {
		return err
	}
	return CheckNames(keys...)
}

// Limits returns the quota with the defaults filled in.
func (q Quota) Limits() Quota {
	if q.Keys == 0 {
		q.Keys = DefaultKeys
	}
	if q.Bytes == 0 {
		q.Bytes = DefaultBytes
	}
	return q
}

// Prefixes yields every prefix of value that may be a member, longest first.
func Prefixes(value string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for n := min(len(value), MaxName); n > 0; n-- {
			if n < len(value) && !utf8.RuneStart(value[n]) {
				continue
			}
			if !yield(value[:n]) {
				return
			}
		}
	}
}
