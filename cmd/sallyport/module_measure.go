package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-sbc/sallyport/host/workbench"
)

// sample are the flags that say which calls a hook is measured with.
type sample struct{ config, script string }

func (s *sample) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.config, "config", "", "the module's configuration, a `JSON` object (default: the script's first)")
	cmd.Flags().StringVar(&s.script, "script", "", "`file` whose first call gives the frames (default: the one script beside the module, else a sample call)")
}

// read is the script, nil when there is none.
func (s *sample) read(file string) (*workbench.Script, error) {
	name := s.script
	if name == "" {
		if found, err := workbench.Scripts(filepath.Dir(file)); err == nil && len(found) == 1 {
			name = found[0]
		}
	}
	if name == "" {
		return nil, nil
	}
	return workbench.ReadScript(name)
}

func newModuleInspectCommand() *cobra.Command {
	var s sample
	cmd := &cobra.Command{
		Use:   "inspect FILE",
		Short: "Tell what a module file is, wants, and costs",
		Long: `Prints the manifest, the exports, the imports and with them the capabilities the module
wants, its size and hash, and what each hook burns and takes on a sample call.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			script, err := s.read(args[0])
			if err != nil {
				return err
			}
			in, err := workbench.Inspect(cmd.Context(), workbench.Options{File: args[0], Config: s.config}, script)
			if err != nil {
				return err
			}
			show(cmd.OutOrStdout(), args[0], in)
			if in.Refused != nil {
				return in.Refused
			}
			return nil
		},
	}
	s.flags(cmd)
	return cmd
}

func show(out io.Writer, file string, in *workbench.Inspection) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name string, values ...string) {
		for i, v := range values {
			if i > 0 {
				name = ""
			}
			fmt.Fprintf(w, "%s\t%s\n", name, v)
		}
	}
	row("file", fmt.Sprintf("%s, %d bytes, %d functions", file, in.Size, in.Functions))
	row("sha256", in.SHA256)
	row("memory", fmt.Sprintf("%d KiB to begin with", in.Memory>>10))
	if in.NotCopied != "" {
		row("instances", "start each by itself: "+in.NotCopied)
	} else if in.Refused == nil {
		row("instances", "are copies of one that has started")
	}
	if m := in.Manifest; m != nil {
		row("module", m.Name+" "+m.Version+": "+m.Description)
		row("contract", fmt.Sprint(m.Contract))
		row("hooks", strings.Join(m.Hooks, ", "))
		row("capabilities", strings.Join(append([]string{"sbc"}, m.Capabilities...), ", "))
	}
	row("imports", in.Imports...)
	row("exports", in.Exports...)
	w.Flush()
	if in.Unmeasured != nil {
		fmt.Fprintf(out, "\nnot measured: %v\n(--config or --script may help)\n", in.Unmeasured)
		return
	}
	hooks(out, in.Hooks)
}

// hooks is the table of what hooks cost.
func hooks(out io.Writer, ms []workbench.Measured) {
	if len(ms) == 0 {
		return
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\nhook\thooks/s\tmean\tp50\tp99\tfuel\t")
	for _, m := range ms {
		fmt.Fprintf(w, "%s\t%d\t%v\t%v\t%v\t%d\t\n", m.Event, m.PerSecond(), m.PerHook, m.P50, m.P99, m.Fuel)
	}
	w.Flush()
}

func newModuleBenchCommand() *cobra.Command {
	var s sample
	var span time.Duration
	cmd := &cobra.Command{
		Use:   "bench FILE",
		Short: "Measure a module's hooks and the memory of an instance",
		Long: `Runs each hook of the module through the real host on one core, again and again, and prints
how many a second that makes, the mean, the median and the 99th percentile, and the fuel, of
which about one unit is one instruction. Then makes 32 instances and prints what one more
keeps in memory. Figures count host and guest together and hold for this machine.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			script, err := s.read(args[0])
			if err != nil {
				return err
			}
			if span < 10*time.Millisecond {
				return fmt.Errorf("--time %v: want at least 10ms", span)
			}
			o := workbench.Options{File: args[0], Config: s.config}
			ms, err := workbench.Measure(cmd.Context(), o, script, span)
			if err != nil {
				return err
			}
			hooks(cmd.OutOrStdout(), ms)
			if script != nil && o.Config == "" {
				o.Config = script.Config()
			}
			memory, err := workbench.Memory(o)
			if err != nil {
				return err
			}
			fmt.Fprintf(cmd.OutOrStdout(), "\nmemory of one more instance: %d KiB\n", memory>>10)
			return nil
		},
	}
	s.flags(cmd)
	cmd.Flags().DurationVar(&span, "time", 2*time.Second, "how long to measure each hook")
	return cmd
}
