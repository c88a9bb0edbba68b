package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/host/admin"
)

// version is the release. commit is set by the Makefile; a program built by go install has
// it from its build information.
var (
	version = "0.1.0-dev"
	commit  string
)

func newVersionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print version, commit, Go version and the version of the module contract",
		Args:  cobra.NoArgs,
		Run:   func(cmd *cobra.Command, _ []string) { fmt.Fprint(cmd.OutOrStdout(), versionText()) },
	}
}

func versionText() string {
	v := versionOf()
	return fmt.Sprintf("sallyport %s\ncommit    %s\ngo        %s\nabi       %s\n", v.Version, v.Commit, v.Go, v.ABI)
}

func versionOf() admin.Version {
	return admin.Version{
		Version: version,
		Commit:  cmp.Or(commit, builtFrom(), "unknown"),
		Go:      fmt.Sprintf("%s %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH),
		ABI:     fmt.Sprintf("%d.%d", wire.Major, wire.Minor),
	}
}

// builtFrom is the commit in the build information, "" if there is none.
func builtFrom() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}
