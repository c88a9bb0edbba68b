package main

import (
	"context"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// patterns runs the benchmarks of sbc/profile and sbc/pattern: what an INVITE of 1 KB costs
// from the selection to the message that a profile of twenty patterns has shaped, and a
// look-up in a map of 10,000 regular expressions, of the kind of rules that is slowest.
func patterns(ctx context.Context, c config) ([]figure, load, error) {
	before, started := machineCPU(), time.Now()
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", "^Benchmark(TwentyPatterns|RegexMap)$",
		"-benchmem", "-benchtime", "1s", "./sbc/profile", "./sbc/pattern")
	cmd.Dir = filepath.Dir(c.dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGINT) }
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	wall := time.Since(started)
	used := 0.0
	if st := cmd.ProcessState; st != nil {
		used = (st.UserTime() + st.SystemTime()).Seconds()
	}
	l := loadBetween(before, machineCPU(), wall, used, 0)
	if err != nil {
		return nil, l, fmt.Errorf("go test: %w\n%s", err, tailOf(out))
	}
	found := units(out)
	twenty, ok := found["BenchmarkTwentyPatterns"]
	slowest, which := math.NaN(), ""
	for name, v := range found {
		kind, is := strings.CutPrefix(name, "BenchmarkRegexMap/")
		if is && !(v["ns/op"] <= slowest) {
			slowest, which = v["ns/op"], strings.ReplaceAll(kind, "_", " ")
		}
	}
	if !ok || which == "" {
		return nil, l, fmt.Errorf("go test printed too little:\n%s", tailOf(out))
	}
	return []figure{
		{Name: "twenty patterns, selected, evaluated, applied", Unit: "µs", Measured: twenty["ns/op"] / 1000, Target: 10},
		{Name: "twenty patterns, allocations", Measured: twenty["allocs/op"], Target: 10},
		{Name: "look-up in 10,000 regular expressions", Unit: "µs", Measured: slowest / 1000, Target: 5, Note: which},
	}, l, nil
}
