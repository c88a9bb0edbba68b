package contract

import (
	"strings"
	"testing"
)

func unique[K comparable](t *testing.T, what string) func(K) {
	seen := make(map[K]bool)
	return func(k K) {
		t.Helper()
		if seen[k] {
			t.Errorf("%s %v appears twice", what, k)
		}
		seen[k] = true
	}
}

func TestEventsAndCodesAreUnique(t *testing.T) {
	number, name := unique[int](t, "event"), unique[string](t, "event")
	for _, e := range Events {
		number(e.Number)
		name(e.Name)
		if e.Number < 1 || e.Number > 63 {
			t.Errorf("event %s is %d, want a bit of a mask", e.Name, e.Number)
		}
	}
	number, name = unique[int](t, "code"), unique[string](t, "code")
	for i, c := range Codes {
		number(c.Number)
		name(c.Name)
		if c.Number != -i {
			t.Errorf("code %s is %d, want %d: codes are dense", c.Name, c.Number, -i)
		}
	}
}

func TestSlotsAreUnique(t *testing.T) {
	most := 0
	for _, c := range Constants {
		if c.Go == "MaxSlots" {
			most = int(c.Value)
		}
	}
	for _, f := range Frames {
		number, name := unique[int](t, f.Name+" slot"), unique[string](t, f.Name+" slot")
		for _, s := range f.Slots {
			number(s.Number)
			name(s.Name)
			if s.Number < 0 || s.Number >= most {
				t.Errorf("%s slot %s is %d, want below %d", f.Name, s.Name, s.Number, most)
			}
		}
	}
}

// Both legs' media slots stand in the same order, which encoder and SDK use.
func TestMediaSlotsAreParallel(t *testing.T) {
	at := make(map[string]int)
	for _, f := range Frames {
		if f.Name == "Call" {
			for _, s := range f.Slots {
				at[s.Name] = s.Number
			}
		}
	}
	for name, a := range at {
		if leg, ok := strings.CutPrefix(name, "a_"); ok {
			if b, ok := at["b_"+leg]; !ok || b-at["b_codec"] != a-at["a_codec"] {
				t.Errorf("b_%s is slot %d, out of step with a_%s, slot %d", leg, b, leg, a)
			}
		}
	}
}

func TestFunctionsAreUnique(t *testing.T) {
	seen := unique[string](t, "function")
	for _, f := range append(append([]Function(nil), Exports...), Imports...) {
		seen(f.Module + "." + f.Name)
	}
}
