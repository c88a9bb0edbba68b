// A guest that computes: what it returns must not depend on fuel checks.
package main

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strconv"
)

func main() {}

//go:wasmexport fib
func fib(n uint32) uint32 {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

type shape interface{ area() uint64 }

type square struct{ a uint64 }
type rectangle struct{ a, b uint64 }

func (s square) area() uint64    { return s.a * s.a }
func (r rectangle) area() uint64 { return r.a * r.b }

//go:wasmexport mixed
func mixed(n uint32) uint64 {
	m := map[string][]byte{}
	for i := range n {
		m[strconv.Itoa(int(i*7919))] = make([]byte, i%300)
	}
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	h := sha256.New()
	var shapes []shape
	for i, k := range keys {
		h.Write([]byte(k))
		h.Write(m[k])
		if i%2 == 0 {
			shapes = append(shapes, square{uint64(i)})
		} else {
			shapes = append(shapes, rectangle{uint64(i), uint64(len(k))})
		}
	}
	sum := binary.LittleEndian.Uint64(h.Sum(nil))
	for _, s := range shapes {
		sum += s.area()
	}
	f := float64(sum>>12) * 1.0000001
	return sum ^ uint64(f)
}

//go:wasmexport spin
func spin() {
	for {
	}
}

//go:wasmexport channels
func channels(n uint32) uint64 {
	c := make(chan uint64)
	go func() {
		for i := range n {
			c <- uint64(i) * 3
		}
		close(c)
	}()
	var sum uint64
	for v := range c {
		sum += v
	}
	return sum
}

//go:wasmexport recovered
func recovered(n uint32) (r uint32) {
	defer func() {
		if recover() != nil {
			r = 7
		}
	}()
	a := []uint32{1, 2, 3}
	return a[n]
}
