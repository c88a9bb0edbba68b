package admin

import "time"

// The shapes of what crosses the socket; openapi.json says the same to others.

// Profile says where a profile came from.
type Profile struct {
	Name     string    `json:"name"`
	File     string    `json:"file"`
	MD5      string    `json:"md5"`         // of the file
	SHA256   string    `json:"sha256"`      // of the file
	Settings string    `json:"keys_sha256"` // of the profile's own keys and values
	Loaded   time.Time `json:"loaded"`
	Live     bool      `json:"live"` // differs from what the configuration's files say
}

// ProfileSettings is a profile with every key that has a value, defaults too; what is secret
// is shown as "…".
type ProfileSettings struct {
	Profile
	Keys map[string]any `json:"settings"`
}

// Profiles is the answer to a list.
type Profiles struct {
	Profiles []Profile `json:"profiles"`
}

// LoadProfile is the request to load a profile from a file.
type LoadProfile struct {
	File string `json:"file"`
}

// Active is the selection of profiles.
type Active struct {
	Selectors []string `json:"selectors"`
	Live      bool     `json:"live"`
}

// SetActive is the request to change it.
type SetActive struct {
	Selectors []string `json:"selectors"`
}

// Map says where a map came from.
type Map struct {
	Name   string    `json:"name"`
	Kind   string    `json:"kind"`
	File   string    `json:"file,omitempty"` // none: its rules came without one
	MD5    string    `json:"md5"`
	SHA256 string    `json:"sha256"`
	Count  int       `json:"count"` // of rules
	Loaded time.Time `json:"loaded"`
	Live   bool      `json:"live"`
}

// MapRules is a map with its rules.
type MapRules struct {
	Map
	Rules []string `json:"rules"`
}

// Maps is the answer to a list.
type Maps struct {
	Maps []Map `json:"maps"`
}

// MapChange is the request to give a map other rules: those of a file, or these.
type MapChange struct {
	Kind  string   `json:"kind,omitempty"` // makes the map when it is not there
	File  string   `json:"file,omitempty"`
	Rules []string `json:"rules,omitempty"`
}

// LookUp is what a map has for a key.
type LookUp struct {
	Key   string `json:"key"`
	Found bool   `json:"found"`
	Value string `json:"value"`
	Line  int    `json:"line"` // of the rule, 0 = none
}

// Call is a call in progress.
type Call struct {
	ID          string     `json:"id"`
	CallIDA     string     `json:"sip_call_id_a"`
	CallIDB     string     `json:"sip_call_id_b,omitempty"`
	Caller      string     `json:"caller"`
	Callee      string     `json:"callee"`
	From        string     `json:"from"`
	To          string     `json:"to"`
	Profile     string     `json:"profile"`
	State       string     `json:"state"` // "calling", "ringing", "answered"
	Source      string     `json:"source"`
	Destination string     `json:"destination,omitempty"`
	InterfaceA  string     `json:"interface_a"`
	InterfaceB  string     `json:"interface_b,omitempty"`
	Start       time.Time  `json:"start"`
	Ringing     *time.Time `json:"ringing,omitempty"`
	Answer      *time.Time `json:"answer,omitempty"`
	Until       *time.Time `json:"until,omitempty"` // when its maximum duration is over
	OnHold      bool       `json:"on_hold"`
	Media       *CallMedia `json:"media,omitempty"` // none: media does not flow through the SBC
}

// CallMedia is what each party sent.
type CallMedia struct {
	A PartyMedia `json:"a"`
	B PartyMedia `json:"b"`
}

// PartyMedia is what one party sent.
type PartyMedia struct {
	Codec    string  `json:"codec"`
	Source   string  `json:"source,omitempty"`
	Packets  uint64  `json:"packets"`
	Bytes    uint64  `json:"bytes"`
	Lost     uint64  `json:"lost"`
	Rejected uint64  `json:"rejected"`
	Filtered uint64  `json:"filtered"` // telephone-events that were taken out
	Limited  uint64  `json:"limited"`  // packets over the bandwidth
	Digits   uint64  `json:"digits"`   // that were detected in RTP
	JitterMS float64 `json:"jitter_ms"`
	MOS      float64 `json:"mos"` // 0 = no packet came
}

// Calls is the answer to a list. Active counts all calls, also those not in the list.
type Calls struct {
	Calls  []Call `json:"calls"`
	Active int64  `json:"active"`
}

// HungUp is the answer to a hangup.
type HungUp struct {
	ID string `json:"id"`
}

// Figures are counters and gauges by name.
type Figures map[string]any

// Stats are the figures of every room.
type Stats struct {
	Uptime       float64   `json:"uptime_seconds"`
	Calls        Figures   `json:"calls"`
	Transport    Figures   `json:"transport"`
	Transactions Figures   `json:"transactions"`
	Media        Figures   `json:"media"`
	Modules      []Figures `json:"modules"`
	CDR          []Figures `json:"cdr"`
	Maps         []Figures `json:"maps"`
}

// Reloaded is the answer to a reload of everything.
type Reloaded struct {
	File   string   `json:"file"`
	SHA256 string   `json:"sha256"`
	Lost   []string `json:"lost"` // what was changed while running and is not any more
	Kept   []string `json:"kept"` // what was changed while running and still is
}

// Explain is a request to be explained: a SIP request as text, or a call record.
type Explain struct {
	Message   string `json:"message,omitempty"`
	CDR       string `json:"cdr,omitempty"`
	Source    string `json:"source,omitempty"`
	Interface string `json:"interface,omitempty"`
	Profile   string `json:"profile,omitempty"` // in place of the selection
	Resolve   bool   `json:"resolve,omitempty"` // look the names of targets up
}

// LogLevel is the least severe level that is logged.
type LogLevel struct {
	Level string `json:"level"`
}

// Version says what runs.
type Version struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
	ABI     string `json:"abi"`
	Node    string `json:"node"`
}

// Health is the answer to a probe.
type Health struct {
	Status string `json:"status"` // "ok", "ready", "draining"
}
