package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// callLoad is a load of calls between a sipp caller and a strict sipp callee.
type callLoad struct {
	rate  int // calls a second
	calls int
	hold  time.Duration // between ACK and BYE
}

// callResult is how a callLoad went.
type callResult struct {
	calls    int
	OK       int
	Failed   int // at either end
	Retrans  int
	RSSStart int64 // KiB
	RSSPeak  int64
	why      string
	cpu      float64
	load     load
}

// note says how many calls there were, and what sipp says of those that failed.
func (r callResult) note() string {
	text := fmt.Sprintf("of %d; %d retransmissions", r.calls, r.Retrans)
	if r.why != "" {
		text += "; " + r.why
	}
	return text
}

// failures are the causes that one end counted: "caller: MaxUDPRetrans 3".
func failures(end string, statistics map[string]int) []string {
	var causes []string
	for name, n := range statistics {
		cause, ok := strings.CutPrefix(name, "Failed")
		if cause, ok2 := strings.CutSuffix(cause, "(C)"); ok && ok2 && cause != "Call" && n > 0 {
			causes = append(causes, fmt.Sprintf("%s: %s %d", end, cause, n))
		}
	}
	slices.Sort(causes)
	return causes
}

// cpuPer1000 is CPU seconds of Sallyport for a thousand calls that succeeded.
func (r callResult) cpuPer1000() float64 { return r.cpu / float64(max(r.OK, 1)) * 1000 }

// rssPerCall is KiB for each of the calls that were up at once.
func (r callResult) rssPerCall(l callLoad) float64 {
	held := min(float64(l.calls), max(1, float64(l.rate)*l.hold.Seconds()))
	return float64(r.RSSPeak-r.RSSStart) / held
}

// run puts the load on a running Sallyport.
func (l callLoad) run(ctx context.Context, c config, s *sut) (callResult, error) {
	limit := time.Duration(float64(l.calls)/float64(l.rate)*float64(time.Second)) + l.hold + 40*time.Second
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()

	callee, err := startSIPp(ctx, c, s.dir, "uas_strict.xml", calleeAddr)
	if err != nil {
		return callResult{}, err
	}
	defer callee.stop()
	if err := awaitUDP(ctx, calleeAddr, callee.exited); err != nil {
		return callResult{}, fmt.Errorf("sipp callee: %w: %s", err, callee.out.String())
	}

	before, cpuBefore, started := s.stat(), machineCPU(), time.Now()
	caller, err := startSIPp(ctx, c, s.dir, "uac.xml", callerAddr,
		sutAddr.String(), "-s", "bob", "-r", strconv.Itoa(l.rate), "-m", strconv.Itoa(l.calls), "-l", "100000",
		"-d", strconv.FormatInt(l.hold.Milliseconds(), 10),
		"-timeout", strconv.Itoa(int(limit.Seconds())-10), "-timeout_error")
	if err != nil {
		return callResult{}, err
	}
	defer caller.stop()
	select {
	case <-caller.exited:
	case <-s.exited:
		return callResult{}, s.alive()
	case <-ctx.Done():
		return callResult{}, context.Cause(ctx)
	}
	cpuAfter, wall := machineCPU(), time.Since(started)
	time.Sleep(500 * time.Millisecond) // the last BYEs are on their way
	after := s.stat()
	callee.quit()

	r := callResult{RSSStart: before.rss, RSSPeak: s.peakRSS(), cpu: after.cpu - before.cpu}
	r.load = loadBetween(cpuBefore, cpuAfter, wall, r.cpu, caller.cpu()+callee.cpu())
	a, err := caller.statistics()
	if err != nil {
		return r, fmt.Errorf("sipp caller: %w: %s", err, caller.out.String())
	}
	b, err := callee.statistics()
	if err != nil {
		return r, fmt.Errorf("sipp callee: %w: %s", err, callee.out.String())
	}
	if a["TotalCallCreated"] == 0 {
		return r, fmt.Errorf("sipp caller made no call: %s", caller.out.String())
	}
	r.calls, r.OK = l.calls, a["SuccessfulCall(C)"]
	r.why = strings.Join(append(failures("caller", a), failures("callee", b)...), ", ")
	r.Failed = max(a["FailedCall(C)"], b["FailedCall(C)"], l.calls-r.OK)
	r.Retrans = a["Retransmissions(C)"] + b["Retransmissions(C)"]
	return r, s.alive()
}

// sipp is one running sipp process.
type sipp struct {
	cmd    *exec.Cmd
	out    tail
	stats  string // its statistics file
	exited chan struct{}
}

func startSIPp(ctx context.Context, c config, dir, scenario string, local netip.AddrPort, args ...string) (*sipp, error) {
	p := &sipp{stats: filepath.Join(dir, scenario+".csv"), exited: make(chan struct{})}
	all := slices.Concat([]string{
		"-sf", filepath.Join(c.dir, "sipp", scenario),
		"-i", local.Addr().String(), "-p", strconv.Itoa(int(local.Port())),
		"-nostdin", "-buff_size", "4194304", "-fd", "1", "-trace_stat", "-stf", p.stats,
	}, args)
	p.cmd = exec.CommandContext(ctx, "sipp", all...)
	p.cmd.Dir = dir
	p.cmd.Stderr = &p.out // its screen, on stdout, is of no use here
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = 3 * time.Second
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		p.cmd.Wait() // its exit code only says that calls failed: the statistics say how many
		close(p.exited)
	}()
	return p, nil
}

// quit asks sipp to write its last statistics and to end, and waits.
func (p *sipp) quit() {
	p.cmd.Process.Signal(syscall.SIGUSR1)
	select {
	case <-p.exited:
	case <-time.After(3 * time.Second):
		p.stop()
	}
}

// stop ends the process if it still runs, and waits.
func (p *sipp) stop() {
	select {
	case <-p.exited:
		return
	default:
	}
	p.cmd.Process.Kill()
	<-p.exited
}

// cpu is what the process used; only after it ended.
func (p *sipp) cpu() float64 {
	st := p.cmd.ProcessState
	if st == nil {
		return 0
	}
	return (st.UserTime() + st.SystemTime()).Seconds()
}

// statistics reads the counters of the last line of the statistics file.
func (p *sipp) statistics() (map[string]int, error) {
	f, err := os.Open(p.stats)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = ';', -1, true
	rows, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	if len(rows) < 2 {
		return nil, errors.New("no statistics")
	}
	head, last := rows[0], rows[len(rows)-1]
	m := make(map[string]int)
	for i := range min(len(head), len(last)) {
		if n, err := strconv.Atoi(last[i]); err == nil {
			m[head[i]] = n
		}
	}
	return m, nil
}

// awaitUDP waits until somebody has bound the address, at most five seconds.
func awaitUDP(ctx context.Context, a netip.AddrPort, exited <-chan struct{}) error {
	want := fmt.Sprintf(" %s:%04X ", udpLocal(a.Addr()), a.Port())
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		if b, err := os.ReadFile("/proc/net/udp"); err == nil && strings.Contains(string(b), want) {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-exited:
			return errors.New("ended at once")
		case <-tick.C:
		}
	}
	return fmt.Errorf("%s was not bound within 5s", a)
}
