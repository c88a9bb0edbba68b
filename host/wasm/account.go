package wasm

import (
	"context"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/host/store"
)

var accountFunctions = map[string]function{
	"reserve": asynchronous("sbc_account", accountReserve),
	"commit":  asynchronous("sbc_account", accountCommit),
	"cancel":  asynchronous("sbc_account", accountCancel),
	"balance": asynchronous("sbc_account", accountBalance),
	"deposit": asynchronous("sbc_account", accountDeposit),
}

// booking is the request of all functions of sbc_account.
type booking struct {
	account, id string
	sequence    uint32
	amount      int64
	ttl         time.Duration
}

func bookingOf(c *abi.Call, req wire.Reader) (booking, abi.Code) {
	b := booking{
		account: strings.Clone(req.Text(wire.AccountAccount)), id: strings.Clone(req.Text(wire.AccountID)),
		sequence: uint32(req.U64(wire.AccountSequence)), amount: int64(req.U64(wire.AccountAmount)),
		ttl: time.Duration(req.U64(wire.AccountTTL)),
	}
	if b.id == "" {
		b.id = c.ID + "/" + c.Use
	}
	if b.ttl == 0 {
		b.ttl = time.Minute
	}
	if b.account == "" || req.U64(wire.AccountSequence) > 1<<32-1 || b.ttl < 0 {
		return b, abi.CodeInvalid
	}
	return b, abi.CodeOK
}

func free(b store.Balance, err error) result { return valueOrCode(b.Free(), err) }

// soon is the engine, if it is one that tells results itself: nothing has to wait for them then. Its deadline is
// Config.StoreWait; without that a function may wait for as long as its hook, so somebody has to.
func (g *Generation) soon() store.Soon {
	s, _ := g.store.(store.Soon)
	if g.host.config.StoreWait <= 0 {
		return nil
	}
	return s
}

func accountReserve(in *instance, c *abi.Call, req wire.Reader) (work, abi.Code) {
	s := in.g.store
	b, bad := bookingOf(c, req)
	if e := in.g.soon(); e != nil {
		return work{begin: startFunc(func(o *op) {
			e.ReserveSoon(b.account, b.id, b.sequence, b.amount, b.ttl, func(granted int64, err error) { o.finishApart(valueOrCode(granted, err)) })
		})}, bad
	}
	return work{later: func(ctx context.Context, _ *op) result {
		return valueOrCode(s.Reserve(ctx, b.account, b.id, b.sequence, b.amount, b.ttl))
	}}, bad
}

func accountCommit(in *instance, c *abi.Call, req wire.Reader) (work, abi.Code) {
	s := in.g.store
	b, bad := bookingOf(c, req)
	if e := in.g.soon(); e != nil {
		return work{begin: startFunc(func(o *op) {
			e.CommitSoon(b.account, b.id, b.sequence, b.amount, func(v store.Balance, err error) { o.finishApart(free(v, err)) })
		})}, bad
	}
	return work{later: func(ctx context.Context, _ *op) result {
		return free(s.Commit(ctx, b.account, b.id, b.sequence, b.amount))
	}}, bad
}

func accountCancel(in *instance, c *abi.Call, req wire.Reader) (work, abi.Code) {
	s := in.g.store
	b, bad := bookingOf(c, req)
	if e := in.g.soon(); e != nil {
		return work{begin: startFunc(func(o *op) {
			e.CancelSoon(b.account, b.id, b.sequence, func(err error) { o.finishApart(result{code: storeCode(err)}) })
		})}, bad
	}
	return work{later: func(ctx context.Context, _ *op) result {
		return result{code: storeCode(s.Cancel(ctx, b.account, b.id, b.sequence))}
	}}, bad
}

func accountBalance(in *instance, c *abi.Call, req wire.Reader) (work, abi.Code) {
	s := in.g.store
	b, bad := bookingOf(c, req)
	return work{later: func(ctx context.Context, _ *op) result { return free(s.Balance(ctx, b.account)) }}, bad
}

func accountDeposit(in *instance, c *abi.Call, req wire.Reader) (work, abi.Code) {
	s := in.g.store
	b, bad := bookingOf(c, req)
	return work{later: func(ctx context.Context, _ *op) result {
		return free(s.Deposit(ctx, b.account, b.id, b.amount))
	}}, bad
}
