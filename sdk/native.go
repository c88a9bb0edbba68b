//go:build !wasm

package sdk

import (
	"os"

	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// Host is what a natively running module calls instead of the sandbox's
// imports. Package sdktest has one. Results are those of the contract: a
// length, or a code below zero.
type Host interface {
	Log(call int64, level Level, msg string)
	Now() int64
	Monotonic() int64
	Get(call int64, what int32, name string, index int32, buf []byte) int32
	VarGet(call int64, name string, buf []byte) int32
	VarSet(call int64, name, value string) int32
	StateGet(call int64, buf []byte) int32
	StateSet(call int64, b []byte) int32
	EmitCDR(call int64, line []byte) int32

	// Ask is an asynchronous function, "sbc_http.send" for example, whose result frame
	// is there at once: its length in buf, or a code.
	Ask(function string, call int64, req, buf []byte) int64
	// Status is the code of the result that Ask has just answered.
	Status() int32
	Sleep(call int64, span Duration) int32
	TimerSet(call int64, timer int32, after Duration, action int32) int32
	TimerClear(call int64, timer int32) int32
	MapLookup(call int64, table, key string, buf []byte) int32
	MetricDefine(kind int32, name string) int32
	MetricAdd(metric int32, delta int64) int32
	MetricObserve(metric int32, value int64) int32
	CallHangup(call int64, id string, code int32, reason string) int32
	CallRearm(call int64, id string, span Duration) int32
	CallInfo(call int64, req []byte) int32
	CallRefer(call int64, req []byte) int32
}

// resultRoom is how long a result may be.
const resultRoom = 128 << 10

type host struct{ Host }

func (h host) log(call int64, l Level, msg string) { h.Log(call, l, msg) }
func (h host) now() int64                          { return h.Now() }
func (h host) monotonic() int64                    { return h.Monotonic() }
func (h host) get(call int64, what int32, name string, index int32, b []byte) int32 {
	return h.Get(call, what, name, index, b)
}
func (h host) varGet(call int64, name string, b []byte) int32 { return h.VarGet(call, name, b) }
func (h host) varSet(call int64, name, value string) int32    { return h.VarSet(call, name, value) }
func (h host) stateGet(call int64, b []byte) int32            { return h.StateGet(call, b) }
func (h host) stateSet(call int64, b []byte) int32            { return h.StateSet(call, b) }
func (h host) emitCDR(call int64, line []byte) int32          { return h.EmitCDR(call, line) }

func (h host) httpSend(call int64, req, buf []byte) int64 {
	return h.Ask("sbc_http.send", call, req, buf)
}

func (h host) kvGet(call int64, req, buf []byte) int64 { return h.Ask("sbc_kv.get", call, req, buf) }

func (h host) kvSet(call int64, req, buf []byte) int64 { return h.Ask("sbc_kv.set", call, req, buf) }

func (h host) kvDel(call int64, req, buf []byte) int64 { return h.Ask("sbc_kv.del", call, req, buf) }

func (h host) kvAdd(call int64, req, buf []byte) int64 { return h.Ask("sbc_kv.add", call, req, buf) }

func (h host) kvSetAdd(call int64, req, buf []byte) int64 {
	return h.Ask("sbc_kv.set_add", call, req, buf)
}

func (h host) kvSetDel(call int64, req, buf []byte) int64 {
	return h.Ask("sbc_kv.set_del", call, req, buf)
}

func (h host) kvSetHas(call int64, req, buf []byte) int64 {
	return h.Ask("sbc_kv.set_has", call, req, buf)
}

func (h host) kvSetMatch(call int64, req, buf []byte) int64 {
	return h.Ask("sbc_kv.set_match", call, req, buf)
}

func (h host) limitAcquire(call int64, req, buf []byte) int64 {
	return h.Ask("sbc_limit.acquire", call, req, buf)
}

func (h host) limitRelease(call int64, req, buf []byte) int64 {
	return h.Ask("sbc_limit.release", call, req, buf)
}

func (h host) limitTake(call int64, req, buf []byte) int64 {
	return h.Ask("sbc_limit.take", call, req, buf)
}

func (h host) accountReserve(call int64, req, buf []byte) int64 {
	return h.Ask("sbc_account.reserve", call, req, buf)
}

func (h host) accountCommit(call int64, req, buf []byte) int64 {
	return h.Ask("sbc_account.commit", call, req, buf)
}

func (h host) accountCancel(call int64, req, buf []byte) int64 {
	return h.Ask("sbc_account.cancel", call, req, buf)
}

func (h host) accountBalance(call int64, req, buf []byte) int64 {
	return h.Ask("sbc_account.balance", call, req, buf)
}

func (h host) accountDeposit(call int64, req, buf []byte) int64 {
	return h.Ask("sbc_account.deposit", call, req, buf)
}

func (h host) redisCmd(call int64, req, buf []byte) int64 {
	return h.Ask("sbc_redis.cmd", call, req, buf)
}

func (h host) status() Code { return Code(h.Status()) }

func (h host) sleep(call, span int64) int64 {
	if c := h.Sleep(call, Duration(span)); c < 0 {
		return int64(c)
	}
	return 0
}

func (h host) timerSet(call int64, timer int32, after int64, action int32) int32 {
	return h.TimerSet(call, timer, Duration(after), action)
}
func (h host) timerClear(call int64, timer int32) int32 { return h.TimerClear(call, timer) }
func (h host) mapLookup(call int64, table, key string, b []byte) int32 {
	return h.MapLookup(call, table, key, b)
}
func (h host) metricDefine(kind int32, name string) int32 { return h.MetricDefine(kind, name) }
func (h host) metricAdd(metric int32, delta int64) int32  { return h.MetricAdd(metric, delta) }
func (h host) metricObserve(metric int32, v int64) int32  { return h.MetricObserve(metric, v) }
func (h host) callRearm(call int64, id string, span int64) int32 {
	return h.CallRearm(call, id, Duration(span))
}

func (h host) callInfo(call int64, req []byte) int32  { return h.CallInfo(call, req) }
func (h host) callRefer(call int64, req []byte) int32 { return h.CallRefer(call, req) }

func (h host) callHangup(call int64, id string, code int32, reason string) int32 {
	return h.CallHangup(call, id, code, reason)
}

// Native is an instance of a module outside any sandbox, driven through the
// same frames. It is for package sdktest; a module's author uses that. As in
// the sandbox, one hook runs at a time.
type Native struct{ i *instance }

// NewNative makes an instance that calls h.
func NewNative(m Module, h Host) *Native {
	i := newInstance(m)
	i.host = host{h}
	return &Native{i}
}

// Events is the subscription mask.
func (n *Native) Events() uint64 { return n.i.mask() }

// Buffer is sbc_buffer.
func (n *Native) Buffer(min int) []byte { return n.i.buffer(min) }

// Init is sbc_init.
func (n *Native) Init(length int) int32 { return n.i.configure(length) }

// Event is sbc_event.
func (n *Native) Event(e wire.Event, call int64, length int) int64 { return n.i.event(e, call, length) }

// Migrate is sbc_migrate.
func (n *Native) Migrate(from uint32, length int) int64 { return n.i.migrate(from, length) }

// SelfTest is sbc_selftest.
func (n *Native) SelfTest() int32 { return n.i.selfTest() }

// Main is what a module's main calls. In a module it does nothing; natively it
// prints the hooks the registered module has, one a line, for the manifest.
func Main() {
	if registered == nil {
		os.Stderr.WriteString("the program registers no module: sdk.Register in init is missing\n")
		os.Exit(1)
	}
	mask := registered.mask()
	for e := range wire.Event(64) {
		if mask&(1<<e) != 0 {
			os.Stdout.WriteString(e.String() + "\n")
		}
	}
}
