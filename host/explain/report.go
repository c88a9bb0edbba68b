package explain

import (
	"bytes"
	"encoding/json"
)

// Request is what is to be explained.
type Request struct {
	// Message is a SIP request as text. Line ends, indentation, lines before it and
	// Content-Length are repaired, and the report says so.
	Message string `json:"message,omitempty"`
	// CDR is a record, one JSON object, to be explained again in place of a message.
	CDR string `json:"cdr,omitempty"`
	// Source is where the request comes from, "address:port" or "address"; "" is what its top
	// Via says.
	Source string `json:"source,omitempty"`
	// Interface is the one it comes in by; "" is the first that can receive it.
	Interface string `json:"interface,omitempty"`
	// Profile takes the place of the selection. For a request inside a dialog it is the profile
	// of the call; "" explains it as that of a call that does not exist.
	Profile string `json:"profile,omitempty"`
	// Resolve asks the DNS for the names of targets.
	Resolve bool `json:"resolve,omitempty"`
}

// The verdicts of a report.
const (
	GoesOut  = "goes out" // an INVITE leaves, or the request crosses to the other leg
	Answered = "answered" // by the SBC itself, with a 2xx
	Refused  = "refused"
	Dropped  = "dropped" // without a response
)

// Report says what the SBC would do.
type Report struct {
	Verdict       string     `json:"verdict"`
	Why           string     `json:"why,omitempty"` // of a refusal
	Configuration string     `json:"configuration"`
	Request       Received   `json:"request"`
	Notes         []string   `json:"notes,omitempty"` // what was repaired or assumed, and what cannot be known
	Selection     []Selector `json:"selection,omitempty"`
	Profile       string     `json:"profile,omitempty"`
	Patterns      []Pattern  `json:"patterns,omitempty"`
	Modules       []Module   `json:"modules,omitempty"`
	Answer        *Answer    `json:"answer,omitempty"`
	Targets       []Target   `json:"targets,omitempty"` // in the order they are tried
}

// Received is the request as the SBC saw it.
type Received struct {
	Method    string `json:"method"`
	Status    int    `json:"status,omitempty"` // of a response
	RURI      string `json:"ruri"`
	From      string `json:"from,omitempty"`
	To        string `json:"to,omitempty"`
	CallID    string `json:"call_id,omitempty"`
	Source    string `json:"source"`
	Interface string `json:"interface"`
	Transport string `json:"transport"`
	Local     string `json:"local"`
}

// Selector is one element of active_profile.
type Selector struct {
	Pattern string   `json:"pattern"`
	Value   string   `json:"value"`
	LookUps []LookUp `json:"lookups,omitempty"`
	Asked   bool     `json:"asked"` // false: one before it has decided
	Chosen  bool     `json:"chosen"`
	Why     string   `json:"why"`
}

// LookUp is one look into a map.
type LookUp struct {
	Map   string `json:"map"`
	Key   string `json:"key"`
	Found bool   `json:"found"`
	Value string `json:"value,omitempty"`
	Rule  string `json:"rule,omitempty"`
	File  string `json:"file,omitempty"` // of the rule; "" = the configuration
	Line  int    `json:"line,omitempty"` // in the file, else which rule
}

// Pattern is one pattern of the profile.
type Pattern struct {
	Key       string   `json:"key"`
	Pattern   string   `json:"pattern"`
	Value     string   `json:"value"`
	Evaluated bool     `json:"evaluated"` // false: the call did not get so far
	Constant  bool     `json:"constant,omitempty"`
	Late      bool     `json:"late,omitempty"` // after the modules, whose variables it uses
	LookUps   []LookUp `json:"lookups,omitempty"`
	SetBy     string   `json:"set_by,omitempty"` // the module that put another value in its place
}

// The verdicts of modules.
const (
	Passes   = "passes"
	Refuses  = "refuses"
	Drops    = "drops"
	Fails    = "fails"
	NotAsked = "not asked"
	NotTried = "not tried" // it cannot be tried in a dry run; the explanation goes on as if it passed
)

// Module is one module of the profile.
type Module struct {
	Use         string   `json:"use"`
	OnFail      string   `json:"on_fail"`
	Params      []Param  `json:"params,omitempty"`
	LookUps     []LookUp `json:"lookups,omitempty"`
	Verdict     string   `json:"verdict"`
	Code        int      `json:"code,omitempty"`
	Reason      string   `json:"reason,omitempty"`
	Why         string   `json:"why,omitempty"`
	Headers     []Field  `json:"headers,omitempty"` // of its refusal
	Set         []Field  `json:"set,omitempty"`     // keys of the profile
	Vars        []Field  `json:"vars,omitempty"`    // variables of the call
	MaxDuration string   `json:"max_duration,omitempty"`
	Timers      []string `json:"timers,omitempty"`
	Asked       []Asked  `json:"asked,omitempty"` // of stores, of Redis, by HTTP
	Log         []string `json:"log,omitempty"`
}

// Asked is what a module wanted of the world outside its sandbox. Known is false when it
// needed an answer that a dry run does not have.
type Asked struct {
	What  string `json:"what"`
	Known bool   `json:"known"`
}

// Param is a parameter of a module.
type Param struct {
	Name      string `json:"name"`
	Pattern   string `json:"pattern"`
	Value     string `json:"value"`
	Evaluated bool   `json:"evaluated"` // false: the call did not get so far
}

// Field is a name and its value.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Answer is the response to the request.
type Answer struct {
	Code    int     `json:"code"`
	Reason  string  `json:"reason"`
	Headers []Field `json:"headers,omitempty"`
}

// Target is one place the request goes to.
type Target struct {
	RURI      string   `json:"ruri"`
	Place     string   `json:"place"`             // where it is sent: a name or an address, with port and transport
	Address   string   `json:"address,omitempty"` // "" when place is a name
	Addresses []string `json:"addresses,omitempty"`
	Interface string   `json:"interface,omitempty"`
	Error     string   `json:"error,omitempty"`
	// Message is the request as it leaves, with placeholders such as <tag> for what is random.
	Message string `json:"message,omitempty"`
	// Diff is Message beside the request that came; of the targets after the first, beside
	// that of the first.
	Diff []Line `json:"diff,omitempty"`
}

// Line is one line of a diff.
type Line struct {
	Op   string `json:"op"` // " ", "-" only as it came, "+" only as it leaves
	Text string `json:"text"`
}

// note adds a remark, once.
func (r *Report) note(s string) {
	for _, n := range r.Notes {
		if n == s {
			return
		}
	}
	r.Notes = append(r.Notes, s)
}

// JSON returns the report as indented JSON that a person can read, too.
func (r *Report) JSON() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(r)
	return b.Bytes(), err
}
