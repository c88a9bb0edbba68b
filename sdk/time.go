package sdk

// Time is a moment: nanoseconds since 1970-01-01 UTC. Zero is no moment.
type Time int64

// Duration is a span in nanoseconds, as time.Duration, to which it converts.
type Duration int64

// Durations to multiply.
const (
	Millisecond Duration = 1_000_000
	Second               = 1000 * Millisecond
	Minute               = 60 * Second
	Hour                 = 60 * Minute
)

// IsZero reports whether t is no moment.
func (t Time) IsZero() bool { return t == 0 }

// Sub is the span from u to t.
func (t Time) Sub(u Time) Duration { return Duration(t - u) }

// Append writes t by RFC 3339 with milliseconds, in UTC:
// 2026-01-02T15:04:05.678Z.
func (t Time) Append(dst []byte) []byte {
	ms := int64(t) / int64(Millisecond)
	if ms < 0 {
		ms = 0
	}
	days, rest := uint32(ms/86_400_000), uint32(ms%86_400_000)
	// Civil date from days since 1970, in eras of 400 years that begin in March.
	// 32 bits, because dividing 64 by a constant is slow in a sandbox.
	z := days + 719_468
	era, doe := z/146_097, z%146_097
	yoe := (doe - doe/1460 + doe/36_524 - doe/146_096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	day, month, year := doy-(153*mp+2)/5+1, mp+3, yoe+era*400
	if month > 12 {
		month, year = month-12, year+1
	}
	at := len(dst)
	dst = append(dst, "0000-00-00T00:00:00.000Z"...)
	b := dst[at:][:24]
	two(b, 0, year/100)
	two(b, 2, year%100)
	two(b, 5, month)
	two(b, 8, day)
	s := rest / 1000
	two(b, 11, s/3600)
	two(b, 14, s/60%60)
	two(b, 17, s%60)
	two(b, 20, rest%1000/10)
	b[22] = byte('0' + rest%10)
	return dst
}

// two writes two digits.
func two(b []byte, at int, v uint32) {
	tens := v * 103 >> 10 // v / 10 for all below 100
	b[at], b[at+1] = byte('0'+tens), byte('0'+v-10*tens)
}
