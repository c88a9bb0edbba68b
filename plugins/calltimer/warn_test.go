package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/sdk/sdktest"
)

func TestWarning(t *testing.T) {
	for _, c := range []struct {
		name, timer, warn string
		after             time.Duration // of the warning; 0 = none
	}{
		{"before the end", "90", "30s", time.Minute},
		{"by default", "", "1m", 9 * time.Minute},
		{"not wanted", "90", "", 0},
		{"none", "90", "0", 0},
		{"nonsense", "90", "soon", 0},
		{"too late for one", "30", "30", 0},
	} {
		h := sdktest.New(t, &module{}, sdktest.Options{Module: "limit", Config: `{"default": "10m"}`})
		call := h.Call()
		call.Params = []abi.Field{{Name: "timer", Value: c.timer}, {Name: "warn", Value: c.warn}}
		if _, err := call.Invite(); err != nil {
			t.Fatal(err)
		}
		if _, err := call.Answer(time.Second); err != nil {
			t.Fatal(err)
		}
		_, fired, err := call.Fire(timerWarn)
		if err != nil || fired != (c.after > 0) || fired && h.Now().Sub(call.Connect) != c.after {
			t.Errorf("%s: warned %v after %s, %v", c.name, fired, h.Now().Sub(call.Connect), err)
		}
		warned, _ := call.Vars.Get("limit.warned")
		if (warned == "yes") != fired || (h.Metrics["warnings"] == 1) != fired || len(h.Logs()) == 1 != fired {
			t.Errorf("%s: variable %q, metric %d, log %v", c.name, warned, h.Metrics["warnings"], h.Logs())
		}
	}
}

// begin starts and answers a call with these parameters, in pairs.
func begin(t *testing.T, h *sdktest.Host, params ...string) (*sdktest.Call, abi.Decision) {
	t.Helper()
	call := h.Call()
	for i := 0; i < len(params); i += 2 {
		call.Params = append(call.Params, abi.Field{Name: params[i], Value: params[i+1]})
	}
	d, err := call.Invite()
	if err != nil {
		t.Fatal(err, h.Logs())
	}
	if _, err := call.Answer(time.Second); err != nil {
		t.Fatal(err)
	}
	return call, d
}

func TestWarningByInfo(t *testing.T) {
	for name, c := range map[string]struct {
		params []string
		want   string
	}{
		"to the caller":        {nil, "a text/plain The call ends in 30 seconds."},
		"to the callee":        {[]string{"warn_leg", "b", "info_body", "bye soon"}, "b text/plain bye soon"},
		"to both":              {[]string{"warn_leg", "both", "info_type", "application/x", "info_body", "{}"}, "a application/x {}, b application/x {}"},
		"a type that is none":  {[]string{"info_type", "x\r\ny"}, ""},
		"a body that is large": {[]string{"info_body", strings.Repeat("x", 1025)}, ""},
	} {
		h := sdktest.New(t, &module{}, sdktest.Options{})
		call, _ := begin(t, h, append([]string{"timer", "90", "warn", "30", "warn_by", "info"}, c.params...)...)
		if _, ok, err := call.Fire(timerWarn); !ok || err != nil {
			t.Fatal(name, ok, err)
		}
		var got []string
		for _, r := range h.Requests {
			got = append(got, fmt.Sprintf("%s %s %s", r.Leg, r.ContentType, r.Body))
		}
		if strings.Join(got, ", ") != c.want || h.Metrics["warnings"] != 1 {
			t.Errorf("%s: sent %q, want %q", name, got, c.want)
		}
		if complained := strings.Contains(fmt.Sprint(h.Logs()), "the parties are not warned"); complained != (c.want == "") {
			t.Errorf("%s: %v", name, h.Logs())
		}
	}
}

func TestWarningByHeader(t *testing.T) {
	const rule = `headers.rule={"to": "a", "on": ["INVITE 2xx"], "set": ["`
	for name, c := range map[string]struct {
		params []string
		want   string
	}{
		"to the caller":       {nil, rule + `X-Max-Duration: 90"]}`},
		"to the callee":       {[]string{"warn_leg", "b"}, "headers.append=X-Max-Duration: 90"},
		"to both":             {[]string{"warn_leg", "both", "header", "X-Credit"}, rule + `X-Credit: 90"]}|headers.append=X-Credit: 90`},
		"a name that is none": {[]string{"header", `X": "`}, "failed"},
		"a leg that is none":  {[]string{"warn_leg", "c"}, "failed"},
		"a way that is none":  {[]string{"warn_by", "letter"}, "failed"},
	} {
		h := sdktest.New(t, &module{}, sdktest.Options{})
		call := h.Call()
		params := append([]string{"timer", "90.9", "warn_by", "header"}, c.params...)
		for i := 0; i < len(params); i += 2 {
			call.Params = slices.DeleteFunc(call.Params, func(f abi.Field) bool { return f.Name == params[i] })
			call.Params = append(call.Params, abi.Field{Name: params[i], Value: params[i+1]})
		}
		d, err := call.Invite()
		var got []string
		for _, f := range d.Set {
			got = append(got, f.Name+"="+f.Value)
		}
		if err != nil {
			got = []string{"failed"}
		}
		if strings.Join(got, "|") != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// The warning moves with the end of the call.
func TestRearm(t *testing.T) {
	h := sdktest.New(t, &module{}, sdktest.Options{})
	call, _ := begin(t, h, "timer", "90", "warn", "30s")
	fired := func(want time.Duration, warnings int64) {
		t.Helper()
		_, ok, err := call.Fire(timerWarn)
		if err != nil || ok != (want > 0) || ok && h.Now().Sub(call.Connect) != want || h.Metrics["warnings"] != warnings {
			t.Errorf("fired %v after %s, %d warnings, %v; want %s, %d", ok, h.Now().Sub(call.Connect), h.Metrics["warnings"], err, want, warnings)
		}
	}
	rearm := func(d, after time.Duration) {
		t.Helper()
		if _, err := call.Rearmed(d, after); err != nil {
			t.Fatal(err)
		}
	}
	rearm(10*time.Minute, time.Second)
	fired(9*time.Minute+30*time.Second, 1)
	rearm(20*time.Minute, time.Second) // after the warning: there will be another one
	fired(19*time.Minute+30*time.Second, 2)
	rearm(0, time.Second)
	fired(0, 2)
	rearm(20*time.Minute, time.Second) // less than 30 s are left
	if h.Metrics["warnings"] != 3 {
		t.Errorf("%d warnings, want 3", h.Metrics["warnings"])
	}
	fired(0, 3)
	// Somebody else has set the end later: the timer finds out.
	call, _ = begin(t, h, "timer", "90", "warn", "30s")
	call.Until = call.Until.Add(time.Hour)
	fired(time.Minute, 3)
	fired(time.Minute+time.Hour, 4)
	// Without warn there is nothing to move.
	call, _ = begin(t, h, "timer", "90")
	rearm(time.Hour, time.Second)
	fired(0, 4)
}
