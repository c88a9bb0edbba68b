package pattern

import (
	"crypto/md5"
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"unicode/utf8"
)

func upper(dst []byte, e *Env, n *node) []byte {
	start := len(dst)
	dst = n.arg.Append(dst, e)
	for i := start; i < len(dst); i++ {
		if c := dst[i]; c >= 'a' && c <= 'z' {
			dst[i] = c - 'a' + 'A'
		}
	}
	return dst
}

func lower(dst []byte, e *Env, n *node) []byte {
	start := len(dst)
	dst = n.arg.Append(dst, e)
	for i := start; i < len(dst); i++ {
		if c := dst[i]; c >= 'A' && c <= 'Z' {
			dst[i] = c - 'A' + 'a'
		}
	}
	return dst
}

func size(dst []byte, e *Env, n *node) []byte {
	start := len(dst)
	dst = n.arg.Append(dst, e)
	return strconv.AppendInt(dst[:start], int64(len(dst)-start), 10)
}

// digest is MD5 because that is what peers compare it with; it protects nothing.
func digest(dst []byte, e *Env, n *node) []byte {
	start := len(dst)
	dst = n.arg.Append(dst, e)
	sum := md5.Sum(dst[start:])
	return hex.AppendEncode(dst[:start], sum[:])
}

// random yields nothing when its argument is no number above zero.
func random(dst []byte, e *Env, n *node) []byte {
	start := len(dst)
	dst, arg := n.key(dst, e)
	limit, err := strconv.ParseUint(arg, 10, 64)
	if err != nil || limit == 0 {
		return dst[:start]
	}
	draw := rand.Uint64N
	if e.Random != nil {
		draw = e.Random
	}
	return strconv.AppendUint(dst[:start], draw(limit), 10)
}

func lastThree(dst []byte, e *Env, n *node) []byte {
	start := len(dst)
	dst = n.arg.Append(dst, e)
	cut := len(dst)
	for i := 0; i < 3 && cut > start; i++ {
		_, w := utf8.DecodeLastRune(dst[start:cut])
		cut -= w
	}
	return dst[:start+copy(dst[start:], dst[cut:])]
}

// urlEncode needs up to three bytes for one, so it works from the end of the grown buffer.
func urlEncode(dst []byte, e *Env, n *node) []byte {
	start := len(dst)
	dst = n.arg.Append(dst, e)
	end := len(dst)
	size := end - start
	for _, c := range dst[start:end] {
		if c != ' ' && !isUnreserved(c) {
			size += 2
		}
	}
	for len(dst) < start+size {
		dst = append(dst, 0)
	}
	to := len(dst)
	for i := end - 1; i >= start; i-- {
		switch c := dst[i]; {
		case c == ' ':
			to--
			dst[to] = '+'
		case isUnreserved(c):
			to--
			dst[to] = c
		default:
			to -= 3
			dst[to], dst[to+1], dst[to+2] = '%', hexDigits[c>>4], hexDigits[c&15]
		}
	}
	return dst
}

const hexDigits = "0123456789abcdef"

func isUnreserved(c byte) bool {
	return isLetter(c) || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' || c == '~'
}
