package main

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sallyport-sbc/sallyport/host"
	"github.com/sallyport-sbc/sallyport/host/sems"
)

func newImportSEMSCommand() *cobra.Command {
	var out string
	var force bool
	cmd := &cobra.Command{
		Use:   "import-sems DIR --out DIR",
		Short: "Convert the configuration of a SEMS SBC",
		Long: `Reads sems.conf, sbc.conf, all *.sbcprofile.conf files, regex maps and settings of call
control modules in DIR and below it, and writes sallyport.toml with its maps into the
folder of --out. Patterns and keys keep the meaning they were meant to have: what SEMS
does otherwise than documented, and what could not be carried over, is one line each of
the report, which is printed and written to REPORT.txt.

Files that are there already are kept unless --force says otherwise, and then nothing is
written. The exit code is 1 when DIR cannot be read or SEMS could not have read it.`,
		Example: `  sallyport import-sems /etc/sems --out /etc/sallyport
  sallyport check -c /etc/sallyport/sallyport.toml
  sallyport run -c /etc/sallyport/sallyport.toml`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return errors.New("--out is missing: where to write to")
			}
			r, err := host.ImportSEMS(args[0])
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if err := r.Write(out, force); errors.Is(err, sems.ErrExists) {
				return fmt.Errorf("%w; --force overwrites", err)
			} else if err != nil {
				return err
			}
			file := filepath.Join(out, sems.ConfigFile)
			fmt.Fprint(cmd.OutOrStdout(), r.Text())
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: converted, %s; %s has them too\n", file,
				count(len(r.Report), "note"), filepath.Join(out, sems.ReportFile))
			if err := host.Imported(file); err != nil {
				fmt.Fprintf(cmd.ErrOrStderr(), "it does not run on this machine yet:\n%s\n", err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "write to this `folder`")
	cmd.Flags().BoolVar(&force, "force", false, "overwrite what is there")
	return cmd
}
