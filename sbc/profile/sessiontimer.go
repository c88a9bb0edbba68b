package profile

import (
	"fmt"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
)

// SessionTimer is the section [profile.NAME.session_timer]: session timers (RFC 4028), by
// which a call whose far end has silently died is found and ended. Each leg has its own.
type SessionTimer struct {
	// Timer of leg A, towards the caller: [profile.NAME.session_timer.a].
	A LegTimer `toml:"a"`

	// Timer of leg B, towards the callee: [profile.NAME.session_timer.b].
	B LegTimer `toml:"b"`
}

// LegTimer is the session timer of one leg.
type LegTimer struct {
	// Whether the leg has a session timer: yes or no, or a pattern for it, default "no".
	//
	//	enable = "$H(P-Enable-SST)"
	Enable *pattern.Pattern `toml:"enable"`

	// How long the session lives without a refresh: a duration of at least 90s, or a pattern
	// for one, default "30m". Whoever refreshes does so at half of it.
	//
	//	expires = "10m"
	Expires *pattern.Pattern `toml:"expires"`

	// Shortest interval that is accepted (Min-SE): a duration of at least 90s, or a pattern,
	// default "90s". Leg A is told so with 422 when it asks for less.
	//
	//	minimum = "3m"
	Minimum *pattern.Pattern `toml:"minimum"`

	// Longest interval: what the far end asks above it is cut down to it. A duration, or a
	// pattern, default "2h".
	//
	//	maximum = "15m"
	Maximum *pattern.Pattern `toml:"maximum"`

	// How the SBC refreshes: "update", "invite", or "auto" for UPDATE where the far end allows
	// it and else re-INVITE; or a pattern, default "auto".
	//
	//	method = "invite"
	Method *pattern.Pattern `toml:"method"`
}

// leastInterval is the smallest session interval there may be (RFC 4028 §4).
const leastInterval = 90 * time.Second

// RefreshMethod is how the SBC refreshes a session.
type RefreshMethod uint8

const (
	RefreshAuto RefreshMethod = iota // UPDATE where the far end allows it, else re-INVITE
	RefreshUpdate
	RefreshInvite
)

// Timer is the session timer of one leg, in values.
type Timer struct {
	Enabled                   bool
	Expires, Minimum, Maximum time.Duration
	Method                    RefreshMethod
}

// defaultTimer is what a leg's timer is without a key.
var defaultTimer = Timer{Expires: 30 * time.Minute, Minimum: leastInterval, Maximum: 2 * time.Hour}

var sessionTimerKeys = join(
	timerKeys("session_timer.a.", media.A, func(c *Config) *LegTimer { return &c.SessionTimer.A }),
	timerKeys("session_timer.b.", media.B, func(c *Config) *LegTimer { return &c.SessionTimer.B }),
)

func timerKeys(prefix string, side media.Side, of func(*Config) *LegTimer) []key {
	interval := func(field func(*Timer) *time.Duration) func(*Plan, string) error {
		return func(p *Plan, v string) error {
			if v == "" {
				d := defaultTimer
				*field(&p.Timer[side]) = *field(&d)
				return nil
			}
			d, err := parseDuration(v)
			if err != nil {
				return err
			}
			if d < leastInterval {
				return fmt.Errorf("%s is too short: at least %s", d, leastInterval)
			}
			*field(&p.Timer[side]) = d
			return nil
		}
	}
	return []key{
		{name: prefix + "enable", patterns: one(func(c *Config) *pattern.Pattern { return of(c).Enable }), set: func(p *Plan, v string) (err error) {
			on := false
			if v != "" {
				if on, err = parseBool(v); err != nil {
					return err
				}
			}
			p.Timer[side].Enabled = on
			return nil
		}},
		{name: prefix + "expires", patterns: one(func(c *Config) *pattern.Pattern { return of(c).Expires }), set: interval(func(t *Timer) *time.Duration { return &t.Expires })},
		{name: prefix + "minimum", patterns: one(func(c *Config) *pattern.Pattern { return of(c).Minimum }), set: interval(func(t *Timer) *time.Duration { return &t.Minimum })},
		{name: prefix + "maximum", patterns: one(func(c *Config) *pattern.Pattern { return of(c).Maximum }), set: interval(func(t *Timer) *time.Duration { return &t.Maximum })},
		{name: prefix + "method", patterns: one(func(c *Config) *pattern.Pattern { return of(c).Method }), set: func(p *Plan, v string) error {
			m, ok := map[string]RefreshMethod{"": RefreshAuto, "auto": RefreshAuto, "update": RefreshUpdate, "invite": RefreshInvite}[strings.ToLower(v)]
			if !ok {
				return fmt.Errorf("%s is none of update, invite, auto", brief(v))
			}
			p.Timer[side].Method = m
			return nil
		}},
	}
}
