package transaction

import (
	"math/rand/v2"
	"testing"
)

// nobody is an owner for timers that a test pops itself.
type nobody struct{}

func (nobody) expire(int64) action { return action{} }

// A wheel must give every timer, once, at the first step that is not before its due tick,
// whatever is moved and removed meanwhile. A plain map is the model.
func TestWheel(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		var w wheel
		model := map[*timer]int64{}
		var timers []*timer
		for range 200 {
			timers = append(timers, &timer{owner: nobody{}})
		}
		now := r.Int64N(100_000)
		w.at = now
		for range 300 {
			for range r.IntN(8) {
				x := timers[r.IntN(len(timers))]
				if r.IntN(4) == 0 {
					w.remove(x)
					delete(model, x)
					continue
				}
				due := now + r.Int64N([]int64{3, 70, slots, 5 * slots}[r.IntN(4)])
				w.set(x, due)
				model[x] = max(due, now+1)
			}
			if next, ok := w.next(); ok != (len(model) > 0) {
				t.Fatalf("next: %v with %d timers", ok, len(model))
			} else {
				for x, due := range model {
					if due < next {
						t.Fatalf("next is %d, but %p is due at %d", next, x, due)
					}
				}
			}
			now += 1 + r.Int64N([]int64{2, 40, 3 * slots}[r.IntN(3)])
			for x := w.pop(now); x != nil; x = w.pop(now) {
				due, ok := model[x]
				if !ok || due > now {
					t.Fatalf("popped a timer due at %d (%v) at %d", due, ok, now)
				}
				delete(model, x)
			}
			for _, due := range model {
				if due <= now {
					t.Fatalf("a timer due at %d is still there at %d", due, now)
				}
			}
		}
		if w.empty() != (len(model) == 0) {
			t.Fatal("empty is wrong")
		}
	}
}

// A timer that was found due may be moved or removed before it is popped.
func TestWheelReadyTimersCanMove(t *testing.T) {
	var w wheel
	a, b, c := &timer{}, &timer{}, &timer{}
	w.set(a, 5)
	w.set(b, 5)
	w.set(c, 5)
	first := w.pop(5)
	var rest []*timer
	for _, x := range []*timer{a, b, c} {
		if x != first {
			rest = append(rest, x)
		}
	}
	w.remove(rest[0])
	w.set(rest[1], 9)
	if x := w.pop(8); x != nil {
		t.Fatalf("popped %p at 8", x)
	}
	if x := w.pop(9); x != rest[1] {
		t.Fatalf("popped %p at 9, want %p", x, rest[1])
	}
	if !w.empty() {
		t.Fatal("not empty")
	}
}

func BenchmarkWheel(b *testing.B) {
	var w wheel
	timers := make([]timer, 4096)
	for i := range timers {
		w.set(&timers[i], int64(i))
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		t := &timers[n%len(timers)]
		w.set(t, w.at+int64(n%1600)+1)
	}
}
