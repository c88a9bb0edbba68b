//go:build wasm

package main

import (
	"strings"
	"unsafe"

	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// plain is a step with a function that answers at once.
func plain(name string, want wire.Code, do func(call uint64) int32) step {
	return step{name: name, want: want, do: func(call uint64) int64 { return int64(do(call)) }}
}

func initSync() {
	at := unsafe.Pointer(&result)
	v, big := "v", strings.Repeat("x", 70000)
	n := uint32(len(big))
	header := func(call uint64, name string, i uint32) int32 {
		return sbcGet(call, wire.GetHeader, ptr(name), uint32(len(name)), i, at, 4096)
	}
	// The first script tells where the web server is.
	scripts["base"] = []step{
		plain("sbc.get", wire.CodeOK, func(c uint64) int32 {
			n := header(c, "X-Account", 1)
			base = string(result[:max(n, 0)])
			return n
		}),
	}
	scripts["sbc"] = []step{
		plain("sbc.get", wire.CodeOK, func(c uint64) int32 { return header(c, "X-Account", 0) }),
		plain("sbc.get", wire.CodeNotFound, func(c uint64) int32 { return header(c, "X-Account", 9) }),
		plain("sbc.get", wire.CodeOK, func(c uint64) int32 { return sbcGet(c, wire.GetBody, nil, 0, 0, at, 4096) }),
		plain("sbc.get", wire.CodeOK, func(c uint64) int32 { return sbcGet(c, wire.GetField, nil, 0, wire.FieldRURI, at, 4096) }),
		plain("sbc.get", wire.CodeUnsupported, func(c uint64) int32 { return sbcGet(c, 77, nil, 0, 0, at, 64) }),
		plain("sbc.get", wire.CodeMemory, func(c uint64) int32 { return sbcGet(c, wire.GetBody, nil, 0, 0, far, 64) }),
		plain("sbc.get", wire.CodeCallGone, func(c uint64) int32 { return sbcGet(c+999, wire.GetBody, nil, 0, 0, at, 64) }),
		plain("sbc.now", wire.CodeOK, func(uint64) int32 { return truth(sbcNow() > 1e18) }),
		plain("sbc.monotonic", wire.CodeOK, func(uint64) int32 { return truth(sbcMonotonic() > 0) }),
		plain("sbc.log", wire.CodeOK, func(c uint64) int32 {
			sbcLog(c, 99, ptr(v), 1)
			sbcLog(c, 1, far, 64)
			return 0
		}),
		plain("sbc.var_set", wire.CodeOK, func(c uint64) int32 { return varSet(c, ptr(v), 1, ptr("x"), 1) }),
		plain("sbc.var_get", wire.CodeOK, func(c uint64) int32 { return truth(varGet(c, ptr(v), 1, at, 64) == 1) }),
		plain("sbc.var_set", wire.CodeInvalid, func(c uint64) int32 { return varSet(c, ptr(v), 1, ptr("\r\n"), 2) }),
		plain("sbc.var_set", wire.CodeTooBig, func(c uint64) int32 { return varSet(c, ptr(v), 1, ptr(big), n) }),
		plain("sbc.var_set", wire.CodeMemory, func(c uint64) int32 { return varSet(c, far, 64, ptr(v), 1) }),
		plain("sbc.var_set", wire.CodeCallGone, func(c uint64) int32 { return varSet(c+999, ptr(v), 1, ptr(v), 1) }),
		plain("sbc.var_get", wire.CodeNotFound, func(c uint64) int32 { return varGet(c, ptr("w"), 1, at, 64) }),
		plain("sbc.var_get", wire.CodeMemory, func(c uint64) int32 { return varGet(c, far, 64, at, 64) }),
		plain("sbc.var_get", wire.CodeCallGone, func(c uint64) int32 { return varGet(c+999, ptr(v), 1, at, 64) }),
		plain("sbc.state_set", wire.CodeOK, func(c uint64) int32 { return stateSet(c, ptr(v), 1) }),
		plain("sbc.state_get", wire.CodeOK, func(c uint64) int32 { return truth(stateGet(c, at, 64) == 1) }),
		plain("sbc.state_set", wire.CodeTooBig, func(c uint64) int32 { return stateSet(c, ptr(big), n) }),
		plain("sbc.state_set", wire.CodeMemory, func(c uint64) int32 { return stateSet(c, far, 64) }),
		plain("sbc.state_set", wire.CodeCallGone, func(c uint64) int32 { return stateSet(c+999, ptr(v), 1) }),
		plain("sbc.state_get", wire.CodeMemory, func(c uint64) int32 { return stateGet(c, far, 64) }),
		plain("sbc.state_get", wire.CodeCallGone, func(c uint64) int32 { return stateGet(c+999, at, 64) }),
		plain("sbc.complete", wire.CodeCallGone, func(c uint64) int32 { return complete(c+999, 0, at, 0) }),
		{name: "sbc.sleep", want: wire.CodeOK, do: func(c uint64) int64 { return sleep(c, 1e6) }},
		// The same after it waited: the handle is still good.
		plain("sbc.var_get", wire.CodeOK, func(c uint64) int32 { return varGet(c, ptr(v), 1, at, 64) }),
		plain("sbc.state_get", wire.CodeOK, func(c uint64) int32 { return stateGet(c, at, 64) }),
		plain("sbc.get", wire.CodeOK, func(c uint64) int32 { return header(c, "X-Account", 0) }),
		{name: "sbc.sleep", want: wire.CodeCallGone, do: func(c uint64) int64 { return sleep(c+999, 1e6) }},
		{name: "sbc.sleep", want: wire.CodeBusy, do: func(c uint64) int64 {
			for range 16 {
				if r := sleep(c, 3600e9); r < 0 {
					return -99
				}
			}
			return sleep(c, 1)
		}},
	}
	scripts["complete"] = []step{
		plain("sbc.complete", wire.CodeMemory, func(uint64) int32 { return complete(completes, 0, far, 64) }),
		plain("sbc.complete", wire.CodeOK, func(uint64) int32 {
			b := make([]byte, 1024)
			w := wire.NewWriter(b, wire.DecisionSlots)
			w.U64(wire.DecisionAction, wire.ActionRefuse)
			w.U64(wire.DecisionCode, 486)
			n, _ := w.Close()
			delete(parked, completes)
			return complete(completes, 0, unsafe.Pointer(&b[0]), uint32(n))
		}),
		plain("sbc.complete", wire.CodeCallGone, func(uint64) int32 { return complete(completes, 0, at, 0) }),
	}
	scripts["complete-garbage"] = []step{
		plain("sbc.complete", wire.CodeInvalid, func(uint64) int32 { return complete(completes, 0, ptr(big), 40) }),
	}
	scripts["cdr"] = []step{
		plain("sbc_cdr.emit", wire.CodeOK, func(c uint64) int32 { return cdrEmit(c, ptr("{}"), 2) }),
		plain("sbc_cdr.emit", wire.CodeInvalid, func(c uint64) int32 { return cdrEmit(c, ptr("a\nb"), 3) }),
		plain("sbc_cdr.emit", wire.CodeTooBig, func(c uint64) int32 { return cdrEmit(c, ptr(big), n) }),
		plain("sbc_cdr.emit", wire.CodeMemory, func(c uint64) int32 { return cdrEmit(c, far, 64) }),
		plain("sbc_cdr.emit", wire.CodeCallGone, func(c uint64) int32 { return cdrEmit(c+999, ptr("{}"), 2) }),
	}
	scripts["cdr-full"] = []step{plain("sbc_cdr.emit", wire.CodeBusy, func(c uint64) int32 { return cdrEmit(c, ptr("{}"), 2) })}
	scripts["timer"] = []step{
		plain("sbc_timer.set", wire.CodeOK, func(c uint64) int32 { return timerSet(c, 1, 60e9, wire.TimerFire) }),
		plain("sbc_timer.set", wire.CodeOK, func(c uint64) int32 { return timerSet(c, 15, 90e9, wire.TimerEnd) }),
		plain("sbc_timer.clear", wire.CodeOK, func(c uint64) int32 { return timerClear(c, 2) }),
		plain("sbc_timer.set", wire.CodeInvalid, func(c uint64) int32 { return timerSet(c, 16, 60e9, wire.TimerFire) }),
		plain("sbc_timer.set", wire.CodeInvalid, func(c uint64) int32 { return timerSet(c, 1, 0, wire.TimerFire) }),
		plain("sbc_timer.set", wire.CodeInvalid, func(c uint64) int32 { return timerSet(c, 1, 1, 2) }),
		plain("sbc_timer.clear", wire.CodeInvalid, func(c uint64) int32 { return timerClear(c, 16) }),
		plain("sbc_timer.set", wire.CodeCallGone, func(c uint64) int32 { return timerSet(c+999, 1, 1, 0) }),
		plain("sbc_timer.clear", wire.CodeCallGone, func(c uint64) int32 { return timerClear(c+999, 1) }),
		plain("sbc_timer.clear", wire.CodeBusy, func(c uint64) int32 {
			for range 100 {
				if r := timerClear(c, 3); r != 0 {
					return r
				}
			}
			return 0
		}),
	}
	table := func(name, key string, c uint64) int32 {
		return mapLookup(c, ptr(name), uint32(len(name)), ptr(key), uint32(len(key)), at, 64)
	}
	scripts["map"] = []step{
		plain("sbc_map.lookup", wire.CodeOK, func(c uint64) int32 {
			return truth(table("numbers", "bob", c) == 3 && string(result[:3]) == "123")
		}),
		plain("sbc_map.lookup", wire.CodeNotFound, func(c uint64) int32 { return table("numbers", "carol", c) }),
		plain("sbc_map.lookup", wire.CodeDenied, func(c uint64) int32 { return table("secrets", "bob", c) }),
		plain("sbc_map.lookup", wire.CodeTooBig, func(c uint64) int32 { return table("numbers", big, c) }),
		plain("sbc_map.lookup", wire.CodeMemory, func(c uint64) int32 { return mapLookup(c, far, 64, ptr(v), 1, at, 64) }),
		plain("sbc_map.lookup", wire.CodeCallGone, func(c uint64) int32 { return table("numbers", "bob", c+999) }),
	}
	var counter, gauge, summary uint32
	define := func(kind uint32, name string, id *uint32) func(uint64) int32 {
		return func(uint64) int32 {
			r := metricDefine(kind, ptr(name), uint32(len(name)))
			if id != nil && r >= 0 {
				*id = uint32(r)
			}
			return r
		}
	}
	scripts["metric"] = []step{
		plain("sbc_metric.define", wire.CodeOK, define(wire.MetricCounter, "calls", &counter)),
		plain("sbc_metric.define", wire.CodeOK, define(wire.MetricGauge, "level", &gauge)),
		plain("sbc_metric.define", wire.CodeOK, define(wire.MetricSummary, "took", &summary)),
		plain("sbc_metric.define", wire.CodeOK, define(wire.MetricCounter, "calls", nil)),
		plain("sbc_metric.define", wire.CodeConflict, define(wire.MetricGauge, "calls", nil)),
		plain("sbc_metric.define", wire.CodeInvalid, define(wire.MetricGauge, "9 lives", nil)),
		plain("sbc_metric.define", wire.CodeInvalid, define(7, "x", nil)),
		plain("sbc_metric.define", wire.CodeTooBig, define(0, big[:65], nil)),
		plain("sbc_metric.define", wire.CodeMemory, func(uint64) int32 { return metricDefine(0, far, 64) }),
		plain("sbc_metric.add", wire.CodeOK, func(uint64) int32 { return metricAdd(counter, 2) }),
		plain("sbc_metric.add", wire.CodeInvalid, func(uint64) int32 { return metricAdd(counter, -2) }),
		plain("sbc_metric.add", wire.CodeNotFound, func(uint64) int32 { return metricAdd(99, 1) }),
		plain("sbc_metric.observe", wire.CodeOK, func(uint64) int32 { return metricObserve(gauge, -7) }),
		plain("sbc_metric.observe", wire.CodeOK, func(uint64) int32 { return metricObserve(summary, 40) }),
		plain("sbc_metric.observe", wire.CodeInvalid, func(uint64) int32 { return metricObserve(counter, 1) }),
		plain("sbc_metric.observe", wire.CodeNotFound, func(uint64) int32 { return metricObserve(1<<31, 1) }),
		plain("sbc_metric.define", wire.CodeBusy, func(c uint64) int32 {
			for i := range 100 {
				if r := define(0, "m"+digits(uint64(i)), nil)(c); r < 0 {
					return r
				}
			}
			return 0
		}),
	}
	hangup := func(c uint64, id string, code uint32, reason string) int32 {
		return callHangup(c, ptr(id), uint32(len(id)), code, ptr(reason), uint32(len(reason)))
	}
	scripts["call"] = []step{
		plain("sbc_call.hangup", wire.CodeOK, func(c uint64) int32 { return hangup(c, "", 0, "enough") }),
		plain("sbc_call.hangup", wire.CodeOK, func(c uint64) int32 { return hangup(c, "other", 603, "") }),
		plain("sbc_call.hangup", wire.CodeNotFound, func(c uint64) int32 { return hangup(c, "gone", 0, "") }),
		plain("sbc_call.hangup", wire.CodeInvalid, func(c uint64) int32 { return hangup(c, "", 200, "") }),
		plain("sbc_call.hangup", wire.CodeInvalid, func(c uint64) int32 { return hangup(c, "", 0, "a\r\nb") }),
		plain("sbc_call.hangup", wire.CodeTooBig, func(c uint64) int32 { return hangup(c, big, 0, "") }),
		plain("sbc_call.hangup", wire.CodeMemory, func(c uint64) int32 { return callHangup(c, far, 64, 0, nil, 0) }),
		plain("sbc_call.hangup", wire.CodeCallGone, func(c uint64) int32 { return hangup(c+999, "", 0, "") }),
		plain("sbc_call.rearm", wire.CodeOK, func(c uint64) int32 { return callRearm(c, nil, 0, 60e9) }),
		plain("sbc_call.rearm", wire.CodeNotFound, func(c uint64) int32 { return callRearm(c, ptr("gone"), 4, 60e9) }),
		plain("sbc_call.rearm", wire.CodeInvalid, func(c uint64) int32 { return callRearm(c, nil, 0, -1) }),
		plain("sbc_call.rearm", wire.CodeMemory, func(c uint64) int32 { return callRearm(c, far, 64, 1) }),
		plain("sbc_call.rearm", wire.CodeCallGone, func(c uint64) int32 { return callRearm(c+999, nil, 0, 1) }),
	}
}

func truth(ok bool) int32 {
	if ok {
		return 0
	}
	return int32(wire.CodeInternal)
}
