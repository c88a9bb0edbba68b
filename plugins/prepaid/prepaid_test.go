package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/sdk/sdktest"
)

func begin(h *sdktest.Host, account, tariff string) (*sdktest.Call, abi.Decision, error) {
	call := h.Call()
	call.Params = []abi.Field{{Name: "account", Value: account}, {Name: "tariff", Value: tariff}}
	d, err := call.Invite()
	return call, d, err
}

func host(t *testing.T, config string, balance int64) *sdktest.Host {
	h := sdktest.New(t, &module{}, sdktest.Options{Config: config})
	h.Balances["alice"] = balance
	return h
}

// talk lets an answered call last as long as the timers allow, and no longer than d.
// It reports how long that was.
func talk(t *testing.T, h *sdktest.Host, call *sdktest.Call, d time.Duration) time.Duration {
	t.Helper()
	began := h.Now()
	for range 1000 {
		number, at := -1, began.Add(d)
		for n, timer := range call.Timers {
			if !timer.At.After(at) {
				number, at = n, timer.At
			}
		}
		if number < 0 {
			break
		}
		if decision, _, err := call.Fire(number); err != nil {
			t.Fatal(err)
		} else if decision.Refused() {
			if err := call.Hangup("prepaid", 0); err != nil {
				t.Fatal(err)
			}
			return h.Now().Sub(began)
		}
	}
	if err := call.Hangup("a", began.Add(d).Sub(h.Now())); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestCalls(t *testing.T) {
	const unit = micro
	for _, c := range []struct {
		name, tariff string
		balance      int64
		talk         time.Duration
		lasts        time.Duration
		left         int64
	}{
		{"within the first slice", "0.60", 10 * unit, 30 * time.Second, 30 * time.Second, 10*unit - 300_000},
		{"over several slices", "0.60", 10 * unit, 250 * time.Second, 250 * time.Second, 10*unit - 2_500_000},
		{"just a slice", "0.60", 10 * unit, 60 * time.Second, 60 * time.Second, 10*unit - 600_000},
		{"a moment", "0.60", 10 * unit, 10 * time.Millisecond, 10 * time.Millisecond, 10*unit - 10_000},
		{"the last second is not begun", "0.60", 10 * unit, 59*time.Second + 999*time.Millisecond, 59*time.Second + 999*time.Millisecond, 10*unit - 590_000},
		{"until the credit is used up", "0.60", 1_000_000, time.Hour, 100 * time.Second, 0},
		{"less than a slice", "0.60", 100_000, time.Hour, 10 * time.Second, 0},
		{"what is left pays no second more", "0.60", 1_009_999, time.Hour, 100 * time.Second, 9_999},
		{"by the minute", "0.60 60/60", 1_500_000, time.Hour, 120 * time.Second, 300_000},
		{"by the minute, hung up", "0.60 60/60", 1_500_000, 61 * time.Second, 61 * time.Second, 300_000},
		{"an increment longer than a slice", "0.60 300/300", 10 * unit, 301 * time.Second, 301 * time.Second, 4 * unit},
		{"with a fee", "0.60 1/1 0.05", unit, 30 * time.Second, 30 * time.Second, 650_000},
		{"the fee alone", "0 1/1 0.05", unit, time.Hour, time.Hour, 950_000},
		{"for nothing", "0", 0, time.Hour, time.Hour, 0},
	} {
		h := host(t, "", c.balance)
		call, d, err := begin(h, "alice", c.tariff)
		if err != nil || d.Refused() {
			t.Errorf("%s: %+v, %v", c.name, d, err)
			continue
		}
		if _, err := call.Answer(3 * time.Second); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		if lasted := talk(t, h, call, c.talk); lasted != c.lasts {
			t.Errorf("%s: lasted %s, want %s", c.name, lasted, c.lasts)
		}
		if left := h.Balances["alice"]; left != c.left {
			t.Errorf("%s: %d is left, want %d", c.name, left, c.left)
		}
		// Nothing is held back any more: another call may have all there is.
		if c.left >= 10_000 && c.tariff == "0.60" {
			if _, d, err := begin(h, "alice", "0.60"); err != nil || d.Refused() {
				t.Errorf("%s: the next call: %+v, %v", c.name, d, err)
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		name, config, account, tariff string
		code                          int
		reason                        string
	}{
		{"no credit", "", "alice", "0.60 60/60", 402, "Insufficient Credit"},
		{"not even the fee", "", "alice", "0 1/1 1", 402, "Insufficient Credit"},
		{"unknown", "", "bob", "0.60", 500, ""},
		{"unknown, for nothing", "", "bob", "0", 500, ""},
		{"no account", "", "", "0.60", 500, ""},
		{"no tariff", "", "alice", "", 403, "No Tariff"},
		{"in other words", `{"code": 480, "reason": "Later"}`, "alice", "0.60 60/60", 480, "Later"},
		{"unknown, in other words", `{"unknown_code": 404, "unknown_reason": "Who?"}`, "bob", "0.60", 404, "Who?"},
		{"no tariff, in other words", `{"no_tariff_code": 484, "no_tariff_reason": "Where?"}`, "alice", "", 484, "Where?"},
	} {
		h := host(t, c.config, 500_000)
		_, d, err := begin(h, c.account, c.tariff)
		if err != nil || d.Code != c.code || d.Reason != c.reason {
			t.Errorf("%s: %+v, %v", c.name, d, err)
		}
		if _, d, err := begin(h, "alice", "1 30/1"); err != nil || d.Refused() {
			t.Errorf("%s: money is still held back: %+v, %v", c.name, d, err)
		}
	}
	h := host(t, "", 500_000)
	if _, _, err := begin(h, "alice", "cheap"); !errors.Is(err, sdktest.ErrHook) {
		t.Errorf("not a tariff: %v", err)
	}
}

func TestNotAnswered(t *testing.T) {
	h := host(t, "", 600_000)
	call, _, _ := begin(h, "alice", "0.60")
	if _, d, _ := begin(h, "alice", "0.60"); d.Code != 402 {
		t.Errorf("a second call while all is held back: %+v", d)
	}
	if err := call.Cancel(10 * time.Second); err != nil {
		t.Fatal(err)
	}
	if h.Balances["alice"] != 600_000 {
		t.Errorf("%d is left", h.Balances["alice"])
	}
	if _, d, _ := begin(h, "alice", "0.60"); d.Refused() {
		t.Errorf("the next call: %+v", d)
	}
}

// Calls of one account at the same time never cost more than there is.
func TestParallelCalls(t *testing.T) {
	const balance = 3_000_000
	h := host(t, `{"slice": "10s"}`, balance)
	var calls []*sdktest.Call
	for range 5 {
		call, d, err := begin(h, "alice", "0.60")
		if err != nil || d.Refused() {
			t.Fatalf("%+v, %v", d, err)
		}
		if _, err := call.Answer(0); err != nil {
			t.Fatal(err)
		}
		calls = append(calls, call)
	}
	lasted, began := time.Duration(0), h.Now()
	for len(calls) > 0 {
		first, number := 0, -1
		var at time.Time
		for i, call := range calls {
			for n, timer := range call.Timers {
				if number < 0 || timer.At.Before(at) {
					first, number, at = i, n, timer.At
				}
			}
		}
		d, _, err := calls[first].Fire(number)
		if err != nil {
			t.Fatal(err)
		}
		if d.Refused() {
			if err := calls[first].Hangup("prepaid", 0); err != nil {
				t.Fatal(err)
			}
			lasted += h.Now().Sub(began)
			calls = append(calls[:first], calls[first+1:]...)
		}
	}
	if left := h.Balances["alice"]; left != 0 {
		t.Errorf("%d is left", left)
	}
	if lasted != 300*time.Second { // what the balance pays
		t.Errorf("all calls lasted %s", lasted)
	}
}

// While the store is away a call goes on to the end of its slice, and on when the store is
// back by then.
func TestStoreIsAway(t *testing.T) {
	h := host(t, "", 10_000_000)
	h.Fail["sbc_account.reserve"] = abi.CodeTimeout
	if _, _, err := begin(h, "alice", "0.60"); !errors.Is(err, sdktest.ErrHook) {
		t.Errorf("error %v", err)
	}
	delete(h.Fail, "sbc_account.reserve")
	call, _, _ := begin(h, "alice", "0.60")
	call.Answer(0)
	h.Fail["sbc_account.reserve"] = abi.CodeTimeout
	if _, ok, err := call.Fire(timerRenew); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if end := call.Timers[timerEnd].At.Sub(call.Connect); end != time.Minute {
		t.Errorf("the call ends after %s", end)
	}
	delete(h.Fail, "sbc_account.reserve")
	if _, ok, err := call.Fire(timerRenew); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if end := call.Timers[timerEnd].At.Sub(call.Connect); end != 2*time.Minute {
		t.Errorf("the call ends after %s", end)
	}
	h.Fail["sbc_account.commit"] = abi.CodeBusy
	if err := call.Hangup("a", time.Second); err == nil {
		t.Error("nobody hears that the call is not booked")
	}
}

// A slice whose reservation nobody answered may be held back all the same: the end of the
// call cancels it.
func TestNoAnswerToReserve(t *testing.T) {
	for name, c := range map[string]struct {
		cancel abi.Code
		fails  bool
	}{"canceled": {abi.CodeOK, false}, "not canceled": {abi.CodeTimeout, true}} {
		h := host(t, "", 10_000_000)
		call, _, _ := begin(h, "alice", "0.60")
		call.Answer(0)
		h.Fail["sbc_account.reserve"] = abi.CodeTimeout
		if _, ok, err := call.Fire(timerRenew); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if c.cancel != abi.CodeOK {
			h.Fail["sbc_account.cancel"] = c.cancel
		}
		if err := call.Hangup("a", time.Second); (err != nil) != c.fails {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

// A call that ends while the store is away is booked for as long as patience tries.
func TestPatience(t *testing.T) {
	for config, least := range map[string]time.Duration{"": time.Second, `{"patience": "40s"}`: 30 * time.Second} {
		h := host(t, config, 10_000_000)
		call, _, _ := begin(h, "alice", "0.60")
		call.Answer(0)
		h.Fail["sbc_account.commit"] = abi.CodeTimeout
		ended := h.Now().Add(time.Second)
		if err := call.Hangup("a", time.Second); err == nil {
			t.Errorf("%s: nobody hears that the call is not booked", config)
		}
		if took := h.Now().Sub(ended); took < least || took > least+10*time.Second {
			t.Errorf("%s: gave up after %s", config, took)
		}
	}
}

// A store that is there for a moment now and then is enough.
func TestStoreComesAndGoes(t *testing.T) {
	h := host(t, `{"patience": "40s"}`, 10_000_000)
	call, _, _ := begin(h, "alice", "0.60")
	call.Answer(0)
	ended := h.Now().Add(time.Second)
	h.Failing = func(string) abi.Code {
		if at := h.Now().Sub(ended) % (5 * time.Second); at > 1600*time.Millisecond && at < 2900*time.Millisecond {
			return abi.CodeOK
		}
		return abi.CodeTimeout
	}
	if err := call.Hangup("a", time.Second); err != nil {
		t.Errorf("not booked: %v", err)
	}
	if left := h.Balances["alice"]; left != 9_990_000 {
		t.Errorf("%d are left", left)
	}
}

// What the start hook leaves behind ends a call whose connect hook failed.
func TestEndsWithoutConnect(t *testing.T) {
	h := host(t, "", 10_000_000)
	call, _, _ := begin(h, "alice", "0.60")
	if timer := call.Timers[timerEnd]; !timer.End || timer.At.Sub(h.Now()) != time.Minute+5*time.Minute {
		t.Errorf("%+v", timer)
	}
}

func TestConfiguration(t *testing.T) {
	for config, want := range map[string]string{
		`{"slice": "1ms"}`:       "slice is not a duration from 1s to 1h: 1ms",
		`{"slice": "2h"}`:        "slice is not a duration from 1s to 1h: 2h",
		`{"patience": "2h"}`:     "patience is not a duration up to 1h: 2h",
		`{"code": 200}`:          "code is not a status from 300 to 699",
		`{"unknown_code": 0}`:    "unknown_code is not a status",
		`{"no_tariff_code": 99}`: "no_tariff_code is not a status",
		`{"unknown_reason": 5}`:  "unknown_reason is not a string",
	} {
		if _, err := sdktest.Start(t, &module{}, sdktest.Options{Config: config}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", config, err, want)
		}
	}
}
