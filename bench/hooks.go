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
	return figures, l, nil
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
