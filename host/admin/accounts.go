package admin

import (
	"context"
	"net/http"
	"strconv"
	"time"
)

// Account is an account of the store, by the name that the pattern account of the module
// prepaid yields. Amounts are decimal text in units, "12.50", with up to six digits
// behind the point: they are exact, which JSON's numbers are not for everybody.
type Account struct {
	Name     string `json:"account"`
	Balance  string `json:"balance"`
	Reserved string `json:"reserved"` // of it, held back for calls
	Free     string `json:"free"`     // the rest; less than zero when overdrawn
}

// Accounts is one page of a list. Next, when there is more, is what to list behind.
type Accounts struct {
	Accounts []Account `json:"accounts"`
	Next     string    `json:"next,omitempty"`
}

// ListAccounts says which accounts to list, in the order of their bytes.
type ListAccounts struct {
	Prefix, After string
	Limit         int // 1 to MaxPage
}

// AccountDetails is an account with what holds money of it back, at most MaxPage of
// Open reservations.
type AccountDetails struct {
	Account
	Open         int           `json:"open"`
	Reservations []Reservation `json:"reservations"`
}

// Reservation is money held back for a call.
type Reservation struct {
	Call   string    `json:"call"` // its id and the use of the module
	Seq    uint32    `json:"sequence"`
	Amount string    `json:"amount"`
	Until  time.Time `json:"until"` // when it is free again if nobody settles it
}

// ChangeAccount is the request to put an amount on an account, or to take it off.
type ChangeAccount struct {
	Amount string `json:"amount"` // more than zero
	// Reference names the change: said again within 30 days it changes nothing.
	Reference string `json:"reference"`
}

// AccountChanged is how the account stands then.
type AccountChanged struct {
	Account
	Amount    string `json:"amount"` // less than zero when it was taken off
	Reference string `json:"reference"`
	Created   bool   `json:"created"`  // the account is new
	Repeated  bool   `json:"repeated"` // the reference was booked before: nothing was changed
}

// AccountBackend is what the API needs of the store's accounts.
type AccountBackend interface {
	Accounts(ctx context.Context, q ListAccounts) (Accounts, error)
	Account(ctx context.Context, name string) (AccountDetails, error)
	Deposit(ctx context.Context, name string, o ChangeAccount) (AccountChanged, error)
	Withdraw(ctx context.Context, name string, o ChangeAccount) (AccountChanged, error)
}

// The pages of lists.
const (
	DefaultPage = 100
	MaxPage     = 1000
)

// askStore is how long the store may take for one request.
const askStore = 10 * time.Second

var accountRoutes = []route{
	{method: "GET", path: base + "/accounts", do: func(s *Server, r *http.Request) (any, error) {
		limit, err := page(r)
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(r.Context(), askStore)
		defer cancel()
		q := r.URL.Query()
		return s.backend.Accounts(ctx, ListAccounts{q.Get("prefix"), q.Get("after"), limit})
	}},
	{method: "GET", path: base + "/accounts/{name}", do: func(s *Server, r *http.Request) (any, error) {
		ctx, cancel := context.WithTimeout(r.Context(), askStore)
		defer cancel()
		return s.backend.Account(ctx, r.PathValue("name"))
	}},
	{method: "POST", path: base + "/accounts/{name}/deposit", body: maxBody, do: func(s *Server, r *http.Request) (any, error) {
		return changeAccount(r, s.backend.Deposit)
	}},
	{method: "POST", path: base + "/accounts/{name}/withdraw", body: maxBody, do: func(s *Server, r *http.Request) (any, error) {
		return changeAccount(r, s.backend.Withdraw)
	}},
}

func changeAccount(r *http.Request, change func(context.Context, string, ChangeAccount) (AccountChanged, error)) (any, error) {
	var o ChangeAccount
	if err := read(r, &o); err != nil {
		return nil, err
	}
	if o.Reference == "" {
		return nil, Refuse(http.StatusBadRequest, "reference is missing: by it the same request counts once")
	}
	ctx, cancel := context.WithTimeout(r.Context(), askStore)
	defer cancel()
	return change(ctx, r.PathValue("name"), o)
}

// page is how many items a list may have.
func page(r *http.Request) (int, error) {
	v := r.URL.Query().Get("limit")
	if v == "" {
		return DefaultPage, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > MaxPage {
		return 0, Refuse(http.StatusBadRequest, "limit: want 1 to %d, got %.40q", MaxPage, v)
	}
	return n, nil
}
