package config

import (
	"log/slog"
	"net/netip"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
	"github.com/sallyport-sbc/sallyport/sbc/profile"
)

// Config is the whole file. The doc comments here and in sbc/profile are the reference of
// keys: CONFIG.md is made from them.
type Config struct {
	// Name of this SBC in CDRs and log lines: text, default the machine's host name.
	//
	//	node = "sbc1"
	Node string `toml:"node"`

	// Which profile a call gets: patterns, evaluated from left to right; the first that is
	// not empty names the profile. The word "refuse" refuses the call with 403, and so does
	// a name that no profile has. Required.
	//
	//	active_profile = ["$M($si=>ipmap)", "$H(P-SBCProfile)", "refuse"]
	ActiveProfile []*pattern.Pattern `toml:"active_profile"`

	// Modules that hear of calls which no profile takes: names of [module.NAME] sections, in
	// order, default none. It is how such a call gets its record, too.
	//
	//	refused_modules = ["cdr"]
	RefusedModules []string `toml:"refused_modules"`

	// Files with profiles, besides those in this one: a path, or a pattern with * and ?, relative
	// to this file; default none. Such a file has [profile.NAME] sections and nothing else; each
	// profile can be loaded again by its name while calls run.
	//
	//	profiles = "profiles/*.toml"
	ProfileFiles string `toml:"profiles"`

	// Most calls at one time; a call above it is refused with 503. A number, default 0 = no
	// limit.
	//
	//	max_calls = 2000
	MaxCalls int `toml:"max_calls"`

	// How long running calls may go on when the SBC is told to stop; then it hangs them up.
	// A duration, default "30s"; "0s" hangs up at once.
	//
	//	drain_timeout = "5m"
	DrainTimeout time.Duration `toml:"drain_timeout"`

	// [log] is where the log says how much, and how.
	Log Log `toml:"log"`

	// [control] is where the running SBC takes orders from the command line and other programs.
	Control Control `toml:"control"`

	// [interface.NAME] is one network the SBC stands in: where it listens for SIP and, on
	// the same side, for media. At least one is required. Changes need a restart.
	Interface map[string]*Interface `toml:"interface"`

	// [map.NAME] is a list of rules, key=>value, for the pattern $M(VALUE=>NAME).
	Map map[string]*Map `toml:"map"`

	// [module.NAME] loads a call control module; a profile uses it by NAME.
	Module map[string]*Module `toml:"module"`

	// [store] is where modules keep what outlives a call.
	Store Store `toml:"store"`

	// [redis] is where Redis or Valkey is, for the store or for modules that speak to it.
	Redis *Redis `toml:"redis"`

	// [echo] is a far end inside the SBC that answers every call and sends its audio back.
	// Without this section there is none.
	Echo *Echo `toml:"echo"`

	// [cache] is where compiled modules are kept between starts.
	Cache Cache `toml:"cache"`

	// [profile.NAME] is what happens to one kind of call.
	Profile map[string]*profile.Config `toml:"profile"`
}

// Log is the section [log]. The log goes to standard error.
type Log struct {
	// The least severe lines that are written: "debug", "info", "warn" or "error", default
	// "info".
	//
	//	level = "debug"
	Level slog.Level `toml:"level"`

	// How a line looks: "text" or "json", default "text".
	//
	//	format = "json"
	Format Format `toml:"format"`
}

// Interface is a section [interface.NAME].
type Interface struct {
	// Addresses to listen on for SIP over UDP: address:port, default none. An address of
	// this host, or 0.0.0.0 or [::] together with advertise.
	//
	//	udp = ["192.0.2.1:5060", "[2001:db8::1]:5060"]
	UDP []netip.AddrPort `toml:"udp"`

	// Addresses to listen on for SIP over TCP, as udp.
	//
	//	tcp = ["192.0.2.1:5060"]
	TCP []netip.AddrPort `toml:"tcp"`

	// Address by which the other side reaches this interface, when a NAT stands between:
	// an address with or without a port, for Via, Contact and SDP. Default the address
	// listened on.
	//
	//	advertise = "198.51.100.7"
	Advertise Advertise `toml:"advertise"`

	// Address for RTP and RTCP: an address of this host, default the address of the first
	// listener.
	//
	//	media = "192.0.2.1"
	Media netip.Addr `toml:"media"`

	// Ports for RTP and RTCP: first-last, at least two, default "20000-29999". A call needs
	// two for each media stream. Interfaces that share an address must not share ports.
	//
	//	media_ports = "30000-34999"
	MediaPorts Ports `toml:"media_ports"`

	// Most messages a second that one source (an IPv4 address or an IPv6 /64) may send in the
	// long run; over UDP more are dropped and counted, over TCP more wait. A number from 1,
	// default 40000.
	//
	//	source_rate = 500
	SourceRate int `toml:"source_rate"`

	// Most messages that one source may send at once. A number from 1, default source_rate.
	//
	//	source_burst = 1000
	SourceBurst int `toml:"source_burst"`
}

// Control is the section [control].
type Control struct {
	// Unix socket of the control API, HTTP with JSON; the commands profile, map, call, reload
	// and stats use it. A path relative to the working directory, default
	// "var/run/sallyport.sock"; "" turns the API off. Its folder is made when it is missing.
	// Who may write to the socket controls the SBC: its mode is 0660. Changes need a restart.
	//
	//	socket = "/run/sallyport/sallyport.sock"
	Socket string `toml:"socket"`
}

// Map is a section [map.NAME]: either a file or rules.
type Map struct {
	// How the rule for a key is found: "regex" takes the first regular expression that matches,
	// "prefix" the longest prefix of a number (digits, * and #, after an optional +; the empty
	// prefix is for all other keys), "exact" the whole key, "cidr" the narrowest network an
	// address is in. Default "regex".
	//
	//	kind = "prefix"
	Kind pattern.Kind `toml:"kind"`

	// File with one rule a line, key=>value. Lines that begin with # are comments. Relative to
	// the configuration file.
	//
	//	file = "maps/ip.conf"
	File string `toml:"file"`

	// The rules themselves, instead of a file.
	//
	//	rules = ['^192\.0\.2\.=>office', '.=>public']
	Rules []string `toml:"rules"`
}

// Module is a section [module.NAME].
type Module struct {
	// The WebAssembly file, relative to the configuration file, or "builtin:NAME" for one
	// that is part of the program. Required.
	//
	//	module = "builtin:cdr"
	Module string `toml:"module"`

	// What a call does when the module fails (not when it refuses): "refuse" ends it with
	// 503, "pass" lets it go on. Default "refuse".
	//
	//	on_fail = "pass"
	OnFail callcontrol.OnFail `toml:"on_fail"`

	// What the file must be: its SHA-256 in hexadecimal, default "" = anything.
	//
	//	sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
	SHA256 string `toml:"sha256"`

	// Whose signature the file must have: an Ed25519 public key, its 32 bytes in base64. The
	// signature stands beside the file in FILE.sig: 64 bytes, or those in base64. Default "" =
	// none is asked for.
	//
	//	signer = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
	Signer string `toml:"signer"`

	// How often the file is looked at while the SBC runs, at least "500ms". One that has changed
	// is loaded beside the traffic, validated, and used for new calls. Default "0s" = never: a
	// new file waits for `sallyport module load`.
	//
	//	watch = "2s"
	Watch time.Duration `toml:"watch"`

	// [module.NAME.canary] says how a new generation of the module is judged.
	Canary Canary `toml:"canary"`

	// What the module may do besides looking at calls: capabilities such as "sbc_cdr", default
	// what it asks for when it is built in, and nothing when it is not.
	//
	//	grants = ["sbc_cdr"]
	Grants []string `toml:"grants"`

	// [module.NAME.http] is what the module may reach by HTTP.
	HTTP HTTP `toml:"http"`

	// [module.NAME.redis] is what the module may do with Redis.
	Redis RedisUse `toml:"redis"`

	// [module.NAME.limits] bounds what the module may use.
	Limits Limits `toml:"limits"`

	// [module.NAME.sink.NAME] is where else the records of the module go, besides their file. A
	// sink reads that file, from a position of its own which it keeps in the folder FILE.spool;
	// nothing waits for it, and what it has not read yet is kept when the file is moved away. A new
	// sink begins with what the file holds. Its name is what its position is kept by.
	Sink map[string]*Sink `toml:"sink"`

	// How much of files that were moved away is kept for sinks that have not read them. What is
	// older than that is skipped, counted and told in the log. A size, default "10GiB".
	//
	//	sink_backlog = "2GiB"
	SinkBacklog Size `toml:"sink_backlog"`

	// [module.NAME.config] is given to the module as it is; its README says what it knows.
	//
	//	file = "var/cdr/cdr.jsonl"
	Config map[string]any `toml:"config"`
}

// Echo is the section [echo].
type Echo struct {
	// Where it listens, SIP over UDP: address:port of this host. Required.
	//
	//	address = "127.0.0.1:5070"
	Address netip.AddrPort `toml:"address"`
}

// Cache is the section [cache].
type Cache struct {
	// Directory for compiled modules, made when it is missing; safe to delete. Relative to
	// the working directory, default "var/cache"; "" keeps nothing.
	//
	//	dir = "/var/cache/sallyport"
	Dir string `toml:"dir"`
}
