package workbench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/manifest"
	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/wasm"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
)

// Options of a Bench.
type Options struct {
	// File is the module.
	File string
	// Config is its configuration, a JSON object; "" = {}.
	Config string
	// Instances that may run at one time; 0 = the host's default.
	Instances int
	// Allow are the URLs it may reach by sbc_http, on this machine too.
	Allow []string
	// Commands it may give by sbc_redis; nobody answers without a script.
	Commands []string
	// Distant makes the store answer later, as one over a network does, and not at once.
	Distant bool

	outside *outside // a script's; nil is the network
	filled  []string // the script's store sections
	bare    bool     // there is nothing behind the capabilities
}

// Bench is one module in a host of its own, which grants it all it asks for.
type Bench struct {
	Manifest *manifest.Manifest

	host   *wasm.Host
	module callcontrol.Module
	store  *ledger // nil when the module asks for none
	values map[string]int64
	began  []string // what it said while it began
	said   said
}

// use is the name of the module's use.
const use = "module"

// Open loads the module.
func Open(o Options) (*Bench, error) {
	file, err := os.ReadFile(o.File)
	if err != nil {
		return nil, err
	}
	b := new(Bench)
	if b.Manifest, err = manifest.Read(file); err != nil {
		return nil, fmt.Errorf("%s: %w", o.File, err)
	}
	c := wasm.Config{
		Modules: []wasm.ModuleConfig{{
			Name: b.Manifest.Name, Source: o.File, Config: []byte(o.Config), Grants: append([]string{}, b.Manifest.Capabilities...),
			Limits: wasm.Limits{LogRate: 1 << 30, Instances: o.Instances, InstanceWait: patience, ParkWait: patience},
			HTTP:   wasm.HTTPGrant{Allow: o.Allow, Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}},
			Redis:  wasm.RedisGrant{Commands: o.Commands},
		}},
		CacheDir: cacheDir(), Node: "sbc1", Log: slog.New(&b.said),
		CDR: func(string, []byte) (wasm.Sink, error) { return &b.said, nil }, Calls: &b.said,
	}
	out := o.outside
	if out == nil {
		out = newOutside(&b.said)
		out.clock = time.Now
	} else {
		out.said = &b.said
		c.Web, c.Now = out, out.clock
	}
	c.Redis, c.Maps = out, out.lookup
	if slices.ContainsFunc(b.Manifest.Capabilities, stored) {
		if b.store, err = openLedger(out.clock); err != nil {
			return nil, err
		}
		far := distant{b.store, out.down}
		c.Store = near{far, b.store}
		if o.Distant {
			c.Store = far
		}
		c.Leases = leases{c.Store, store.NewShare(1)}
	}
	if o.bare {
		c.Redis, c.Store, c.Leases, c.Calls = nil, nil, nil, nil
	}
	if b.host, err = wasm.New(c); err == nil {
		if b.module, err = b.host.Acquire(b.Manifest.Name, "bench"); err != nil {
			b.host.Close()
		}
	}
	if err != nil {
		b.store.close()
		return nil, err
	}
	b.metrics()
	b.began = b.said.take()
	return b, nil
}

// cacheDir keeps compiled modules, so that a module that did not change loads at once.
func cacheDir() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "sallyport")
}

// Close gives the module back.
func (b *Bench) Close() {
	b.module.Release()
	b.host.Close()
	b.store.close()
}

// Wants reports whether the module has a hook for the event.
func (b *Bench) Wants(e abi.Event) bool { return b.module.Events()&abi.Bit(e) != 0 }

// deaf are the hooks the manifest names and the module does not want.
func (b *Bench) deaf() (names []string) {
	for _, h := range b.Manifest.Hooks {
		if e, ok := wire.ParseEvent(h); ok && !b.Wants(e) {
			names = append(names, h)
		}
	}
	return names
}

// fuel is what the hooks so far have burnt, and how many they were.
func (b *Bench) fuel() (fuel, hooks uint64) {
	s := b.host.Modules()[0].Stats
	return s.Fuel, s.Hooks
}

// metrics are what changed of the module's since the last time.
func (b *Bench) metrics() (lines []string) {
	if b.values == nil {
		b.values = map[string]int64{}
	}
	for _, m := range b.host.Modules()[0].Metrics {
		if old, known := b.values[m.Name]; !known && m.Value == 0 && m.Count == 0 || known && old == m.Value {
			continue
		}
		b.values[m.Name] = m.Value
		lines = append(lines, fmt.Sprintf("metric %s: %d", m.Name, m.Value))
	}
	return lines
}

// patience is how long a hook that waits may take.
const patience = 15 * time.Second

var errLate = errors.New("the hook still waits")

// hook runs the hook c.Event, and waits for it when it waits.
func (b *Bench) hook(ctx context.Context, c *abi.Call) (d abi.Decision, err error) {
	type answer struct {
		d   abi.Decision
		err error
	}
	late := make(chan answer, 1)
	c.Later = func(d abi.Decision, err error) { late <- answer{d, err} }
	if d, err = b.run(ctx, c); !errors.Is(err, callcontrol.ErrPending) {
		return d, err
	}
	select {
	case a := <-late:
		for _, v := range a.d.Vars {
			a.err = errors.Join(a.err, c.Vars.Set(v.Name, v.Value))
		}
		if a.d.State != nil {
			c.State = a.d.State
		}
		return a.d, a.err
	case <-time.After(patience):
		return d, fmt.Errorf("%w after %v", errLate, patience)
	}
}

func (b *Bench) run(ctx context.Context, c *abi.Call) (d abi.Decision, err error) {
	switch c.Event {
	case abi.EventStart:
		return b.module.Start(ctx, c)
	case abi.EventConnect:
		return b.module.Connect(ctx, c)
	case abi.EventEnd:
		return d, b.module.End(ctx, c)
	}
	return b.module.Event(ctx, c)
}

// said keeps what the module logs and records. It is the host's log and its sink.
type said struct {
	mu    sync.Mutex
	lines []string
	count int
	calls map[string]bool // by ID; nil has every call
}

// most is how many lines are kept; a benchmark logs millions.
const most = 10_000

func (s *said) add(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count++; len(s.lines) < most {
		s.lines = append(s.lines, line)
	}
}

// take hands out the lines since the last time.
func (s *said) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := s.lines
	s.lines = nil
	return lines
}

// Emit takes a record of the module.
func (s *said) Emit(record []byte) error {
	s.add("cdr: " + string(bytes.TrimSpace(record)))
	return nil
}

// has reports whether there is a call with that ID.
func (s *said) has(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls == nil || s.calls[id]
}

// met notes a call; from the first on there are no others.
func (s *said) met(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.calls == nil {
		s.calls = map[string]bool{}
	}
	s.calls[id] = true
}

// Hangup notes that the module ended a call.
func (s *said) Hangup(id, _ string, code int, reason string) bool {
	if !s.has(id) {
		return false
	}
	s.add(strings.TrimSpace(fmt.Sprintf("hangup %s: %d %s", id, code, reason)))
	return true
}

// Rearm notes that the module gave a call another maximum duration.
func (s *said) Rearm(id, _ string, d time.Duration) bool {
	if !s.has(id) {
		return false
	}
	s.add(fmt.Sprintf("rearm %s: %v", id, d))
	return true
}

// Inform notes that the module sent an INFO.
func (s *said) Inform(id, leg, contentType, body string, headers []abi.Field) bool {
	if !s.has(id) {
		return false
	}
	s.add(strings.TrimSpace(fmt.Sprintf("info %s %s%s: %s %s", id, leg, fieldsText(headers), contentType, body)))
	return true
}

// Refer notes that the module sent a REFER. Whether the target is a URI is not looked at.
func (s *said) Refer(id, leg, target string, headers []abi.Field) abi.Code {
	if !s.has(id) {
		return abi.CodeNotFound
	}
	s.add(fmt.Sprintf("refer %s %s%s: %s", id, leg, fieldsText(headers), target))
	return abi.CodeOK
}

func fieldsText(fs []abi.Field) string {
	text := ""
	for _, f := range fs {
		text += fmt.Sprintf(" [%s: %s]", f.Name, f.Value)
	}
	return text
}

// Close keeps the records.
func (s *said) Close() error { return nil }

// Enabled lets everything pass.
func (s *said) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs and WithGroup: the host uses neither.
func (s *said) WithAttrs([]slog.Attr) slog.Handler { return s }

// WithGroup is as WithAttrs.
func (s *said) WithGroup(string) slog.Handler { return s }

// Handle keeps the lines that the module itself wrote: those with a text.
func (s *said) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "text" {
			s.add("log " + strings.ToLower(r.Level.String()) + ": " + a.Value.String())
		}
		return true
	})
	return nil
}
