package callcontrol

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
)

// Plan is what a start hook may change: the values of one call.
type Plan interface {
	// Set replaces the value of a key, literally. It fails for keys and values it does not
	// know, and then changes nothing.
	Set(key, value string) error
}

// Run is one call's passage through a chain. A nil Run is that of an empty chain: every
// method works and does nothing. It belongs to the call's strand.
type Run struct {
	chain  *Chain
	mods   Modules
	callID string
	env    *pattern.Env // until every start is decided
	log    *slog.Logger

	// next is the first use whose start is not decided: Start goes on from there.
	next    int
	first   abi.Event // 0 = EventStart
	wants   uint64
	ended   bool
	maximum time.Duration
	by      string
	vars    abi.Vars
	steps   []step
	waits   []waiting
	timers  []timer

	targets []string // that a module chose after a failure
	fork    bool
	chooser int
}

// step is what one use keeps while the call lasts.
type step struct {
	module Module // nil: not acquired, failed or released
	mask   uint64
	passed bool // its start let the call pass: it gets the later hooks
	waits  bool // its hooks may answer ErrPending
	stays  bool // could not move to another generation
	params []Field
	state  []byte

	maximum time.Duration // that it lets the call last
}

// Begin starts the passage of a call. env is what parameters are evaluated in; its Var
// becomes the variables of the call. It returns nil, without an allocation, when the chain
// is empty.
func (c *Chain) Begin(mods Modules, callID string, env *pattern.Env) *Run {
	if c.Len() == 0 {
		return nil
	}
	r := &Run{chain: c, mods: mods, callID: callID, env: env, steps: make([]step, len(c.uses))}
	if env != nil {
		env.Var = r.vars.Get
	}
	return r
}

// Empty says whether there is no module in the chain.
func (r *Run) Empty() bool { return r == nil }

// SetLog says where failures of modules are logged; the default is slog.Default.
func (r *Run) SetLog(log *slog.Logger) {
	if r != nil {
		r.log = log
	}
}

// Vars returns the variables of the call, nil when the chain is empty.
func (r *Run) Vars() *abi.Vars {
	if r == nil {
		return nil
	}
	return &r.vars
}

// Modules returns the names of the uses in order, to read only.
func (r *Run) Modules() []string {
	if r == nil {
		return nil
	}
	return r.chain.names
}

// MaxDuration is the shortest of what the modules allow the call to last from its answer;
// 0 means no limit.
func (r *Run) MaxDuration() time.Duration {
	if r == nil {
		return 0
	}
	return r.maximum
}

// MaxDurationBy names the use that set MaxDuration.
func (r *Run) MaxDurationBy() string {
	if r == nil {
		return ""
	}
	return r.by
}

// Wants says whether a hook for e would be called: if not, there is no need to fill an
// abi.Call.
func (r *Run) Wants(e abi.Event) bool {
	if r == nil || r.ended {
		return false
	}
	return e == abi.EventStart || r.wants&abi.Bit(e) != 0
}

// Start lets the modules decide about a new call, in order; what they set goes into plan.
// It returns nil when all let it pass, ErrPending when one of them waits (then Resume goes
// on), else the *Refusal of the first that did not; the modules before that one have then
// got their end, with a Result made from the refusal unless call has one. With call.Event
// EventRegister or EventRoute it is a request outside a dialog that they decide about: modules
// without a hook for it let it pass, and Close instead of End is the end.
func (r *Run) Start(ctx context.Context, call *abi.Call, plan Plan) error {
	if r == nil || r.ended {
		return nil
	}
	if call.Event == abi.EventRegister || call.Event == abi.EventRoute {
		r.first = call.Event
	}
	for r.next < len(r.steps) {
		i := r.next
		d, err := r.start(ctx, call, i)
		if err == ErrPending {
			return r.wait(call, r.entry(), i, false)
		}
		if err := r.decide(ctx, call, plan, i, d, err); err != nil {
			return err
		}
	}
	r.env = nil
	return nil
}

// entry is the event that begins the passage.
func (r *Run) entry() abi.Event {
	if r.first == 0 {
		return abi.EventStart
	}
	return r.first
}

// decide carries out what the start hook of use i decided, or what follows from its
// failure, and moves on to the next use.
func (r *Run) decide(ctx context.Context, call *abi.Call, plan Plan, i int, d abi.Decision, err error) error {
	if err == nil {
		err = r.set(plan, i, &d)
	}
	if err == nil && len(d.Targets) > 0 {
		err = fmt.Errorf("%w: targets before anything was tried", ErrBadDecision)
	}
	r.next++
	var refusal *Refusal
	switch {
	case err != nil:
		refusal = r.failed(i, r.entry(), err)
	case d.Refused():
		refusal = r.refusal(i, &d)
	default:
		r.pass(i, &d)
		return nil
	}
	r.release(i)
	if refusal == nil {
		return nil
	}
	r.env = nil
	r.unwind(ctx, call, refusal)
	return refusal
}

// start acquires the module of use i and calls its hook.
func (r *Run) start(ctx context.Context, call *abi.Call, i int) (abi.Decision, error) {
	s := &r.steps[i]
	if err := r.acquire(i); err != nil {
		return abi.Decision{}, err
	}
	s.params = r.chain.params(i, r.env)
	if s.mask&abi.Bit(r.entry()) == 0 {
		return abi.Decision{}, nil
	}
	return r.hook(ctx, call, i, r.entry())
}

// set puts what a module wants into the plan: all of it, or nothing when the plan can tell
// beforehand that something is wrong.
func (r *Run) set(plan Plan, i int, d *abi.Decision) error {
	if err := check(d); err != nil {
		return err
	}
	if d.Refused() || len(d.Set) == 0 {
		return nil
	}
	if plan == nil {
		return fmt.Errorf("%w: nothing can be set here", ErrBadDecision)
	}
	if c, ok := plan.(interface{ Check(key, value string) error }); ok {
		for _, f := range d.Set {
			if err := c.Check(f.Name, f.Value); err != nil {
				return err
			}
		}
	}
	for _, f := range d.Set {
		if err := plan.Set(f.Name, f.Value); err != nil {
			return err
		}
	}
	return nil
}

// pass notes that use i lets the call go on.
func (r *Run) pass(i int, d *abi.Decision) {
	s := &r.steps[i]
	s.passed = true
	r.wants |= s.mask
	r.limit(i, d)
	r.arm(i, d)
}

// limit keeps the shortest maximum.
func (r *Run) limit(i int, d *abi.Decision) {
	s := &r.steps[i]
	if d.MaxDuration > 0 && (s.maximum == 0 || d.MaxDuration < s.maximum) {
		s.maximum = d.MaxDuration
		r.shortest()
	}
}

// Connect tells the modules that the call was answered. It returns the *Refusal of the
// first that wants the call hung up; those behind it do not hear of the answer. A module
// that fails is logged and does not hurt the call.
func (r *Run) Connect(ctx context.Context, call *abi.Call) error {
	return r.each(ctx, call, abi.EventConnect, 0)
}

// Event gives call.Event to the modules that want it, as Connect does: the events between
// start and end. After EventReject, Targets says what a module wants to try next.
func (r *Run) Event(ctx context.Context, call *abi.Call) error {
	return r.each(ctx, call, call.Event, 0)
}

func (r *Run) each(ctx context.Context, call *abi.Call, e abi.Event, from int) error {
	if !r.Wants(e) {
		return nil
	}
	for i := from; i < len(r.steps); i++ {
		if s := &r.steps[i]; !s.passed || s.mask&abi.Bit(e) == 0 {
			continue
		}
		if err := r.tell(ctx, call, i, e, false); err != nil || e == abi.EventReject && r.Retargeted() {
			return err
		}
	}
	return nil
}

// tell gives one event to use i.
func (r *Run) tell(ctx context.Context, call *abi.Call, i int, e abi.Event, alone bool) error {
	d, err := r.hook(ctx, call, i, e)
	if err == ErrPending {
		return r.wait(call, e, i, alone)
	}
	return r.heard(call, i, e, d, err)
}

// heard carries out what use i decided about an event between start and end.
func (r *Run) heard(call *abi.Call, i int, e abi.Event, d abi.Decision, err error) error {
	if err == nil {
		err = r.set(nil, i, &d)
	}
	if err == nil && len(d.Targets) > 0 && e != abi.EventReject {
		err = fmt.Errorf("%w: targets, but nothing has failed", ErrBadDecision)
	}
	switch {
	case err != nil:
		r.logFailure(i, e, err)
	case d.Refused():
		return r.refusal(i, &d)
	default:
		r.limit(i, &d)
		r.arm(i, &d)
		if len(d.Targets) > 0 {
			r.targets, r.fork, r.chooser = d.Targets, d.Fork, i
		}
	}
	return nil
}

// Retargeted says whether Targets has something to say.
func (r *Run) Retargeted() bool { return r != nil && len(r.targets) > 0 }

// Targets returns, once, the URIs to try next, whether all at the same time, and the use that
// chose them; none when no module did.
func (r *Run) Targets() (uris []string, fork bool, use string) {
	if !r.Retargeted() {
		return nil, false, ""
	}
	uris, r.targets = r.targets, nil
	return uris, r.fork, r.chain.uses[r.chooser].Name
}

// End tells the modules whose start let the call pass that it is over, in order, each
// once, and gives all modules back. call.Result says how it ended; its Modules are filled
// in. Only the first call of End has an effect. Nothing waits for an end hook that does: its
// module is given back when it is done. Hooks that wait are abandoned.
func (r *Run) End(ctx context.Context, call *abi.Call) {
	if r == nil || r.ended {
		return
	}
	r.ended = true
	if call.Result == nil {
		call.Result = &abi.End{}
	}
	if call.Result.Modules == nil {
		call.Result.Modules = r.chain.names
	}
	r.cancel()
	r.timers, r.targets = nil, nil
	for i := range r.steps {
		if s := &r.steps[i]; s.passed && s.mask&abi.Bit(abi.EventEnd) != 0 && r.entry() == abi.EventStart {
			call.Later = nil
			if s.waits {
				call.Later = r.later(i)
			}
			switch _, err := r.hook(ctx, call, i, abi.EventEnd); {
			case err == ErrPending && s.waits:
				s.module, s.passed = nil, false // its Later releases it
			case err != nil:
				r.logFailure(i, abi.EventEnd, err)
			}
		}
		r.release(i)
	}
	call.Later = nil
}

// Close gives all modules back after a request outside a dialog. It has no end hook.
func (r *Run) Close() { r.End(context.Background(), new(abi.Call)) }

// unwind ends the passage of a call that was refused.
func (r *Run) unwind(ctx context.Context, call *abi.Call, refusal *Refusal) {
	if call.End.IsZero() {
		call.End = time.Now()
	}
	if call.Result == nil {
		call.Result = &abi.End{Disposition: abi.Refused, Code: refusal.Code, Reason: refusal.Reason, HangupBy: refusal.Use}
		if refusal.Drop {
			call.Result.Disposition = abi.Dropped
		}
	}
	r.End(ctx, call)
}

// refusal is what use i decided.
func (r *Run) refusal(i int, d *abi.Decision) *Refusal {
	if d.Drop {
		return &Refusal{Use: r.chain.uses[i].Name, Drop: true}
	}
	return &Refusal{Use: r.chain.uses[i].Name, Code: d.Code, Reason: d.Reason, Headers: d.Headers}
}

// failed logs the failure of use i and returns the refusal that follows from it, nil when
// the call goes on without the module.
func (r *Run) failed(i int, e abi.Event, err error) *Refusal {
	r.logFailure(i, e, err)
	if r.chain.uses[i].OnFail == OnFailPass {
		return nil
	}
	return &Refusal{Use: r.chain.uses[i].Name, Code: 503}
}

func (r *Run) logFailure(i int, e abi.Event, err error) { r.failureLog(i, e)(err) }

// failureLog is logFailure for later, from any goroutine.
func (r *Run) failureLog(i int, e abi.Event) func(error) {
	log, u, call := r.log, &r.chain.uses[i], r.callID
	if log == nil {
		log = slog.Default()
	}
	return func(err error) {
		args := []any{"module", u.Module, "use", u.Name, "hook", e.String(), "call", call, "err", err}
		if p := (*PanicError)(nil); errors.As(err, &p) {
			args = append(args, "stack", string(p.Stack))
		}
		log.Warn("module failed", args...)
	}
}
