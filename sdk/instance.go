package sdk

import "github.com/sallyport-sbc/sallyport/abi/wire"

// instance is a module with its shared buffer. One hook runs at a time.
type instance struct {
	module  Module
	start   StartHook
	connect ConnectHook
	end     EndHook

	host host
	buf  []byte
	call Call
}

func newInstance(m Module) *instance {
	i := &instance{module: m}
	i.start, _ = m.(StartHook)
	i.connect, _ = m.(ConnectHook)
	i.end, _ = m.(EndHook)
	return i
}

// mask is the subscription: what the module has methods for.
func (i *instance) mask() uint64 {
	var mask uint64
	if i.start != nil {
		mask |= 1 << wire.EventStart
	}
	if i.connect != nil {
		mask |= 1 << wire.EventConnect
	}
	if i.end != nil {
		mask |= 1 << wire.EventEnd
	}
	return mask
}

// maxBuffer is the largest buffer given; no frame comes near.
const maxBuffer = 4 << 20

// buffer is sbc_buffer: the buffer, at least min bytes, or nil.
func (i *instance) buffer(min int) []byte {
	if min < 0 || min > maxBuffer {
		return nil
	}
	if len(i.buf) < min || i.buf == nil {
		size := wire.BufferSize
		for size < min {
			size *= 2
		}
		i.buf = make([]byte, size)
	}
	return i.buf
}

// configure is sbc_init: the length of the welcome frame at the buffer's
// start, or a code.
func (i *instance) configure(n int) int32 {
	if uint(n) > uint(len(i.buf)) {
		return int32(wire.CodeInvalid)
	}
	if _, ok := wire.Open(i.buf[:n]); !ok {
		return int32(wire.CodeInvalid)
	}
	// The welcome frame goes where the setup lies, and a module keeps what its
	// configuration said: a copy of its own.
	in, _ := wire.Open(append([]byte(nil), i.buf[:n]...))
	s := Setup{in: in, host: i.host}
	if err := s.parse(); err != nil {
		s.Log(LevelError, "configuration: "+err.Error())
		return int32(wire.CodeInvalid)
	}
	if err := i.module.Init(&s); err != nil {
		s.Log(LevelError, err.Error())
		return int32(wire.CodeInvalid)
	}
	w := wire.NewWriter(i.buf, wire.WelcomeSlots)
	w.U64(wire.WelcomeEvents, i.mask())
	n, ok := w.Close()
	if !ok {
		return int32(wire.CodeInternal)
	}
	return int32(n)
}

// event is sbc_event: status and length of the decision frame, packed.
func (i *instance) event(e wire.Event, handle int64, n int) int64 {
	if uint(n) > uint(len(i.buf)) {
		return failed(wire.CodeInvalid)
	}
	in, ok := wire.Open(i.buf[:n])
	if !ok {
		return failed(wire.CodeInvalid)
	}
	c := &i.call
	c.begin(in, handle, i.host)
	var err error
	switch {
	case e == wire.EventStart && i.start != nil:
		err = i.start.Start(c)
	case e == wire.EventConnect && i.connect != nil:
		err = i.connect.Connect(c)
	case e == wire.EventEnd && i.end != nil:
		err = i.end.End(c)
	default:
		return failed(wire.CodeUnsupported)
	}
	if err != nil {
		c.Log(LevelError, err.Error())
		return failed(wire.CodeInternal)
	}
	if !c.decided {
		return 0
	}
	at := min((n+7)&^7, len(i.buf))
	out, ok := c.decide(i.buf[at:])
	if !ok {
		c.Log(LevelError, "decision is larger than the contract allows")
		return failed(wire.CodeTooBig)
	}
	return int64(out)
}

func failed(c wire.Code) int64 { return int64(c) << 32 }
