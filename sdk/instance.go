package sdk

import "github.com/sallyport-sbc/sallyport/abi/wire"

// instance is a module with its shared buffer. One hook runs at a time; others may wait.
type instance struct {
	module Module
	hooks  [64]func(*Call) error // by event
	keeper StateKeeper           // nil = the module is none; each time it is asked costs 1.5 KB of code

	host host
	buf  []byte
	call Call

	async   bool       // hooks may wait: each has a coroutine,
	prompt  uint64     // but those of these events, as long as none had to wait
	waited  [64]uint16 // by event: how many of them will have one, since one had to
	idle    []*worker
	waiting []*worker
}

func newInstance(m Module) *instance {
	i := &instance{module: m}
	i.findHooks(m)
	return i
}

// mask is the subscription: what the module has methods for.
func (i *instance) mask() uint64 {
	var mask uint64
	for e, hook := range i.hooks {
		if hook != nil {
			mask |= 1 << e
		}
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
	i.async, i.prompt = in.U64(wire.InitFeatures)&wire.FeatureAsync != 0, s.prompt
	w := wire.NewWriter(i.buf, wire.WelcomeSlots)
	w.U64(wire.WelcomeEvents, i.mask()&^s.skip)
	if i.keeper != nil {
		w.U64(wire.WelcomeStateVersion, uint64(i.keeper.StateVersion()))
	}
	w.U64(wire.WelcomeKeeps, 1) // begin and keep copy what a hook that waits may look at
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
	hook := i.hooks[e&63]
	if hook == nil {
		return failed(wire.CodeUnsupported)
	}
	if i.async && !i.isPrompt(e) {
		return i.begin(hook, handle, n)
	}
	in, ok := wire.Open(i.buf[:n])
	if !ok {
		return failed(wire.CodeInvalid)
	}
	i.call.begin(in, handle, i.host)
	i.call.prompt = i.async
	err := hook(&i.call)
	if i.call.again {
		// It has asked for something that is not there at once. The result of that is not missed.
		i.waited[e&63] = patience
		return i.begin(hook, handle, n)
	}
	return i.answer(&i.call, err, n)
}

// patience is how many hooks of an event get a coroutine after one that was begun without had to wait.
const patience = 256

// isPrompt reports whether the next hook of an event may begin without a coroutine.
func (i *instance) isPrompt(e wire.Event) bool {
	if i.prompt>>(e&63)&1 == 0 {
		return false
	}
	if i.waited[e&63] > 0 {
		i.waited[e&63]--
		return false
	}
	return true
}

// answer writes the decision behind the frame in the buffer, which is n bytes long.
func (i *instance) answer(c *Call, err error, n int) int64 {
	return i.encode(c, err, i.buf[min((n+7)&^7, len(i.buf)):])
}

// encode writes the decision of a hook that returned err into b: status and length, packed.
func (i *instance) encode(c *Call, err error, b []byte) int64 {
	if err != nil {
		c.Log(LevelError, err.Error())
		return failed(wire.CodeInternal)
	}
	if !c.decided {
		return 0
	}
	out, ok := c.decide(b)
	if !ok {
		c.Log(LevelError, "decision is larger than the contract allows")
		return failed(wire.CodeTooBig)
	}
	return int64(out)
}

// migrate is sbc_migrate: status and length of the new blob at the buffer's start.
func (i *instance) migrate(from uint32, n int) int64 {
	if i.keeper == nil || uint(n) > uint(len(i.buf)) {
		return failed(wire.CodeUnsupported)
	}
	state, err := i.keeper.Migrate(from, []byte(string(i.buf[:n])))
	switch {
	case err != nil:
		i.host.log(0, LevelError, err.Error())
		return failed(wire.CodeInvalid)
	case len(state) > wire.MaxState:
		return failed(wire.CodeTooBig)
	}
	return int64(copy(i.buf, state))
}

// selfTest is sbc_selftest.
func (i *instance) selfTest() int32 {
	t, ok := i.module.(SelfTester)
	if !ok {
		return 0
	}
	if err := t.SelfTest(); err != nil {
		i.host.log(0, LevelError, err.Error())
		return int32(wire.CodeInternal)
	}
	return 0
}

func failed(c wire.Code) int64 { return int64(c) << 32 }
