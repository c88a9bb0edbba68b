package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/sdk/sdktest"
)

// asking is a host whose web server answers like this; asked are the URLs.
func asking(t *testing.T, status int, body string, failed abi.Code, asked *[]string) *sdktest.Host {
	t.Helper()
	h := sdktest.New(t, &module{}, sdktest.Options{})
	h.HTTP = func(method, url string, _ []abi.Field, _ []byte) (int, string, abi.Code) {
		*asked = append(*asked, method+" "+url)
		return status, body, failed
	}
	return h
}

func TestAnswers(t *testing.T) {
	list := []string{"sip:fallback@192.0.2.10"}
	for _, c := range []struct {
		name   string
		status int
		body   string
		failed abi.Code
		want   []string
		fork   bool
	}{
		{"lines", 200, "# who is next\ntargets = sip:a@192.0.2.1, sip:b@192.0.2.2\n", 0, []string{"sip:a@192.0.2.1", "sip:b@192.0.2.2"}, false},
		{"at once", 200, "routing.targets=sip:a@192.0.2.1,sip:b@192.0.2.2\nfork=yes\nnote=x", 0, []string{"sip:a@192.0.2.1", "sip:b@192.0.2.2"}, true},
		{"none", 200, "note=x", 0, nil, false},
		{"no content", 204, "", 0, nil, false},
		{"not found", 404, "<html>", 0, nil, false},
		{"an error", 500, "", 0, list, false},
		{"a redirect", 302, "targets=sip:eve@192.0.2.66", 0, list, false},
		{"too late", 0, "", abi.CodeTimeout, list, false},
		{"not allowed", 0, "", abi.CodeDenied, list, false},
		{"no answer at all", 0, "", abi.CodeIO, list, false},
		{"not text", 200, "targets=sip:a@192.0.2.1\n<html>", 0, list, false},
		{"hostile", 200, "targets=sip:a@192.0.2.1\x00", 0, list, false},
		{"far too many", 200, "targets=" + strings.Repeat("sip:a@192.0.2.1,", 99), 0, slices.Repeat([]string{"sip:a@192.0.2.1"}, maxTargets), false},
	} {
		var asked []string
		h := asking(t, c.status, c.body, c.failed, &asked)
		call := h.Call()
		call.Params = []abi.Field{{Name: "5xx", Value: list[0]}, {Name: "5xx_url", Value: "http://192.0.2.80/next?to=bob"}}
		d, err := call.Refused("sip:bob@example.net", 503, "", time.Second)
		if err != nil || d.Fork != c.fork || !slices.Equal(d.Targets, c.want) {
			t.Errorf("%s: %+v, %v, want %q", c.name, d, err, c.want)
		}
		if warned := len(h.Logs()) == 1; warned != slices.Equal(c.want, list) {
			t.Errorf("%s: log %v", c.name, h.Logs())
		}
		// The rule is used up, whatever became of it.
		if d, err := call.Refused("sip:bob@example.net", 503, "", time.Second); err != nil || len(d.Targets) > 0 || len(asked) != 1 || asked[0] != "GET http://192.0.2.80/next?to=bob" {
			t.Errorf("%s: again %+v, %v, asked %q", c.name, d, err, asked)
		}
	}
}

// The rule that fits best counts, whether it has a list, a URL or both.
func TestWhichRuleAsks(t *testing.T) {
	var asked []string
	h := asking(t, 200, "targets=sip:a@192.0.2.1", 0, &asked)
	call := h.Call()
	call.Params = []abi.Field{
		{Name: "486", Value: "sip:voicemail@192.0.2.10"},
		{Name: "48x_url", Value: "http://192.0.2.80/busy"},
		{Name: "xxx_url", Value: " "},
		{Name: "fork", Value: "yes"},
		{Name: "_url", Value: "http://192.0.2.80/none"},
	}
	for i, want := range []string{"sip:voicemail@192.0.2.10", "sip:a@192.0.2.1", ""} {
		d, err := call.Refused("", 486, "", time.Second)
		if err != nil || strings.Join(d.Targets, " ") != want || d.Fork != (want != "") {
			t.Errorf("no. %d: %+v, %v, want %q", i, d, err, want)
		}
	}
	if strings.Join(asked, " ") != "GET http://192.0.2.80/busy" {
		t.Errorf("asked %q", asked)
	}
	// Without a list there is nothing to fall back on.
	h = asking(t, 500, "", 0, &asked)
	call = h.Call()
	call.Params = []abi.Field{{Name: "5xx_url", Value: "http://192.0.2.80/next"}}
	if d, err := call.Refused("", 503, "", time.Second); err != nil || len(d.Targets) > 0 {
		t.Errorf("%+v, %v", d, err)
	}
}

func TestConfiguration(t *testing.T) {
	for config, want := range map[string]string{
		`{"timeout": "soon"}`: "timeout is not a duration of at least 1ms: soon",
		`{"timeout": "0"}`:    "timeout is not a duration of at least 1ms: 0",
		`{"timeout": 5}`:      "timeout is not a string",
	} {
		if _, err := sdktest.Start(t, &module{}, sdktest.Options{Config: config}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", config, err, want)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	for _, s := range []string{"targets=sip:a@b", `{"targets": ["sip:a@b"]}`, "fork=yes\ntargets=,,", "targets=\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var asked []string
		h := asking(t, 200, body, 0, &asked)
		call := h.Call()
		call.Params = []abi.Field{{Name: "xxx_url", Value: "http://192.0.2.80/"}}
		d, err := call.Refused("", 503, "", 0)
		if err != nil || len(d.Targets) > maxTargets || slices.ContainsFunc(d.Targets, func(s string) bool { return s == "" || !abi.Clean(s) }) {
			t.Fatalf("%q: %+v, %v", body, d, err)
		}
	})
}
