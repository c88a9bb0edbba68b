package sdktest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/sdk"
	"github.com/sallyport-sbc/sallyport/sdk/sdktest"
)

// hook runs f as the start hook of a call.
func hook(t *testing.T, prepare func(*sdktest.Host), f func(c *sdk.Call)) (*sdktest.Host, *sdktest.Call) {
	t.Helper()
	h := sdktest.New(t, &module{start: func(c *sdk.Call) error { f(c); return nil }}, sdktest.Options{})
	if prepare != nil {
		prepare(h)
	}
	c := h.Call()
	if _, err := c.Invite(); err != nil {
		t.Fatal(err)
	}
	return h, c
}

func TestValues(t *testing.T) {
	h, _ := hook(t, nil, func(c *sdk.Call) {
		kv := c.KV()
		if _, err := kv.Get("a"); err != sdk.ErrNotFound {
			t.Errorf("Get of nothing: %v", err)
		}
		long := strings.Repeat("x", 20_000)
		if err := kv.Set("a", []byte(long), sdk.Second); err != nil {
			t.Error(err)
		}
		if b, err := kv.Get("a"); err != nil || string(b) != long {
			t.Errorf("Get: %d bytes, %v", len(b), err)
		}
		if n, err := kv.Add("n", -3, 0); err != nil || n != -3 {
			t.Errorf("Add: %d, %v", n, err)
		}
		if _, err := kv.AddWithin("n", 5, -5, 1, 0); err != sdk.ErrConflict {
			t.Errorf("AddWithin: %v", err)
		}
		if n, err := kv.SetAdd("s", "+49", "+4930", "+49"); err != nil || n != 2 {
			t.Errorf("SetAdd: %d, %v", n, err)
		}
		if m, err := kv.SetMatch("s", "+49301"); err != nil || m != "+4930" {
			t.Errorf("SetMatch: %q, %v", m, err)
		}
		if ok, err := kv.SetHas("s", "+48"); err != nil || ok {
			t.Errorf("SetHas: %v, %v", ok, err)
		}
		if n, err := kv.SetDelete("s", "+49", "+48"); err != nil || n != 1 {
			t.Errorf("SetDelete: %d, %v", n, err)
		}
		if err := c.Sleep(sdk.Second); err != nil {
			t.Error(err)
		}
		if _, err := kv.Get("a"); err != sdk.ErrNotFound {
			t.Errorf("Get after its time: %v", err)
		}
	})
	if h.Values["n"] != "-3" || !slices.Equal(h.Sets["s"], []string{"+4930"}) {
		t.Errorf("kept %v, %v", h.Values, h.Sets)
	}
}

func TestLimitsAndMoney(t *testing.T) {
	hook(t, func(h *sdktest.Host) { h.Leases["other"] = map[string]int64{"user": 1} }, func(c *sdk.Call) {
		l := c.Limits()
		for range 2 { // the same lease counts once
			if denied, err := l.Acquire(sdk.AwayFail, sdk.Limit{Key: "user", Max: 2}); err != nil || denied != "" {
				t.Errorf("Acquire: %q, %v", denied, err)
			}
		}
		if denied, err := l.AcquireAs("x", sdk.AwayFail, sdk.Limit{Key: "user", Max: 2}); err != nil || denied != "user" {
			t.Errorf("Acquire of what is full: %q, %v", denied, err)
		}
		if err := l.Release(); err != nil {
			t.Error(err)
		}
		if after, err := l.Take("r", 500, 1, 1); err != nil || after != 0 {
			t.Errorf("Take: %d, %v", after, err)
		}
		if after, err := l.Take("r", 500, 1, 1); err != nil || after != 2*sdk.Second {
			t.Errorf("Take: %d, %v, want 2 s", after, err)
		}
		a := c.Account("alice")
		if _, err := a.Balance(); err != sdk.ErrNotFound {
			t.Errorf("Balance: %v", err)
		}
		for range 2 {
			if v, err := a.Deposit("1", 100); err != nil || v != 100 {
				t.Errorf("Deposit: %d, %v", v, err)
			}
		}
		for range 2 {
			if v, err := a.Reserve(1, 60, 0); err != nil || v != 60 {
				t.Errorf("Reserve: %d, %v", v, err)
			}
		}
		if v, err := a.Reserve(2, 60, 0); err != nil || v != 40 {
			t.Errorf("Reserve of the rest: %d, %v", v, err)
		}
		if v, err := a.Commit(1, 10); err != nil || v != 50 {
			t.Errorf("Commit: %d, %v", v, err)
		}
		if err := a.Cancel(2); err != nil {
			t.Error(err)
		}
		if v, err := a.Balance(); err != nil || v != 90 {
			t.Errorf("Balance: %d, %v", v, err)
		}
		if _, err := a.Reserve(1, 5, 0); err != sdk.ErrConflict {
			t.Errorf("Reserve of what is settled: %v", err)
		}
	})
}

func TestWebAndRedis(t *testing.T) {
	hook(t, func(h *sdktest.Host) {
		h.HTTP = func(method, url string, headers []abi.Field, body []byte) (int, string, abi.Code) {
			return 201, method + " " + url + " " + headers[0].Value + " " + string(body), abi.CodeOK
		}
		h.Redis = func(args ...string) (sdk.Value, abi.Code) {
			return sdk.Value{Kind: sdk.RedisList, List: args}, abi.CodeOK
		}
		h.Fail["sbc_kv.get"] = abi.CodeTimeout
	}, func(c *sdk.Call) {
		res, err := c.HTTP().Post("http://x/", "text/plain", []byte("hello"))
		if err != nil || res.Status != 201 || string(res.Body) != "POST http://x/ text/plain hello" {
			t.Errorf("Post: %+v, %v", res, err)
		}
		v, err := c.Redis("SMEMBERS", "s")
		if err != nil || !slices.Equal(v.List, []string{"SMEMBERS", "s"}) {
			t.Errorf("Redis: %+v, %v", v, err)
		}
		if _, err := c.KV().Get("x"); err != sdk.ErrTimeout {
			t.Errorf("a failure that was asked for: %v", err)
		}
	})
	hook(t, nil, func(c *sdk.Call) {
		if _, err := c.HTTP().Get("http://x/"); err != sdk.ErrDenied {
			t.Errorf("Get without a server: %v", err)
		}
	})
}

// eventful has hooks for events between start and end.
type eventful struct {
	sdk.Base
	calls sdk.Metric
}

func (m *eventful) Init(s *sdk.Setup) (err error) {
	m.calls, err = s.Gauge("calls")
	return err
}

func (m *eventful) Start(c *sdk.Call) error {
	m.calls.Add(1)
	if v, ok := c.Lookup("numbers", "bob"); !ok || v != "123" {
		return sdk.Error("no number")
	}
	if err := c.SetTimer(16, sdk.Second); err != sdk.ErrInvalid {
		return sdk.Error("timer 16")
	}
	return errors.Join(c.SetTimer(1, sdk.Minute), c.EndAfter(2, sdk.Hour), c.SetTimer(3, sdk.Hour), c.ClearTimer(3))
}

func (*eventful) Reject(c *sdk.Call) error {
	c.Try(c.Target()+"2", "sip:c@example.net")
	return nil
}

func (*eventful) Timer(c *sdk.Call) error {
	return errors.Join(c.Hangup("other", 603, "Enough"), c.Rearm("", sdk.Hour))
}

func (*eventful) DTMF(c *sdk.Call) error {
	if c.Detail() == "#" && c.Side() == "b" && c.Duration() >= sdk.Second {
		c.Refuse(603, "Long hash")
	}
	return nil
}

func (*eventful) StateVersion() uint32 { return 2 }

func (*eventful) Migrate(uint32, []byte) ([]byte, error) { return nil, nil }

func TestEvents(t *testing.T) {
	h, err := sdktest.Start(t, &eventful{}, sdktest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	h.Maps["numbers"] = map[string]string{"bob": "123"}
	c := h.Call()
	if _, err := c.Invite(); err != nil {
		t.Fatal(err)
	}
	if len(c.Timers) != 2 || !c.Timers[2].End || h.Metrics["calls"] != 1 {
		t.Errorf("timers %v, metrics %v", c.Timers, h.Metrics)
	}
	d, err := c.Refused("sip:b@example.net", 486, "Busy Here", time.Second)
	if err != nil || d.Fork || !slices.Equal(d.Targets, []string{"sip:b@example.net2", "sip:c@example.net"}) {
		t.Errorf("reject: %+v, %v", d, err)
	}
	for held, want := range map[time.Duration]int{80 * time.Millisecond: 0, time.Second: 603} {
		if d, err := c.Dial("b", "#", held, time.Second); err != nil || d.Code != want {
			t.Errorf("a hash of %v: %+v, %v", held, d, err)
		}
	}
	began := h.Now()
	if _, ok, err := c.Fire(1); !ok || err != nil || h.Now().Sub(began) != 57*time.Second {
		t.Errorf("timer: %v, %v after %v", ok, err, h.Now().Sub(began))
	}
	if h.Hangups["other"] != "603 Enough" || h.Rearmed[c.ID] != time.Hour {
		t.Errorf("calls were told %v, %v", h.Hangups, h.Rearmed)
	}
	if d, ok, _ := c.Fire(2); !ok || d.Code != 408 {
		t.Errorf("a timer that ends the call: %+v, %v", d, ok)
	}
	if _, ok, _ := c.Fire(2); ok {
		t.Error("a timer fires twice")
	}
}
