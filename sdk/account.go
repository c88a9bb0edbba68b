package sdk

import "github.com/sallyport-sbc/sallyport/abi/wire"

// Account is money in micro-units. It needs the capability sbc_account. Its functions may
// wait. Reservations belong to this use in this call and have a number each, so
// that saying one again changes nothing.
type Account struct {
	c    *Call
	name string
}

// Account is the account of that name.
func (c *Call) Account(name string) Account { return Account{c, name} }

// Balance is what is free. It fails with ErrNotFound.
func (a Account) Balance() (int64, error) {
	return a.ask(a.c.host.accountBalance, func(*wire.Writer) {})
}

// Reserve holds back up to want, and returns how much: 0 when nothing is free. After ttl, 0 for a
// minute, it is free again. It fails with ErrConflict when the reservation is settled.
func (a Account) Reserve(sequence uint32, want int64, ttl Duration) (granted int64, err error) {
	return a.ask(a.c.host.accountReserve, func(w *wire.Writer) {
		w.U64(wire.AccountSequence, uint64(sequence))
		w.U64(wire.AccountAmount, uint64(want))
		w.U64(wire.AccountTTL, uint64(max(ttl, 0)))
	})
}

// Commit takes what was used and frees the rest. It returns what is free then.
func (a Account) Commit(sequence uint32, used int64) (int64, error) {
	return a.ask(a.c.host.accountCommit, func(w *wire.Writer) {
		w.U64(wire.AccountSequence, uint64(sequence))
		w.U64(wire.AccountAmount, uint64(used))
	})
}

// Cancel ends a reservation without taking anything.
func (a Account) Cancel(sequence uint32) error {
	_, err := a.ask(a.c.host.accountCancel, func(w *wire.Writer) { w.U64(wire.AccountSequence, uint64(sequence)) })
	return err
}

// Deposit adds amount, once for each id.
func (a Account) Deposit(id string, amount int64) (int64, error) {
	return a.ask(a.c.host.accountDeposit, func(w *wire.Writer) {
		w.Text(wire.AccountID, id)
		w.U64(wire.AccountAmount, uint64(amount))
	})
}

func (a Account) ask(f asker, more func(*wire.Writer)) (int64, error) {
	in, err := a.c.ask(f, wire.AccountSlots, func(w *wire.Writer) {
		w.Text(wire.AccountAccount, a.name)
		more(w)
	})
	return int64(in.U64(wire.ResultValue)), err
}
