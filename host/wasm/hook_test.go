package wasm

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
)

func TestDecisions(t *testing.T) {
	w := newWorld(t, goModule(t))
	d, err := w.start(t, call("pass"))
	if err != nil || d.Refused() || len(d.Set) > 0 {
		t.Errorf("pass: %+v, %v", d, err)
	}
	d, err = w.start(t, call("refuse"))
	if err != nil || d.Code != 603 || d.Reason != "Declined" || len(d.Headers) != 1 || d.Headers[0] != (abi.Field{Name: "X-Why", Value: "blacklist"}) {
		t.Errorf("refuse: %+v, %v", d, err)
	}
	d, err = w.start(t, call("set"))
	if err != nil || len(d.Set) != 2 || d.Set[0].Value != "sip:carol@example.org" || d.MaxDuration != time.Hour {
		t.Errorf("set: %+v, %v", d, err)
	}
}

func TestVariablesAndStateStayWithTheCall(t *testing.T) {
	w := newWorld(t, goModule(t))
	c := call("vars")
	for range 3 {
		if _, err := w.start(t, c); err != nil {
			t.Fatal(err)
		}
	}
	if v, _ := c.Vars.Get("seen"); v != "+++" || string(c.State) != "sss" {
		t.Errorf("variable %q, state %q", v, c.State)
	}
}

func TestPull(t *testing.T) {
	w := newWorld(t, goModule(t))
	c := call("pull")
	if _, err := w.start(t, c); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"first": "one", "second": "two", "third": "-1", "body": "v=0\r\n", "source": "192.0.2.1:5060",
		"short": "-986", "nothing": "-9",
	} {
		if name == "body" {
			continue // a variable takes no line breaks
		}
		if v, _ := c.Vars.Get(name); v != want {
			t.Errorf("%s = %q, want %q", name, v, want)
		}
	}
	c = call("pull")
	c.Message = message{"no line break"}
	if _, err := w.start(t, c); err != nil {
		t.Fatal(err)
	}
	if v, _ := c.Vars.Get("body"); v != "no line break" {
		t.Errorf("body = %q", v)
	}
}

func TestRecords(t *testing.T) {
	w := newWorld(t, goModule(t))
	m, err := w.Acquire("judge", "1")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Release()
	c := call("x")
	c.Result = &abi.End{Disposition: abi.Answered, Code: 200, Modules: []string{"judge"}}
	if err := m.End(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if len(w.records.lines) != 1 || w.records.lines[0] != `{"call_id_a":"a84b4c76e66710@192.0.2.1"}` {
		t.Errorf("records: %q", w.records.lines)
	}
	c.Callee = "badrecord"
	if err := m.End(t.Context(), c); !errors.Is(err, ErrCode) || !strings.Contains(err.Error(), "INVALID") {
		t.Errorf("record of two lines: %v", err)
	}
	c.Callee, w.records.err = "x", errors.New("disk full")
	if err := m.End(t.Context(), c); !errors.Is(err, ErrCode) || !strings.Contains(err.Error(), "BUSY") {
		t.Errorf("full disk: %v", err)
	}
	if st := w.Modules()[0].Stats; st.Lost != 1 || st.Codes != 2 || st.Traps != 0 {
		t.Errorf("stats: %+v", st)
	}
}

func TestHookNobodyWants(t *testing.T) {
	mc := goModule(t)
	mc.Source = write(t, embed(t, goGuest()(t), hooks("end")))
	w := newWorld(t, mc)
	if _, err := w.start(t, call("loop")); err != nil {
		t.Errorf("a hook that is not subscribed to ran: %v", err)
	}
	if got := w.Modules()[0]; got.Events != abi.Bit(abi.EventEnd) || got.Stats.Hooks != 0 {
		t.Errorf("status: %+v", got)
	}
}

func TestLargeFrameGetsALargerBuffer(t *testing.T) {
	w := newWorld(t, goModule(t))
	c := call("refuse")
	c.From = strings.Repeat("x", 100<<10)
	if d, err := w.start(t, c); err != nil || d.Code != 603 {
		t.Errorf("frame of 100 KiB: %+v, %v", d, err)
	}
	c.From = strings.Repeat("x", 300<<10)
	var e *HookError
	if _, err := w.start(t, c); !errors.As(err, &e) || !errors.Is(err, ErrFrame) {
		t.Errorf("frame of 300 KiB: %v", err)
	}
	if d, err := w.start(t, call("refuse")); err != nil || d.Code != 603 {
		t.Errorf("after it: %+v, %v", d, err)
	}
	if st := w.Modules()[0].Stats; st.Traps+st.Garbage != 0 {
		t.Errorf("stats: %+v", st)
	}
}

func TestWhatAGuestPrints(t *testing.T) {
	w := newWorld(t, goModule(t))
	if _, err := w.start(t, call("print")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`text="hello from judge"`, `text="two words"`, "call=call-print", "hook=start", "module=judge", "use=judge"} {
		if !strings.Contains(w.log.String(), want) {
			t.Errorf("no %s in\n%s", want, w.log)
		}
	}
}

func TestNapsAreShort(t *testing.T) {
	mc := goModule(t)
	mc.Limits.CPU = time.Second // of a machine that has other things to do
	w := newWorld(t, mc)
	if _, err := w.start(t, call("nap")); err != nil {
		t.Errorf("200 µs of sleep: %v", err)
	}
	if _, err := w.start(t, call("gc")); err != nil {
		t.Errorf("a collection in the guest: %v", err)
	}
}
