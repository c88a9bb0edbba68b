package host

import (
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// The web application that comes with the module rest decides where calls go.
func TestForwardingExample(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	bin := filepath.Join(t.TempDir(), "example")
	if out, err := exec.Command("go", "build", "-o", bin, "../plugins/rest/example").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	app := exec.Command(bin, "-listen", addr)
	if err := app.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = app.Process.Kill()
		_ = app.Wait()
	})
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	// It listens some time after it was started.
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(waitLimit); ; <-tick.C {
		res, err := client.PostForm("http://"+addr+"/", url.Values{"user": {"bob"}, "to": {"sip:carol@example.net"}})
		if err == nil {
			res.Body.Close()
			if res.StatusCode != http.StatusSeeOther {
				t.Fatal(res.Status)
			}
			break
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
	s := newStage(t, "rest", 1, "127.0.0.1:8080", addr, "127.0.0.1:8080", addr)
	s.a.invite()
	s.a.want(200)
	if m := s.b.wantRequest("INVITE"); m.RURI != "sip:carol@example.net" {
		t.Errorf("leg B got %s", m.RURI)
	}
	s.a.bye()
}
