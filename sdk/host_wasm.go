package sdk

import "unsafe"

// host is the host behind the sandbox's wall. A function a module does not
// reach is not imported, so its capability need not be granted.
type host struct{}

//go:wasmimport sbc log
//go:noescape
func sbcLog(call int64, level int32, msg string)

//go:wasmimport sbc now
//go:noescape
func sbcNow() int64

//go:wasmimport sbc monotonic
//go:noescape
func sbcMonotonic() int64

//go:wasmimport sbc get
//go:noescape
func sbcGet(call int64, what int32, name string, index int32, buf unsafe.Pointer, limit uint32) int32

//go:wasmimport sbc var_get
//go:noescape
func sbcVarGet(call int64, name string, buf unsafe.Pointer, limit uint32) int32

//go:wasmimport sbc var_set
//go:noescape
func sbcVarSet(call int64, name, value string) int32

//go:wasmimport sbc state_get
//go:noescape
func sbcStateGet(call int64, buf unsafe.Pointer, limit uint32) int32

//go:wasmimport sbc state_set
//go:noescape
func sbcStateSet(call int64, buf unsafe.Pointer, n uint32) int32

//go:wasmimport sbc_cdr emit
//go:noescape
func sbcCDREmit(call int64, buf unsafe.Pointer, n uint32) int32

//go:wasmimport sbc sleep
//go:noescape
func sbcSleep(call, span int64) int64

//go:wasmimport sbc_timer set
//go:noescape
func sbcTimerSet(call int64, timer int32, after int64, action int32) int32

//go:wasmimport sbc_timer clear
//go:noescape
func sbcTimerClear(call int64, timer int32) int32

//go:wasmimport sbc_map lookup
//go:noescape
func sbcMapLookup(call int64, table, key string, buf unsafe.Pointer, limit uint32) int32

//go:wasmimport sbc_metric define
//go:noescape
func sbcMetricDefine(kind int32, name string) int32

//go:wasmimport sbc_metric add
//go:noescape
func sbcMetricAdd(metric int32, delta int64) int32

//go:wasmimport sbc_metric observe
//go:noescape
func sbcMetricObserve(metric int32, value int64) int32

//go:wasmimport sbc_call hangup
//go:noescape
func sbcCallHangup(call int64, id string, code int32, reason string) int32

//go:wasmimport sbc_call rearm
//go:noescape
func sbcCallRearm(call int64, id string, span int64) int32

//go:wasmimport sbc_call info
//go:noescape
func sbcCallInfo(call int64, req unsafe.Pointer, n uint32) int32

//go:wasmimport sbc_call refer
//go:noescape
func sbcCallRefer(call int64, req unsafe.Pointer, n uint32) int32

func at(b []byte) (unsafe.Pointer, uint32) {
	return unsafe.Pointer(unsafe.SliceData(b)), uint32(len(b))
}

func (host) log(call int64, l Level, msg string) { sbcLog(call, int32(l), msg) }
func (host) now() int64                          { return sbcNow() }
func (host) monotonic() int64                    { return sbcMonotonic() }

func (host) get(call int64, what int32, name string, index int32, b []byte) int32 {
	p, n := at(b)
	return sbcGet(call, what, name, index, p, n)
}

func (host) varGet(call int64, name string, b []byte) int32 {
	p, n := at(b)
	return sbcVarGet(call, name, p, n)
}

func (host) varSet(call int64, name, value string) int32 { return sbcVarSet(call, name, value) }

func (host) stateGet(call int64, b []byte) int32 {
	p, n := at(b)
	return sbcStateGet(call, p, n)
}

func (host) stateSet(call int64, b []byte) int32 {
	p, n := at(b)
	return sbcStateSet(call, p, n)
}

func (host) emitCDR(call int64, b []byte) int32 {
	p, n := at(b)
	return sbcCDREmit(call, p, n)
}

// status is that of a result that came at once, which is only ever a good one.
func (host) status() Code { return 0 }

func (host) sleep(call, span int64) int64 { return sbcSleep(call, span) }

func (host) timerSet(call int64, timer int32, after int64, action int32) int32 {
	return sbcTimerSet(call, timer, after, action)
}
func (host) timerClear(call int64, timer int32) int32 { return sbcTimerClear(call, timer) }

func (host) mapLookup(call int64, table, key string, b []byte) int32 {
	p, n := at(b)
	return sbcMapLookup(call, table, key, p, n)
}

func (host) metricDefine(kind int32, name string) int32 { return sbcMetricDefine(kind, name) }

func (host) metricAdd(metric int32, delta int64) int32 { return sbcMetricAdd(metric, delta) }

func (host) metricObserve(metric int32, v int64) int32 { return sbcMetricObserve(metric, v) }

func (host) callRearm(call int64, id string, span int64) int32 { return sbcCallRearm(call, id, span) }

func (host) callHangup(call int64, id string, code int32, reason string) int32 {
	return sbcCallHangup(call, id, code, reason)
}

func (host) callInfo(call int64, req []byte) int32 {
	p, n := at(req)
	return sbcCallInfo(call, p, n)
}

func (host) callRefer(call int64, req []byte) int32 {
	p, n := at(req)
	return sbcCallRefer(call, p, n)
}
