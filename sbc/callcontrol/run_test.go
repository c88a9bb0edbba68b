package callcontrol

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
)

var errTrap = errors.New("trap: unreachable")

func boom(*abi.Call) (abi.Decision, error) { panic("boom") }

func TestStart(t *testing.T) {
	pass := func(name string) *script { return &script{name: name} }
	for _, c := range []struct {
		name   string
		onFail OnFail
		chain  []*script
		want   string // what Start returns
		trace  string // what ran, without acquire
	}{
		{"all pass", OnFailRefuse, []*script{pass("a"), pass("b")}, "", "a start, b start"},
		{
			"the second refuses", OnFailRefuse,
			[]*script{pass("a"), {name: "b", start: refuse(402, "Too Many")}, pass("c")},
			"refused by b: 402 Too Many",
			"a start, b start, b release, a end refused 402, a release",
		},
		{
			"the first refuses", OnFailRefuse,
			[]*script{{name: "a", start: refuse(486, "")}, pass("b")},
			"refused by a: 486 ", "a start, a release",
		},
		{
			"a drop", OnFailRefuse,
			[]*script{pass("a"), {name: "b", start: func(*abi.Call) (abi.Decision, error) {
				return abi.Decision{Drop: true, Code: 1, Reason: "\r\n"}, nil
			}}},
			"dropped by b", "a start, b start, b release, a end dropped 0, a release",
		},
		{
			"a failure refuses", OnFailRefuse,
			[]*script{pass("a"), {name: "b", start: fail(errTrap)}},
			"refused by b: 503 ", "a start, b start, b release, a end refused 503, a release",
		},
		{
			"a failure passes", OnFailPass,
			[]*script{pass("a"), {name: "b", start: fail(errTrap)}, pass("c")},
			"", "a start, b start, b release, c start",
		},
		{"a panic refuses", OnFailRefuse, []*script{{name: "a", start: boom}}, "refused by a: 503 ", "a start, a release"},
		{"a panic passes", OnFailPass, []*script{{name: "a", start: boom}, pass("b")}, "", "a start, a release, b start"},
		{"missing", OnFailRefuse, []*script{pass("a"), {name: "b", absent: errTrap}}, "refused by b: 503 ", "a start, a end refused 503, a release"},
		{"missing, and it does not matter", OnFailPass, []*script{{name: "b", absent: errTrap}, pass("a")}, "", "a start"},
		{"neither a module nor an error", OnFailRefuse, []*script{pass("nil")}, "refused by nil: 503 ", ""},
		{"no start hook", OnFailRefuse, []*script{{name: "a", mask: abi.Bit(abi.EventEnd)}, pass("b")}, "", "b start"},
		{"a status nobody knows", OnFailRefuse, []*script{{name: "a", start: refuse(200, "OK")}}, "refused by a: 503 ", "a start, a release"},
		{"a line break in the reason", OnFailRefuse, []*script{{name: "a", start: refuse(403, "a\nb")}}, "refused by a: 503 ", "a start, a release"},
		{"garbage that passes", OnFailPass, []*script{{name: "a", start: refuse(403, "a\x00b")}}, "", "a start, a release"},
		{"a negative duration", OnFailRefuse, []*script{{name: "a", start: limit(-1)}}, "refused by a: 503 ", "a start, a release"},
		{"a key that does not exist", OnFailRefuse, []*script{{name: "a", start: set(Field{Name: "ok.a", Value: "1"}, Field{Name: "no", Value: "2"})}}, "refused by a: 503 ", "a start, a release"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := begin(t, c.onFail, c.chain...)
			err := p.start()
			got := ""
			if err != nil {
				got = err.Error()
				if r := (*Refusal)(nil); !errors.As(err, &r) {
					t.Errorf("%T is no *Refusal", err)
				}
			}
			if got != c.want {
				t.Errorf("Start() = %q, want %q", got, c.want)
			}
			trace := strings.Join(slices.DeleteFunc(p.trace, func(s string) bool { return strings.Contains(s, "acquire") }), ", ")
			if trace != c.trace {
				t.Errorf("ran %q, want %q", trace, c.trace)
			}
			if len(p.plan) != 0 {
				t.Errorf("plan has %v of a decision that was not taken", p.plan)
			}
		})
	}
}

func TestWholeCall(t *testing.T) {
	mask := trio | abi.Bit(abi.EventDTMF)
	p := begin(t, OnFailRefuse,
		&script{name: "a", mask: mask, start: func(c *abi.Call) (abi.Decision, error) {
			if len(c.Params) != 2 || c.Params[0] != (Field{Name: "who", Value: "alice"}) || c.Params[1].Value != "<>" || c.Use != "a" {
				t.Errorf("a got %v as %q", c.Params, c.Use)
			}
			c.State = []byte("mine")
			return abi.Decision{Set: []Field{{Name: "ok.ruri", Value: "$fU"}}}, c.Vars.Set("x", "$fU")
		}},
		&script{name: "b", start: func(c *abi.Call) (abi.Decision, error) {
			if v, _ := c.Vars.Get("x"); v != "$fU" || c.Params[1].Value != "<$fU>" || c.State != nil {
				t.Errorf("b got x = %q, params %v, state %q", v, c.Params, c.State)
			}
			return abi.Decision{}, nil
		}},
	)
	if !p.Wants(abi.EventStart) || p.Wants(abi.EventEnd) || p.Empty() {
		t.Error("before the start only the start is wanted")
	}
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	if p.plan["ok.ruri"] != "$fU" {
		t.Errorf("plan %v: values of modules are literal", p.plan)
	}
	if !p.Wants(abi.EventDTMF) || p.Wants(abi.EventRefer) {
		t.Error("DTMF is wanted by a, REFER by nobody")
	}
	for _, e := range []abi.Event{abi.EventDTMF, abi.EventRefer} {
		p.call.Event = e
		if err := p.Event(context.Background(), &p.call); err != nil {
			t.Error(err)
		}
	}
	if err := p.Connect(context.Background(), &p.call); err != nil {
		t.Error(err)
	}
	if string(p.steps[0].state) != "mine" || p.steps[1].state != nil {
		t.Errorf("states %q and %q, want those the uses left", p.steps[0].state, p.steps[1].state)
	}
	p.finish(abi.Answered, 200)
	p.finish(abi.Failed, 500)
	want := []string{
		"a acquire for c1", "a start", "b acquire for c1", "b start", "a dtmf", "a connect", "b connect",
		"a end answered 200", "a release", "b end answered 200", "b release",
	}
	if !slices.Equal(p.trace, want) {
		t.Errorf("ran\n%q, want\n%q", p.trace, want)
	}
	if p.Wants(abi.EventEnd) {
		t.Error("something is wanted after the end")
	}
	if err := p.start(); err != nil || p.Connect(context.Background(), &p.call) != nil || len(p.trace) != len(want) {
		t.Errorf("hooks after the end: %v, %q", err, p.trace)
	}
	if p.log.Len() != 0 {
		t.Errorf("log: %s", p.log.String())
	}
}

func TestEndHasTheModules(t *testing.T) {
	var got []string
	p := begin(t, OnFailRefuse, &script{name: "a", end: func(c *abi.Call) error {
		got = c.Result.Modules
		return nil
	}}, &script{name: "b"})
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	p.End(context.Background(), &p.call)
	if !slices.Equal(got, []string{"a", "b"}) || !slices.Equal(p.Modules(), got) {
		t.Errorf("modules %q, want a and b", got)
	}
}

func TestFailuresLaterDoNotHurt(t *testing.T) {
	for name, hook := range map[string]func(*abi.Call) (abi.Decision, error){
		"error": fail(errTrap), "panic": boom, "garbage": refuse(200, ""), "keys": set(Field{Name: "ok", Value: "1"}),
	} {
		t.Run(name, func(t *testing.T) {
			p := begin(t, OnFailRefuse,
				&script{name: "a", connect: hook, end: func(*abi.Call) error {
					if name == "panic" {
						panic("boom")
					}
					return errTrap
				}},
				&script{name: "b"},
			)
			if err := p.start(); err != nil {
				t.Fatal(err)
			}
			if err := p.Connect(context.Background(), &p.call); err != nil {
				t.Errorf("Connect() = %v", err)
			}
			p.finish(abi.Answered, 200)
			want := []string{"a connect", "b connect", "a end answered 200", "a release", "b end answered 200", "b release"}
			if got := p.trace[4:]; !slices.Equal(got, want) {
				t.Errorf("ran %q, want %q", got, want)
			}
			log := p.log.String()
			if strings.Count(log, "module failed") != 2 || !strings.Contains(log, "module=a use=a hook=connect call=c1 err=") ||
				!strings.Contains(log, "hook=end") {
				t.Errorf("log:\n%s\nwant one line for connect and one for end", log)
			}
			if strings.Contains(log, "stack=") != (name == "panic") {
				t.Errorf("log:\n%s\nwant a stack for a panic only", log)
			}
		})
	}
}

func TestRefusalAtConnect(t *testing.T) {
	p := begin(t, OnFailRefuse, &script{name: "a"}, &script{name: "b", connect: refuse(402, "No Credit")}, &script{name: "c"})
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	var r *Refusal
	if err := p.Connect(context.Background(), &p.call); !errors.As(err, &r) || r.Use != "b" || r.Code != 402 {
		t.Fatalf("Connect() = %v, want b's refusal", err)
	}
	p.finish(abi.Answered, 200)
	if got := strings.Join(p.trace[6:], ", "); got !=
		"a connect, b connect, a end answered 200, a release, b end answered 200, b release, c end answered 200, c release" {
		t.Errorf("ran %s", got)
	}
}

func TestRefusalHeaders(t *testing.T) {
	headers := func(fs ...Field) func(*abi.Call) (abi.Decision, error) {
		return func(*abi.Call) (abi.Decision, error) { return abi.Decision{Code: 302, Headers: fs}, nil }
	}
	for _, c := range []struct {
		name string
		f    Field
		code int
	}{
		{"a field", Field{Name: "X-Why", Value: "because"}, 302},
		{"a line break", Field{Name: "X-Why", Value: "a\r\nVia: x"}, 503},
		{"no name", Field{Name: "", Value: "x"}, 503},
		{"a name with a line break", Field{Name: "X\r\nY", Value: "x"}, 503},
		{"a core field", Field{Name: "Call-ID", Value: "x"}, 503},
		{"a core field, short", Field{Name: "V", Value: "x"}, 503},
		{"a Contact, as a redirection has", Field{Name: "Contact", Value: "<sip:x@example.net>"}, 302},
	} {
		p := begin(t, OnFailRefuse, &script{name: "a", start: headers(c.f)})
		var r *Refusal
		if err := p.start(); !errors.As(err, &r) || r.Code != c.code {
			t.Errorf("%s: %v, want %d", c.name, err, c.code)
		}
		if c.code == 302 && !slices.Equal(r.Headers, []Field{c.f}) {
			t.Errorf("%s: headers %v", c.name, r.Headers)
		}
	}
}

func TestMaxDuration(t *testing.T) {
	p := begin(t, OnFailRefuse,
		&script{name: "a", start: limit(time.Hour)},
		&script{name: "b", start: limit(time.Minute), connect: limit(2 * time.Minute)},
		&script{name: "c", start: limit(time.Hour), connect: limit(30 * time.Second)},
	)
	if p.MaxDuration() != 0 || p.MaxDurationBy() != "" {
		t.Error("a limit before the start")
	}
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	if p.MaxDuration() != time.Minute || p.MaxDurationBy() != "b" {
		t.Errorf("%s by %s, want 1m by b", p.MaxDuration(), p.MaxDurationBy())
	}
	if err := p.Connect(context.Background(), &p.call); err != nil {
		t.Fatal(err)
	}
	if p.MaxDuration() != 30*time.Second || p.MaxDurationBy() != "c" {
		t.Errorf("%s by %s, want 30s by c", p.MaxDuration(), p.MaxDurationBy())
	}
}

// A refused call ends when it was refused.
func TestTimeOfRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var end time.Time
		p := begin(t, OnFailRefuse,
			&script{name: "a", end: func(c *abi.Call) error {
				end = c.End
				return nil
			}},
			&script{name: "b", start: func(*abi.Call) (abi.Decision, error) {
				time.Sleep(time.Second)
				return abi.Decision{Code: 480}, nil
			}},
		)
		if err := p.start(); err == nil {
			t.Fatal("not refused")
		}
		if !end.Equal(began.Add(time.Second)) || p.call.Result.HangupBy != "b" {
			t.Errorf("ended after %s by %s, want 1s by b", end.Sub(began), p.call.Result.HangupBy)
		}
	})
}

func TestEmptyChain(t *testing.T) {
	var none *Chain
	for _, c := range []*Chain{none, NewChain(nil)} {
		call := &abi.Call{}
		n := testing.AllocsPerRun(10, func() {
			r := c.Begin(nil, "c1", nil)
			r.SetLog(nil)
			if !r.Empty() || r.Wants(abi.EventStart) || r.Vars() != nil || r.Modules() != nil || r.MaxDuration() != 0 || r.MaxDurationBy() != "" {
				t.Error("a chain without modules is not empty")
			}
			if r.Start(context.Background(), call, nil) != nil || r.Connect(context.Background(), call) != nil || r.Event(context.Background(), call) != nil {
				t.Error("it refuses")
			}
			r.End(context.Background(), call)
		})
		if n != 0 || c.Uses() != nil && len(c.Uses()) != 0 {
			t.Errorf("%v allocations, want none", n)
		}
	}
}

func TestOnFailText(t *testing.T) {
	for _, f := range []OnFail{OnFailRefuse, OnFailPass} {
		text, _ := f.MarshalText()
		var g OnFail
		if err := g.UnmarshalText(text); err != nil || g != f {
			t.Errorf("%s written and read = %s, %v", f, g, err)
		}
	}
	var f OnFail
	if err := f.UnmarshalText([]byte("ignore")); err == nil {
		t.Error("ignore is taken")
	}
}

// No modules at all is what a configuration without [module] sections comes to.
func TestNoModules(t *testing.T) {
	r := NewChain([]Use{{Name: "a", Module: "a"}}).Begin(nil, "c1", nil)
	r.SetLog(slog.New(slog.DiscardHandler))
	var refusal *Refusal
	if err := r.Start(context.Background(), &abi.Call{}, plan{}); !errors.As(err, &refusal) || refusal.Code != 503 {
		t.Errorf("Start() = %v, want 503", err)
	}
}
