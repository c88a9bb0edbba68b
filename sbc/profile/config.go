package profile

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/sallyport-sbc/sallyport/sbc/pattern"
)

// Config is the section [profile.NAME]: what happens to one kind of call.
type Config struct {
	// Another profile that this one is like: keys that are not here are those of that profile,
	// which may be like a third one. A list here replaces the whole list there. Default none.
	//
	//	extends = "carrier"
	Extends string `toml:"extends"`

	// [profile.NAME.identity] is who the call is from and to, on leg B.
	Identity Identity `toml:"identity"`

	// [profile.NAME.contact] is what the legs are told as the SBC's own address.
	Contact Contact `toml:"contact"`

	// [profile.NAME.routing] is where the call goes, and how long it may take.
	Routing Routing `toml:"routing"`

	// [profile.NAME.headers] is which header fields cross, and which are added.
	Headers Headers `toml:"headers"`

	// [profile.NAME.methods] is which requests inside the call cross.
	Methods Methods `toml:"methods"`

	// [profile.NAME.media] is how audio and video pass.
	Media Media `toml:"media"`

	// [profile.NAME.codecs] is which codecs the legs may agree on.
	Codecs Codecs `toml:"codecs"`

	// [profile.NAME.sdp] is what else of session descriptions crosses.
	SDP SDP `toml:"sdp"`

	// [profile.NAME.replies] is which responses leave with another status code.
	Replies Replies `toml:"replies"`

	// [profile.NAME.session_timer] finds and ends calls whose far end has died.
	SessionTimer SessionTimer `toml:"session_timer"`

	// [profile.NAME.auth] is with which credentials the SBC answers, and which it demands.
	Auth Auth `toml:"auth"`

	// [profile.NAME.message_log] writes what is said to files.
	MessageLog MessageLog `toml:"message_log"`

	// [profile.NAME.refuse] refuses calls instead of letting them pass.
	Refuse Refuse `toml:"refuse"`

	// Modules that decide about the call, in order: names of [module.NAME] sections, default
	// none. The first that refuses ends the call.
	//
	//	modules = ["cdr", "limit"]
	Modules []string `toml:"modules"`

	// Parameters of the modules above, by the module's name: patterns, evaluated when the
	// call comes. What they mean stands in the module's README. The parameter on_fail is the
	// SBC's: "refuse" or "pass", it overrides that of the [module.NAME] section here.
	//
	//	[profile.default.module.limit]
	//	account = "$fU"
	//	on_fail = "pass"
	Module map[string]map[string]*pattern.Pattern `toml:"module"`
}

// hash is the SHA-256 of the configuration in a form that does not depend on how the file
// was written: the same keys and values give the same hash.
func (c *Config) hash() string {
	text, err := json.Marshal(c)
	if err != nil {
		panic("profile: " + err.Error()) // only if a field of Config cannot be written as JSON
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
