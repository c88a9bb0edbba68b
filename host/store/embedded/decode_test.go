package embedded

import (
	"errors"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// FuzzStored reads keys and values of the file; what can be read is what would be
// written.
func FuzzStored(f *testing.F) {
	f.Add([]byte("a\x00k"), []byte("\x00\x00\x00\x00\x00\x00\x00\x00v"))
	f.Add([]byte("a"), []byte("100 0 0 0 0"))
	f.Add([]byte("a\x00cc#1"), []byte("open 10 0 1"))
	f.Add([]byte("a\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00cc#1"), []byte("open 10 0 1"))
	f.Add([]byte("a\x00s\x00m"), []byte{})
	f.Fuzz(func(t *testing.T, k, v []byte) {
		if value, err := decodeValue(string(v)); err == nil && value.encode() != string(v) {
			t.Fatalf("value %q is stored again as %q", v, value.encode())
		}
		for parts := 2; parts <= 3; parts++ {
			if p, err := decodeKey(string(k), parts); err == nil && store.CheckNames(p...) != nil {
				t.Fatalf("key %q has parts %q", k, p)
			}
		}
	})
}

// Foreign records in the file are errors of the methods that meet them.
func TestForeignRecords(t *testing.T) {
	for name, c := range map[string]struct {
		bucket     bucket
		key, value []byte
	}{
		"account":              {accounts, []byte("a"), []byte("rich")},
		"account in floats":    {accounts, []byte("a"), []byte("1e3 0 0 0 0")},
		"account without mind": {accounts, []byte("a"), []byte("9999999999999999999 0 0 0 0")},
		"due":                  {due, []byte("a\x00\x00"), nil},
		"due of nothing":       {due, []byte("a\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00cx#1"), nil},
		"reservation":          {reservations, []byte("a\x00cc#1"), []byte("open a lot")},
		"ledger":               {ledger, []byte("a\x00\x00\x00\x00\x00\x00\x00\x00\x00"), []byte("yesterday")},
	} {
		s := fill(t, Options{})
		ctx := patient(t)
		_, err := s.Deposit(ctx, "a", "d", 100)
		must(t, err)
		path := s.db.Path()
		must(t, s.Close())
		s = fill(t, Options{Path: path})
		must(t, s.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte(c.bucket.String())).Put(c.key, c.value) }))
		failed := 0
		_, err = s.Balance(ctx, "a")
		failed += corrupt(t, name, err)
		_, err = s.Commit(ctx, "a", "c", 1, 5)
		failed += corrupt(t, name, err)
		_, err = s.Ledger(ctx, "a", 0, 9)
		failed += corrupt(t, name, err)
		_, err = s.Reservations(ctx, "a")
		failed += corrupt(t, name, err)
		if failed == 0 {
			t.Errorf("%s: nothing noticed", name)
		}
	}
	for name, c := range map[string]struct {
		bucket     bucket
		key, value []byte
	}{
		"value":             {values, []byte("s\x00k"), []byte("brief")},
		"value of no space": {values, []byte("k"), []byte("\x00\x00\x00\x00\x00\x00\x00\x00")},
		"member":            {members, []byte("s\x00m"), nil},
	} {
		s := fill(t, Options{})
		must(t, s.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket([]byte(c.bucket.String())).Put(c.key, c.value) }))
		path := s.db.Path()
		must(t, s.Close())
		s, err := Open(Options{Path: path})
		if corrupt(t, name, err) == 0 {
			t.Errorf("%s: opened %v", name, s)
		}
	}
}

// corrupt counts an error that says so; other errors of the store are fine.
func corrupt(t *testing.T, name string, err error) int {
	t.Helper()
	if errors.Is(err, store.ErrCorrupt) {
		return 1
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		t.Errorf("%s: %v", name, err)
	}
	return 0
}
