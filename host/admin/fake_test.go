package admin

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// fake is a backend with one of everything.
type fake struct {
	mu       sync.Mutex
	asked    []string // what was ordered, in order
	draining bool
}

var when = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

var (
	oneProfile = Profile{Name: "trunk", File: "trunk.toml", MD5: "m", SHA256: "s", Settings: "k", Loaded: when}
	oneMap     = Map{Name: "ip", Kind: "cidr", File: "ip.conf", MD5: "m", SHA256: "s", Count: 1, Loaded: when}
	oneCall    = Call{
		ID: "c1", CallIDA: "a@x", CallIDB: "b@x", Caller: "alice", Callee: "bob", From: "sip:alice@example.org", To: "sip:bob@example.net",
		Profile: "trunk", State: "answered", Source: "192.0.2.1:5060", Destination: "192.0.2.2:5060", InterfaceA: "public", InterfaceB: "private",
		Start: when, Ringing: &when, Answer: &when, Until: &when,
		Media: &CallMedia{A: PartyMedia{Codec: "PCMU/8000", Source: "192.0.2.1:4000", Packets: 5, MOS: 4.4}},
	}
)

func (f *fake) order(what string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, what)
}

func (f *fake) orders() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.asked
}

func none(what, name, known string) error {
	if name != known {
		return Refuse(http.StatusNotFound, "there is no %s %q", what, name)
	}
	return nil
}

func (f *fake) Profiles() []Profile { return []Profile{oneProfile} }

func (f *fake) Profile(name string) (ProfileSettings, error) {
	return ProfileSettings{oneProfile, map[string]any{"routing": map[string]any{"next_hop": "192.0.2.1"}}}, none("profile", name, "trunk")
}

func (f *fake) LoadProfile(name, file string) (Profile, error) {
	f.order("load " + name + " " + file)
	return oneProfile, nil
}

func (f *fake) ReloadProfile(name string) (Profile, error) {
	f.order("reload " + name)
	return oneProfile, none("profile", name, "trunk")
}

func (f *fake) ReloadProfiles() ([]Profile, error) {
	f.order("reload all")
	return nil, &Problem{Status: http.StatusUnprocessableEntity, Message: "nothing was changed", Mistakes: []Mistake{{"trunk.toml", 3, "trunk.toml:3: no"}}}
}

func (f *fake) Active() Active { return Active{Selectors: []string{"trunk"}} }

func (f *fake) SetActive(selectors []string) (Active, error) { return Active{selectors, true}, nil }

func (f *fake) Maps() []Map { return []Map{oneMap} }

func (f *fake) Map(name string) (MapRules, error) {
	return MapRules{oneMap, []string{"192.0.2.0/24=>trunk"}}, none("map", name, "ip")
}

func (f *fake) SetMap(name string, to MapChange) (Map, error) {
	f.order("set " + name + " " + to.File)
	return oneMap, none("map", name, "ip")
}

func (f *fake) ReloadMap(name string) (Map, error) { return oneMap, none("map", name, "ip") }

func (f *fake) LookUp(name, key string) (LookUp, error) {
	return LookUp{key, true, "trunk", 1}, none("map", name, "ip")
}

func (f *fake) Calls(context.Context) ([]Call, int64) {
	other := oneCall
	other.ID, other.Profile, other.Media, other.Answer = "c2", "other", nil, nil
	return []Call{oneCall, other}, 3
}

func (f *fake) Call(_ context.Context, id string) (Call, error) {
	return oneCall, none("call", id, "c1")
}

func (f *fake) Hangup(id, reason string) error {
	f.order("hangup " + id + " " + reason)
	return none("call", id, "c1")
}

func (f *fake) Rearm(_ context.Context, id string, o Rearm) (*time.Time, error) {
	f.order(fmt.Sprintf("rearm %s %s %s %v", id, o.Module, o.Duration, o.FromNow))
	if o.Duration == "0" {
		return nil, none("call", id, "c1")
	}
	return &when, none("call", id, "c1")
}

var oneModule = Module{
	Name: "cdr", Live: true, Stable: Generation{ID: "g1", Version: "1.0.0", File: "builtin:cdr", SHA256: "s"},
	Canary: &Generation{ID: "g2", Version: "1.1.0", File: "cdr.wasm", SHA256: "t"}, Percent: 10,
	Old: []Draining{{"g0", 3}}, Rollbacks: 1, LastRollback: &Rollback{when, "g0", "failed"},
}

func (f *fake) Modules() []Module { return []Module{oneModule} }

func (f *fake) LoadModule(name string, o LoadModule) (Module, error) {
	f.order("load " + name + " " + o.File)
	return oneModule, none("module", name, "cdr")
}

func (f *fake) CanaryModule(name string, percent int) (Module, error) {
	f.order(fmt.Sprintf("canary %s %d", name, percent))
	return oneModule, none("module", name, "cdr")
}

func (f *fake) PromoteModule(name string) (Module, error) {
	return oneModule, none("module", name, "cdr")
}

func (f *fake) RollBackModule(name string) (Module, error) {
	if name == "new" {
		return Module{}, Refuse(http.StatusConflict, "there is no generation to go back to")
	}
	return oneModule, none("module", name, "cdr")
}

var (
	oneAccount = Account{"alice", "12.50", "1.00", "11.50"}
	oneListed  = Listed{Value: "+900", Prefix: true, Source: Ordered, Reason: "fraud", Since: &when, Until: &when}
)

func (f *fake) Accounts(_ context.Context, q ListAccounts) (Accounts, error) {
	f.order(fmt.Sprintf("accounts %+v", q))
	return Accounts{[]Account{oneAccount}, "alice"}, nil
}

func (f *fake) Account(_ context.Context, name string) (AccountDetails, error) {
	return AccountDetails{oneAccount, 1, []Reservation{{"c1/prepaid", 1, "1.00", when}}}, none("account", name, "alice")
}

func (f *fake) Deposit(_ context.Context, name string, o ChangeAccount) (AccountChanged, error) {
	f.order(fmt.Sprintf("deposit %s %+v", name, o))
	return AccountChanged{oneAccount, o.Amount, o.Reference, true, false}, nil
}

func (f *fake) Withdraw(_ context.Context, name string, o ChangeAccount) (AccountChanged, error) {
	f.order(fmt.Sprintf("withdraw %s %+v", name, o))
	return AccountChanged{oneAccount, "-" + o.Amount, o.Reference, false, true}, none("account", name, "alice")
}

func (f *fake) Blacklists() []string { return []string{"blacklist"} }

func (f *fake) Blacklist(_ context.Context, module string, q ListBlacklist) (Blacklist, error) {
	f.order(fmt.Sprintf("blacklist %+v", q))
	return Blacklist{module, []Listed{oneListed}, "+900"}, none("blacklist", module, "blacklist")
}

func (f *fake) Block(_ context.Context, module string, o Block) (Listed, error) {
	f.order(fmt.Sprintf("block %+v", o))
	return oneListed, none("blacklist", module, "blacklist")
}

func (f *fake) Unblock(_ context.Context, module string, o Unblock) (Checked, error) {
	f.order(fmt.Sprintf("unblock %+v", o))
	return Checked{module, o.Value, false, []Listed{}}, none("blacklist", module, "blacklist")
}

func (f *fake) CheckBlacklist(_ context.Context, module, value string) (Checked, error) {
	return Checked{module, value, true, []Listed{oneListed}}, none("blacklist", module, "blacklist")
}

func (f *fake) Stats() Stats {
	return Stats{1, Figures{"active": 1}, Figures{}, Figures{}, Figures{}, []Figures{{"name": "cdr"}}, []Figures{}, []Figures{}}
}

func (f *fake) Reload() (Reloaded, error) {
	f.order("reload everything")
	return Reloaded{"sallyport.toml", "s", []string{}, []string{"module cdr"}}, nil
}

func (f *fake) Explain(_ context.Context, q Explain) (any, error) {
	if q.Message == "x" {
		return nil, Refuse(http.StatusBadRequest, "there is no SIP message")
	}
	return map[string]any{"verdict": "goes out", "configuration": "sallyport.toml", "request": map[string]any{"source": q.Source}}, nil
}

func (f *fake) LogLevel() LogLevel { return LogLevel{"info"} }

func (f *fake) SetLogLevel(level string) (LogLevel, error) {
	if level == "broken" {
		return LogLevel{}, context.Canceled // an error of the SBC's own
	}
	return LogLevel{level}, nil
}

func (f *fake) Version() Version { return Version{"1", "c", "go1.26", "1.1", "sbc1"} }

func (f *fake) Ready() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.draining
}
