package sdk

// ParseDuration reads a span that is not negative: a number of seconds as
// databases and headers have it ("90", "1.5"), or numbers with units ("1h30m",
// "250ms"). It is time.ParseDuration without the 260 KB of package time.
func ParseDuration(s string) (Duration, bool) {
	if s == "" {
		return 0, false
	}
	var sum Duration
	for rest := s; rest != ""; {
		whole, billionths, after, ok := decimal(rest)
		if !ok {
			return 0, false
		}
		unit := Second
		if after != "" || len(rest) != len(s) {
			if unit, after = unitOf(after); unit == 0 {
				return 0, false
			}
		}
		if whole > int64(maxDuration/unit) {
			return 0, false
		}
		sum += Duration(whole)*unit + unit/1000*Duration(billionths)/1_000_000
		if sum > maxDuration {
			return 0, false
		}
		rest = after
	}
	return sum, true
}

// maxDuration, a hundred years, leaves room for sums.
const maxDuration = 100 * 365 * 24 * Hour

// decimal reads the number that s begins with; digits behind the ninth after the
// point do not count.
func decimal(s string) (whole, billionths int64, rest string, ok bool) {
	i := 0
	for ; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		if whole = whole*10 + int64(s[i]-'0'); whole > int64(maxDuration/Millisecond) {
			return 0, 0, "", false
		}
	}
	ok = i > 0
	if i == len(s) || s[i] != '.' {
		return whole, 0, s[i:], ok
	}
	scale := int64(100_000_000)
	for i++; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {
		billionths += int64(s[i]-'0') * scale
		scale /= 10
		ok = true
	}
	return whole, billionths, s[i:], ok
}

func unitOf(s string) (unit Duration, rest string) {
	switch {
	case len(s) > 1 && s[:2] == "ms":
		return Millisecond, s[2:]
	case len(s) > 0 && s[0] == 'h':
		return Hour, s[1:]
	case len(s) > 0 && s[0] == 'm':
		return Minute, s[1:]
	case len(s) > 0 && s[0] == 's':
		return Second, s[1:]
	}
	return 0, ""
}
