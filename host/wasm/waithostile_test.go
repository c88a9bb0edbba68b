package wasm

import (
	"encoding/binary"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/store/embedded"
	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
)

// sleeper is a module whose start sleeps a millisecond; resume and cancel are the bodies of those exports.
func sleeper(tb testing.TB, resume, cancel []byte) ModuleConfig {
	tb.Helper()
	sleep := wasmtest.Code(wasmtest.Get(1), wasmtest.ConstI64(1e6), wasmtest.Call(0), 0x1a /* drop */, wasmtest.ConstI64(1<<32))
	return tinyModule(tb, func(m *wasmtest.Module) {
		m.Imports = []wasmtest.Import{{Module: "sbc", Name: "sleep", Params: i64 + i64, Results: i64}}
		m.Funcs[3].Code = sleep
		m.Funcs = append(m.Funcs, wasmtest.Func{Export: "sbc_resume", Params: i64 + i32 + i32, Results: i64, Code: resume})
		if cancel != nil {
			m.Funcs = append(m.Funcs, wasmtest.Func{Export: "sbc_cancel", Params: i64, Code: cancel})
		}
	})
}

// TestHostileResume: whatever a guest answers when it is resumed, the hook ends, once, and the next call is
// served. Time is synctest's.
func TestHostileResume(t *testing.T) {
	pending := wasmtest.ConstI64(1 << 32)
	for _, c := range []struct {
		name           string
		resume, cancel []byte
		err            error
		said           string
		waits          time.Duration
	}{
		{"passes", wasmtest.ConstI64(0), nil, nil, "", time.Millisecond},
		{"traps", wasmtest.Trap(), nil, ErrTrap, "unreachable", time.Millisecond},
		{"never returns", wasmtest.Code(wasmtest.Forever(), wasmtest.ConstI64(0)), nil, ErrDeadline, "processor time", time.Millisecond},
		{"a status nobody knows", wasmtest.ConstI64(77 << 32), nil, ErrGarbage, "status 77", time.Millisecond},
		{"an oversized answer", wasmtest.ConstI64(wire.AnswerRoom + 1), nil, ErrGarbage, "16385 bytes", time.Millisecond},
		{"an answer that is no frame", wasmtest.ConstI64(40), nil, ErrGarbage, "decision", time.Millisecond},
		{"a code", wasmtest.ConstI64(-6 << 32), nil, ErrCode, "BUSY", time.Millisecond},
		{"waits for ever", pending, nil, ErrWait, "longer than 2s", 2 * time.Second},
		{"waits for ever, traps when canceled", pending, wasmtest.Trap(), ErrWait, "longer than 2s", 2 * time.Second},
		{"waits for ever, loops when canceled", pending, wasmtest.Forever(), ErrWait, "longer than 2s", 2 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			mc := sleeper(t, c.resume, c.cancel)
			w := newWorld(t, mc)
			synctest.Test(t, func(t *testing.T) {
				for range 3 {
					began := time.Now()
					_, err := w.play(t, call("x"))
					var e *HookError
					if c.err == nil && err != nil || c.err != nil && (!errors.Is(err, c.err) || !errors.As(err, &e) || e.Call != "call-x" || !strings.Contains(err.Error(), c.said)) {
						t.Errorf("%v, want %v with %q", err, c.err, c.said)
					}
					if took := time.Since(began); took != c.waits {
						t.Errorf("took %v, want %v", took, c.waits)
					}
					synctest.Wait()
				}
				if st := w.Modules()[0].Stats; st.Parked != 0 || st.Parks != 3 {
					t.Errorf("stats %+v", st)
				}
			})
		})
	}
}

// A hook that is done before its result came hears nothing of it.
func TestResultNobodyWaitsFor(t *testing.T) {
	mc := sleeper(t, wasmtest.Trap(), nil)
	mc.Source = write(t, embed(t, func() []byte {
		m := tiny()
		m.Imports = []wasmtest.Import{{Module: "sbc", Name: "sleep", Params: i64 + i64, Results: i64}}
		m.Funcs[3].Code = wasmtest.Code(wasmtest.Get(1), wasmtest.ConstI64(1e6), wasmtest.Call(0), 0x1a, wasmtest.ConstI64(0))
		m.Funcs = append(m.Funcs, wasmtest.Func{Export: "sbc_resume", Params: i64 + i32 + i32, Results: i64, Code: wasmtest.Trap()})
		return m.Bytes()
	}(), hooks("start")))
	w := newWorld(t, mc)
	synctest.Test(t, func(t *testing.T) {
		if _, err := w.play(t, call("x")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		if st := w.Modules()[0].Stats; st.Traps != 0 || st.Resumes != 0 {
			t.Errorf("stats %+v", st)
		}
	})
}

// A hook may wait only where somebody listens for its decision.
func TestWaitingWithoutLater(t *testing.T) {
	w := newWorld(t, sleeper(t, wasmtest.ConstI64(0), nil))
	if _, err := w.start(t, call("x")); !errors.Is(err, ErrWait) || err == callcontrol.ErrPending {
		t.Errorf("%v", err)
	}
	if st := w.Modules()[0].Stats; st.Traps+st.Garbage != 0 || st.Instances == 0 {
		t.Errorf("stats %+v", st)
	}
}

func TestExportsOfAnotherSignature(t *testing.T) {
	for _, name := range []string{"sbc_resume", "sbc_cancel", "sbc_migrate", "sbc_selftest"} {
		_, err := tryWorld(t, tinyModule(t, func(m *wasmtest.Module) {
			m.Funcs = append(m.Funcs, wasmtest.Func{Export: name, Results: i64, Code: wasmtest.ConstI64(0)})
		}))
		if !errors.Is(err, ErrContract) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, code := range map[string][]byte{"traps": wasmtest.Trap(), "loops": wasmtest.Code(wasmtest.Forever(), wasmtest.ConstI32(0))} {
		mc := tinyModule(t, func(m *wasmtest.Module) {
			m.Funcs = append(m.Funcs, wasmtest.Func{Export: "sbc_selftest", Params: i32, Results: i32, Code: code})
		})
		mc.Limits.InitCPU = 20 * time.Millisecond
		if _, err := tryWorld(t, mc); !errors.Is(err, ErrSelfTest) {
			t.Errorf("a self test that %s: %v", name, err)
		}
	}
}

// FuzzRequest gives every asynchronous function any request frame: it answers with a code or a token, keeps
// nothing of the guest's memory, and waits for nothing.
func FuzzRequest(f *testing.F) {
	s, err := embedded.Open(embedded.Options{Path: filepath.Join(f.TempDir(), "store")})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	c := call("x")
	in := tinyInstance(f, c)
	in.resume, in.parked, in.tokens = in.event, map[uint64]*parked{}, map[uint64]*op{}
	g := in.g
	g.store, g.leases, g.redis, g.leasing = s, store.NewHolder(s, "sbc1", store.HolderOptions{}), fakeRedis{}, true
	g.policy, _ = store.NewPolicy([]string{"GET"}, "tck:")
	g.web, _ = newWeb(HTTPGrant{Allow: []string{"http://192.0.2.1/"}}, 1)
	g.web.use(http.DefaultTransport)
	g.pool.spawn = func(func()) bool { return false } // nothing is sent
	frame := func(slots int, fill func(*wire.Writer)) []byte {
		b := make([]byte, 512)
		w := wire.NewWriter(b, slots)
		fill(&w)
		n, _ := w.Close()
		return b[:n]
	}
	f.Add(frame(wire.HTTPSlots, func(w *wire.Writer) { w.Text(wire.HTTPURL, "http://192.0.2.1/") }))
	f.Add(frame(wire.KVSlots, func(w *wire.Writer) { w.Text(wire.KVKey, "a"); w.Pair(w.List(wire.KVMembers, 1), 0, "m", "") }))
	f.Add(frame(wire.LimitSlots, func(w *wire.Writer) { w.Pair(w.List(wire.LimitLimits, 1), 0, "k", "1 2") }))
	f.Add(frame(wire.AccountSlots, func(w *wire.Writer) { w.Text(wire.AccountAccount, "a") }))
	f.Add(frame(wire.RedisSlots, func(w *wire.Writer) { w.Pair(w.List(wire.RedisArgs, 1), 0, "GET", "") }))
	f.Fuzz(func(t *testing.T, request []byte) {
		if len(request) > 32<<10 {
			return
		}
		for module := range asynchronousModules {
			for name, fn := range offered[module] {
				area, _ := in.memory.Read(0, in.memory.Size())
				copy(area, request)
				var s [5]uint64
				s[0], s[2], s[3], s[4] = in.handle, uint64(len(request)), 64<<10, 4096
				fn.call(in, s[:])
				in.unlock()
				if v := int64(s[0]); v < int64(abi.CodeInternal) || v > 4096 && v&wire.TokenBit == 0 {
					t.Errorf("%s.%s answers %d", module, name, v)
				} else if v > 0 && v <= 4096 {
					if _, ok := wire.Open(area[64<<10:][:v]); !ok {
						t.Errorf("%s.%s: no result frame of %d bytes", module, name, binary.LittleEndian.Uint32(area[64<<10:]))
					}
				}
				in.ops, in.life = in.ops[:0], nil
				clear(in.tokens)
			}
		}
	})
}
