package admin

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Backend is the SBC behind the API. Its methods are safe for concurrent use. What is wrong
// with a request they say as a *Problem; any other error is the SBC's own.
type Backend interface {
	Profiles() []Profile
	Profile(name string) (ProfileSettings, error)
	LoadProfile(name, file string) (Profile, error)
	ReloadProfile(name string) (Profile, error)
	ReloadProfiles() ([]Profile, error)

	Active() Active
	SetActive(selectors []string) (Active, error)

	Maps() []Map
	Map(name string) (MapRules, error)
	SetMap(name string, to MapChange) (Map, error)
	ReloadMap(name string) (Map, error)
	LookUp(name, key string) (LookUp, error)

	// Explain says what would become of a request, in the words of sallyport explain --json.
	Explain(ctx context.Context, q Explain) (any, error)

	// Calls returns those that answer before ctx ends, and how many there are.
	Calls(ctx context.Context) (calls []Call, active int64)
	Call(ctx context.Context, id string) (Call, error)
	Hangup(id, reason string) error
	// Rearm sets how long a module lets a call last; until is when it ends then, nil for never or not known yet.
	Rearm(ctx context.Context, id string, o Rearm) (until *time.Time, err error)

	ModuleBackend
	AccountBackend
	BlacklistBackend

	Stats() Stats
	Reload() (Reloaded, error)
	LogLevel() LogLevel
	SetLogLevel(level string) (LogLevel, error)
	Version() Version
	// Ready says whether new calls are taken.
	Ready() bool
}

// Problem is an answer that says what is wrong.
type Problem struct {
	Status   int       `json:"status"` // of the response
	Message  string    `json:"error"`
	Mistakes []Mistake `json:"mistakes,omitempty"`
}

// Mistake is one place where a file is wrong.
type Mistake struct {
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"` // from 1; 0 = the file as a whole
	Text string `json:"text"`           // with file and line in front
}

// Error returns the message, and every mistake on a line of its own.
func (p *Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.Message)
	for _, m := range p.Mistakes {
		b.WriteString("\n" + m.Text)
	}
	return b.String()
}

// Refuse makes a problem.
func Refuse(status int, format string, args ...any) *Problem {
	return &Problem{Status: status, Message: fmt.Sprintf(format, args...)}
}

// NotFound is the problem of something that is not there.
func NotFound(err error) *Problem { return &Problem{Status: http.StatusNotFound, Message: err.Error()} }
