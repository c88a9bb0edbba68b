package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// errSaid is returned by a verb that has told everything itself; only the exit code is left.
var errSaid = errors.New("said")

// doMain runs one command line and returns the exit code: 0, 1 when anything failed, 2
// when explain found a request refused. It is main without the process around it.
func doMain(args []string, stdout, stderr io.Writer) int {
	root := newRootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	switch cmd, err := root.ExecuteC(); {
	case err == nil:
		return 0
	case errors.Is(err, errSaid):
		return 1
	case errors.Is(err, errRefused):
		return 2
	default:
		fmt.Fprintf(stderr, "%s: %s\n", cmd.CommandPath(), err)
		return 1
	}
}

func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "sallyport",
		Short: "A session border controller for SIP, with modules in a sandbox",
		Long: `Sallyport stands between two SIP networks. A call comes in by one door, is looked at,
shaped by a profile and judged by modules, and goes out by the other as a call of its own.`,
		Example: `  sallyport run                                start on the built-in configuration
  sallyport call sip:echo@127.0.0.1:5060       place a test call to it
  sallyport check -c /etc/sallyport.toml       find every mistake in a configuration
  sallyport explain --invite invite.sip        say what would become of a call
  sallyport module new guard --lang go         begin a call control module`,
		Version:       versionText(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetVersionTemplate("{{.Version}}")
	root.CompletionOptions.HiddenDefaultCmd = true
	call := newCallCommand()
	call.AddCommand(callCommands()...)
	root.AddCommand(newProfileCommand(), newMapCommand(), newAccountCommand(), newBlacklistCommand(), newReloadCommand(), newStatsCommand(), newLogLevelCommand())
	root.AddCommand(newRunCommand(), newCheckCommand(), newExplainCommand(), call, newModuleCommand(), newImportSEMSCommand(), newVersionCommand())
	return root
}
