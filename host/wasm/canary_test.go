package wasm

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
)

// codeOf is what a new call with this id gets.
func (w *world) codeOf(tb testing.TB, id string) int {
	tb.Helper()
	c := call("x")
	c.ID = id
	d, err := w.start(tb, c)
	if err != nil {
		tb.Fatal(err)
	}
	return d.Code
}

func (w *world) stage(tb testing.TB, mc ModuleConfig, percent int) {
	tb.Helper()
	if err := w.Stage("judge", Staging{Source: mc.Source, Percent: percent}); err != nil {
		tb.Fatal(err)
	}
}

// TestCanaryShare: the canary gets its share, the same calls every time, and more calls when the share grows.
func TestCanaryShare(t *testing.T) {
	w := newWorld(t, answering(t, 480))
	w.stage(t, answering(t, 486), 0)
	const calls = 2000
	var had map[string]bool
	for _, percent := range []int{0, 1, 10, 50, 100} {
		if err := w.Canary("judge", percent); err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for i := range calls {
			id := fmt.Sprintf("call-%d", i)
			if w.codeOf(t, id) == 486 {
				got[id] = true
			}
		}
		want := calls * percent / 100
		if n := len(got); n < want-want/4-5*min(percent, 1) || n > want+want/4+5*min(percent, 1) {
			t.Errorf("%d %%: %d of %d calls, want about %d", percent, n, calls, want)
		}
		for id := range had {
			if !got[id] {
				t.Errorf("%d %%: %s went back to the stable generation", percent, id)
			}
		}
		had = got
	}
	st := w.Modules()[0]
	if st.Canary == nil || st.Percent != 100 || st.Canary.Starts == 0 || st.Canary.Refusals != st.Canary.Starts || st.Canary.Source == st.Source {
		t.Errorf("status %+v", st)
	}
}

// TestPromoteAndRollback: every step is seen by the next call, and a call keeps what it has.
func TestPromoteAndRollback(t *testing.T) {
	w := newWorld(t, answering(t, 480))
	if err := w.Rollback("judge"); !errors.Is(err, ErrNoBefore) {
		t.Errorf("rollback at first: %v", err)
	}
	for _, err := range []error{w.Promote("judge"), w.Canary("judge", 5)} {
		if !errors.Is(err, ErrNoCanary) {
			t.Errorf("without a canary: %v", err)
		}
	}
	if err := w.Promote("nobody"); !errors.Is(err, ErrUnknown) {
		t.Errorf("%v", err)
	}
	if err := w.Canary("judge", 101); !errors.Is(err, ErrPercent) {
		t.Errorf("%v", err)
	}
	held, err := w.Acquire("judge", "1")
	if err != nil {
		t.Fatal(err)
	}
	defer held.Release()
	step := func(what string, err error, want int) {
		t.Helper()
		if got := w.code(t); err != nil || got != want {
			t.Errorf("%s: %v, new calls get %d, want %d", what, err, got, want)
		}
		if d, err := held.Start(t.Context(), call("x")); err != nil || d.Code != 480 {
			t.Errorf("%s: a running call got %d, %v", what, d.Code, err)
		}
	}
	w.stage(t, answering(t, 486), 0)
	step("load", nil, 480)
	step("canary", w.Canary("judge", 100), 486)
	step("take the canary back", w.Rollback("judge"), 480)
	w.stage(t, answering(t, 600), 0)
	w.stage(t, answering(t, 603), 0) // takes the place of the other
	step("promote", w.Promote("judge"), 603)
	if st := w.Modules()[0]; st.Before == nil || st.Canary != nil || len(st.Old) != 0 {
		t.Errorf("promoted: %+v", st)
	}
	step("back to the one before", w.Rollback("judge"), 480)
	if err := w.Rollback("judge"); !errors.Is(err, ErrNoBefore) {
		t.Errorf("further back: %v", err)
	}
	if st := w.Modules()[0]; st.Rollbacks != 2 || st.LastRollback.Why != "" || st.LastRollback.Gen == "" {
		t.Errorf("%+v", st)
	}
	w.stage(t, answering(t, 603), 0)
	step("promote again", w.Promote("judge"), 603)
	w.judge(time.Now().Add(11 * time.Minute))
	st := w.Modules()[0]
	if st.Before != nil || len(st.Old) != 1 || st.Old[0].Calls != 1 {
		t.Errorf("kept too long, or a call has lost it: %+v", st)
	}
}

// TestNothingIsLoaded: whatever is wrong with a new generation, the old one goes on, and the error says what it is.
func TestNothingIsLoaded(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	other, _, _ := ed25519.GenerateKey(nil)
	signed := func(mc ModuleConfig, change func([]byte) []byte) string {
		b, err := os.ReadFile(mc.Source)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(mc.Source+".sig", change(ed25519.Sign(private, b)), 0o600); err != nil {
			t.Fatal(err)
		}
		return mc.Source
	}
	as := func(b []byte) []byte { return b }
	broken := func(change func(*wasmtest.Module)) string { return signed(tinyModule(t, change), as) }
	code := func(i int, code []byte) func(*wasmtest.Module) {
		return func(m *wasmtest.Module) { m.Funcs[i].Code = code }
	}
	schema := hooks("start")
	schema.Config = []byte(`{"type": "object", "required": ["route"]}`)
	base := answering(t, 480)
	base.Grants = nil
	base.Signer = base64.StdEncoding.EncodeToString(public)
	signed(base, as)
	w := newWorld(t, base)
	for range 3 {
		w.code(t) // something to replay
	}
	id := w.Modules()[0].Generation
	for _, c := range []struct {
		what   string
		source string
		pin    string
		signer ed25519.PublicKey
		err    error
		said   string
	}{
		{"no file", "/nowhere.wasm", "", public, os.ErrNotExist, "/nowhere.wasm"},
		{"no WebAssembly", signed(ModuleConfig{Source: write(t, []byte("hello"))}, as), "", public, nil, "check"},
		{"pin", answeringSigned(t, signed, 486), strings.Repeat("00", 32), public, ErrPin, "file has"},
		{"no signature", answering(t, 486).Source, "", public, ErrSignature, ".sig"},
		{"signature of another file", signed(answering(t, 486), func(b []byte) []byte { b[0] ^= 1; return b }), "", public, ErrSignature, "not the signer's"},
		{"no bytes of a signature", signed(answering(t, 486), func([]byte) []byte { return []byte("no") }), "", public, ErrSignature, "base64"},
		{"another signer", answeringSigned(t, signed, 486), "", other, ErrSignature, "not the signer's"},
		{"no key", answeringSigned(t, signed, 486), "", public[:5], ErrSignature, "32 bytes in base64"},
		{"contract", broken(func(m *wasmtest.Module) { m.Funcs[0].Export = "sbc_abi_v9" }), "", public, ErrContract, ""},
		{"grant", broken(func(m *wasmtest.Module) {
			m.Imports = []wasmtest.Import{{Module: "sbc_cdr", Name: "emit", Params: i64 + i32 + i32, Results: i32}}
		}), "", public, ErrGrant, "sbc_cdr"},
		{"schema", signed(ModuleConfig{Source: write(t, embed(t, tiny().Bytes(), schema))}, as), "", public, nil, "route is missing"},
		{"start", broken(code(2, wasmtest.ConstI32(-3))), "", public, ErrInit, ""},
		{"self test", broken(func(m *wasmtest.Module) {
			m.Funcs = append(m.Funcs, wasmtest.Func{Export: "sbc_selftest", Params: i32, Results: i32, Code: wasmtest.ConstI32(-3)})
		}), "", public, ErrSelfTest, ""},
		{"replay: trap", broken(code(3, wasmtest.Trap())), "", public, ErrReplay, "trapped"},
		{"replay: loop", broken(code(3, wasmtest.Code(wasmtest.Forever(), wasmtest.ConstI64(0)))), "", public, ErrReplay, "out of time"},
		{"replay: garbage", broken(code(3, wasmtest.ConstI64(77<<32))), "", public, ErrReplay, "status 77"},
		{"the same", base.Source, "", public, ErrSame, ""},
	} {
		s := (*w.slots.Load())["judge"]
		s.config.Signer = base64.StdEncoding.EncodeToString(c.signer)
		err := w.Stage("judge", Staging{Source: c.source, SHA256: c.pin})
		var le *LoadError
		if !errors.As(err, &le) || c.err != nil && !errors.Is(err, c.err) || !strings.Contains(err.Error(), c.said) {
			t.Errorf("%s: %v, want %v with %q", c.what, err, c.err, c.said)
		}
		if st := w.Modules()[0]; st.Generation != id || st.Canary != nil || w.code(t) != 480 {
			t.Errorf("%s: the old generation is not what it was: %+v", c.what, st)
		}
	}
	if err := w.Stage("nobody", Staging{}); !errors.Is(err, ErrUnknown) {
		t.Errorf("%v", err)
	}
	// In base64 with a line break it is a signature too.
	text := signed(answering(t, 486), func(b []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(b) + "\n") })
	(*w.slots.Load())["judge"].config.Signer = base.Signer
	if err := w.Stage("judge", Staging{Source: text}); err != nil {
		t.Error(err)
	}
}

func answeringSigned(tb testing.TB, signed func(ModuleConfig, func([]byte) []byte) string, code int) string {
	return signed(answering(tb, code), func(b []byte) []byte { return b })
}

// TestReplayHasNoEffects: a rehearsal writes no record, and what the old generation cannot answer either is not asked.
func TestReplayHasNoEffects(t *testing.T) {
	w := newWorld(t, goModule(t))
	for _, what := range []string{"cdr", "set", "cdr"} {
		if _, err := w.start(t, call(what)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len((*w.slots.Load())["judge"].stable().frames.last()); n == 0 {
		t.Fatal("nothing was recorded")
	}
	before := len(w.records.lines)
	next := hooks("start", "connect", "end")
	next.Version = "1.2.4"
	if err := w.Stage("judge", Staging{Source: write(t, embed(t, goGuest()(t), next))}); err != nil {
		t.Fatal(err)
	}
	if st := w.Modules()[0]; st.Canary == nil || st.Canary.Version != "1.2.4" || st.Canary.Stats.Hooks != 0 {
		t.Errorf("%+v", st.Canary)
	}
	if n := len(w.records.lines); n != before {
		t.Errorf("%d records, %d before", n, before)
	}
	// The generation in use traps as well: that says nothing against the new one.
	trapping := newWorld(t, tinyModule(t, func(m *wasmtest.Module) { m.Funcs[3].Code = wasmtest.Trap() }))
	for range 2 {
		if _, err := trapping.start(t, call("x")); err == nil {
			t.Fatal("no trap")
		}
	}
	also := tinyModule(t, func(m *wasmtest.Module) {
		m.Funcs[3].Code = wasmtest.Trap()
		m.Custom = append(m.Custom, wasmtest.Custom{Name: "other"})
	})
	if err := trapping.Stage("judge", Staging{Source: also.Source}); err != nil {
		t.Error(err)
	}
}

// TestMove: a call that has held an old generation for too long goes on with the one in use, its state made over.
func TestMove(t *testing.T) {
	stateful := func(version uint32, migrate []byte) ModuleConfig {
		m := tiny()
		if migrate != nil {
			m.Funcs = append(m.Funcs, wasmtest.Func{Export: "sbc_migrate", Params: i32 + i32, Results: i64, Code: migrate})
		}
		manifest := hooks("start", "info")
		manifest.StateVersion = version
		return ModuleConfig{Name: "judge", Source: write(t, embed(t, m.Bytes(), manifest))}
	}
	const extend = 0xad // i64.extend_i32_u
	same := wasmtest.Code(wasmtest.Get(1), extend)
	for _, c := range []struct {
		what    string
		version uint32
		migrate []byte
		state   string
		moves   bool
		err     error
	}{
		{"same version", 1, nil, "old", true, nil},
		{"made over", 2, same, "old", true, nil},
		{"no state", 2, nil, "", true, nil},
		{"no sbc_migrate", 2, nil, "old", false, ErrMigrate},
		{"sbc_migrate traps", 2, wasmtest.Trap(), "old", false, ErrMigrate},
		{"sbc_migrate refuses", 2, wasmtest.ConstI64(-3 << 32), "old", false, ErrMigrate},
		{"sbc_migrate never returns", 2, wasmtest.Code(wasmtest.Forever(), wasmtest.ConstI64(0)), "old", false, ErrMigrate},
		{"sbc_migrate answers more than a state may have", 2, wasmtest.ConstI64(wire.MaxState + 1), "old", false, ErrMigrate},
		{"sbc_migrate answers a status nobody knows", 2, wasmtest.ConstI64(77 << 32), "old", false, ErrMigrate},
	} {
		old := stateful(1, nil)
		old.Limits.LogRate = 7 // another generation even when the file is the same
		old.Trial.Drain = time.Minute
		w := newWorld(t, old)
		held, err := w.Acquire("judge", "1")
		if err != nil {
			t.Fatal(err)
		}
		g := held.(*Generation)
		next := stateful(c.version, c.migrate)
		next.Trial.Drain = time.Minute
		if err := w.Reload([]ModuleConfig{next}); err != nil {
			t.Fatal(err)
		}
		cl := &abi.Call{ID: "1", State: []byte(c.state)}
		w.judge(time.Now())
		if m, err := g.Move(cl); m != nil || err != nil {
			t.Fatalf("%s: moves at once: %v, %v", c.what, m, err)
		}
		w.judge(time.Now().Add(2 * time.Minute))
		m, err := g.Move(cl)
		if (m != nil) != c.moves || !errors.Is(err, c.err) || string(cl.State) != c.state {
			t.Errorf("%s: %v, %v, state %q", c.what, m, err, cl.State)
		}
		if m != nil {
			m.Release()
		}
		held.Release()
	}
}

// TestDuty: only generations that get new calls do something of their own.
func TestDuty(t *testing.T) {
	w := newWorld(t, answering(t, 480))
	s := (*w.slots.Load())["judge"]
	first := s.stable()
	w.stage(t, answering(t, 486), 0)
	second := s.now().canary
	check := func(what string, one, two bool) {
		t.Helper()
		if first.onDuty() != one || second.onDuty() != two {
			t.Errorf("%s: first %t, second %t, want %t and %t", what, first.onDuty(), second.onDuty(), one, two)
		}
	}
	check("ready", true, false)
	if err := w.Canary("judge", 1); err != nil {
		t.Fatal(err)
	}
	check("canary", true, true)
	if err := w.Promote("judge"); err != nil {
		t.Fatal(err)
	}
	check("promoted", false, true)
	if err := w.Rollback("judge"); err != nil {
		t.Fatal(err)
	}
	check("back", true, false)
}
