package wasm

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// TestSwaps: generations come and go, some as canaries, while hooks run; none fails, and the memory is given back.
// The whole of it is TestSoakSwaps.
func TestSwaps(t *testing.T) { swaps(t, 60) }

// TestSoakSwaps is 1,000 swaps, when $SOAK is set.
func TestSoakSwaps(t *testing.T) {
	if os.Getenv("SOAK") == "" {
		t.Skip("takes long: set $SOAK")
	}
	swaps(t, 1000)
}

func swaps(t *testing.T, n int) {
	w := newWorld(t, answering(t, 400))
	configs := []ModuleConfig{answering(t, 401), answering(t, 402), answering(t, 403)}
	var stop atomic.Bool
	var calls, failed atomic.Int64
	var wg sync.WaitGroup
	for k := range 4 {
		wg.Go(func() {
			for i := 0; !stop.Load(); i++ {
				m, err := w.Acquire("judge", fmt.Sprintf("%d-%d", k, i))
				if err != nil {
					failed.Add(1)
					continue
				}
				first, err1 := m.Start(t.Context(), call("x"))
				again, err2 := m.Start(t.Context(), call("x"))
				if err1 != nil || err2 != nil || first.Code != again.Code || first.Code < 400 {
					failed.Add(1)
				}
				m.Release()
				calls.Add(1)
			}
		})
	}
	round := func(i int) {
		w.stage(t, configs[i%3], 30)
		if err := w.Promote("judge"); err != nil {
			t.Fatal(err)
		}
	}
	for i := range min(n/4, 30) {
		round(i)
	}
	w.log.reset()
	before := heap()
	for i := range n {
		round(i)
	}
	w.log.reset()
	stop.Store(true)
	wg.Wait()
	w.swaps.Lock()
	w.forget((*w.slots.Load())["judge"])
	w.swaps.Unlock()
	w.tasks.wait()
	after := heap()
	if failed.Load() != 0 {
		t.Errorf("%d of %d calls failed", failed.Load(), calls.Load())
	}
	if after > before+2<<20 {
		t.Errorf("memory: %d KiB before, %d KiB after", before>>10, after>>10)
	}
	st := w.Modules()[0]
	if len(st.Old) != 0 || st.Calls != 0 {
		t.Errorf("%+v", st)
	}
	if mapped, files := snapshots(t); mapped != st.Stats.Instances || files != 1 {
		t.Errorf("%d memories and %d files of %d instances of one generation", mapped, files, st.Stats.Instances)
	}
	t.Logf("%d swaps, %d calls, memory %d KiB before, %d KiB after", n, calls.Load(), before>>10, after>>10)
}

// heap is what is in use after all that can go has gone.
func heap() uint64 {
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestLoadAndUnload: modules come and go and leave nothing. The whole of it is TestSoakLoads.
func TestLoadAndUnload(t *testing.T) { loads(t, 200) }

// TestSoakLoads is 10,000 cycles, when $SOAK is set.
func TestSoakLoads(t *testing.T) {
	if os.Getenv("SOAK") == "" {
		t.Skip("takes long: set $SOAK")
	}
	loads(t, 10000)
}

func loads(t *testing.T, n int) {
	w := newWorld(t)
	mc := []ModuleConfig{answering(t, 480)}
	cycle := func() {
		if err := w.Reload(mc); err != nil {
			t.Fatal(err)
		}
		if err := w.Reload(nil); err != nil {
			t.Fatal(err)
		}
		w.tasks.wait()
		w.log.reset()
	}
	for range 50 {
		cycle()
	}
	before, goroutines, maps := heap(), runtime.NumGoroutine(), mappings(t)
	for range n {
		cycle()
	}
	after := heap()
	if mapped, files := snapshots(t); mapped != 0 || files != 0 {
		t.Errorf("%d memories and %d files of modules that are gone", mapped, files)
	}
	if after > before+1<<20 || runtime.NumGoroutine() > goroutines || mappings(t) > maps+20 {
		t.Errorf("before: %d KiB, %d goroutines, %d mappings; after: %d KiB, %d goroutines, %d mappings",
			before>>10, goroutines, maps, after>>10, runtime.NumGoroutine(), mappings(t))
	}
	t.Logf("%d cycles: %d KiB before, %d KiB after; %d mappings before, %d after", n, before>>10, after>>10, maps, mappings(t))
}

// mappings is how many pieces of memory the process has: what wazero maps is not in the heap.
func mappings(*testing.T) int {
	b, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return 0
	}
	n := 0
	for _, c := range b {
		if c == '\n' {
			n++
		}
	}
	return n
}

// snapshots is how many memories of instances are mapped that began as copies, and how many snapshots are open.
func snapshots(t *testing.T) (mapped, files int) {
	t.Helper()
	b, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Skip("no /proc: ", err)
	}
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if name, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.Contains(name, snapshotName) {
			files++
		}
	}
	return strings.Count(string(b), snapshotName), files
}

func (l *logBuffer) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b = bytes.Buffer{}
}
