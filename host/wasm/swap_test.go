package wasm

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/host/wasm/wasmtest"
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

// TestLoadAndUnload: modules come and go, each with a call, and leave nothing. The whole of it is TestSoakLoads.
func TestLoadAndUnload(t *testing.T) { loads(t, 200, answering(t, 480)) }

// TestLoadAndUnloadGo is the same with a module in Go: megabytes of native code and memory come and go each time.
func TestLoadAndUnloadGo(t *testing.T) { loads(t, 12, timing(t)) }

// TestSoakLoads and TestSoakLoadsGo are 10,000 cycles, when $SOAK is set.
func TestSoakLoads(t *testing.T) { soakLoads(t, answering(t, 480)) }

func TestSoakLoadsGo(t *testing.T) { soakLoads(t, timing(t)) }

// timing is the module calltimer.
func timing(t *testing.T) ModuleConfig {
	return ModuleConfig{
		Name: "judge", Source: write(t, wasmtest.BuildModule(t, "../../plugins/calltimer")),
		Grants: []string{"sbc_timer", "sbc_metric", "sbc_call"},
	}
}

func soakLoads(t *testing.T, mc ModuleConfig) {
	if os.Getenv("SOAK") == "" {
		t.Skip("takes long: set $SOAK")
	}
	loads(t, 10000, mc)
}

func loads(t *testing.T, n int, mc ModuleConfig) {
	w := newWorld(t)
	cycle := func() {
		if err := w.Reload([]ModuleConfig{mc}); err != nil {
			t.Fatal(err)
		}
		m, err := w.Acquire("judge", "1")
		if err != nil {
			t.Fatal(err)
		}
		c := call("x")
		c.Params = []abi.Field{{Name: "timer", Value: "90"}}
		if _, err := m.Start(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		m.Release()
		if err := w.Reload(nil); err != nil {
			t.Fatal(err)
		}
		w.tasks.wait()
		w.log.reset()
	}
	for range min(n/2, 50) {
		cycle()
	}
	before := footprintOf(t)
	begun := time.Now()
	for i := range n {
		cycle()
		if n >= 1000 && (i+1)%(n/10) == 0 {
			t.Logf("%d cycles, %v each: %v", i+1, time.Since(begun)/time.Duration(i+1), footprintOf(t))
		}
	}
	after := footprintOf(t)
	if mapped, files := snapshots(t); mapped != 0 || files != 0 {
		t.Errorf("%d memories and %d files of modules that are gone", mapped, files)
	}
	if after.heap > before.heap+1<<20 || after.resident > before.resident+16<<20 || after.goroutines > before.goroutines ||
		after.mappings > before.mappings+20 || after.files > before.files {
		t.Errorf("%d cycles: before %v; after %v", n, before, after)
	}
	t.Logf("%d cycles: before %v; after %v", n, before, after)
}

// footprint is what a process holds once all that can go has gone. Where there is no /proc only the heap and the
// goroutines are known.
type footprint struct {
	heap, resident              uint64 // bytes; resident: of no file, so without the program and what it has read
	goroutines, mappings, files int
}

func (f footprint) String() string {
	return fmt.Sprintf("%d KiB of heap, %d KiB resident, %d goroutines, %d mappings, %d files",
		f.heap>>10, f.resident>>10, f.goroutines, f.mappings, f.files)
}

func footprintOf(t *testing.T) footprint {
	t.Helper()
	f := footprint{heap: heap(), goroutines: runtime.NumGoroutine()}
	debug.FreeOSMemory()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return f
	}
	for line := range strings.Lines(string(status)) {
		switch w := strings.Fields(line); w[0] {
		case "RssAnon:", "RssShmem:":
			kib, err := strconv.ParseUint(w[1], 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			f.resident += kib << 10
		}
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	f.mappings, f.files = bytes.Count(maps, []byte("\n")), len(fds)
	return f
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
