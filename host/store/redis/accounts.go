package redis

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/sallyport-sbc/sallyport/host/store"
)

func (s *Store) accountRoot(name string) string { return s.root + ":{a:" + name + "}" }

// balance runs a script that answers with a word and a balance.
func (s *Store) balance(ctx context.Context, op store.Op, l *rueidis.Lua, account, what string, args ...string) (b store.Balance, err error) {
	err = s.do(ctx, op, func(ctx context.Context, c rueidis.Client) error {
		if op == store.OpDeposit && args[0] != withdrawal {
			// Named before it exists: a list with a name too many does no harm.
			if err := c.Do(ctx, c.B().Zadd().Key(s.root+":accounts").ScoreMember().ScoreMember(0, account).Build()).Error(); err != nil {
				return err
			}
		}
		w, err := words(ctx, c, l, 1, s.accountRoot(account), args...)
		if err == nil {
			err = said(w[0], what)
		}
		if err == nil {
			b, err = store.ParseBalance(strings.Join(w[1:], " "))
		}
		return err
	})
	if err != nil {
		return store.Balance{}, err
	}
	return b, nil
}

// Balance is store.Accounts.Balance.
func (s *Store) Balance(ctx context.Context, account string) (store.Balance, error) {
	if err := store.CheckNames(account); err != nil {
		return store.Balance{}, s.counters.Done(store.OpBalance, time.Time{}, err)
	}
	return s.balance(ctx, store.OpBalance, balanceScript, account, "account "+account)
}

// Deposit is store.Accounts.Deposit.
func (s *Store) Deposit(ctx context.Context, account, id string, amount int64) (store.Balance, error) {
	return s.deposit(ctx, store.KindDeposit, account, id, amount)
}

// withdrawal is what the script calls a deposit of less than nothing that must be there.
const withdrawal = "withdrawal"

// Withdraw is store.Accounts.Withdraw.
func (s *Store) Withdraw(ctx context.Context, account, id string, amount int64) (store.Balance, error) {
	if err := store.CheckAmount(amount, 1); err != nil {
		return store.Balance{}, s.counters.Done(store.OpDeposit, time.Time{}, err)
	}
	return s.deposit(ctx, withdrawal, account, id, -amount)
}

// SetBalance is store.Accounts.SetBalance.
func (s *Store) SetBalance(ctx context.Context, account, id string, amount int64) (store.Balance, error) {
	return s.deposit(ctx, store.KindSet, account, id, amount)
}

func (s *Store) deposit(ctx context.Context, kind store.Kind, account, id string, amount int64) (store.Balance, error) {
	if err := checkAll(store.CheckNames(account, id), store.CheckAmount(amount, -store.MaxAmount)); err != nil {
		return store.Balance{}, s.counters.Done(store.OpDeposit, time.Time{}, err)
	}
	return s.balance(ctx, store.OpDeposit, depositScript, account, "deposit "+id, string(kind), id, decimal(amount))
}

// Reserve is store.Accounts.Reserve.
func (s *Store) Reserve(ctx context.Context, account, call string, seq uint32, want int64, ttl time.Duration) (granted int64, err error) {
	err = checkAll(store.CheckNames(account, call), store.CheckTTL(ttl), store.CheckAmount(want, 1))
	if err != nil {
		return 0, s.counters.Done(store.OpReserve, time.Time{}, err)
	}
	id := store.CallID(call, seq)
	var settled error
	err = s.do(ctx, store.OpReserve, func(ctx context.Context, c rueidis.Client) error {
		w, err := words(ctx, c, reserveScript, 2, s.accountRoot(account), id, decimal(want), ms(ttl))
		if err != nil {
			return err
		}
		if granted, err = store.ParseNumber(w[1]); err != nil {
			return err
		}
		if err = said(w[0], "reservation "+id); w[0] == "settled" {
			settled, err = err, nil
		}
		if err == nil && granted < 0 {
			err = fmt.Errorf("%w: redis granted %d", store.ErrCorrupt, granted)
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return granted, settled
}

// Commit is store.Accounts.Commit.
func (s *Store) Commit(ctx context.Context, account, call string, seq uint32, used int64) (store.Balance, error) {
	if err := checkAll(store.CheckNames(account, call), store.CheckAmount(used, 0)); err != nil {
		return store.Balance{}, s.counters.Done(store.OpCommit, time.Time{}, err)
	}
	id := store.CallID(call, seq)
	return s.balance(ctx, store.OpCommit, commitScript, account, "reservation "+id, id, decimal(used))
}

// Cancel is store.Accounts.Cancel.
func (s *Store) Cancel(ctx context.Context, account, call string, seq uint32) error {
	if err := store.CheckNames(account, call); err != nil {
		return s.counters.Done(store.OpCancel, time.Time{}, err)
	}
	id := store.CallID(call, seq)
	return s.do(ctx, store.OpCancel, func(ctx context.Context, c rueidis.Client) error {
		w, err := words(ctx, c, cancelScript, 1, s.accountRoot(account), id)
		if err == nil {
			err = said(w[0], "reservation "+id)
		}
		return err
	})
}

// Ledger is store.Accounts.Ledger.
func (s *Store) Ledger(ctx context.Context, account string, from uint64, n int) (entries []store.Entry, err error) {
	if err := store.CheckNames(account); err != nil {
		return nil, s.counters.Done(store.OpLedger, time.Time{}, err)
	}
	if n <= 0 {
		return nil, nil
	}
	from, n = min(from, store.MaxNumber), min(n, store.LedgerKeep)
	err = s.do(ctx, store.OpLedger, func(ctx context.Context, c rueidis.Client) error {
		w, err := words(ctx, c, ledgerScript, 1, s.accountRoot(account), decimal(int64(from)), decimal(int64(n)))
		if err != nil {
			return err
		}
		first, err := store.ParseNumber(w[0])
		if err != nil {
			return err
		}
		for i, text := range w[1:] {
			e, err := store.ParseEntry(text)
			if err != nil {
				return err
			}
			e.Number = uint64(first) + uint64(i)
			entries = append(entries, e)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

// Reservations is store.Accounts.Reservations.
func (s *Store) Reservations(ctx context.Context, account string) (open []store.Reservation, err error) {
	if err := store.CheckNames(account); err != nil {
		return nil, s.counters.Done(store.OpLedger, time.Time{}, err)
	}
	err = s.do(ctx, store.OpLedger, func(ctx context.Context, c rueidis.Client) error {
		w, err := words(ctx, c, openScript, 0, s.accountRoot(account))
		if err != nil {
			return err
		}
		for i := 0; i+1 < len(w); i += 2 {
			r, err := store.ParseReservation(w[i+1])
			if err != nil {
				return err
			}
			if r.Call, r.Seq, err = store.ParseCallID(strings.TrimPrefix(w[i], "c")); err != nil {
				return err
			}
			open = append(open, r)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	store.SortReservations(open)
	return open, nil
}

// Accounts is store.Accounts.Accounts.
func (s *Store) Accounts(ctx context.Context, prefix, after string, n int) (names []string, err error) {
	low, high := "-", "+"
	if prefix != "" {
		low, high = "["+prefix, "("+prefix+"\xff" // which no name has
	}
	if after >= prefix && after != "" {
		low = "(" + after
	}
	err = s.do(ctx, store.OpLedger, func(ctx context.Context, c rueidis.Client) error {
		names, err = c.Do(ctx, c.B().Zrangebylex().Key(s.root+":accounts").Min(low).Max(high).Limit(0, int64(max(n, 0))).Build()).AsStrSlice()
		return err
	})
	return names, err
}
