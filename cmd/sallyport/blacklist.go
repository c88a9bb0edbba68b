package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-sbc/sallyport/host/admin"
)

func newBlacklistCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "blacklist",
		Short: "Refuse callers, callees or prefixes by the module blacklist while calls run",
		Long: `Entries stand in the store of the SBC and count for the next call, on every node that has
the same Redis as its store. A VALUE is hit when a parameter of the module evaluates to it;
with --prefix, when one begins with it.`,
		Example: `  sallyport blacklist block mallory --for 24h --reason 'called 300 times'
  sallyport blacklist block --prefix +900
  sallyport blacklist check +9005550100
  sallyport blacklist unblock mallory
  sallyport blacklist list`,
	}, blacklistList(), blacklistBlock(), blacklistUnblock(), blacklistCheck())
}

// lister is a verb that speaks to a module with a blacklist.
type lister struct {
	remote
	module string
}

// verb finishes a verb; values completes what it can be said of.
func (l *lister) verb(cmd *cobra.Command, values bool) *cobra.Command {
	var complete func(context.Context, *admin.Client) []string
	if values {
		complete = l.values
	}
	l.remote.verb(cmd, complete)
	cmd.Flags().StringVar(&l.module, "module", "", "`name` of the module, where there are several with a blacklist")
	// It fails only for flags that are not there.
	_ = cmd.RegisterFlagCompletionFunc("module", func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		ctx, cancel := context.WithTimeout(cmd.Context(), time.Second)
		defer cancel()
		all, _ := blacklistNames(ctx, admin.NewClient(l.socket))
		return all, cobra.ShellCompDirectiveNoFileComp
	})
	return cmd
}

func blacklistNames(ctx context.Context, c *admin.Client) ([]string, error) {
	var a admin.Blacklists
	err := c.Do(ctx, http.MethodGet, "/blacklists", nil, &a)
	return a.Modules, err
}

// at is the path of the module's blacklist.
func (l *lister) at(ctx context.Context, c *admin.Client, more ...string) (string, error) {
	if l.module == "" {
		all, err := blacklistNames(ctx, c)
		switch {
		case err != nil:
			return "", err
		case len(all) == 0:
			return "", errors.New("there is no blacklist: no [module.NAME] of the configuration is builtin:blacklist")
		case len(all) > 1:
			return "", fmt.Errorf("there are several, say which with --module: %s", strings.Join(all, ", "))
		}
		return at("blacklists", all[0], more...), nil
	}
	return at("blacklists", l.module, more...), nil
}

// values completes what was blocked.
func (l *lister) values(ctx context.Context, c *admin.Client) []string {
	var a admin.Blacklist
	path, err := l.at(ctx, c)
	if err != nil || c.Do(ctx, http.MethodGet, path+"?limit=200", nil, &a) != nil {
		return nil
	}
	var values []string
	for _, e := range a.Entries {
		if e.Source == admin.Ordered {
			values = append(values, e.Value+"\t"+kindOf(e.Prefix)+" "+e.Reason)
		}
	}
	return values
}

func kindOf(prefix bool) string {
	if prefix {
		return "prefix"
	}
	return "exact"
}

// showListed prints entries as a table.
func showListed(w io.Writer, entries []admin.Listed) {
	moment := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return when(*t)
	}
	var rows [][]string
	for _, e := range entries {
		rows = append(rows, []string{e.Value, kindOf(e.Prefix), e.Source, moment(e.Since), moment(e.Until), e.Reason})
	}
	table(w, "VALUE KIND FROM SINCE UNTIL REASON", rows)
}

// askList is ask for a path below the module's blacklist.
func askList[T any](cmd *cobra.Command, l *lister, method string, more []string, send any, show func(w io.Writer, answer T)) error {
	path, err := l.at(cmd.Context(), admin.NewClient(l.socket), more...)
	if err != nil {
		return err
	}
	return ask(cmd, &l.remote, method, path, send, show)
}

func blacklistList() *cobra.Command {
	l, page := &lister{}, &pageFlags{}
	return page.add(l.verb(&cobra.Command{
		Use:   "list",
		Short: "List what is blocked, by the configuration and by command",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return askList(cmd, l, http.MethodGet, []string{page.query()}, nil, func(w io.Writer, a admin.Blacklist) {
				showListed(w, a.Entries)
				more(w, a.Next)
			})
		},
	}, false), "values")
}

func blacklistBlock() *cobra.Command {
	l := &lister{}
	var o admin.Block
	var span time.Duration
	cmd := l.verb(&cobra.Command{
		Use:   "block VALUE",
		Short: "Refuse calls that have a value, from the next one on",
		Long: `The entry outlives reloads and restarts, and is gone when its time is over. Blocking what is
blocked replaces its time and reason. Calls in progress go on.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Value = args[0]
			if cmd.Flags().Changed("for") {
				o.For = span.String()
			}
			return askList(cmd, l, http.MethodPost, []string{"/block"}, o, func(w io.Writer, e admin.Listed) {
				text := e.Value
				if e.Prefix {
					text = "what begins with " + text
				}
				if text += " is blocked"; e.Until != nil {
					text += " until " + when(*e.Until)
				}
				fmt.Fprintln(w, text)
			})
		},
	}, false)
	cmd.Flags().BoolVar(&o.Prefix, "prefix", false, "block all that begins with VALUE")
	cmd.Flags().DurationVar(&span, "for", 0, "`how long`, such as 1h, from 1s; without it: until unblock")
	cmd.Flags().StringVar(&o.Reason, "reason", "", "`text` that list shows")
	return cmd
}

func blacklistUnblock() *cobra.Command {
	l := &lister{}
	var o admin.Unblock
	cmd := l.verb(&cobra.Command{
		Use:   "unblock VALUE",
		Short: "Let calls that have a value pass again",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Value = args[0]
			return askList(cmd, l, http.MethodPost, []string{"/unblock"}, o, func(w io.Writer, c admin.Checked) {
				if !c.Blocked {
					fmt.Fprintf(w, "%s is not blocked any more\n", c.Value)
					return
				}
				fmt.Fprintf(w, "%s is still hit by:\n", c.Value)
				showListed(w, c.Entries)
			})
		},
	}, true)
	cmd.Flags().BoolVar(&o.Prefix, "prefix", false, "the entry for all that begins with VALUE")
	return cmd
}

func blacklistCheck() *cobra.Command {
	l := &lister{}
	return l.verb(&cobra.Command{
		Use:   "check VALUE",
		Short: "Say whether a value is hit, and by what",
		Long: `Prints the entries that hit the value, of the configuration and of the store; what a command
of Redis would say is not asked. The exit code is 1 when nothing hits it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			blocked := true
			err := askList(cmd, l, http.MethodGet, []string{"/check?value=", url.QueryEscape(args[0])}, nil, func(w io.Writer, c admin.Checked) {
				if blocked = c.Blocked; blocked {
					showListed(w, c.Entries)
				}
			})
			if err == nil && !blocked {
				return fmt.Errorf("%s is not blocked", args[0])
			}
			return err
		},
	}, false)
}
