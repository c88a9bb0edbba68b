package host

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/admin"
	"github.com/sallyport-sbc/sallyport/host/config"
)

// api sends a request to the SBC of the working directory.
func api[T any](t *testing.T, method, path string, send any) (answer T, err error) {
	t.Helper()
	err = admin.NewClient(config.DefaultSocket).Do(t.Context(), method, path, send, &answer)
	return answer, err
}

const mapToEcho = "[map.who]\nkind = \"exact\"\nrules = [\"echo=>echo\"]\n"

func TestControl(t *testing.T) {
	p := newPlace(t, mapToEcho)
	h := p.start()
	p.edit(`active_profile = ["echo"]`, `active_profile = ["$M($rU=>who)"]`)
	if _, err := api[admin.Reloaded](t, "POST", "/reload", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := p.call(200 * time.Millisecond); err != nil {
		t.Errorf("call: %v", err)
	}

	// A map without the callee refuses the next call; one that began before goes on.
	if m, err := api[admin.Map](t, "PUT", "/maps/who", admin.MapChange{Rules: []string{"bob=>echo"}}); err != nil || !m.Live || m.Count != 1 {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := p.call(time.Millisecond); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("a call to nobody: %v, want 403", err)
	}
	if _, err := api[admin.Active](t, "PUT", "/active-profile", admin.SetActive{Selectors: []string{"echo"}}); err != nil {
		t.Error(err)
	}
	if _, err := p.call(200 * time.Millisecond); err != nil {
		t.Errorf("call by another selector: %v", err)
	}

	// The level of the log outlives other changes, not a reload.
	if l, err := api[admin.LogLevel](t, "PUT", "/log-level", admin.LogLevel{Level: "WARN"}); err != nil || l.Level != "warn" {
		t.Errorf("%+v, %v", l, err)
	}
	if _, err := api[admin.Map](t, "POST", "/maps/who/reload", nil); err != nil {
		t.Error(err)
	}
	if l, err := api[admin.LogLevel](t, "GET", "/log-level", nil); err != nil || l.Level != "warn" {
		t.Errorf("after another change: %+v, %v", l, err)
	}

	v, err := api[admin.Version](t, "GET", "/version", nil)
	if err != nil || v.Node == "" {
		t.Errorf("%+v, %v", v, err)
	}
	st, err := api[admin.Stats](t, "GET", "/stats", nil)
	if err != nil || st.Calls["answered"] != 2.0 || st.Calls["refused"] != 1.0 || st.Transport["received"] == 0.0 || len(st.Maps) != 1 || st.Uptime <= 0 {
		t.Errorf("%+v, %v", st, err)
	}
	r, err := api[admin.Reloaded](t, "POST", "/reload", nil)
	if err != nil || strings.Join(r.Lost, ", ") != "active_profile" {
		t.Errorf("%+v, %v", r, err)
	}
	if want := `msg="changes made while running are lost" what=active_profile`; !strings.Contains(p.log.String(), want) {
		t.Errorf("the log does not say %s:\n%s", want, &p.log)
	}
	p.edit("udp = [\"", "udp = [\"127.0.0.1:5999\", \"")
	_, err = api[admin.Reloaded](t, "POST", "/reload", nil)
	if bad, ok := errors.AsType[*admin.Problem](err); !ok || bad.Status != http.StatusConflict || !strings.Contains(bad.Message, "interface.public") {
		t.Errorf("another listener: %v, want 409", err)
	}
	p.edit("active_profile", "activ_profile")
	_, err = api[admin.Reloaded](t, "POST", "/reload", nil)
	if bad, ok := errors.AsType[*admin.Problem](err); !ok || bad.Status != 422 || len(bad.Mistakes) != 2 || bad.Mistakes[1].File != "sallyport.toml" || bad.Mistakes[1].Line != 1 {
		t.Errorf("a mistake: %v, want 422 with file and line", err)
	}
	p.stop(h)
	if _, err := os.Lstat(config.DefaultSocket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket is left: %v", err)
	}
	if _, err := api[admin.Version](t, "GET", "/version", nil); !errors.Is(err, admin.ErrNotRunning) {
		t.Errorf("after the end: %v", err)
	}
}

// While it drains, the SBC still shows its calls and says that it is not ready.
func TestControlWhileDraining(t *testing.T) {
	p := newPlace(t, `drain_timeout = "10m"`)
	h := p.start()
	ended := make(chan error, 1)
	go func() {
		_, err := p.call(time.Hour)
		ended <- err
	}()
	waitFor(t, h, 1)
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- h.Stop(ctx) }()
	for late := time.Now().Add(waitLimit); !h.stopped.Load(); runtime.Gosched() {
		if time.Now().After(late) {
			t.Fatal("Stop has not begun")
		}
	}
	if (control{h}).Ready() {
		t.Error("a draining SBC is ready")
	}
	if a, err := api[admin.Calls](t, "GET", "/calls", nil); err != nil || len(a.Calls) != 1 {
		t.Errorf("%+v, %v", a, err)
	}
	if _, err := api[admin.Reloaded](t, "POST", "/reload", nil); err == nil || !strings.Contains(err.Error(), "is stopping") {
		t.Errorf("reload: %v", err)
	}
	if _, err := api[admin.Active](t, "PUT", "/active-profile", admin.SetActive{Selectors: []string{"refuse"}}); err == nil || !strings.Contains(err.Error(), "is stopping") {
		t.Errorf("a change: %v", err)
	}
	cancel()
	if err := come(t, "the end of Stop", stopped); err != nil {
		t.Error(err)
	}
	if err := come(t, "the end of the call", ended); err == nil {
		t.Error("the call of an hour ended well")
	}
	p.quiet()
}

func TestControlSocketTaken(t *testing.T) {
	p := newPlace(t, "[control]\nsocket = \"ctl.sock\"\n")
	l, err := admin.Listen("ctl.sock")
	if err != nil {
		t.Fatal(err)
	}
	s, err := config.Load("sallyport.toml", config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	const want = `sallyport.toml:3: control.socket: ctl.sock: in use by another process: choose another one, or none with socket = ""`
	if _, err := Start(t.Context(), s, p.options()); err == nil || err.Error() != want {
		t.Errorf("Start() = %v, want %s", err, want)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	p.edit(`"ctl.sock"`, `"sallyport.toml/ctl.sock"`)
	if s, err = config.Load("sallyport.toml", config.Options{}); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), s, p.options()); err == nil || !strings.Contains(err.Error(), "not a directory: choose another one") {
		t.Errorf("Start() with a socket below a file = %v", err)
	}
	p.edit(`"sallyport.toml/ctl.sock"`, `""`)
	h := p.start()
	if _, err := os.Lstat(config.DefaultSocket); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a socket: %v", err)
	}
	p.stop(h)
}

// TestReloadUnderLoad reloads while calls begin and end: half of the files are broken. Every
// call must succeed.
func TestReloadUnderLoad(t *testing.T) { reloadUnderLoad(t, 60, 16, 0) }

// TestSoakReload does it a thousand times with more calls, and looks at the memory when
// the last transaction has stopped absorbing retransmissions.
func TestSoakReload(t *testing.T) {
	if os.Getenv("SOAK") == "" {
		t.Skip("SOAK is not set")
	}
	reloadUnderLoad(t, 1000, 48, 40*time.Second)
}

// TestReloadsKeepNothing: what a configuration was made of goes with it.
func TestReloadsKeepNothing(t *testing.T) {
	p := newPlace(t, mapToEcho)
	h := p.start()
	defer p.stop(h)
	round := func(i int) {
		p.write(fmt.Sprintf("max_calls = %d\n%s%s", 10_000+i, strings.Repeat("# a comment\n", 2000), mapToEcho))
		for _, path := range []string{"/reload", "/profiles/echo/reload", "/profiles/reload", "/maps/who/reload"} {
			if _, err := api[any](t, "POST", path, nil); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
		}
	}
	for i := range 5 {
		round(i)
	}
	before := heap()
	for i := range 40 {
		round(i)
	}
	if after := heap(); after > before+1<<20 {
		t.Errorf("160 changes keep %d bytes", after-before)
	}
}

func reloadUnderLoad(t *testing.T, reloads, callers int, rest time.Duration) {
	p := newPlace(t, mapToEcho+"[log]\nlevel = \"error\"\n")
	p.edit(`active_profile = ["echo"]`, `active_profile = ["$M($rU=>who)", "echo"]`)
	h := p.start()
	before := heap()
	var calls, failed atomic.Int64
	var wg sync.WaitGroup
	done := make(chan struct{})
	for range callers {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				calls.Add(1)
				if _, err := p.call(100 * time.Millisecond); err != nil {
					failed.Add(1)
					t.Errorf("call: %v", err)
				}
			}
		})
	}
	good, err := os.ReadFile("sallyport.toml")
	if err != nil {
		t.Fatal(err)
	}
	waitFor(t, h, uint64(callers))
	broken := []string{"max_calls = \"many\"\n", "[[", "max_calls = 1\nmax_calls = 2\n", "activ_profile = []\n"}
	for i := range reloads {
		text := fmt.Sprintf("max_calls = %d\n%s", 10_000+i, good)
		if i%2 == 1 {
			text = broken[i/2%len(broken)] + string(good)
		}
		if err := os.WriteFile("sallyport.toml", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := api[admin.Reloaded](t, "POST", "/reload", nil)
		if (err == nil) != (i%2 == 0) {
			t.Errorf("reload %d: %v", i, err)
		}
		if i%2 == 1 {
			if _, err := api[admin.Profile](t, "POST", "/profiles/echo/reload", nil); i/2%len(broken) != 0 && i/2%len(broken) != 3 && err == nil {
				t.Errorf("reload %d of the profile from a file that is not TOML", i)
			}
			if _, err := api[admin.Map](t, "PUT", "/maps/who", admin.MapChange{Rules: []string{fmt.Sprintf("echo%d=>echo", i)}}); err != nil {
				t.Errorf("map %d: %v", i, err)
			}
		}
		begun := h.sbc.Stats().Calls
		waitUntil(t, func() bool { return h.sbc.Stats().Calls > begun }) // one at least gets this configuration
	}
	close(done)
	wg.Wait()
	t.Logf("%d reloads, %d calls, %d failed", reloads, calls.Load(), failed.Load())
	if rest > 0 {
		time.Sleep(rest) // RFC 3261 wants the last transactions to live that long
		after := heap()
		t.Logf("heap %d kB, then %d kB", before>>10, after>>10)
		if after > before+8<<20 {
			t.Errorf("the heap grew from %d to %d bytes", before, after)
		}
	}
	if got := h.current.Load().MaxCalls; got != 10_000+(reloads-1)&^1 {
		t.Errorf("max_calls = %d after the last good file", got)
	}
	p.stop(h)
}

// waitUntil waits for something that others do.
func waitUntil(t *testing.T, done func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second); !done(); <-tick.C {
		if time.Now().After(end) {
			t.Fatal("waited for ten seconds")
		}
	}
}

// heap is what is in use after a collection.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
