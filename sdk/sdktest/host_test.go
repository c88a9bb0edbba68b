package sdktest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/sdk"
	"github.com/sallyport-sbc/sallyport/sdk/sdktest"
)

// module does what the test says.
type module struct {
	init                func(s *sdk.Setup) error
	start, connect, end func(c *sdk.Call) error
}

func (m *module) Init(s *sdk.Setup) error {
	if m.init == nil {
		return nil
	}
	return m.init(s)
}
func (m *module) Start(c *sdk.Call) error   { return run(m.start, c) }
func (m *module) Connect(c *sdk.Call) error { return run(m.connect, c) }
func (m *module) End(c *sdk.Call) error     { return run(m.end, c) }

func run(f func(*sdk.Call) error, c *sdk.Call) error {
	if f == nil {
		return nil
	}
	return f(c)
}

func TestMaskFollowsFromTheMethods(t *testing.T) {
	onlyEnd := &struct {
		sdk.Base
		sdk.EndHook
	}{}
	h := sdktest.New(t, onlyEnd, sdktest.Options{})
	if h.Wants(abi.EventStart) || h.Wants(abi.EventConnect) || !h.Wants(abi.EventEnd) {
		t.Error("wants other hooks than End")
	}
	if d, err := h.Call().Invite(); err != nil || d.Refused() {
		t.Errorf("a hook it does not have: %+v, %v", d, err)
	}
}

func TestDecisions(t *testing.T) {
	var do func(c *sdk.Call)
	h := sdktest.New(t, &module{start: func(c *sdk.Call) error { do(c); return nil }}, sdktest.Options{})
	for _, s := range []struct {
		name string
		do   func(c *sdk.Call)
		want abi.Decision
	}{
		{"pass", func(*sdk.Call) {}, abi.Decision{}},
		{
			"refuse", func(c *sdk.Call) { c.Refuse(486, "Busy", sdk.Field{Name: "Retry-After", Value: "5"}) },
			abi.Decision{Code: 486, Reason: "Busy", Headers: []abi.Field{{Name: "Retry-After", Value: "5"}}},
		},
		{"pass after a refusal", func(*sdk.Call) {}, abi.Decision{}},
		{"drop", func(c *sdk.Call) { c.Refuse(486, ""); c.Drop() }, abi.Decision{Drop: true}},
		{"set", func(c *sdk.Call) {
			c.Set("identity.ruri", "sip:"+c.Callee()+"@example.org")
			c.MaxDuration(90 * sdk.Second)
			c.MaxDuration(-1)
		}, abi.Decision{Set: []abi.Field{{Name: "identity.ruri", Value: "sip:bob@example.org"}}, MaxDuration: 90 * time.Second}},
		{"pass after a set", func(*sdk.Call) {}, abi.Decision{}},
	} {
		do = s.do
		got, err := h.Call().Invite()
		if err != nil || got.Drop != s.want.Drop || got.Code != s.want.Code || got.Reason != s.want.Reason ||
			!slices.Equal(got.Headers, s.want.Headers) || !slices.Equal(got.Set, s.want.Set) || got.MaxDuration != s.want.MaxDuration {
			t.Errorf("%s: %+v, %v, want %+v", s.name, got, err, s.want)
		}
	}
	do = func(c *sdk.Call) { c.Refuse(200, "OK") }
	if _, err := h.Call().Invite(); !errors.Is(err, sdktest.ErrHook) || !errors.Is(err, abi.ErrInvalid) {
		t.Errorf("refusing with 200: %v", err)
	}
	do = func(c *sdk.Call) {
		for range 10 {
			c.Set("headers.append", strings.Repeat("x", 2000))
		}
	}
	if _, err := h.Call().Invite(); !errors.Is(err, sdktest.ErrHook) || !errors.Is(err, abi.CodeTooBig) {
		t.Errorf("a decision of 20 KB: %v", err)
	}
}

func TestVariablesAndState(t *testing.T) {
	var seen []string
	see := func(c *sdk.Call) { seen = append(seen, c.Var("a")+"|"+c.Var("b")+"|"+string(c.State())) }
	h := sdktest.New(t, &module{
		start: func(c *sdk.Call) error {
			see(c)
			if err := c.SetVar("a", c.Caller()); err != nil {
				return err
			}
			if err := c.SetVar("a", "x\ny"); !errors.Is(err, sdk.ErrInvalid) {
				t.Errorf("LF in a variable: %v", err)
			}
			if err := c.SetState([]byte("state")); err != nil {
				return err
			}
			if err := c.SetState(make([]byte, wire.MaxState+1)); !errors.Is(err, sdk.ErrTooBig) {
				t.Errorf("large state: %v", err)
			}
			see(c)
			return nil
		},
		end: func(c *sdk.Call) error { see(c); return nil },
	}, sdktest.Options{})
	c := h.Call()
	c.Vars.Set("b", "before")
	if _, err := c.Invite(); err != nil {
		t.Fatal(err)
	}
	c.Vars.Set("b", "between")
	if err := c.Cancel(time.Second); err != nil {
		t.Fatal(err)
	}
	want := []string{"|before|", "alice|before|state", "alice|between|state"}
	if !slices.Equal(seen, want) {
		t.Errorf("saw %q, want %q", seen, want)
	}
}

func TestPulls(t *testing.T) {
	long := strings.Repeat("long ", 1000)
	h := sdktest.New(t, &module{start: func(c *sdk.Call) error {
		a, ok1 := c.Header("x-a")
		b, ok2 := c.HeaderAt("X-A", 1)
		_, ok3 := c.HeaderAt("X-A", 2)
		body, ok4 := c.Body()
		// All of them are still what they were after the others were pulled.
		if a != "one" || b != long || body != long+long || !ok1 || !ok2 || ok3 || !ok4 {
			t.Errorf("headers %q, %d bytes, body %d bytes; %v %v %v %v", a, len(b), len(body), ok1, ok2, ok3, ok4)
		}
		if c.Param("p") != "v" || c.Param("q") != "" {
			t.Errorf("parameters %q, %q", c.Param("p"), c.Param("q"))
		}
		return nil
	}}, sdktest.Options{})
	c := h.Call()
	c.Params = []abi.Field{{Name: "p", Value: "v"}}
	c.Message = sdktest.Message{Fields: []abi.Field{{Name: "X-A", Value: "one"}, {Name: "X-A", Value: long}}, Text: long + long}
	if _, err := c.Invite(); err != nil {
		t.Fatal(err)
	}
	c.Message = nil
	h2 := sdktest.New(t, &module{start: func(c *sdk.Call) error {
		if _, ok := c.Header("X-A"); ok {
			t.Error("a header of no message")
		}
		if _, ok := c.Body(); ok {
			t.Error("a body of no message")
		}
		return nil
	}}, sdktest.Options{})
	c2 := h2.Call()
	c2.Message = nil
	if _, err := c2.Invite(); err != nil {
		t.Fatal(err)
	}
}

// A frame that does not fit gets a larger buffer.
func TestLargeFrame(t *testing.T) {
	h := sdktest.New(t, &module{start: func(c *sdk.Call) error {
		if len(c.From()) != 60_000 || c.Param("p9") != strings.Repeat("p", 4000) {
			t.Errorf("From has %d bytes", len(c.From()))
		}
		c.SetVar("n", "1")
		c.Refuse(480, "")
		return nil
	}}, sdktest.Options{})
	c := h.Call()
	c.Call.From = strings.Repeat("f", 60_000)
	for i := range 10 {
		c.Params = append(c.Params, abi.Field{Name: "p" + string(rune('0'+i)), Value: strings.Repeat("p", 4000)})
	}
	if d, err := c.Invite(); err != nil || d.Code != 480 {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestHandleIsGoodForOneHook(t *testing.T) {
	var kept *sdk.Call
	h := sdktest.New(t, &module{start: func(c *sdk.Call) error { kept = c; return nil }}, sdktest.Options{})
	h.Call().Invite()
	if err := kept.SetVar("a", "1"); !errors.Is(err, wire.CodeCallGone) {
		t.Errorf("SetVar after the hook: %v", err)
	}
	if _, ok := kept.Header("To"); ok {
		t.Error("Header after the hook")
	}
}

func TestSetup(t *testing.T) {
	const config = `{"text": "a\"b", "number": -7, "yes": true, "list": ["a", "b"], "nested": {"x": 1}, "fraction": 1.5}`
	var failed []error
	m := &module{init: func(s *sdk.Setup) error {
		text, err1 := s.Text("text", "")
		number, err2 := s.Int("number", 0)
		yes, err3 := s.Bool("yes", false)
		list, err4 := s.Texts("list")
		if text != `a"b` || number != -7 || !yes || !slices.Equal(list, []string{"a", "b"}) || !s.Has("nested") || s.Has("none") {
			t.Errorf("%q, %d, %v, %q; %v %v %v %v", text, number, yes, list, err1, err2, err3, err4)
		}
		text, _ = s.Text("none", "d")
		number, _ = s.Int("none", 3)
		yes, _ = s.Bool("none", true)
		if text != "d" || number != 3 || !yes {
			t.Errorf("defaults %q, %d, %v", text, number, yes)
		}
		_, e1 := s.Text("number", "")
		_, e2 := s.Int("fraction", 0)
		_, e3 := s.Bool("text", false)
		_, e4 := s.Texts("nested")
		failed = []error{e1, e2, e3, e4}
		if s.Module() != "limits" || s.Node() != "sbc1" || s.Generation() != "1" {
			t.Errorf("module %q, node %q, generation %q", s.Module(), s.Node(), s.Generation())
		}
		return nil
	}}
	sdktest.New(t, m, sdktest.Options{Module: "limits", Config: config})
	for i, err := range failed {
		if err == nil {
			t.Errorf("mistake %d passes", i)
		}
	}
}

func TestRefusesToStart(t *testing.T) {
	m := &module{init: func(s *sdk.Setup) error { return sdk.Error("no limit configured") }}
	if _, err := sdktest.Start(t, m, sdktest.Options{}); err == nil || !strings.Contains(err.Error(), "no limit configured") {
		t.Errorf("error %v, want the module's own words", err)
	}
	if _, err := sdktest.Start(t, &module{}, sdktest.Options{Config: `[1]`}); err == nil {
		t.Error("a configuration that is no object passes")
	}
}

func TestFailingHookIsLogged(t *testing.T) {
	h := sdktest.New(t, &module{connect: func(c *sdk.Call) error {
		c.Log(sdk.LevelInfo, "looking up "+c.Callee())
		return sdk.Error("no answer")
	}}, sdktest.Options{})
	c := h.Call()
	c.Invite()
	if _, err := c.Answer(time.Second); !errors.Is(err, sdktest.ErrHook) {
		t.Errorf("error %v", err)
	}
	want := []sdktest.Log{{sdk.LevelInfo, c.ID, "looking up bob"}, {sdk.LevelError, c.ID, "no answer"}}
	if got := h.Logs(); !slices.Equal(got, want) {
		t.Errorf("logs %v, want %v", got, want)
	}
}

func TestClock(t *testing.T) {
	h := sdktest.New(t, &module{start: func(c *sdk.Call) error {
		if c.Now() != c.StartTime() || c.Monotonic() != sdk.Minute {
			t.Errorf("now %d, start %d, monotonic %d", c.Now(), c.StartTime(), c.Monotonic())
		}
		return nil
	}}, sdktest.Options{})
	h.Advance(time.Minute)
	if _, err := h.Call().Invite(); err != nil {
		t.Fatal(err)
	}
}
