package embedded

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// account is an account within a batch.
type account struct {
	*batch
	name string
	store.Balance
}

// known reads an account and lets its overdue reservations expire. It is nil when there
// is none.
func (b *batch) known(name string) (*account, error) {
	text, known := b.get(accounts, name)
	if !known {
		return nil, nil
	}
	bal, err := store.ParseBalance(text)
	if err != nil {
		return nil, err
	}
	a := &account{b, name, bal}
	return a, a.sweep()
}

// account is known, and fails with ErrNotFound when there is none.
func (b *batch) account(name string) (*account, error) {
	a, err := b.known(name)
	if a == nil && err == nil {
		err = fmt.Errorf("%w: account %q", store.ErrNotFound, name)
	}
	return a, err
}

func (a *account) save() { a.put(accounts, a.name, a.Text()) }

// sweep ends the reservations whose time is over and forgets those that were
// settled long enough ago. All records are read before any is written, and before the
// batch has changed any other of the account: what is due is looked up once.
func (a *account) sweep() error {
	if at, known := a.dues[a.name]; known && a.now.UnixMilli() < at {
		return nil
	}
	all, next, err := overdue(a.layers, a.name, a.now)
	if err != nil {
		return err
	}
	a.dues[a.name] = next
	for _, o := range all {
		a.delete(due, o.key)
		if o.State != store.Open {
			a.delete(reservations, a.name+"\x00"+o.id)
			continue
		}
		a.Reserved -= o.Granted
		o.State = store.Expired
		a.settle(o.id, o.Reservation, store.ExpiredFor)
	}
	if len(all) > 0 {
		a.save()
	}
	return nil
}

// dueRecord is a reservation, or the memory of one, whose time is over.
type dueRecord struct {
	key, id string // in the bucket of due, and in that of reservations
	store.Reservation
}

// overdue returns what is due by now, and when the next is, in milliseconds since 1970.
func overdue(l *layers, name string, now time.Time) (all []dueRecord, next int64, err error) {
	prefix := name + "\x00"
	for k := range l.scan(due, prefix, "") {
		rest := k[len(prefix):]
		if len(rest) < 10 {
			return nil, 0, fmt.Errorf("%w: due %q", store.ErrCorrupt, k)
		}
		at := int64(binary.BigEndian.Uint64([]byte(rest[:8])))
		if at > now.UnixMilli() {
			return all, at, nil
		}
		o := dueRecord{key: k, id: rest[9:]}
		text, _ := l.get(reservations, prefix+o.id)
		if o.Reservation, err = store.ParseReservation(text); err != nil {
			return nil, 0, err
		}
		all = append(all, o)
	}
	return all, math.MaxInt64, nil
}

func (a *account) reservation(id string) (r store.Reservation, known bool, err error) {
	text, known := a.get(reservations, a.name+"\x00"+id)
	if !known {
		return r, false, nil
	}
	r, err = store.ParseReservation(text)
	return r, true, err
}

// settle writes a reservation whose old due is no longer there.
func (a *account) settle(id string, r store.Reservation, keep time.Duration) {
	r.Due = a.now.Add(keep)
	a.dues[a.name] = min(a.dues[a.name], r.Due.UnixMilli())
	a.put(reservations, a.name+"\x00"+id, r.Text())
	a.put(due, a.dueKey(id, r.Due), "")
}

func (a *account) dueKey(id string, at time.Time) string {
	b := append(make([]byte, 0, 128), a.name...)
	b = binary.BigEndian.AppendUint64(append(b, 0), uint64(at.UnixMilli()))
	return string(append(append(b, 0), id...))
}

func number(n uint64) string {
	return string(binary.BigEndian.AppendUint64(make([]byte, 0, 8), n))
}

// book changes the amount and writes the ledger entry that says so.
func (a *account) book(kind store.Kind, amount int64, id string) {
	a.Amount += amount
	e := store.Entry{Time: a.now, Kind: kind, Amount: amount, ID: id}
	a.put(ledger, a.name+"\x00"+number(a.Next), e.Text())
	a.Next++
}

// fold drops entries beyond LedgerKeep into the sum of what was dropped.
func (a *account) fold() error {
	for a.Next-a.First >= store.LedgerKeep {
		key := a.name + "\x00" + number(a.First)
		text, known := a.get(ledger, key)
		if !known {
			return fmt.Errorf("%w: ledger entry %d is not there", store.ErrCorrupt, a.First)
		}
		e, err := store.ParseEntry(text)
		if err != nil {
			return err
		}
		a.delete(ledger, key)
		a.Folded += e.Amount
		a.First++
	}
	return nil
}

// Reserve is store.Accounts.Reserve.
func (s *Store) Reserve(ctx context.Context, name, call string, seq uint32, want int64, ttl time.Duration) (int64, error) {
	do, err := reserving(name, call, seq, want, ttl)
	if err != nil {
		return 0, s.counters.Done(store.OpReserve, time.Time{}, err)
	}
	return update(ctx, s, store.OpReserve, do)
}

func reserving(name, call string, seq uint32, want int64, ttl time.Duration) (func(*batch) (int64, error), error) {
	err := store.CheckNames(name, call)
	if err == nil {
		err = store.CheckTTL(ttl)
	}
	if err == nil {
		err = store.CheckAmount(want, 1)
	}
	if err != nil {
		return nil, err
	}
	id := "c" + store.CallID(call, seq)
	return func(b *batch) (int64, error) {
		a, err := b.account(name)
		if err != nil {
			return 0, err
		}
		r, known, err := a.reservation(id)
		switch {
		case err != nil:
			return 0, err
		case known && r.State != store.Open:
			return r.Granted, fmt.Errorf("%w: %s", store.ErrSettled, id[1:])
		case known:
			return r.Granted, nil
		}
		granted := min(want, a.Free())
		if granted <= 0 {
			return 0, nil
		}
		a.settle(id, store.Reservation{State: store.Open, Granted: granted}, ttl)
		a.Reserved += granted
		a.save()
		return granted, nil
	}, nil
}

// Commit is store.Accounts.Commit.
func (s *Store) Commit(ctx context.Context, name, call string, seq uint32, used int64) (store.Balance, error) {
	do, err := committing(name, call, seq, used)
	if err != nil {
		return store.Balance{}, s.counters.Done(store.OpCommit, time.Time{}, err)
	}
	return update(ctx, s, store.OpCommit, do)
}

func committing(name, call string, seq uint32, used int64) (func(*batch) (store.Balance, error), error) {
	err := store.CheckNames(name, call)
	if err == nil {
		err = store.CheckAmount(used, 0)
	}
	if err != nil {
		return nil, err
	}
	id := "c" + store.CallID(call, seq)
	return func(b *batch) (none store.Balance, err error) {
		a, err := b.account(name)
		if err != nil {
			return none, err
		}
		r, known, err := a.reservation(id)
		switch {
		case err != nil:
			return none, err
		case !known:
			return none, fmt.Errorf("%w: reservation %s", store.ErrNotFound, id[1:])
		case r.State == store.Canceled:
			return none, fmt.Errorf("%w: %s was canceled", store.ErrSettled, id[1:])
		case r.State == store.Committed && r.Used != used:
			return none, fmt.Errorf("%w: %s was committed with %d", store.ErrConflict, id[1:], r.Used)
		case r.State == store.Committed:
			return a.Balance, nil
		case a.Amount-used < -store.MaxBalance:
			return none, fmt.Errorf("%w: account %q would be below %d", store.ErrInvalid, name, int64(-store.MaxBalance))
		}
		if used > 0 {
			if err := a.fold(); err != nil {
				return none, err
			}
			a.book(store.KindCommit, -used, id[1:])
		}
		if r.State == store.Open {
			a.Reserved -= r.Granted
		}
		a.delete(due, a.dueKey(id, r.Due))
		r.State, r.Used = store.Committed, used
		a.settle(id, r, store.SettledFor)
		a.save()
		return a.Balance, nil
	}, nil
}

// Cancel is store.Accounts.Cancel.
func (s *Store) Cancel(ctx context.Context, name, call string, seq uint32) error {
	do, err := canceling(name, call, seq)
	if err != nil {
		return s.counters.Done(store.OpCancel, time.Time{}, err)
	}
	_, err = update(ctx, s, store.OpCancel, do)
	return err
}

func canceling(name, call string, seq uint32) (func(*batch) (struct{}, error), error) {
	if err := store.CheckNames(name, call); err != nil {
		return nil, err
	}
	id := "c" + store.CallID(call, seq)
	return func(b *batch) (none struct{}, err error) {
		a, err := b.account(name)
		if err != nil {
			return none, err
		}
		r, known, err := a.reservation(id)
		switch {
		case err != nil:
			return none, err
		case r.State == store.Committed:
			return none, fmt.Errorf("%w: %s was committed with %d", store.ErrSettled, id[1:], r.Used)
		case r.State == store.Canceled:
			return none, nil
		case r.State == store.Open:
			a.Reserved -= r.Granted
		}
		if known {
			a.delete(due, a.dueKey(id, r.Due))
		}
		r.State = store.Canceled
		a.settle(id, r, store.SettledFor)
		a.save()
		return none, nil
	}, nil
}

// Deposit is store.Accounts.Deposit.
func (s *Store) Deposit(ctx context.Context, name, id string, amount int64) (store.Balance, error) {
	return s.deposit(ctx, store.KindDeposit, name, id, amount)
}

// Withdraw is store.Accounts.Withdraw.
func (s *Store) Withdraw(ctx context.Context, name, id string, amount int64) (store.Balance, error) {
	if err := store.CheckAmount(amount, 1); err != nil {
		return store.Balance{}, s.counters.Done(store.OpDeposit, time.Time{}, err)
	}
	return s.deposit(ctx, withdrawal, name, id, -amount)
}

// SetBalance is store.Accounts.SetBalance.
func (s *Store) SetBalance(ctx context.Context, name, id string, amount int64) (store.Balance, error) {
	return s.deposit(ctx, store.KindSet, name, id, amount)
}

// withdrawal is a deposit of less than nothing that must be there. The ledger has it as a deposit.
const withdrawal store.Kind = "withdrawal"

func (s *Store) deposit(ctx context.Context, kind store.Kind, name, id string, amount int64) (store.Balance, error) {
	err := store.CheckNames(name, id)
	if err == nil {
		err = store.CheckAmount(amount, -store.MaxAmount)
	}
	if err != nil {
		return store.Balance{}, s.counters.Done(store.OpDeposit, time.Time{}, err)
	}
	return update(ctx, s, store.OpDeposit, func(b *batch) (none store.Balance, err error) {
		a, err := b.known(name)
		if a == nil && err == nil && kind != withdrawal {
			a = &account{b, name, store.Balance{}}
			err = a.sweep()
		}
		if a == nil && err == nil {
			err = fmt.Errorf("%w: account %q", store.ErrNotFound, name)
		}
		if err != nil {
			return none, err
		}
		r, known, err := a.reservation("d" + id)
		switch {
		case err != nil:
			return none, err
		case known && r.Used != amount:
			return none, fmt.Errorf("%w: deposit %q of %d", store.ErrConflict, id, r.Used)
		case known:
			return a.Balance, nil
		}
		change, kind := amount, kind
		switch kind {
		case store.KindSet:
			change -= a.Amount
		case withdrawal:
			if kind = store.KindDeposit; a.Free() < -amount {
				return none, fmt.Errorf("%w: account %q", store.ErrShort, name)
			}
		}
		if after := a.Amount + change; after > store.MaxBalance || after < -store.MaxBalance {
			return none, fmt.Errorf("%w: account %q would be at %d", store.ErrInvalid, name, after)
		}
		if err := a.fold(); err != nil {
			return none, err
		}
		a.book(kind, change, id)
		a.settle("d"+id, store.Reservation{State: store.Booked, Used: amount}, store.BookedFor)
		a.save()
		return a.Balance, nil
	})
}
