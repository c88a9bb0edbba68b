package host

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/config"
	"github.com/sallyport-sbc/sallyport/host/useragent"
)

// address is a loopback address nobody else uses, so that a test has all ports for itself.
func address() netip.Addr {
	pid := os.Getpid()
	return netip.AddrFrom4([4]byte{127, byte(16 + pid>>8%200), byte(pid), byte(128 + addresses.Add(1))})
}

var addresses atomic.Uint32

// log collects lines.
type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// place is a folder with a configuration, which is where the test runs.
type place struct {
	t    *testing.T
	addr netip.Addr
	log  log
}

func newPlace(t *testing.T, extra string) *place {
	t.Helper()
	t.Chdir(t.TempDir())
	p := &place{t: t, addr: address()}
	p.write(extra)
	return p
}

// write writes the configuration: an interface, an echo, a profile that leads to it.
func (p *place) write(extra string) {
	p.t.Helper()
	text := fmt.Sprintf(`active_profile = ["echo"]
%[2]s
[interface.public]
udp = ["%[1]s:5060"]
tcp = ["%[1]s:5060"]
[echo]
address = "%[1]s:5070"
[cache]
dir = ""
[profile.echo.routing]
next_hop = "%[1]s:5070"
`, p.addr, extra)
	if err := os.WriteFile("sallyport.toml", []byte(text), 0o644); err != nil {
		p.t.Fatal(err)
	}
}

// edit replaces a part of the configuration.
func (p *place) edit(old, next string) {
	p.t.Helper()
	text, err := os.ReadFile("sallyport.toml")
	if err != nil {
		p.t.Fatal(err)
	}
	if !bytes.Contains(text, []byte(old)) {
		p.t.Fatalf("the configuration has no %q", old)
	}
	text = bytes.Replace(text, []byte(old), []byte(next), 1)
	if err := os.WriteFile("sallyport.toml", text, 0o644); err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) options() Options { return Options{File: "sallyport.toml", Log: &p.log} }

func (p *place) start() *Host {
	p.t.Helper()
	s, err := config.Load("sallyport.toml", config.Options{})
	if err != nil {
		p.t.Fatal(err)
	}
	h, err := Start(p.t.Context(), s, p.options())
	if err != nil {
		p.t.Fatal(err)
	}
	return h
}

func (p *place) stop(h *Host) {
	p.t.Helper()
	if err := h.Stop(p.t.Context()); err != nil {
		p.t.Errorf("Stop() = %v", err)
	}
	p.quiet()
}

// quiet fails the test when a goroutine of ours is left. One that has done its last work may
// still be on its way out.
func (p *place) quiet() {
	p.t.Helper()
	left := running()
	for end := time.Now().Add(time.Second); left != "" && time.Now().Before(end); left = running() {
		runtime.Gosched()
	}
	if left != "" {
		p.t.Errorf("a goroutine is left:\n%s", left)
	}
}

// running is the stack of a goroutine of ours that is not a test.
func running() string {
	buf := make([]byte, 1<<20)
	for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(stack, "sallyport-sbc") && !strings.Contains(stack, "testing.tRunner") {
			return stack
		}
	}
	return ""
}

func (p *place) call(duration time.Duration) (*useragent.Result, error) {
	return useragent.Call(p.t.Context(), useragent.CallConfig{
		URI:      "sip:echo@" + netip.AddrPortFrom(p.addr, 5060).String(),
		Listen:   netip.AddrPortFrom(p.addr, 0),
		Duration: duration,
	}, nil)
}

func TestCallThroughHost(t *testing.T) {
	p := newPlace(t, "")
	h := p.start()
	s := h.Summary()
	want := []string{
		"public udp " + p.addr.String() + ":5060",
		"public tcp " + p.addr.String() + ":5060",
		"echo udp " + p.addr.String() + ":5070",
	}
	var got []string
	for _, l := range append(s.Listeners, s.Echo) {
		got = append(got, l.Name+" "+l.Proto+" "+l.Addr.String())
	}
	if strings.Join(got, ", ") != strings.Join(want, ", ") {
		t.Errorf("listeners %q, want %q", got, want)
	}
	if want := "sip:echo@" + p.addr.String() + ":5060"; s.TestCall != want {
		t.Errorf("TestCall = %q, want %q", s.TestCall, want)
	}
	if _, err := p.call(300 * time.Millisecond); err != nil {
		t.Errorf("call: %v", err)
	}
	p.stop(h)
	if t.Failed() {
		t.Log(p.log.String())
	}
}

func TestPortTaken(t *testing.T) {
	for _, c := range []struct {
		name, proto string
		port        uint16
	}{
		{"public", "udp", 5060},
		{"public", "tcp", 5060},
		{"echo", "udp", 5070},
	} {
		t.Run(c.name+" "+c.proto, func(t *testing.T) {
			p := newPlace(t, "")
			addr := netip.AddrPortFrom(p.addr, c.port)
			if c.proto == "udp" {
				s, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr))
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
			} else {
				s, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(addr))
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
			}
			s, err := config.Load("sallyport.toml", config.Options{})
			if err != nil {
				t.Fatal(err)
			}
			h, err := Start(t.Context(), s, p.options())
			if h != nil {
				t.Error("a host came with the error")
			}
			used, ok := errors.AsType[*InUseError](err)
			if want := (Listener{Name: c.name, Proto: c.proto, Addr: addr}); !ok || len(used.Listeners) != 1 || used.Listeners[0] != want {
				t.Errorf("Start() = %v, want %+v in use", err, want)
			}
			p.quiet()
		})
	}
}

func TestReload(t *testing.T) {
	p := newPlace(t, "max_calls = 1")
	h := p.start()
	defer p.stop(h)
	restart := func(want string) func(error) bool {
		return func(err error) bool {
			r, ok := errors.AsType[*RestartError](err)
			return ok && r.Error() == want
		}
	}
	// It stands behind the head of [interface.public], whose keys so become second's.
	const second = "media_ports = \"40000-40009\"\nudp = [\"127.0.0.1:0\"]\n[interface.second]\n"
	steps := []struct {
		name      string
		old, next string
		ok        func(error) bool
		maxCalls  int // in force afterwards
	}{
		{"a number", "max_calls = 1", "max_calls = 2", func(err error) bool { return err == nil }, 2},
		{"a mistake", "max_calls = 2", "max_cals = 3", func(err error) bool {
			return err != nil && err.Error() == `sallyport.toml:2: unknown key "max_cals": did you mean "max_calls"?`
		}, 2},
		{"a listener", "max_cals = 3\n[interface.public]\nudp", "max_calls = 3\n[interface.public]\nadvertise = \"192.0.2.1\"\nudp", restart("interface.public changed: that needs a restart"), 2},
		{"an interface", "advertise = \"192.0.2.1\"\n", second, restart("interface.public, interface.second changed: that needs a restart"), 2},
		{"back again", second, "", func(err error) bool { return err == nil }, 3},
	}
	for _, s := range steps {
		p.edit(s.old, s.next)
		if err := h.Reload(); !s.ok(err) {
			t.Errorf("%s: Reload() = %v", s.name, err)
		}
		if got := h.snapshot.MaxCalls; got != s.maxCalls {
			t.Errorf("%s: max_calls = %d, want %d", s.name, got, s.maxCalls)
		}
	}
}

func TestRunObeysSignals(t *testing.T) {
	p := newPlace(t, "max_calls = 1")
	signals := make(chan os.Signal, 4)
	started := func(s Summary) {
		p.edit("max_calls = 1", "max_calls = 2")
		signals <- syscall.SIGHUP
		signals <- syscall.SIGTERM
	}
	if err := Run(t.Context(), p.options(), signals, started); err != nil {
		t.Errorf("Run() = %v", err)
	}
	p.quiet()
	for _, want := range []string{"started", "configuration reloaded", "stopped"} {
		if !strings.Contains(p.log.String(), want) {
			t.Errorf("the log does not say %q:\n%s", want, &p.log)
		}
	}
	if err := os.Remove("sallyport.toml"); err != nil {
		t.Fatal(err)
	}
	if err := Run(t.Context(), p.options(), signals, started); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("Run() = %v, want no such file", err)
	}
}

func TestSecondSignalHangsUp(t *testing.T) {
	p := newPlace(t, `drain_timeout = "10m"`)
	h := p.start()
	type outcome struct {
		res *useragent.Result
		err error
	}
	ended := make(chan outcome, 1)
	answered := make(chan useragent.Event, 64)
	go func() {
		res, err := useragent.Call(t.Context(), useragent.CallConfig{
			URI:      "sip:echo@" + netip.AddrPortFrom(p.addr, 5060).String(),
			Listen:   netip.AddrPortFrom(p.addr, 0),
			Duration: time.Hour,
		}, answered)
		close(answered)
		ended <- outcome{res, err}
	}()
	waitFor(t, h, 1)
	signals := make(chan os.Signal, 4)
	signals <- syscall.SIGINT
	if err := h.stopBy(t.Context(), signals); err != nil {
		t.Errorf("stopBy() = %v", err)
	}
	if o := come(t, "the end of the call", ended); o.err == nil {
		t.Error("the call of an hour ended well")
	}
	p.quiet()
}

// waitFor waits until so many calls are up.
func waitFor(t *testing.T, h *Host, calls uint64) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(10 * time.Second); h.sbc.Stats().Answered < calls; <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("%d calls are up, want %d", h.sbc.Stats().Answered, calls)
		}
	}
}

// come waits for what comes on a channel.
func come[T any](t testing.TB, what string, ch <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-ch:
	case <-time.After(waitLimit):
		t.Fatalf("waited %s for %s", waitLimit, what)
	}
	return v
}

func TestRecordsAreNamed(t *testing.T) {
	t.Chdir(t.TempDir())
	p := newPlace(t, "")
	h := p.start()
	defer p.stop(h)
	a, err := h.openRecords("a", []byte(`{"file": "var/cdr/one.jsonl"}`))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	b, err := h.openRecords("b", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	want := filepath.Join("var", "cdr", "b.jsonl") + " " + filepath.Join("var", "cdr", "one.jsonl")
	if got := strings.Join(h.recordFiles(), " "); got != want {
		t.Errorf("recordFiles() = %s, want %s", got, want)
	}
}
