package main

import (
	"bytes"
	"strings"

	"github.com/sallyport-sbc/sallyport/sdk"
)

// cached is the answer to a request that was asked lately. Its text stands before the
// answer, for a caller could make two texts with the same key.
func (m *module) cached(c *sdk.Call, text string) (a answer, ok bool) {
	value, err := c.KV().Get(cacheKey(text))
	if err != nil || !bytes.HasPrefix(value, []byte(text)) {
		return a, false
	}
	kind, body, ok := strings.Cut(string(value[len(text):]), "\n")
	return answer{kind, []byte(body)}, ok
}

// cacheKey is a name for a text that may be longer than names are: its FNV-1a hash.
func cacheKey(text string) string {
	h := uint64(14695981039346656037)
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * 1099511628211
	}
	key := []byte("answer/0123456789abcdef")
	for i := len(key) - 1; i >= len("answer/"); i-- {
		key[i] = "0123456789abcdef"[h&15]
		h >>= 4
	}
	return string(key)
}

// breaker spares a server that fails. Each instance has its own, which is soon enough: an
// instance serves many calls.
type breaker struct {
	most   int64        // failures in a row; 0 = any number
	pause  sdk.Duration // how long nobody asks then
	failed int64
	until  sdk.Duration
}

// isOpen reports whether the server is to be left alone.
func (b *breaker) isOpen(now sdk.Duration) bool { return now < b.until }

func (b *breaker) works() { b.failed = 0 }

// fails notes a failure. After the pause one more is enough to begin it anew.
func (b *breaker) fails(now sdk.Duration) {
	b.failed++
	if b.most > 0 && b.failed >= b.most {
		b.until = now + b.pause
	}
}
