package wire

import "unsafe"

// The compiler does not merge byte loads for wasm; a guest reads a field with
// one load instead of eight. Both are little-endian and need no alignment.

func u32(b []byte) uint32 { return *(*uint32)(unsafe.Pointer(&b[:4][0])) }
func u64(b []byte) uint64 { return *(*uint64)(unsafe.Pointer(&b[:8][0])) }

func putU32(b []byte, v uint32) { *(*uint32)(unsafe.Pointer(&b[:4][0])) = v }
func putU64(b []byte, v uint64) { *(*uint64)(unsafe.Pointer(&b[:8][0])) = v }
