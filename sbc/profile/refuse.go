package profile

import (
	"fmt"
	"strconv"

	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
)

// Refuse is the section [profile.NAME.refuse]: it refuses calls instead of letting them
// pass. Of the other sections only headers.append and the modules then count.
type Refuse struct {
	// Status code of the response: 300 to 699, or a pattern for one, default none. A pattern
	// that yields nothing lets the call pass.
	//
	//	code = 403
	Code *pattern.Pattern `toml:"code"`

	// Reason phrase of the response: a pattern, default the registered phrase of the code.
	//
	//	reason = "Invalid Domain $rd"
	Reason *pattern.Pattern `toml:"reason"`
}

var refuseKeys = []key{
	{name: "refuse.code", patterns: one(func(c *Config) *pattern.Pattern { return c.Refuse.Code }), set: (*Plan).setRefuseCode},
	{name: "refuse.reason", patterns: one(func(c *Config) *pattern.Pattern { return c.Refuse.Reason }), set: func(p *Plan, v string) error {
		p.refuseReason = v
		return nil
	}},
}

func (p *Plan) setRefuseCode(v string) error {
	if v == "" {
		p.refuseCode = 0
		return nil
	}
	code, err := strconv.Atoi(v)
	if err != nil || code < 300 || code > 699 {
		return fmt.Errorf("%s is no status code from 300 to 699", brief(v))
	}
	p.refuseCode = code
	return nil
}

// Refuse returns how the profile itself refuses the call, nil when it lets it pass.
func (p *Plan) Refuse() *callcontrol.Refusal {
	if p.refuseCode == 0 {
		return nil
	}
	return &callcontrol.Refusal{Code: p.refuseCode, Reason: p.refuseReason, Headers: p.Append}
}
