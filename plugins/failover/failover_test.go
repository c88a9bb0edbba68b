package main

import (
	"slices"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/sdk/sdktest"
)

func TestReject(t *testing.T) {
	params := []abi.Field{
		{Name: "486", Value: "sip:voicemail@example.net"},
		{Name: "48x", Value: "sip:desk@example.net"},
		{Name: "5xx", Value: " sip:bob@192.0.2.11 ,, sip:bob@192.0.2.12;x=y "},
		{Name: "503", Value: ""},
		{Name: "404", Value: " , "},
		{Name: "note", Value: "sip:nobody@example.net"},
	}
	for _, c := range []struct {
		name     string
		statuses []int
		want     [][]string // after each
	}{
		{"the one that fits best, each once", []int{486, 486, 486}, [][]string{{"sip:voicemail@example.net"}, {"sip:desk@example.net"}, nil}},
		{"a list", []int{500}, [][]string{{"sip:bob@192.0.2.11", "sip:bob@192.0.2.12;x=y"}}},
		{"one without a value does not count", []int{503, 503}, [][]string{{"sip:bob@192.0.2.11", "sip:bob@192.0.2.12;x=y"}, nil}},
		{"nothing but commas", []int{404}, [][]string{nil}},
		{"none fits", []int{603, 408}, [][]string{nil, nil}},
		{"one after the other", []int{503, 486, 480, 480}, [][]string{{"sip:bob@192.0.2.11", "sip:bob@192.0.2.12;x=y"}, {"sip:voicemail@example.net"}, {"sip:desk@example.net"}, nil}},
	} {
		h := sdktest.New(t, &module{}, sdktest.Options{})
		call := h.Call()
		call.Params = params
		for i, status := range c.statuses {
			d, err := call.Refused("sip:bob@example.net", status, "", time.Second)
			if err != nil || d.Refused() || d.Fork || !slices.Equal(d.Targets, c.want[i]) {
				t.Errorf("%s: %d, no. %d: %+v, %v, want %q", c.name, status, i, d, err, c.want[i])
			}
		}
	}
}

func TestFork(t *testing.T) {
	h := sdktest.New(t, &module{}, sdktest.Options{})
	call := h.Call()
	targets := ""
	for range 20 {
		targets += "sip:bob@192.0.2.11,"
	}
	call.Params = []abi.Field{{Name: "xxx", Value: targets}, {Name: "fork", Value: "yes"}}
	if d, err := call.Refused("", 600, "", 0); err != nil || !d.Fork || len(d.Targets) != maxTargets {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestWildcards(t *testing.T) {
	for _, c := range []struct {
		rule   string
		status int
		x      int
		fits   bool
	}{
		{"486", 486, 0, true},
		{"48x", 486, 1, true},
		{"4xx", 486, 2, true},
		{"xxx", 603, 3, true},
		{"x03", 603, 1, true},
		{"5xx", 486, 0, false},
		{"487", 486, 0, false},
		{"", 486, 0, false},
		{"4xxx", 486, 0, false},
		{"fork", 486, 0, false},
		{"\xff86", 486, 0, false},
	} {
		if x, fits := wildcards(c.rule, c.status); fits != c.fits || fits && x != c.x {
			t.Errorf("wildcards(%q, %d) = %d, %v", c.rule, c.status, x, fits)
		}
	}
}
