//go:build wasm

package main

import "unsafe"

// The functions of the host as the contract has them; asynchronous ones alike.

//go:wasmimport sbc_http send
func httpSend(call uint64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_kv get
func kvGet(call uint64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_kv set
func kvSet(call uint64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_kv del
func kvDel(call uint64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_kv add
func kvAdd(call uint64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_kv set_add
func kvSetAdd(call uint64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_kv set_del
func kvSetDel(call uint64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_kv set_has
func kvSetHas(call uint64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_kv set_match
func kvSetMatch(call uint64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_limit acquire
func limitAcquire(call uint64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_limit release
func limitRelease(call uint64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_limit take
func limitTake(call uint64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_account reserve
func accountReserve(call uint64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_account commit
func accountCommit(call uint64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_account cancel
func accountCancel(call uint64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_account balance
func accountBalance(call uint64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_account deposit
func accountDeposit(call uint64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_redis cmd
func redisCmd(call uint64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc log
func sbcLog(call uint64, level uint32, p unsafe.Pointer, n uint32)

//go:wasmimport sbc now
func sbcNow() int64

//go:wasmimport sbc monotonic
func sbcMonotonic() int64

//go:wasmimport sbc get
func sbcGet(call uint64, what uint32, name unsafe.Pointer, nameLen, index uint32, buf unsafe.Pointer, limit uint32) int32

//go:wasmimport sbc var_get
func varGet(call uint64, name unsafe.Pointer, nameLen uint32, buf unsafe.Pointer, limit uint32) int32

//go:wasmimport sbc var_set
func varSet(call uint64, name unsafe.Pointer, nameLen uint32, value unsafe.Pointer, valueLen uint32) int32

//go:wasmimport sbc state_get
func stateGet(call uint64, buf unsafe.Pointer, limit uint32) int32

//go:wasmimport sbc state_set
func stateSet(call uint64, p unsafe.Pointer, n uint32) int32

//go:wasmimport sbc complete
func complete(call uint64, status int32, p unsafe.Pointer, n uint32) int32

//go:wasmimport sbc sleep
func sleep(call uint64, span int64) int64

//go:wasmimport sbc_cdr emit
func cdrEmit(call uint64, p unsafe.Pointer, n uint32) int32

//go:wasmimport sbc_timer set
func timerSet(call uint64, timer uint32, after int64, action uint32) int32

//go:wasmimport sbc_timer clear
func timerClear(call uint64, timer uint32) int32

//go:wasmimport sbc_map lookup
func mapLookup(call uint64, name unsafe.Pointer, nameLen uint32, key unsafe.Pointer, keyLen uint32, buf unsafe.Pointer, limit uint32) int32

//go:wasmimport sbc_metric define
func metricDefine(kind uint32, name unsafe.Pointer, nameLen uint32) int32

//go:wasmimport sbc_metric add
func metricAdd(metric uint32, delta int64) int32

//go:wasmimport sbc_metric observe
func metricObserve(metric uint32, value int64) int32

//go:wasmimport sbc_call hangup
func callHangup(call uint64, id unsafe.Pointer, idLen uint32, code uint32, reason unsafe.Pointer, reasonLen uint32) int32

//go:wasmimport sbc_call rearm
func callRearm(call uint64, id unsafe.Pointer, idLen uint32, span int64) int32

// async are the asynchronous functions by name.
var async = map[string]func(uint64, unsafe.Pointer, uint32, unsafe.Pointer, uint32) int64{
	"sbc_http.send":       httpSend,
	"sbc_kv.get":          kvGet,
	"sbc_kv.set":          kvSet,
	"sbc_kv.del":          kvDel,
	"sbc_kv.add":          kvAdd,
	"sbc_kv.set_add":      kvSetAdd,
	"sbc_kv.set_del":      kvSetDel,
	"sbc_kv.set_has":      kvSetHas,
	"sbc_kv.set_match":    kvSetMatch,
	"sbc_limit.acquire":   limitAcquire,
	"sbc_limit.release":   limitRelease,
	"sbc_limit.take":      limitTake,
	"sbc_account.reserve": accountReserve,
	"sbc_account.commit":  accountCommit,
	"sbc_account.cancel":  accountCancel,
	"sbc_account.balance": accountBalance,
	"sbc_account.deposit": accountDeposit,
	"sbc_redis.cmd":       redisCmd,
}
