package meter

import (
	"fmt"
	"unicode/utf8"
)

// reader reads b[pos:end] and never beyond. The first error stays: from then on every read returns zero values and
// left returns zero, so that loops end without asking for the error at each step.
type reader struct {
	b        []byte
	pos, end int
	err      error
}

func (r *reader) left() int { return r.end - r.pos }

func (r *reader) fail(kind error, format string, args ...any) {
	if r.err == nil {
		r.err = &Error{Offset: r.pos, What: fmt.Sprintf(format, args...), Err: kind}
	}
	r.pos = r.end
}

func (r *reader) u8() byte {
	if r.pos >= r.end {
		r.fail(ErrMalformed, "unexpected end")
		return 0
	}
	c := r.b[r.pos]
	r.pos++
	return c
}

// zero reads a byte that version 2.0 reserves: an index of the only memory.
func (r *reader) zero(what string) {
	if c := r.u8(); c != 0 {
		r.fail(ErrUnsupported, "%s %d", what, c)
	}
}

func (r *reader) skip(n int) {
	if n < 0 || n > r.left() {
		r.fail(ErrMalformed, "unexpected end")
		return
	}
	r.pos += n
}

// u32 reads an unsigned LEB128 number of at most five bytes whose unused bits are zero.
func (r *reader) u32() uint32 {
	var v uint32
	for i := range 5 {
		c := r.u8()
		if i == 4 && c > 0x0f {
			r.fail(ErrMalformed, "number longer than 32 bits")
			return 0
		}
		v |= uint32(c&0x7f) << (7 * i)
		if c < 0x80 {
			return v
		}
	}
	return 0
}

// signed reads a signed LEB128 number of bits bits; the unused bits of its last byte must repeat the sign.
func (r *reader) signed(bits int) int64 {
	var v int64
	for shift := 0; ; shift += 7 {
		c := r.u8()
		if r.err != nil {
			return 0
		}
		v |= int64(c&0x7f) << shift
		if c < 0x80 {
			used := bits - shift // bits of this byte that belong to the number
			if used < 7 {
				// The sign bit and all above it must be equal.
				high := int8(c<<1) >> used
				if high != 0 && high != -1 {
					r.fail(ErrMalformed, "number longer than %d bits", bits)
					return 0
				}
			}
			if shift+7 < 64 && c&0x40 != 0 {
				v |= -1 << (shift + 7)
			}
			return v
		}
		if shift+7 >= bits {
			r.fail(ErrMalformed, "number longer than %d bits", bits)
			return 0
		}
	}
}

// count reads the length of a vector whose elements take at least one byte each, so that nothing can be allocated
// that the file has not paid for.
func (r *reader) count(what string) int {
	n := r.u32()
	if int64(n) > int64(r.left()) {
		r.fail(ErrMalformed, "%d %s in %d bytes", n, what, r.left())
		return 0
	}
	return int(n)
}

func (r *reader) name() string {
	n := r.count("bytes of a name")
	s := r.b[r.pos : r.pos+n]
	r.pos += n
	if !utf8.Valid(s) {
		r.fail(ErrMalformed, "name is not UTF-8")
	}
	return string(s)
}

// index reads an index below limit.
func (r *reader) index(what string, limit int) int {
	n := r.u32()
	if r.err == nil && int64(n) >= int64(limit) {
		r.fail(ErrMalformed, "%s index %d of %d", what, n, limit)
		return 0
	}
	return int(n)
}

func (r *reader) valueType() byte {
	t := r.u8()
	switch t {
	case i32, i64, f32, f64, v128, funcref, externref:
	default:
		r.fail(ErrUnsupported, "value type %#x", t)
	}
	return t
}

func (r *reader) refType() byte {
	t := r.u8()
	if t != funcref && t != externref {
		r.fail(ErrUnsupported, "reference type %#x", t)
	}
	return t
}

// limits reads the limits of a memory or a table; bound says that max was given.
func (r *reader) limits() (lo, hi uint32, bound bool) {
	switch flag := r.u8(); flag {
	case 0:
		return r.u32(), 0, false
	case 1:
		lo, hi = r.u32(), r.u32()
		if lo > hi {
			r.fail(ErrMalformed, "minimum %d above maximum %d", lo, hi)
		}
		return lo, hi, true
	default:
		r.fail(ErrUnsupported, "limits flag %#x (shared or 64 bit)", flag)
		return 0, 0, false
	}
}
