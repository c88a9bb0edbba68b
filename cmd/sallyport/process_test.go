package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// patience is how long anything of a foreign process may take. The longest wait is the
// 32 seconds after which a call without ACK is given up.
const patience = 60 * time.Second

// await asks until yes says so. It is for what another process does and cannot tell us:
// a file it writes, a port it binds.
func await(t *testing.T, what string, yes func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !yes(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("%s: waited %s in vain", what, patience)
		}
	}
}

// addresses counts the loopback addresses given out.
var addresses atomic.Uint32

// loopback is an address of 127.0.0.0/8 that no other test of this or of another process
// uses, so that every test has all ports for itself.
func loopback() netip.Addr {
	pid := os.Getpid()
	return netip.AddrFrom4([4]byte{127, byte(16 + pid>>8%200), byte(pid), byte(addresses.Add(1))})
}

// built is the binary under test, built from the sources as they are.
var built = sync.OnceValues(func() (string, error) {
	if _, err := os.Stat("../../host/wasm/builtin/cdr.wasm"); err != nil {
		return "", errors.New("the built-in modules are not built: run `make modules`")
	}
	file := filepath.Join(scratch, "sallyport")
	out, err := exec.Command("go", "build", "-o", file, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %v\n%s", err, out)
	}
	return file, nil
})

// scratch is for what the tests of this package share: the binary and compiled modules.
var scratch string

func TestMain(m *testing.M) {
	var err error
	if scratch, err = os.MkdirTemp("", "sallyport-e2e-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(scratch)
	os.Exit(code)
}

func binary(t *testing.T) string {
	t.Helper()
	file, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// process is a program that a test started. It ends with the test at the latest.
type process struct {
	t      *testing.T
	name   string
	cmd    *exec.Cmd
	out    output
	exited chan struct{}
}

// start starts a program in a folder.
func start(t *testing.T, dir, name string, args ...string) *process {
	t.Helper()
	p := &process{t: t, name: filepath.Base(name), cmd: exec.Command(name, args...), exited: make(chan struct{})}
	p.out.more = make(chan struct{})
	p.cmd.Dir = dir
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var reading sync.WaitGroup
	reading.Go(func() { p.out.read(stdout, &p.out.stdout) })
	reading.Go(func() { p.out.read(stderr, &p.out.stderr) })
	go func() {
		reading.Wait()
		p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		select {
		case <-p.exited:
		case <-time.After(patience): // a child of its own has its output
			t.Errorf("%s was killed %s ago and has not ended", p.name, patience)
		}
		if t.Failed() {
			t.Logf("%s %s:\n%s", p.name, strings.Join(args, " "), p.out.tail())
		}
	})
	return p
}

// signal sends a signal.
func (p *process) signal(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
}

// exit waits for the end and returns the exit code.
func (p *process) exit() int {
	p.t.Helper()
	select {
	case <-p.exited:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		p.t.Fatalf("%s still runs after %s", p.name, patience)
		return -1
	}
}

// succeeds waits for the end and wants exit code 0.
func (p *process) succeeds() {
	p.t.Helper()
	if code := p.exit(); code != 0 {
		p.t.Errorf("%s ended with %d, want 0", p.name, code)
	}
}

// line waits for a line of the process that contains text, and returns it. A line is
// found once: the next search begins behind it.
func (p *process) line(text string) string {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	for {
		line, more := p.out.find(text)
		if line != "" {
			return line
		}
		select {
		case <-more:
		case <-p.exited:
			if line, _ := p.out.find(text); line != "" {
				return line
			}
			p.t.Fatalf("%s ended with %d and never wrote %q", p.name, p.cmd.ProcessState.ExitCode(), text)
		case <-ctx.Done():
			p.t.Fatalf("%s did not write %q", p.name, text)
		}
	}
}

// output is what a process wrote, both streams in the order they were read.
type output struct {
	mu             sync.Mutex
	lines          []string
	found          int           // lines before this one were searched
	more           chan struct{} // closed when a line comes
	stdout, stderr bytes.Buffer
}

// read takes lines until the stream ends.
func (o *output) read(r io.Reader, into *bytes.Buffer) {
	s := bufio.NewScanner(r)
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		o.mu.Lock()
		into.WriteString(s.Text() + "\n")
		o.lines = append(o.lines, s.Text())
		close(o.more)
		o.more = make(chan struct{})
		o.mu.Unlock()
	}
	io.Copy(io.Discard, r)
}

// find looks for text in the lines not searched yet; more is closed when there are others.
func (o *output) find(text string) (line string, more <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, l := range o.lines[o.found:] {
		if strings.Contains(l, text) {
			o.found += i + 1
			return l, o.more
		}
	}
	return "", o.more
}

// texts are what was written to each stream so far.
func (o *output) texts() (stdout, stderr string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.stdout.String(), o.stderr.String()
}

// tail is the last lines.
func (o *output) tail() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.lines[max(0, len(o.lines)-60):], "\n")
}
