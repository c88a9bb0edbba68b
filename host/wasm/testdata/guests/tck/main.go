//go:build wasm

// The conformance guest: it calls every function of the host, in the right way and in every wrong
// one, and says in its log what came back. The user part of the Request-URI names the script.
//
// It uses no SDK, as a module in another language would: what waits is a state machine.
package main

import (
	"unsafe"

	"github.com/sallyport-sbc/sallyport/abi/wire"
)

func main() {}

var buffer = make([]byte, wire.BufferSize)

// run is a script under way: one hook of one call.
type run struct {
	call  uint64
	steps []step
	at    int
	name  string
}

// step is one call of a function and what must come back.
type step struct {
	name  string
	want  wire.Code
	do    func(call uint64) int64
	check func(in wire.Reader) bool // of the result frame
}

var (
	waiting   = map[int64]*run{} // by token
	parked    = map[uint64]*run{}
	canceled  int
	completes uint64 // handle of a hook that waits for another one
	result    [4096]byte
)

//go:wasmexport sbc_abi_v1
func abiV1() uint32 { return wire.Minor }

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
	if !ok || in.U64(wire.InitFeatures)&^wire.FeatureNear != wire.FeatureGet|wire.FeaturePark|wire.FeatureAsync {
		return int32(wire.CodeInvalid)
	}
	w := wire.NewWriter(buffer, wire.WelcomeSlots)
	w.U64(wire.WelcomeStateVersion, 2)
	n2, _ := w.Close()
	return int32(n2)
}

//go:wasmexport sbc_selftest
func sbcSelfTest(n uint32) int32 {
	in, _ := wire.Open(buffer[:n])
	if in.Text(wire.InitConfig) == `{"fail":true}` {
		say(0, wire.LogError, "the self test was told to fail")
		return int32(wire.CodeInternal)
	}
	return 0
}

//go:wasmexport sbc_migrate
func sbcMigrate(from, n uint32) int64 {
	if from != 1 {
		say(0, wire.LogError, "version unknown")
		return int64(wire.CodeInvalid) << 32
	}
	return int64(copy(buffer, "2:"+string(buffer[:n])))
}

//go:wasmexport sbc_cancel
func sbcCancel(call uint64) {
	canceled++
	for token, r := range waiting {
		if r.call == call {
			delete(waiting, token)
		}
	}
	delete(parked, call)
	say(0, wire.LogInfo, "canceled")
}

//go:wasmexport sbc_event
func sbcEvent(event uint32, call uint64, n uint32) int64 {
	in, ok := wire.Open(buffer[:n])
	if !ok {
		return int64(wire.CodeInvalid) << 32
	}
	name := string([]byte(in.Text(wire.FieldCallee)))
	switch {
	case wire.Event(event) != wire.EventStart:
		return onEvent(wire.Event(event), call, in, n)
	case name == "forever":
		parked[call] = &run{call: call}
		return wire.StatusPending << 32
	case name == "completed":
		completes = call
		parked[call] = &run{call: call}
		return wire.StatusPending << 32
	}
	steps, ok := scripts[name]
	if !ok {
		say(call, wire.LogError, "no script "+name)
		return int64(wire.CodeUnsupported) << 32
	}
	r := &run{call: call, steps: steps, name: name}
	parked[call] = r
	return r.proceed()
}

//go:wasmexport sbc_resume
func sbcResume(token int64, status int32, n uint32) int64 {
	r := waiting[token]
	if r == nil {
		return wire.StatusPending << 32
	}
	delete(waiting, token)
	in, ok := wire.Open(buffer[:n])
	if !ok {
		return r.fail("result frame")
	}
	if !r.came(wire.Code(status), in) {
		return r.fail("")
	}
	return r.proceed()
}

// proceed calls functions until one answers later.
func (r *run) proceed() int64 {
	for r.at < len(r.steps) {
		s := &r.steps[r.at]
		v := s.do(r.call)
		if v > 0 && v&wire.TokenBit != 0 {
			waiting[v] = r
			return wire.StatusPending << 32
		}
		code, in := wire.CodeOK, wire.Reader{}
		if v < 0 {
			code = wire.Code(v)
		} else if s.check != nil {
			in, _ = wire.Open(result[:])
		}
		if !r.came(code, in) {
			return r.fail("")
		}
	}
	delete(parked, r.call)
	return 0
}

func (r *run) came(code wire.Code, in wire.Reader) bool {
	s := &r.steps[r.at]
	r.at++
	say(r.call, wire.LogInfo, "tck "+s.name+" "+code.String())
	if code != s.want {
		say(r.call, wire.LogError, r.name+": "+s.name+" answers "+code.String()+", want "+s.want.String())
		return false
	}
	if s.check != nil && !s.check(in) {
		say(r.call, wire.LogError, r.name+": result of "+s.name)
		return false
	}
	return true
}

func (r *run) fail(why string) int64 {
	delete(parked, r.call)
	if why != "" {
		say(r.call, wire.LogError, r.name+": "+why)
	}
	return int64(wire.CodeInternal) << 32
}

// onEvent proves that the fields of every other event come through: it answers with what it saw.
func onEvent(e wire.Event, call uint64, in wire.Reader, n uint32) int64 {
	at := (n + 7) &^ 7
	w := wire.NewWriter(buffer[at:at+wire.AnswerRoom], wire.DecisionSlots)
	switch e {
	case wire.EventReject:
		l := w.List(wire.DecisionTargets, 2)
		w.Pair(l, 0, in.Text(wire.FieldTarget)+";again", "")
		w.Pair(l, 1, "sip:backup@example.net", "")
		w.U64(wire.DecisionFork, 1)
	case wire.EventEnd:
		if timerSet(call, 1, 1, 0) != int32(wire.CodeUnsupported) || !atTheEnd(call) {
			return int64(wire.CodeInternal) << 32
		}
		say(call, wire.LogInfo, "tck sbc_timer.set UNSUPPORTED")
		return 0
	default:
		w.U64(wire.DecisionAction, wire.ActionRefuse)
		w.U64(wire.DecisionCode, 480)
		w.Text(wire.DecisionReason, e.String()+" "+in.Text(wire.FieldSide)+" "+digits(in.U64(wire.FieldStatus))+" "+
			in.Text(wire.FieldPhrase)+" "+digits(in.U64(wire.FieldTimer))+" "+in.Text(wire.FieldDetail))
	}
	k, ok := w.Close()
	if !ok {
		return int64(wire.CodeTooBig) << 32
	}
	return int64(k)
}

func digits(v uint64) string {
	if v >= 10 {
		return digits(v/10) + digits(v%10)
	}
	return string(rune('0' + v))
}

func ptr(s string) unsafe.Pointer { return unsafe.Pointer(unsafe.StringData(s)) }

func say(call uint64, level uint32, s string) { sbcLog(call, level, ptr(s), uint32(len(s))) }
