package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/sdk/sdktest"
)

func begin(h *sdktest.Host, params ...string) (*sdktest.Call, abi.Decision, error) {
	call := h.Call()
	for i := 0; i < len(params); i += 2 {
		call.Params = append(call.Params, abi.Field{Name: params[i], Value: params[i+1]})
	}
	d, err := call.Invite()
	return call, d, err
}

func TestSeveralLimits(t *testing.T) {
	h := sdktest.New(t, &module{}, sdktest.Options{Module: "limits"})
	try := func(user, trunk string, want int) *sdktest.Call {
		t.Helper()
		call, d, err := begin(h, "user", user, "max_user", "2", "trunk", trunk, "max_trunk", "3")
		if err != nil || d.Code != want {
			t.Fatalf("%s on %s: %+v, %v, want %d", user, trunk, d, err, want)
		}
		if want != 0 && d.Reason != "Too Many Simultaneous Calls" {
			t.Errorf("reason %q", d.Reason)
		}
		return call
	}
	first := try("alice", "t1", 0)
	try("alice", "t1", 0)
	try("alice", "t1", 402)
	try("alice", "t2", 402) // full for alice: t2 counts nothing
	try("bob", "t1", 0)
	try("carol", "t1", 402) // full for t1: carol counts nothing
	try("carol", "t2", 0)
	delete(h.Leases, first.ID+"/limits") // as the host does when the call is over
	try("alice", "t1", 0)
	if n := len(h.Leases); n != 4 {
		t.Errorf("%d leases: %v", n, h.Leases)
	}
	if l := h.Leases["call-5/limits"]; fmt.Sprint(l) != "map[limits/trunk/t1:1 limits/user/bob:1]" {
		t.Errorf("bob's lease counts against %v", l)
	}
}

func TestCeilings(t *testing.T) {
	for _, c := range []struct {
		name   string
		params []string
		code   int
		fails  bool
	}{
		{"one by default", []string{"user", "a"}, 0, false},
		{"none", []string{"user", "a", "max", "0"}, 486, false},
		{"its own before the common one", []string{"user", "a", "max", "0", "max_user", "1"}, 0, false},
		{"no limit", []string{"max", "0", "max_user", "x"}, 0, false},
		{"no key", []string{"user", ""}, 0, true},
		{"not a number", []string{"user", "a", "max_user", "two"}, 0, true},
		{"nothing", []string{"user", "a", "max_user", ""}, 0, true},
		{"negative", []string{"user", "a", "max", "-1"}, 0, true},
		{"too large", []string{"user", "a", "max", "1000000000"}, 0, true},
		{"a hostile key", []string{"user", "\x00\xff\n", "max", "0"}, 486, false},
	} {
		h := sdktest.New(t, &module{}, sdktest.Options{Config: `{"code": 486, "reason": "Full"}`})
		_, d, err := begin(h, c.params...)
		if (err != nil) != c.fails || d.Code != c.code || c.code != 0 && d.Reason != "Full" {
			t.Errorf("%s: %+v, %v", c.name, d, err)
		}
	}
	var many []string
	for i := range 17 {
		many = append(many, fmt.Sprintf("k%d", i), "v")
	}
	h := sdktest.New(t, &module{}, sdktest.Options{})
	if _, _, err := begin(h, many...); err == nil {
		t.Error("17 limits were taken")
	}
}

func TestStoreIsAway(t *testing.T) {
	h := sdktest.New(t, &module{}, sdktest.Options{})
	h.Fail["sbc_limit.acquire"] = abi.CodeIO
	if _, _, err := begin(h, "user", "a"); !errors.Is(err, sdktest.ErrHook) {
		t.Errorf("error %v", err)
	}
}

func TestConfiguration(t *testing.T) {
	for config, want := range map[string]string{
		`{"code": 200}`:   "code is not a status from 300 to 699",
		`{"away": "run"}`: "away is none of refuse, pass and share: run",
		`{"reason": 1}`:   "reason is not a string",
	} {
		if _, err := sdktest.Start(t, &module{}, sdktest.Options{Config: config}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", config, err, want)
		}
	}
	for _, away := range []string{"refuse", "pass", "share"} {
		sdktest.New(t, &module{}, sdktest.Options{Config: `{"away": "` + away + `"}`})
	}
}
