package admin

import (
	"context"
	"net/http"
	"time"
)

// maxRearm is the longest that a call can be told to last.
const maxRearm = 366 * 24 * time.Hour

// Rearm is the request to set anew how long a module lets a call last.
type Rearm struct {
	Module   string   `json:"module"` // as the profile's modules name it
	Duration Duration `json:"duration"`
	FromNow  bool     `json:"from_now,omitempty"` // counted from now, else from the answer
}

// Duration is a time such as "10m" or "1h30m"; "0" is none.
type Duration string

// Span is the duration as a number.
func (d Duration) Span() (time.Duration, error) {
	span, err := time.ParseDuration(string(d))
	if err != nil || span < 0 || span > maxRearm {
		return 0, Refuse(http.StatusBadRequest, `duration %q: want a time such as "10m", at most a year`, string(d))
	}
	return span, nil
}

// Rearmed is the answer to it.
type Rearmed struct {
	ID     string     `json:"id"`
	Module string     `json:"module"`
	Until  *time.Time `json:"until,omitempty"` // the call ends; none: never, or not known before its answer
}

func rearm(s *Server, r *http.Request) (any, error) {
	var o Rearm
	if err := read(r, &o); err != nil {
		return nil, err
	}
	span, err := o.Duration.Span()
	switch {
	case err != nil:
		return nil, err
	case o.Module == "":
		return nil, Refuse(http.StatusBadRequest, "module is missing")
	case o.FromNow && span == 0:
		return nil, Refuse(http.StatusBadRequest, "no duration from now on: hang the call up instead")
	}
	ctx, cancel := context.WithTimeout(r.Context(), askCalls)
	defer cancel()
	id := r.PathValue("id")
	until, err := s.backend.Rearm(ctx, id, o)
	return Rearmed{id, o.Module, until}, err
}
