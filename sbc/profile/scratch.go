package profile

import "sync"

// scratch are buffers that patterns are evaluated into. What is kept is copied out, in its
// exact size: a plan lives as long as its call.
var scratch = sync.Pool{New: func() any {
	b := make([]byte, 0, 2048)
	return &b
}}

func borrow() *[]byte { return scratch.Get().(*[]byte) }

// giveBack lets go of a buffer that an unusual INVITE made large.
func giveBack(b *[]byte) {
	if cap(*b) <= 16<<10 {
		scratch.Put(b)
	}
}
