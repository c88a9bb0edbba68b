package sink

import (
	"bufio"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/cdr"
)

// long bounds every wait of these tests.
const long = 60 * time.Second

// until waits for what another process, or goroutine, does.
func until(t testing.TB, what string, done func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(long); !done(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("not yet: %s", what)
		}
	}
}

// source is a file of records with one sink.
type source struct {
	t    testing.TB
	path string
	file *cdr.File
	next int
}

func newSource(t testing.TB, open func() (cdr.Sink, error)) *source {
	t.Helper()
	s := &source{t: t, path: filepath.Join(t.TempDir(), "cdr.jsonl")}
	s.open(open)
	return s
}

func (s *source) open(open func() (cdr.Sink, error)) {
	s.t.Helper()
	f, err := cdr.Open(s.path, cdr.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { f.Close() })
	s.file = f
	if err := f.SetFeeds(cdr.Feeds{Sinks: []cdr.Feed{{Name: "s", Kind: "test", Open: open}}}); err != nil {
		s.t.Fatal(err)
	}
}

// line is the n-th record.
func line(n int) string {
	return fmt.Sprintf(`{"cdr_id":"call-%d","type":"stop","seq":0,"start_time":"2026-01-02T15:04:05.678Z","billsec":%d,"src_ip":"192.0.2.1","caller":"al\"ice, é","vars":{"tenant":"acme"},"modules":["cdr"]}`, n, n)
}

// emit writes so many records more.
func (s *source) emit(n int) {
	s.t.Helper()
	for range n {
		if err := s.file.Emit([]byte(line(s.next))); err != nil {
			s.t.Fatal(err)
		}
		s.next++
	}
}

func (s *source) stats() cdr.FeedStats { return s.file.Stats().Sinks[0] }

// drained waits until the sink has everything.
func (s *source) drained() {
	s.t.Helper()
	until(s.t, "everything is delivered", func() bool {
		st := s.file.Stats()
		return st.Pending == 0 && st.Sinks[0].LagRecords == 0 && st.Sinks[0].LagBytes == 0
	})
}

// failed waits until the sink has met an error.
func (s *source) failed() {
	s.t.Helper()
	before := s.stats().Errors
	until(s.t, "an attempt fails", func() bool { return s.stats().Errors > before })
}

// records makes records from..to-1, for a sink without a file.
func records(from, to int) (rs []cdr.Record) {
	for i := from; i < to; i++ {
		rs = append(rs, cdr.Record{ID: cdr.Identify([]byte(line(i))), Line: []byte(line(i))})
	}
	return rs
}

func columns(t testing.TB, texts ...string) []cdr.Column {
	t.Helper()
	cs, err := cdr.ParseColumns(texts)
	if err != nil {
		t.Fatal(err)
	}
	return cs
}

// TestMain makes the test binary a process to be killed.
func TestMain(m *testing.M) {
	if kind := os.Getenv("SALLYPORT_SINK_VICTIM"); kind != "" {
		victim(kind, os.Getenv("SALLYPORT_SINK_PATH"))
	}
	os.Exit(m.Run())
}

// victim writes records without end, brings them to a sink, and says how many are
// durable and delivered.
func victim(kind, path string) {
	f, err := cdr.Open(path, cdr.Options{Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		err = f.SetFeeds(cdr.Feeds{Sinks: []cdr.Feed{{Name: "s", Open: victimSink(kind)}}})
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	from := 0
	fmt.Sscan(os.Getenv("SALLYPORT_SINK_FROM"), &from)
	for i := from; ; i++ {
		if f.Emit([]byte(line(i))) != nil {
			i--
			time.Sleep(time.Millisecond)
		}
		if i%50 == 0 {
			st := f.Stats()
			fmt.Println(st.Written, st.Sinks[0].Delivered)
			time.Sleep(time.Millisecond)
		}
	}
}

// killed runs a victim until something was delivered, kills it, and returns how
// many records the file holds.
func killed(t testing.TB, kind, path, target string, from int) int {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "SALLYPORT_SINK_VICTIM="+kind, "SALLYPORT_SINK_PATH="+path,
		"SALLYPORT_SINK_TARGET="+target, fmt.Sprintf("SALLYPORT_SINK_FROM=%d", from))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(long, func() { _ = cmd.Process.Kill() })
	defer late.Stop()
	var written, delivered int
	text := ""
	for lines := bufio.NewScanner(out); delivered < 200 && lines.Scan(); {
		text = lines.Text()
		fmt.Sscan(text, &written, &delivered)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	if delivered < 200 {
		t.Fatalf("the process delivered %d records: %s", delivered, text)
	}
	all, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Count(string(all), "\n")
}

func victimSink(kind string) func() (cdr.Sink, error) {
	target := os.Getenv("SALLYPORT_SINK_TARGET")
	return func() (cdr.Sink, error) {
		switch kind {
		case "csv":
			cs, err := cdr.ParseColumns([]string{"id", "cdr_id"})
			return NewCSV(target, cs), err
		case "postgres":
			return NewPostgres(PostgresOptions{URL: target, Table: "cdr", Create: true, Timeout: long})
		}
		return nil, fmt.Errorf("no sink %q", kind)
	}
}
