package sems

import (
	"fmt"
	"strconv"
	"strings"
)

// daemonRow is what becomes of one key of sems.conf that is not an interface's.
type daemonRow struct {
	key string
	why string // nothing is written, for this reason; "" and no carry: nothing is needed
	// carry writes what the key becomes.
	carry func(c *converter, e setting)
}

// own are keys that configure SEMS's process: there is nothing to carry over.
const own = "SEMS's own: Sallyport needs nothing of the kind"

// signature is what stands for SEMS's.
const signature = "messages of its own making name Sallyport; User-Agent and Server of the legs cross unless headers.deny has them"

var daemonRows = []daemonRow{
	{key: "session_limit", carry: (*converter).sessionLimit},
	{key: "max_shutdown_time", carry: (*converter).shutdownTime},
	{key: "loglevel", carry: (*converter).logLevel},
	{key: "dead_rtp_time"},        // in the profiles
	{key: "plugin_config_path"},   // where files are looked for
	{key: "interfaces"},           // in the network
	{key: "next_hop"},             // in the profiles
	{key: "next_hop_1st_req"},     // in the profiles
	{key: "outbound_proxy"},       // in the profiles
	{key: "force_outbound_proxy"}, // in the profiles
	{key: "additional_interfaces"},

	{key: "cps_limit", why: "a limit of new calls a second is not yet available; source_rate and source_burst of an interface limit the messages of one source"},
	{key: "options_session_limit", why: "OPTIONS gets 503 while the SBC stops, not by the number of calls"},
	{key: "shutdown_mode_reply", why: "always 503 Service Unavailable with Retry-After"},
	{key: "next_hop_for_replies", why: "responses go where the request came from (RFC 3261 §18.2.2, RFC 3581)"},
	{key: "force_outbound_if", why: "a leg always leaves by the socket of its interface"},
	{key: "disable_dns_srv", why: "host names without a port are looked up as RFC 3263 says, SRV first"},
	{key: "100rel", why: "PRACK is not yet available: a request that requires 100rel is refused with 420"},
	{key: "signature", why: signature},
	{key: "use_default_signature", why: signature},
	{key: "log_raw_messages", why: "messages are not logged whole"},
	{key: "codec_order", why: "for SEMS's own offers; codecs.prefer_a and prefer_b of a profile order those that cross"},
	{key: "exclude_payloads", why: "for SEMS's own codecs; codecs.deny of a profile filters those that cross"},
	{key: "single_codec_in_ok", why: "answers cross as the far end gave them"},
	{key: "dtmf_detector", why: "DTMF in audio is not detected"},
	{key: "force_symmetric_rtp", why: "SEMS does not use it for relayed media either"},
	{key: "sip_nat_handling", why: "SEMS does not use it for the SBC either; see routing.nat_a and nat_b"},
	{key: "options_transcoder_in_stats_hdr", why: "transcoding is not yet available"},
	{key: "options_transcoder_out_stats_hdr", why: "transcoding is not yet available"},
	{key: "application", carry: func(c *converter, e setting) {
		if e.value != "sbc" {
			c.report.about(e, "SEMS gave calls to this application unless they asked for another; here every call goes through a profile", nothing)
		}
	}},
	{key: "syslog_facility", why: "the log goes to standard error: the service manager takes it from there"},
}

// ownKeys and ownPrefixes are what needs no word each.
var (
	ownKeys = []string{
		"plugin_path", "load_plugins", "exclude_plugins", "load_plugins_rtld_global", "fork", "stderr", "log_sessions", "log_events",
		"pid_file", "daemon_uid", "daemon_gid", "session_processor_threads", "media_processor_threads", "rtp_receiver_threads",
		"sip_server_threads", "out_of_dialog_threads", "ignore_rtpxheaders", "unhandled_reply_loglevel", "sip_ip", "udp_rcvbuf",
	}
	ownPrefixes = map[string]string{
		"sip_timer_": "timers are those of RFC 3261; routing.ring_timeout and target_timeout of a profile are the ones to set",
		"rtp_mux_":   "RTP multiplexing between two SBCs is not yet available",
	}
)

// daemon converts the keys of sems.conf that are not about interfaces.
func (c *converter) daemon() {
	if c.sems == nil {
		return
	}
	for n, e := range c.sems.all {
		if c.sems.index[e.key] == n {
			c.daemonKey(e)
		}
	}
}

func (c *converter) daemonKey(e setting) {
	for _, key := range interfaceKeys {
		if suffix, ok := strings.CutPrefix(e.key, key); ok && (suffix == "" || suffix[0] == '_') {
			return
		}
	}
	for i := range daemonRows {
		if r := &daemonRows[i]; r.key == e.key {
			switch {
			case r.carry != nil:
				r.carry(c, e)
			case r.why != "":
				c.report.about(e, r.why, nothing)
			}
			return
		}
	}
	for prefix, why := range ownPrefixes {
		if strings.HasPrefix(e.key, prefix) {
			c.report.about(e, why, nothing)
			return
		}
	}
	for _, key := range ownKeys {
		if key == e.key {
			c.report.about(e, own, nothing)
			return
		}
	}
	c.report.about(e, "no key of SEMS that matters to its SBC", nothing)
}

// sessionLimit reads "n;code;reason".
func (c *converter) sessionLimit(e setting) {
	parts := strings.SplitN(e.value, ";", 3)
	n, err := strconv.ParseUint(strings.TrimSpace(parts[0]), 10, 31)
	if err != nil {
		c.report.about(e, "no number of sessions", nothing)
		return
	}
	if n == 0 {
		return
	}
	c.doc.section("").set("max_calls", strconv.FormatUint(n, 10), e)
	why := "SEMS counts sessions, one for each leg; this counts calls: halve it if legs were meant"
	if len(parts) > 1 && strings.TrimSpace(parts[1]) != "503" {
		why += "; a call above it always gets 503"
	}
	c.report.about(e, why, fmt.Sprintf("max_calls = %d", n))
}

func (c *converter) shutdownTime(e setting) {
	n, err := strconv.ParseUint(e.value, 10, 20)
	switch {
	case err != nil:
		c.report.about(e, "no number of seconds", nothing)
		return
	case n == 0:
		c.doc.section("").set("drain_timeout", text("24h"), e)
		c.report.about(e, "0 means without end in SEMS and at once here", "24h")
		return
	}
	c.doc.section("").set("drain_timeout", text(seconds(n)), e)
	c.report.about(e, "SEMS ends all calls at once and waits this long for the answers to BYE; Sallyport lets calls go on this long", seconds(n))
}

func (c *converter) logLevel(e setting) {
	levels := map[string]string{"0": "error", "1": "warn", "2": "info", "3": "debug"}
	level, ok := levels[e.value]
	if !ok {
		c.report.about(e, "no log level from 0 to 3", nothing)
		return
	}
	c.doc.section("log").set("level", text(level), e)
}

// seconds writes a duration.
func seconds(n uint64) string { return strconv.FormatUint(n, 10) + "s" }
