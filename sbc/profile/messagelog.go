package profile

import (
	"errors"
	"strings"

	"github.com/sallyport-sbc/sallyport/sbc/pattern"
)

// MessageLog is the section [profile.NAME.message_log]: files that the messages of a call, and
// its media, are written to as they are on the wire, for Wireshark, tcpdump and sngrep (pcap).
// They hold what was said: mind who may read them, and the law.
type MessageLog struct {
	// Folder of the files, made when it is not there: a text, default none, and nothing is
	// written.
	//
	//	directory = "var/messages"
	Directory string `toml:"directory"`

	// Name of the file, to which .pcap is added: a pattern, default the Call-ID of leg A. What
	// is neither letter nor digit nor one of ._@+=- becomes _. Calls with the same name share
	// a file, and one that is there goes on.
	//
	//	name = "$fU-$ci"
	Name *pattern.Pattern `toml:"name"`

	// Whether SIP messages are written: true or false, default true.
	//
	//	sip = false
	SIP bool `toml:"sip"`

	// Whether RTP and RTCP packets that the SBC relays are written: true or false, default
	// false.
	//
	//	rtp = true
	RTP bool `toml:"rtp"`

	// How long a file may become, after which no more is written to it: a number of bytes
	// such as "1GiB", default "64MiB"; "0" is no limit.
	//
	//	max_size = "256MiB"
	MaxSize Size `toml:"max_size"`
}

var messageLogKeys = []key{
	{name: "message_log.directory", set: (*Plan).setLogDirectory},
	{name: "message_log.name", patterns: one(func(c *Config) *pattern.Pattern { return c.MessageLog.Name }), set: (*Plan).setLogName},
	{name: "message_log.sip", set: setBool(func(p *Plan) *bool { return &p.Log.SIP })},
	{name: "message_log.rtp", set: setBool(func(p *Plan) *bool { return &p.Log.RTP })},
	{name: "message_log.max_size", set: (*Plan).setLogSize},
}

// Log is what a plan says of the files that messages are written to.
type Log struct {
	Directory string // "" = nothing is written
	Name      string // without what the key adds to it, "" = the Call-ID
	SIP, RTP  bool
	MaxSize   int64 // bytes; 0 = no limit

	unnamed bool // the name is known only when the modules have decided
}

func (m *MessageLog) compile(p *Plan) {
	p.Log = Log{Directory: m.Directory, SIP: m.SIP, RTP: m.RTP, MaxSize: int64(m.MaxSize), unnamed: m.Name.UsesVars()}
}

// setLogDirectory takes only the directory of the configuration: where files are written on
// this machine is the operator's to say, never a module's.
func (p *Plan) setLogDirectory(v string) error {
	if v != "" && v != p.Profile.plan.Log.Directory {
		return errors.New("only the configuration says where files are written")
	}
	return nil
}

func (p *Plan) setLogName(v string) error {
	p.Log.Name, p.Log.unnamed = v, false
	return nil
}

func (p *Plan) setLogSize(v string) error {
	if v == "" {
		p.Log.MaxSize = p.Profile.plan.Log.MaxSize
		return nil
	}
	var s Size
	err := s.UnmarshalText([]byte(v))
	if err == nil {
		p.Log.MaxSize = int64(s)
	}
	return err
}

// longestName leaves room for a suffix in the 255 bytes that file systems have.
const longestName = 200

// File returns the path of a call's file, given its Call-ID; "" when nothing is written, or
// the name depends on what modules have not set yet. What a far end says cannot lead it out of
// the directory.
func (l *Log) File(callID string) string {
	if l.Directory == "" || l.unnamed || !l.SIP && !l.RTP {
		return ""
	}
	name := l.Name
	if name == "" {
		name = callID
	}
	name = strings.Map(func(r rune) rune {
		if r|0x20 >= 'a' && r|0x20 <= 'z' || r >= '0' && r <= '9' || r < 0x80 && strings.ContainsRune("._@+=-", r) {
			return r
		}
		return '_'
	}, name[:min(len(name), longestName)])
	if name == "" || name[0] == '.' {
		name = "_" + name
	}
	return strings.TrimRight(l.Directory, "/") + "/" + strings.TrimSuffix(name, ".pcap") + ".pcap"
}
