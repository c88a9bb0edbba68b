package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The hooks that are measured, by the names of their benchmarks in host/wasm.
const (
	lightHook = "BenchmarkLightHook"
	cdrHook   = "BenchmarkCDREnd"
)

// hooks runs the benchmarks of host/wasm and reads what they print.
func hooks(ctx context.Context, c config) ([]figure, load, error) {
	before, started := machineCPU(), time.Now()
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^("+lightHook+"|"+cdrHook+")$",
		"-benchmem", "-benchtime", "1s", "-count", "3", "./host/wasm")
	cmd.Dir = filepath.Dir(c.dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	wall := time.Since(started)
	var used float64
	if st := cmd.ProcessState; st != nil {
		used = (st.UserTime() + st.SystemTime()).Seconds()
	}
	l := loadBetween(before, machineCPU(), wall, used, 0)
	if err != nil {
		return nil, l, fmt.Errorf("go test: %w\n%s", err, tailOf(out))
	}
	found := parseBenchmarks(out)
	var figures []figure
	for _, h := range []struct {
		name, label string
		target      float64
	}{{lightHook, "light hook", 0.5}, {cdrHook, "CDR end hook", 5}} {
		b, ok := found[h.name]
		if !ok {
			return figures, l, fmt.Errorf("%s printed nothing", h.name)
		}
		figures = append(figures,
			figure{Name: h.label, Unit: "µs", Measured: b.nanos / 1000, Target: h.target},
			figure{Name: h.label + ", allocations in the host", Measured: b.allocs, Target: 0})
	}
	more, err := moreHooks(ctx, c)
	return append(figures, more...), l, err
}

// moreHooks measures what is no hook of its own: chains, hooks that wait, instances and swaps.
func moreHooks(ctx context.Context, c config) ([]figure, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench",
		"^Benchmark(SixModules|FullHook|Swap|Instantiate|FreshCopy|ParkedMemory|ParkedLookups)$", "-benchmem", "-benchtime", "1000x", "./host/wasm")
	// Those that park run for seconds: once is enough.
	cmd.Env = append(cmd.Environ(), "SALLYPORT_BENCH_ONCE=1")
	cmd.Dir = filepath.Dir(c.dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("go test: %w\n%s", err, tailOf(out))
	}
	found := units(out)
	var figures []figure
	for _, m := range []struct {
		name, unit, label, as string
		scale, target         float64
	}{
		{"BenchmarkFullHook", "ns/op", "full decision, Go", "µs", 1e-3, 2.5},
		{"BenchmarkSixModules", "ns/op", "six modules, light hooks, a call event", "µs", 1e-3, 2},
		{"BenchmarkInstantiate/go", "ns/op", "Go instance made and closed", "ms", 1e-6, 0.25},
		{"BenchmarkFreshCopy/cdr", "KiB-instance", "Go instance that has had a hook", "MiB", 1.0 / 1024, 0.3},
		{"BenchmarkFreshCopy/cdr", "µs-first-p99", "first hook of a new Go instance, p99", "µs", 1, noTarget},
		{"BenchmarkSwap", "ns/op", "swap", "µs", 1e-3, 10},
		{"BenchmarkParkedMemory", "B/parked-call", "10,000 waiting calls", "MiB", 10_000.0 / (1 << 20), 64},
		{"BenchmarkParkedLookups", "µs-added-p99", "10,000 look-ups/s of 50 ms, p99 added", "ms", 1e-3, 5},
		{"BenchmarkParkedLookups", "cores", "the same, processor", "cores", 1, 0.5},
		{"BenchmarkParkedLookups", "failed", "the same, failed", "", 1, 0},
	} {
		v, ok := found[m.name][m.unit]
		if !ok {
			return figures, fmt.Errorf("%s printed no %s", m.name, m.unit)
		}
		figures = append(figures, figure{Name: m.label, Unit: m.as, Measured: v * m.scale, Target: m.target})
	}
	return figures, nil
}

// units reads all that benchmarks print: by name, without the number of processors, and by unit.
func units(out []byte) map[string]map[string]float64 {
	found := make(map[string]map[string]float64)
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
		fields := strings.Fields(s.Text())
		if len(fields) < 4 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := fields[0]
		if i := strings.LastIndexByte(name, '-'); i > 0 {
			name = name[:i]
		}
		found[name] = make(map[string]float64)
		for i := 3; i < len(fields); i += 2 {
			if v, err := strconv.ParseFloat(fields[i-1], 64); err == nil {
				found[name][fields[i]] = v
			}
		}
	}
	return found
}

// benchmark is the best of the runs of one benchmark: the one least disturbed.
type benchmark struct{ nanos, allocs float64 }

var benchmarkLine = regexp.MustCompile(`^(Benchmark\w+)(?:/\S*?)?(?:-\d+)?\s+\d+\s+([\d.]+) ns/op(.*)$`)

// parseBenchmarks reads the output of go test -bench -benchmem, by the name of the
// benchmark without what follows a slash.
func parseBenchmarks(out []byte) map[string]benchmark {
	found := make(map[string]benchmark)
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
		m := benchmarkLine.FindStringSubmatch(s.Text())
		if m == nil {
			continue
		}
		nanos, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			continue
		}
		b := benchmark{nanos: nanos, allocs: math.NaN()}
		fields := strings.Fields(m[3])
		for i := 1; i < len(fields); i++ {
			if fields[i] == "allocs/op" {
				if n, err := strconv.ParseFloat(fields[i-1], 64); err == nil {
					b.allocs = n
				}
			}
		}
		if best, ok := found[m[1]]; !ok || b.nanos < best.nanos {
			found[m[1]] = b
		}
	}
	return found
}

func tailOf(b []byte) string {
	return strings.TrimSpace(string(b[max(0, len(b)-tailSize):]))
}
