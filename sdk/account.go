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
func (a Account) Balance() (int64, error) { return a.ask(a.c.host.accountBalance, "", 0, 0, 0) }

// Reserve holds back up to want, and returns how much: 0 when nothing is free. After ttl, 0 for a
// minute, it is free again. It fails with ErrConflict when the reservation is settled.
func (a Account) Reserve(sequence uint32, want int64, ttl Duration) (granted int64, err error) {
	return a.ask(a.c.host.accountReserve, "", sequence, want, max(ttl, 0))
}

// Commit takes what was used and frees the rest. It returns what is free then.
func (a Account) Commit(sequence uint32, used int64) (int64, error) {
	return a.ask(a.c.host.accountCommit, "", sequence, used, 0)
}

// Cancel ends a reservation without taking anything.
func (a Account) Cancel(sequence uint32) error {
	_, err := a.ask(a.c.host.accountCancel, "", sequence, 0, 0)
	return err
}

// Deposit adds amount, once for each id.
func (a Account) Deposit(id string, amount int64) (int64, error) {
	return a.ask(a.c.host.accountDeposit, id, 0, amount, 0)
}

func (a Account) ask(f asker, id string, sequence uint32, amount int64, ttl Duration) (int64, error) {
	for more := true; more; more = !a.c.composed() {
		w := a.c.compose(wire.AccountSlots)
		w.Text(wire.AccountAccount, a.name)
		w.Text(wire.AccountID, id)
		w.U64(wire.AccountSequence, uint64(sequence))
		w.U64(wire.AccountAmount, uint64(amount))
		w.U64(wire.AccountTTL, uint64(ttl))
	}
	in, err := a.c.send(f)
	return int64(in.U64(wire.ResultValue)), err
}
