//go:build !wasm

package sdk

import (
	"crypto/rand"
	"encoding/binary"
)

func random() uint64 {
	var b [8]byte
	rand.Read(b[:])
	return binary.LittleEndian.Uint64(b[:])
}
