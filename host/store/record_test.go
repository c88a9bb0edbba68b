package store

import (
	"errors"
	"testing"
	"time"
)

// FuzzRecords reads what may stand in a file or in Redis; what can be read is
// what would be written.
func FuzzRecords(f *testing.F) {
	for _, s := range []string{
		"100 20 -5 0 3", "open 10 0 1700000000000", "committed 10 7 1", "1700000000000 commit -5 c#1", "1 deposit 5 id with spaces",
		"c#1", "a#b#4294967295", "9007199254740991", "-0", "", "1e3 0 0 0 0",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if b, err := ParseBalance(s); bad(t, err) == nil && b.Text() != s {
			t.Errorf("balance %q is written as %q", s, b.Text())
		}
		if r, err := ParseReservation(s); bad(t, err) == nil && r.Text() != s {
			t.Errorf("reservation %q is written as %q", s, r.Text())
		}
		if e, err := ParseEntry(s); bad(t, err) == nil && e.Text() != s {
			t.Errorf("entry %q is written as %q", s, e.Text())
		}
		if call, seq, err := ParseCallID(s); bad(t, err) == nil && CallID(call, seq) != s {
			t.Errorf("id %q is written as %q", s, CallID(call, seq))
		}
		if _, err := ParseNumber(s); err != nil {
			_ = bad(t, err)
		}
	})
}

func bad(t *testing.T, err error) error {
	t.Helper()
	if err != nil && !errors.Is(err, ErrCorrupt) {
		t.Errorf("error %v is not ErrCorrupt", err)
	}
	return err
}

func TestRecords(t *testing.T) {
	at := time.UnixMilli(1_700_000_000_123)
	e := Entry{Time: at, Kind: KindCommit, Amount: -5, ID: CallID("a call#with", 7)}
	if got, err := ParseEntry(e.Text()); err != nil || got != e {
		t.Errorf("ParseEntry(%q) = %+v, %v", e.Text(), got, err)
	}
	r := Reservation{State: Open, Granted: MaxAmount, Due: at}
	if got, err := ParseReservation(r.Text()); err != nil || got != r {
		t.Errorf("ParseReservation(%q) = %+v, %v", r.Text(), got, err)
	}
	b := Balance{Amount: -MaxBalance, Reserved: 1, Folded: -2, First: 3, Next: 4}
	if got, err := ParseBalance(b.Text()); err != nil || got != b || got.Free() != -MaxBalance-1 {
		t.Errorf("ParseBalance(%q) = %+v, %v", b.Text(), got, err)
	}
	if _, err := ParseBalance("1 0 0 4 3"); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a ledger that ends before it begins: %v", err)
	}
}
