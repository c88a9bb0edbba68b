package sdk

import "unsafe"

// resultRoom is how long a result may be that comes at once; a longer one is waited for.
const resultRoom = 256

//go:wasmimport sbc_http send
//go:noescape
func sbcHttpSend(call int64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_kv get
//go:noescape
func sbcKvGet(call int64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_kv set
//go:noescape
func sbcKvSet(call int64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_kv del
//go:noescape
func sbcKvDel(call int64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_kv add
//go:noescape
func sbcKvAdd(call int64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_kv set_add
//go:noescape
func sbcKvSetAdd(call int64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_kv set_del
//go:noescape
func sbcKvSetDel(call int64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_kv set_has
//go:noescape
func sbcKvSetHas(call int64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_kv set_match
//go:noescape
func sbcKvSetMatch(call int64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_limit acquire
//go:noescape
func sbcLimitAcquire(call int64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_limit release
//go:noescape
func sbcLimitRelease(call int64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_limit take
//go:noescape
func sbcLimitTake(call int64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_account reserve
//go:noescape
func sbcAccountReserve(call int64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_account commit
//go:noescape
func sbcAccountCommit(call int64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_account cancel
//go:noescape
func sbcAccountCancel(call int64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_account balance
//go:noescape
func sbcAccountBalance(call int64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_account deposit
//go:noescape
func sbcAccountDeposit(call int64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

//go:wasmimport sbc_redis cmd
//go:noescape
func sbcRedisCmd(call int64, req unsafe.Pointer, n uint32, buf unsafe.Pointer, limit uint32) int64

func (host) httpSend(call int64, req, buf []byte) int64 {
	p, n := at(req)
	q, k := at(buf)
	return sbcHttpSend(call, p, n, q, k)
}

func (host) kvGet(call int64, req, buf []byte) int64 {
	p, n := at(req)
	q, k := at(buf)
	return sbcKvGet(call, p, n, q, k)
}

func (host) kvSet(call int64, req, buf []byte) int64 {
	p, n := at(req)
	q, k := at(buf)
	return sbcKvSet(call, p, n, q, k)
}

func (host) kvDel(call int64, req, buf []byte) int64 {
	p, n := at(req)
	q, k := at(buf)
	return sbcKvDel(call, p, n, q, k)
}

func (host) kvAdd(call int64, req, buf []byte) int64 {
	p, n := at(req)
	q, k := at(buf)
	return sbcKvAdd(call, p, n, q, k)
}

func (host) kvSetAdd(call int64, req, buf []byte) int64 {
	p, n := at(req)
	q, k := at(buf)
	return sbcKvSetAdd(call, p, n, q, k)
}

func (host) kvSetDel(call int64, req, buf []byte) int64 {
	p, n := at(req)
	q, k := at(buf)
	return sbcKvSetDel(call, p, n, q, k)
}

func (host) kvSetHas(call int64, req, buf []byte) int64 {
	p, n := at(req)
	q, k := at(buf)
	return sbcKvSetHas(call, p, n, q, k)
}

func (host) kvSetMatch(call int64, req, buf []byte) int64 {
	p, n := at(req)
	q, k := at(buf)
	return sbcKvSetMatch(call, p, n, q, k)
}

func (host) limitAcquire(call int64, req, buf []byte) int64 {
	p, n := at(req)
	q, k := at(buf)
	return sbcLimitAcquire(call, p, n, q, k)
}

func (host) limitRelease(call int64, req, buf []byte) int64 {
	p, n := at(req)
	q, k := at(buf)
	return sbcLimitRelease(call, p, n, q, k)
}

func (host) limitTake(call int64, req, buf []byte) int64 {
	p, n := at(req)
	q, k := at(buf)
	return sbcLimitTake(call, p, n, q, k)
}

func (host) accountReserve(call int64, req, buf []byte) int64 {
	p, n := at(req)
	q, k := at(buf)
	return sbcAccountReserve(call, p, n, q, k)
}

func (host) accountCommit(call int64, req, buf []byte) int64 {
	p, n := at(req)
	q, k := at(buf)
	return sbcAccountCommit(call, p, n, q, k)
}

func (host) accountCancel(call int64, req, buf []byte) int64 {
	p, n := at(req)
	q, k := at(buf)
	return sbcAccountCancel(call, p, n, q, k)
}

func (host) accountBalance(call int64, req, buf []byte) int64 {
	p, n := at(req)
	q, k := at(buf)
	return sbcAccountBalance(call, p, n, q, k)
}

func (host) accountDeposit(call int64, req, buf []byte) int64 {
	p, n := at(req)
	q, k := at(buf)
	return sbcAccountDeposit(call, p, n, q, k)
}

func (host) redisCmd(call int64, req, buf []byte) int64 {
	p, n := at(req)
	q, k := at(buf)
	return sbcRedisCmd(call, p, n, q, k)
}
