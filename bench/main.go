// Bench is Sallyport's load kit: it starts bin/sallyport with each of the files beside
// this one, puts work on it, and prints what was measured beside the target and
// beside what other systems gave on the same work. README.md here says what each
// figure means.
//
//	go run ./bench                     every row, five minutes or more
//	go run ./bench -run signalling     the rows whose name contains it
//	go run ./bench -json               the same as JSON
//
// Everything stays on 127.0.0.0/8; every process it starts it ends.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// config is what the command line says.
type config struct {
	binary string
	dir    string // this folder: configurations and scenarios
	run    string
	json   bool
	quiet  time.Duration // how long to wait for a quiet machine before each row
}

func main() {
	var c config
	var limit time.Duration
	var list bool
	flag.StringVar(&c.binary, "binary", "bin/sallyport", "the binary to measure")
	flag.StringVar(&c.dir, "dir", "bench", "folder of the configurations and sipp scenarios")
	flag.StringVar(&c.run, "run", "", "measure only the rows whose name contains one of these, comma-separated")
	flag.BoolVar(&list, "list", false, "print the names of the rows")
	flag.BoolVar(&c.json, "json", false, "print JSON instead of the table")
	flag.DurationVar(&c.quiet, "quiet", 12*time.Second, "how long to wait for a quiet machine before each row; then measure all the same and say so")
	flag.DurationVar(&limit, "timeout", 12*time.Minute, "end the whole run after this long")
	flag.Parse()
	if list {
		for _, r := range rows() {
			fmt.Printf("%-20s %s\n", r.name, r.what)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := measure(ctx, c); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		cancel()
		stop()
		os.Exit(1)
	}
}

// measure runs the rows asked for and prints them. Its error says which could not be
// measured; a figure short of its target is not an error.
func measure(ctx context.Context, c config) error {
	var todo []row
	for _, r := range rows() {
		if wanted(r.name, c.run) {
			todo = append(todo, r)
		}
	}
	if len(todo) == 0 {
		return fmt.Errorf("no row is called %q; -list prints them", c.run)
	}
	if err := prepare(&c); err != nil {
		return err
	}
	turn, err := awaitTurn(ctx)
	if err != nil {
		return err
	}
	defer turn.Close()
	out := report{Machine: describeMachine()}
	var failed []error
	for i, r := range todo {
		fmt.Fprintf(os.Stderr, "[%d/%d] %s: %s\n", i+1, len(todo), r.name, r.what)
		res, err := runRow(ctx, c, r)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", r.name, err))
			res.Error = err.Error()
		}
		out.Rows = append(out.Rows, res)
		if ctx.Err() != nil {
			failed = append(failed, context.Cause(ctx))
			break
		}
	}
	if c.json {
		e := json.NewEncoder(os.Stdout)
		e.SetIndent("", "  ")
		failed = append(failed, e.Encode(out))
	} else {
		out.print(os.Stdout)
	}
	return errors.Join(failed...)
}

// awaitTurn waits until no other run measures on this machine: they would share addresses
// and cores. Closing what it returns ends the turn, and so does the end of the process.
func awaitTurn(ctx context.Context) (io.Closer, error) {
	for said := false; ; said = true {
		l, err := net.Listen("unix", "@sallyport-bench")
		if err == nil || !errors.Is(err, syscall.EADDRINUSE) {
			return l, err
		}
		if !said {
			fmt.Fprintln(os.Stderr, "another run measures on this machine: waiting for its end")
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(time.Second):
		}
	}
}

// runRow waits for a quiet machine and measures one row.
func runRow(ctx context.Context, c config, r row) (rowResult, error) {
	res := rowResult{Name: r.name, What: r.what}
	res.Quiet = waitQuiet(ctx, c.quiet)
	started := time.Now()
	figures, load, err := r.measure(ctx, c)
	res.Seconds = time.Since(started).Seconds()
	if err != nil {
		return res, err // what was measured until then says nothing
	}
	res.Figures, res.Load, res.Warning = figures, load, load.warning(res.Quiet)
	return res, nil
}

// wanted says whether the name contains one of the comma-separated parts; all are
// wanted when there are none.
func wanted(name, parts string) bool {
	if parts == "" {
		return true
	}
	for p := range strings.SplitSeq(parts, ",") {
		if p = strings.TrimSpace(p); p != "" && strings.Contains(name, p) {
			return true
		}
	}
	return false
}

// prepare makes the paths absolute, since the binary runs in a folder of its own, and
// says what is missing before any work is done.
func prepare(c *config) error {
	var err error
	if c.binary, err = filepath.Abs(c.binary); err != nil {
		return err
	}
	if c.dir, err = filepath.Abs(c.dir); err != nil {
		return err
	}
	if _, err := os.Stat(c.binary); err != nil {
		return fmt.Errorf("%w: run `make build` first", err)
	}
	if _, err := os.Stat(filepath.Join(c.dir, "signalling.toml")); err != nil {
		return fmt.Errorf("%w: run it from the top of the repository, or name the folder with -dir", err)
	}
	if _, err := exec.LookPath("sipp"); err != nil {
		return fmt.Errorf("%w: install it with `apt-get install -y sip-tester`", err)
	}
	return nil
}
