package main

import (
	"unicode/utf8"

	"github.com/sallyport-sbc/sallyport/sdk"
)

// Functions here are kept out of line: inlined into every member of the record
// they would make the module tens of kilobytes larger.

// object appends the members of a JSON object to b, and of one object or array
// within it. It allocates nothing but what b needs to grow.
type object struct {
	b     []byte
	inner bool // the nested one has a member already
}

//go:noinline
func (o *object) key(name string) {
	if o.b[len(o.b)-1] != '{' {
		o.b = append(o.b, ',')
	}
	o.b = append(o.b, '"')
	o.b = append(o.b, name...)
	o.b = append(o.b, '"', ':')
}

// text appends a member unless it is empty.
//
//go:noinline
func (o *object) text(name, value string) {
	if value != "" {
		o.key(name)
		o.b = quote(o.b, value)
	}
}

//go:noinline
func (o *object) number(name string, v int64) {
	o.key(name)
	o.b = integer(o.b, v)
}

// time appends a member unless it is no moment.
//
//go:noinline
func (o *object) time(name string, t sdk.Time) {
	if !t.IsZero() {
		o.key(name)
		o.b = append(t.Append(append(o.b, '"')), '"')
	}
}

// media appends the members of one leg, their names ending in leg.
func (o *object) media(leg string, m sdk.Media) {
	if m.Codec != "" {
		o.joined("codec", leg)
		o.b = quote(o.b, m.Codec)
	}
	o.joined("pkts", leg)
	o.b = integer(o.b, int64(m.Packets))
	o.joined("lost", leg)
	o.b = integer(o.b, int64(m.Lost))
	o.joined("jitter_ms", leg)
	o.b = fraction(o.b, int64(m.Jitter)/1000)
	if m.MOS != 0 {
		o.joined("mos", leg)
		o.b = fraction(o.b, int64(m.MOS))
	}
}

//go:noinline
func (o *object) joined(name, leg string) {
	o.key(name)
	o.b = append(o.b[:len(o.b)-2], leg...)
	o.b = append(o.b, '"', ':')
}

// begin opens the nested object or array; pair and item fill it.
//
//go:noinline
func (o *object) begin(name string, open byte) {
	o.key(name)
	o.b = append(o.b, open)
	o.inner = false
}

func (o *object) close(last byte) { o.b = append(o.b, last) }

//go:noinline
func (o *object) item(value string) {
	if o.inner {
		o.b = append(o.b, ',')
	}
	o.inner = true
	o.b = quote(o.b, value)
}

//go:noinline
func (o *object) pair(name, value string) {
	o.item(name)
	o.b = quote(append(o.b, ':'), value)
}

const hexDigits = "0123456789abcdef"

// quote appends s as a JSON string: control characters escaped, invalid UTF-8
// as U+FFFD, and U+2028 and U+2029 escaped for readers that take a record for a
// line of JavaScript.
//
//go:noinline
func quote(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf && c != 0x7f {
			i++
			continue
		}
		n := 1
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if (r != utf8.RuneError || size != 1) && r != '\u2028' && r != '\u2029' {
				i += size
				continue
			}
			b, n = append(b, s[from:i]...), size
			switch {
			case size == 1:
				b = append(b, "\ufffd"...)
			case r == '\u2028':
				b = append(b, `\u2028`...)
			default:
				b = append(b, `\u2029`...)
			}
		} else {
			b = append(b, s[from:i]...)
			switch c {
			case '"', '\\':
				b = append(b, '\\', c)
			case '\n':
				b = append(b, '\\', 'n')
			case '\r':
				b = append(b, '\\', 'r')
			case '\t':
				b = append(b, '\\', 't')
			default:
				b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			}
		}
		i += n
		from = i
	}
	return append(append(b, s[from:]...), '"')
}

//go:noinline
func integer(b []byte, v int64) []byte {
	if v < 0 {
		b, v = append(b, '-'), -v
	}
	var d [20]byte
	i := len(d) - 1
	d[i] = byte('0' + v%10)
	for v /= 10; v > 0; v /= 10 {
		i--
		d[i] = byte('0' + v%10)
	}
	return append(b, d[i:]...)
}

// fraction appends thousandths as a decimal fraction: 4410 as 4.41.
func fraction(b []byte, v int64) []byte {
	b = integer(b, v/1000)
	v %= 1000
	if v <= 0 {
		return b
	}
	b = append(b, '.', byte('0'+v/100))
	if v%100 != 0 {
		b = append(b, byte('0'+v/10%10))
		if v%10 != 0 {
			b = append(b, byte('0'+v%10))
		}
	}
	return b
}
