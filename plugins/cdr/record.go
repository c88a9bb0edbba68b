package main

import (
	"unicode/utf8"

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

// text adds a member unless its value is empty.
func (r *record) text(key, value string) {
	if value == "" || !r.fits() {
		return
	}
	n := r.n
	n += copy(r.b[n:], key)
	if len(value) <= longest && sdk.Plain(value) {
		n += copy(r.b[n:], value)
	} else {
		r.n = n
		r.escaped(value)
		n = r.n
	}
	r.b[n] = '"'
	r.n = n + 1
}

// item adds a text to an array.
func (r *record) item(value string) {
	if !r.fits() {
		return
	}
	if last := r.b[r.n-1]; last != '[' && last != '{' {
		r.raw(`,`)
	}
	r.raw(`"`)
	r.escaped(value)
	r.raw(`"`)
}

// pair adds a member whose name is foreign, too. A name longer than 64 bytes
// is not one the host lets be set.
func (r *record) pair(name, value string) {
	if len(name) > 64 || r.n > size-reserve-2*most {
		r.cut = true
		return
	}
	r.item(name)
	r.raw(`:"`)
	r.escaped(value)
	r.raw(`"`)
}

// number adds a member.
func (r *record) number(key string, v int64) {
	if !r.fits() {
		return
	}
	r.n += copy(r.b[r.n:], key)
	const billion = 1_000_000_000
	width := 1
	if v >= billion*billion {
		r.digits(uint32(v/(billion*billion)), width)
		v, width = v%(billion*billion), 9
	}
	if v >= billion || width > 1 {
		r.digits(uint32(v/billion), width)
		v, width = v%billion, 9
	}
	r.digits(uint32(max(v, 0)), width)
}

// digits adds v, with zeros in front up to the width. 32 bits, because dividing
// 64 by a constant is slow in a sandbox.
func (r *record) digits(v uint32, width int) {
	n := 1
	for x := v; x >= 10; x /= 10 {
		n++
	}
	n = max(n, width)
	d := r.b[r.n:][:n]
	for i := len(d) - 1; i >= 0; i-- {
		q := v / 10
		d[i] = byte('0' + v - 10*q)
		v = q
	}
	r.n += n
}

// thousandths adds a member as a decimal fraction: 4410 as 4.41.
func (r *record) thousandths(key string, v int64) {
	r.number(key, v/1000)
	if v %= 1000; v <= 0 {
		return
	}
	d := [4]byte{'.', byte('0' + v/100), byte('0' + v/10%10), byte('0' + v%10)}
	n := len(d)
	for d[n-1] == '0' {
		n--
	}
	r.n += copy(r.b[r.n:], d[:n])
}

// time adds a member unless it is no moment.
func (r *record) time(key string, t sdk.Time) {
	if t.IsZero() || !r.fits() {
		return
	}
	r.raw(key)
	r.n += len(t.Append(r.b[r.n:r.n]))
	r.raw(`"`)
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
