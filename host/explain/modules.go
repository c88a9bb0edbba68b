package explain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
)

// patience is how long a module may take to decide.
const patience = 5 * time.Second

var errPatience = fmt.Errorf("it had not decided after %s: it needs an answer that a dry run does not have", patience)

// Loader loads a module for a rehearsal: nothing it does may show outside. release gives all
// of it back.
type Loader func(name string, d Diary) (m callcontrol.Module, release func(), err error)

// Diary is told what a module does while it decides. Safe for concurrent use.
type Diary interface {
	// Logs takes a line that the module logs.
	Logs(level, text string)
	// Asked takes what the module wants of the world outside; known is false when it needs an
	// answer that a dry run does not have.
	Asked(what string, known bool)
}

// cast hands out the modules of one rehearsal and writes down what they say.
type cast struct {
	load  Loader
	watch *watch
	roles []*role
}

// role is one module. Only its start hook is called: what it does later is of no use to a
// call that never is.
type role struct {
	cast    *cast
	module  callcontrol.Module // nil: cannot be tried
	release func()

	mu   sync.Mutex // guards Log and Asked, which a module may reach while others go on
	said Module
}

var _ Diary = (*role)(nil)

// Logs implements Diary.
func (r *role) Logs(level, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said.Log = append(r.said.Log, level+" "+text)
}

// Asked implements Diary.
func (r *role) Asked(what string, known bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said.Asked = append(r.said.Asked, Asked{what, known})
}

// report is what the module said.
func (r *role) report() Module {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.said
	m.Log, m.Asked = slices.Clone(m.Log), slices.Clone(m.Asked)
	return m
}

var (
	_ callcontrol.Modules  = (*cast)(nil)
	_ callcontrol.Listener = (*cast)(nil)
)

// Acquire loads the module called name. It does not fail: then there would be nothing to see
// of what comes behind.
func (c *cast) Acquire(name, _ string) (callcontrol.Module, error) {
	r := &role{cast: c}
	var err error
	r.module, r.release, err = c.load(name, r)
	if err != nil {
		r.module = nil
		r.said.Verdict, r.said.Why = NotTried, err.Error()
	}
	c.roles = append(c.roles, r)
	return r, nil
}

// close gives the modules back.
func (c *cast) close() {
	for _, r := range c.roles {
		if r.module != nil {
			r.module.Release()
			r.release()
		}
	}
}

// of returns what the use of that name said, nil if it was not asked.
func (c *cast) of(use string) *role {
	for _, r := range c.roles {
		if r.said.Use == use {
			return r
		}
	}
	return nil
}

// Listens says yes: a module without a hook for requests outside of calls is shown too.
func (c *cast) Listens(abi.Event) bool { return true }

// first are the events that can begin something.
const first = 1<<abi.EventStart | 1<<abi.EventRegister | 1<<abi.EventRoute

// Events are those alone, whether the module has a hook for them or not: then its parameters
// are seen.
func (r *role) Events() uint64 { return first }

// Start lets the module decide about a call, and waits for it.
func (r *role) Start(ctx context.Context, c *abi.Call) (abi.Decision, error) { return r.begin(ctx, c) }

// begin lets the module decide, and waits for it.
func (r *role) begin(ctx context.Context, c *abi.Call) (abi.Decision, error) {
	r.said.Use = c.Use
	r.said.LookUps = r.cast.watch.take()
	for _, p := range c.Params {
		r.said.Params = append(r.said.Params, Param{Name: p.Name, Value: p.Value, Evaluated: true})
	}
	if r.module == nil {
		return abi.Decision{}, nil
	}
	if r.module.Events()&abi.Bit(c.Event) == 0 {
		r.said.Verdict, r.said.Why = Passes, "it has no "+c.Event.String()+" hook"
		return abi.Decision{}, nil
	}
	before := map[string]string{}
	for name, value := range c.Vars.All() {
		before[name] = value
	}
	d, err := r.decide(ctx, c)
	for name, value := range c.Vars.All() {
		if before[name] != value {
			r.said.Vars = append(r.said.Vars, Field{name, value})
		}
	}
	if errors.Is(err, errPatience) {
		r.said.Verdict, r.said.Why = NotTried, err.Error()
		return abi.Decision{}, nil
	}
	r.note(d, err)
	d.Timers = nil
	return d, err
}

// decide calls the hook; a hook that waits is waited for.
func (r *role) decide(ctx context.Context, c *abi.Call) (abi.Decision, error) {
	type later struct {
		d   abi.Decision
		err error
	}
	decided := make(chan later, 1)
	before := c.Later
	c.Later = func(d abi.Decision, err error) { decided <- later{d, err} }
	defer func() { c.Later = before }()
	hook := r.module.Event
	if c.Event == abi.EventStart {
		hook = r.module.Start
	}
	d, err := hook(ctx, c)
	if !errors.Is(err, callcontrol.ErrPending) {
		return d, err
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	var l later
	select {
	case l = <-decided:
	case <-ctx.Done():
		return abi.Decision{}, ctx.Err()
	case <-timer.C:
		if k, ok := r.module.(callcontrol.Canceler); ok {
			k.Cancel(c)
		}
		return abi.Decision{}, errPatience
	}
	for _, f := range l.d.Vars {
		if err := c.Vars.Set(f.Name, f.Value); err != nil {
			return abi.Decision{}, err
		}
	}
	l.d.Vars, l.d.State = nil, nil
	return l.d, l.err
}

// note writes the decision down.
func (r *role) note(d abi.Decision, err error) {
	s := &r.said
	for _, t := range d.Timers {
		what := fmt.Sprintf("timer %d after %s", t.Number, t.After)
		if t.End {
			what += " ends the call"
		}
		s.Timers = append(s.Timers, what)
	}
	if d.MaxDuration > 0 {
		s.MaxDuration = d.MaxDuration.String()
	}
	s.Set = fields(d.Set)
	switch {
	case err != nil:
		s.Verdict, s.Why = Fails, err.Error()
	case d.Drop:
		s.Verdict = Drops
	case d.Refused():
		s.Verdict, s.Code, s.Reason, s.Headers = Refuses, d.Code, d.Reason, fields(d.Headers)
	default:
		s.Verdict = Passes
	}
}

func fields(fs []abi.Field) []Field {
	var out []Field
	for _, f := range fs {
		out = append(out, Field{strings.Clone(f.Name), strings.Clone(f.Value)})
	}
	return out
}

// Connect, Event and End are not asked for.
func (r *role) Connect(context.Context, *abi.Call) (abi.Decision, error) {
	return abi.Decision{}, nil
}

// Event lets the module decide about a request outside of calls; there are no others.
func (r *role) Event(ctx context.Context, c *abi.Call) (abi.Decision, error) { return r.begin(ctx, c) }

// End does nothing: a dry run leaves no record.
func (r *role) End(context.Context, *abi.Call) error { return nil }

// Release does nothing: the cast gives the modules back.
func (r *role) Release() {}
