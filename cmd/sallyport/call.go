package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-sbc/sallyport/host/useragent"
)

func newCallCommand() *cobra.Command {
	var (
		c      useragent.CallConfig
		listen string
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "call [flags] SIP-URI",
		Short: "Place a test call and say whether its audio works",
		Long: `Places a call, plays a tone for a while, listens for what comes back, and hangs up. It
prints each step with its time, then the codec, packets, loss, jitter and an estimate of
the listening quality (MOS). The far end should send audio: an echo is best, since the
round trip can be told then.

The exit code is 0 only when the call was answered and audio came back.`,
		Example: `  sallyport call sip:echo@127.0.0.1:5060
  sallyport call --duration 10s --from sip:alice@example.org sip:bob@192.0.2.7
  sallyport call --listen 192.0.2.1:0 'sip:echo@sbc.example.net;transport=tcp'
  sallyport call --json sip:echo@127.0.0.1:5060 | jq .audio.mos`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			c.URI = args[0]
			if err := checkCall(&c, listen); err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			out := cmd.OutOrStdout()
			if asJSON {
				res, err := useragent.Call(ctx, c, nil)
				enc := json.NewEncoder(out)
				enc.SetIndent("", "  ")
				if werr := enc.Encode(res); err == nil {
					err = werr
				}
				return callFailed(err, c)
			}
			fmt.Fprintf(out, "calling %s\n\n", c.URI)
			events, told := make(chan useragent.Event, 64), make(chan struct{})
			go func() { // ends when events is closed
				defer close(told)
				for e := range events {
					fmt.Fprintln(out, stepLine(e))
				}
			}()
			res, err := useragent.Call(ctx, c, events)
			close(events)
			<-told
			printAudio(out, res)
			if err == nil {
				fmt.Fprintln(out, "\nthe call and its audio are all right")
			}
			return callFailed(err, c)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&asJSON, "json", false, "print the result as one JSON object, and nothing else")
	f.DurationVar(&c.Duration, "duration", 3*time.Second, "how long to play the tone")
	f.StringVar(&c.From, "from", "", "the caller's `URI` (default sip:sallyport-call@ the local address)")
	f.DurationVar(&c.Timeout, "timeout", 30*time.Second, "how long to wait for the answer; then the call is canceled")
	f.StringVar(&listen, "listen", "", "local `ADDRESS[:PORT]` for SIP, the address for RTP too (default: the one on the way to the far end, any port)")
	return cmd
}

// checkCall finds what is wrong with the flags.
func checkCall(c *useragent.CallConfig, listen string) error {
	if c.Duration < 100*time.Millisecond || c.Duration > time.Hour {
		return fmt.Errorf("--duration %s: want 100ms to 1h", c.Duration)
	}
	if c.Timeout < time.Second || c.Timeout > 10*time.Minute {
		return fmt.Errorf("--timeout %s: want 1s to 10m", c.Timeout)
	}
	if listen == "" {
		return nil
	}
	if a, err := netip.ParseAddr(strings.Trim(listen, "[]")); err == nil {
		c.Listen = netip.AddrPortFrom(a, 0)
		return nil
	}
	var err error
	if c.Listen, err = netip.ParseAddrPort(listen); err != nil {
		return fmt.Errorf("--listen %s: want an address of this host, with or without a port, such as 192.0.2.1:5080", listen)
	}
	return nil
}

// stepLine is one step as a person reads it.
func stepLine(e useragent.Event) string {
	text := map[useragent.Step]string{
		useragent.StepResolved: "the URI leads to",
		useragent.StepInvite:   "INVITE",
		useragent.StepAudio:    "audio comes back",
		useragent.StepHungUp:   "the far end sent BYE",
		useragent.StepCancel:   "CANCEL",
		useragent.StepBye:      "BYE",
	}[e.Step]
	for _, s := range []string{codeText(e.Code), e.Text} {
		if s != "" {
			text += " " + s
		}
	}
	return fmt.Sprintf("%10.3f s  %s", e.At.Seconds(), strings.TrimSpace(text))
}

func codeText(code int) string {
	if code == 0 {
		return ""
	}
	return fmt.Sprint(code)
}

// printAudio prints what was measured, if the call got that far.
func printAudio(out io.Writer, res *useragent.Result) {
	if res.Codec == "" {
		return
	}
	a := res.Audio
	row := func(name, format string, values ...any) {
		fmt.Fprintf(out, "  %-12s"+format+"\n", append([]any{name}, values...)...)
	}
	fmt.Fprintln(out)
	row("answered", "after %.1f ms", res.SetupMS)
	row("codec", "%s", res.Codec)
	row("packets", "%d sent, %d received, %d lost (%.1f %%)", a.Sent, a.Received, a.Lost, a.LossPercent)
	if n := a.Duplicates + a.Reordered + a.Foreign; n > 0 {
		row("", "%d twice, %d out of order, %d that do not belong to the call", a.Duplicates, a.Reordered, a.Foreign)
	}
	if a.Received == 0 {
		return
	}
	row("jitter", "%.2f ms", a.JitterMS)
	if a.Echoed > 0 {
		row("round trip", "%.2f ms", a.RoundTripMS)
	} else {
		row("round trip", "unknown: the tone did not come back as it was sent")
	}
	row("MOS", "%.2f (estimated)", a.MOS)
}

// callFailed adds to the error what a person may look at next.
func callFailed(err error, c useragent.CallConfig) error {
	if err == nil {
		return nil
	}
	var rejected *useragent.Rejected
	hint := ""
	switch {
	case errors.Is(err, useragent.ErrURI):
		hint = "a URI looks like sip:echo@192.0.2.1:5060"
	case errors.Is(err, useragent.ErrNoAddress):
		hint = "an address instead of the name needs no DNS"
	case errors.Is(err, useragent.ErrListen):
		hint = "choose an address of this host and a free port with --listen"
	case errors.Is(err, useragent.ErrRefused):
		hint = "is it running, and listening on that address and port?"
	case errors.Is(err, useragent.ErrNoReply):
		hint = "a firewall may drop the packets, or the far end does not speak SIP there"
	case errors.Is(err, useragent.ErrNoAnswer):
		hint = "it rang; --timeout waits longer"
	case errors.Is(err, useragent.ErrNoAudio):
		hint = "signalling works; look at the media addresses in the SDP, at NAT and firewalls, and whether the far end sends audio at all"
	case errors.As(err, &rejected):
		hint = rejectedHint(rejected.Code)
	}
	if hint != "" {
		hint = "\n  " + hint
	}
	return fmt.Errorf("the call failed: %w%s", err, hint)
}

// rejectedHint says what a response usually means on the way through an SBC.
func rejectedHint(code int) string {
	switch code {
	case 401, 407:
		return "the far end wants credentials, which a test call does not have"
	case 403:
		return "refused by policy: no profile took the call, or a module or the far end forbids it"
	case 404, 410, 604:
		return "nobody has that number or name there"
	case 408:
		return "the far end rang or was tried, but nobody answered"
	case 480, 486, 600, 603:
		return "the signalling works; the callee does not want or cannot take the call now"
	case 482, 483:
		return "the call went round in a circle"
	case 488, 606:
		return "no codec in common: the test call offers PCMU and PCMA"
	case 500, 502, 503, 504:
		return "the far end, or a server behind it, cannot take the call now; its log says why"
	}
	return ""
}
