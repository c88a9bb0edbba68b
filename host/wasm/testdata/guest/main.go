// A guest that does what the user part of the Request-URI says: it behaves, or misbehaves in every way a module may.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
	"unsafe"

	"github.com/sallyport-sbc/sallyport/abi/wire"
)

func main() {}

var (
	buffer = make([]byte, wire.BufferSize)
	eaten  [][]byte
	name   string
)

//go:wasmimport sbc log
func hostLog(call uint64, level uint32, p unsafe.Pointer, n uint32)

//go:wasmimport sbc get
func hostGet(call uint64, what uint32, name unsafe.Pointer, nameLen, index uint32, buf unsafe.Pointer, limit uint32) int32

//go:wasmimport sbc var_get
func hostVarGet(call uint64, name unsafe.Pointer, nameLen uint32, buf unsafe.Pointer, limit uint32) int32

//go:wasmimport sbc var_set
func hostVarSet(call uint64, name unsafe.Pointer, nameLen uint32, value unsafe.Pointer, valueLen uint32) int32

//go:wasmimport sbc state_get
func hostStateGet(call uint64, buf unsafe.Pointer, limit uint32) int32

//go:wasmimport sbc state_set
func hostStateSet(call uint64, p unsafe.Pointer, n uint32) int32

//go:wasmimport sbc now
func hostNow() int64

//go:wasmimport sbc monotonic
func hostMonotonic() int64

//go:wasmimport sbc_cdr emit
func hostEmit(call uint64, p unsafe.Pointer, n uint32) int32

func ptr(s string) unsafe.Pointer { return unsafe.Pointer(unsafe.StringData(s)) }

func say(call uint64, level uint32, s string) { hostLog(call, level, ptr(s), uint32(len(s))) }

//go:wasmexport sbc_abi_v1
func abiV1() uint32 { return 0 }

//go:wasmexport sbc_buffer
func sbcBuffer(least uint32) uint64 {
	if least > uint32(len(buffer)) {
		buffer = make([]byte, least)
	}
	return uint64(uintptr(unsafe.Pointer(&buffer[0])))<<32 | uint64(len(buffer))
}

//go:wasmexport sbc_init
func sbcInit(n uint32) int32 {
	in, ok := wire.Open(buffer[:n])
	if !ok {
		return int32(wire.CodeInvalid)
	}
	name = strings.Clone(in.Text(wire.InitModule))
	switch config := in.Text(wire.InitConfig); {
	case strings.Contains(config, "refuse"):
		say(0, wire.LogError, "there is no table called numbers")
		return int32(wire.CodeInvalid)
	case strings.Contains(config, "loop"):
		for {
			spin++
		}
	case strings.Contains(config, "more events"):
		w := wire.NewWriter(buffer, wire.WelcomeSlots)
		w.U64(wire.WelcomeEvents, 1<<wire.EventStart|1<<wire.EventRefer)
		n, _ := w.Close()
		return int32(n)
	case strings.Contains(config, "garbage"):
		return 1 << 20
	}
	return 0
}

var spin int

//go:wasmexport sbc_event
func sbcEvent(event uint32, call uint64, n uint32) uint64 {
	in, ok := wire.Open(buffer[:n])
	if !ok {
		return status(wire.CodeInvalid)
	}
	from := (n + 7) &^ 7
	out := buffer[from : from+wire.AnswerRoom]
	what := in.Text(wire.FieldCallee)
	if event == uint32(wire.EventEnd) {
		record := `{"call_id_a":"` + in.Text(wire.FieldCallIDA) + `"}`
		if what == "badrecord" {
			record = "two\nlines"
		}
		if code := hostEmit(call, ptr(record), uint32(len(record))); code != 0 {
			return status(wire.Code(code))
		}
		return 0
	}
	switch what {
	case "loop":
		for {
			spin++
		}
	case "hostloop":
		for {
			hostNow()
		}
	case "panic":
		var a []int
		_ = a[len(what)+1000]
	case "nil":
		var p *int
		*p = 1
	case "exit":
		os.Exit(3)
	case "eat":
		for {
			eaten = append(eaten, make([]byte, 1<<20))
		}
	case "grow":
		eaten = append(eaten, make([]byte, 12<<20))
	case "recurse":
		return uint64(recurse(1 << 40))
	case "sleep":
		time.Sleep(time.Hour)
	case "nap":
		time.Sleep(200 * time.Microsecond)
	case "garbage":
		copy(out, "this is no frame at all")
		return 23
	case "outside":
		w := wire.NewWriter(out, wire.DecisionSlots)
		w.U64(wire.DecisionAction, wire.ActionRefuse)
		w.U64(wire.DecisionReason, 50<<32|60000)
		n, _ := w.Close()
		return uint64(n)
	case "oversized":
		return wire.AnswerRoom + 1
	case "huge":
		return 1<<32 - 1
	case "pending":
		return 1 << 32
	case "strange":
		return 77 << 32
	case "code":
		return status(wire.CodeBusy)
	case "newline":
		w := wire.NewWriter(out, wire.DecisionSlots)
		at := w.List(wire.DecisionSet, 1)
		w.Pair(at, 0, "identity.ruri", "sip:x@example.org\r\nEvil: yes")
		n, _ := w.Close()
		return uint64(n)
	case "flood":
		for range 10_000 {
			say(call, wire.LogWarn, strings.Repeat("x", 5000))
		}
	case "printloop":
		for {
			os.Stdout.WriteString(strings.Repeat("\n", 1<<20))
		}
	case "print":
		fmt.Println("hello from", name)
		fmt.Fprintln(os.Stderr, "two", "words")
	case "gc":
		runtime.GC()
	case "poke":
		return poke(call)
	case "refuse":
		w := wire.NewWriter(out, wire.DecisionSlots)
		w.U64(wire.DecisionAction, wire.ActionRefuse)
		w.U64(wire.DecisionCode, 603)
		w.Text(wire.DecisionReason, "Declined")
		at := w.List(wire.DecisionHeaders, 1)
		w.Pair(at, 0, "X-Why", "blacklist")
		n, _ := w.Close()
		return uint64(n)
	case "set":
		w := wire.NewWriter(out, wire.DecisionSlots)
		at := w.List(wire.DecisionSet, 2)
		w.Pair(at, 0, "identity.ruri", "sip:carol@example.org")
		w.Pair(at, 1, "routing.interface", "private")
		w.U64(wire.DecisionMaxDuration, uint64(time.Hour))
		n, _ := w.Close()
		return uint64(n)
	case "vars":
		return vars(call)
	case "pull":
		return pull(call)
	}
	return 0
}

func status(c wire.Code) uint64 { return uint64(uint32(c)) << 32 }

//go:noinline
func recurse(n int) int {
	if n == 0 {
		return 0
	}
	return recurse(n-1) + n&1
}

// poke gives the host pointers that are none; every one must come back as a code.
func poke(call uint64) uint64 {
	const far = 0xfffffff0
	bad := unsafe.Pointer(uintptr(far))
	var b [64]byte
	v := "v"
	for i, got := range []int32{
		hostGet(call, wire.GetHeader, bad, 64, 0, unsafe.Pointer(&b), 64),
		hostGet(call, wire.GetBody, nil, 0, 0, bad, 64),
		hostGet(call, wire.GetField, nil, 0, wire.FieldRURI, bad, 64),
		hostVarSet(call, bad, 64, ptr(v), 1),
		hostVarSet(call, ptr(v), 1, bad, 64),
		hostVarGet(call, bad, 64, unsafe.Pointer(&b), 64),
		hostStateSet(call, bad, 64),
		hostEmit(call, bad, 64),
	} {
		if got != int32(wire.CodeMemory) {
			say(call, wire.LogError, fmt.Sprintf("function %d answers %d", i, got))
			return status(wire.CodeInternal)
		}
	}
	hostLog(call, 1, bad, 64)
	hostLog(call, 99, ptr(v), 1)
	for i, got := range []int32{
		hostGet(call+1, wire.GetBody, nil, 0, 0, unsafe.Pointer(&b), 64),
		hostVarSet(call+1, ptr(v), 1, ptr(v), 1),
		hostVarGet(0, ptr(v), 1, unsafe.Pointer(&b), 64),
		hostStateGet(call-1, unsafe.Pointer(&b), 64),
		hostStateSet(call-1, unsafe.Pointer(&b), 64),
		hostEmit(0, ptr(v), 1),
	} {
		if got != int32(wire.CodeCallGone) {
			say(call, wire.LogError, fmt.Sprintf("function %d with another handle answers %d", i, got))
			return status(wire.CodeInternal)
		}
	}
	big := strings.Repeat("x", wire.MaxState+1)
	for i, got := range []int32{
		hostStateSet(call, ptr(big), uint32(len(big))),
		hostVarSet(call, ptr(v), 1, ptr(big), uint32(len(big))),
		hostVarSet(call, ptr(big), 65, ptr(v), 1),
	} {
		if got != int32(wire.CodeTooBig) {
			say(call, wire.LogError, fmt.Sprintf("function %d with too much answers %d", i, got))
			return status(wire.CodeInternal)
		}
	}
	return 0
}

// vars counts the hooks of a call in a variable and in its state.
func vars(call uint64) uint64 {
	var b [64]byte
	n := hostVarGet(call, ptr("seen"), 4, unsafe.Pointer(&b), 64)
	v := "+"
	if n >= 0 {
		v = string(b[:n]) + "+"
	} else if n != int32(wire.CodeNotFound) {
		return status(wire.Code(n))
	}
	if c := hostVarSet(call, ptr("seen"), 4, ptr(v), uint32(len(v))); c != 0 {
		return status(wire.Code(c))
	}
	n = hostStateGet(call, unsafe.Pointer(&b), 64)
	if n < 0 {
		return status(wire.Code(n))
	}
	v = string(b[:n]) + "s"
	return status(wire.Code(hostStateSet(call, ptr(v), uint32(len(v)))))
}

// pull reads header fields, the body and a field, and sets what it read as variables.
func pull(call uint64) uint64 {
	var b [256]byte
	set := func(name string, n int32) {
		v := fmt.Sprint(n)
		if n >= 0 && n <= 256 {
			v = string(b[:n])
		}
		hostVarSet(call, ptr(name), uint32(len(name)), ptr(v), uint32(len(v)))
	}
	h := "X-Account"
	set("first", hostGet(call, wire.GetHeader, ptr(h), uint32(len(h)), 0, unsafe.Pointer(&b), 256))
	set("second", hostGet(call, wire.GetHeader, ptr(h), uint32(len(h)), 1, unsafe.Pointer(&b), 256))
	set("third", hostGet(call, wire.GetHeader, ptr(h), uint32(len(h)), 2, unsafe.Pointer(&b), 256))
	set("body", hostGet(call, wire.GetBody, nil, 0, 0, unsafe.Pointer(&b), 256))
	set("source", hostGet(call, wire.GetField, nil, 0, wire.FieldSource, unsafe.Pointer(&b), 256))
	set("short", hostGet(call, wire.GetField, nil, 0, wire.FieldSource, unsafe.Pointer(&b), 3)-1000)
	set("nothing", hostGet(call, 77, nil, 0, 0, unsafe.Pointer(&b), 256))
	if hostMonotonic() <= 0 || hostNow() < 1e18 {
		return status(wire.CodeInternal)
	}
	return 0
}
