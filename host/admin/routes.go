package admin

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"
)

const (
	base = "/api/v1"

	maxBody    = 1 << 20  // bytes of a request's body
	maxMapBody = 20 << 20 // of one with the rules of a map, which may have 8 MiB of them
	maxReason  = 128      // bytes of the reason for a hangup

	askCalls  = 2 * time.Second  // how long calls may take to say what they are
	longOrder = 10 * time.Minute // how long a reload may take: modules are compiled
)

// route is one operation of the API.
type route struct {
	method, path string
	body         int64 // bytes the request's body may have; 0 = none is read
	long         bool
	do           func(s *Server, r *http.Request) (any, error)
}

var routes = slices.Concat([]route{
	{method: "GET", path: base + "/profiles", do: func(s *Server, _ *http.Request) (any, error) {
		return Profiles{s.backend.Profiles()}, nil
	}},
	{method: "POST", path: base + "/profiles/reload", do: func(s *Server, _ *http.Request) (any, error) {
		ps, err := s.backend.ReloadProfiles()
		return Profiles{ps}, err
	}},
	{method: "GET", path: base + "/profiles/{name}", do: func(s *Server, r *http.Request) (any, error) {
		return s.backend.Profile(r.PathValue("name"))
	}},
	{method: "PUT", path: base + "/profiles/{name}", body: maxBody, do: func(s *Server, r *http.Request) (any, error) {
		var o LoadProfile
		if err := read(r, &o); err != nil {
			return nil, err
		}
		if o.File == "" {
			return nil, Refuse(http.StatusBadRequest, "file is missing")
		}
		return s.backend.LoadProfile(r.PathValue("name"), o.File)
	}},
	{method: "POST", path: base + "/profiles/{name}/reload", do: func(s *Server, r *http.Request) (any, error) {
		return s.backend.ReloadProfile(r.PathValue("name"))
	}},

	{method: "GET", path: base + "/active-profile", do: func(s *Server, _ *http.Request) (any, error) {
		return s.backend.Active(), nil
	}},
	{method: "PUT", path: base + "/active-profile", body: maxBody, do: func(s *Server, r *http.Request) (any, error) {
		var o SetActive
		if err := read(r, &o); err != nil {
			return nil, err
		}
		return s.backend.SetActive(o.Selectors)
	}},

	{method: "GET", path: base + "/maps", do: func(s *Server, _ *http.Request) (any, error) {
		return Maps{s.backend.Maps()}, nil
	}},
	{method: "GET", path: base + "/maps/{name}", do: func(s *Server, r *http.Request) (any, error) {
		return s.backend.Map(r.PathValue("name"))
	}},
	{method: "PUT", path: base + "/maps/{name}", body: maxMapBody, do: func(s *Server, r *http.Request) (any, error) {
		var o MapChange
		if err := read(r, &o); err != nil {
			return nil, err
		}
		if (o.File != "") == (o.Rules != nil) {
			return nil, Refuse(http.StatusBadRequest, "want either file or rules")
		}
		return s.backend.SetMap(r.PathValue("name"), o)
	}},
	{method: "POST", path: base + "/maps/{name}/reload", do: func(s *Server, r *http.Request) (any, error) {
		return s.backend.ReloadMap(r.PathValue("name"))
	}},
	{method: "GET", path: base + "/maps/{name}/lookup", do: func(s *Server, r *http.Request) (any, error) {
		q := r.URL.Query()
		if !q.Has("key") {
			return nil, Refuse(http.StatusBadRequest, "key is missing: %s?key=…", r.URL.Path)
		}
		return s.backend.LookUp(r.PathValue("name"), q.Get("key"))
	}},

	{method: "POST", path: base + "/explain", body: maxBody, do: func(s *Server, r *http.Request) (any, error) {
		var q Explain
		if err := read(r, &q); err != nil {
			return nil, err
		}
		if (q.Message != "") == (q.CDR != "") {
			return nil, Refuse(http.StatusBadRequest, "want either message or cdr")
		}
		return s.backend.Explain(r.Context(), q)
	}},

	{method: "GET", path: base + "/calls", do: calls},
	{method: "GET", path: base + "/calls/{id}", do: func(s *Server, r *http.Request) (any, error) {
		ctx, cancel := context.WithTimeout(r.Context(), askCalls)
		defer cancel()
		return s.backend.Call(ctx, r.PathValue("id"))
	}},
	{method: "DELETE", path: base + "/calls/{id}", do: func(s *Server, r *http.Request) (any, error) {
		reason := r.URL.Query().Get("reason")
		if len(reason) > maxReason || !printable(reason) {
			return nil, Refuse(http.StatusBadRequest, "reason: at most %d bytes on one line", maxReason)
		}
		id := r.PathValue("id")
		return HungUp{id}, s.backend.Hangup(id, reason)
	}},
	{method: "POST", path: base + "/calls/{id}/rearm", body: maxBody, do: rearm},

	{method: "GET", path: base + "/stats", do: func(s *Server, _ *http.Request) (any, error) {
		return s.backend.Stats(), nil
	}},
	{method: "POST", path: base + "/reload", long: true, do: func(s *Server, _ *http.Request) (any, error) {
		return s.backend.Reload()
	}},
	{method: "GET", path: base + "/log-level", do: func(s *Server, _ *http.Request) (any, error) {
		return s.backend.LogLevel(), nil
	}},
	{method: "PUT", path: base + "/log-level", body: maxBody, do: func(s *Server, r *http.Request) (any, error) {
		var o LogLevel
		if err := read(r, &o); err != nil {
			return nil, err
		}
		return s.backend.SetLogLevel(o.Level)
	}},
	{method: "GET", path: base + "/version", do: func(s *Server, _ *http.Request) (any, error) {
		return s.backend.Version(), nil
	}},

	{method: "GET", path: "/healthz", do: func(*Server, *http.Request) (any, error) {
		return Health{"ok"}, nil
	}},
	{method: "GET", path: "/readyz", do: func(s *Server, _ *http.Request) (any, error) {
		if !s.backend.Ready() {
			return nil, Refuse(http.StatusServiceUnavailable, "draining")
		}
		return Health{"ready"}, nil
	}},
	{method: "GET", path: "/openapi.json", do: func(*Server, *http.Request) (any, error) {
		return json.RawMessage(OpenAPI), nil
	}},
}, moduleRoutes, accountRoutes, blacklistRoutes)

// calls lists calls, those of a profile only if one is named, at most limit of them.
func calls(s *Server, r *http.Request) (any, error) {
	q := r.URL.Query()
	limit := -1
	if v := q.Get("limit"); v != "" {
		n, err := strconv.ParseUint(v, 10, 31)
		if err != nil {
			return nil, Refuse(http.StatusBadRequest, "limit: want a number, got %q", v)
		}
		limit = int(n)
	}
	ctx, cancel := context.WithTimeout(r.Context(), askCalls)
	defer cancel()
	all, active := s.backend.Calls(ctx)
	shown := make([]Call, 0, len(all))
	for _, c := range all {
		if p := q.Get("profile"); p != "" && c.Profile != p {
			continue
		}
		if len(shown) == limit {
			break
		}
		shown = append(shown, c)
	}
	return Calls{Calls: shown, Active: active}, nil
}

// read takes the body of a request: one JSON value, and no key that means nothing.
func read(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil && d.More() {
		err = errors.New("more than one value")
	}
	if err == nil {
		return nil
	}
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return Refuse(http.StatusRequestEntityTooLarge, "the body has more than %d bytes", tooLarge.Limit)
	}
	if errors.Is(err, io.EOF) {
		return Refuse(http.StatusBadRequest, "a body is missing")
	}
	return Refuse(http.StatusBadRequest, "the body is not as it should be: %s", err)
}

func printable(s string) bool {
	for _, r := range s {
		if r < ' ' || r == 0x7f || r == 0xfffd {
			return false
		}
	}
	return true
}
