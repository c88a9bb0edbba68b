package explain

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/wasm"
)

// dry is what a module finds outside of its sandbox in a rehearsal: a store that takes
// everything and has nothing, and nobody who answers. Limits and rates are granted without
// being counted. What it asks is told. Where there is a store to look into, values, sets and
// balances are that store's.
type dry struct {
	asked func(what string, known bool)
	look  store.Store // only to read; nil: there is none
}

var (
	_ store.Store       = dry{}
	_ store.Commander   = dry{}
	_ wasm.Leases       = leases{}
	_ wasm.Calls        = dry{}
	_ http.RoundTripper = dry{}
)

var errNoNetwork = errors.New("a dry run has no network")

// granted tells of a request that is granted without effect.
func (d dry) granted(format string, args ...any) { d.asked(fmt.Sprintf(format, args...), true) }

// unknown tells of a question that a dry run has no answer to.
func (d dry) unknown(format string, args ...any) error {
	d.asked(fmt.Sprintf(format, args...), false)
	return fmt.Errorf("%w: this is a dry run", store.ErrUnavailable)
}

func keysOf(limits []store.Limit) string {
	var b strings.Builder
	for _, l := range limits {
		fmt.Fprintf(&b, " %s (%d of %d)", l.Key, l.Cost, l.Max)
	}
	return b.String()
}

// leases are wasm.Leases: those of a holder, which have other parameters than a store's.
type leases struct{ dry }

// Acquire grants.
func (l leases) Acquire(_ context.Context, _ string, limits []store.Limit) (string, error) {
	l.granted("limit%s", keysOf(limits))
	return "", nil
}

// AcquireShare grants.
func (l leases) AcquireShare(_ string, limits []store.Limit) (string, error) {
	l.granted("limit%s", keysOf(limits))
	return "", nil
}

// Pass takes note.
func (l leases) Pass(_ string, limits []store.Limit) error {
	l.granted("limit%s", keysOf(limits))
	return nil
}

// Release does nothing.
func (leases) Release(string) {}

func (d dry) Acquire(_ context.Context, _, _ string, _ time.Duration, limits []store.Limit) (string, error) {
	d.granted("limit%s", keysOf(limits))
	return "", nil
}

func (dry) Renew(context.Context, string, time.Duration) (int, error) { return 0, nil }
func (dry) Release(context.Context, string) error                     { return nil }
func (dry) Reconcile(context.Context, string, time.Duration, func() []store.Lease) (store.Repair, error) {
	return store.Repair{}, nil
}

func (d dry) Used(_ context.Context, key string) (int64, error) {
	return 0, d.unknown("how much of %s is held", key)
}

func (d dry) Balance(ctx context.Context, account string) (store.Balance, error) {
	if d.look != nil {
		d.granted("balance of %s", account)
		return d.look.Balance(ctx, account)
	}
	return store.Balance{}, d.unknown("balance of %s", account)
}

func (d dry) Deposit(_ context.Context, account, _ string, amount int64) (store.Balance, error) {
	return store.Balance{}, d.unknown("deposit of %d to %s", amount, account)
}

func (d dry) Withdraw(_ context.Context, account, _ string, amount int64) (store.Balance, error) {
	return store.Balance{}, d.unknown("withdrawal of %d from %s", amount, account)
}

func (d dry) SetBalance(_ context.Context, account, _ string, amount int64) (store.Balance, error) {
	return store.Balance{}, d.unknown("balance of %s set to %d", account, amount)
}

func (d dry) Reserve(_ context.Context, account, _ string, _ uint32, want int64, _ time.Duration) (int64, error) {
	return 0, d.unknown("reservation of %d of %s", want, account)
}

func (d dry) Commit(_ context.Context, account, _ string, _ uint32, used int64) (store.Balance, error) {
	return store.Balance{}, d.unknown("booking of %d of %s", used, account)
}

func (dry) Cancel(context.Context, string, string, uint32) error { return nil }

func (d dry) Ledger(_ context.Context, account string, _ uint64, _ int) ([]store.Entry, error) {
	return nil, d.unknown("ledger of %s", account)
}

func (d dry) Reservations(_ context.Context, account string) ([]store.Reservation, error) {
	return nil, d.unknown("reservations of %s", account)
}

func (d dry) Accounts(context.Context, string, string, int) ([]string, error) {
	return nil, d.unknown("accounts")
}

func (d dry) Take(_ context.Context, key string, rate float64, burst, _ int64) (time.Duration, error) {
	d.granted("rate %s (%g a second, %d at once)", key, rate, burst)
	return 0, nil
}

func (d dry) Get(ctx context.Context, in store.Space, key string) ([]byte, error) {
	if d.look != nil {
		d.granted("value of %s", key)
		return d.look.Get(ctx, in, key)
	}
	return nil, d.unknown("value of %s", key)
}

func (d dry) Put(_ context.Context, _ store.Space, key string, value []byte, _ time.Duration) error {
	d.granted("%d bytes kept as %s", len(value), key)
	return nil
}

func (d dry) Delete(_ context.Context, _ store.Space, key string) error {
	d.granted("%s removed", key)
	return nil
}

func (d dry) Add(_ context.Context, _ store.Space, key string, delta, _, _ int64, _ time.Duration) (int64, bool, error) {
	return 0, false, d.unknown("%d added to %s", delta, key)
}

func (d dry) SetAdd(_ context.Context, _ store.Space, set string, members ...string) (int, error) {
	d.granted("%s added to set %s", strings.Join(members, ", "), set)
	return len(members), nil
}

func (d dry) SetRemove(_ context.Context, _ store.Space, set string, members ...string) (int, error) {
	d.granted("%s removed from set %s", strings.Join(members, ", "), set)
	return len(members), nil
}

func (d dry) SetHas(ctx context.Context, in store.Space, set, member string) (bool, error) {
	if d.look != nil {
		d.granted("whether set %s has %s", set, member)
		return d.look.SetHas(ctx, in, set, member)
	}
	return false, d.unknown("whether set %s has %s", set, member)
}

func (d dry) SetMatch(ctx context.Context, in store.Space, set, value string) (string, error) {
	if d.look != nil {
		d.granted("the prefix of %s in set %s", value, set)
		return d.look.SetMatch(ctx, in, set, value)
	}
	return "", d.unknown("the prefix of %s in set %s", value, set)
}

func (d dry) SetMembers(_ context.Context, _ store.Space, set string) ([]string, error) {
	return nil, d.unknown("members of set %s", set)
}

func (dry) Stats() store.Stats { return store.Stats{} }
func (dry) Close() error       { return nil }

// Command is Redis.
func (d dry) Command(_ context.Context, args ...string) (store.Value, error) {
	return store.Value{}, d.unknown("Redis %s", strings.Join(args, " "))
}

// RoundTrip is HTTP.
func (d dry) RoundTrip(r *http.Request) (*http.Response, error) {
	_ = d.unknown("HTTP %s %s", r.Method, r.URL.Redacted())
	return nil, errNoNetwork
}

// Hangup and Rearm reach no call: there is none.
func (d dry) Hangup(id, _ string, _ int, _ string) bool {
	d.granted("call %s hung up", id)
	return false
}

// Inform reaches no far end.
func (d dry) Inform(id, leg, contentType, body string, _ []abi.Field) bool {
	d.granted("INFO to leg %s of call %s: %s, %d bytes", leg, id, contentType, len(body))
	return false
}

// Refer neither.
func (d dry) Refer(id, leg, target string, _ []abi.Field) abi.Code {
	d.granted("REFER to leg %s of call %s: %s", leg, id, target)
	return abi.CodeNotFound
}

// Rearm does nothing.
func (d dry) Rearm(id, _ string, after time.Duration) bool {
	d.granted("call %s limited to %s", id, after)
	return false
}
