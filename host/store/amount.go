package store

import (
	"fmt"
	"strconv"
	"strings"
)

// Unit is how many micro-units a unit has.
const Unit = 1_000_000

// ParseAmount reads an amount in units as people write it, "12.50", and returns it in
// micro-units, exactly: digits, and behind a point one to six more. A sign, an exponent,
// more digits, spaces, and more than MaxAmount are ErrInvalid.
func ParseAmount(s string) (int64, error) {
	whole, part, point := strings.Cut(s, ".")
	if !digits(whole) || len(whole) > len("1000000000") || point && !digits(part) || len(part) > 6 {
		return 0, fmt.Errorf("%w: amount %q is not one such as 12.50, with at most six digits behind the point", ErrInvalid, clip(s))
	}
	// Neither can fail: they are few digits.
	units, _ := strconv.ParseInt(whole, 10, 64)
	micro, _ := strconv.ParseInt((part + "000000")[:6], 10, 64)
	if amount := units*Unit + micro; amount <= MaxAmount {
		return amount, nil
	}
	return 0, fmt.Errorf("%w: amount %s is more than %s", ErrInvalid, s, FormatAmount(MaxAmount))
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// FormatAmount writes an amount of micro-units in units, with two digits behind the point
// or as many as it takes.
func FormatAmount(amount int64) string {
	sign, n := "", uint64(amount)
	if amount < 0 {
		sign, n = "-", -n
	}
	part := fmt.Sprintf("%06d", n%Unit)
	return fmt.Sprintf("%s%d.%s%s", sign, n/Unit, part[:2], strings.TrimRight(part[2:], "0"))
}
