package sdk

import (
	"unsafe"

	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// Main does nothing in a module: the host calls its exports.
func Main() {}

//go:wasmexport sbc_abi_v1
func exportABI() int32 { return wire.Minor }

//go:wasmexport sbc_buffer
func exportBuffer(min int32) int64 {
	if registered == nil {
		return 0
	}
	b := registered.buffer(int(min))
	if b == nil {
		return 0
	}
	return int64(uintptr(unsafe.Pointer(unsafe.SliceData(b))))<<32 | int64(len(b))
}

//go:wasmexport sbc_init
func exportInit(n int32) int32 {
	if registered == nil {
		sbcLog(0, wire.LogError, "the program registers no module: sdk.Register in init is missing")
		return int32(wire.CodeInternal)
	}
	return registered.configure(int(n))
}

//go:wasmexport sbc_event
func exportEvent(event int32, call int64, n int32) int64 {
	return registered.event(wire.Event(event), call, int(n))
}

//go:wasmexport sbc_resume
func exportResume(token int64, status, n int32) int64 {
	return registered.resume(token, Code(status), int(n))
}

//go:wasmexport sbc_cancel
func exportCancel(call int64) { registered.cancel(call) }

//go:wasmexport sbc_migrate
func exportMigrate(from, n int32) int64 { return registered.migrate(uint32(from), int(n)) }

//go:wasmexport sbc_selftest
func exportSelfTest(int32) int32 { return registered.selfTest() }
