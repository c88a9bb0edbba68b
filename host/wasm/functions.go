package wasm

import (
	"bytes"
	"log/slog"
	"time"
	"unicode/utf8"
	"unsafe"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// sbcFunctions are the import module "sbc". Signatures and meanings stand in abi/README.md.
var sbcFunctions = map[string]function{
	"log":       {i64 + i32 + i32 + i32, "", logText},
	"now":       {"", i64, now},
	"monotonic": {"", i64, monotonic},
	"get":       {i64 + i32 + i32 + i32 + i32 + i32 + i32, i32, get},
	"var_get":   {i64 + i32 + i32 + i32 + i32, i32, varGet},
	"var_set":   {i64 + i32 + i32 + i32 + i32, i32, varSet},
	"state_get": {i64 + i32 + i32, i32, stateGet},
	"state_set": {i64 + i32 + i32, i32, stateSet},
	"complete":  {i64 + i32 + i32 + i32, i32, complete},
	"sleep":     {i64 + i64, i64, sleep},
}

// cdrFunctions are the import module "sbc_cdr".
var cdrFunctions = map[string]function{
	"emit": {i64 + i32 + i32, i32, emit},
}

func code(c abi.Code) uint64 { return uint64(uint32(c)) }

// code64 is code for functions that answer i64.
func code64(c abi.Code) uint64 { return uint64(int64(c)) }

// current is the call of the hook that runs, if handle is that hook's, or of one that waits, which
// is locked then until the function returns.
func (in *instance) current(handle uint64) *abi.Call {
	if handle == in.handle {
		return in.call
	}
	p := in.parked[handle]
	if p == nil {
		return nil
	}
	in.unlock()
	p.mu.Lock()
	in.locked = p
	if p.gone {
		return nil
	}
	return &p.call
}

// unlock ends what current began.
func (in *instance) unlock() {
	if p := in.locked; p != nil {
		in.locked = nil
		p.mu.Unlock()
	}
}

// bytes is a piece of the guest's memory. It is only valid until the guest runs again.
func (in *instance) bytes(ptr, n uint64) ([]byte, bool) {
	return in.memory.Read(uint32(ptr), uint32(n))
}

// text is bytes as a string without a copy, for look-ups that do not keep it.
func (in *instance) text(ptr, n uint64) (string, bool) {
	b, ok := in.bytes(ptr, n)
	return unsafe.String(unsafe.SliceData(b), len(b)), ok
}

// pull answers a function with (buf, limit): what does not fit is not written.
func pull[T ~string | ~[]byte](in *instance, buf, limit uint64, v T) uint64 {
	if len(v) > int(uint32(limit)) {
		return uint64(uint32(len(v)))
	}
	to, ok := in.bytes(buf, uint64(len(v)))
	if !ok {
		return code(abi.CodeMemory)
	}
	copy(to, v)
	return uint64(uint32(len(v)))
}

func logText(in *instance, s []uint64) {
	level, n := uint32(s[1]), min(uint32(s[3]), wire.MaxLog)
	text, ok := in.bytes(s[2], uint64(n))
	if !ok || level > wire.LogError {
		return
	}
	if level == wire.LogError {
		in.said.cause = string(text)
	}
	in.logLine([...]slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}[level], text)
}

func now(in *instance, s []uint64) {
	if f := in.g.host.config.Now; f != nil {
		s[0] = uint64(f().UnixNano())
		return
	}
	s[0] = uint64(time.Now().UnixNano())
}

var started = time.Now()

func monotonic(in *instance, s []uint64) {
	if f := in.g.host.config.Now; f != nil {
		s[0] = uint64(f().Sub(time.Unix(0, 0)))
		return
	}
	s[0] = uint64(time.Since(started))
}

func get(in *instance, s []uint64) {
	c := in.current(s[0])
	if c == nil {
		s[0] = code(abi.CodeCallGone)
		return
	}
	what, index, buf, limit := uint32(s[1]), uint32(s[4]), s[5], s[6]
	if what == wire.GetField {
		var room [32]byte
		v, ok := abi.AppendField(room[:0], c, int(index))
		if !ok {
			s[0] = code(abi.CodeNotFound)
			return
		}
		s[0] = pull(in, buf, limit, v)
		return
	}
	if c.Message == nil {
		s[0] = code(abi.CodeNotFound)
		return
	}
	switch what {
	case wire.GetBody:
		s[0] = pull(in, buf, limit, c.Message.Body())
	case wire.GetHeader:
		name, ok := in.text(s[2], s[3])
		if !ok {
			s[0] = code(abi.CodeMemory)
			return
		}
		v, ok := header(c.Message, name, index)
		if !ok {
			s[0] = code(abi.CodeNotFound)
			return
		}
		s[0] = pull(in, buf, limit, v)
	default:
		s[0] = code(abi.CodeUnsupported)
	}
}

func header(m abi.Message, name string, index uint32) (string, bool) {
	if hs, ok := m.(abi.Headers); ok {
		return hs.HeaderAt(name, int(index))
	}
	if index > 0 {
		return "", false
	}
	return m.Header(name)
}

func varGet(in *instance, s []uint64) {
	c := in.current(s[0])
	if c == nil {
		s[0] = code(abi.CodeCallGone)
		return
	}
	name, ok := in.text(s[1], s[2])
	if !ok {
		s[0] = code(abi.CodeMemory)
		return
	}
	v, ok := c.Vars.Get(name)
	if !ok {
		s[0] = code(abi.CodeNotFound)
		return
	}
	s[0] = pull(in, s[3], s[4], v)
}

func varSet(in *instance, s []uint64) {
	c := in.current(s[0])
	if c == nil {
		s[0] = code(abi.CodeCallGone)
		return
	}
	name, ok1 := in.bytes(s[1], s[2])
	value, ok2 := in.bytes(s[3], s[4])
	switch {
	case !ok1 || !ok2:
		s[0] = code(abi.CodeMemory)
	case len(name) > wire.MaxName || len(value) > wire.MaxValue:
		s[0] = code(abi.CodeTooBig)
	case c.Vars == nil:
		s[0] = code(abi.CodeUnsupported)
	default:
		f := abi.Field{Name: string(name), Value: string(value)}
		p := in.locked
		if p != nil && len(p.sets) >= 2*wire.MaxVars {
			s[0] = code(abi.CodeTooBig)
			return
		}
		err := c.Vars.Set(f.Name, f.Value)
		if err == nil && p != nil {
			p.sets = append(p.sets, f)
		}
		s[0] = code(abi.CodeOf(err))
	}
}

func stateGet(in *instance, s []uint64) {
	c := in.current(s[0])
	if c == nil {
		s[0] = code(abi.CodeCallGone)
		return
	}
	s[0] = pull(in, s[1], s[2], c.State)
}

func stateSet(in *instance, s []uint64) {
	c := in.current(s[0])
	if c == nil {
		s[0] = code(abi.CodeCallGone)
		return
	}
	b, ok := in.bytes(s[1], s[2])
	switch {
	case !ok:
		s[0] = code(abi.CodeMemory)
	case len(b) > wire.MaxState:
		s[0] = code(abi.CodeTooBig)
	default:
		c.State = append(c.State[:0], b...)
		if in.locked != nil {
			in.locked.stated = true
		}
		s[0] = code(abi.CodeOK)
	}
}

func emit(in *instance, s []uint64) {
	if in.current(s[0]) == nil {
		s[0] = code(abi.CodeCallGone)
		return
	}
	record, ok := in.bytes(s[1], s[2])
	switch {
	case !ok:
		s[0] = code(abi.CodeMemory)
	case len(record) > wire.MaxRecord:
		s[0] = code(abi.CodeTooBig)
	case len(record) == 0 || bytes.IndexByte(record, '\n') >= 0 || !utf8.Valid(record):
		s[0] = code(abi.CodeInvalid)
	case in.g.sink.Emit(record) != nil:
		in.lost++
		s[0] = code(abi.CodeBusy)
	default:
		s[0] = code(abi.CodeOK)
	}
}
