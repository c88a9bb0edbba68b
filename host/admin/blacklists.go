package admin

import (
	"context"
	"net/http"
	"time"
)

// Where an entry of a blacklist comes from.
const (
	Configured = "configuration"
	Ordered    = "command"
)

// Listed is one entry of a blacklist.
type Listed struct {
	Value  string     `json:"value"`
	Prefix bool       `json:"prefix"`           // hits all that begins with it
	Source string     `json:"source"`           // "configuration" or "command"
	Reason string     `json:"reason,omitempty"` // a note of whoever ordered it
	Since  *time.Time `json:"since,omitempty"`
	Until  *time.Time `json:"until,omitempty"` // none: without end
}

// Blacklists is the answer to a list of the modules that have one.
type Blacklists struct {
	Modules []string `json:"modules"`
}

// Blacklist is one page of a module's entries, by value. Next, when there is more, is what to
// list behind.
type Blacklist struct {
	Module  string   `json:"module"`
	Entries []Listed `json:"entries"`
	Next    string   `json:"next,omitempty"`
}

// ListBlacklist says which entries to list.
type ListBlacklist struct {
	Prefix, After string
	Limit         int // 1 to MaxPage
}

// Block is the request to refuse calls that have a value.
type Block struct {
	Value  string `json:"value"`
	Prefix bool   `json:"prefix,omitempty"`
	Reason string `json:"reason,omitempty"` // a note, on one line
	For    string `json:"for,omitempty"`    // a duration such as "1h"; none: without end
}

// Unblock is the request to let such calls pass again.
type Unblock struct {
	Value  string `json:"value"`
	Prefix bool   `json:"prefix,omitempty"`
}

// Checked says whether a value is hit, and by which entries. It is also the answer to
// Unblock: something else may still hit the value.
type Checked struct {
	Module  string   `json:"module"`
	Value   string   `json:"value"`
	Blocked bool     `json:"blocked"`
	Entries []Listed `json:"entries"`
}

// BlacklistBackend is what the API needs of the modules with a blacklist.
type BlacklistBackend interface {
	Blacklists() []string
	Blacklist(ctx context.Context, module string, q ListBlacklist) (Blacklist, error)
	Block(ctx context.Context, module string, o Block) (Listed, error)
	Unblock(ctx context.Context, module string, o Unblock) (Checked, error)
	CheckBlacklist(ctx context.Context, module, value string) (Checked, error)
}

var blacklistRoutes = []route{
	{method: "GET", path: base + "/blacklists", do: func(s *Server, _ *http.Request) (any, error) {
		return Blacklists{s.backend.Blacklists()}, nil
	}},
	{method: "GET", path: base + "/blacklists/{name}", do: func(s *Server, r *http.Request) (any, error) {
		limit, err := page(r)
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(r.Context(), askStore)
		defer cancel()
		q := r.URL.Query()
		return s.backend.Blacklist(ctx, r.PathValue("name"), ListBlacklist{q.Get("prefix"), q.Get("after"), limit})
	}},
	{method: "POST", path: base + "/blacklists/{name}/block", body: maxBody, do: func(s *Server, r *http.Request) (any, error) {
		var o Block
		if err := read(r, &o); err != nil {
			return nil, err
		}
		if len(o.Reason) > maxReason || !printable(o.Reason) {
			return nil, Refuse(http.StatusBadRequest, "reason: at most %d bytes on one line", maxReason)
		}
		ctx, cancel := context.WithTimeout(r.Context(), askStore)
		defer cancel()
		return s.backend.Block(ctx, r.PathValue("name"), o)
	}},
	{method: "POST", path: base + "/blacklists/{name}/unblock", body: maxBody, do: func(s *Server, r *http.Request) (any, error) {
		var o Unblock
		if err := read(r, &o); err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(r.Context(), askStore)
		defer cancel()
		return s.backend.Unblock(ctx, r.PathValue("name"), o)
	}},
	{method: "GET", path: base + "/blacklists/{name}/check", do: func(s *Server, r *http.Request) (any, error) {
		q := r.URL.Query()
		if !q.Has("value") {
			return nil, Refuse(http.StatusBadRequest, "value is missing: %s?value=…", r.URL.Path)
		}
		ctx, cancel := context.WithTimeout(r.Context(), askStore)
		defer cancel()
		return s.backend.CheckBlacklist(ctx, r.PathValue("name"), q.Get("value"))
	}},
}
