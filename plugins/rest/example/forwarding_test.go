package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestForwarding(t *testing.T) {
	s := httptest.NewServer(newForwarding())
	defer s.Close()
	get := func(path string, status int, want string) {
		t.Helper()
		res, err := http.Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		if res.StatusCode != status || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d %s, want %d %s", path, res.StatusCode, body, status, want)
		}
	}
	post := func(user, to string, status int) {
		t.Helper()
		res, err := http.PostForm(s.URL, url.Values{"user": {user}, "to": {to}})
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != status {
			t.Errorf("%s to %s: %d, want %d", user, to, res.StatusCode, status)
		}
	}
	get("/forward/bob", 404, "")
	get("/", 200, "Nobody's calls")
	post("bob", "sip:carol@example.net", 200) // after the redirect
	get("/forward/bob", 200, `{"identity":{"ruri":"sip:carol@example.net"},"var":{"forwarded":"bob"}}`)
	get("/", 200, "sip:carol@example.net")
	post("<b>", "sip:x@example.net", 200)
	get("/", 200, "&lt;b&gt;")
	get("/forward/%3Cb%3E", 200, "sip:x@example.net")
	for _, to := range []string{"carol", "sip:a b", "sip:x\r\nY: z", "javascript:x", "sip:" + strings.Repeat("x", maxText)} {
		post("bob", to, 400)
	}
	post("", "sip:x@example.net", 400)
	post("bob", "", 200)
	get("/forward/bob", 404, "")
	get("/nothing", 404, "")
}
