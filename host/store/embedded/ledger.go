package embedded

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// Balance is store.Accounts.Balance; it does not wait for the disk.
func (s *Store) Balance(_ context.Context, name string) (bal store.Balance, err error) {
	if err := store.CheckNames(name); err != nil {
		return bal, s.counters.Done(store.OpBalance, time.Time{}, err)
	}
	err = s.glance(store.OpBalance, func(l *layers) error {
		text, known := l.get(accounts, name)
		if !known {
			return fmt.Errorf("%w: account %q", store.ErrNotFound, name)
		}
		if bal, err = store.ParseBalance(text); err != nil {
			return err
		}
		// What is overdue is free, even if no change has swept it yet.
		over, _, err := overdue(l, name, s.now())
		for _, o := range over {
			if o.State == store.Open {
				bal.Reserved -= o.Granted
			}
		}
		return err
	})
	if err != nil {
		return store.Balance{}, err
	}
	return bal, nil
}

// Reservations is store.Accounts.Reservations; it does not wait for the disk.
func (s *Store) Reservations(_ context.Context, name string) (open []store.Reservation, err error) {
	if err := store.CheckNames(name); err != nil {
		return nil, s.counters.Done(store.OpLedger, time.Time{}, err)
	}
	err = s.view(store.OpLedger, func(l *layers) error {
		open, err = openReservations(l, name, s.now())
		return err
	})
	return open, err
}

func openReservations(l *layers, name string, now time.Time) (open []store.Reservation, err error) {
	prefix := name + "\x00c"
	for k, v := range l.scan(reservations, prefix, "") {
		r, err := store.ParseReservation(v)
		if err != nil {
			return nil, err
		}
		if r.State != store.Open || !now.Before(r.Due) {
			continue
		}
		if r.Call, r.Seq, err = store.ParseCallID(k[len(prefix):]); err != nil {
			return nil, err
		}
		open = append(open, r)
	}
	store.SortReservations(open)
	return open, nil
}

// Ledger is store.Accounts.Ledger; it does not wait for the disk.
func (s *Store) Ledger(_ context.Context, name string, from uint64, n int) (entries []store.Entry, err error) {
	if err := store.CheckNames(name); err != nil {
		return nil, s.counters.Done(store.OpLedger, time.Time{}, err)
	}
	prefix := name + "\x00"
	err = s.view(store.OpLedger, func(l *layers) error {
		for k, v := range l.scan(ledger, prefix, prefix+number(from)) {
			if len(entries) >= n {
				break
			}
			if len(k) != len(prefix)+8 {
				return fmt.Errorf("%w: ledger key %q", store.ErrCorrupt, k)
			}
			e, err := store.ParseEntry(v)
			if err != nil {
				return err
			}
			e.Number = binary.BigEndian.Uint64([]byte(k[len(prefix):]))
			entries = append(entries, e)
		}
		return nil
	})
	return entries, err
}

// Accounts is store.Accounts.Accounts; it does not wait for the disk.
func (s *Store) Accounts(_ context.Context, prefix, after string, n int) (names []string, err error) {
	err = s.view(store.OpLedger, func(l *layers) error {
		for k := range l.scan(accounts, prefix, after) {
			if len(names) >= n {
				break
			}
			if k != after {
				names = append(names, k)
			}
		}
		return nil
	})
	return names, err
}
