package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sallyport-sbc/sallyport/contrib"
	"github.com/sallyport-sbc/sallyport/host"
	"github.com/sallyport-sbc/sallyport/host/config"
)

func newCheckCommand() *cobra.Command {
	var (
		file          string
		print, schema bool
	)
	cmd := &cobra.Command{
		Use:   "check [-c FILE | FILE]",
		Short: "Find every mistake in a configuration, without starting anything",
		Long: `Reads a configuration as run would, and prints every mistake with its file and line:
unknown keys, wrong types, addresses this host does not have, ports that overlap, modules
and maps that cannot be read, names that nothing defines. Without a file, the built-in
configuration is checked. The exit code is 1 when there is a mistake.

With --print, a configuration without a mistake is written out as it takes effect: every key
that has a value, defaults and what profiles inherit filled in. Passwords are shown as "…".`,
		Example: `  sallyport check /etc/sallyport.toml
  sallyport check -c /etc/sallyport.toml && systemctl reload sallyport
  sallyport check --print -c /etc/sallyport.toml | less
  sallyport check --schema > sallyport.schema.json`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if schema {
				_, err := fmt.Fprint(cmd.OutOrStdout(), contrib.Schema)
				return err
			}
			if len(args) == 1 {
				if file != "" {
					return errors.New("name one file, with or without -c")
				}
				file = args[0]
			}
			s, err := host.Check(host.Options{File: file, Progress: newTerminal(cmd.ErrOrStderr()).progress})
			if err != nil {
				fmt.Fprintln(cmd.ErrOrStderr(), err)
				if errs, ok := errors.AsType[config.Errors](err); ok {
					fmt.Fprintf(cmd.ErrOrStderr(), "%s\n", count(len(errs), "mistake"))
				}
				return errSaid
			}
			if print {
				return s.Print(cmd.OutOrStdout())
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%s: no mistakes: %s, %s, %s, %s\n", s.File,
				count(len(s.Interface), "interface"), count(len(s.Profile), "profile"),
				count(len(s.Module), "module"), count(len(s.Map), "map"))
			return nil
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", "", "configuration `file`; none: the built-in one")
	cmd.Flags().BoolVar(&print, "print", false, "write the effective configuration")
	cmd.Flags().BoolVar(&schema, "schema", false, "write the JSON schema of the configuration, for editors, and check nothing")
	return cmd
}

// count is "1 profile", "2 profiles".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
