package main

import "testing"

func TestParseTariff(t *testing.T) {
	for text, want := range map[string]tariff{
		"0":                   {0, 1, 1, 0},
		"0.02":                {20_000, 1, 1, 0},
		"0.000001 60/60":      {1, 60, 60, 0},
		"1.5 60/6 0.05":       {1_500_000, 60, 6, 50_000},
		" 10000  1/1  10000 ": {maxRate, 1, 1, maxRate},
		"0 1/1 0.25":          {0, 1, 1, 250_000},
	} {
		if got, ok := parseTariff(text); !ok || got != want {
			t.Errorf("parseTariff(%q) = %+v, %v, want %+v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "x", "-1", "1,5", "1.", ".5", "0.0000001", "10000.1", "100000", "1 60", "1 0/1", "1 60/0", "1 60/6 x", "1 60/6 1 1", "1 99999/1", "\xff"} {
		if got, ok := parseTariff(text); ok {
			t.Errorf("parseTariff(%q) = %+v", text, got)
		}
	}
}

func TestCost(t *testing.T) {
	for _, c := range []struct {
		tariff  string
		seconds int64
		cost    int64
	}{
		{"0.60", 1, 10_000},
		{"0.60", 90, 900_000},
		{"0.60 60/60", 1, 600_000},
		{"0.60 60/60", 60, 600_000},
		{"0.60 60/60", 61, 1_200_000},
		{"0.60 60/6 0.05", 61, 710_000},
		{"0.60 60/6 0.05", 67, 770_000},
		{"0.02", 1, 334}, // a third of a micro-unit is one
		{"0 1/1 0.05", 3600, 50_000},
		{"10000", maxSeconds, 16_666_666_666_666_667},
	} {
		tr, _ := parseTariff(c.tariff)
		if got := tr.cost(c.seconds); got != c.cost {
			t.Errorf("%s: %d s cost %d, want %d", c.tariff, c.seconds, got, c.cost)
		}
	}
}

// What a call may last for its money costs no more than that, and one increment more
// would.
func FuzzLasts(f *testing.F) {
	f.Add(int64(20_000), int64(60), int64(6), int64(50_000), int64(1_000_000))
	f.Add(int64(1), int64(1), int64(1), int64(0), int64(1))
	f.Add(int64(maxRate), int64(maxStep), int64(maxStep), int64(maxRate), int64(1)<<52)
	f.Add(int64(7), int64(3), int64(86_400), int64(1), int64(12_345_678_901))
	f.Fuzz(func(t *testing.T, rate, first, next, fee, money int64) {
		tr := tariff{rate % (maxRate + 1), first % (maxStep + 1), next % (maxStep + 1), fee % (maxRate + 1)}
		if tr.rate < 0 || tr.first < 1 || tr.next < 1 || tr.fee < 0 || money < 0 || money > 1<<53 {
			return
		}
		s := tr.lasts(money)
		if s == 0 {
			if tr.cost(1) <= money {
				t.Fatalf("%+v: %d pays nothing, but one second costs %d", tr, money, tr.cost(1))
			}
			return
		}
		if cost := tr.cost(s); cost > money || s < 0 {
			t.Fatalf("%+v: %d lasts %d s, which cost %d", tr, money, s, cost)
		}
		if s < maxSeconds-2*maxStep && tr.cost(s+tr.next) <= money {
			t.Fatalf("%+v: %d lasts %d s, but %d more cost only %d", tr, money, s, tr.next, tr.cost(s+tr.next))
		}
	})
}
