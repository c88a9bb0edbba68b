package embedded

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"go.etcd.io/bbolt"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// Balance is store.Accounts.Balance; it does not wait for the disk.
func (s *Store) Balance(_ context.Context, name string) (bal store.Balance, err error) {
	if err := store.CheckNames(name); err != nil {
		return bal, s.counters.Done(store.OpBalance, time.Time{}, err)
	}
	err = s.view(store.OpBalance, func(tx *bbolt.Tx) error {
		v := tx.Bucket(accounts).Get([]byte(name))
		if v == nil {
			return fmt.Errorf("%w: account %q", store.ErrNotFound, name)
		}
		if bal, err = store.ParseBalance(string(v)); err != nil {
			return err
		}
		// What is overdue is free, even if no change has swept it yet.
		over, err := overdue(tx, name, s.now())
		for _, o := range over {
			if o.State == store.Open {
				bal.Reserved -= o.Granted
			}
		}
		if err != nil {
			return err
		}
		return nil
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
	err = s.view(store.OpLedger, func(tx *bbolt.Tx) error {
		open, err = openReservations(tx, name, s.now())
		return err
	})
	return open, err
}

func openReservations(tx *bbolt.Tx, name string, now time.Time) (open []store.Reservation, err error) {
	prefix := name + "\x00c"
	c := tx.Bucket(reservations).Cursor()
	for k, v := c.Seek([]byte(prefix)); k != nil && strings.HasPrefix(string(k), prefix); k, v = c.Next() {
		r, err := store.ParseReservation(string(v))
		if err != nil {
			return nil, err
		}
		if r.State != store.Open || !now.Before(r.Due) {
			continue
		}
		if r.Call, r.Seq, err = store.ParseCallID(string(k[len(prefix):])); err != nil {
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
	err = s.view(store.OpLedger, func(tx *bbolt.Tx) error {
		c := tx.Bucket(ledger).Cursor()
		for k, v := c.Seek([]byte(prefix + number(from))); k != nil && strings.HasPrefix(string(k), prefix) && len(entries) < n; k, v = c.Next() {
			if len(k) != len(prefix)+8 {
				return fmt.Errorf("%w: ledger key %q", store.ErrCorrupt, k)
			}
			e, err := store.ParseEntry(string(v))
			if err != nil {
				return err
			}
			e.Number = binary.BigEndian.Uint64(k[len(prefix):])
			entries = append(entries, e)
		}
		return nil
	})
	return entries, err
}

// Accounts is store.Accounts.Accounts; it does not wait for the disk.
func (s *Store) Accounts(_ context.Context, prefix, after string, n int) (names []string, err error) {
	err = s.view(store.OpLedger, func(tx *bbolt.Tx) error {
		c := tx.Bucket(accounts).Cursor()
		for k, _ := c.Seek([]byte(max(prefix, after))); k != nil && len(names) < n && strings.HasPrefix(string(k), prefix); k, _ = c.Next() {
			if string(k) != after {
				names = append(names, string(k))
			}
		}
		return nil
	})
	return names, err
}
