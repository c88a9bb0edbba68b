package sdk

import (
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	for in, want := range map[string]Duration{
		"0": 0, "90": 90 * Second, "1.5": 1500 * Millisecond, "007": 7 * Second, "0.001": Millisecond,
		"90s": 90 * Second, "1h30m": 90 * Minute, "250ms": 250 * Millisecond, "1.5h": 90 * Minute, "2m0.5s": 120500 * Millisecond,
		"3153600000": maxDuration, ".5": 500 * Millisecond, "1.": Second, "0.1234567891234": 123456789,
	} {
		if got, ok := ParseDuration(in); !ok || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v, want %v", in, got, ok, want)
		}
	}
	for _, in := range []string{
		"", "-1", "+1", "x", "1x", "1h2", "s", ".", "1..2", " 1", "1 ", "1,5", "NaN", "0x10", "1e3", "3153600001",
		"99999999999999999999", "9223372036854775807", "99999999h", "\x00", "1\n",
	} {
		if got, ok := ParseDuration(in); ok {
			t.Errorf("ParseDuration(%q) = %v, want none", in, got)
		}
	}
}

func FuzzParseDuration(f *testing.F) {
	for _, s := range []string{"90", "1.5", "1h30m", "250ms", "99999999999999999999", "1..2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, ok := ParseDuration(s)
		if d < 0 || d > maxDuration || !ok && d != 0 {
			t.Fatalf("ParseDuration(%q) = %d, %v", s, d, ok)
		}
		std, err := time.ParseDuration(s)
		if diff := std - time.Duration(d); ok && err == nil && (diff > time.Microsecond || diff < -time.Microsecond) {
			t.Fatalf("ParseDuration(%q) = %d, package time says %d", s, d, std)
		}
	})
}
