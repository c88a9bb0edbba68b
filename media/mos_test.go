package media

import (
	"math"
	"testing"
	"time"
)

func TestMOS(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name          string
		loss          float64
		jitter, delay time.Duration
		want          float64
	}{
		{"perfect", 0, 0, 0, 4.40},
		{"a good network", 0, 2 * ms, 20 * ms, 4.39},
		{"one percent lost", 0.01, 2 * ms, 20 * ms, 4.31},
		{"five percent lost", 0.05, 5 * ms, 20 * ms, 3.88},
		{"a satellite", 0, 10 * ms, 300 * ms, 3.53},
		{"twenty percent lost", 0.2, 5 * ms, 50 * ms, 2.54},
		{"all lost", 1, 0, 0, 1.17},
		{"ten seconds late", 0, 0, 10 * time.Second, 1},
		{"below the range", -1, -ms, -ms, 4.40},
		{"above the range", 7, 0, 0, 1.17},
		{"not a number", math.NaN(), 0, 0, 4.40},
	} {
		if got := MOS(c.loss, c.jitter, c.delay); math.Abs(got-c.want) > 0.01 {
			t.Errorf("%s: MOS(%v, %v, %v) = %.2f, want %.2f", c.name, c.loss, c.jitter, c.delay, got, c.want)
		}
	}
	last := 5.0
	for loss := 0.0; loss <= 1; loss += 0.01 {
		m := MOS(loss, 0, 0)
		if m > last {
			t.Errorf("MOS rises to %.2f at loss %.2f", m, loss)
		}
		last = m
	}
}
