package profile

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Size is a number of bytes: "512KiB", "64MiB", "2GiB" or a plain number.
type Size int64

// UnmarshalText reads a size.
func (s *Size) UnmarshalText(text []byte) error {
	v, unit := strings.TrimSpace(string(text)), int64(1)
	for suffix, n := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
		if strings.HasSuffix(v, suffix) {
			v, unit = strings.TrimSpace(strings.TrimSuffix(v, suffix)), n
		}
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/unit {
		return fmt.Errorf(`want a size such as "64MiB", got %q`, text)
	}
	*s = Size(n * unit)
	return nil
}

// MarshalText writes a size as a number of bytes.
func (s Size) MarshalText() ([]byte, error) { return strconv.AppendInt(nil, int64(s), 10), nil }
