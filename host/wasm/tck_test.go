package wasm

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/contract"
	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/store/embedded"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
)

// fakeRedis answers by the name of the key.
type fakeRedis struct{}

func (fakeRedis) Command(ctx context.Context, args ...string) (store.Value, error) {
	switch args[len(args)-1] {
	case "tck:s":
		return store.Value{Kind: store.ValueList, List: []store.Value{
			{Kind: store.ValueInt, Int: 7}, {Kind: store.ValueList, List: []store.Value{{Kind: store.ValueText, Text: "a"}, {Kind: store.ValueNil}}},
		}}, nil
	case "tck:nonsense":
		return store.Value{}, store.ErrCorrupt
	case "tck:away":
		return store.Value{}, store.ErrUnavailable
	case "tck:slow":
		return store.Value{}, store.ErrTimeout
	}
	return store.Value{Kind: store.ValueText, Text: strings.Join(args, " ")}, nil
}

// fakeCalls notes what was asked of calls; the call "gone" is not there.
type fakeCalls struct{ said []string }

func (f *fakeCalls) Hangup(id, by string, code int, reason string) bool {
	f.said = append(f.said, fmt.Sprintf("hangup %s by %s: %d %s", id, by, code, reason))
	return id != "gone"
}

func (f *fakeCalls) Rearm(id, use string, d time.Duration) bool {
	f.said = append(f.said, fmt.Sprintf("rearm %s of %s: %v", id, use, d))
	return id != "gone"
}

func (f *fakeCalls) Inform(id, leg, contentType, body string, headers []abi.Field) bool {
	f.said = append(f.said, fmt.Sprintf("info %s %s: %s, %d bytes %v", id, leg, contentType, len(body), headers))
	return id != "gone"
}

func (f *fakeCalls) Refer(id, leg, target string, headers []abi.Field) abi.Code {
	f.said = append(f.said, fmt.Sprintf("refer %s %s: %s %v", id, leg, target, headers))
	switch {
	case id == "gone":
		return abi.CodeNotFound
	case !strings.HasPrefix(target, "sip:"):
		return abi.CodeInvalid
	}
	return abi.CodeOK
}

// everything is a host whose modules may do all there is.
type everything struct {
	*world
	store *embedded.Store
	calls *fakeCalls
}

// withEverything loads a module from testdata/guests that is granted all capabilities.
func withEverything(tb testing.TB, guest string, change func(*ModuleConfig)) *everything {
	tb.Helper()
	url := hostileWeb(tb)
	mc := patient(sdkModule(tb, guest))
	for _, f := range contract.Imports {
		if f.Module != "sbc" && !slices.Contains(mc.Grants, f.Module) {
			mc.Grants = append(mc.Grants, f.Module)
		}
	}
	mc.HTTP = HTTPGrant{Allow: []string{url + "/ok/", "http://10.255.255.1/"}, Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	mc.Redis = RedisGrant{Commands: []string{"GET", "SMEMBERS"}, Prefix: "tck:"}
	mc.Quota = store.Quota{Keys: 100}
	mc.Limits.LogRate = 1e6
	if change != nil {
		change(&mc)
	}
	e := newEverything(tb, mc)
	e.base(tb, url)
	return e
}

// base tells the guest where the web server is.
func (e *everything) base(tb testing.TB, url string) {
	tb.Helper()
	c := call("base")
	c.Message = fields{"one", url}
	if d, err := e.play(tb, c); err != nil {
		tb.Fatal(d, err)
	}
}

// newEverything loads one module.
func newEverything(tb testing.TB, mc ModuleConfig) *everything {
	tb.Helper()
	s, err := embedded.Open(embedded.Options{Path: filepath.Join(tb.TempDir(), "store"), Deadline: time.Minute})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { s.Close() })
	e := &everything{store: s, calls: new(fakeCalls), world: &world{log: new(logBuffer), records: new(records)}}
	e.Host, err = New(Config{
		Modules: []ModuleConfig{mc}, CacheDir: cacheDir(), Node: "sbc1", Log: e.log.logger(),
		CDR:   func(string, []byte) (Sink, error) { return e.records, nil },
		Store: s, Leases: store.NewHolder(s, "sbc1", store.HolderOptions{}), Redis: fakeRedis{}, Calls: e.calls, StoreWait: time.Minute,
		Maps: func(name string) (func([]byte, string) ([]byte, bool), bool) {
			return func(dst []byte, key string) ([]byte, bool) {
				return append(dst, "123"...), key == "bob"
			}, name == "numbers"
		},
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(e.Close)
	return e
}

// fields is a message with these X-Account fields.
type fields []string

func (f fields) Header(name string) (string, bool) { return f.HeaderAt(name, 0) }
func (f fields) HeaderAt(_ string, i int) (string, bool) {
	if i >= len(f) {
		return "", false
	}
	return f[i], true
}
func (f fields) Body() string { return "a body" }

// play runs the start hook of a call to its end, waiting or not.
func (w *world) play(tb testing.TB, c *abi.Call) (abi.Decision, error) {
	tb.Helper()
	m, later, d, err := w.begin(tb, c)
	defer m.Release()
	if err != callcontrol.ErrPending {
		return d, err
	}
	select {
	case o := <-later:
		return o.d, o.err
	case <-time.After(20 * time.Second):
		tb.Fatalf("%s: no decision", c.Callee)
		return d, nil
	}
}

func TestConformance(t *testing.T) {
	conformance(t, withEverything(t, "tck", nil))
}

func conformance(t *testing.T, e *everything) {
	t.Helper()
	names := []string{"sbc", "kv", "limit", "account", "http", "redis", "cdr", "timer", "map", "metric", "call", "dialog"}
	for _, f := range contract.Imports {
		if f.Async() && f.Module != "sbc" {
			names = append(names, "wrong-"+f.Module+"."+f.Name)
		}
	}
	for _, name := range names {
		c := call(name)
		c.Message = fields{"one", "two"}
		d, err := e.play(t, c)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		switch name {
		case "timer":
			want := []abi.Timer{{Number: 1, After: time.Minute}, {Number: 15, After: 90 * time.Second, End: true}, {Number: 2}}
			if len(d.Timers) < 3 || !slices.Equal(d.Timers[:3], want) {
				t.Errorf("timers %v, want %v …", d.Timers, want)
			}
		case "call":
			want := []string{
				"hangup call-call by judge: 480 enough", "hangup other by judge: 603 ", "hangup gone by judge: 480 ",
				"rearm call-call of judge: 1m0s", "rearm gone of judge: 1m0s",
			}
			if !slices.Equal(e.calls.said, want) {
				t.Errorf("calls were told %q", e.calls.said)
			}
			e.calls.said = nil
		case "dialog":
			want := []string{
				"info call-dialog a: text/plain, 6 bytes []", "info call-dialog b: , 0 bytes [{X-Left 30}]", "info other a: text/plain, 1024 bytes []",
				"info gone a: , 0 bytes []", "refer call-dialog b: sip:carol@example.org [{Referred-By <sip:bob@example.net>}]",
				"refer gone a: sip:carol@example.org []", "refer call-dialog a: nobody []",
			}
			if n := len(want); len(e.calls.said) != wire.MaxFields+1 || !slices.Equal(e.calls.said[:n], want) {
				t.Errorf("calls were told %q", e.calls.said)
			}
		case "cdr":
			e.records.err = errors.New("disk full")
			if _, err := e.play(t, call("cdr-full")); err != nil {
				t.Error(err)
			}
		}
	}
	completed(t, e)
	end := call("x")
	m, _ := e.Acquire("judge", "1")
	if err := m.End(t.Context(), end); err != nil {
		t.Error(err)
	}
	m.Release()
	covered(t, e.log.String())
	st := e.Modules()[0]
	if st.State != 2 || st.Uses["sbc_http"].Failed == 0 || st.Uses["sbc_http"].Refused == 0 || st.Uses["sbc_kv"].Calls == 0 || st.Stats.Parked != 0 || st.Stats.Traps != 0 {
		t.Errorf("status %+v", st)
	}
	want := []Metric{{"calls", "counter", 2, 0}, {"level", "gauge", -7, 0}, {"took", "summary", 40, 1}}
	if len(st.Metrics) != wire.MaxMetrics || !slices.Equal(st.Metrics[:3], want) {
		t.Errorf("metrics %+v", st.Metrics[:min(len(st.Metrics), 3)])
	}
}

// completed lets one hook decide for another.
func completed(t *testing.T, e *everything) {
	t.Helper()
	for name, want := range map[string]string{"complete": "", "complete-garbage": "breaks the contract"} {
		m, later, _, err := e.begin(t, call("completed"))
		if err != callcontrol.ErrPending {
			t.Fatal(err)
		}
		if _, err := e.play(t, call(name)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		o := come(t, "the decision by another hook", later)
		if want == "" && (o.err != nil || o.d.Code != 486) || want != "" && (o.err == nil || !strings.Contains(o.err.Error(), want)) {
			t.Errorf("%s: %+v", name, o)
		}
		m.Release()
	}
}

// covered fails for functions the guest did not call and codes it did not see.
func covered(t *testing.T, log string) {
	t.Helper()
	seen, codes := map[string]bool{"sbc.fuel": true}, map[string]bool{}
	for line := range strings.Lines(log) {
		if _, said, ok := strings.Cut(line, `text="tck `); ok {
			name, code, _ := strings.Cut(strings.TrimRight(said, "\"\n"), " ")
			seen[name], codes[code] = true, true
		}
	}
	for _, f := range contract.Imports {
		if !seen[f.Module+"."+f.Name] {
			t.Errorf("the conformance guest does not call %s.%s", f.Module, f.Name)
		}
	}
	for _, c := range contract.Codes {
		if !codes[c.Name] {
			t.Errorf("the conformance guest sees no %s", c.Name)
		}
	}
	if t.Failed() {
		t.Logf("seen: %v %v", slices.Sorted(maps.Keys(seen)), slices.Sorted(maps.Keys(codes)))
	}
}

// Every event reaches a guest with its fields, whether or not the SBC raises it yet.
func TestEveryEvent(t *testing.T) {
	e := withEverything(t, "tck", nil)
	m, err := e.Acquire("judge", "1")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Release()
	for _, ev := range contract.Events {
		c := call("x")
		c.Event, c.Side, c.Status, c.Phrase, c.Timer, c.Detail, c.Target = abi.Event(ev.Number), "b", 486, "Busy", 7, "5", "sip:b@example.net"
		switch c.Event {
		case abi.EventStart, abi.EventEnd:
			continue
		case abi.EventReject:
			d, err := m.Event(t.Context(), c)
			if err != nil || !d.Fork || !slices.Equal(d.Targets, []string{"sip:b@example.net;again", "sip:backup@example.net"}) {
				t.Errorf("reject: %+v, %v", d, err)
			}
			continue
		}
		want := ev.Name + " b 486 Busy 7 5"
		if c.Event == abi.EventConnect {
			want = "connect  0  0 "
		}
		if d, err := m.Event(t.Context(), c); err != nil || d.Reason != want {
			t.Errorf("%s: %q, %v, want %q", ev.Name, d.Reason, err, want)
		}
	}
}

// What a call holds is given back when it has ended, whoever forgot it.
func TestLeasesEndWithTheCall(t *testing.T) {
	e := withEverything(t, "tck", nil)
	held := func() int64 {
		n, err := e.store.Used(t.Context(), "tck/kept")
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	m, err := e.Acquire("judge", "1")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Release()
	c := call("lease")
	if _, err := m.Start(t.Context(), c); err != nil || held() != 1 {
		t.Fatalf("%v, held %d", err, held())
	}
	if err := m.End(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if n := e.Host.config.Leases.(*store.Holder).Len(); n != 0 || held() != 0 {
		t.Errorf("the node holds %d leases", n)
	}
}

func TestStateOfAnotherVersion(t *testing.T) {
	e := withEverything(t, "tck", nil)
	m, _ := e.Acquire("judge", "1")
	defer m.Release()
	g := m.(*Generation)
	if b, err := g.Migrate(1, []byte("state")); err != nil || string(b) != "2:state" {
		t.Errorf("%q, %v", b, err)
	}
	if b, err := g.Migrate(2, []byte("state")); err != nil || string(b) != "state" {
		t.Errorf("of the same version: %q, %v", b, err)
	}
	if _, err := g.Migrate(7, []byte("state")); !errors.Is(err, ErrMigrate) || !strings.Contains(err.Error(), "version unknown") {
		t.Errorf("of an unknown version: %v", err)
	}
}

// Where the host has nothing behind a capability its functions say so.
func TestNothingBehindACapability(t *testing.T) {
	e := withEverything(t, "tck", nil)
	config := e.Host.config
	mc := (*e.slots.Load())["judge"].stable().source
	mc.HTTP.Allow = nil
	config.Modules, config.Store, config.Leases, config.Redis, config.Calls = []ModuleConfig{mc}, nil, nil, nil, nil
	h, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	w := &world{Host: h, log: e.log}
	for _, name := range []string{"kv", "limit", "account", "http", "redis", "call"} {
		if _, err := w.play(t, call(name)); err == nil || !strings.Contains(err.Error(), "UNSUPPORTED") {
			t.Errorf("%s: %v", name, err)
		}
		if want := "capability=sbc_" + name; !strings.Contains(e.log.String(), want) {
			t.Errorf("no line about %s", want)
		}
	}
}

// A module with a list that makes no sense, or that fails its own test, is not loaded, and the error
// says why.
func TestNotGranted(t *testing.T) {
	full := withEverything(t, "tck", nil)
	mc := (*full.slots.Load())["judge"].stable().source
	for _, c := range []struct {
		name, want string
		change     func(*Config, *ModuleConfig)
	}{
		{"a bad list", "neither http nor https", func(_ *Config, m *ModuleConfig) { m.HTTP.Allow = []string{"ftp://example.net/"} }},
		{"a command that may not be", "KEYS", func(_ *Config, m *ModuleConfig) { m.Redis.Commands = []string{"KEYS"} }},
		{"self test", "self test: INTERNAL: the self test was told to fail", func(_ *Config, m *ModuleConfig) { m.Config = []byte(`{"fail": true}`) }},
		{"schema", "configuration: limit: the module knows no such key", func(_ *Config, m *ModuleConfig) { m.Config = []byte(`{"limit": 1}`) }},
		{"schema, type", "configuration: fail: is string, should be boolean", func(_ *Config, m *ModuleConfig) { m.Config = []byte(`{"fail": "x"}`) }},
	} {
		config := full.Host.config
		module := mc
		c.change(&config, &module)
		if c.name == "self test" {
			module.Config = []byte(`{"fail":true}`)
		}
		config.Modules = []ModuleConfig{module}
		h, err := New(config)
		if err == nil {
			h.Close()
		}
		if le := (*LoadError)(nil); !errors.As(err, &le) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
