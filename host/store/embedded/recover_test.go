package embedded

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/store/storetest"
)

// deposits makes n of them, each a batch.
func deposits(t *testing.T, s *Store, from, n int) {
	t.Helper()
	for i := from; i < from+n; i++ {
		_, err := s.Deposit(patient(t), "a", fmt.Sprint("d", i), 1)
		must(t, err)
	}
}

func holds(t *testing.T, s *Store, want int64) {
	t.Helper()
	if b := storetest.Audit(t, s, "a"); b.Amount != want {
		t.Errorf("the account holds %d, want %d", b.Amount, want)
	}
}

// A store that was killed is there again whatever was on its way: changes in both logs,
// in one, the last of them torn; and again when that one is killed.
func TestLogsAreBroughtIn(t *testing.T) {
	hold := make(chan struct{})
	slow := still
	slow.update = func(db *bbolt.DB, do func(*bbolt.Tx) error) error {
		await(t, hold)
		return db.Update(do)
	}
	s := fill(t, Options{tune: slow})
	deposits(t, s, 0, 5)
	one := left(t, s)
	turn(t, s, false)
	deposits(t, s, 5, 4)
	both := left(t, s)
	close(hold)
	turn(t, s, true)
	deposits(t, s, 9, 3)
	later := left(t, s)
	for path, want := range map[string]int64{one: 5, both: 9, later: 12} {
		for range 3 {
			again := fill(t, Options{Path: path, tune: still})
			holds(t, again, want)
			deposits(t, again, int(want), 1)
			want++
			path = left(t, again)
			must(t, again.Close())
		}
	}
	// Cut where the last frame of the second log is.
	size := int64(0)
	inside(t, s, func() { size = s.log.now.size })
	number := uint64(0)
	inside(t, s, func() { number = s.log.now.number })
	for back := range int64(3) {
		path := left(t, s)
		must(t, os.Truncate(fmt.Sprint(path, ".log", number%2), size-1-50*back))
		holds(t, fill(t, Options{Path: path}), 11)
	}
	must(t, s.Close())
	for _, end := range []string{".log0", ".log1"} {
		if _, err := os.Stat(s.log.paths[0][:len(s.log.paths[0])-5] + end); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("after Close %s is there: %v", end, err)
		}
	}
}

func TestLogsAreForTheOwnerAlone(t *testing.T) {
	s := fill(t, Options{})
	for _, path := range s.log.paths {
		info, err := os.Stat(path)
		must(t, err)
		if info.Mode() != 0o600 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
	}
}

// Files that do not belong together are not opened.
func TestLogsThatDoNotFit(t *testing.T) {
	hold := make(chan struct{})
	slow := still
	slow.update = func(db *bbolt.DB, do func(*bbolt.Tx) error) error {
		await(t, hold)
		return db.Update(do)
	}
	s := fill(t, Options{tune: slow})
	other := fill(t, Options{tune: still})
	deposits(t, other, 0, 1)
	foreign := left(t, other)
	deposits(t, s, 0, 3)
	before := left(t, s)
	turn(t, s, false)
	deposits(t, s, 3, 3)
	whole := left(t, s) // logs 1 and 2
	close(hold)
	turn(t, s, true)
	deposits(t, s, 6, 3)
	turn(t, s, true)
	deposits(t, s, 9, 3)
	after := left(t, s) // logs 4 and, unused, 5

	replace := func(path, from string) {
		t.Helper()
		b, err := os.ReadFile(from)
		must(t, err)
		must(t, os.WriteFile(path, b, 0o600))
	}
	for name, c := range map[string]struct {
		spoil func(path string)
		fits  bool
	}{
		"nothing":                   {func(string) {}, true},
		"the first log is missing":  {func(p string) { must(t, os.Remove(p+".log1")) }, false},
		"the second log is missing": {func(p string) { must(t, os.Remove(p+".log0")) }, false},
		"the second log is empty":   {func(p string) { must(t, os.Truncate(p+".log0", 0)) }, false},
		"the first log twice":       {func(p string) { replace(p+".log0", p+".log1") }, false},
		"a log of another store":    {func(p string) { replace(p+".log0", foreign+".log0") }, false},
		"all of another store":      {func(p string) { replace(p, foreign) }, false},
		"a file of before":          {func(p string) { replace(p+".log0", after+".log0"); replace(p+".log1", after+".log1") }, false},
		"a first log of before":     {func(p string) { replace(p+".log1", before+".log1") }, false},
		"text":                      {func(p string) { must(t, os.WriteFile(p+".log1", []byte(strings.Repeat("text ", 99)), 0o600)) }, false},
		"another version":           {func(p string) { patch(t, p+".log1", 8, 2) }, false},
		"a damaged frame":           {func(p string) { patch(t, p+".log1", headSize+frameSize+5, 0xff) }, false},
	} {
		path := filepath.Join(t.TempDir(), "state.db")
		for _, end := range []string{"", ".log0", ".log1"} {
			replace(path+end, whole+end)
		}
		c.spoil(path)
		s, err := Open(Options{Path: path})
		if err == nil {
			_ = s.Close()
		}
		if c.fits && err != nil || !c.fits && !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func patch(t *testing.T, path string, at int64, b byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	must(t, err)
	_, err = f.WriteAt([]byte{b}, at)
	must(t, err)
	must(t, f.Close())
}

// A file of a version that had no logs, and one that was copied alone.
func TestFileWithoutLogs(t *testing.T) {
	s := fill(t, Options{tune: still})
	deposits(t, s, 0, 5)
	must(t, s.Put(patient(t), store.Space{Name: "s"}, "k", []byte("v"), 0))
	turn(t, s, true)
	deposits(t, s, 5, 3)
	path := left(t, s)
	for _, end := range []string{".log0", ".log1"} {
		must(t, os.Remove(path+end))
	}
	db, err := bbolt.Open(path, 0o600, nil)
	must(t, err)
	must(t, db.Update(func(tx *bbolt.Tx) error { return tx.DeleteBucket(logBucket) }))
	must(t, db.Close())
	for range 2 {
		s := fill(t, Options{Path: path})
		holds(t, s, 5)
		if v, err := s.Get(patient(t), store.Space{Name: "s"}, "k"); string(v) != "v" || err != nil {
			t.Errorf("Get = %q, %v", v, err)
		}
		must(t, s.Close())
	}
}

// The files of a store are opened under its lock: a second one that is refused leaves the
// logs of the first as they are.
func TestSecondStoreLeavesTheLogs(t *testing.T) {
	s := fill(t, Options{tune: still})
	deposits(t, s, 0, 3)
	path := s.db.Path()
	before, err := os.ReadFile(path + ".log1")
	must(t, err)
	if _, err := Open(Options{Path: path}); !errors.Is(err, store.ErrUnavailable) {
		t.Fatalf("a file that is open: %v", err)
	}
	if b, err := os.ReadFile(path + ".log1"); string(b) != string(before) || err != nil {
		t.Errorf("its log has changed: %v", err)
	}
	if !maps.Equal(all(t, fill(t, Options{Path: left(t, s)}), ledger), all(t, s, ledger)) {
		t.Error("the ledger is another")
	}
}
