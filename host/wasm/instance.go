package wasm

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/host/wasm/meter"
)

// maxFrame is the largest call frame a guest must be able to take.
const maxFrame = 256 << 10

// instance is one copy of a module. It serves one hook at a time; whoever took it from the pool owns it.
type instance struct {
	g      *Generation
	ctx    context.Context // leads host functions back to the instance; never ends
	module api.Module
	linear *linear
	memory api.Memory // nil before the guest has started, and when it is closed
	fuel   api.MutableGlobal
	event  api.Function
	buffer api.Function
	resume api.Function // nil: its hooks cannot wait
	cancel api.Function // may be nil

	at, size uint32    // the shared buffer
	stack    [4]uint64 // parameters and results

	// What follows belongs to the hook that runs.
	call    *abi.Call // nil while the instance starts
	handle  uint64    // of the hook, never the same twice in an instance
	meter   budget
	said    said
	broken  bool   // to be thrown away
	dry     bool   // functions that reach beyond the call are off
	trace   string // the guest's stack when it trapped
	coded   bool   // the guest answered with an error
	used    uint64 // fuel burnt since the pool last asked
	lost    uint64 // records the sink did not take since then
	welcome abi.Welcome

	// Hooks that wait, and what they wait for: of whoever has taken the instance.
	parked   map[uint64]*parked
	tokens   map[uint64]*op
	token    uint64 // the last one
	ops      []*op  // of the hook that runs
	life     *life  // of what it began; nil when that is nothing
	timers   []abi.Timer
	requests int // that it has sent within dialogs
	finished []finished
	opened   []mail    // room for what comes while the guest has its mail
	locked   *parked   // whose call a function of the host looks at
	about    *abi.Call // whom a log line is about, when there is no call

	// Guarded by the pool.
	mail  []mail
	taken bool // somebody uses it
	dead  bool
	waits int // hooks that wait, for the bound
}

type instanceKey struct{}

// instantiate makes an instance, of the snapshot when there is one.
func (g *Generation) instantiate() (*instance, error) {
	if g.frozen != nil {
		return g.thaw(g.frozen)
	}
	return g.boot()
}

func (g *Generation) newInstance() *instance {
	in := &instance{g: g, taken: true}
	in.ctx = context.WithValue(context.Background(), instanceKey{}, in)
	return in
}

// boot makes an instance and lets it start.
func (g *Generation) boot() (in *instance, err error) {
	in = g.newInstance()
	in.begin(nil, g.limits.InitCPU)
	defer func() {
		if err != nil {
			if said := in.said.take(); said != "" {
				err = fmt.Errorf("%w: %s", err, said)
			}
			in.close()
			in = nil
		}
	}()
	defer in.end(&err)
	if err := in.link(nil); err != nil {
		return in, err
	}
	if g.image != nil {
		if err := in.fill(g.image); err != nil {
			return in, err
		}
	}
	in.memory = in.module.Memory() // from here on the guest may call the host
	if f := in.module.ExportedFunction("_initialize"); f != nil {
		if err := in.enter(f); err != nil {
			return in, err
		}
	}
	if err := in.enter(in.module.ExportedFunction(contractExport)); err != nil {
		return in, err
	}
	if err := in.room(wire.BufferSize); err != nil {
		return in, err
	}
	return in, in.init()
}

// link makes the module of an instance and finds what the host needs of it.
func (in *instance) link(s *snapshot) (err error) {
	g := in.g
	if in.linear, err = g.memories.make(uint64(g.limits.Memory), s); err != nil {
		return err
	}
	in.module, err = g.runtime.InstantiateModule(in.linear.with(in.ctx), g.code, instanceConfig)
	if err != nil {
		return in.fault(err)
	}
	in.fuel = in.module.ExportedGlobal(meter.FuelGlobal).(api.MutableGlobal)
	in.event = in.module.ExportedFunction("sbc_event")
	in.buffer = in.module.ExportedFunction("sbc_buffer")
	if in.resume = in.module.ExportedFunction("sbc_resume"); in.resume != nil {
		in.parked, in.tokens = make(map[uint64]*parked), make(map[uint64]*op)
		in.cancel = in.module.ExportedFunction("sbc_cancel")
	}
	return nil
}

// instanceConfig: instances have no names, and their guests start when the host says so.
var instanceConfig = wazero.NewModuleConfig().WithName("").WithStartFunctions()

// init gives the guest its configuration.
func (in *instance) init() error {
	g := in.g
	n, err := in.encode(g.hello)
	if err != nil {
		return err
	}
	in.stack[0] = uint64(n)
	if err := in.enter(in.module.ExportedFunction("sbc_init")); err != nil {
		return err
	}
	res := int32(uint32(in.stack[0]))
	if res < 0 {
		return fmt.Errorf("%w: %s", ErrInit, abi.Code(res))
	}
	b, ok := in.memory.Read(in.at, uint32(res))
	if !ok || uint32(res) > in.size {
		return fmt.Errorf("%w: welcome frame of %d bytes in a buffer of %d", ErrGarbage, res, in.size)
	}
	if in.welcome, err = abi.DecodeWelcome(b); err != nil {
		return fmt.Errorf("%w: welcome frame: %w", ErrGarbage, err)
	}
	return nil
}

// hello writes the init frame.
func (g *Generation) hello(b []byte) (int, error) {
	i := abi.Init{Features: wire.FeatureGet | wire.FeaturePark, Module: g.name, Config: g.config, Node: g.node, Generation: g.id}
	if g.waits {
		i.Features |= wire.FeatureAsync
	}
	if g.fast() != nil {
		i.Features |= wire.FeatureNear
	}
	return abi.EncodeInit(b, &i)
}

// run calls the hook c.Event and puts the guest's decision into d. After an error in.broken says whether the
// instance may be used again.
func (in *instance) run(c *abi.Call, d *abi.Decision) (err error) {
	in.begin(c, in.g.limits.CPU)
	defer in.end(&err)
	b, ok := in.memory.Read(in.at, in.size)
	if !ok {
		in.broken = true
		return ErrGarbage
	}
	n, err := abi.EncodeCall(b[:len(b)-wire.AnswerRoom], c)
	if err != nil {
		if n, err = in.encode(func(b []byte) (int, error) { return abi.EncodeCall(b, c) }); err != nil {
			return err
		}
	}
	if in.handle%frameEvery < frameFew && n < len(b) {
		in.g.frames.keep(c.Event, b[:n])
	}
	in.stack[0], in.stack[1], in.stack[2] = uint64(c.Event), in.handle, uint64(n)
	if err := in.enter(in.event); err != nil {
		return err
	}
	if int32(uint32(in.stack[0]>>32)) == wire.StatusPending {
		return in.park(c)
	}
	err = in.answer(uint32(n), c.Event, d)
	if len(in.ops) > 0 {
		in.drop(&parked{ops: in.ops})
		in.ops = in.ops[:0]
	}
	if len(in.timers) > 0 && err == nil {
		d.Timers = slices.Clone(in.timers)
	}
	return err
}

// answer reads the result of sbc_event and the decision behind the call frame, which is n bytes long.
func (in *instance) answer(n uint32, e abi.Event, d *abi.Decision) error {
	status, length := int32(uint32(in.stack[0]>>32)), uint32(in.stack[0])
	switch {
	case status == 0 && length == 0, status == 0 && e == abi.EventEnd:
		return nil
	case status < 0 && status >= int32(abi.CodeInternal):
		in.coded = true
		return fmt.Errorf("%w: %s", ErrCode, abi.Code(status))
	case status != 0:
		in.broken = true
		return fmt.Errorf("%w: status %d", ErrGarbage, status)
	}
	from := (n + 7) &^ 7
	if length > wire.AnswerRoom || uint64(from)+uint64(length) > uint64(in.size) {
		in.broken = true
		return fmt.Errorf("%w: %d bytes of answer, at most %d", ErrGarbage, length, wire.AnswerRoom)
	}
	// The memory may have moved while the guest ran.
	b, ok := in.memory.Read(in.at+from, length)
	if !ok {
		in.broken = true
		return fmt.Errorf("%w: the answer lies outside of the memory", ErrGarbage)
	}
	if err := abi.DecodeDecision(b, d); err != nil {
		in.broken = true
		return fmt.Errorf("%w: decision: %w", ErrGarbage, err)
	}
	return nil
}

// encode writes a frame that may need more than the buffer has, and asks the guest for more then.
func (in *instance) encode(write func([]byte) (int, error)) (int, error) {
	for range 2 {
		b, ok := in.memory.Read(in.at, in.size)
		if !ok {
			break
		}
		n, err := write(b[:len(b)-wire.AnswerRoom])
		if err == nil {
			return n, nil
		}
		if n > maxFrame {
			return 0, fmt.Errorf("%w: %d bytes, at most %d", ErrFrame, n, maxFrame)
		}
		if err := in.room(uint32(n) + wire.AnswerRoom + 8); err != nil {
			return 0, err
		}
	}
	in.broken = true
	return 0, fmt.Errorf("%w: no buffer", ErrGarbage)
}

// room asks the guest for a buffer of at least so many bytes.
func (in *instance) room(least uint32) error {
	in.stack[0] = uint64(least)
	if err := in.enter(in.buffer); err != nil {
		return err
	}
	at, size := uint32(in.stack[0]>>32), uint32(in.stack[0])
	if size < max(least, wire.BufferSize) || uint64(at)+uint64(size) > uint64(in.memory.Size()) {
		in.broken = true
		return fmt.Errorf("%w: buffer of %d bytes at %#x in %d bytes of memory, wanted %d", ErrGarbage, size, at, in.memory.Size(), least)
	}
	in.at, in.size = at, size
	return nil
}

// enter calls a function of the guest with what stands on the stack.
func (in *instance) enter(f api.Function) error {
	in.fuel.Set(fuelSlice)
	err := f.CallWithStack(in.ctx, in.stack[:])
	in.used += uint64(int64(in.meter.refills+1)*fuelSlice - int64(in.fuel.Get()))
	in.meter.refills = 0
	if err != nil {
		return in.fault(err)
	}
	return nil
}

func (in *instance) begin(c *abi.Call, cpu time.Duration) {
	in.call, in.about, in.broken = c, c, false
	in.timers, in.life, in.requests = in.timers[:0], nil, 0
	in.handle++
	in.meter.reset(cpu)
	in.said.reset()
}

// end closes what begin opened; a panic of the host's own becomes an error of this hook.
func (in *instance) end(err *error) {
	in.meter.stop()
	in.said.flush(in)
	in.unlock()
	in.call, in.about = nil, nil
	if v := recover(); v != nil {
		in.broken = true
		*err = fmt.Errorf("%w: %v", ErrHost, v)
	}
}

// fault says in our words how the guest ended; nothing may use it any more.
func (in *instance) fault(err error) error {
	in.broken = true
	var line string
	line, in.trace = firstLine(err.Error())
	var (
		exit exitError
		host runtime.Error
	)
	switch {
	case errors.Is(err, ErrDeadline):
		return fmt.Errorf("%w: more than %v of processor time", ErrDeadline, in.meter.limit)
	case errors.As(err, &exit):
		return fmt.Errorf("%w: %w", ErrTrap, exit)
	case errors.As(err, &host):
		return fmt.Errorf("%w: %s", ErrHost, line)
	}
	return fmt.Errorf("%w: %s", ErrTrap, line)
}

// fail reports to all who wait in an instance that is dead.
func (in *instance) fail() {
	report(in.finished)
	for _, p := range in.parked {
		in.drop(p)
		p.report(abi.Decision{}, &HookError{
			Module: in.g.name, Generation: in.g.id, Hook: p.call.Event, Call: p.call.ID,
			Err: fmt.Errorf("%w: another hook ended the instance it waited in", ErrTrap),
		})
	}
}

func (in *instance) close() {
	if in.module != nil {
		in.module.Close(context.Background())
	}
	if in.linear != nil {
		in.linear.Free() // a module that was never made does not
	}
	in.memory = nil
}
