package wasm

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/store/embedded"
	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
)

// control is a message of a proxy that module ctl listens to.
type control struct{ message }

func (c control) Header(name string) (string, bool) { return c.HeaderAt(name, 0) }

func (c control) HeaderAt(name string, i int) (string, bool) {
	if name != "P-Call-Control" || i > 0 {
		return "", false
	}
	return `routing.next_hop=192.0.2.7:5070; media.relay=no; headers.append="X-Tenant: acme; gold"`, true
}

// BenchmarkPlugins is a start hook of each built-in module that needs no far end, on the embedded
// store, and the end hook where there is one.
func BenchmarkPlugins(b *testing.B) {
	for _, p := range []struct {
		name, config string
		grants       []string
		params       []abi.Field
	}{
		{"calltimer", "", []string{"sbc_timer", "sbc_metric", "sbc_call"}, []abi.Field{{Name: "timer", Value: "90"}}},
		{"ctl", `{"keys": ["*"], "interfaces": ["public"]}`, nil, nil},
		{"blacklist", `{"exact": ["mallory"], "prefixes": ["+900", "0190"]}`, []string{"sbc_kv", "sbc_redis"}, []abi.Field{{Name: "caller", Value: "alice"}, {Name: "callee", Value: "+15550100"}}},
		{"ratelimit", "", []string{"sbc_limit"}, []abi.Field{{Name: "key", Value: "a"}, {Name: "rate", Value: "900000"}, {Name: "burst", Value: "900000"}}},
		{"parallelcalls", "", []string{"sbc_limit"}, []abi.Field{{Name: "user", Value: "alice"}, {Name: "trunk", Value: "t"}, {Name: "max", Value: "9"}}},
		{"prepaid", "", []string{"sbc_account", "sbc_timer"}, []abi.Field{{Name: "account", Value: "alice"}, {Name: "tariff", Value: "0.02 60/6 0.05"}}},
	} {
		b.Run(p.name, func(b *testing.B) { benchmarkPlugin(b, p.name, p.config, p.grants, p.params) })
	}
}

func benchmarkPlugin(b *testing.B, name, config string, grants []string, params []abi.Field) {
	engine, err := embedded.Open(embedded.Options{Path: filepath.Join(b.TempDir(), "store.db")})
	if err != nil {
		b.Fatal(err)
	}
	defer engine.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if _, err := engine.Deposit(ctx, "alice", "1", 1e12); err != nil {
		b.Fatal(err)
	}
	holder := store.NewHolder(engine, "sbc1", store.HolderOptions{})
	done := make(chan struct{})
	go func() { defer close(done); holder.Run(ctx) }() // ends with cancel
	defer func() { cancel(); <-done }()
	h, err := New(Config{
		Modules: []ModuleConfig{{
			Name: "judge", Source: write(b, wasmtest.BuildModule(b, "../../plugins/"+name)), Grants: grants, Config: []byte(config),
		}},
		CacheDir: cacheDir(), Log: slog.New(slog.DiscardHandler), Store: engine, Leases: holder,
	})
	if err != nil {
		b.Fatal(err)
	}
	defer h.Close()
	m, err := h.Acquire("judge", "1")
	if err != nil {
		b.Fatal(err)
	}
	defer m.Release()
	type decided struct {
		d   abi.Decision
		err error
	}
	later := make(chan decided, 1)
	wait := func(c *abi.Call, d abi.Decision, err error) {
		if err == callcontrol.ErrPending {
			r := <-later
			d, err = r.d, r.err
			c.State = d.State // of a hook that waited, as callcontrol does
		}
		if err != nil || d.Refused() {
			b.Fatalf("%+v, %v", d, err)
		}
	}
	ids := [...]string{"01", "02", "03", "04", "05", "06", "07"}
	ends := m.Events()&abi.Bit(abi.EventEnd) != 0
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		n++
		c := call("bench")
		c.ID, c.Params, c.Message = ids[n%len(ids)]+time.Duration(n).String(), params, control{}
		c.Later = func(d abi.Decision, err error) { later <- decided{d, err} }
		c.Event = abi.EventStart
		d, err := m.Start(ctx, c)
		wait(c, d, err)
		if ends {
			c.Event, c.Result, c.End = abi.EventEnd, &abi.End{Disposition: abi.Canceled}, c.Start
			wait(c, abi.Decision{}, m.End(ctx, c))
		}
	}
	b.StopTimer()
	st := m.(*Generation).Status().Stats
	b.ReportMetric(float64(st.Fuel)/float64(b.N), "fuel/op")
}
