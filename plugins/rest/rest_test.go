package main

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/sdk/sdktest"
)

// server is a web server that gives the next of its answers.
type server struct {
	status int
	body   string
	failed abi.Code
	asked  []string
}

func (s *server) serve(method, url string, headers []abi.Field, body []byte) (int, string, abi.Code) {
	line := method + " " + url
	for _, h := range headers {
		line += " " + h.Name + "=" + h.Value
	}
	s.asked = append(s.asked, strings.TrimSpace(line+" "+string(body)))
	return s.status, s.body, s.failed
}

func host(t *testing.T, s *server, config string) *sdktest.Host {
	t.Helper()
	h := sdktest.New(t, &module{}, sdktest.Options{Config: config})
	h.HTTP = s.serve
	return h
}

func begin(h *sdktest.Host, params ...string) (*sdktest.Call, abi.Decision, error) {
	call := h.Call()
	call.Params = []abi.Field{{Name: "url", Value: "http://192.0.2.80/route?to=bob"}}
	for i := 0; i < len(params); i += 2 {
		call.Params = append(call.Params, abi.Field{Name: params[i], Value: params[i+1]})
	}
	d, err := call.Invite()
	return call, d, err
}

// said is a decision in one line.
func said(call *sdktest.Call, d abi.Decision, err error) string {
	var all []string
	for _, f := range d.Set {
		all = append(all, f.Name+"="+f.Value)
	}
	for f, v := range call.Vars.All() {
		all = append(all, "$"+f+"="+v)
	}
	switch {
	case err != nil:
		return "failed"
	case d.Drop:
		return "drop"
	case d.Code != 0:
		return fmt.Sprint(d.Code, " ", d.Reason)
	}
	if d.MaxDuration > 0 {
		all = append(all, d.MaxDuration.String())
	}
	return strings.Join(all, "|")
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		name, format string
		status       int
		body, want   string
	}{
		{"nothing to do", "text", 200, "", ""},
		{"text", "text", 200, "ruri = sip:carol@example.net\r\n# note\nnext_hop=192.0.2.7:5070\n", "identity.ruri=sip:carol@example.net|routing.next_hop=192.0.2.7:5070"},
		{"targets", "text", 200, "targets=sip:a@192.0.2.1, sip:b@192.0.2.2", "routing.targets=sip:a@192.0.2.1, sip:b@192.0.2.2"},
		{"a variable", "text", 200, "var.account=1001\nmedia.relay=no", "media.relay=no|$account=1001"},
		{"a refusal", "text", 200, "refuse.code=486\nrefuse.reason=Do Not Disturb\n", "486 Do Not Disturb"},
		{"a drop", "text", 200, "drop=yes", "drop"},
		{"a time", "text", 200, "max_duration=90", "1m30s"},
		{"JSON", "json", 200, `{"ruri": "sip:carol@example.net", "media.relay": false, "to": null}`, "identity.ruri=sip:carol@example.net|media.relay=false"},
		{"nested", "json", 200, `{"routing": {"targets": ["sip:a@192.0.2.1", "sip:b@192.0.2.2"], "interface": "b"}, "var": {"x": 1}}`, "routing.targets=sip:a@192.0.2.1, sip:b@192.0.2.2|routing.interface=b|$x=1"},
		{"a list that grows", "json", 200, `{"headers": {"append": ["X-A: 1", "X-B: 2"]}}`, "headers.append=X-A: 1|headers.append=X-B: 2"},
		{"a refusal in JSON", "json", 200, `{"refuse": {"code": 404, "reason": "Who?"}}`, "404 Who?"},
		{"empty JSON", "json", 200, `{}`, ""},
		{"no content", "json", 204, "", ""},
		{"not found", "text", 404, "<html>", ""},
		{"not text", "text", 200, "<html>\n", "failed"},
		{"not JSON", "json", 200, "{", "failed"},
		{"no object", "json", 200, "[1]", "failed"},
		{"endless nesting", "json", 200, strings.Repeat(`{"a":`, 60) + "1" + strings.Repeat("}", 60), "failed"},
		{"a status that is none", "text", 200, "refuse.code=200", "failed"},
		{"a status of letters", "text", 200, "refuse.code=4x4", "failed"},
		{"a time that is none", "text", 200, "max_duration=soon", "failed"},
		{"hostile bytes", "text", 200, "routing.targets=sip:\x00", "failed"},
		{"an error", "text", 403, "ruri=x", "failed"},
		{"a redirect", "text", 302, "", "failed"},
		{"another error", "text", 500, "", "failed"},
	} {
		h := host(t, &server{status: c.status, body: c.body}, `{"format": "`+c.format+`"}`)
		if got := said(begin(h)); got != c.want {
			t.Errorf("%s: %s, want %s\n%v", c.name, got, c.want, h.Logs())
		}
	}
}

func TestKeys(t *testing.T) {
	s := &server{status: 200, body: "identity.from=sip:x@example.org"}
	h := host(t, s, `{"keys": ["routing.*", "var.a"]}`)
	for body, want := range map[string]string{
		"identity.from=sip:x@example.org": "failed",
		"from=sip:x@example.org":          "failed",
		"refuse.code=403":                 "failed",
		"var.b=1":                         "failed",
		"var.a=1":                         "$a=1",
		"next_hop=192.0.2.1":              "routing.next_hop=192.0.2.1",
	} {
		s.body = body
		if got := said(begin(h)); got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
	}
}

func TestRequest(t *testing.T) {
	s := &server{status: 204}
	h := host(t, s, `{"headers": ["Authorization: Bearer x"]}`)
	begin(h)
	begin(h, "body", "from=alice")
	want := []string{
		"GET http://192.0.2.80/route?to=bob Authorization=Bearer x",
		"POST http://192.0.2.80/route?to=bob Authorization=Bearer x Content-Type=application/x-www-form-urlencoded from=alice",
	}
	if strings.Join(s.asked, "\n") != strings.Join(want, "\n") {
		t.Errorf("asked %q, want %q", s.asked, want)
	}
	call := h.Call()
	if _, err := call.Invite(); !errors.Is(err, sdktest.ErrHook) {
		t.Errorf("without url: %v", err)
	}
}

func TestCache(t *testing.T) {
	s := &server{status: 200, body: "ruri=sip:carol@example.net"}
	h := host(t, s, `{"cache": "30s"}`)
	ask := func(want int, params ...string) {
		t.Helper()
		if got := said(begin(h, params...)); got != "identity.ruri=sip:carol@example.net" {
			t.Errorf("%s", got)
		}
		if len(s.asked) != want {
			t.Errorf("asked %d times, want %d", len(s.asked), want)
		}
	}
	ask(1)
	ask(1)
	ask(2, "body", "x=y")
	h.Advance(29 * time.Second)
	ask(2)
	h.Advance(time.Second)
	ask(3)
	// A text of the same key is another text.
	for key := range h.Values {
		h.Values[key] = "GET http://192.0.2.80/other\n\ntext\nrefuse.code=403"
	}
	ask(4)
	h.Fail["sbc_kv.get"], h.Fail["sbc_kv.set"] = abi.CodeTimeout, abi.CodeIO
	ask(5)
}

func TestFailures(t *testing.T) {
	s := &server{failed: abi.CodeTimeout}
	h := host(t, s, `{"retries": 1, "breaker": 3, "breaker_time": "10s"}`)
	try := func(want string, asked int) {
		t.Helper()
		if got := said(begin(h)); got != want || len(s.asked) != asked {
			t.Errorf("%q, asked %d times, want %q, %d", got, len(s.asked), want, asked)
		}
	}
	try("failed", 2)
	s.failed, s.status = 0, 204
	try("", 3) // a success, and counting begins anew
	s.status = 500
	try("failed", 5)
	try("failed", 6) // the third failure in a row: the second try is not made
	try("failed", 6)
	h.Advance(10 * time.Second)
	try("failed", 7) // one is enough now
	h.Advance(10 * time.Second)
	s.status = 204
	try("", 8)
	s.failed = abi.CodeDenied
	for range 5 {
		begin(h)
	}
	s.failed = 0
	try("", 14) // what the configuration forbids says nothing about the server
}

func TestConfiguration(t *testing.T) {
	for config, want := range map[string]string{
		`{"timeout": "soon"}`:      "timeout is not a duration such as 500ms: soon",
		`{"timeout": "0"}`:         "timeout is less than 1ms",
		`{"cache": "-1s"}`:         "cache is not a duration",
		`{"retries": 6}`:           "retries is not 0 to 5",
		`{"breaker": -1}`:          "breaker is negative",
		`{"breaker_time": ""}`:     "breaker_time is not a duration",
		`{"format": "xml"}`:        "format is neither text nor json: xml",
		`{"keys": ["a b"]}`:        "keys: neither a key",
		`{"headers": ["X"]}`:       "headers: not NAME: VALUE: X",
		`{"headers": ["X: a\nY"]}`: "headers: not NAME: VALUE",
	} {
		if _, err := sdktest.Start(t, &module{}, sdktest.Options{Config: config}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", config, err, want)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	for _, s := range []string{"ruri=x\n", `{"routing": {"targets": ["a"]}}`, `{"refuse.code": 486}`, "drop=yes", "{", "\x00=\xff"} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, body string, isJSON bool) {
		format := "text"
		if isJSON {
			format = "json"
		}
		h := host(t, &server{status: 200, body: body}, `{"keys": ["routing.*", "refuse.*"], "format": "`+format+`"}`)
		_, d, err := begin(h)
		for _, s := range d.Set {
			if err == nil && !strings.HasPrefix(s.Name, "routing.") && !strings.HasPrefix(s.Name, "refuse.") {
				t.Fatalf("%q sets %s", body, s.Name)
			}
		}
	})
}
