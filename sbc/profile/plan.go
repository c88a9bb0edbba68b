package profile

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
	"github.com/sallyport-sbc/sallyport/sbc/pattern"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// Plan is a profile evaluated for one call: values, no patterns. It belongs to the call's
// strand. What it shares with other plans is never written to.
type Plan struct {
	Profile *Profile

	RURI     string // of leg B, "" = as received
	From, To string // of leg B without a tag, "" = as received
	CallID   string // of leg B, "" = a new one

	TransparentDialog bool // both legs have the same Call-ID, tags and CSeq numbers
	Hiding            bool // each leg's Contact hides the other's

	Targets   []string // URIs in order, each becomes the Request-URI; none = RURI
	NextHops  []string // host[:port][/transport] in order: where requests go; none = to the URI
	Interface string   // leg B leaves by; "" = the one the INVITE came on

	InterfaceA    string    // requests to leg A leave by; "" = the one the INVITE came on
	NextHopA      string    // host[:port][/transport] of all requests to leg A; "" = its target
	NextHopAlways bool      // later requests to leg B go where its INVITE went
	NextHopInRURI bool      // leg B's Request-URI names the next hop
	Proxy         [2]string // Route of requests to a leg, "" = none; on B only of the INVITE, but for
	ForceProxy    bool      // later requests to leg B have Proxy, too
	NAT           [2]NAT

	Relay            bool
	SymmetricByFlags bool         // P-MsgFlags may make a side's media symmetric
	Media            media.Policy // InterfaceA and InterfaceB are "" unless the profile names them

	Timer [2]Timer       // session timer by side of the call
	Auth  [2]Credentials // by side of the call

	RingTimeout   time.Duration // of all targets; 0 = Timer C
	TargetTimeout time.Duration // until a target is heard of; 0 = Timer B
	MaxDuration   time.Duration // from the answer; 0 = no limit
	GlareTime     time.Duration // longest wait after 491; 0 = RFC 3261 §14.1

	// Revealed is what a hidden Contact, which leg A called, says besides itself.
	Revealed []callcontrol.Field

	Log Log // files that messages are written to

	Append []callcontrol.Field // header fields added to leg B's INVITE

	refuseCode   int
	refuseReason string
	filter       *filter
	appendTo     [2][]callcontrol.Field // header fields added to every request to a leg
	rules        []*rule
	ruleFields   [][]callcontrol.Field // what the patterns of the rules yield
	contact      [2]*contact           // nil = the usual one
	hiding       *hiding               // how Contacts are hidden, if they are
	shape        *shape                // nil = all crosses
	translations *translations         // nil = none
	failover     *failover
	received     string // Request-URI of leg A, or what it hides, until Late
	revealed     string // what it hides, "" = nothing
	broken       error  // the first value that cannot be used
	byModule     keySet // keys that modules set
}

var _ callcontrol.Plan = (*Plan)(nil)

// Resolve evaluates the profile for the INVITE of e. It fails with a *ValueError when a
// pattern yields what cannot be used, unless the profile refuses the call. It sets e.Destination to the first next hop.
func (p *Profile) Resolve(e *pattern.Env) (*Plan, error) {
	plan := new(Plan)
	*plan = p.plan
	if e.Msg != nil {
		plan.received = e.Msg.RURI
		if plan.Hiding {
			_ = plan.setHidingPrefix(p.hidingPrefix.String(e)) // what is wrong with it, evaluate says
			plan.reveal()
		}
	}
	if len(plan.NextHops) > 0 {
		e.Destination = plan.NextHops[0]
	}
	if err := plan.evaluate(e, false); err != nil {
		return nil, err
	}
	if len(plan.NextHops) > 0 {
		e.Destination = plan.NextHops[0]
	}
	return plan, nil
}

// Late evaluates what depends on variables of the call, after the modules have set them.
// What modules set themselves stays. It does nothing for a profile without $V.
func (p *Plan) Late(e *pattern.Env) error {
	err := p.unlessRefused()
	if p.Profile.late {
		err = p.evaluate(e, true)
	}
	p.received = "" // it would keep the whole INVITE in memory
	return err
}

// evaluate puts the values that are late, or those that are not, into the plan. All texts
// are evaluated into one buffer and become strings at once.
func (p *Plan) evaluate(e *pattern.Env, late bool) error {
	values := p.Profile.values
	if len(values) == 0 {
		return nil
	}
	scratch := borrow()
	defer giveBack(scratch)
	var room [32]int
	buf, ends := (*scratch)[:0], room[:0]
	for i := range values {
		v, start := &values[i], len(buf)
		if v.late == late && !v.static {
			if buf = v.pattern.Append(buf, e); p.Profile.destine && keys[v.key].name == "routing.next_hop" {
				hop, _, _ := strings.Cut(string(buf), ",")
				e.Destination = strings.TrimSpace(hop)
			}
			if e.Trace != nil {
				e.Trace(v.pattern, string(buf[start:]))
			}
		}
		ends = append(ends, len(buf))
	}
	*scratch = buf
	text, from := string(buf), 0
	for i := range values {
		v := &values[i]
		this := text[from:ends[i]]
		from = ends[i]
		if v.late != late || p.byModule.has(v.key) {
			continue
		}
		if v.static {
			this, _ = v.pattern.Static()
		}
		if err := keys[v.key].put(p, v.element, this); err != nil && p.broken == nil {
			p.broken = p.valueError(v, this, err)
		}
	}
	if p.broken == nil {
		p.broken = p.complete(late)
	}
	return p.unlessRefused()
}

// unlessRefused returns what is wrong with the plan. Where the call does not go, it does
// not matter what is wrong there; a module may let it go after all.
func (p *Plan) unlessRefused() error {
	if p.refuseCode != 0 {
		return nil
	}
	return p.broken
}

// complete checks that keys which must have a value have one.
func (p *Plan) complete(late bool) error {
	for i := range p.Profile.values {
		v := &p.Profile.values[i]
		if keys[v.key].required && v.late == late && len(p.Targets) == 0 && !p.byModule.has(v.key) {
			return p.valueError(v, "", ErrEmpty)
		}
	}
	return nil
}

func (p *Plan) valueError(v *value, text string, err error) error {
	if len(text) > 128 {
		text = text[:128]
	}
	return &ValueError{Profile: p.Profile.name, Key: v.at, Pattern: v.pattern.Source(), Value: text, Err: err}
}

// Set puts a value into the plan, literally, as the key of that name in the configuration
// would: "identity.ruri". A list is given with commas; headers.append adds a header field
// to those there are. It fails for a key that does not exist and for a value the key cannot
// have, and then changes nothing.
func (p *Plan) Set(key, value string) error {
	i := keyIndex(key)
	if i < 0 {
		return fmt.Errorf("there is no key %s%s", brief(key), didYouMean(key, Keys()))
	}
	if !sip.ValidHeaderValue(value) {
		return fmt.Errorf("%s: %w", key, errLineBreak)
	}
	if err := keys[i].set(p, value); err != nil {
		return fmt.Errorf("%s: %w", key, err)
	}
	if !keys[i].adds {
		p.byModule.add(i)
	}
	return nil
}

// Check says what Set would, without setting anything.
func (p *Plan) Check(key, value string) error {
	trial := *p
	return trial.Set(key, value)
}

var errLineBreak = errors.New("a line break or NUL in the value")

// Apply shapes leg B's INVITE: Request-URI, From and To (whose tags stay), header filter,
// added header fields. It fails when what the plan says does not fit the message.
func (p *Plan) Apply(inv *sip.Message) error {
	if p.RURI != "" && len(p.Targets) == 0 {
		inv.RURI = p.RURI
	}
	if p.From != "" {
		inv.Set(sip.From, tagged(p.From, inv.FromTag()))
	}
	if p.To != "" {
		inv.Set(sip.To, tagged(p.To, inv.ToTag()))
	}
	p.Filter(inv, media.B)
	for i := range p.Append {
		inv.AddNamed(p.Append[i].Name, p.Append[i].Value)
	}
	p.AppendTo(inv, media.B)
	return nil
}

func tagged(addr, tag string) string {
	if tag == "" {
		return addr
	}
	return addr + ";tag=" + tag
}

// Filter takes the header fields that must not cross from a request or response that is
// relayed to a leg, and changes them as the rules say.
func (p *Plan) Filter(m *sip.Message, to media.Side) {
	m.Filter(p.filter.keep)
	for _, r := range p.rules {
		r.apply(p, m, to)
	}
}

// AppendTo adds the header fields that every request to a leg has, unless it has them
// already because it is sent again.
func (p *Plan) AppendTo(m *sip.Message, to media.Side) {
	for i := range p.appendTo[to] {
		f := &p.appendTo[to][i]
		has := func(h sip.Header) bool { return h.Value == f.Value && strings.EqualFold(h.Name, f.Name) }
		if !slices.ContainsFunc(m.Headers(), has) {
			m.AddNamed(f.Name, f.Value)
		}
	}
}
