package main

import (
	"unicode/utf8"
	"unsafe"

	"github.com/sallyport-sbc/sallyport/sdk"
)

const (
	// size is the longest record: what the host takes.
	size = 32 << 10
	// longest is how much of the record one text may take. What a caller sends
	// must not make a record so long that nobody takes it.
	longest = 2 << 10
	// most is the longest addition at once: a key, a text, its quotes; reserve
	// is what the end of every record needs.
	most    = 128 + longest
	reserve = 64
)

// record is one line of JSON being written, in a buffer that never grows: in
// the sandbox an append costs a call, and a record has a hundred. Keys are
// given with the comma, quotes and colon around them, for the same reason.
type record struct {
	b   [size]byte
	n   int
	cut bool // something was left out for its length

	day  int64    // the beginning of the day that date is of
	date [24]byte // as times are written
}

// begin starts a record.
func (r *record) begin() {
	r.n, r.cut = 0, false
	r.raw("{")
}

// end is the record, until the next begin.
func (r *record) end() []byte {
	if r.cut {
		r.n += copy(r.b[r.n:], `,"cut":true`)
	}
	r.n += copy(r.b[r.n:], `}`)
	return r.b[:r.n]
}

// fits reports whether there is room for the longest addition.
func (r *record) fits() bool {
	if r.n > size-reserve-most {
		r.cut = true
		return false
	}
	return true
}

// raw adds a constant: there is always room for those.
func (r *record) raw(s string) { r.n += copy(r.b[r.n:], s) }

// text adds a member unless its value is empty. Most keys and values have 4 to 32
// bytes, which are a few words: each is looked at and stored while it is there,
// without a loop and without a call, which cost most in a sandbox.
func (r *record) text(key, value string) {
	n := len(value)
	if n == 0 || !r.fits() {
		return
	}
	d := unsafe.Add(unsafe.Pointer(&r.b), r.n)
	if k := unsafe.Pointer(unsafe.StringData(key)); len(key)-8 <= 8 && len(key) >= 8 {
		store(d, 0, load(k, 0))
		store(d, len(key)-8, load(k, len(key)-8))
	} else {
		copy(r.b[r.n:], key)
	}
	r.n += len(key)
	d = unsafe.Add(d, len(key))
	v := unsafe.Pointer(unsafe.StringData(value))
	switch {
	case n > 32:
		if n > longest || !sdk.Plain(value) {
			r.quoted(value)
			return
		}
		copy(r.b[r.n:], value)
	case n > 16:
		w, x, y, z := load(v, 0), load(v, 8), load(v, n-16), load(v, n-8)
		if (doubt(w)|doubt(x)|doubt(y)|doubt(z))&high != 0 {
			r.quoted(value)
			return
		}
		store(d, 0, w)
		store(d, 8, x)
		store(d, n-16, y)
		store(d, n-8, z)
	case n >= 8:
		w, z := load(v, 0), load(v, n-8)
		if (doubt(w)|doubt(z))&high != 0 {
			r.quoted(value)
			return
		}
		store(d, 0, w)
		store(d, n-8, z)
	case n >= 4:
		w, z := *(*uint32)(v), *(*uint32)(unsafe.Add(v, n-4))
		if doubt(uint64(w)|uint64(z)<<32)&high != 0 {
			r.quoted(value)
			return
		}
		*(*uint32)(d), *(*uint32)(unsafe.Add(d, n-4)) = w, z
	default:
		w := uint64(value[0]) | uint64(value[n/2])<<8 | uint64(value[n-1])<<16 | padding
		if doubt(w)&high != 0 {
			r.quoted(value)
			return
		}
		*(*byte)(d), *(*byte)(unsafe.Add(d, n/2)), *(*byte)(unsafe.Add(d, n-1)) = value[0], value[n/2], value[n-1]
	}
	*(*byte)(unsafe.Add(d, n)) = '"'
	r.n += n + 1
}

// quoted adds the rest of a text that is long, or not plain.
//
//go:noinline
func (r *record) quoted(value string) {
	r.escaped(value)
	r.raw(`"`)
}

const (
	low, high = 0x0101010101010101, 0x8080808080808080
	padding   = 0x6161616161000000 // five plain bytes
)

// doubt sets the high bit of a byte that may not stand in a JSON string as it is:
// see sdk.Plain, which it is a part of.
func doubt(w uint64) uint64 {
	quote, slash := w^(low*'"'), w^(low*'\\')
	return w | (quote - low) | (slash - low) | (w - low*' ') | (w + low)
}

func load(p unsafe.Pointer, at int) uint64     { return *(*uint64)(unsafe.Add(p, at)) }
func store(p unsafe.Pointer, at int, w uint64) { *(*uint64)(unsafe.Add(p, at)) = w }

// name adds a constant: the key of a member and what stands around it.
func (r *record) name(key string) {
	d, k := unsafe.Add(unsafe.Pointer(&r.b), r.n), unsafe.Pointer(unsafe.StringData(key))
	if len(key)-8 <= 8 && len(key) >= 8 {
		store(d, 0, load(k, 0))
		store(d, len(key)-8, load(k, len(key)-8))
	} else {
		copy(r.b[r.n:], key)
	}
	r.n += len(key)
}

// item adds a text to an array.
func (r *record) item(value string) {
	if !r.fits() {
		return
	}
	if last := r.b[r.n-1]; last != '[' && last != '{' {
		r.b[r.n] = ','
		r.n++
	}
	r.b[r.n] = '"'
	r.n++
	r.escaped(value)
	r.b[r.n] = '"'
	r.n++
}

// pair adds a member whose name is foreign, too. A name longer than 64 bytes
// is not one the host lets be set.
func (r *record) pair(name, value string) {
	if len(name) > 64 || r.n > size-reserve-2*most {
		r.cut = true
		return
	}
	r.item(name)
	r.b[r.n], r.b[r.n+1] = ':', '"'
	r.n += 2
	r.escaped(value)
	r.b[r.n] = '"'
	r.n++
}

// number adds a member.
func (r *record) number(key string, v int64) {
	if !r.fits() {
		return
	}
	r.name(key)
	r.value(v)
}

// value adds a number. Those of a call are small.
func (r *record) value(v int64) {
	switch {
	case v < 10_000:
		r.first(uint32(max(v, 0)))
	case v < 100_000_000:
		r.first(uint32(v) / 10_000)
		r.four(uint32(v) % 10_000)
	default:
		r.value(v / 100_000_000)
		v %= 100_000_000
		r.four(uint32(v) / 10_000)
		r.four(uint32(v) % 10_000)
	}
}

// first adds v, less than 10,000, without zeros in front.
func (r *record) first(v uint32) {
	w, n := decimal(v), 4
	switch {
	case v < 10:
		w, n = w>>24, 1
	case v < 100:
		w, n = w>>16, 2
	case v < 1000:
		w, n = w>>8, 3
	}
	*(*uint32)(unsafe.Add(unsafe.Pointer(&r.b), r.n)) = w
	r.n += n
}

// four adds v, less than 10,000, as four digits.
func (r *record) four(v uint32) {
	*(*uint32)(unsafe.Add(unsafe.Pointer(&r.b), r.n)) = decimal(v)
	r.n += 4
}

// decimal is v, less than 10,000, as four characters in the order of memory.
func decimal(v uint32) uint32 {
	high := v * 5243 >> 19 // v / 100
	low := v - 100*high
	a, c := high*103>>10, low*103>>10 // tens, for all below 100
	return '0'*0x01010101 + (a | (high-10*a)<<8 | c<<16 | (low-10*c)<<24)
}

// thousandths adds a member as a decimal fraction: 4410 as 4.41.
func (r *record) thousandths(key string, v int64) {
	if !r.fits() {
		return
	}
	r.name(key)
	if v <= 0 || v >= 10_000_000 {
		r.value(v / 1000)
		return
	}
	whole := uint32(v) / 1000
	r.first(whole)
	rest := uint32(v) - 1000*whole
	if rest == 0 {
		return
	}
	// A point takes the place of the digit in front.
	w, n := decimal(rest)-'0'+'.', 4
	if w>>24 == '0' {
		n = 3
		if w>>16&0xff == '0' {
			n = 2
		}
	}
	*(*uint32)(unsafe.Add(unsafe.Pointer(&r.b), r.n)) = w
	r.n += n
}

// time adds a member unless it is no moment.
func (r *record) time(key string, t sdk.Time) {
	if t <= 0 || !r.fits() {
		return
	}
	r.name(key)
	// The moments of a call are most often of one day, and that of the call before.
	since := int64(t) - r.day
	if since < 0 || since >= int64(24*sdk.Hour) || r.date[0] == 0 {
		t.Append(r.date[:0])
		since = int64(t) % int64(24*sdk.Hour)
		r.day = int64(t) - since
	}
	d := unsafe.Add(unsafe.Pointer(&r.b), r.n)
	p := unsafe.Pointer(&r.date)
	store(d, 0, load(p, 0))
	store(d, 8, load(p, 8)) // 2026-01-02T, and more that is written over
	ms := uint32(uint64(since) / uint64(sdk.Millisecond))
	seconds := ms / 1000
	minutes := seconds / 60
	hours := minutes / 60
	two(d, 11, hours, ':')
	two(d, 14, minutes-60*hours, ':')
	two(d, 17, seconds-60*minutes, '.')
	store(d, 19, uint64(decimal(ms-1000*seconds))-'0'+'.'|'Z'<<32|'"'<<40)
	r.n += 25
}

// two writes two digits and what stands behind them.
func two(p unsafe.Pointer, at int, v uint32, behind byte) {
	tens := v * 103 >> 10
	*(*byte)(unsafe.Add(p, at)) = byte('0' + tens)
	*(*byte)(unsafe.Add(p, at+1)) = byte('0' + v - 10*tens)
	*(*byte)(unsafe.Add(p, at+2)) = behind
}

const hexDigits = "0123456789abcdef"

// escaped adds s as the inside of a JSON string: control characters escaped,
// invalid UTF-8 as U+FFFD, and U+2028 and U+2029 escaped for readers that take a
// record for a line of JavaScript. It adds at most longest bytes and cuts s
// between two characters.
func (r *record) escaped(s string) {
	if len(s) <= longest && sdk.Plain(s) {
		r.n += copy(r.b[r.n:], s)
		return
	}
	for limit := r.n + longest; s != ""; {
		if limit-r.n < 6 {
			r.cut = true
			return
		}
		s = s[r.character(s):]
	}
}

// character adds the first character of s and returns its length in s. It adds
// at most six bytes.
func (r *record) character(s string) int {
	switch c := s[0]; {
	case c == '"' || c == '\\':
		r.b[r.n], r.b[r.n+1] = '\\', c
		r.n += 2
		return 1
	case c == '\n':
		r.raw(`\n`)
		return 1
	case c == '\r':
		r.raw(`\r`)
		return 1
	case c == '\t':
		r.raw(`\t`)
		return 1
	case c >= ' ' && c < 0x7f:
		r.b[r.n] = c
		r.n++
		return 1
	case c < utf8.RuneSelf:
		r.raw(`\u00`)
		r.b[r.n], r.b[r.n+1] = hexDigits[c>>4], hexDigits[c&15]
		r.n += 2
		return 1
	}
	char, n := utf8.DecodeRuneInString(s)
	switch {
	case char == utf8.RuneError && n == 1:
		r.raw("\ufffd")
	case char == '\u2028':
		r.raw(`\u2028`)
	case char == '\u2029':
		r.raw(`\u2029`)
	default:
		r.raw(s[:n])
	}
	return n
}
