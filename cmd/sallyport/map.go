package main

import (
	"context"
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

func newMapCommand() *cobra.Command {
	return group(&cobra.Command{
		Use:   "map",
		Short: "Look at the maps of a running SBC and change them while calls run",
		Example: `  sallyport map list
  sallyport map lookup ipmap 192.0.2.7
  sallyport map set ipmap /tmp/ip.conf
  sallyport map set ipmap --rule '192.0.2.0/24=>trunk' --rule '0.0.0.0/0=>public'
  sallyport map reload ipmap`,
	}, mapList(), mapShow(), mapSet(), mapReload(), mapLookUp())
}

// mapNames completes names of maps.
func mapNames(ctx context.Context, c *admin.Client) []string {
	var a admin.Maps
	if c.Do(ctx, http.MethodGet, "/maps", nil, &a) != nil {
		return nil
	}
	var names []string
	for _, m := range a.Maps {
		names = append(names, m.Name)
	}
	return names
}

func mapList() *cobra.Command {
	r := &remote{}
	return r.verb(&cobra.Command{
		Use:   "list",
		Short: "List the maps",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd, r, http.MethodGet, "/maps", nil, func(w io.Writer, a admin.Maps) {
				var rows [][]string
				for _, m := range a.Maps {
					rows = append(rows, []string{m.Name, m.Kind, strconv.Itoa(m.Count), state(m.Live), m.MD5, short(m.SHA256), when(m.Loaded), m.File})
				}
				table(w, "MAP KIND RULES STATE MD5 SHA256 LOADED FILE", rows)
			})
		},
	}, nil)
}

func mapShow() *cobra.Command {
	r := &remote{}
	return r.verb(&cobra.Command{
		Use:   "show NAME",
		Short: "Print the rules of a map",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, r, http.MethodGet, at("maps", args[0]), nil, func(w io.Writer, a admin.MapRules) {
				for _, rule := range a.Rules {
					fmt.Fprintln(w, rule)
				}
			})
		},
	}, mapNames)
}

func showMap(w io.Writer, m admin.Map) {
	pairs(w, "map", m.Name, "kind", m.Kind, "file", m.File, "rules", strconv.Itoa(m.Count), "state", state(m.Live),
		"md5", m.MD5, "sha256", m.SHA256, "loaded", when(m.Loaded))
}

func mapSet() *cobra.Command {
	r := &remote{}
	var to admin.MapChange
	cmd := r.verb(&cobra.Command{
		Use:   "set NAME FILE | NAME --rule KEY=>VALUE...",
		Short: "Give a map the rules of a file, or these, until the next reload",
		Args:  cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 2) == (to.Rules != nil) {
				return errors.New("name either a file or rules with --rule")
			}
			if len(args) == 2 {
				file, err := absolute(args[1])
				if err != nil {
					return err
				}
				to.File = file
			}
			return ask(cmd, r, http.MethodPut, at("maps", args[0]), to, showMap)
		},
	}, mapNames)
	cmd.Flags().StringArrayVar(&to.Rules, "rule", nil, "a `rule`, key=>value; may be repeated")
	cmd.Flags().StringVar(&to.Kind, "kind", "", "regex, prefix, exact or cidr: makes the map when it is not there")
	return cmd
}

func mapReload() *cobra.Command {
	r := &remote{}
	return r.verb(&cobra.Command{
		Use:   "reload NAME",
		Short: "Read a map again as the configuration has it",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, r, http.MethodPost, at("maps", args[0], "/reload"), nil, showMap)
		},
	}, mapNames)
}

func mapLookUp() *cobra.Command {
	r := &remote{}
	return r.verb(&cobra.Command{
		Use:   "lookup NAME KEY",
		Short: "Say what a map has for a key, and which rule says so",
		Long: `Prints the value and the line of the rule. The exit code is 1 when the map has nothing
for the key.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			found := true
			err := ask(cmd, r, http.MethodGet, at("maps", args[0], "/lookup?key=", url.QueryEscape(args[1])), nil, func(w io.Writer, a admin.LookUp) {
				if found = a.Found; found {
					fmt.Fprintf(w, "%s  (rule on line %d)\n", a.Value, a.Line)
				}
			})
			if err == nil && !found {
				return fmt.Errorf("%s has nothing for %s", args[0], strings.TrimSpace(args[1]))
			}
			return err
		},
	}, mapNames)
}
