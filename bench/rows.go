package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// row is one piece of work and the figures it gives.
type row struct {
	name    string
	what    string
	measure func(context.Context, config) ([]figure, load, error)
}

// rows is the whole table, in the order it is printed. The peers' figures were
// measured with the same work on a machine of two cores.
func rows() []row {
	return []row{
		{
			"signalling-1000", "1000 calls/s for 10 s, strict callee",
			rate("signalling.toml", 1000, 0.35, "SEMS pool 0.93"),
		},
		{
			"signalling-2000", "2000 calls/s for 10 s, strict callee",
			rate("signalling.toml", 2000, 0.30, "SEMS pool fails above 1800"),
		},
		{
			"modules-600", "600 calls/s for 10 s with relay ports and the CDR module",
			modules(600, 0.80, "SEMS pool 1.65 without CDR"),
		},
		{
			"deck-1000", "1000 calls/s for 10 s with six modules on every call: cdr, blacklist, parallelcalls, rest, calltimer, prepaid",
			deck(1000, 0.15),
		},
		{
			"held-signalling", "10000 calls held",
			held("signalling.toml", callLoad{rate: 1000, calls: 10000, hold: 12 * time.Second}, 6, "SEMS pool 34"),
		},
		{
			"held-relay", "3000 calls held with relay",
			held("relay.toml", callLoad{rate: 300, calls: 3000, hold: 12 * time.Second}, 40, "SEMS pool 426"),
		},
		{
			"rtp-200", "200 calls, 20k packets/s, for 10 s",
			relay(200, 14.2, "SEMS pool 14.2, rtpengine 22.3"),
		},
		{
			"rtp-500", "500 calls, 50k packets/s, for 10 s",
			relay(500, 15.1, "SEMS pool 15.1 (at 40k/s), rtpengine 18.6"),
		},
		{"patterns", "a profile of twenty patterns, and a map of 10,000 regular expressions", patterns},
		{"hooks", "a light hook and the CDR module's end hook", hooks},
	}
}

// rate measures calls without hold.
func rate(file string, perSecond int, cpu float64, peer string) func(context.Context, config) ([]figure, load, error) {
	return func(ctx context.Context, c config) ([]figure, load, error) {
		s, err := startSUT(ctx, c, file)
		if err != nil {
			return nil, load{}, err
		}
		defer s.stop()
		r, err := callLoad{rate: perSecond, calls: 10 * perSecond}.run(ctx, c, s)
		return rateFigures(r, cpu, peer), r.load, err
	}
}

func rateFigures(r callResult, cpu float64, peer string) []figure {
	return []figure{
		{Name: "failed calls", Measured: float64(r.Failed), Target: 0, Note: r.note()},
		{Name: "CPU per 1000 calls", Unit: "s", Measured: r.cpuPer1000(), Target: cpu, Peer: peer},
	}
}

// modules measures calls with relay and the CDR module, and counts the records.
func modules(perSecond int, cpu float64, peer string) func(context.Context, config) ([]figure, load, error) {
	return func(ctx context.Context, c config) ([]figure, load, error) {
		s, err := startSUT(ctx, c, "modules.toml")
		if err != nil {
			return nil, load{}, err
		}
		defer s.stop()
		r, err := callLoad{rate: perSecond, calls: 10 * perSecond}.run(ctx, c, s)
		figures := rateFigures(r, cpu, peer)
		if err != nil {
			return figures, r.load, err
		}
		records, err := awaitRecords(ctx, s.path("var/bench/cdr.jsonl"), r.OK)
		figures = append(figures, figure{Name: "calls without a record", Measured: float64(max(0, r.OK-records)), Target: 0})
		return figures, r.load, err
	}
}

// held measures memory while calls are up.
func held(file string, l callLoad, target float64, peer string) func(context.Context, config) ([]figure, load, error) {
	return func(ctx context.Context, c config) ([]figure, load, error) {
		s, err := startSUT(ctx, c, file)
		if err != nil {
			return nil, load{}, err
		}
		defer s.stop()
		r, err := l.run(ctx, c, s)
		return []figure{
			{Name: "failed calls", Measured: float64(r.Failed), Target: 0, Note: r.note()},
			{
				Name: "memory per held call", Unit: "KB", Measured: r.rssPerCall(l), Target: target, Peer: peer,
				Note: fmt.Sprintf("RSS %.1f to %.1f MB", float64(r.RSSStart)/1024, float64(r.RSSPeak)/1024),
			},
		}, r.load, err
	}
}

// relay measures RTP through anchored ports.
func relay(calls int, cpu float64, peer string) func(context.Context, config) ([]figure, load, error) {
	return func(ctx context.Context, c config) ([]figure, load, error) {
		s, err := startSUT(ctx, c, "relay.toml")
		if err != nil {
			return nil, load{}, err
		}
		defer s.stop()
		r, err := mediaLoad{calls: calls, rate: 200, warm: 2 * time.Second, window: 10 * time.Second}.run(ctx, s)
		return []figure{
			{Name: "calls not set up", Measured: float64(calls - r.established), Target: 0, Note: r.codes()},
			{
				Name: "packets lost", Unit: "%", Measured: r.lossPercent(), Target: 0,
				Note: r.where(),
			},
			{Name: "latency p50", Unit: "ms", Measured: ms(r.latency(0.50)), Target: 2},
			{Name: "CPU per packet", Unit: "µs", Measured: r.cpuPerPacket(), Target: cpu, Peer: peer},
			{
				Name: "latency p99", Unit: "ms", Measured: ms(r.latency(0.99)), Target: noTarget,
				Note: fmt.Sprintf("highest %.1f ms", ms(r.latency(1))),
			},
		}, r.load, err
	}
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (s *sut) path(name string) string { return filepath.Join(s.dir, filepath.FromSlash(name)) }

// awaitRecords counts the lines of a file until it holds want of them, at most five
// seconds: records become durable in groups, a moment behind their calls.
func awaitRecords(ctx context.Context, file string, want int) (int, error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(5 * time.Second); ; {
		n, err := countLines(file)
		if err != nil || n >= want || time.Now().After(end) {
			return n, err
		}
		select {
		case <-ctx.Done():
			return n, context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// where says how many packets were lost, and how many of all that were ever sent at
// sockets that were full: at the kit's own, the kit was too slow.
func (r mediaResult) where() string {
	text := fmt.Sprintf("%d of %d, %.0f packets/s", r.sent-r.received, r.sent, r.perSecond())
	if r.fullSUT+r.fullEnds > 0 {
		text += fmt.Sprintf("; full sockets: %d Sallyport's, %d the kit's", r.fullSUT, r.fullEnds)
	}
	return text
}

// codes says which responses the calls that failed got.
func (r mediaResult) codes() string {
	var b strings.Builder
	for i, code := range slices.Sorted(maps.Keys(r.failed)) {
		if i > 0 {
			b.WriteString(", ")
		}
		if code == 0 {
			fmt.Fprintf(&b, "%d without a response", r.failed[code])
		} else {
			fmt.Fprintf(&b, "%d got %d", r.failed[code], code)
		}
	}
	return b.String()
}
