package sdk

import (
	"testing"
	"time"
)

func TestTimeAppend(t *testing.T) {
	for _, s := range []string{
		"1970-01-01T00:00:00.001Z", "1999-12-31T23:59:59.999Z", "2000-02-29T12:00:00.000Z", "2026-01-02T15:04:05.678Z",
		"2026-03-01T00:00:00.000Z", "2100-02-28T23:59:59.999Z", "2100-03-01T00:00:00.000Z", "2261-12-31T00:00:00.000Z",
	} {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(Time(at.UnixNano()).Append(nil)); got != s {
			t.Errorf("Append = %s, want %s", got, s)
		}
	}
}

func FuzzTimeAppend(f *testing.F) {
	f.Add(int64(0))
	f.Add(int64(1<<63 - 1))
	f.Fuzz(func(t *testing.T, ns int64) {
		if ns < 0 {
			ns = -(ns + 1)
		}
		want := time.Unix(0, ns).UTC().Format("2006-01-02T15:04:05.000Z")
		if got := string(Time(ns).Append(nil)); got != want {
			t.Fatalf("Append(%d) = %s, want %s", ns, got, want)
		}
	})
}
