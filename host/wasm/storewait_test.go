package wasm

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/host/store"
)

// asked is a store, and a Redis, that tell how long they may take, and never answer.
type asked struct {
	store.Store
	within chan time.Duration
}

func (a asked) never(ctx context.Context) {
	end, _ := ctx.Deadline()
	a.within <- time.Until(end)
	runtime.Goexit()
}

// Balance is store.Accounts.Balance.
func (a asked) Balance(ctx context.Context, _ string) (store.Balance, error) {
	a.never(ctx)
	return store.Balance{}, nil
}

// Command is store.Commander.Command.
func (a asked) Command(ctx context.Context, _ ...string) (store.Value, error) {
	a.never(ctx)
	return store.Value{}, nil
}

// A function of the store may take as long as the store may, and no longer than a hook; others
// as long as a hook.
func TestStoreWait(t *testing.T) {
	const hour, day = time.Hour, 24 * time.Hour
	for _, c := range []struct {
		name        string
		store, hook time.Duration
		account     time.Duration
	}{
		{"the store's", hour, day, hour},
		{"the hook's, which is shorter", day, hour, hour},
		{"the hook's, as there is no other", 0, day, day},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := tinyInstance(t, call("x"))
			in.resume, in.parked, in.tokens = in.event, map[uint64]*parked{}, map[uint64]*op{}
			a := asked{within: make(chan time.Duration, 1)}
			g := in.g
			g.store, g.redis = a, a
			g.policy, _ = store.NewPolicy([]string{"GET"}, "")
			g.host.config.StoreWait, g.limits.ParkWait = c.store, c.hook
			g.pool.spawn = func(f func()) bool { go f(); return true } // ends in never
			for _, f := range []struct {
				module, name string
				slots        int
				fill         func(w *wire.Writer)
				want         time.Duration
			}{
				{"sbc_account", "balance", wire.AccountSlots, func(w *wire.Writer) { w.Text(wire.AccountAccount, "a") }, c.account},
				{"sbc_redis", "cmd", wire.RedisSlots, func(w *wire.Writer) {
					at := w.List(wire.RedisArgs, 2)
					w.Pair(at, 0, "GET", "")
					w.Pair(at, 1, "k", "")
				}, c.hook},
			} {
				b := make([]byte, 512)
				w := wire.NewWriter(b, f.slots)
				f.fill(&w)
				n, _ := w.Close()
				area, _ := in.memory.Read(0, in.memory.Size())
				copy(area, b[:n])
				s := [5]uint64{in.handle, 0, uint64(n), 64 << 10, 4096}
				offered[f.module][f.name].call(in, s[:])
				in.unlock()
				if int64(s[0]) < 0 {
					t.Fatalf("%s.%s: %d", f.module, f.name, int64(s[0]))
				}
				if got := come(t, "what the store was asked", a.within); got > f.want || got < f.want-10*time.Minute {
					t.Errorf("%s.%s may take %v, want %v", f.module, f.name, got, f.want)
				}
			}
		})
	}
}
