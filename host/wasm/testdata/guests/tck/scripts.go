//go:build wasm

package main

import (
	"strings"
	"unsafe"

	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// far is outside of any memory a guest may have.
var far = func() unsafe.Pointer {
	p := uintptr(0xfffffff0)
	return *(*unsafe.Pointer)(unsafe.Pointer(&p))
}()

// ask is a step that gives an asynchronous function the frame that fill writes.
func ask(name string, want wire.Code, slots int, fill func(w *wire.Writer), check func(wire.Reader) bool) step {
	return step{name, want, func(call uint64) int64 {
		b := make([]byte, 60<<10)
		w := wire.NewWriter(b, slots)
		fill(&w)
		n, _ := w.Close()
		return async[name](call, unsafe.Pointer(&b[0]), uint32(n), unsafe.Pointer(&result), uint32(len(result)))
	}, check}
}

// wrong are the steps that every asynchronous function must refuse alike.
func wrong(name string) []step {
	raw := func(want wire.Code, do func(f func(uint64, unsafe.Pointer, uint32, unsafe.Pointer, uint32) int64, call uint64) int64) step {
		return step{name: name, want: want, do: func(call uint64) int64 { return do(async[name], call) }}
	}
	type fn = func(uint64, unsafe.Pointer, uint32, unsafe.Pointer, uint32) int64
	b := make([]byte, 8)
	big := make([]byte, 65<<10)
	at := unsafe.Pointer(&result)
	return []step{
		raw(wire.CodeCallGone, func(f fn, call uint64) int64 { return f(call+999, unsafe.Pointer(&b[0]), 8, at, 64) }),
		raw(wire.CodeMemory, func(f fn, call uint64) int64 { return f(call, far, 64, at, 64) }),
		raw(wire.CodeTooBig, func(f fn, call uint64) int64 { return f(call, unsafe.Pointer(&big[0]), uint32(len(big)), at, 64) }),
		raw(wire.CodeInvalid, func(f fn, call uint64) int64 { return f(call, unsafe.Pointer(&b[0]), 3, at, 64) }),
		// A frame that says nothing of what is needed; slots that point outside of it.
		ask(name, map[bool]wire.Code{true: wire.CodeOK, false: wire.CodeInvalid}[name == "sbc_limit.release"], 1, func(*wire.Writer) {}, nil),
	}
}

func text(k int, s string) func(*wire.Writer) { return func(w *wire.Writer) { w.Text(k, s) } }

func all(fs ...func(*wire.Writer)) func(*wire.Writer) {
	return func(w *wire.Writer) {
		for _, f := range fs {
			f(w)
		}
	}
}

func num(k int, v int64) func(*wire.Writer) { return func(w *wire.Writer) { w.U64(k, uint64(v)) } }

func list(k int, names ...string) func(*wire.Writer) {
	return func(w *wire.Writer) {
		at := w.List(k, len(names)/2)
		for i := 0; i+1 < len(names); i += 2 {
			w.Pair(at, i/2, names[i], names[i+1])
		}
	}
}

func value(v int64) func(wire.Reader) bool {
	return func(in wire.Reader) bool { return int64(in.U64(wire.ResultValue)) == v }
}

func body(s string) func(wire.Reader) bool {
	return func(in wire.Reader) bool { return in.Text(wire.ResultBody) == s }
}

var scripts = map[string][]step{}

func init() {
	for name := range async {
		scripts["wrong-"+name] = wrong(name)
	}
	kv := func(f string, want wire.Code, check func(wire.Reader) bool, fill ...func(*wire.Writer)) step {
		return ask("sbc_kv."+f, want, wire.KVSlots, all(fill...), check)
	}
	key := text(wire.KVKey, "key")
	scripts["kv"] = []step{
		kv("get", wire.CodeNotFound, nil, key),
		kv("set", wire.CodeOK, nil, key, text(wire.KVValue, "value"), num(wire.KVTTL, 60e9)),
		kv("get", wire.CodeOK, body("value"), key),
		kv("add", wire.CodeInvalid, nil, key, num(wire.KVDelta, 1)), // is no number
		kv("del", wire.CodeOK, nil, key),
		kv("del", wire.CodeOK, nil, key),
		kv("add", wire.CodeOK, value(-3), key, num(wire.KVDelta, -3)),
		kv("add", wire.CodeConflict, nil, key, num(wire.KVDelta, 5), num(wire.KVBounded, 1), num(wire.KVFloor, 0), num(wire.KVCeiling, 1)),
		kv("set", wire.CodeTooBig, nil, key, text(wire.KVValue, strings.Repeat("x", wire.MaxBody+1))),
		kv("set", wire.CodeInvalid, nil, text(wire.KVKey, "a\nb"), text(wire.KVValue, "x")),
		kv("set_add", wire.CodeOK, value(2), text(wire.KVKey, "set"), list(wire.KVMembers, "+49", "", "+4930", "")),
		kv("set_has", wire.CodeOK, value(1), text(wire.KVKey, "set"), list(wire.KVMembers, "+49", "")),
		kv("set_has", wire.CodeOK, value(0), text(wire.KVKey, "set"), list(wire.KVMembers, "+48", "")),
		kv("set_match", wire.CodeOK, body("+4930"), text(wire.KVKey, "set"), list(wire.KVMembers, "+493012345", "")),
		kv("set_match", wire.CodeNotFound, nil, text(wire.KVKey, "set"), list(wire.KVMembers, "+1", "")),
		kv("set_del", wire.CodeOK, value(1), text(wire.KVKey, "set"), list(wire.KVMembers, "+49", "", "+48", "")),
		kv("set_add", wire.CodeBusy, nil, text(wire.KVKey, "set"), list(wire.KVMembers, many()...)), // the quota
	}
	limit := func(f string, want wire.Code, check func(wire.Reader) bool, fill ...func(*wire.Writer)) step {
		return ask("sbc_limit."+f, want, wire.LimitSlots, all(fill...), check)
	}
	scripts["limit"] = []step{
		limit("acquire", wire.CodeOK, nil, list(wire.LimitLimits, "tck/a", "2", "tck/b", "5 3")),
		limit("acquire", wire.CodeOK, nil, list(wire.LimitLimits, "tck/a", "2", "tck/b", "5 3")), // the same again
		limit("acquire", wire.CodeConflict, body("tck/b"), text(wire.LimitLease, "x"), list(wire.LimitLimits, "tck/a", "2", "tck/b", "5 3")),
		limit("acquire", wire.CodeInvalid, nil, list(wire.LimitLimits, "tck/a", "two")),
		limit("acquire", wire.CodeInvalid, nil, list(wire.LimitLimits, "tck/a", "1"), num(wire.LimitAway, 3)),
		limit("release", wire.CodeOK, nil),
		limit("acquire", wire.CodeOK, nil, text(wire.LimitLease, "x"), list(wire.LimitLimits, "tck/a", "2", "tck/b", "5 3")),
		limit("release", wire.CodeOK, nil, text(wire.LimitLease, "x")),
		limit("take", wire.CodeOK, nil, text(wire.LimitKey, "r"), num(wire.LimitRate, 1), num(wire.LimitBurst, 2), num(wire.LimitCount, 2)),
		limit("take", wire.CodeConflict, func(in wire.Reader) bool { return in.U64(wire.ResultValue) > 1e9 },
			text(wire.LimitKey, "r"), num(wire.LimitRate, 1), num(wire.LimitBurst, 2)),
		limit("take", wire.CodeInvalid, nil, text(wire.LimitKey, "r"), num(wire.LimitRate, 1), num(wire.LimitBurst, 2), num(wire.LimitCount, 3)),
	}
	// What it holds now is given back when the call ends.
	scripts["lease"] = []step{limit("acquire", wire.CodeOK, nil, list(wire.LimitLimits, "tck/kept", "1"))}
	account := func(f string, want wire.Code, check func(wire.Reader) bool, fill ...func(*wire.Writer)) step {
		return ask("sbc_account."+f, want, wire.AccountSlots, all(append(fill, text(wire.AccountAccount, "tck"))...), check)
	}
	scripts["account"] = []step{
		account("balance", wire.CodeNotFound, nil),
		account("deposit", wire.CodeOK, value(1000), text(wire.AccountID, "one"), num(wire.AccountAmount, 1000)),
		account("deposit", wire.CodeOK, value(1000), text(wire.AccountID, "one"), num(wire.AccountAmount, 1000)),
		account("reserve", wire.CodeOK, value(700), num(wire.AccountSequence, 1), num(wire.AccountAmount, 700)),
		account("reserve", wire.CodeOK, value(700), num(wire.AccountSequence, 1), num(wire.AccountAmount, 700)),
		account("reserve", wire.CodeOK, value(300), num(wire.AccountSequence, 2), num(wire.AccountAmount, 700)),
		account("commit", wire.CodeOK, value(200), num(wire.AccountSequence, 1), num(wire.AccountAmount, 500)),
		account("commit", wire.CodeConflict, nil, num(wire.AccountSequence, 1), num(wire.AccountAmount, 400)),
		account("cancel", wire.CodeConflict, nil, num(wire.AccountSequence, 1)),
		account("cancel", wire.CodeOK, nil, num(wire.AccountSequence, 2)),
		account("balance", wire.CodeOK, value(500)),
		account("commit", wire.CodeNotFound, nil, num(wire.AccountSequence, 9), num(wire.AccountAmount, 1)),
	}
	web := func(want wire.Code, check func(wire.Reader) bool, url string, fill ...func(*wire.Writer)) step {
		return ask("sbc_http.send", want, wire.HTTPSlots, all(append(fill, func(w *wire.Writer) { w.Text(wire.HTTPURL, base+url) })...), check)
	}
	status := func(code uint64) func(wire.Reader) bool {
		return func(in wire.Reader) bool { return in.U64(wire.ResultStatus) == code }
	}
	scripts["http"] = []step{
		web(wire.CodeOK, func(in wire.Reader) bool {
			l, _ := in.List(wire.ResultHeaders)
			v, _ := l.Find("X-Echo")
			return in.U64(wire.ResultStatus) == 200 && in.Text(wire.ResultBody) == "POST hello" && v == "me"
		}, "/ok/echo", text(wire.HTTPMethod, "POST"), text(wire.HTTPBody, "hello"), list(wire.HTTPHeaders, "X-Echo", "me")),
		web(wire.CodeOK, status(500), "/ok/broken"),
		web(wire.CodeOK, status(302), "/ok/redirect"),
		web(wire.CodeDenied, nil, "/other"),
		web(wire.CodeInvalid, nil, "/ok/../other"),
		web(wire.CodeInvalid, nil, "/ok/", list(wire.HTTPHeaders, "Host", "elsewhere.example.net")),
		web(wire.CodeInvalid, nil, "/ok/", list(wire.HTTPHeaders, "X-A", "a\r\nX-B: b")),
		web(wire.CodeTooBig, nil, "/ok/endless"),
		web(wire.CodeTimeout, nil, "/ok/loris", num(wire.HTTPTimeout, 100e6)),
		web(wire.CodeTimeout, nil, "/ok/silent", num(wire.HTTPTimeout, 100e6)),
		web(wire.CodeIO, nil, "/ok/cut"),
		web(wire.CodeIO, nil, "/ok/garbage"),
		ask("sbc_http.send", wire.CodeDenied, wire.HTTPSlots, text(wire.HTTPURL, "http://example.net/"), nil),
		ask("sbc_http.send", wire.CodeInvalid, wire.HTTPSlots, text(wire.HTTPURL, "file:///etc/passwd"), nil),
		ask("sbc_http.send", wire.CodeDenied, wire.HTTPSlots, text(wire.HTTPURL, "http://10.255.255.1/"), nil),
	}
	redis := func(want wire.Code, check func(wire.Reader) bool, args ...string) step {
		return ask("sbc_redis.cmd", want, wire.RedisSlots, list(wire.RedisArgs, pairs(args)...), check)
	}
	scripts["redis"] = []step{
		redis(wire.CodeOK, func(in wire.Reader) bool {
			return in.U64(wire.ResultStatus) == 2 && in.Text(wire.ResultBody) == "GET tck:a"
		}, "GET", "tck:a"),
		redis(wire.CodeOK, func(in wire.Reader) bool { l, _ := in.List(wire.ResultList); return l.Len() == 3 }, "SMEMBERS", "tck:s"),
		redis(wire.CodeDenied, nil, "GET", "other:a"),
		redis(wire.CodeDenied, nil, "FLUSHALL"),
		redis(wire.CodeInternal, nil, "GET", "tck:nonsense"),
		redis(wire.CodeIO, nil, "GET", "tck:away"),
		redis(wire.CodeTimeout, nil, "GET", "tck:slow"),
	}
	initSync()
}

func pairs(names []string) (p []string) {
	for _, n := range names {
		p = append(p, n, "")
	}
	return p
}

func many() (m []string) {
	for i := range 200 {
		m = append(m, "member "+digits(uint64(i)), "")
	}
	return m
}

// base is where the test's web server is: the header X-Account of the call says it.
var base string
