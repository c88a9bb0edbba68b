package main

import "strings"

// tariff is what a call costs, in micro-units.
type tariff struct {
	rate        int64 // a minute
	first, next int64 // billed increments in seconds
	fee         int64 // for the connection
}

const (
	maxRate    = 10_000 * micro // a minute
	maxSeconds = 100_000_000    // three years: keeps all products within 64 bits
	maxStep    = 86_400
	micro      = 1_000_000
)

// parseTariff reads "RATE", "RATE FIRST/NEXT" or "RATE FIRST/NEXT FEE".
func parseTariff(s string) (t tariff, ok bool) {
	t.first, t.next = 1, 1
	rate, s, more := strings.Cut(strings.TrimSpace(s), " ")
	if t.rate, ok = money(rate); !ok || !more {
		return t, ok
	}
	steps, fee, more := strings.Cut(strings.TrimSpace(s), " ")
	first, next, ok := strings.Cut(steps, "/")
	if !ok {
		return t, false
	}
	if t.first, ok = step(first); !ok {
		return t, false
	}
	if t.next, ok = step(next); !ok || !more {
		return t, ok
	}
	t.fee, ok = money(strings.TrimSpace(fee))
	return t, ok
}

// money reads a decimal number with up to six digits behind the point.
func money(s string) (int64, bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	n, ok := digits(whole, 5)
	if !ok || len(fraction) > 6 || strings.HasSuffix(s, ".") {
		return 0, false
	}
	n *= micro
	if fraction != "" {
		f, ok := digits(fraction, 6)
		if !ok {
			return 0, false
		}
		for range 6 - len(fraction) {
			f *= 10
		}
		n += f
	}
	return n, n <= maxRate
}

func step(s string) (int64, bool) {
	n, ok := digits(s, 5)
	return n, ok && n > 0 && n <= maxStep
}

func digits(s string, most int) (n int64, ok bool) {
	if s == "" || len(s) > most {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, true
}

// cost is what a call of so many seconds costs, the fee included.
func (t tariff) cost(seconds int64) int64 {
	seconds = min(seconds, maxSeconds)
	billed := t.first
	if over := seconds - t.first; over > 0 {
		billed += (over + t.next - 1) / t.next * t.next
	}
	return t.fee + (t.rate*billed+59)/60
}

// lasts is how many seconds a call may last for so much money: the increments it
// pays in full.
func (t tariff) lasts(money int64) int64 {
	if money < t.cost(0) {
		return 0
	}
	if t.rate == 0 {
		return maxSeconds
	}
	// More than maxSeconds are never paid; the bound keeps the product small.
	money = min(money-t.fee, t.rate*(maxSeconds/60))
	seconds := t.first + (money*60/t.rate-t.first)/t.next*t.next
	for t.cost(seconds) > money+t.fee { // the division above forgets what cost rounds up
		seconds -= t.next
	}
	return seconds
}
