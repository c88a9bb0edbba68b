package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
	"github.com/sallyport-sbc/sallyport/host/store/embedded"
	"github.com/sallyport-sbc/sallyport/host/store/storetest"
)

func TestFaulty(t *testing.T) {
	for script, want := range map[string]string{
		"":                              "100 97 94 91",
		"commit 2 unavailable":          "100 97 unavailable 94",
		"commit 2 timeout after":        "100 97 timeout 91",
		"commit 2-3 timeout":            "100 97 timeout timeout",
		"balance quota; commit hang":    "100 timeout timeout timeout",
		"any 1 notfound\ncommit 1 hang": "notfound timeout 97 94",
		"any unavailable":               "unavailable unavailable unavailable unavailable",
	} {
		synctest.Test(t, func(t *testing.T) {
			s, err := embedded.Open(embedded.Options{Path: filepath.Join(t.TempDir(), "state.db")})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			ctx := context.Background()
			if _, err := s.Deposit(ctx, "a", "d", 100); err != nil {
				t.Fatal(err)
			}
			for i := range uint32(3) {
				if _, err := s.Reserve(ctx, "a", "c", i, 3, time.Hour); err != nil {
					t.Fatal(err)
				}
			}
			f, err := storetest.NewFaulty(s, script)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			say := func(b store.Balance, err error) {
				word := fmt.Sprint(b.Amount)
				for name, e := range map[string]error{
					"unavailable": store.ErrUnavailable, "timeout": store.ErrTimeout, "notfound": store.ErrNotFound, "quota": store.ErrQuota,
				} {
					if errors.Is(err, e) {
						word = name
					}
				}
				got = append(got, word)
			}
			say(f.Deposit(ctx, "a", "d", 100))
			for i := range uint32(3) {
				say(f.Commit(ctx, "a", "c", i, 3))
			}
			if g := strings.Join(got, " "); g != want {
				t.Errorf("%q: %s, want %s", script, g, want)
			}
			storetest.Audit(t, s, "a")
		})
	}
}

func TestFaultyScripts(t *testing.T) {
	for _, script := range []string{"reserve", "nothing timeout", "reserve 0 timeout", "reserve 3-2 timeout", "reserve 1 timeout later", "reserve explode", "any 1"} {
		if _, err := storetest.NewFaulty(nil, script); err == nil {
			t.Errorf("%q is taken for a script", script)
		}
	}
}
