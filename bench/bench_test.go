package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"
)

func TestParseProc(t *testing.T) {
	line := "42 (a) b (c)) S 1 42 42 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 9 0 100 200 25 18446744073709551615"
	s, ok := parseProc(line)
	if !ok || s.cpu != 2 || s.rss != 25*int64(os.Getpagesize())/1024 {
		t.Errorf("parseProc = %+v, %v", s, ok)
	}
	for _, bad := range []string{"", "42", "42 (a) S 1", "42 (a) S x x x x x x x x x x x x x x x x x x x x x x x"} {
		if _, ok := parseProc(bad); ok {
			t.Errorf("parseProc(%q) is ok", bad)
		}
	}
	if self, ok := readProc(os.Getpid()); !ok || self.rss == 0 {
		t.Errorf("this process: %+v, %v", self, ok)
	}
}

func TestParseDrops(t *testing.T) {
	table := "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops\n" +
		"  117: 0A00007F:13C4 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1234 2 0000000000000000 7\n" +
		"  118: 0A00007F:2710 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1235 2 0000000000000000 5\n" +
		"  119: 0100007F:13E2 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 1236 2 0000000000000000 99\n"
	if got := parseDrops(table, sutAddr.Addr()); got != 12 {
		t.Errorf("drops = %d, want 12", got)
	}
}

func TestParseBenchmarks(t *testing.T) {
	out := `goos: linux
BenchmarkLightHook-2   	 1000000	       310.5 ns/op	       0 B/op	       0 allocs/op
BenchmarkLightHook-2   	 1000000	       290.0 ns/op	      12.5 fuel/op	       0 B/op	       0 allocs/op
BenchmarkCDREnd/typical-2         	  300000	      4100 ns/op	      16 B/op	       1 allocs/op
BenchmarkOther 	  1	      1 ns/op
PASS`
	got := parseBenchmarks([]byte(out))
	if b := got[lightHook]; b != (benchmark{290, 0}) {
		t.Errorf("%s = %v", lightHook, b)
	}
	if b := got[cdrHook]; b != (benchmark{4100, 1}) {
		t.Errorf("%s = %v", cdrHook, b)
	}
	if b := got["BenchmarkOther"]; !math.IsNaN(b.allocs) {
		t.Errorf("allocations nobody printed = %v", b.allocs)
	}
}

func TestVerdict(t *testing.T) {
	for _, tc := range []struct {
		measured, target float64
		want             string
	}{{0, 0, "ok"}, {0.35, 0.35, "ok"}, {0.36, 0.35, "short"}, {-1, 6, "ok"}, {math.NaN(), 1, "short"}, {9, noTarget, ""}} {
		if got := (figure{Measured: tc.measured, Target: tc.target}).verdict(); got != tc.want {
			t.Errorf("%v of %v: %q, want %q", tc.measured, tc.target, got, tc.want)
		}
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.3: "0.30", 0.2849: "0.285", 12.34: "12.3", 426: "426", 20000.4: "20000", 6: "6"} {
		if got := number(v); got != want {
			t.Errorf("number(%v) = %q, want %q", v, got, want)
		}
	}
}

func TestWanted(t *testing.T) {
	for parts, want := range map[string]bool{"": true, "signalling": true, "rtp": false, "rtp, 1000": true, ",": false} {
		if got := wanted("signalling-1000", parts); got != want {
			t.Errorf("wanted(%q) = %v", parts, got)
		}
	}
}

func TestPrint(t *testing.T) {
	r := report{Machine: describeMachine(), Rows: []rowResult{
		{Name: "one", Figures: []figure{{Name: "CPU", Unit: "s", Measured: 0.4, Target: 0.35, Peer: "SEMS 0.93"}, {Name: "p99", Measured: math.NaN(), Target: noTarget}}, Warning: "noise"},
		{Name: "two", Error: "broken"},
	}}
	var b bytes.Buffer
	r.print(&b)
	for _, want := range []string{"CPU", "≤ 0.35 s", "0.40 s", "short", "SEMS 0.93", "one is not to be trusted: noise", "two was not measured: broken"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
}
