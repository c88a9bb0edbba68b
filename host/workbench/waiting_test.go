package workbench

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
)

// A module asks a web server, waits, pauses, asks again; many hooks wait in one instance.
func TestWaiting(t *testing.T) {
	for _, language := range []string{"c", "rust", "assemblyscript"} {
		t.Run(language, func(t *testing.T) { testWaiting(t, guest(t, "lookup-"+language)) })
	}
}

func testWaiting(t *testing.T, file string) {
	var asked, waiting atomic.Int32
	enough := make(chan struct{}) // requests at one time, so that hooks must wait beside each other
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch who := strings.TrimPrefix(r.URL.Path, "/to/"); {
		case who == "busy" && asked.Add(1) == 1:
			w.WriteHeader(http.StatusServiceUnavailable)
		case who == "none":
			w.WriteHeader(http.StatusNotFound)
		case who == "never":
			w.WriteHeader(http.StatusForbidden)
		case who == "broken":
			w.WriteHeader(http.StatusInternalServerError)
		default:
			if strings.HasPrefix(who, "many") {
				if waiting.Add(1) == 8 {
					close(enough)
				}
				select {
				case <-enough:
				case <-r.Context().Done(): // too few came, and nobody waits for this one any more
				}
			}
			fmt.Fprintf(w, "sip:%s@example.org", who)
		}
	}))
	defer server.Close()
	b, err := Open(Options{
		File: file, Config: fmt.Sprintf(`{"url": "%s/to/"}`, server.URL), Allow: []string{server.URL + "/to/"}, Instances: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	ask := func(callee string) (*abi.Call, abi.Decision, error) {
		c := newCall(1)
		enter(c, abi.EventStart, time.Now())
		c.ID, c.Callee = "call-"+callee, callee
		d, err := b.hook(t.Context(), c)
		return c, d, err
	}
	for callee, want := range map[string]string{"carol": "sip:carol@example.org", "busy": "sip:busy@example.org", "none": "", "never": ""} {
		c, d, err := ask(callee)
		got, _ := c.Vars.Get("looked_up")
		if err != nil || got != want || (want != "") != (len(d.Set) == 1 && d.Set[0].Value == want) || (callee == "never") != (d.Code == 403) {
			t.Errorf("%s: %+v, variable %q, %v", callee, d, got, err)
		}
	}
	if _, _, err := ask("broken"); err == nil || !strings.Contains(err.Error(), "IO") {
		t.Errorf("broken: %v", err)
	}
	if _, _, err := ask(strings.Repeat("x", 129)); err == nil || !strings.Contains(err.Error(), "TOO_BIG") {
		t.Errorf("a callee longer than the note: %v", err)
	}
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			want := fmt.Sprintf("sip:many%d@example.org", i)
			if _, d, err := ask(fmt.Sprintf("many%d", i)); err != nil || len(d.Set) != 1 || d.Set[0].Value != want {
				t.Errorf("many%d: %+v, %v", i, d, err)
			}
		})
	}
	all.Wait()
}
