package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi/manifest"
	"github.com/sallyport-sbc/sallyport/host/admin"
)

// soak is the work of a long test: rounds of something while sipp calls. $SOAK_RATE and
// $SOAK_ROUNDS change it, for a machine that has other things to do.
type soak struct {
	t      *testing.T
	c      config
	rate   int
	rounds int
	pause  time.Duration // between rounds, at least
}

func newSoak(t *testing.T, pause time.Duration) soak {
	t.Helper()
	if os.Getenv("SOAK") == "" {
		t.Skip("SOAK is not set")
	}
	s := soak{t: t, c: config{binary: "../bin/sallyport", dir: "."}, rate: 500, rounds: 1000, pause: pause}
	if err := prepare(&s.c); err != nil {
		t.Fatal(err)
	}
	for name, to := range map[string]*int{"SOAK_RATE": &s.rate, "SOAK_ROUNDS": &s.rounds} {
		if text := os.Getenv(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n <= 0 {
				t.Fatalf("$%s: %q", name, text)
			}
			*to = n
		}
	}
	turn, err := awaitTurn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { turn.Close() })
	return s
}

// run lets sipp call until all rounds are done: in batches of a quarter of a minute, so that
// nobody has to know beforehand how long that takes. No call may fail, and the memory must
// not grow once a fifth of the work is done. When the last call is over for long
// enough, it must be back, but for the fragments of a heap that was large, where it was
// after the first batch and warm rounds.
func (s soak) run(sut *sut, warm int, round func(i int) error) {
	s.t.Helper()
	load := callLoad{rate: s.rate, calls: 15 * s.rate}
	calls, failed := 0, 0
	batch := func() error {
		r, err := load.run(s.t.Context(), s.c, sut)
		calls, failed = calls+r.calls, failed+r.Failed
		if r.Failed > 0 {
			s.t.Errorf("%d failed calls %s", r.Failed, r.note())
		}
		return err
	}
	if err := batch(); err != nil {
		s.t.Fatal(err)
	}
	for i := range warm {
		if err := round(i); err != nil {
			s.t.Fatalf("round %d: %v", i, err)
		}
	}
	base := rest(s.t.Context(), sut, 0)
	files := sut.files()

	done := make(chan error, 1)
	over := make(chan struct{})
	var high [5]int64 // the highest memory in each fifth of the rounds
	go func() {
		defer close(over)
		for i := range s.rounds {
			if err := round(warm + i); err != nil {
				done <- fmt.Errorf("round %d: %w", i, err)
				return
			}
			fifth := i * len(high) / s.rounds
			high[fifth] = max(high[fifth], sut.stat().rss)
			time.Sleep(s.pause) // the pace of the work
		}
		done <- nil
	}()
	for working := true; working && !s.t.Failed(); {
		if err := batch(); err != nil {
			s.t.Error(err)
		}
		select {
		case <-over:
			working = false
		default:
		}
	}
	if err := <-done; err != nil {
		s.t.Error(err)
	}
	after := rest(s.t.Context(), sut, base+base/4)
	s.t.Logf("%d rounds at %d calls/s: %d calls, %d failed; memory %d MiB before (%d of files), %d MiB at the highest in each fifth, %d MiB after (%d of files)",
		s.rounds, s.rate, calls, failed, base>>10, files>>10, mib(high[:]), after>>10, sut.files()>>10)
	// Two by two, for where the collector stands when one is read is chance.
	if first, last := (high[1]+high[2])/2, (high[3]+high[4])/2; s.rounds >= 100 && last > first+first/8 {
		s.t.Errorf("the memory grew from %d to %d KiB", first, last)
	}
	if after > base+base/2 {
		s.t.Errorf("the memory was %d KiB before, and is %d KiB when all is over", base, after)
	}
	if err := sut.alive(); err != nil {
		s.t.Error(err)
	}
}

func mib(kib []int64) []int64 {
	m := make([]int64, len(kib))
	for i, n := range kib {
		m[i] = n >> 10
	}
	return m
}

// rest waits until the last transactions have ended and the runtime has given back what it
// does not need, and returns the memory: as soon as it is no more than enough KiB, or the
// least within seven minutes. A runtime with nothing to do collects every two minutes, and
// gives back only what held little in two collections.
func rest(ctx context.Context, sut *sut, enough int64) int64 {
	least := sut.stat().rss
	for end := time.Now().Add(7 * time.Minute); least > enough && time.Now().Before(end) && ctx.Err() == nil; time.Sleep(time.Second) {
		least = min(least, sut.stat().rss)
	}
	return least
}

// files is how many KiB of the memory are files, such as the program and the store, which
// the system takes back when it needs room.
func (s *sut) files() (kib int64) {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	_, line, _ := strings.Cut(string(b), "\nRssFile:")
	fmt.Sscan(line, &kib)
	return kib
}

// api is the control API of the SBC.
func (s *sut) api(ctx context.Context, method, path string, send any) error {
	var answer any
	return admin.NewClient(s.path("var/run/sallyport.sock")).Do(ctx, method, path, send, &answer)
}

// TestSoakReloads reloads the configuration a thousand times at 500 calls/s; every second
// file is broken, and must change nothing.
//
//	SOAK=1 go test ./bench -count=1 -v -timeout 0 -run SoakReloads
func TestSoakReloads(t *testing.T) {
	s := newSoak(t, 100*time.Millisecond)
	good, err := os.ReadFile("signalling.toml")
	if err != nil {
		t.Fatal(err)
	}
	write := func(dir, text string) error {
		return os.WriteFile(filepath.Join(dir, "sallyport.toml"), []byte(text), 0o600)
	}
	sut, err := startPrepared(t.Context(), s.c, "sallyport.toml", func(dir string) error { return write(dir, string(good)) })
	if err != nil {
		t.Fatal(err)
	}
	defer sut.stop()
	broken := []string{"max_calls = \"many\"\n", "[[", "max_calls = 1\nmax_calls = 2\n", "activ_profile = []\n"}
	s.run(sut, 10, func(i int) error {
		text := fmt.Sprintf("max_calls = %d\n%s", 100_000+i, good)
		if i%2 == 1 {
			text = broken[i/2%len(broken)] + string(good)
		}
		if err := write(sut.dir, text); err != nil {
			return err
		}
		if err := sut.api(t.Context(), "POST", "/reload", nil); (err == nil) != (i%2 == 0) {
			return fmt.Errorf("reload: %v", err)
		}
		return nil
	})
}

// TestSoakSwaps renews the six modules of deck.toml in turn, a thousand times, at 500 calls/s.
//
//	SOAK=1 go test ./bench -count=1 -v -timeout 0 -run SoakSwaps
func TestSoakSwaps(t *testing.T) {
	s := newSoak(t, 0)
	web, err := startWeb()
	if err != nil {
		t.Fatal(err)
	}
	defer web.Close()
	var modules []string
	sut, err := startPrepared(t.Context(), s.c, "sallyport.toml", func(dir string) (err error) {
		modules, err = s.unpack(dir)
		if err != nil {
			return err
		}
		return fillAccounts(dir)
	})
	if err != nil {
		t.Fatal(err)
	}
	defer sut.stop()
	// The generation before stays for a rollback: each module has one when the memory is first read.
	s.run(sut, 2*len(modules), func(i int) error {
		name := modules[i%len(modules)]
		file := fmt.Sprintf("%s-%d.wasm", name, (i/len(modules)+1)%2)
		if err := sut.api(t.Context(), "POST", "/modules/"+name+"/load", admin.LoadModule{File: file}); err != nil {
			return fmt.Errorf("load %s: %w", file, err)
		}
		if err := sut.api(t.Context(), "POST", "/modules/"+name+"/promote", nil); err != nil {
			return fmt.Errorf("promote %s: %w", file, err)
		}
		return nil
	})
}

// unpack writes each module of deck.toml as two files that differ in nothing that runs, and
// the configuration that begins with the first ones.
func (s soak) unpack(dir string) (names []string, err error) {
	text, err := os.ReadFile("deck.toml")
	if err != nil {
		return nil, err
	}
	source := regexp.MustCompile(`module = "builtin:([a-z]+)"`)
	text = source.ReplaceAllFunc(text, func(line []byte) []byte {
		name := string(source.FindSubmatch(line)[1])
		names = append(names, name)
		code, failed := os.ReadFile(filepath.Join("..", "host", "wasm", "builtin", name+".wasm"))
		if failed != nil {
			err = failed
			return nil
		}
		m, failed := manifest.Read(code)
		if failed != nil {
			err = failed
			return nil
		}
		for i := range 2 {
			// A custom section: its id, its length, the length of its name, its name, what it holds.
			other := append(bytes.Clone(code), 0, 3, 1, 'x', byte(i))
			if failed := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d.wasm", name, i)), other, 0o600); failed != nil {
				err = failed
			}
		}
		return fmt.Appendf(nil, "module = \"%s-0.wasm\"\ngrants = [\"%s\"]", name, strings.Join(m.Capabilities, `", "`))
	})
	if err != nil {
		return nil, err
	}
	return names, os.WriteFile(filepath.Join(dir, "sallyport.toml"), text, 0o600)
}
