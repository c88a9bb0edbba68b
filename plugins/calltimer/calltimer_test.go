package main

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/sdk/sdktest"
)

func TestTimer(t *testing.T) {
	for _, c := range []struct {
		name, config, timer string
		want                time.Duration
		code                int
	}{
		{"seconds", "", "90", 90 * time.Second, 0},
		{"with a unit", "", "1h30m", 90 * time.Minute, 0},
		{"a fraction", "", "0.5", 500 * time.Millisecond, 0},
		{"zero", "", "0", 0, 503},
		{"missing", "", "", 0, 500},
		{"negative", "", "-1", 0, 500},
		{"not a number", "", "soon", 0, 500},
		{"hostile", "", "1\r\nX: y\xff", 0, 500},
		{"missing, with a default", `{"default": "10m"}`, "", 10 * time.Minute, 0},
		{"negative, with a default", `{"default": "10m"}`, "-1", 10 * time.Minute, 0},
		{"not a number, with a default", `{"default": "600"}`, "x", 10 * time.Minute, 0},
		{"zero, with a default", `{"default": "10m"}`, "0", 0, 503},
		{"a default of zero", `{"default": "0"}`, "", 0, 503},
		{"its own value, with a default", `{"default": "10m"}`, "5", 5 * time.Second, 0},
	} {
		h := sdktest.New(t, &module{}, sdktest.Options{Config: c.config})
		call := h.Call()
		if c.timer != "" {
			call.Params = []abi.Field{{Name: "timer", Value: c.timer}}
		}
		d, err := call.Invite()
		if err != nil || d.MaxDuration != c.want || d.Code != c.code {
			t.Errorf("%s: %v, refused with %d, error %v; want %v, %d", c.name, d.MaxDuration, d.Code, err, c.want, c.code)
		}
		if got := len(h.Logs()) == 1; got != (c.code == 500) {
			t.Errorf("%s: logged %v", c.name, h.Logs())
		}
	}
}

func TestConfiguration(t *testing.T) {
	for _, config := range []string{`{"default": "soon"}`, `{"default": "-1"}`, `{"default": 5}`, `[]`} {
		if _, err := sdktest.Start(t, &module{}, sdktest.Options{Config: config}); err == nil {
			t.Errorf("%s was taken", config)
		}
	}
	_, err := sdktest.Start(t, &module{}, sdktest.Options{Config: `{"default": "soon"}`})
	if err == nil || !strings.Contains(err.Error(), "default is not a duration such as 90s: soon") {
		t.Errorf("error %v", err)
	}
}
