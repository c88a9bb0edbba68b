package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/sallyport-sbc/sallyport/host/admin"
)

// callCommands are the verbs below call that speak to a running SBC.
func callCommands() []*cobra.Command {
	return []*cobra.Command{callList(), callShow(), callHangup(), callRearm()}
}

// callIDs completes ids of calls, with who calls whom as their description.
func callIDs(ctx context.Context, c *admin.Client) []string {
	var a admin.Calls
	if c.Do(ctx, http.MethodGet, "/calls?limit=200", nil, &a) != nil {
		return nil
	}
	var ids []string
	for _, c := range a.Calls {
		ids = append(ids, fmt.Sprintf("%s\t%s > %s, %s", c.ID, c.Caller, c.Callee, c.State))
	}
	return ids
}

// talk is how long a call is up, or how long it has been waiting.
func talk(c admin.Call) string {
	since := c.Start
	if c.Answer != nil {
		since = *c.Answer
	}
	return time.Since(since).Round(time.Second).String()
}

func callList() *cobra.Command {
	r := &remote{}
	var profile string
	var limit uint
	cmd := r.verb(&cobra.Command{
		Use:   "list",
		Short: "List the calls in progress, the oldest first",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{"limit": {strconv.FormatUint(uint64(limit), 10)}}
			if profile != "" {
				q.Set("profile", profile)
			}
			return ask(cmd, r, http.MethodGet, "/calls?"+q.Encode(), nil, func(w io.Writer, a admin.Calls) {
				var rows [][]string
				for _, c := range a.Calls {
					rows = append(rows, []string{c.ID, c.State, talk(c), c.Caller, c.Callee, c.Profile, c.Source, c.Destination})
				}
				table(w, "CALL STATE FOR CALLER CALLEE PROFILE FROM TO", rows)
				fmt.Fprintf(w, "%d of %s\n", len(a.Calls), count(int(a.Active), "call"))
			})
		},
	}, nil)
	cmd.Flags().StringVar(&profile, "profile", "", "only calls of this `profile`")
	cmd.Flags().UintVar(&limit, "limit", 1000, "most calls to list")
	return cmd
}

func callShow() *cobra.Command {
	r := &remote{}
	return r.verb(&cobra.Command{
		Use:   "show ID",
		Short: "Show a call in progress and its media",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, r, http.MethodGet, at("calls", args[0]), nil, showCall)
		},
	}, callIDs)
}

func showCall(w io.Writer, c admin.Call) {
	moment := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return when(*t)
	}
	hold := ""
	if c.OnHold {
		hold = "yes"
	}
	pairs(w, "call", c.ID, "state", c.State, "profile", c.Profile, "from", c.From, "to", c.To, "caller", c.Caller, "callee", c.Callee,
		"leg a", c.InterfaceA+" "+c.Source, "  Call-ID", c.CallIDA, "leg b", c.InterfaceB+" "+c.Destination, "  Call-ID", c.CallIDB,
		"began", when(c.Start), "ringing", moment(c.Ringing), "answered", moment(c.Answer), "until", moment(c.Until), "on hold", hold)
	if c.Media == nil {
		fmt.Fprintln(w, "media does not flow through the SBC")
		return
	}
	fmt.Fprintln(w)
	var rows [][]string
	for _, p := range []struct {
		name string
		admin.PartyMedia
	}{{"a", c.Media.A}, {"b", c.Media.B}} {
		mos := ""
		if p.MOS > 0 {
			mos = strconv.FormatFloat(p.MOS, 'f', 2, 64)
		}
		rows = append(rows, []string{
			p.name, p.Codec, strconv.FormatUint(p.Packets, 10), strconv.FormatUint(p.Lost, 10),
			strconv.FormatFloat(p.JitterMS, 'f', 1, 64), mos, strconv.FormatUint(p.Rejected, 10), strconv.FormatUint(p.Filtered, 10),
			strconv.FormatUint(p.Limited, 10), strconv.FormatUint(p.Digits, 10), p.Source,
		})
	}
	table(w, "PARTY CODEC PACKETS LOST JITTER/MS MOS REJECTED FILTERED LIMITED DIGITS SOURCE", rows)
}

func callHangup() *cobra.Command {
	r := &remote{}
	var reason string
	cmd := r.verb(&cobra.Command{
		Use:   "hangup ID",
		Short: "End a call in progress",
		Long: `Both parties get a BYE with the reason; a call that nobody has answered yet is cancelled
and its caller gets 480.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := at("calls", args[0])
			if reason != "" {
				path += "?reason=" + url.QueryEscape(reason)
			}
			return ask(cmd, r, http.MethodDelete, path, nil, func(w io.Writer, a admin.HungUp) {
				fmt.Fprintf(w, "%s hung up\n", a.ID)
			})
		},
	}, callIDs)
	cmd.Flags().StringVar(&reason, "reason", "", "`text` for both parties and the record")
	return cmd
}

func callRearm() *cobra.Command {
	r := &remote{}
	var order admin.Rearm
	cmd := r.verb(&cobra.Command{
		Use:   "rearm ID --module NAME --duration TIME",
		Short: "Set anew how long a module lets a call last",
		Long: `The module, calltimer for example, hears of it. Other limits go on to count: the shortest
ends the call. A duration of 0 lifts the module's limit.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return ask(cmd, r, http.MethodPost, at("calls", args[0], "/rearm"), order, func(w io.Writer, a admin.Rearmed) {
				if a.Until == nil {
					fmt.Fprintf(w, "%s: no end is known\n", a.ID)
					return
				}
				fmt.Fprintf(w, "%s ends at %s\n", a.ID, when(*a.Until))
			})
		},
	}, callIDs)
	cmd.Flags().StringVar(&order.Module, "module", "", "the module's `name` in the profile")
	cmd.Flags().StringVar((*string)(&order.Duration), "duration", "", "how long the call may last, such as 10m: a `time` from its answer")
	cmd.Flags().BoolVar(&order.FromNow, "from-now", false, "the duration is counted from now on")
	for _, flag := range []string{"module", "duration"} {
		_ = cmd.MarkFlagRequired(flag) // fails for a flag that is not there
	}
	return cmd
}
