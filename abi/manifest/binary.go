package manifest

import (
	"bytes"
	"fmt"
)

// sections calls f for every section: its id, the name of a custom one, all
// its bytes, and the body (of a custom section: behind the name).
func sections(wasm []byte, f func(id byte, name string, whole, body []byte) error) error {
	if len(wasm) < 8 || !bytes.Equal(wasm[:8], []byte("\x00asm\x01\x00\x00\x00")) {
		return ErrNotWasm
	}
	for at := 8; at < len(wasm); {
		id := wasm[at]
		size, n := u32(wasm[at+1:])
		from := at + 1 + n
		if n == 0 || uint64(size) > uint64(len(wasm)-from) {
			return fmt.Errorf("%w: section at byte %d is cut off", ErrNotWasm, at)
		}
		body, name := wasm[from:from+int(size)], ""
		if id == 0 {
			s, n := u32(body)
			if n == 0 || uint64(s) > uint64(len(body)-n) {
				return fmt.Errorf("%w: custom section at byte %d has no name", ErrNotWasm, at)
			}
			name, body = string(body[n:n+int(s)]), body[n+int(s):]
		}
		if err := f(id, name, wasm[at:from+int(size)], body); err != nil {
			return err
		}
		at = from + int(size)
	}
	return nil
}

// Import is one thing a module imports.
type Import struct{ Module, Name string }

// Imports lists what a module imports, in order.
func Imports(wasm []byte) ([]Import, error) {
	var list []Import
	err := sections(wasm, func(id byte, _ string, _, body []byte) error {
		if id != 2 {
			return nil
		}
		r := reader{b: body}
		for i := r.u32(); i > 0 && !r.bad; i-- {
			im := Import{Module: r.text(), Name: r.text()}
			switch r.byte() {
			case 0: // function: type index
				r.u32()
			case 1: // table: element type, limits
				r.byte()
				r.limits()
			case 2: // memory
				r.limits()
			case 3: // global: type, mutability
				r.byte()
				r.byte()
			default:
				r.bad = true
			}
			list = append(list, im)
		}
		if r.bad {
			return fmt.Errorf("%w: malformed import section", ErrNotWasm)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// reader walks a section; the first fault makes all further reads zero.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) byte() byte {
	if r.bad || len(r.b) == 0 {
		r.bad = true
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

func (r *reader) u32() uint32 {
	v, n := u32(r.b)
	if r.bad || n == 0 {
		r.bad = true
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) text() string {
	n := r.u32()
	if r.bad || uint64(n) > uint64(len(r.b)) {
		r.bad = true
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

func (r *reader) limits() {
	if r.byte()&1 != 0 {
		r.u32()
	}
	r.u32()
}

// u32 reads unsigned LEB128; n is 0 when it is cut off or too long.
func u32(b []byte) (v uint32, n int) {
	for i := 0; i < len(b) && i < 5; i++ {
		if i == 4 && b[i] > 0x0f {
			return 0, 0
		}
		v |= uint32(b[i]&0x7f) << (7 * i)
		if b[i] < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}

func appendU32(b []byte, v uint32) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}
