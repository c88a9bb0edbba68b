package main

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/sdk/sdktest"
)

// begin begins a call with these parameters, name and value in turn.
func begin(h *sdktest.Host, params ...string) (abi.Decision, error) {
	call := h.Call()
	for i := 0; i < len(params); i += 2 {
		call.Params = append(call.Params, abi.Field{Name: params[i], Value: params[i+1]})
	}
	return call.Invite()
}

func TestRate(t *testing.T) {
	h := sdktest.New(t, &module{}, sdktest.Options{})
	try := func(key string, want int, retry string) {
		t.Helper()
		d, err := begin(h, "key", key, "rate", "0.5", "burst", "2")
		if err != nil || d.Code != want {
			t.Fatalf("%s: %+v, %v, want %d", key, d, err, want)
		}
		if want != 0 && (len(d.Headers) != 1 || d.Headers[0] != (abi.Field{Name: "Retry-After", Value: retry})) {
			t.Errorf("headers %v, want Retry-After: %s", d.Headers, retry)
		}
	}
	try("a", 0, "")
	try("a", 0, "")
	try("a", 503, "2")
	try("b", 0, "")
	h.Advance(900 * time.Millisecond)
	try("a", 503, "2")
	h.Advance(200 * time.Millisecond)
	try("a", 503, "1")
	h.Advance(time.Second)
	try("a", 0, "")
	try("a", 503, "2")
}

func TestParameters(t *testing.T) {
	for _, c := range []struct {
		name   string
		params []string
		code   int
		fails  bool
	}{
		{"nothing to limit", []string{"key", "", "rate", "x"}, 0, false},
		{"none at all", []string{"key", "a", "rate", "0"}, 429, false},
		{"an hour", []string{"key", "a", "rate", "100/h"}, 0, false},
		{"no rate", []string{"key", "a"}, 0, true},
		{"not a rate", []string{"key", "a", "rate", "many"}, 0, true},
		{"a negative rate", []string{"key", "a", "rate", "-1"}, 0, true},
		{"another unit", []string{"key", "a", "rate", "1/d"}, 0, true},
		{"no burst", []string{"key", "a", "rate", "1", "burst", "0"}, 0, true},
		{"half a burst", []string{"key", "a", "rate", "1", "burst", "1.5"}, 0, true},
	} {
		h := sdktest.New(t, &module{}, sdktest.Options{Config: `{"code": 429, "reason": "Slowly"}`})
		d, err := begin(h, c.params...)
		if (err != nil) != c.fails || d.Code != c.code || c.code != 0 && d.Reason != "Slowly" {
			t.Errorf("%s: %+v, %v", c.name, d, err)
		}
	}
}

func TestStoreIsAway(t *testing.T) {
	h := sdktest.New(t, &module{}, sdktest.Options{})
	h.Fail["sbc_limit.take"] = abi.CodeTimeout
	if _, err := begin(h, "key", "a", "rate", "1"); !errors.Is(err, sdktest.ErrHook) {
		t.Errorf("error %v", err)
	}
}

func TestPerSecond(t *testing.T) {
	for text, want := range map[string]int64{
		"10": 10_000, "0.5": 500, "0.005": 5, "1.25": 1250, "3/s": 3000, "30/m": 500, "100/h": 28, "1/h": 1, "0.001/h": 1, "0/h": 0, "999999": 999_999_000,
	} {
		if got, ok := perSecond(text); !ok || got != want {
			t.Errorf("perSecond(%q) = %d, %v, want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "/m", "1/", "1/m/m", ".5", "1.", "1.0005", "1000000", "1e3", "\xff"} {
		if got, ok := perSecond(text); ok {
			t.Errorf("perSecond(%q) = %d", text, got)
		}
	}
}

func TestConfiguration(t *testing.T) {
	for config, want := range map[string]string{
		`{"code": 200}`:   "code is not a status from 300 to 699",
		`{"code": "503"}`: "code is not a whole number",
		`{"reason": 1}`:   "reason is not a string",
	} {
		if _, err := sdktest.Start(t, &module{}, sdktest.Options{Config: config}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", config, err, want)
		}
	}
}

// Requests outside of calls count only when the configuration says so, and then may be dropped.
func TestRequests(t *testing.T) {
	for _, c := range []struct {
		config        string
		calls, others int // what the second one gets; -1 = no answer
		fails         bool
	}{
		{`{}`, 503, 0, false},
		{`{"requests": true}`, 503, 503, false},
		{`{"requests": true, "calls": false, "drop": true}`, 0, -1, false},
		{`{"calls": false}`, 0, 0, true},
		{`{"requests": "yes"}`, 0, 0, true},
		{`{"drop": 1}`, 0, 0, true},
		{`{"calls": 1}`, 0, 0, true},
	} {
		m := &module{}
		h, err := sdktest.Start(t, m, sdktest.Options{Config: c.config})
		if (err != nil) != c.fails {
			t.Errorf("%s: %v", c.config, err)
		}
		if err != nil {
			continue
		}
		for _, method := range []string{"INVITE", "REGISTER", "OPTIONS"} {
			for i := range 2 {
				call := h.Call()
				call.Params = []abi.Field{{Name: "key", Value: method}, {Name: "rate", Value: "0.1"}}
				ask := call.Invite
				if method != "INVITE" {
					ask = func() (abi.Decision, error) { return call.Request(method) }
				}
				d, err := ask()
				got := d.Code
				if d.Drop {
					got = -1
				}
				want := 0 // the first always passes
				switch {
				case i > 0 && method == "INVITE":
					want = c.calls
				case i > 0:
					want = c.others
				}
				if err != nil || got != want {
					t.Errorf("%s: %s number %d: got %d, %v, want %d", c.config, method, i+1, got, err, want)
				}
			}
		}
	}
}
