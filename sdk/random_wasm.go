package sdk

import "unsafe"

//go:wasmimport wasi_snapshot_preview1 random_get
//go:noescape
func wasiRandomGet(buf unsafe.Pointer, n uint32) uint32

func random() (v uint64) {
	wasiRandomGet(unsafe.Pointer(&v), 8) // fails for memory only that is not the guest's
	return v
}
