package admin

import (
	"net/http"
	"time"
)

// Module is how the generations of a module stand.
type Module struct {
	Name    string      `json:"name"`
	Live    bool        `json:"live"` // what is in use differs from the file
	Stable  Generation  `json:"stable"`
	Canary  *Generation `json:"canary,omitempty"` // that stands beside it
	Percent int         `json:"percent"`          // of the new calls that the canary gets
	Before  *Generation `json:"before,omitempty"` // what rollback goes back to without a canary
	Old     []Draining  `json:"old"`              // that only running calls hold

	Rollbacks    int       `json:"rollbacks"`
	LastRollback *Rollback `json:"last_rollback,omitempty"`
}

// Generation is one file with one configuration.
type Generation struct {
	ID       string  `json:"generation"`
	Version  string  `json:"version"` // as its manifest says
	File     string  `json:"file"`
	SHA256   string  `json:"sha256"`
	Calls    int64   `json:"calls"` // that hold it
	Started  uint64  `json:"started"`
	Refused  uint64  `json:"refused"` // of these
	Hooks    uint64  `json:"hooks"`
	Failures uint64  `json:"failures"` // hooks: traps, answers against the contract, errors
	Late     uint64  `json:"deadlines"`
	Fuel     float64 `json:"fuel_per_hook"`

	Instances int    `json:"instances"`
	Memory    uint64 `json:"memory"` // bytes of its guest's, those that instances share counted once
	// NotCopied says why instances are not copies of one that has started, but start each by itself; "" = they are.
	NotCopied string `json:"not_copied"`
}

// Draining is a generation that gets no new calls.
type Draining struct {
	ID    string `json:"generation"`
	Calls int64  `json:"calls"`
}

// Rollback says when and why a generation was taken back.
type Rollback struct {
	Time time.Time `json:"time"`
	ID   string    `json:"generation"`
	Why  string    `json:"why"` // "" = it was ordered
}

// Modules is the answer to a list.
type Modules struct {
	Modules []Module `json:"modules"`
}

// LoadModule is the request to load a generation beside the one in use.
type LoadModule struct {
	File    string `json:"file,omitempty"`    // none: as configured
	SHA256  string `json:"sha256,omitempty"`  // that the file must have; none: as configured
	Percent int    `json:"percent,omitempty"` // of the new calls that it gets at once
}

// SetCanary is the request to give the canary another share.
type SetCanary struct {
	Percent int `json:"percent"`
}

// ModuleBackend is what the API needs of the modules.
type ModuleBackend interface {
	Modules() []Module
	LoadModule(name string, o LoadModule) (Module, error)
	CanaryModule(name string, percent int) (Module, error)
	PromoteModule(name string) (Module, error)
	RollBackModule(name string) (Module, error)
}

var moduleRoutes = []route{
	{method: "GET", path: base + "/modules", do: func(s *Server, _ *http.Request) (any, error) {
		return Modules{s.backend.Modules()}, nil
	}},
	{method: "POST", path: base + "/modules/{name}/load", body: maxBody, long: true, do: func(s *Server, r *http.Request) (any, error) {
		var o LoadModule
		if err := read(r, &o); err != nil {
			return nil, err
		}
		return s.backend.LoadModule(r.PathValue("name"), o)
	}},
	{method: "POST", path: base + "/modules/{name}/canary", body: maxBody, do: func(s *Server, r *http.Request) (any, error) {
		var o SetCanary
		if err := read(r, &o); err != nil {
			return nil, err
		}
		return s.backend.CanaryModule(r.PathValue("name"), o.Percent)
	}},
	{method: "POST", path: base + "/modules/{name}/promote", do: func(s *Server, r *http.Request) (any, error) {
		return s.backend.PromoteModule(r.PathValue("name"))
	}},
	{method: "POST", path: base + "/modules/{name}/rollback", do: func(s *Server, r *http.Request) (any, error) {
		return s.backend.RollBackModule(r.PathValue("name"))
	}},
}
