package host

import (
	"context"
	"errors"
	"net/http"

	"github.com/sallyport-sbc/sallyport/host/admin"
	"github.com/sallyport-sbc/sallyport/host/store"
)

// engine is the store that modules use, or a problem when there is none.
func (c control) engine() (store.Store, error) {
	if c.stores.engine == nil {
		return nil, admin.Refuse(http.StatusConflict, "there is no store: no module of the configuration keeps anything in one")
	}
	return c.stores.engine, nil
}

// storeProblem says an error of the store in the words of the API.
func storeProblem(err error) error {
	switch {
	case errors.Is(err, store.ErrInvalid):
		return admin.Refuse(http.StatusBadRequest, "%s", err)
	case errors.Is(err, store.ErrTimeout):
		return admin.Refuse(http.StatusServiceUnavailable, "the store did not answer in time: whether it has happened is not known (%s)", err)
	case errors.Is(err, store.ErrUnavailable):
		return admin.Refuse(http.StatusServiceUnavailable, "the store is away (%s)", err)
	}
	return err
}

// Accounts lists accounts with their balances.
func (c control) Accounts(ctx context.Context, q admin.ListAccounts) (admin.Accounts, error) {
	s, err := c.engine()
	if err != nil {
		return admin.Accounts{}, err
	}
	names, err := s.Accounts(ctx, q.Prefix, q.After, q.Limit+1)
	if err != nil {
		return admin.Accounts{}, storeProblem(err)
	}
	page := admin.Accounts{Accounts: []admin.Account{}}
	if len(names) > q.Limit {
		names = names[:q.Limit]
		page.Next = names[q.Limit-1]
	}
	for _, name := range names {
		b, err := s.Balance(ctx, name)
		if errors.Is(err, store.ErrNotFound) {
			continue // its deposit is on the way
		}
		if err != nil {
			return admin.Accounts{}, storeProblem(err)
		}
		page.Accounts = append(page.Accounts, accountOf(name, b))
	}
	return page, nil
}

func accountOf(name string, b store.Balance) admin.Account {
	return admin.Account{
		Name: name, Balance: store.FormatAmount(b.Amount), Reserved: store.FormatAmount(b.Reserved), Free: store.FormatAmount(b.Free()),
	}
}

// Account shows one.
func (c control) Account(ctx context.Context, name string) (admin.AccountDetails, error) {
	s, err := c.engine()
	if err != nil {
		return admin.AccountDetails{}, err
	}
	b, err := s.Balance(ctx, name)
	if err != nil {
		return admin.AccountDetails{}, accountProblem(name, err)
	}
	open, err := s.Reservations(ctx, name)
	if err != nil {
		return admin.AccountDetails{}, storeProblem(err)
	}
	d := admin.AccountDetails{Account: accountOf(name, b), Open: len(open), Reservations: []admin.Reservation{}}
	for _, r := range open[:min(len(open), admin.MaxPage)] {
		d.Reservations = append(d.Reservations, admin.Reservation{
			Call: r.Call, Seq: r.Seq, Amount: store.FormatAmount(r.Granted), Until: r.Due.UTC(),
		})
	}
	return d, nil
}

// Deposit puts an amount on an account.
func (c control) Deposit(ctx context.Context, name string, o admin.ChangeAccount) (admin.AccountChanged, error) {
	return c.changeAccount(ctx, name, o, 1, store.Store.Deposit)
}

// Withdraw takes an amount off an account.
func (c control) Withdraw(ctx context.Context, name string, o admin.ChangeAccount) (admin.AccountChanged, error) {
	return c.changeAccount(ctx, name, o, -1, store.Store.Withdraw)
}

// changeAccount books an amount, once by its reference. sign is what it does to the balance.
func (c control) changeAccount(
	ctx context.Context, name string, o admin.ChangeAccount, sign int64,
	book func(s store.Store, ctx context.Context, account, id string, amount int64) (store.Balance, error),
) (a admin.AccountChanged, err error) {
	s, err := c.engine()
	if err != nil {
		return a, err
	}
	amount, err := store.ParseAmount(o.Amount)
	if err == nil && amount == 0 {
		return a, admin.Refuse(http.StatusBadRequest, "amount %q: want more than zero", o.Amount)
	}
	if err == nil {
		err = store.CheckNames(name, o.Reference)
	}
	if err != nil {
		return a, storeProblem(err)
	}
	before, err := s.Balance(ctx, name)
	if a.Created = errors.Is(err, store.ErrNotFound); err != nil && !a.Created {
		return a, storeProblem(err)
	}
	b, err := book(s, ctx, name, o.Reference, amount)
	switch {
	case errors.Is(err, store.ErrInvalid): // its arguments were checked
		return a, admin.Refuse(http.StatusConflict, "account %q may hold no more than %s", name, store.FormatAmount(store.MaxBalance))
	case errors.Is(err, store.ErrShort):
		return a, admin.Refuse(http.StatusConflict, "account %q has less than %s that is free: %s", name, o.Amount, store.FormatAmount(before.Free()))
	case errors.Is(err, store.ErrConflict):
		return a, admin.Refuse(http.StatusConflict, "reference %q was used for another amount of account %q in the last 30 days", o.Reference, name)
	case err != nil:
		return a, accountProblem(name, err)
	}
	a.Account, a.Amount, a.Reference = accountOf(name, b), store.FormatAmount(sign*amount), o.Reference
	a.Repeated = !a.Created && !booked(ctx, s, name, o.Reference, before.Next, b.Next)
	what := "account changed"
	if a.Repeated {
		what = "account not changed again"
	}
	c.log.Info(what, "account", name, "amount", a.Amount, "reference", o.Reference, "balance", a.Balance, "socket", c.current.Load().Control.Socket)
	return a, nil
}

// booked says whether the ledger has a deposit with that id among the entries from first to
// behind; when it cannot be read, that is to be believed.
func booked(ctx context.Context, s store.Store, account, id string, first, behind uint64) bool {
	if behind <= first {
		return false
	}
	entries, err := s.Ledger(ctx, account, first, int(min(behind-first, store.LedgerKeep)))
	for _, e := range entries {
		if e.Kind == store.KindDeposit && e.ID == id {
			return true
		}
	}
	return err != nil
}

func accountProblem(name string, err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return admin.Refuse(http.StatusNotFound, "there is no account %q", name)
	}
	return storeProblem(err)
}
