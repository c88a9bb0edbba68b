package main

import (
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

	"github.com/sallyport-sbc/sallyport/host"
)

func newRunCommand() *cobra.Command {
	var (
		file   string
		listen []string
	)
	cmd := &cobra.Command{
		Use:   "run [-c FILE]",
		Short: "Start the SBC",
		Long: `Starts the SBC on a configuration file, or on the built-in one, and runs until it is told
to stop. It prints its listeners, where call records go, and how to place a test call.

SIGTERM and SIGINT let calls in progress end, up to drain_timeout; a second one hangs them
up. SIGHUP reads the configuration again and reopens the files of call records; a
configuration with a mistake changes nothing.`,
		Example: `  sallyport run
  sallyport run -c /etc/sallyport.toml
  sallyport run --listen 127.0.0.1:15060
  sallyport run --listen public=192.0.2.1:5060 --listen private=10.0.0.1:5060`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			addrs, err := parseListen(listen)
			if err != nil {
				return err
			}
			signals := make(chan os.Signal, 4)
			signal.Notify(signals, syscall.SIGHUP, syscall.SIGTERM, os.Interrupt)
			defer signal.Stop(signals)
			t := newTerminal(cmd.ErrOrStderr())
			o := host.Options{
				File:     file,
				Listen:   addrs,
				Log:      t,
				Server:   "Sallyport/" + version,
				Version:  versionOf(),
				Progress: t.progress,
			}
			err = host.Run(cmd.Context(), o, signals, func(s host.Summary) {
				printSummary(newTerminal(cmd.OutOrStdout()), s)
			})
			if used, ok := errors.AsType[*host.InUseError](err); ok {
				return fmt.Errorf("%w\n%s", err, wayOut(used, file))
			}
			return err
		},
	}
	cmd.Flags().StringVarP(&file, "config", "c", "", "configuration `file`; none: the built-in one")
	cmd.Flags().StringArrayVar(&listen, "listen", nil,
		"listen on `[INTERFACE=]ADDRESS:PORT` instead of what the configuration says; without a name, the first interface")
	return cmd
}

// parseListen reads the values of --listen.
func parseListen(values []string) (map[string]netip.AddrPort, error) {
	addrs := map[string]netip.AddrPort{}
	for _, v := range values {
		name, text, named := strings.Cut(v, "=")
		if !named {
			name, text = "", v
		}
		addr, err := netip.ParseAddrPort(text)
		if err != nil {
			return nil, fmt.Errorf("--listen %s: want an address and a port, such as 127.0.0.1:15060", v)
		}
		if _, twice := addrs[name]; twice {
			return nil, fmt.Errorf("--listen %s: named twice", v)
		}
		addrs[name] = addr
	}
	return addrs, nil
}

// wayOut says what to do when addresses are taken.
func wayOut(e *host.InUseError, file string) string {
	where, command := file, program()+" run -c "+file
	if file == "" {
		where, command = "a copy of "+sampleInRepository, program()+" run"
	}
	echo, moved := false, map[string]bool{}
	for _, l := range e.Listeners {
		switch {
		case l.Name == "echo":
			echo = true
		case !moved[l.Name]: // --listen moves udp and tcp
			moved[l.Name] = true
			free := netip.AddrPortFrom(l.Addr.Addr(), l.Addr.Port()%50_000+10_000)
			command += " --listen " + l.Name + "=" + free.String()
		}
	}
	text := "Stop it, or change the addresses in " + where + "."
	if len(moved) > 0 {
		text += "\nOr listen elsewhere this time:\n\n    " + command + "\n"
	}
	if echo {
		text += "\nThe echo endpoint has no such flag: profiles that lead to it name its address."
	}
	return text
}

// sampleInRepository is where the built-in configuration is kept.
const sampleInRepository = "sallyport.toml"

// printSummary tells what was started. The word ready is the last thing before calls are
// taken to come in.
func printSummary(t *terminal, s host.Summary) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s on %s\n\n", t.bold("Sallyport"), version, s.File)
	row := func(name, what string) { fmt.Fprintf(&b, "  %-10s %s\n", name, what) }
	listener := func(l host.Listener) {
		what := l.Proto + "   " + l.Addr.String()
		if l.Advertise.IsValid() {
			what += " as " + l.Advertise.String()
		}
		row(l.Name, what)
	}
	for _, m := range s.Media {
		for _, l := range s.Listeners {
			if l.Name == m.Name {
				listener(l)
			}
		}
		row(m.Name, fmt.Sprintf("media %s ports %s", m.Addr, m.Ports))
	}
	if s.Echo.Addr.IsValid() {
		listener(s.Echo)
	}
	if len(s.Modules) > 0 {
		row("modules", strings.Join(s.Modules, ", "))
	}
	for _, file := range s.CDRs {
		row("records", file)
	}
	if s.Control != "" {
		row("control", s.Control)
	}
	fmt.Fprintf(&b, "\n%s after %s. Stop it with Ctrl-C.", t.bold("ready"), s.Took.Round(time.Millisecond))
	if s.TestCall != "" {
		fmt.Fprintf(&b, " Place a test call from another terminal:\n\n    %s", t.bold(program()+" call "+s.TestCall))
	}
	b.WriteString("\n\n")
	_, _ = io.WriteString(t, b.String())
}

// program is how this program was called.
func program() string {
	if len(os.Args) > 0 && os.Args[0] != "" {
		return os.Args[0]
	}
	return "sallyport"
}
