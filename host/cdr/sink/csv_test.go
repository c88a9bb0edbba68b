package sink

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/sallyport-sbc/sallyport/host/cdr"
)

// rows reads a file as any reader of RFC 4180 would.
func rows(t testing.TB, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestCSV(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "cdr.csv")
	s := newSource(t, func() (cdr.Sink, error) {
		return NewCSV(path, columns(t, "id", "cdr_id", "caller", "tenant=vars.tenant", "none", "billsec", "modules")), nil
	})
	s.emit(3)
	s.drained()
	want := [][]string{{"id", "cdr_id", "caller", "tenant", "none", "billsec", "modules"}}
	for i := range 3 {
		want = append(want, []string{cdr.Identify([]byte(line(i))).String(), "call-" + string(rune('0'+i)), `al"ice, é`, "acme", "", string(rune('0' + i)), `["cdr"]`})
	}
	if got := rows(t, path); !slices.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%q\nwant %q", got, want)
	}
	// Moved away, it begins anew, with a header.
	if err := os.Rename(path, path+".1"); err != nil {
		t.Fatal(err)
	}
	s.emit(2)
	s.drained()
	if a, b := rows(t, path+".1"), rows(t, path); len(a) != 4 || len(b) != 3 || b[0][0] != "id" {
		t.Errorf("old %d rows, new %q", len(a), b)
	}
}

// What a caller says ends neither a row nor a field.
func TestCSVQuotes(t *testing.T) {
	hostile := []string{"", "a", "a,b", `a"b`, `"`, "a\r\nb", "\n", `",",`, " x "}
	row := string(appendRow(nil, hostile))
	if strings.Count(row, "\n") != 1 || !strings.HasSuffix(row, "\r\n") {
		t.Errorf("row %q", row)
	}
	got, err := csv.NewReader(strings.NewReader(row)).Read()
	want := slices.Clone(hostile)
	want[5], want[6] = "a  b", " "
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	if row := string(appendRow(nil, []string{""})); row != "\"\"\r\n" {
		t.Errorf("one empty value: %q", row)
	}
}

// A full disk: nothing is lost, nothing is torn, nothing stands there twice.
func TestCSVDiskFull(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("no tmpfs to fill up: %v", err)
	}
	defer syscall.Unmount(dir, 0)
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 52<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "cdr.csv")
	s := newSource(t, func() (cdr.Sink, error) { return NewCSV(path, columns(t, "id", "json")), nil })
	s.emit(100)
	until(t, "the disk is full", func() bool { return s.stats().Errors > 0 })
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	s.drained()
	all := rows(t, path)
	if len(all) != 101 {
		t.Errorf("%d rows, want 101", len(all))
	}
	for i, row := range all[1:] {
		if row[1] != line(i) {
			t.Fatalf("row %d is %q", i, row)
		}
	}
	if err := s.file.Close(); err != nil {
		t.Error(err)
	}
}

// kill -9 again and again: every record is there, and a row that stands there twice is known by its id.
func TestCSVKill(t *testing.T) {
	dir := t.TempDir()
	path, target := filepath.Join(dir, "cdr.jsonl"), filepath.Join(dir, "cdr.csv")
	n := 0
	for range 3 {
		n = killed(t, "csv", path, target, n)
	}
	t.Setenv("SALLYPORT_SINK_TARGET", target)
	s := &source{t: t, path: path}
	s.open(victimSink("csv"))
	s.drained()
	all := rows(t, target)
	first := map[string]string{}
	for _, row := range all[1:] {
		if call, again := first[row[0]]; again && call != row[1] {
			t.Fatalf("one id for %s and %s", call, row[1])
		}
		first[row[0]] = row[1]
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	stand := map[string]bool{}
	for l := range strings.Lines(string(text)) {
		stand[cdr.Identify([]byte(strings.TrimSuffix(l, "\n"))).String()] = true
	}
	if len(first) != len(stand) {
		t.Errorf("%d different rows of %d records", len(first), len(stand))
	}
	t.Logf("%d records, %d rows", len(stand), len(all)-1)
}

// FuzzWholeLines cuts a file back to its last line feed, whatever it holds.
func FuzzWholeLines(f *testing.F) {
	f.Add([]byte("id\r\n1\r\n2"))
	f.Add([]byte("no line"))
	f.Fuzz(func(t *testing.T, b []byte) {
		path := filepath.Join(t.TempDir(), "x.csv")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		c := NewCSV(path, columns(t, "id"))
		defer c.Close()
		if _, err := c.open(); err != nil {
			t.Fatal(err)
		}
		got, _ := os.ReadFile(path)
		if want := string(b[:strings.LastIndexByte(string(b), '\n')+1]); string(got) != want {
			t.Errorf("%q becomes %q", b, got)
		}
	})
}
