package wasm

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
)

// cdrModule is the module of plugins/cdr.
func cdrModule(tb testing.TB) ModuleConfig {
	tb.Helper()
	return ModuleConfig{
		Name: "judge", Source: write(tb, wasmtest.BuildModule(tb, "../../plugins/cdr")), Grants: []string{"sbc_cdr", "sbc_timer"},
	}
}

func TestCDR(t *testing.T) {
	w := newWorld(t, cdrModule(t))
	m, err := w.Acquire("judge", "1")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Release()
	if err := m.End(t.Context(), benchEnd()); err != nil {
		t.Fatal(err)
	}
	if len(w.records.lines) != 1 {
		t.Fatalf("%d records\n%s", len(w.records.lines), w.log)
	}
	var r map[string]any
	if err := json.Unmarshal([]byte(w.records.lines[0]), &r); err != nil {
		t.Fatal(err)
	}
	if r["cdr_id"] != "01-5f3a9c21" || r["billsec"] != 60.0 || r["disposition"] != "answered" || r["codec_b"] != "PCMU/8000" {
		t.Errorf("%s", w.records.lines[0])
	}
}

// nowhere takes records and forgets them.
type nowhere struct{}

func (nowhere) Emit([]byte) error { return nil }
func (nowhere) Close() error      { return nil }

// BenchmarkCDREnd is the end hook of the CDR module with an answered, relayed call.
func BenchmarkCDREnd(b *testing.B) {
	h, err := New(Config{
		Modules: []ModuleConfig{cdrModule(b)}, CacheDir: cacheDir(),
		CDR: func(string, []byte) (Sink, error) { return nowhere{}, nil }, Log: slog.New(slog.DiscardHandler),
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
	c, ctx := benchEnd(), context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if err := m.End(ctx, c); err != nil {
			b.Fatal(err)
		}
	}
	st := m.(*Generation).Status().Stats
	b.ReportMetric(float64(st.Fuel)/float64(st.Hooks), "fuel/op")
}
