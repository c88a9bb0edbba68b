package host

import (
	"encoding/json"
	"errors"
	"testing"
	"time"
)

func TestFigures(t *testing.T) {
	type Stats struct{ Hooks uint64 }
	type part struct {
		Name string
		Used int
	}
	type Totals struct{ SendErrors, Packets uint64 }
	got := figures(struct {
		Totals
		Stats      Stats
		SHA256     string
		LastError  error
		Gone       error
		Wait       time.Duration
		Interfaces []part
		MOS        float64
		hidden     int
	}{Totals{1, 2}, Stats{3}, "x", errors.New("no space"), nil, 1500 * time.Millisecond, []part{{"a", 4}}, 4.4, 5})
	b, err := json.Marshal(got)
	const want = `{"hooks":3,"interfaces":[{"name":"a","used":4}],"last_error":"no space","mos":4.4,"packets":2,"send_errors":1,"sha256":"x","wait":1.5}`
	if err != nil || string(b) != want {
		t.Errorf("figures: %s, %v, want %s", b, err, want)
	}
}
