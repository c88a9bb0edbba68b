package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-sbc/sallyport/host/admin"
	"github.com/sallyport-sbc/sallyport/host/config"
)

// remote is what verbs that speak to a running SBC have in common.
type remote struct {
	socket string
	json   bool
}

// verb finishes a verb: its flags, and what completes its first argument.
func (r *remote) verb(cmd *cobra.Command, names func(context.Context, *admin.Client) []string) *cobra.Command {
	cmd.Flags().StringVar(&r.socket, "socket", config.DefaultSocket, "unix `socket` of the SBC: [control] socket")
	cmd.Flags().BoolVar(&r.json, "json", false, "print the answer as JSON")
	if names == nil {
		cmd.ValidArgsFunction = cobra.NoFileCompletions
		return cmd
	}
	cmd.ValidArgsFunction = func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		ctx, cancel := context.WithTimeout(cmd.Context(), time.Second)
		defer cancel()
		return names(ctx, admin.NewClient(r.socket)), cobra.ShellCompDirectiveNoFileComp
	}
	return cmd
}

// group finishes a command that has verbs and does nothing itself.
func group(cmd *cobra.Command, verbs ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(verbs...)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		cmd.SuggestionsMinimumDistance = 2
		text := fmt.Sprintf("unknown command %q for %q", args[0], cmd.CommandPath())
		if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
			text += ": did you mean " + strings.Join(near, " or ") + "?"
		}
		return errors.New(text)
	}
	return cmd
}

// ask sends a request and prints the answer, as JSON when that is wanted, else by show.
func ask[T any](cmd *cobra.Command, r *remote, method, path string, send any, show func(w io.Writer, answer T)) error {
	var raw json.RawMessage
	if err := admin.NewClient(r.socket).Do(cmd.Context(), method, path, send, &raw); err != nil {
		return r.refused(cmd, err)
	}
	if r.json {
		var b bytes.Buffer
		if err := json.Indent(&b, raw, "", "  "); err != nil {
			return err
		}
		_, err := fmt.Fprintln(cmd.OutOrStdout(), strings.TrimSpace(b.String()))
		return err
	}
	var answer T
	if err := json.Unmarshal(raw, &answer); err != nil {
		return err
	}
	show(cmd.OutOrStdout(), answer)
	return nil
}

// refused prints the mistakes a refusal names as check does, one a line.
func (r *remote) refused(cmd *cobra.Command, err error) error {
	p, ok := errors.AsType[*admin.Problem](err)
	if !ok || len(p.Mistakes) == 0 {
		return err
	}
	for _, m := range p.Mistakes {
		fmt.Fprintln(cmd.ErrOrStderr(), m.Text)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s\n", count(len(p.Mistakes), "mistake"), p.Message)
	return errSaid
}

// table prints rows under a header.
func table(w io.Writer, header string, rows [][]string) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.ReplaceAll(header, " ", "\t"))
	for _, row := range rows {
		for i, cell := range row {
			if cell == "" {
				row[i] = "-"
			}
		}
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	_ = t.Flush()
}

// pairs prints names and values, two a row; those without a value are left out.
func pairs(w io.Writer, values ...string) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i := 0; i < len(values); i += 2 {
		if values[i+1] != "" {
			fmt.Fprintf(t, "%s\t%s\n", values[i], values[i+1])
		}
	}
	_ = t.Flush()
}

// when is a time as an operator reads it.
func when(t time.Time) string { return t.Local().Format(time.DateTime) }

// state says whether something is what the files say.
func state(live bool) string {
	if live {
		return "differs from the file"
	}
	return "as in the file"
}

// short is the beginning of a hash.
func short(hash string) string { return hash[:min(12, len(hash))] }

// at is the path of a thing with a name.
func at(kind, name string, more ...string) string {
	name = url.PathEscape(name)
	if name == "." || name == ".." {
		name = strings.ReplaceAll(name, ".", "%2E") // else the server takes it for a folder
	}
	return "/" + kind + "/" + name + strings.Join(more, "")
}

// absolute makes a path of ours one that the SBC, which may run elsewhere, understands.
func absolute(path string) (string, error) { return filepath.Abs(path) }

func newReloadCommand() *cobra.Command {
	r := &remote{}
	return r.verb(&cobra.Command{
		Use:   "reload",
		Short: "Let a running SBC read its configuration again",
		Long: `Does what SIGHUP does and says how it went: calls that begin from now on get the new
configuration, all of it or, when it has a mistake, nothing of it. What was changed while
running (profile load, profile active, map set) is lost. A module that was promoted or rolled
back stays, unless its configuration, or the file it names, is another one now.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, r, http.MethodPost, "/reload", nil, func(w io.Writer, a admin.Reloaded) {
				fmt.Fprintf(w, "%s is in use, sha256 %s\n", a.File, short(a.SHA256))
				if len(a.Lost) > 0 {
					fmt.Fprintf(w, "lost: %s\n", strings.Join(a.Lost, ", "))
				}
				if len(a.Kept) > 0 {
					fmt.Fprintf(w, "kept: %s\n", strings.Join(a.Kept, ", "))
				}
			})
		},
	}, nil)
}

func newLogLevelCommand() *cobra.Command {
	r := &remote{}
	cmd := r.verb(&cobra.Command{
		Use:       "log-level [debug|info|warn|error]",
		Short:     "Show how much a running SBC logs, or change it until the next reload",
		Args:      cobra.MatchAll(cobra.MaximumNArgs(1), cobra.OnlyValidArgs),
		ValidArgs: []string{"debug", "info", "warn", "error"},
		RunE: func(cmd *cobra.Command, args []string) error {
			show := func(w io.Writer, a admin.LogLevel) { fmt.Fprintln(w, a.Level) }
			if len(args) == 0 {
				return ask(cmd, r, http.MethodGet, "/log-level", nil, show)
			}
			return ask(cmd, r, http.MethodPut, "/log-level", admin.LogLevel{Level: args[0]}, show)
		},
	}, nil)
	cmd.ValidArgsFunction = nil
	return cmd
}
