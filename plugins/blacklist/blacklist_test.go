package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/sdk"
	"github.com/sallyport-sbc/sallyport/sdk/sdktest"
)

func begin(h *sdktest.Host, params ...string) (abi.Decision, error) {
	call := h.Call()
	for i := 0; i < len(params); i += 2 {
		call.Params = append(call.Params, abi.Field{Name: params[i], Value: params[i+1]})
	}
	return call.Invite()
}

func TestLists(t *testing.T) {
	h := sdktest.New(t, &module{}, sdktest.Options{Config: `{"exact": ["mallory", "192.0.2.66"], "prefixes": ["+900", "+4", "+9001"], "reason": "No"}`})
	for _, c := range []struct {
		from, to string
		code     int
	}{
		{"alice", "bob", 0},
		{"mallory", "bob", 403},
		{"Mallory", "bob", 0},
		{"mallory2", "bob", 0},
		{"alice", "192.0.2.66", 403},
		{"alice", "+90055", 403},
		{"alice", "+900", 403},
		{"alice", "+90", 0},
		{"+4", "bob", 403},
		{"", "", 0},
		{"\xff\x00", "\n", 0},
	} {
		d, err := begin(h, "from", c.from, "to", c.to)
		if err != nil || d.Code != c.code || c.code != 0 && d.Reason != "No" {
			t.Errorf("%q to %q: %+v, %v, want %d", c.from, c.to, d, err, c.code)
		}
	}
}

// Entries of the store are hit while they are members and their keys are there.
func TestStore(t *testing.T) {
	h := sdktest.New(t, &module{}, sdktest.Options{Config: `{"exact": ["mallory"]}`})
	h.Sets[exactSet] = []string{"trudy", "was", "+1"}
	h.Sets[prefixesSet] = []string{"+4", "+49", "+4930", "+1"}
	for _, key := range []string{"exact/trudy", "prefixes/+4", "prefixes/+4930", "exact/nobody", "prefixes/+33"} {
		h.Values[key] = "{}"
	}
	for _, c := range []struct {
		from, to string
		code     int
	}{
		{"alice", "bob", 0},
		{"mallory", "bob", 403},
		{"trudy", "bob", 403},
		{"trudy2", "bob", 0},
		{"alice", "trudy", 403},
		{"was", "bob", 0},    // expired
		{"nobody", "bob", 0}, // no member
		{"alice", "+4930123", 403},
		{"alice", "+4940", 403}, // +49 has expired, +4 has not
		{"alice", "+4", 403},
		{"alice", "+33", 0},
		{"alice", "+15550100", 0}, // all its prefixes have expired
		{"\xff\x00" + strings.Repeat("x", 300), "\n", 0},
	} {
		d, err := begin(h, "from", c.from, "to", c.to, "arg_1", "trudy")
		if err != nil || d.Code != c.code {
			t.Errorf("%.20q to %q: %+v, %v, want %d", c.from, c.to, d, err, c.code)
		}
	}
}

func TestStoreIsAway(t *testing.T) {
	for _, f := range []string{"sbc_kv.set_has", "sbc_kv.set_match", "sbc_kv.get"} {
		h := sdktest.New(t, &module{}, sdktest.Options{Config: `{"exact": ["mallory"]}`})
		h.Sets[exactSet] = []string{"trudy"}
		h.Fail[f] = abi.CodeTimeout
		if _, err := begin(h, "from", "trudy"); !errors.Is(err, sdktest.ErrHook) {
			t.Errorf("%s: error %v", f, err)
		}
		if d, err := begin(h, "from", "mallory"); err != nil || d.Code != 403 {
			t.Errorf("%s, on the list of the configuration: %+v, %v", f, d, err)
		}
	}
	h := sdktest.New(t, &module{}, sdktest.Options{})
	h.Fail["sbc_kv.set_has"] = abi.CodeUnsupported
	if d, err := begin(h, "from", "trudy"); err != nil || d.Code != 0 {
		t.Errorf("without a store: %+v, %v", d, err)
	}
	h.Fail["sbc_kv.set_has"] = abi.CodeInvalid
	if d, err := begin(h, "from", "trudy"); err != nil || d.Code != 0 {
		t.Errorf("a value that no set has: %+v, %v", d, err)
	}
}

// Requests outside of calls are looked at when the configuration says so.
func TestRequests(t *testing.T) {
	for config, want := range map[string]int{`{"exact": ["mallory"]}`: 0, `{"exact": ["mallory"], "requests": true}`: 403} {
		h := sdktest.New(t, &module{}, sdktest.Options{Config: config})
		for _, method := range []string{"REGISTER", "OPTIONS"} {
			for from, code := range map[string]int{"mallory": want, "alice": 0} {
				call := h.Call()
				call.Params = []abi.Field{{Name: "caller", Value: from}}
				if d, err := call.Request(method); err != nil || d.Code != code {
					t.Errorf("%s: %s of %s: %+v, %v, want %d", config, method, from, d, err, code)
				}
			}
		}
		if d, err := begin(h, "caller", "mallory"); err != nil || d.Code != 403 {
			t.Errorf("%s: a call: %+v, %v", config, d, err)
		}
	}
}

func TestRedis(t *testing.T) {
	for _, c := range []struct {
		name  string
		value sdk.Value
		code  int
		fails bool
	}{
		{"nil", sdk.Value{}, 0, false},
		{"zero", sdk.Value{Kind: sdk.RedisNumber}, 0, false},
		{"one", sdk.Value{Kind: sdk.RedisNumber, Number: 1}, 403, false},
		{"less than zero", sdk.Value{Kind: sdk.RedisNumber, Number: -1}, 403, false},
		{"a text", sdk.Value{Kind: sdk.RedisText, Text: "x"}, 403, false},
		{"an empty text", sdk.Value{Kind: sdk.RedisText}, 403, false},
		{"an empty list", sdk.Value{Kind: sdk.RedisList}, 0, false},
		{"a list of nothing", sdk.Value{Kind: sdk.RedisList, List: []string{"0", ""}}, 0, false},
		{"a list", sdk.Value{Kind: sdk.RedisList, List: []string{"0", "x"}}, 403, false},
		{"an error", sdk.Value{Kind: sdk.RedisError, Text: "ERR\r\n"}, 0, true},
	} {
		h := sdktest.New(t, &module{}, sdktest.Options{})
		var asked []string
		h.Redis = func(args ...string) (sdk.Value, abi.Code) {
			asked = args
			return c.value, abi.CodeOK
		}
		d, err := begin(h, "arg_0", "SISMEMBER", "arg_1", "blacklist", "arg_2", "alice bob\r\nDEL x", "arg_4", "y")
		if d.Code != c.code || errors.Is(err, sdktest.ErrHook) != c.fails {
			t.Errorf("%s: %+v, %v", c.name, d, err)
		}
		if want := []string{"SISMEMBER", "blacklist", "alice bob\r\nDEL x"}; fmt.Sprintf("%q", asked) != fmt.Sprintf("%q", want) {
			t.Errorf("%s: asked %q", c.name, asked)
		}
	}
}

func TestManyArguments(t *testing.T) {
	h := sdktest.New(t, &module{}, sdktest.Options{})
	n := 0
	h.Redis = func(args ...string) (sdk.Value, abi.Code) { n = len(args); return sdk.Value{}, abi.CodeOK }
	var params []string
	for i := range 25 {
		params = append(params, fmt.Sprintf("arg_%d", i), "x")
	}
	if _, err := begin(h, params...); err != nil || n != maxArguments {
		t.Errorf("%d arguments, %v", n, err)
	}
}

func TestRedisIsAway(t *testing.T) {
	h := sdktest.New(t, &module{}, sdktest.Options{Config: `{"exact": ["mallory"]}`})
	h.Fail["sbc_redis.cmd"] = abi.CodeTimeout
	if _, err := begin(h, "arg_0", "GET", "arg_1", "x"); !errors.Is(err, sdktest.ErrHook) {
		t.Errorf("error %v", err)
	}
	if d, err := begin(h, "from", "mallory", "arg_0", "GET", "arg_1", "x"); err != nil || d.Code != 403 {
		t.Errorf("on the list: %+v, %v", d, err)
	}
}

func TestActions(t *testing.T) {
	h := sdktest.New(t, &module{}, sdktest.Options{Config: `{"exact": ["mallory"], "action": "drop"}`})
	if d, err := begin(h, "from", "mallory"); err != nil || !d.Drop {
		t.Errorf("drop: %+v, %v", d, err)
	}
	h = sdktest.New(t, &module{}, sdktest.Options{Config: `{"exact": ["mallory"], "code": 603, "reason": "Never"}`})
	if d, err := begin(h, "from", "mallory"); err != nil || d.Code != 603 || d.Reason != "Never" {
		t.Errorf("603: %+v, %v", d, err)
	}
}

func TestConfiguration(t *testing.T) {
	for config, want := range map[string]string{
		`{"exact": [""]}`:      "exact: an empty item would hit what is not known",
		`{"prefixes": "x"}`:    "prefixes is not an array of strings",
		`{"action": "answer"}`: "action is neither refuse nor drop: answer",
		`{"requests": "yes"}`:  "requests is neither true nor false",
		`{"code": 200}`:        "code is not a status from 300 to 699",
	} {
		if _, err := sdktest.Start(t, &module{}, sdktest.Options{Config: config}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", config, err, want)
		}
	}
}
