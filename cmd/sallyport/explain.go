package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sallyport-sbc/sallyport/host"
	"github.com/sallyport-sbc/sallyport/host/admin"
	"github.com/sallyport-sbc/sallyport/host/config"
	"github.com/sallyport-sbc/sallyport/host/explain"
)

// errRefused is returned by explain when the call would not go out: exit code 2.
var errRefused = errors.New("refused")

func newExplainCommand() *cobra.Command {
	var (
		file, invite, cdr string
		q                 explain.Request
		running           bool
		r                 = &remote{}
	)
	cmd := &cobra.Command{
		Use:   "explain [-c FILE | --running] --invite message.sip",
		Short: "Say what the SBC would do with a message, without doing it",
		Long: `Reads a SIP request and says what an SBC with this configuration would do with it: which
selector chooses the profile and why the others do not, what every pattern yields, what the
modules decide in a dry run that leaves nothing behind, and the INVITE as it would leave, as
a diff to the one that came. Random tags, branches and ports are shown as <tag>, <branch>,
<port>. Nothing is bound, sent or written; names are not looked up unless --resolve says so.

The message may be pasted from a capture: line ends and Content-Length are repaired. It need
not be an INVITE. For a request inside a dialog, --profile names the profile of its call.
--cdr takes a record of the module cdr in place of a message.

The exit code is 0 when the request would go out or be answered, 2 when it would be refused,
and 1 when there was an error.`,
		Example: `  sallyport explain --invite invite.sip --source 192.0.2.7:5060 --interface public
  sallyport explain -c /etc/sallyport.toml --invite - < invite.sip
  sallyport explain --running --invite invite.sip
  sallyport explain --cdr "$(tail -n 1 var/cdr/cdr.jsonl)"
  sallyport explain --invite bye.sip --profile trunk --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if (invite == "") == (cdr == "") {
				return errors.New("name a message by --invite FILE, - for standard input, or a record by --cdr")
			}
			var err error
			if invite != "" {
				q.Message, err = readText(cmd.InOrStdin(), invite)
			} else if q.CDR = cdr; !strings.HasPrefix(strings.TrimSpace(cdr), "{") {
				q.CDR, err = readText(cmd.InOrStdin(), cdr)
			}
			if err != nil {
				return err
			}
			if running {
				return explainRunning(cmd, r, q)
			}
			report, err := host.Explain(cmd.Context(), host.Options{File: file, Server: "Sallyport/" + version}, q)
			if errs, ok := errors.AsType[config.Errors](err); ok {
				fmt.Fprintf(cmd.ErrOrStderr(), "%s\n%s\n", errs, count(len(errs), "mistake"))
				return errSaid
			}
			if err != nil {
				return err
			}
			return printReport(cmd.OutOrStdout(), report, r.json)
		},
	}
	r.verb(cmd, nil)
	f := cmd.Flags()
	f.StringVarP(&file, "config", "c", "", "configuration `file`; none: the built-in one")
	f.StringVar(&invite, "invite", "", "`file` with the message; -: standard input")
	f.StringVar(&cdr, "cdr", "", "call `record`: one JSON object, or a file whose last line is one")
	f.StringVar(&q.Source, "source", "", "`ADDRESS[:PORT]` it comes from; none: what its top Via says")
	f.StringVar(&q.Interface, "interface", "", "`name` of the interface it comes in by; none: the first that could receive it")
	f.StringVar(&q.Profile, "profile", "", "`name` of the profile, in place of the selection")
	f.BoolVar(&q.Resolve, "resolve", false, "look the names of targets up")
	f.BoolVar(&running, "running", false, "ask the SBC that runs, at its control socket, in place of a configuration file")
	cmd.MarkFlagsMutuallyExclusive("running", "config")
	return cmd
}

// explainRunning lets a running SBC explain.
func explainRunning(cmd *cobra.Command, r *remote, q explain.Request) error {
	report := new(explain.Report)
	if err := admin.NewClient(r.socket).Do(cmd.Context(), http.MethodPost, "/explain", q, report); err != nil {
		return r.refused(cmd, err)
	}
	return printReport(cmd.OutOrStdout(), report, r.json)
}

// printReport prints what was found out. The error is errRefused when the request would not
// go out.
func printReport(w io.Writer, r *explain.Report, asJSON bool) error {
	text := []byte(explain.Text(r, newTerminal(w).colour))
	if asJSON {
		var err error
		if text, err = r.JSON(); err != nil {
			return err
		}
	}
	if _, err := w.Write(text); err != nil {
		return err
	}
	if r.Verdict == explain.Refused || r.Verdict == explain.Dropped {
		return errRefused
	}
	return nil
}

// maxText is the most that readText reads.
const maxText = 1 << 20

// readText reads a file; "-" is standard input.
func readText(stdin io.Reader, file string) (string, error) {
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return "", err
		}
		defer f.Close()
		stdin = f
	}
	var b bytes.Buffer
	_, err := io.Copy(&b, io.LimitReader(stdin, maxText))
	return b.String(), err
}
