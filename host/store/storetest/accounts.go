package storetest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// Audit fails the test unless the account adds up: the amount is the sum of the
// ledger, and what is held back is the sum of the open reservations.
func Audit(t testing.TB, s store.Accounts, account string) store.Balance {
	t.Helper()
	ctx := t.Context()
	b, err := s.Balance(ctx, account)
	if err != nil {
		t.Fatalf("Balance %s: %v", account, err)
	}
	entries, err := s.Ledger(ctx, account, 0, 1<<20)
	if err != nil {
		t.Fatalf("Ledger %s: %v", account, err)
	}
	sum := b.Folded
	for i, e := range entries {
		sum += e.Amount
		if e.Number != b.First+uint64(i) {
			t.Fatalf("%s: ledger entry %d has number %d, want %d", account, i, e.Number, b.First+uint64(i))
		}
	}
	if sum != b.Amount || b.Next-b.First != uint64(len(entries)) {
		t.Fatalf("%s: ledger of %d entries sums up to %d, balance %+v", account, len(entries), sum, b)
	}
	open, err := s.Reservations(ctx, account)
	if err != nil {
		t.Fatalf("Reservations %s: %v", account, err)
	}
	var held int64
	for _, r := range open {
		held += r.Granted
	}
	if held != b.Reserved {
		t.Fatalf("%s: open reservations sum up to %d, balance %+v", account, held, b)
	}
	return b
}

func amounts(t *testing.T, s store.Accounts, account string, amount, reserved int64) {
	t.Helper()
	b := Audit(t, s, account)
	equal(t, account+" amount", b.Amount, amount)
	equal(t, account+" reserved", b.Reserved, reserved)
}

func deposit(t *testing.T, s store.Accounts, account, id string, amount int64) {
	t.Helper()
	is(t, "Deposit", second(s.Deposit(within(t), account, id, amount)), nil)
}

func reserve(t *testing.T, s store.Accounts, account, call string, seq uint32, want int64, life time.Duration, granted int64) {
	t.Helper()
	got, err := s.Reserve(within(t), account, call, seq, want, life)
	is(t, "Reserve", err, nil)
	equal(t, "granted", got, granted)
}

func commit(t *testing.T, s store.Accounts, account, call string, seq uint32, used int64, want error) {
	t.Helper()
	is(t, fmt.Sprintf("Commit %s#%d %d", call, seq, used), second(s.Commit(within(t), account, call, seq, used)), want)
}

var accountCases = []suiteCase{
	{"an account that nobody made", func(t *testing.T, s store.Store) {
		is(t, "Balance", second(s.Balance(within(t), "a")), store.ErrNotFound)
		is(t, "Reserve", second(s.Reserve(within(t), "a", "c", 1, 5, hour)), store.ErrNotFound)
		commit(t, s, "a", "c", 1, 5, store.ErrNotFound)
		is(t, "Cancel", s.Cancel(within(t), "a", "c", 1), store.ErrNotFound)
		names, err := s.Accounts(within(t), "", "", 10)
		is(t, "Accounts", err, nil)
		equal(t, "accounts", len(names), 0)
	}},
	{"deposits count once", func(t *testing.T, s store.Store) {
		deposit(t, s, "a", "d1", 100)
		deposit(t, s, "a", "d1", 100)
		deposit(t, s, "a", "d2", -30)
		is(t, "Deposit", second(s.Deposit(within(t), "a", "d1", 101)), store.ErrConflict)
		amounts(t, s, "a", 70, 0)
		b, err := s.SetBalance(within(t), "a", "d3", 500)
		is(t, "SetBalance", err, nil)
		equal(t, "SetBalance", b.Amount, 500)
		deposit(t, s, "a", "d4", 1)
		is(t, "SetBalance again", second(s.SetBalance(within(t), "a", "d3", 500)), nil)
		amounts(t, s, "a", 501, 0)
		entries, err := s.Ledger(within(t), "a", 1, 2)
		is(t, "Ledger", err, nil)
		equal(t, "entries", len(entries), 2)
		equal(t, "entry", fmt.Sprint(entries[1].Number, entries[1].Kind, entries[1].Amount, entries[1].ID), fmt.Sprint(2, store.KindSet, 430, "d3"))
		if d := time.Since(entries[1].Time); d < -time.Minute || d > time.Minute {
			t.Errorf("entry is of %v", entries[1].Time)
		}
	}},
	{"withdrawals take what is free, once", func(t *testing.T, s store.Store) {
		withdraw := func(id string, amount int64, want error) {
			t.Helper()
			is(t, fmt.Sprint("Withdraw ", id, amount), second(s.Withdraw(within(t), "a", id, amount)), want)
		}
		withdraw("w", 1, store.ErrNotFound)
		names, err := s.Accounts(within(t), "", "", 10)
		is(t, "Accounts", err, nil)
		equal(t, "accounts", len(names), 0)
		deposit(t, s, "a", "d", 100)
		reserve(t, s, "a", "c", 1, 60, hour, 60)
		withdraw("w", 41, store.ErrShort)
		withdraw("w", 0, store.ErrInvalid)
		withdraw("w", -1, store.ErrInvalid)
		withdraw("w", 30, nil)
		withdraw("w", 30, nil)
		withdraw("w", 31, store.ErrConflict)
		withdraw("d", 100, store.ErrConflict)
		is(t, "Deposit", second(s.Deposit(within(t), "a", "w", 30)), store.ErrConflict)
		amounts(t, s, "a", 70, 60)
		commit(t, s, "a", "c", 1, 90, nil)
		withdraw("w2", 1, store.ErrShort)
		withdraw("w", 30, nil) // said again, though there is nothing left
		amounts(t, s, "a", -20, 0)
		entries, err := s.Ledger(within(t), "a", 1, 1)
		is(t, "Ledger", err, nil)
		equal(t, "entry", fmt.Sprint(entries[0].Kind, entries[0].Amount, entries[0].ID), "deposit-30w")
	}},
	{"reserve, commit less, and the rest is free", func(t *testing.T, s store.Store) {
		deposit(t, s, "a", "d", 100)
		reserve(t, s, "a", "c", 1, 60, hour, 60)
		amounts(t, s, "a", 100, 60)
		reserve(t, s, "a", "c", 2, 60, hour, 40)
		reserve(t, s, "a", "c", 3, 60, hour, 0)
		amounts(t, s, "a", 100, 100)
		commit(t, s, "a", "c", 1, 10, nil)
		amounts(t, s, "a", 90, 40)
		reserve(t, s, "a", "c", 3, 60, hour, 50)
		is(t, "Cancel", s.Cancel(within(t), "a", "c", 2), nil)
		commit(t, s, "a", "c", 3, 0, nil)
		amounts(t, s, "a", 90, 0)
	}},
	{"everything may be said twice", func(t *testing.T, s store.Store) {
		deposit(t, s, "a", "d", 100)
		for range 2 {
			reserve(t, s, "a", "c", 1, 60, hour, 60)
		}
		reserve(t, s, "a", "c", 1, 99, hour, 60)
		amounts(t, s, "a", 100, 60)
		for range 2 {
			commit(t, s, "a", "c", 1, 7, nil)
		}
		commit(t, s, "a", "c", 1, 8, store.ErrConflict)
		is(t, "Cancel", s.Cancel(within(t), "a", "c", 1), store.ErrSettled)
		got, err := s.Reserve(within(t), "a", "c", 1, 60, hour)
		is(t, "Reserve again", err, store.ErrSettled)
		equal(t, "granted", got, 60)
		amounts(t, s, "a", 93, 0)
		reserve(t, s, "a", "c", 2, 60, hour, 60)
		for range 2 {
			is(t, "Cancel", s.Cancel(within(t), "a", "c", 2), nil)
		}
		commit(t, s, "a", "c", 2, 7, store.ErrSettled)
		amounts(t, s, "a", 93, 0)
	}},
	{"what was not reserved is not committed", func(t *testing.T, s store.Store) {
		deposit(t, s, "a", "d", 100)
		commit(t, s, "a", "c", 1, 7, store.ErrNotFound)
		commit(t, s, "a", "d", 0, 7, store.ErrNotFound) // a deposit is no reservation
		is(t, "Cancel", s.Cancel(within(t), "a", "late", 1), nil)
		_, err := s.Reserve(within(t), "a", "late", 1, 60, hour)
		is(t, "Reserve after Cancel", err, store.ErrSettled)
		amounts(t, s, "a", 100, 0)
	}},
	{"calls are told apart", func(t *testing.T, s store.Store) {
		deposit(t, s, "a", "d", 100)
		reserve(t, s, "a", "c#1", 1, 10, hour, 10)
		reserve(t, s, "a", "c", 11, 10, hour, 10)
		reserve(t, s, "a", "c#1#1", 1, 10, hour, 10)
		reserve(t, s, "a", "x y", 1, 10, hour, 10)
		open, err := s.Reservations(within(t), "a")
		is(t, "Reservations", err, nil)
		var got []string
		for _, r := range open {
			got = append(got, fmt.Sprint(r.Call, ",", r.Seq, ",", r.Granted, ",", r.State))
		}
		want := []string{"c,11,10,open", "c#1,1,10,open", "c#1#1,1,10,open", "x y,1,10,open"}
		if !slices.Equal(got, want) {
			t.Fatalf("Reservations = %q, want %q", got, want)
		}
		amounts(t, s, "a", 100, 40)
	}},
	{"using more than granted overdraws, and nothing more is granted", func(t *testing.T, s store.Store) {
		deposit(t, s, "a", "d", 100)
		reserve(t, s, "a", "c", 1, 100, hour, 100)
		commit(t, s, "a", "c", 1, 130, nil)
		amounts(t, s, "a", -30, 0)
		reserve(t, s, "a", "c", 2, 1, hour, 0)
		deposit(t, s, "a", "d2", 31)
		reserve(t, s, "a", "c", 2, 5, hour, 1)
	}},
	{"a reservation expires, and its commit still counts", func(t *testing.T, s store.Store) {
		deposit(t, s, "a", "d", 100)
		reserve(t, s, "a", "c", 1, 60, ttl, 60)
		reserve(t, s, "a", "c", 2, 30, ttl, 30)
		reserve(t, s, "a", "c", 3, 10, hour, 10)
		pass()
		amounts(t, s, "a", 100, 10)
		reserve(t, s, "a", "d", 1, 100, hour, 90)
		_, err := s.Reserve(within(t), "a", "c", 1, 60, hour)
		is(t, "Reserve again", err, store.ErrSettled)
		commit(t, s, "a", "c", 1, 55, nil)
		commit(t, s, "a", "c", 1, 55, nil)
		is(t, "Cancel", s.Cancel(within(t), "a", "c", 2), nil)
		amounts(t, s, "a", 45, 100)
	}},
	{"an old ledger is folded", func(t *testing.T, s store.Store) {
		var wait sync.WaitGroup
		ctx := within(t)
		for w := range 50 {
			wait.Go(func() {
				for i := range 25 {
					if _, err := s.Deposit(ctx, "a", fmt.Sprint(w, "/", i), int64(i)-3); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wait.Wait()
		b := Audit(t, s, "a")
		equal(t, "amount", b.Amount, 50*(24*25/2-3*25))
		equal(t, "entries kept", b.Next-b.First, store.LedgerKeep)
		equal(t, "next", b.Next, 50*25)
		deposit(t, s, "a", "0/0", -3) // an old deposit is still known
		equal(t, "amount", Audit(t, s, "a").Amount, b.Amount)
	}},
	{"accounts are listed", func(t *testing.T, s store.Store) {
		for _, name := range []string{"b", "a b", "ü", "a", "a}c"} {
			deposit(t, s, name, "d", 1)
		}
		deposit(t, s, "a", "e", 1)
		all, err := s.Accounts(within(t), "", "", 3)
		is(t, "Accounts", err, nil)
		rest, err := s.Accounts(within(t), "", all[len(all)-1], 3)
		is(t, "Accounts", err, nil)
		if all = append(all, rest...); !slices.Equal(all, []string{"a", "a b", "a}c", "b", "ü"}) {
			t.Fatalf("Accounts = %q", all)
		}
		amounts(t, s, "a}c", 1, 0)
		for _, c := range []struct{ prefix, after, want string }{
			{"a", "", "a a b"},
			{"a", "a", "a b a}c"},
			{"a", "a}c", ""},
			{"a", "0", "a a b"},
			{"a", "b", ""},
			{"ü", "", "ü"},
			{"ü", "a", "ü"},
			{"a b", "", "a b"},
			{"x", "", ""},
			{"", "b", "ü"},
		} {
			got, err := s.Accounts(within(t), c.prefix, c.after, 2)
			is(t, "Accounts", err, nil)
			equal(t, fmt.Sprintf("Accounts(%q, %q)", c.prefix, c.after), strings.Join(got, " "), c.want)
		}
	}},
	{"parallel calls never overspend", func(t *testing.T, s store.Store) {
		deposit(t, s, "a", "d", 1000)
		var wait sync.WaitGroup
		ctx := within(t)
		for w := range 8 {
			wait.Go(func() {
				for i := range uint32(20) {
					g, err := s.Reserve(ctx, "a", fmt.Sprint("c", w), i, 17, hour)
					if err == nil && g > 0 {
						_, err = s.Commit(ctx, "a", fmt.Sprint("c", w), i, g)
					}
					if err != nil {
						t.Error(err)
					}
				}
			})
		}
		wait.Wait()
		amounts(t, s, "a", 0, 0)
	}},
	{"amounts have bounds", func(t *testing.T, s store.Store) {
		for i := range 8 {
			deposit(t, s, "rich", fmt.Sprint(i), store.MaxAmount)
			deposit(t, s, "poor", fmt.Sprint(i), -store.MaxAmount)
		}
		is(t, "Deposit", second(s.Deposit(within(t), "rich", "9", 1)), store.ErrInvalid)
		is(t, "Deposit", second(s.Deposit(within(t), "poor", "9", -1)), store.ErrInvalid)
		amounts(t, s, "rich", store.MaxBalance, 0)
		reserve(t, s, "rich", "c", 1, store.MaxAmount, hour, store.MaxAmount)
		commit(t, s, "rich", "c", 1, store.MaxAmount-1, nil)
		amounts(t, s, "rich", 7*store.MaxAmount+1, 0)
		amounts(t, s, "poor", -store.MaxBalance, 0)
	}},
	{"accounts refuse what makes no sense", func(t *testing.T, s store.Store) {
		deposit(t, s, "a", "d", 100)
		for name, err := range map[string]error{
			"no account":     second(s.Deposit(within(t), "", "d", 1)),
			"no id":          second(s.Deposit(within(t), "a", "", 1)),
			"large deposit":  second(s.Deposit(within(t), "a", "x", store.MaxAmount+1)),
			"large balance":  second(s.SetBalance(within(t), "a", "x", -store.MaxAmount-1)),
			"want 0":         second(s.Reserve(within(t), "a", "c", 1, 0, hour)),
			"no ttl":         second(s.Reserve(within(t), "a", "c", 1, 1, 0)),
			"no call":        second(s.Reserve(within(t), "a", "", 1, 1, hour)),
			"negative used":  second(s.Commit(within(t), "a", "c", 1, -1)),
			"commit no call": second(s.Commit(within(t), "a", "", 1, 1)),
			"cancel no call": s.Cancel(within(t), "a", "", 1),
			"balance":        second(s.Balance(within(t), "a\x00b")),
			"ledger":         second(s.Ledger(within(t), "", 0, 1)),
			"reservations":   second(s.Reservations(within(t), "")),
		} {
			is(t, name, err, store.ErrInvalid)
		}
		amounts(t, s, "a", 100, 0)
	}},
	{"random operations, replayed at random, add up", func(t *testing.T, s store.Store) {
		replays(t, s, rand.New(rand.NewPCG(1, 2)), 600)
	}},
}

// replays does random operations on two accounts beside a model of them that
// knows each operation once, and says some of them again later.
func replays(t *testing.T, s store.Store, r *rand.Rand, n int) {
	ctx := within(t)
	model := map[string]int64{"a": 0, "b": 0}
	for account := range model {
		deposit(t, s, account, "first", 10_000)
		model[account] = 10_000
	}
	var said []func() error
	for i := range n {
		account := []string{"a", "b"}[r.IntN(2)]
		call, seq := fmt.Sprint("c", i), r.Uint32N(3)
		switch r.IntN(4) {
		case 0:
			amount := r.Int64N(500) - 200
			say := func() error { return second(s.Deposit(ctx, account, call, amount)) }
			is(t, "Deposit", say(), nil)
			model[account] += amount
			said = append(said, say)
		case 1, 2:
			granted, err := s.Reserve(ctx, account, call, seq, 1+r.Int64N(900), hour)
			is(t, "Reserve", err, nil)
			if granted == 0 {
				continue
			}
			if r.IntN(3) == 0 {
				say := func() error { return s.Cancel(ctx, account, call, seq) }
				is(t, "Cancel", say(), nil)
				said = append(said, say)
				continue
			}
			used := r.Int64N(granted + 20)
			say := func() error { return second(s.Commit(ctx, account, call, seq, used)) }
			is(t, "Commit", say(), nil)
			model[account] -= used
			said = append(said, say, func() error {
				if _, err := s.Reserve(ctx, account, call, seq, 900, hour); !errors.Is(err, store.ErrSettled) {
					return fmt.Errorf("reserve again: %w", err)
				}
				return nil
			})
		default:
			if len(said) > 0 {
				is(t, "said again", said[r.IntN(len(said))](), nil)
			}
		}
	}
	for account, want := range model {
		amounts(t, s, account, want, 0)
	}
}
