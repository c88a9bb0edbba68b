package callcontrol

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// script is a fake module: what its hooks do, and where they write down that they ran.
type script struct {
	name    string
	mask    uint64
	start   func(*abi.Call) (abi.Decision, error)
	connect func(*abi.Call) (abi.Decision, error)
	event   func(*abi.Call) (abi.Decision, error)
	end     func(*abi.Call) error
	absent  error // Acquire fails
	trace   *[]string
}

var _ Module = (*script)(nil)

func (s *script) note(what string) { *s.trace = append(*s.trace, s.name+" "+what) }

func (s *script) Events() uint64 { return s.mask }

func (s *script) Start(_ context.Context, c *abi.Call) (abi.Decision, error) {
	s.note("start")
	return decide(s.start, c)
}

func (s *script) Connect(_ context.Context, c *abi.Call) (abi.Decision, error) {
	s.note("connect")
	return decide(s.connect, c)
}

func (s *script) Event(_ context.Context, c *abi.Call) (abi.Decision, error) {
	s.note(c.Event.String())
	return decide(s.event, c)
}

func decide(f func(*abi.Call) (abi.Decision, error), c *abi.Call) (abi.Decision, error) {
	if f == nil {
		return abi.Decision{}, nil
	}
	return f(c)
}

func (s *script) End(_ context.Context, c *abi.Call) error {
	s.note(fmt.Sprintf("end %s %d", c.Result.Disposition, c.Result.Code))
	if s.end != nil {
		return s.end(c)
	}
	return nil
}

func (s *script) Release() { s.note("release") }

var trio = abi.Bit(abi.EventStart) | abi.Bit(abi.EventConnect) | abi.Bit(abi.EventEnd)

// modules are fakes by name.
type modules map[string]*script

func (m modules) Acquire(name, callID string) (Module, error) {
	s := m[name]
	switch {
	case s == nil:
		return nil, errors.New("not loaded")
	case s.absent != nil:
		return nil, s.absent
	case name == "nil":
		return nil, nil
	}
	s.note("acquire for " + callID)
	return s, nil
}

// plan is a fake plan that takes keys beginning with "ok".
type plan map[string]string

func (p plan) Check(key, value string) error {
	if !strings.HasPrefix(key, "ok") {
		return fmt.Errorf("there is no key %q", key)
	}
	return nil
}

func (p plan) Set(key, value string) error {
	if err := p.Check(key, value); err != nil {
		return err
	}
	p[key] = value
	return nil
}

// passage is a run with everything around it.
type passage struct {
	*Run
	call  abi.Call
	plan  plan
	trace []string
	log   bytes.Buffer
}

// begin makes the passage of a call through scripts, all with the same rule for failures.
func begin(t *testing.T, onFail OnFail, scripts ...*script) *passage {
	t.Helper()
	p := &passage{plan: plan{}}
	mods := modules{}
	var uses []Use
	for _, s := range scripts {
		s.trace = &p.trace
		if s.mask == 0 {
			s.mask = trio
		}
		mods[s.name] = s
		uses = append(uses, Use{
			Name: s.name, Module: s.name, OnFail: onFail,
			Params: []Param{{"who", parse(t, "$fU")}, {"var", parse(t, "<$V(x)>")}},
		})
	}
	p.Run = NewChain(uses).Begin(mods, "c1", env(t))
	p.SetLog(slog.New(slog.NewTextHandler(&p.log, nil)))
	return p
}

func (p *passage) start() error { return p.Start(context.Background(), &p.call, p.plan) }

func (p *passage) finish(disposition string, code int) {
	p.call.Result = &abi.End{Disposition: disposition, Code: code}
	p.End(context.Background(), &p.call)
}

func parse(t testing.TB, s string) *pattern.Pattern {
	t.Helper()
	p, err := pattern.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func env(t testing.TB) *pattern.Env {
	m := sip.NewRequest("INVITE", "sip:bob@example.net")
	m.Add(sip.From, "<sip:alice@example.org>;tag=1")
	return &pattern.Env{Msg: m}
}

func refuse(code int, reason string) func(*abi.Call) (abi.Decision, error) {
	return func(*abi.Call) (abi.Decision, error) { return abi.Decision{Code: code, Reason: reason}, nil }
}

func fail(err error) func(*abi.Call) (abi.Decision, error) {
	return func(*abi.Call) (abi.Decision, error) { return abi.Decision{}, err }
}

func set(fields ...Field) func(*abi.Call) (abi.Decision, error) {
	return func(*abi.Call) (abi.Decision, error) { return abi.Decision{Set: fields}, nil }
}

func limit(d time.Duration) func(*abi.Call) (abi.Decision, error) {
	return func(*abi.Call) (abi.Decision, error) { return abi.Decision{MaxDuration: d}, nil }
}
