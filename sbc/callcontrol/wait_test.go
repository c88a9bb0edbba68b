package callcontrol

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
)

func pending(*abi.Call) (abi.Decision, error) { return abi.Decision{}, ErrPending }

// Waits and Cancel make a script a Canceler.
func (s *script) Waits() bool        { return true }
func (s *script) Cancel(c *abi.Call) { s.note("cancel " + c.Event.String()) }

func (p *passage) resume(d abi.Decision, err error) error {
	return p.Resume(context.Background(), &p.call, p.plan, d, err)
}

func ran(p *passage) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(p.trace), func(s string) bool { return strings.Contains(s, "acquire") }), ", ")
}

func TestStartWaits(t *testing.T) {
	for _, c := range []struct {
		name   string
		onFail OnFail
		d      abi.Decision
		err    error
		want   string
		trace  string
	}{
		{"and passes", OnFailRefuse, abi.Decision{Set: []Field{{Name: "ok.a", Value: "1"}}}, nil, "", "a start, b start, c start"},
		{
			"and refuses", OnFailRefuse,
			abi.Decision{Code: 402},
			nil, "refused by b: 402 ", "a start, b start, b release, a end refused 402, a release",
		},
		{
			"and fails", OnFailRefuse,
			abi.Decision{},
			errTrap, "refused by b: 503 ", "a start, b start, b release, a end refused 503, a release",
		},
		{"and fails, and it does not matter", OnFailPass, abi.Decision{}, errTrap, "", "a start, b start, b release, c start"},
		{
			"and answers garbage", OnFailRefuse,
			abi.Decision{Code: 200},
			nil, "refused by b: 503 ", "a start, b start, b release, a end refused 503, a release",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := begin(t, c.onFail, &script{name: "a"}, &script{name: "b", start: pending}, &script{name: "c"})
			if err := p.start(); err != ErrPending || !p.Waiting() {
				t.Fatalf("Start() = %v, want ErrPending", err)
			}
			err := p.resume(c.d, c.err)
			if got := errText(err); got != c.want || ran(p) != c.trace {
				t.Errorf("Resume() = %q, ran %q; want %q, %q", got, ran(p), c.want, c.trace)
			}
			if p.Waiting() || p.resume(abi.Decision{Code: 403}, nil) != nil {
				t.Error("a second Later has an effect")
			}
		})
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestTwoWaitInTurn(t *testing.T) {
	p := begin(t, OnFailRefuse, &script{name: "a", start: pending}, &script{name: "b", start: pending, connect: pending}, &script{name: "c"})
	if p.start() != ErrPending || p.resume(abi.Decision{Vars: []Field{{Name: "x", Value: "1"}}, State: []byte("kept")}, nil) != ErrPending {
		t.Fatal("not pending")
	}
	if v, _ := p.Vars().Get("x"); v != "1" || string(p.steps[0].state) != "kept" {
		t.Errorf("what a left behind: x = %q, state %q", v, p.steps[0].state)
	}
	if err := p.resume(abi.Decision{MaxDuration: time.Minute}, nil); err != nil || p.MaxDuration() != time.Minute {
		t.Fatal(err)
	}
	if err := p.Connect(context.Background(), &p.call); err != ErrPending {
		t.Fatal(err)
	}
	if err := p.resume(abi.Decision{}, nil); err != nil {
		t.Fatal(err)
	}
	if want := "a start, b start, c start, a connect, b connect, c connect"; ran(p) != want {
		t.Errorf("ran %q, want %q", ran(p), want)
	}
}

func TestAbandon(t *testing.T) {
	p := begin(t, OnFailRefuse, &script{name: "a"}, &script{name: "b", start: pending}, &script{name: "c"})
	if p.start() != ErrPending {
		t.Fatal("not pending")
	}
	p.call.Result = &abi.End{Disposition: abi.Canceled, Code: 487}
	p.Abandon(context.Background(), &p.call)
	if want := "a start, b start, b cancel start, a end canceled 487, a release, b release"; ran(p) != want {
		t.Errorf("ran %q, want %q", ran(p), want)
	}
	if p.resume(abi.Decision{Code: 403}, nil) != nil {
		t.Error("a late Later has an effect")
	}
}

func TestEndWaits(t *testing.T) {
	var later []func(abi.Decision, error)
	wait := func(c *abi.Call) error { later = append(later, c.Later); return ErrPending }
	p := begin(t, OnFailRefuse, &script{name: "a", end: wait}, &script{name: "b", end: wait, connect: pending})
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	if p.Connect(context.Background(), &p.call) != ErrPending {
		t.Fatal("not pending")
	}
	p.finish(abi.Answered, 200)
	want := "a start, b start, a connect, b connect, b cancel connect, a end answered 200, b end answered 200"
	if ran(p) != want {
		t.Errorf("ran %q, want %q", ran(p), want)
	}
	later[1](abi.Decision{}, nil)
	later[0](abi.Decision{}, errTrap)
	if want += ", b release, a release"; ran(p) != want {
		t.Errorf("ran %q, want %q", ran(p), want)
	}
	if !strings.Contains(p.log.String(), "use=a hook=end") {
		t.Errorf("log: %s", p.log.String())
	}
}

func TestTargetsAfterAFailure(t *testing.T) {
	retarget := func(c *abi.Call) (abi.Decision, error) {
		return abi.Decision{Targets: []string{"sip:b2@example.net", "sip:b3@example.net"}, Fork: true}, nil
	}
	mask := trio | abi.Bit(abi.EventReject) | abi.Bit(abi.EventInfo)
	p := begin(t, OnFailRefuse, &script{name: "a", mask: mask}, &script{name: "b", mask: mask, event: retarget}, &script{name: "c", mask: mask})
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	p.call.Event, p.call.Status = abi.EventReject, 486
	if err := p.Event(context.Background(), &p.call); err != nil {
		t.Fatal(err)
	}
	uris, fork, use := p.Targets()
	if len(uris) != 2 || !fork || use != "b" || p.Retargeted() {
		t.Errorf("Targets() = %q, %v, %q", uris, fork, use)
	}
	if got := ran(p); !strings.HasSuffix(got, "a reject, b reject") {
		t.Errorf("ran %q: the first that knows a target decides", got)
	}
	p.call.Event = abi.EventInfo
	if err := p.Event(context.Background(), &p.call); err != nil || p.Retargeted() || !strings.Contains(p.log.String(), "nothing has failed") {
		t.Errorf("targets without a failure: %v, log %s", err, p.log.String())
	}
}

func TestTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mask := trio | abi.Bit(abi.EventTimer)
		p := begin(t, OnFailRefuse,
			&script{name: "a", mask: mask, start: func(*abi.Call) (abi.Decision, error) {
				return abi.Decision{Timers: []abi.Timer{{Number: 1, After: time.Minute}, {Number: 2, After: time.Hour, End: true}, {Number: 3, After: time.Second}}}, nil
			}, event: func(c *abi.Call) (abi.Decision, error) {
				if c.Timer != 1 {
					t.Errorf("timer %d", c.Timer)
				}
				return abi.Decision{}, nil
			}},
			&script{name: "b", mask: mask, connect: func(*abi.Call) (abi.Decision, error) {
				return abi.Decision{Timers: []abi.Timer{{Number: 16, After: 1}}}, nil
			}},
		)
		began := time.Now()
		if err := p.start(); err != nil {
			t.Fatal(err)
		}
		p.arm(0, &abi.Decision{Timers: []abi.Timer{{Number: 3}}})
		if err := p.Connect(context.Background(), &p.call); err != nil || !strings.Contains(p.log.String(), "timer 16") {
			t.Errorf("%v, log %s", err, p.log.String())
		}
		if at := p.NextTimer(); !at.Equal(began.Add(time.Minute)) {
			t.Errorf("next timer after %v", at.Sub(began))
		}
		ctx := context.Background()
		if err := p.Fire(ctx, &p.call, time.Now()); err != nil || strings.Contains(ran(p), "timer") {
			t.Errorf("fired too early: %v", err)
		}
		time.Sleep(time.Minute)
		if err := p.Fire(ctx, &p.call, time.Now()); err != nil || strings.Count(ran(p), " timer") != 1 {
			t.Errorf("Fire() = %v, ran %q: only the use that set it hears of a timer", err, ran(p))
		}
		time.Sleep(time.Hour)
		var r *Refusal
		if err := p.Fire(ctx, &p.call, time.Now()); !errors.As(err, &r) || r.Use != "a" || r.Code != 408 {
			t.Errorf("a timer that ends the call: %v", err)
		}
		if !p.NextTimer().IsZero() {
			t.Error("a timer is left")
		}
	})
}

func TestRearm(t *testing.T) {
	p := begin(t, OnFailRefuse, &script{name: "a", start: limit(time.Hour)}, &script{name: "b", start: limit(time.Minute)})
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	if !p.Rearm("b", 2*time.Hour) || p.MaxDuration() != time.Hour || p.MaxDurationBy() != "a" {
		t.Errorf("%s by %s", p.MaxDuration(), p.MaxDurationBy())
	}
	if !p.Rearm("a", 0) || p.MaxDuration() != 2*time.Hour || p.Rearm("x", time.Hour) || p.Rearm("a", -1) {
		t.Errorf("%s by %s", p.MaxDuration(), p.MaxDurationBy())
	}
}

func TestRequestOutsideADialog(t *testing.T) {
	mask := trio | abi.Bit(abi.EventRoute)
	p := begin(t, OnFailRefuse,
		&script{name: "a", mask: mask, event: set(Field{Name: "ok.a", Value: "1"})}, &script{name: "b"}, &script{name: "c", mask: mask, event: pending},
	)
	p.call.Event = abi.EventRoute
	if err := p.start(); err != ErrPending {
		t.Fatal(err)
	}
	if err := p.resume(abi.Decision{}, nil); err != nil || p.plan["ok.a"] != "1" {
		t.Errorf("%v, plan %v", err, p.plan)
	}
	p.Close()
	if want := "a route, c route, a release, b release, c release"; ran(p) != want {
		t.Errorf("ran %q, want %q", ran(p), want)
	}
	p = begin(t, OnFailRefuse, &script{name: "a", mask: mask}, &script{name: "b", mask: mask, event: refuse(403, "No")})
	p.call.Event = abi.EventRoute
	var r *Refusal
	if err := p.start(); !errors.As(err, &r) || r.Code != 403 {
		t.Errorf("%v", err)
	}
	if want := "a route, b route, b release, a release"; ran(p) != want {
		t.Errorf("ran %q, want %q", ran(p), want)
	}
}
