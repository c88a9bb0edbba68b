package sdk

import "unsafe"

// Plain reports whether s may stand in a JSON string, or in a log line, as it
// is: it is printable ASCII without quote and backslash. It looks at eight bytes
// at a time, for most texts of a call are plain, and a loop over bytes is what
// costs most in a sandbox.
func Plain(s string) bool {
	n := len(s)
	p := unsafe.Pointer(unsafe.StringData(s))
	switch {
	case n == 0:
		return true
	case n < 4:
		w := uint64(s[0]) | uint64(s[n/2])<<8 | uint64(s[n-1])<<16 | uint64(padding)<<24
		return !special(w) || plainBytes(s)
	case n < 8:
		w := uint64(*(*uint32)(p)) | uint64(*(*uint32)(unsafe.Add(p, n-4)))<<32
		return !special(w) || plainBytes(s)
	}
	for i := 0; i < n-8; i += 8 {
		if special(*(*uint64)(unsafe.Add(p, i))) {
			return plainBytes(s)
		}
	}
	return !special(*(*uint64)(unsafe.Add(p, n-8))) || plainBytes(s)
}

// padding are five plain bytes.
const padding = 0x6161616161

// special reports whether a byte of the word may not be plain.
func special(w uint64) bool { return doubts(w) != 0 }

// doubts has the high bit of each byte of the word that may not be plain: not
// ASCII, a quote, a backslash, a control character or DEL. Borrows between bytes
// only ever add doubt, and only to bytes above one that is not plain.
func doubts(w uint64) uint64 {
	const low, high = 0x0101010101010101, 0x8080808080808080
	quote, slash := w^(low*'"'), w^(low*'\\')
	return (w | (quote - low) | (slash - low) | (w - low*' ') | (w + low)) & high
}

//go:noinline
func plainBytes(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
