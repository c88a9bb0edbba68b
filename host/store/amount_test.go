package store

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestParseAmount(t *testing.T) {
	for text, want := range map[string]int64{
		"12.50": 12_500_000, "12": 12_000_000, "0": 0, "0.000001": 1, "0.1": 100_000, "007": 7_000_000, "1.234567": 1_234_567,
		"1000000000": MaxAmount, "1000000000.000000": MaxAmount,
	} {
		if got, err := ParseAmount(text); err != nil || got != want {
			t.Errorf("ParseAmount(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{
		"", ".", ".5", "5.", "-1", "+1", "1e9", "1E9", "1,50", "1 000", " 1", "1\n", "0x10", "1_000", "1.0000000", "1.5.0", "Inf", "NaN", "١",
		"1000000000.000001", "1000000001", "9999999999", "99999999999", "9223372036854775807", strings.Repeat("9", 1<<20), "1." + strings.Repeat("0", 1<<20),
	} {
		if got, err := ParseAmount(text); !errors.Is(err, ErrInvalid) || len(err.Error()) > 300 {
			t.Errorf("ParseAmount(%.40q) = %d, %v", text, got, err)
		}
	}
}

func TestFormatAmount(t *testing.T) {
	for amount, want := range map[int64]string{
		0: "0.00", 1: "0.000001", 100_000: "0.10", 12_500_000: "12.50", -12_345_000: "-12.345", -1: "-0.000001", -990_000: "-0.99",
		MaxBalance: "8000000000.00", math.MinInt64: "-9223372036854.775808",
	} {
		if got := FormatAmount(amount); got != want {
			t.Errorf("FormatAmount(%d) = %q, want %q", amount, got, want)
		}
	}
}

// FuzzAmount: what is read is written as something that is read the same.
func FuzzAmount(f *testing.F) {
	for _, s := range []string{"12.50", "0.000001", "1e9", "-1", "1000000000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseAmount(s)
		if err != nil {
			return
		}
		if n < 0 || n > MaxAmount {
			t.Fatalf("ParseAmount(%q) = %d", s, n)
		}
		if again, err := ParseAmount(FormatAmount(n)); err != nil || again != n {
			t.Fatalf("ParseAmount(%q) = %d, written as %q: %d, %v", s, n, FormatAmount(n), again, err)
		}
	})
}
