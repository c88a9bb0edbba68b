package wasm

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"

	"github.com/tetratelabs/wazero"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/manifest"
	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/wasm/meter"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
)

var _ callcontrol.Module = (*Generation)(nil)

// Generation is one module file with one configuration, ready to be called. It never changes.
type Generation struct {
	name, id string
	source   ModuleConfig // as configured
	sum      [32]byte     // of the file
	config   []byte
	limits   Limits
	node     string
	manifest *manifest.Manifest
	events   uint64
	log      *slog.Logger
	sink     Sink
	lines    logBucket
	waits    bool // its hooks can wait
	state    uint32
	quit     chan struct{} // ends its ticks; nil when it has none
	waiting  waiting
	counters counters
	metrics  *metrics

	// What its capabilities need; nil where there is nothing behind them.
	absent  map[string]bool
	web     *web
	store   store.Store
	leases  Leases
	leasing bool
	held    held
	redis   store.Commander
	policy  *store.Policy
	maps    func(name string) (func(dst []byte, key string) ([]byte, bool), bool)
	calls   Calls

	host     *Host
	workers  int // processors that compile it
	tasks    *tasks
	runtime  wazero.Runtime
	code     wazero.CompiledModule
	compiled wazero.CompilationCache // nil without a cache directory
	pool     pool

	image    *meter.Image // nil: what the module begins with stands in its code
	memories memories
	frozen   *snapshot // nil: every instance starts by itself
	alone    string    // why it does

	// What it is judged by, and what its successor has to answer.
	starts, refusals atomic.Uint64
	frames           recorder

	retired atomic.Int64 // when it got its last new call, in nanoseconds; 0 = it still does
	leaving atomic.Bool  // calls that hold it move at their next hook

	// refs counts the host's hold and one for each call. At zero the generation is gone for ever.
	refs atomic.Int64
}

// acquire counts one more call, unless the generation has ended.
func (g *Generation) acquire() bool {
	for {
		n := g.refs.Load()
		if n == 0 {
			return false
		}
		if g.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// Release gives one hold back; the last one ends the generation and frees all it has.
func (g *Generation) Release() {
	if g.refs.Add(-1) == 0 {
		// The call that ends last must not pay for this.
		g.tasks.start(g.close)
	}
}

func (g *Generation) close() {
	if g.quit != nil {
		close(g.quit)
	}
	if g.events&abi.Bit(abi.EventStop) != 0 {
		_ = g.own(abi.EventStop, nil) // there is nobody left to tell
	}
	g.pool.close()
	ctx := context.Background()
	if err := g.runtime.Close(ctx); err != nil {
		g.log.Warn("module does not close", "module", g.name, "gen", g.id, "err", err)
	}
	if g.compiled != nil {
		g.compiled.Close(ctx)
	}
	if g.frozen != nil {
		g.frozen.file.Close()
	}
	if g.web != nil {
		g.web.close()
	}
	if g.sink != nil {
		if err := g.sink.Close(); err != nil {
			g.log.Error("records of a module are lost", "module", g.name, "gen", g.id, "err", err)
		}
	}
}

// same reports whether the generation is what mc asks for, given the file.
func (g *Generation) same(mc ModuleConfig, sum [32]byte) bool {
	return g.sum == sum && bytes.Equal(g.config, mc.Config) && g.limits == mc.Limits.withDefaults() &&
		mc.builtin() == g.source.builtin() && slices.Equal(g.source.Grants, mc.Grants) &&
		slices.Equal(g.source.HTTP.Allow, mc.HTTP.Allow) && slices.Equal(g.source.HTTP.Private, mc.HTTP.Private) &&
		slices.Equal(g.source.Redis.Commands, mc.Redis.Commands) && g.source.Redis.Prefix == mc.Redis.Prefix && g.source.Quota == mc.Quota
}

// Events is the mask of the hooks the module has, and end when it may hold leases, which are given
// back then.
func (g *Generation) Events() uint64 {
	if g.leasing {
		return g.events | abi.Bit(abi.EventEnd)
	}
	return g.events
}

// Start, Connect, Event and End run one hook; c.Event is set to it. Errors are *HookError.
func (g *Generation) Start(ctx context.Context, c *abi.Call) (d abi.Decision, err error) {
	c.Event = abi.EventStart
	err = g.hook(ctx, c, &d)
	return d, err
}

// Connect is the hook for the first 2xx.
func (g *Generation) Connect(ctx context.Context, c *abi.Call) (d abi.Decision, err error) {
	c.Event = abi.EventConnect
	err = g.hook(ctx, c, &d)
	return d, err
}

// Event is the hook for c.Event.
func (g *Generation) Event(ctx context.Context, c *abi.Call) (d abi.Decision, err error) {
	err = g.hook(ctx, c, &d)
	return d, err
}

// End is the hook for the end of the call.
func (g *Generation) End(ctx context.Context, c *abi.Call) error {
	c.Event = abi.EventEnd
	var d abi.Decision
	return g.hook(ctx, c, &d)
}

func (g *Generation) hook(ctx context.Context, c *abi.Call, d *abi.Decision) error {
	err := g.call(ctx, c, d)
	if err != callcontrol.ErrPending {
		g.tally(c.Event, d, err)
		g.settle(c, d, err)
	}
	return err
}

// endTries is how often the hook for the end of a call waits for an instance. Any other may
// fail and be answered; with this one goes a record, or what a call has cost.
const endTries = 50

func (g *Generation) call(ctx context.Context, c *abi.Call, d *abi.Decision) error {
	if g.events&abi.Bit(c.Event) == 0 {
		return nil
	}
	in, err := g.pool.get(ctx)
	for try := 1; c.Event == abi.EventEnd && try < endTries && errors.Is(err, ErrBusy); try++ {
		in, err = g.pool.get(ctx)
	}
	if err != nil {
		return g.hookError(c, err, nil)
	}
	err = in.run(c, d)
	if err == nil || err == callcontrol.ErrPending {
		g.pool.put(in)
		return err
	}
	*d = abi.Decision{}
	e := g.hookError(c, err, in)
	if in.broken {
		g.pool.discard(in, err)
	} else {
		g.pool.put(in)
	}
	return e
}

// hookError names what the caller knows, and cuts the guest's stack off the reason.
func (g *Generation) hookError(c *abi.Call, err error, in *instance) error {
	e := &HookError{Module: g.name, Generation: g.id, Hook: c.Event, Call: c.ID, Err: err}
	if in != nil {
		e.Said, e.Trace = in.said.take(), in.trace
		in.trace = ""
	}
	if e.Trace != "" {
		// Who called the hook reports the error; the stack is for who looks for its cause.
		level := slog.LevelDebug
		if errors.Is(err, ErrHost) {
			level = slog.LevelError
		}
		if ok, _ := g.lines.take(g.limits.LogRate); ok {
			g.log.Log(context.Background(), level, "stack of a failed hook", "module", g.name, "gen", g.id,
				"hook", c.Event.String(), "call", c.ID, "err", err, "stack", e.Trace)
		}
	}
	return e
}

// Status is how a module stands.
type Status struct {
	Name       string
	Generation string // short hash of file and configuration
	Version    string // as the manifest says
	SHA256     string
	Events     uint64
	Calls      int64 // that hold the generation
	Stats      Stats
	Uses       map[string]Use // by capability: those that take time
	Metrics    []Metric       // of the module's own
	State      uint32         // version of its state blobs
	// NotCopied says why instances are not copies of one that has started, but start each by itself; "" = they are.
	NotCopied string

	Source       string
	Starts       uint64     // calls it decided about
	Refusals     uint64     // of these refused
	Canary       *Status    // that stands beside it, nil: none
	Percent      int        // of new calls that the canary gets
	Before       *Status    // what a rollback goes back to without a canary, nil: nothing
	Old          []Draining // generations that only calls hold
	Rollbacks    int
	LastRollback Rollback
}

// Status says how the generation stands.
func (g *Generation) Status() Status {
	stats := g.pool.snapshot()
	stats.LogDropped = g.lines.lost()
	stats.Memory = g.memories.private()
	if g.frozen != nil {
		stats.Shared = g.frozen.resident
	}
	return Status{
		Name: g.name, Generation: g.id, Version: g.manifest.Version, SHA256: hex.EncodeToString(g.sum[:]), Events: g.events,
		Calls: max(g.refs.Load()-1, 0), Stats: stats, Uses: g.counters.uses(), Metrics: g.metrics.snapshot(), State: g.state,
		Source: g.source.Source, Starts: g.starts.Load(), Refusals: g.refusals.Load(), NotCopied: g.alone,
	}
}
