package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-sbc/sallyport/host/admin"
)

// newModuleLiveCommands are the verbs that renew a module of a running SBC.
func newModuleLiveCommands() []*cobra.Command {
	return []*cobra.Command{moduleList(), moduleLoad(), moduleCanary(), modulePromote(), moduleRollback()}
}

// moduleNames completes names of modules.
func moduleNames(ctx context.Context, c *admin.Client) []string {
	var a admin.Modules
	if c.Do(ctx, http.MethodGet, "/modules", nil, &a) != nil {
		return nil
	}
	var names []string
	for _, m := range a.Modules {
		names = append(names, m.Name)
	}
	return names
}

func moduleList() *cobra.Command {
	r := &remote{}
	return r.verb(&cobra.Command{
		Use:   "list",
		Short: "List the modules of a running SBC and their generations",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, r, http.MethodGet, "/modules", nil, func(w io.Writer, a admin.Modules) {
				var rows [][]string
				for _, m := range a.Modules {
					rows = append(rows, moduleRows(m)...)
				}
				table(w, "MODULE ROLE SHARE GENERATION VERSION CALLS STARTED REFUSED FAILED LATE INSTANCES MEMORY STATE FILE", rows)
				for _, m := range a.Modules {
					if why := m.Stable.NotCopied; why != "" {
						fmt.Fprintf(w, "%s: its instances start each by itself: %s\n", m.Name, why)
					}
					if l := m.LastRollback; l != nil && l.Why != "" {
						fmt.Fprintf(w, "%s: generation %s was taken back at %s: %s\n", m.Name, l.ID, when(l.Time), l.Why)
					}
				}
			})
		},
	}, nil)
}

// moduleRows is one line for each generation.
func moduleRows(m admin.Module) [][]string {
	row := func(role string, percent int, g *admin.Generation) []string {
		share := ""
		if percent >= 0 {
			share = strconv.Itoa(percent) + "%"
		}
		n := func(v uint64) string { return strconv.FormatUint(v, 10) }
		return []string{m.Name, role, share, g.ID, g.Version, strconv.FormatInt(g.Calls, 10), n(g.Started), n(g.Refused), n(g.Failures), n(g.Late), strconv.Itoa(g.Instances), n(g.Memory>>10) + "K", "", g.File}
	}
	rows := [][]string{row("stable", 100-m.Percent, &m.Stable)}
	rows[0][len(rows[0])-2] = state(m.Live)
	if m.Canary != nil {
		rows = append(rows, row("canary", m.Percent, m.Canary))
	}
	if m.Before != nil {
		rows = append(rows, row("before", -1, m.Before))
	}
	for _, d := range m.Old {
		rows = append(rows, []string{m.Name, "old", "", d.ID, "", strconv.FormatInt(d.Calls, 10), "", "", "", "", "", "", "", ""})
	}
	return rows
}

// showModule says in words how new calls go.
func showModule(w io.Writer, m admin.Module) {
	fmt.Fprintf(w, "%s: generation %s (version %s) gets %d %% of the new calls\n", m.Name, m.Stable.ID, m.Stable.Version, 100-m.Percent)
	switch {
	case m.Canary != nil && m.Percent == 0:
		fmt.Fprintf(w, "%s: generation %s (version %s) stands ready and gets none yet\nnext:  sallyport module canary %s 10%%   or   sallyport module promote %[1]s\n",
			m.Name, m.Canary.ID, m.Canary.Version, m.Name)
	case m.Canary != nil:
		fmt.Fprintf(w, "%s: generation %s (version %s) gets %d %%\n", m.Name, m.Canary.ID, m.Canary.Version, m.Percent)
	case m.Before != nil:
		fmt.Fprintf(w, "%s: rollback would go back to generation %s (version %s)\n", m.Name, m.Before.ID, m.Before.Version)
	}
	if m.Live {
		fmt.Fprintf(w, "%s: differs from the file: a reload keeps it while the file and [module.%[1]s] stay as they are, a restart does not\n", m.Name)
	}
}

func moduleLoad() *cobra.Command {
	r := &remote{}
	var o admin.LoadModule
	var share string
	cmd := r.verb(&cobra.Command{
		Use:   "load NAME [FILE]",
		Short: "Load a new generation of a module beside the one in use",
		Long: `Loads FILE, by default the file of the configuration, for the module NAME and validates it:
SHA-256, signature, contract, grants, configuration, self test, and whether it answers what
the generation in use was asked last. Any failure changes nothing. The new generation then
stands ready; canary gives it some of the new calls, promote all, rollback throws it away.`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if len(args) > 1 {
				o.File = args[1]
				if !strings.HasPrefix(o.File, "builtin:") {
					if o.File, err = absolute(o.File); err != nil {
						return err
					}
				}
			}
			if o.Percent, err = percent(share); err != nil {
				return err
			}
			return ask(cmd, r, http.MethodPost, at("modules", args[0], "/load"), o, showModule)
		},
	}, moduleNames)
	cmd.Flags().StringVar(&share, "canary", "0%", "`share` of the new calls that it gets at once")
	cmd.Flags().StringVar(&o.SHA256, "sha256", "", "`hash` the file must have, instead of the configured one")
	return cmd
}

// percent reads "10%" or "10".
func percent(s string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSuffix(s, "%"))
	if err != nil || n < 0 || n > 100 {
		return 0, fmt.Errorf("%q is no share of the calls: want 0%% to 100%%", s)
	}
	return n, nil
}

func moduleCanary() *cobra.Command {
	r := &remote{}
	return r.verb(&cobra.Command{
		Use:   "canary NAME N%",
		Short: "Give the loaded generation a share of the new calls",
		Long: `A call gets its generation by the hash of its id and keeps it to its end. The canary is taken
back by itself when it does worse than the generation beside it: [module.NAME.canary].`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := percent(args[1])
			if err != nil {
				return err
			}
			return ask(cmd, r, http.MethodPost, at("modules", args[0], "/canary"), admin.SetCanary{Percent: n}, showModule)
		},
	}, moduleNames)
}

func modulePromote() *cobra.Command {
	return moduleOrder("promote", "Give all new calls to the loaded generation",
		`What was in use stays ready for a rollback for [module.NAME.canary] keep.`)
}

func moduleRollback() *cobra.Command {
	return moduleOrder("rollback", "Take the loaded generation back, or return to the one before",
		`With a canary: it is thrown away. Without: new calls go back to the generation that was in
use before the last promote.`)
}

func moduleOrder(verb, short, long string) *cobra.Command {
	r := &remote{}
	return r.verb(&cobra.Command{
		Use:   verb + " NAME",
		Short: short,
		Long:  long,
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, r, http.MethodPost, at("modules", args[0], "/"+verb), nil, showModule)
		},
	}, moduleNames)
}
