package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// Harness says how to run one case.
type Harness struct {
	// Each calls run with an empty store and closes it afterwards.
	Each func(t *testing.T, run func(t *testing.T, s store.Store))
}

// ttl is long enough for a few operations on a busy machine, and short enough to
// wait for.
const ttl = 400 * time.Millisecond

// pass waits until ttl is over, by the clock the case runs on.
func pass() { <-time.After(ttl + 20*time.Millisecond) }

type suiteCase struct {
	name string
	run  func(t *testing.T, s store.Store)
}

// Run runs the suite.
func Run(t *testing.T, h Harness) {
	for _, cases := range [][]suiteCase{leaseCases, accountCases, rateCases, spaceCases} {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) { h.Each(t, c.run) })
		}
	}
}

// within bounds what one operation may take in a test.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// is fails the test unless err is want, which may be nil.
func is(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: error %v, want %v", what, err, want)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s = %v, want %v", what, got, want)
	}
}
