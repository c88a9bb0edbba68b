package wasm

import (
	"syscall"
	"time"
	"unsafe"
)

// threadTime is the processor time the calling thread has used. It is not the time package's: that one stands still
// under testing/synctest, and a guest that loops there would never end.
func threadTime() time.Duration {
	const clockThreadCPU = 3 // CLOCK_THREAD_CPUTIME_ID
	var ts syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockThreadCPU, uintptr(unsafe.Pointer(&ts)), 0)
	return time.Duration(ts.Nano())
}
