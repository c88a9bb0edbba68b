package wasm

import (
	"bytes"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/manifest"
	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
)

// hooks is the manifest of the test guests.
func hooks(names ...string) *manifest.Manifest {
	return &manifest.Manifest{Name: "test", Version: "1.2.3", Contract: 1, Hooks: names, Capabilities: []string{"sbc_cdr"}}
}

func embed(tb testing.TB, wasm []byte, m *manifest.Manifest) []byte {
	tb.Helper()
	out, err := manifest.Embed(wasm, m)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

func write(tb testing.TB, wasm []byte) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "test.wasm")
	if err := os.WriteFile(path, wasm, 0o600); err != nil {
		tb.Fatal(err)
	}
	return path
}

var goGuest = sync.OnceValue(func() func(testing.TB) []byte {
	var wasm []byte
	return func(tb testing.TB) []byte {
		if wasm == nil {
			wasm = wasmtest.Build(tb, "testdata/guest")
		}
		return wasm
	}
})

// goModule is the configuration of the guest in testdata/guest.
func goModule(tb testing.TB) ModuleConfig {
	tb.Helper()
	wasm := embed(tb, goGuest()(tb), hooks("start", "connect", "end"))
	return ModuleConfig{Name: "judge", Source: write(tb, wasm), Grants: []string{"sbc_cdr"}}
}

// records is a sink that keeps what it gets.
type records struct {
	mu     sync.Mutex
	lines  []string
	err    error
	closed int
}

func (r *records) Emit(b []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.lines = append(r.lines, string(b))
	}
	return r.err
}

func (r *records) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed++
	return nil
}

// world is a host with what it logged and recorded.
type world struct {
	*Host
	log     *logBuffer
	records *records
}

type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logBuffer) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// cacheDir is shared by all tests of the package: what they compile is mostly the same.
var cacheDir = sync.OnceValue(func() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	return filepath.Join(dir, "sallyport-wasmtest", "code")
})

func newWorld(tb testing.TB, modules ...ModuleConfig) *world {
	tb.Helper()
	w, err := tryWorld(tb, modules...)
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

func tryWorld(tb testing.TB, modules ...ModuleConfig) (*world, error) {
	w := &world{log: new(logBuffer), records: new(records)}
	var err error
	w.Host, err = New(Config{
		Modules: modules, CacheDir: cacheDir(), Node: "sbc1",
		CDR: func(string, []byte) (Sink, error) { return w.records, nil },
		Log: w.log.logger(),
	})
	if err != nil {
		return w, err
	}
	tb.Cleanup(w.Close)
	return w, nil
}

// generation is the one that the module called judge has.
func (w *world) generation() *Generation { return (*w.slots.Load())["judge"].stable() }

// message is a request with two fields of one name.
type message struct{ body string }

func (m message) Header(name string) (string, bool) { return m.HeaderAt(name, 0) }

func (m message) HeaderAt(name string, i int) (string, bool) {
	if !strings.EqualFold(name, "X-Account") || i > 1 {
		return "", false
	}
	return []string{"one", "two"}[i], true
}

func (m message) Body() string { return m.body }

// call is a call whose callee tells the guest what to do.
func call(what string) *abi.Call {
	return &abi.Call{
		ID: "call-" + what, Use: "judge", CallIDA: "a84b4c76e66710@192.0.2.1", Method: "INVITE",
		RURI: "sip:" + what + "@example.net", From: `"Alice" <sip:alice@example.org>;tag=1928301774`, To: "<sip:bob@example.net>",
		FromURI: "sip:alice@example.org", ToURI: "sip:bob@example.net", Caller: "alice", Callee: what,
		Source: netip.MustParseAddrPort("192.0.2.1:5060"), Transport: "UDP", InterfaceA: "public", InterfaceB: "private",
		Profile: "default", Node: "sbc1", Start: time.Unix(1700000000, 0),
		Message: message{"v=0\r\n"}, Params: []abi.Field{{Name: "account", Value: "alice"}}, Vars: new(abi.Vars),
	}
}

// start runs the start hook of the module called judge.
func (w *world) start(tb testing.TB, c *abi.Call) (abi.Decision, error) {
	tb.Helper()
	m, err := w.Acquire("judge", c.ID)
	if err != nil {
		tb.Fatal(err)
	}
	defer m.Release()
	return m.Start(tb.Context(), c)
}
