package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-sbc/sallyport/host/admin"
)

func newAccountCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "account",
		Short: "Look at the accounts of prepaid callers, and change them while calls run",
		Long: `Accounts stand in the store of the SBC. Their names are what the parameter account of the
module prepaid evaluates to, such as the caller's number.`,
		Example: `  sallyport account list --prefix +49
  sallyport account show alice
  sallyport account deposit alice 12.50 --reference invoice-4711
  sallyport account withdraw alice 2.50`,
	}, accountList(), accountShow(),
		accountChange("deposit", "Put an amount on an account, made if there is none", "deposited to"),
		accountChange("withdraw", "Take an amount off an account, at most what is free", "withdrawn from"))
}

// accountNames completes names of accounts, with what is free as their description.
func accountNames(ctx context.Context, c *admin.Client) []string {
	var a admin.Accounts
	if c.Do(ctx, http.MethodGet, "/accounts?limit=200", nil, &a) != nil {
		return nil
	}
	var names []string
	for _, a := range a.Accounts {
		names = append(names, a.Name+"\t"+a.Free+" free")
	}
	return names
}

// pageFlags are those of a list that comes in pages.
type pageFlags struct {
	prefix, after string
	limit         uint
}

func (p *pageFlags) add(cmd *cobra.Command, what string) *cobra.Command {
	cmd.Flags().StringVar(&p.prefix, "prefix", "", "only "+what+" that begin with this `text`")
	cmd.Flags().StringVar(&p.after, "after", "", "only "+what+" behind this `one`, in the order of their bytes")
	cmd.Flags().UintVar(&p.limit, "limit", admin.DefaultPage, fmt.Sprintf("most %s to list, 1 to %d", what, admin.MaxPage))
	return cmd
}

func (p *pageFlags) query() string {
	return "?" + url.Values{"prefix": {p.prefix}, "after": {p.after}, "limit": {strconv.FormatUint(uint64(p.limit), 10)}}.Encode()
}

// more says how to see what comes behind a page.
func more(w io.Writer, next string) {
	if next != "" {
		fmt.Fprintf(w, "there are more: --after %s\n", quoted(next))
	}
}

// quoted is a word for a shell.
func quoted(s string) string {
	for _, r := range s {
		if !strings.ContainsRune("+-_.,:@%/=", r) && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
		}
	}
	return s
}

func accountList() *cobra.Command {
	r, page := &remote{}, &pageFlags{}
	return page.add(r.verb(&cobra.Command{
		Use:   "list",
		Short: "List accounts with their balances",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, r, http.MethodGet, "/accounts"+page.query(), nil, func(w io.Writer, a admin.Accounts) {
				var rows [][]string
				for _, a := range a.Accounts {
					rows = append(rows, []string{a.Name, a.Balance, a.Reserved, a.Free})
				}
				table(w, "ACCOUNT BALANCE RESERVED FREE", rows)
				more(w, a.Next)
			})
		},
	}, nil), "accounts")
}

func accountShow() *cobra.Command {
	r := &remote{}
	return r.verb(&cobra.Command{
		Use:   "show NAME",
		Short: "Show an account, and what calls hold back of it",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, r, http.MethodGet, at("accounts", args[0]), nil, func(w io.Writer, a admin.AccountDetails) {
				pairs(w, "account", a.Name, "balance", a.Balance, "reserved", a.Reserved, "free", a.Free)
				if a.Open == 0 {
					return
				}
				fmt.Fprintln(w)
				var rows [][]string
				for _, r := range a.Reservations {
					rows = append(rows, []string{r.Call, strconv.FormatUint(uint64(r.Seq), 10), r.Amount, when(r.Until)})
				}
				table(w, "CALL NUMBER AMOUNT UNTIL", rows)
				if n := a.Open - len(a.Reservations); n > 0 {
					fmt.Fprintf(w, "and %d more\n", n)
				}
			})
		},
	}, accountNames)
}

func accountChange(verb, short, done string) *cobra.Command {
	r := &remote{}
	var reference string
	cmd := r.verb(&cobra.Command{
		Use:   verb + " NAME AMOUNT",
		Short: short,
		Long: short + `. AMOUNT is in units, such as 12.50, with at most six
digits behind the point.

A change is booked once by its reference, within 30 days: when it is not known whether it
has happened, say it again with the same one. Without --reference one is made, and printed.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			ref := reference
			if ref == "" {
				ref = rand.Text()
			}
			err := ask(cmd, r, http.MethodPost, at("accounts", args[0], "/"+verb), admin.ChangeAccount{Amount: args[1], Reference: ref},
				func(w io.Writer, a admin.AccountChanged) {
					switch {
					case a.Repeated:
						fmt.Fprintf(w, "nothing was changed: reference %s was booked before\n", a.Reference)
					case a.Created:
						fmt.Fprintf(w, "%s %s %s, which is new, with reference %s\n", args[1], done, a.Name, a.Reference)
					default:
						fmt.Fprintf(w, "%s %s %s with reference %s\n", args[1], done, a.Name, a.Reference)
					}
					pairs(w, "balance", a.Balance, "reserved", a.Reserved, "free", a.Free)
				})
			if unsure(err) {
				err = fmt.Errorf("%w; say it again with --reference %s, which counts once", err, quoted(ref))
			}
			return err
		},
	}, accountNames)
	cmd.Flags().StringVar(&reference, "reference", "", "`name` of the change")
	return cmd
}

// unsure says whether an order may have been carried out although it failed.
func unsure(err error) bool {
	if err == nil || errors.Is(err, errSaid) || errors.Is(err, admin.ErrNotRunning) {
		return false
	}
	p, ok := errors.AsType[*admin.Problem](err)
	return !ok || p.Status >= http.StatusInternalServerError
}
