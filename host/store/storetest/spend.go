package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// The accounts that Spend changes.
var spent = []string{"alice", "bob", "carol", "dave"}

// Spend changes accounts until ctx ends or the store fails for another reason
// than being away, and writes a line for each change once the store has said that
// it happened: account, what, call, amount. It is meant to be killed. Whatever it
// does not know to have happened it says again until it knows.
func Spend(ctx context.Context, s store.Store, out io.Writer) {
	var mu sync.Mutex
	say := func(account, what, call string, amount int64) {
		mu.Lock()
		defer mu.Unlock()
		fmt.Fprintln(out, account, what, call, amount)
	}
	again := func(do func() error) error {
		for {
			err := do()
			if !errors.Is(err, store.ErrTimeout) && !errors.Is(err, store.ErrUnavailable) || ctx.Err() != nil {
				return err
			}
			select { // a store that is away answers at once
			case <-ctx.Done():
			case <-time.After(10 * time.Millisecond):
			}
		}
	}
	var wait sync.WaitGroup
	for _, account := range spent {
		for worker := range 3 {
			wait.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					// The process id keeps the calls of one life from those of the next.
					call := fmt.Sprintf("%d-%d-%d", os.Getpid(), worker, i)
					amount := int64(i%37 + 1)
					if err := again(func() error { return second(s.Deposit(ctx, account, call, 2*amount)) }); err != nil {
						return
					}
					say(account, "deposit", call, 2*amount)
					var granted int64
					err := again(func() (err error) {
						granted, err = s.Reserve(ctx, account, call, 1, amount, time.Hour)
						return err
					})
					if err != nil {
						return
					}
					if i%5 == 0 {
						if again(func() error { return s.Cancel(ctx, account, call, 1) }) != nil {
							return
						}
						continue
					}
					if again(func() error { return second(s.Commit(ctx, account, call, 1, granted)) }) != nil {
						return
					}
					say(account, "commit", call, -granted)
				}
			})
		}
	}
	wait.Wait()
}

// Tally is what Spend has said.
type Tally struct {
	amounts map[string]int64 // by account, what and call
}

// NewTally returns an empty tally.
func NewTally() *Tally { return &Tally{map[string]int64{}} }

// Line takes a line of Spend; what is not one, such as a line that was cut by a
// kill, is left out.
func (y *Tally) Line(line string) {
	var account, what, call string
	var amount int64
	if n, err := fmt.Sscan(line, &account, &what, &call, &amount); n == 4 && err == nil {
		y.amounts[account+" "+what+" "+call] = amount
	}
}

// Len returns the number of changes.
func (y *Tally) Len() int { return len(y.amounts) }

// Check fails the test unless all accounts add up and contain every change that
// was said. Changes that nobody was told of may be there as well.
func (y *Tally) Check(t testing.TB, s store.Accounts) {
	t.Helper()
	for _, account := range spent {
		b, err := s.Balance(t.Context(), account)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if Audit(t, s, account); b.First > 0 {
			continue // what was folded can no longer be looked up
		}
		entries, err := s.Ledger(t.Context(), account, 0, store.LedgerKeep)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]int64{}
		for _, e := range entries {
			id := e.ID
			if e.Kind == store.KindCommit {
				call, _, err := store.ParseCallID(id)
				if err != nil {
					t.Fatal(err)
				}
				id = call
			}
			key := account + " " + string(e.Kind) + " " + id
			if _, twice := found[key]; twice {
				t.Fatalf("%s is in the ledger twice", key)
			}
			found[key] = e.Amount
		}
		for key, amount := range y.amounts {
			if len(key) > len(account) && key[:len(account)+1] == account+" " && found[key] != amount {
				t.Fatalf("%s: %d was said, the ledger has %d", key, amount, found[key])
			}
		}
	}
}
