package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-sbc/sallyport"
	"github.com/sallyport-sbc/sallyport/host/workbench"
	"github.com/sallyport-sbc/sallyport/sdk/build"
	"github.com/sallyport-sbc/sallyport/sdk/scaffold"
)

func newModuleCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "module",
		Short: "Write, build, test and measure call control modules, and renew those that run",
		Long: `A module is a WebAssembly file that judges calls: in Go, C, Rust or AssemblyScript. These
verbs take its author from an empty folder to a measured file; none of new, build, test,
inspect and bench needs a running SBC. list, load, canary, promote and rollback speak to one.
sdk/TUTORIAL.md goes the whole way.`,
		Example: `  sallyport module new guard --lang c
  sallyport module build guard
  sallyport module test guard
  sallyport module inspect guard.wasm
  sallyport module bench guard.wasm
  sallyport module load guard guard.wasm
  sallyport module canary guard 10%
  sallyport module promote guard`,
	}
	cmd.AddCommand(newModuleNewCommand(), newModuleBuildCommand(), newModuleTestCommand(), newModuleInspectCommand(), newModuleBenchCommand())
	cmd.AddCommand(newModuleLiveCommands()...)
	return cmd
}

func newModuleNewCommand() *cobra.Command {
	o := scaffold.Options{Tree: sallyport.SDK}
	cmd := &cobra.Command{
		Use:   "new NAME [--lang go|c|rust|assemblyscript]",
		Short: "Make a folder with a module that builds and passes its tests",
		Long: `Makes the folder NAME: code, a script of calls with what they should lead to, a manifest, a
README. The SDK is copied from this program into NAME/sallyport, so that the module builds
without a network and fits the SBC it was made with; with --sdk the folder refers to a
checkout of Sallyport instead.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Dir = args[0]
			files, err := scaffold.New(o)
			if err != nil {
				return err
			}
			for _, f := range files {
				fmt.Fprintln(cmd.OutOrStdout(), f)
			}
			first := ""
			if o.Language == "assemblyscript" {
				first = fmt.Sprintf("npm install --prefix %s && ", o.Dir)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "\nnext:  %ssallyport module test %s\n", first, o.Dir)
			return nil
		},
	}
	cmd.Flags().StringVar(&o.Language, "lang", "go", "`language`: "+strings.Join(build.Languages(), ", "))
	cmd.Flags().StringVar(&o.Checkout, "sdk", "", "`folder` of a Sallyport checkout to use the SDK of")
	return cmd
}

func newModuleBuildCommand() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "build [-o FILE] FOLDER",
		Short: "Compile a module and put its manifest into the file",
		Long: `Calls the compiler of the language the folder is written in: go; clang and wasm-ld; rustc
with its wasm32-unknown-unknown library; asc from node_modules. Then holds the imports
against the contract, and appends manifest.json with the capabilities it found. Nothing is
installed; what is missing is named with the command that installs it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := build.Module(build.Options{Source: args[0], Out: out, SDK: sallyport.SDK})
			if err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), r)
			return nil
		},
	}
	cmd.Flags().StringVarP(&out, "output", "o", "", "where to write the module (default NAME.wasm here)")
	return cmd
}

func newModuleTestCommand() *cobra.Command {
	var scripts []string
	var update bool
	cmd := &cobra.Command{
		Use:   "test FILE|FOLDER [--script FILE]",
		Short: "Run a module's own tests, and its scripts through the real host",
		Long: `For a folder: builds the module, runs go test when it is written in Go, then every script
*.txtar in the folder and its testdata. For a file: the scripts named by --script, or those
beside it. A script is a list of events with the fields of the call, and what each is
expected to lead to:

  -- config --
  {"barred": ["+1900"]}
  -- start --
  callee: +19005550100
  param account: alice
  -- expect --
  refuse 403 Not from here

The events are start, early, connect, refresh, reject, refer, dtmf, info, hold, resume,
media_timeout, timer, end, rearm, register, route, tick and stop. "after: 30s" lets time pass
before one. What a module asks of others is answered by the script; nothing of it touches a
network. Answers hold from where they stand:

  -- http POST http://crm.example.net/ask --
  status: 503
  header Retry-After: 1
  delay: 200ms
  body: busy

  -- redis SMEMBERS blacklist --
  list: alice
  list: bob

  -- map numbers --
  bob: 123

  -- store --
  kv greeting: hello
  number calls: 5
  set blocked: +1900 +44
  account alice: 5000000
  held trunk/1: 3

An HTTP answer is 200 when nothing else is said, its body the line body, or all that follows
an empty line; "endless: 100000" is one of so many bytes. Redis answers nil, number, text,
list (a line for each item), empty or error. "fail: timeout" lets either fail, as do refused
and cut for http, away and nonsense for redis; a store fails until "fail: no". In a request *
at the end of a word is any ending, ... any rest, and "two words" are one word. Several answers
to the same request come one after the other. An account has micro-units; held is what other
calls hold of a limit.

The module is granted what it asks for, with an empty store of its own; it may reach the
servers and give the commands that the script has answers of. The exit code is 1 when an
expectation is not met.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			out, file, dir := cmd.OutOrStdout(), args[0], filepath.Dir(args[0])
			if st, err := os.Stat(file); err != nil {
				return err
			} else if st.IsDir() {
				dir = file
				tmp, err := os.MkdirTemp("", "sallyport-test-")
				if err != nil {
					return err
				}
				defer os.RemoveAll(tmp)
				file = filepath.Join(tmp, "module.wasm")
				if err := prepare(out, dir, file); err != nil {
					return err
				}
			}
			if len(scripts) == 0 {
				var err error
				if scripts, err = workbench.Scripts(dir); err != nil {
					return err
				}
			}
			if len(scripts) == 0 {
				return fmt.Errorf("no script *.txtar in %s or its testdata: nothing was tested", dir)
			}
			return runScripts(cmd, scripts, file, update)
		},
	}
	cmd.Flags().StringArrayVar(&scripts, "script", nil, "`file` to run; may be given again (default: all in the folder and its testdata)")
	cmd.Flags().BoolVar(&update, "update", false, "write what comes into the scripts' expect sections")
	return cmd
}

// prepare builds the module in dir, and runs its native tests if it has any.
func prepare(out io.Writer, dir, file string) error {
	r, err := build.Module(build.Options{Source: dir, Out: file, SDK: sallyport.SDK})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "build   %s, %d bytes\n", r.Language, r.Size)
	if r.Language != "go" {
		return nil
	}
	native := exec.Command("go", "test", ".")
	native.Dir = dir
	said, err := native.CombinedOutput()
	if err != nil {
		return fmt.Errorf("go test: %w\n%s", err, strings.TrimSpace(string(said)))
	}
	fmt.Fprintf(out, "native  %s\n", strings.Join(strings.Fields(string(said)), " "))
	return nil
}

func runScripts(cmd *cobra.Command, scripts []string, file string, update bool) error {
	out, failed := cmd.OutOrStdout(), 0
	for _, name := range scripts {
		s, err := workbench.ReadScript(name)
		if err != nil {
			return err
		}
		r, err := s.Run(cmd.Context(), file, update)
		if err != nil {
			return err
		}
		verdict := "as expected"
		if update {
			verdict = "written"
		} else if n := len(r.Differences); n > 0 {
			verdict = count(n, "difference")
			failed += n
		}
		fmt.Fprintf(out, "script  %s: %s, %s\n", name, count(r.Hooks, "hook"), verdict)
		for _, h := range r.Deaf {
			fmt.Fprintf(out, "  the manifest names the hook %s, the module has none: it is never called\n", h)
		}
		for _, name := range r.Refused {
			if len(r.Differences) > 0 {
				fmt.Fprintf(out, "  requests of %s were refused: malformed%s\n", name, unanswered[name])
			}
		}
		for _, d := range r.Differences {
			fmt.Fprintf(out, "  %s\n%s", d.Section, lines("    got   ", d.Got)+lines("    want  ", d.Want))
		}
	}
	if failed > 0 {
		return errors.New(count(failed, "difference"))
	}
	return nil
}

// unanswered is what a script may lack when requests are refused.
var unanswered = map[string]string{
	"sbc_http":  ", or to a server of which the script has no answer (-- http URL --)",
	"sbc_redis": ", or a command of which the script has no answer (-- redis COMMAND … --)",
}

// lines puts a word before every line.
func lines(word, text string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.TrimSpace(text) + "\n") {
		b.WriteString(word + line)
	}
	return b.String()
}
