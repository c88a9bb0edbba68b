package wasm

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/store/embedded"
	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
)

// deckModules are the modules of bench/deck.toml with the parameters they have there.
var deckModules = []struct {
	name, config string
	params       []abi.Field
}{
	{"cdr", "", []abi.Field{{Name: "account", Value: "account42"}}},
	{"blacklist", `{"exact": ["mallory", "trudy"], "prefixes": ["+900", "0190"]}`, []abi.Field{{Name: "caller", Value: "sipp"}, {Name: "callee", Value: "service"}}},
	{"parallelcalls", "", []abi.Field{
		{Name: "max_source", Value: "100000"},
		{Name: "max_user", Value: "100000"},
		{Name: "source", Value: "127.0.0.20"},
		{Name: "user", Value: "account42"},
	}},
	{"rest", `{"timeout": "2s"}`, []abi.Field{{Name: "url", Value: "http://127.0.0.1:8090/forward/service"}}},
	{"calltimer", "", []abi.Field{{Name: "timer", Value: "2h"}}},
	{"prepaid", "", []abi.Field{{Name: "account", Value: "account42"}, {Name: "tariff", Value: "0.60"}}},
}

// deckWeb answers as the web server of bench/deck.go, without a network.
type deckWeb struct{}

func (deckWeb) RoundTrip(r *http.Request) (*http.Response, error) {
	const body = `{"var": {"plan": "gold"}}`
	return &http.Response{
		StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: int64(len(body)),
		Header: http.Header{
			"Content-Type": {"application/json"}, "Content-Length": {strconv.Itoa(len(body))}, "Date": {"Mon, 02 Jan 2006 15:04:05 GMT"},
		},
		Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

// deckCall is the call numbered n as the deck's load makes it.
func deckCall(n int, params []abi.Field) *abi.Call {
	const sipp = "127.0.0.20:5060"
	id := strconv.Itoa(n)
	c := &abi.Call{
		ID: "0f3a9c21-" + id, CallIDA: id + "-4711@127.0.0.20", Method: "INVITE", RURI: "sip:service@127.0.0.10:5060",
		From: "sipp <sip:sipp@" + sipp + ">;tag=4711SIPpTag00" + id, To: "service <sip:service@127.0.0.10:5060>",
		FromURI: "sip:sipp@" + sipp, ToURI: "sip:service@127.0.0.10:5060", Caller: "sipp", Callee: "service",
		Source: netip.MustParseAddrPort(sipp), Transport: "UDP", InterfaceA: "bench", InterfaceB: "bench",
		Profile: "bench", Node: "bench", Start: time.Now(), Message: message{}, Params: params, Vars: new(abi.Vars),
	}
	c.Vars.Set("plan", "gold")
	return c
}

// BenchmarkDeck is what each module of the deck does in a call, by its hooks: nanoseconds, the host's allocations, and
// the fuel its guest burns. A hook that waits is measured until its decision is there, the store's disk included. In the
// cold runs nothing of the hook before is in the processor's caches: so a hook meets it between those of other modules.
func BenchmarkDeck(b *testing.B) {
	engine, err := embedded.Open(embedded.Options{Path: filepath.Join(b.TempDir(), "store.db")})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := engine.Deposit(ctx, "account42", "1", 1e15); err != nil {
		b.Fatal(err)
	}
	holder, done := store.NewHolder(engine, "bench", store.HolderOptions{}), make(chan struct{})
	go func() { defer close(done); holder.Run(ctx) }() // ends with cancel
	b.Cleanup(func() { cancel(); <-done; engine.Close() })
	config := Config{
		CacheDir: cacheDir(), Node: "bench", Log: slog.New(slog.DiscardHandler), Store: engine, Leases: holder, Web: deckWeb{},
		CDR: func(string, []byte) (Sink, error) { return discard{}, nil },
	}
	for _, p := range deckModules {
		mc := ModuleConfig{
			Name: p.name, Source: write(b, wasmtest.BuildModule(b, "../../plugins/"+p.name)), Config: []byte(p.config),
			HTTP: HTTPGrant{Allow: []string{"http://127.0.0.1:8090/forward/"}, Private: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}},
		}
		mc.Grants = deckGrants[p.name]
		config.Modules = append(config.Modules, mc)
	}
	h, err := New(config)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(h.Close)
	for _, p := range deckModules {
		b.Run(p.name, func(b *testing.B) { benchmarkDeck(b, h, p.name, p.params, false) })
		b.Run("cold/"+p.name, func(b *testing.B) { benchmarkDeck(b, h, p.name, p.params, true) })
	}
}

// elsewhere is what else the machine has in its caches between two hooks of a cold run, as under a load of calls.
var elsewhere [4 << 20]byte

var deckGrants = map[string][]string{
	"cdr": {"sbc_cdr", "sbc_timer"}, "blacklist": {"sbc_kv", "sbc_redis"}, "parallelcalls": {"sbc_limit"}, "rest": {"sbc_http", "sbc_kv"},
	"calltimer": {"sbc_timer", "sbc_metric", "sbc_call"}, "prepaid": {"sbc_account", "sbc_timer"},
}

// discard is a sink that owns what it gets and forgets it.
type discard struct{}

func (discard) Emit([]byte) error { return nil }
func (discard) Close() error      { return nil }

func benchmarkDeck(b *testing.B, h *Host, name string, params []abi.Field, cold bool) {
	m, err := h.Acquire(name, "1")
	if err != nil {
		b.Fatal(err)
	}
	defer m.Release()
	g := m.(*Generation)
	later := make(chan outcome, 1)
	hook := func(e abi.Event, c *abi.Call) {
		c.Event = e
		var d abi.Decision
		err := g.hook(b.Context(), c, &d)
		if err == callcontrol.ErrPending {
			o := <-later
			if d, err = o.d, o.err; d.State != nil {
				c.State = d.State
			}
		}
		if err != nil || d.Refused() {
			b.Fatalf("%s %s: %+v, %v", name, e, d, err)
		}
	}
	// The calls of a batch go through a hook one after the other: what is measured is that hook.
	const batch = 64
	events := []abi.Event{abi.EventStart, abi.EventConnect, abi.EventEnd}
	var took [3]time.Duration
	var fuel, allocs [3]uint64
	var before, after runtime.MemStats
	calls, n := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		var all [batch]*abi.Call
		for i := range all {
			n++
			all[i] = deckCall(n, params)
			all[i].Use, all[i].Later = name, func(d abi.Decision, err error) { later <- outcome{d, err} }
		}
		for k, e := range events {
			for _, c := range all {
				switch e {
				case abi.EventConnect:
					c.Ringing, c.Connect, c.CallIDB = c.Start.Add(20*time.Millisecond), c.Start.Add(30*time.Millisecond), "b7d1-"+c.ID
					c.Destination, c.Message = netip.MustParseAddrPort("127.0.0.1:5090"), nil
				case abi.EventEnd:
					c.End = c.Start.Add(time.Second)
					c.Result = &abi.End{Disposition: abi.Answered, Code: 200, Reason: "OK", Q850: 16, HangupBy: "a", Modules: []string{
						"cdr", "blacklist", "parallelcalls", "rest", "calltimer", "prepaid",
					}}
				}
			}
			burnt := g.Status().Stats.Fuel
			runtime.ReadMemStats(&before)
			for _, c := range all {
				for i := 0; cold && i < len(elsewhere); i += 64 {
					elsewhere[i]++
				}
				at := time.Now()
				hook(e, c)
				took[k] += time.Since(at)
			}
			runtime.ReadMemStats(&after)
			fuel[k] += g.Status().Stats.Fuel - burnt
			allocs[k] += after.Mallocs - before.Mallocs
		}
		calls += batch
	}
	per := func(v uint64) float64 { return float64(v) / float64(calls) }
	for k, e := range events {
		if g.Events()&abi.Bit(e) == 0 {
			continue
		}
		b.ReportMetric(per(uint64(took[k])), "ns-"+e.String())
		b.ReportMetric(per(fuel[k]), "fuel-"+e.String())
		b.ReportMetric(per(allocs[k]), "allocs-"+e.String())
	}
	b.ReportMetric(per(fuel[0]+fuel[1]+fuel[2]), "fuel-call")
	b.ReportMetric(0, "ns/op") // of a batch, which is of no interest
}
