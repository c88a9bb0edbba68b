package cdr

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestTornLastLine(t *testing.T) {
	whole := strings.Repeat(`{"a":1}`+"\n", 20_000) // more than a block
	for name, c := range map[string]struct{ before, after string }{
		"empty":                  {"", ""},
		"whole lines":            {whole, whole},
		"torn":                   {whole + `{"a":`, whole},
		"torn from the start":    {`{"a":`, ""},
		"only the line feed":     {whole + `{"b":2}`, whole + `{"b":2}` + "\n"},
		"zeros":                  {whole + strings.Repeat("\x00", 200_000), whole},
		"torn and zeros":         {whole + `{"a":` + strings.Repeat("\x00", 70_000), whole},
		"whole but for the zero": {whole + `{"b":2}` + "\x00", whole + `{"b":2}` + "\n"},
		"nothing but zeros":      {strings.Repeat("\x00", 65_536), ""},
		"torn across two blocks": {strings.Repeat("x", 65_536-10) + "\n" + strings.Repeat("y", 20), strings.Repeat("x", 65_536-10) + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "cdr.jsonl")
			if err := os.WriteFile(path, []byte(c.before), 0o600); err != nil {
				t.Fatal(err)
			}
			var log lines
			f, err := Open(path, Options{Log: log.logger()})
			if err != nil {
				t.Fatal(err)
			}
			emit(t, f, "{}")
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			got, _ := os.ReadFile(path)
			if want := c.after + "{}\n"; string(got) != want {
				t.Errorf("%d bytes, want %d; end %q", len(got), len(want), got[max(0, len(got)-40):])
			}
			if n := log.count("level=WARN"); n != 1 && c.before != c.after || n != 0 && c.before == c.after {
				t.Errorf("%d warnings", n)
			}
		})
	}
}

func TestForeignFilesAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	binary := filepath.Join(dir, "binary")
	content := strings.Repeat("x", MaxRecord+1000)
	if err := os.WriteFile(binary, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Skip(err)
	}
	for _, path := range []string{binary, fifo, "/dev/null"} {
		if _, err := Open(path, Options{}); !errors.Is(err, ErrForeign) {
			t.Errorf("Open(%s): %v", path, err)
		}
	}
	if _, err := Open(dir, Options{}); err == nil {
		t.Error("Open takes a directory")
	}
	if got, _ := os.ReadFile(binary); string(got) != content {
		t.Error("a foreign file was changed")
	}
}

func TestOneWriterAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "folder", "cdr.jsonl")
	f, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, Options{}); !errors.Is(err, ErrInUse) {
		t.Errorf("second Open: %v", err)
	}
	if err := f.Reopen(); err != nil {
		t.Errorf("Reopen of a file nobody moved: %v", err)
	}
	f.Close()
	f, err = Open(path, Options{})
	if err != nil {
		t.Fatalf("Open after Close: %v", err)
	}
	f.Close()
	if i, err := os.Stat(path); err != nil || i.Mode().Perm()&0o007 != 0 {
		t.Errorf("mode %v: others may read the records; %v", i.Mode(), err)
	}
}

// batch waits for the batch being written, if one is.
func batch(f *File) {
	f.disk.Lock()
	defer f.disk.Unlock()
}

func TestRotation(t *testing.T) {
	dir := t.TempDir()
	path, old := filepath.Join(dir, "cdr.jsonl"), filepath.Join(dir, "cdr.jsonl.1")
	f, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	emit(t, f, "one")
	for f.Stats().Pending > 0 {
		batch(f)
	}
	if err := os.Rename(path, old); err != nil {
		t.Fatal(err)
	}
	if err := f.Reopen(); err != nil {
		t.Fatal(err)
	}
	emit(t, f, "two")
	f.Close()
	a, _ := os.ReadFile(old)
	b, _ := os.ReadFile(path)
	if string(a) != "one\n" || string(b) != "two\n" {
		t.Errorf("old %q, new %q", a, b)
	}
}

func TestFilesAreShared(t *testing.T) {
	dir := t.TempDir()
	s := NewFiles(Options{})
	a, err := s.Acquire(filepath.Join(dir, "a.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Acquire(filepath.Join(dir, ".", "a.jsonl"))
	if err != nil || again != a {
		t.Fatalf("the same file is open twice: %v", err)
	}
	b, err := s.Acquire(filepath.Join(dir, "b.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	emit(t, a, "1")
	emit(t, b, "2")
	if err := s.Reopen(); err != nil {
		t.Error(err)
	}
	if st := s.Stats(); len(st) != 2 || st[0].Path != a.Path() {
		t.Errorf("stats %+v", st)
	}
	if err := s.Release(a); err != nil {
		t.Error(err)
	}
	emit(t, a, "3") // one user is left
	if err := s.Release(a); err != nil {
		t.Error(err)
	}
	if err := a.Emit([]byte("4")); !errors.Is(err, ErrClosed) {
		t.Errorf("Emit after the last Release: %v", err)
	}
	if err := s.Release(a); err != nil {
		t.Errorf("one Release too many: %v", err)
	}
	if err := s.Close(); err != nil || len(s.Stats()) != 0 {
		t.Error(err)
	}
	text, _ := os.ReadFile(a.Path())
	if string(text) != "1\n3\n" {
		t.Errorf("file %q", text)
	}
	if _, err := s.Acquire("/proc/none/cdr.jsonl"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Acquire where nothing can be: %v", err)
	}
}

// TestMain makes the test binary a process to be killed: it writes numbered
// records and tells after each which are durable.
func TestMain(m *testing.M) {
	if path := os.Getenv("SALLYPORT_CDR_VICTIM"); path != "" {
		victim(path)
	}
	os.Exit(m.Run())
}

func victim(path string) {
	f, err := Open(path, Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	var told uint64
	for i := 0; ; i++ {
		f.Emit(fmt.Appendf(nil, `{"n":%d,"pad":%q}`, i, strings.Repeat("x", i%1500)))
		if w := f.Stats().Written; w > told {
			told = w
			fmt.Println(w)
		}
	}
}

// What was durable is there after kill -9, in order and whole, and the next
// process goes on with a clean line.
func TestKill(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cdr.jsonl")
	next := 0
	for range 5 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "SALLYPORT_CDR_VICTIM="+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		durable, lines := 0, bufio.NewScanner(out)
		for i := 0; i < 20 && lines.Scan(); i++ {
			fmt.Sscan(lines.Text(), &durable)
		}
		cmd.Process.Kill()
		for lines.Scan() {
			fmt.Sscan(lines.Text(), &durable)
		}
		cmd.Wait()
		if durable == 0 {
			t.Fatal("the process wrote nothing")
		}

		f, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
		run := all[next:]
		if len(run) < durable {
			t.Errorf("%d records are there, %d were durable", len(run), durable)
		}
		for i, line := range run {
			if want := fmt.Sprintf(`{"n":%d,"pad":%q}`, i, strings.Repeat("x", i%1500)); line != want {
				t.Fatalf("record %d is %.80s", i, line)
			}
		}
		next = len(all)
	}
}

// A real file system that is full.
func TestDiskFullForReal(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("no tmpfs to fill up: %v", err)
	}
	defer syscall.Unmount(dir, 0)
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 48<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "cdr.jsonl")
	var log lines
	f, err := Open(path, Options{Log: log.logger(), Retry: 1})
	if err != nil {
		t.Fatal(err)
	}
	record := strings.Repeat("x", 1023)
	for range 40 {
		emit(t, f, record)
	}
	for f.Stats().Errors == 0 && f.Stats().Pending > 0 {
		batch(f)
	}
	if s := f.Stats(); s.Errors == 0 || !errors.Is(s.LastError, syscall.ENOSPC) || s.Lost != 0 {
		t.Errorf("full: %+v", s)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	text, _ := os.ReadFile(path)
	if want := strings.Repeat(record+"\n", 40); string(text) != want {
		t.Errorf("%d bytes, want %d", len(text), len(want))
	}
	if log.count("cannot be written") == 0 {
		t.Error("the log says nothing")
	}
}

// FuzzLastLine repairs any file to whole lines that were there before.
func FuzzLastLine(f *testing.F) {
	f.Add([]byte("{}\n{\"a\""))
	f.Add([]byte("{}\n{}"))
	f.Add([]byte("\x00\n\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		keep, tail, err := lastLine(strings.NewReader(string(b)), int64(len(b)))
		if err != nil {
			return
		}
		if keep < 0 || keep+int64(len(tail)) > int64(len(b)) || string(b[keep:keep+int64(len(tail))]) != string(tail) {
			t.Fatalf("keeps %d, tail %q", keep, tail)
		}
		if keep > 0 && b[keep-1] != '\n' {
			t.Fatalf("keeps %d, which is no line's end", keep)
		}
		if strings.Trim(string(b[keep+int64(len(tail)):]), "\x00") != "" || strings.Contains(string(tail), "\n") {
			t.Fatalf("loses %q", b[keep+int64(len(tail)):])
		}
	})
}

func BenchmarkEmit(b *testing.B) {
	f, err := Open(filepath.Join(b.TempDir(), "cdr.jsonl"), Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	record := []byte(strings.Repeat("x", 700))
	b.ReportAllocs()
	for b.Loop() {
		if err := f.Emit(record); err != nil && !errors.Is(err, ErrFull) {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	f.Close()
}

// BenchmarkDurable is how fast records become durable when there are always
// some 1000 waiting.
func BenchmarkDurable(b *testing.B) {
	f, err := Open(filepath.Join(b.TempDir(), "cdr.jsonl"), Options{Queue: 1000 * 701, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	record := []byte(strings.Repeat("x", 700))
	b.ResetTimer()
	for range b.N {
		for f.Emit(record) != nil {
			batch(f)
		}
	}
	f.Close()
	b.StopTimer()
	s := f.Stats()
	b.ReportMetric(float64(s.Written)/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(s.Written)/float64(max(s.Batches, 1)), "records/sync")
}
