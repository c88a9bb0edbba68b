// Command prepaid is the module that lets calls last as long as there is credit for
// them. README.md tells how.
package main

import (
	"strings"

	"github.com/sallyport-sbc/sallyport/sdk"
)

func init() { sdk.Register(&module{}) }

func main() { sdk.Main() }

type module struct {
	slice                    int64        // seconds
	patience                 sdk.Duration // with a store that is away when a call ends
	empty, unknown, noTariff refusal
	last                     priced // of the hook before: few calls differ in it
}

// priced is a tariff with its text.
type priced struct {
	text string
	t    tariff
}

// tariff is the tariff of the call; isSet says whether it has one at all.
func (m *module) tariff(c *sdk.Call) (t tariff, isSet, ok bool) {
	text := c.Param("tariff")
	if text == m.last.text && text != "" {
		return m.last.t, true, true
	}
	if t, ok = parseTariff(text); ok {
		m.last = priced{strings.Clone(text), t}
	}
	return t, text != "", ok
}

type refusal struct {
	code   int
	reason string
}

const (
	// ringRoom is how long a call may ring without losing what is held back for it.
	ringRoom = 5 * sdk.Minute
	// early is how long before the end of a slice the next one is asked for, at most.
	early = 5 * sdk.Second
	// again is when it is asked for once more after the store did not answer.
	again = sdk.Second

	timerEnd, timerRenew = 0, 1
)

// Init reads the configuration.
func (m *module) Init(s *sdk.Setup) error {
	s.Prompt(sdk.EventConnect) // it asks nothing
	text, err := s.Text("slice", "60s")
	if err != nil {
		return err
	}
	slice, ok := sdk.ParseDuration(text)
	if !ok || slice < sdk.Second || slice > sdk.Hour {
		return sdk.Error("slice is not a duration from 1s to 1h: " + text)
	}
	m.slice = int64(slice / sdk.Second)
	if text, err = s.Text("patience", "1.5s"); err != nil {
		return err
	}
	if m.patience, ok = sdk.ParseDuration(text); !ok || m.patience < 0 || m.patience > sdk.Hour {
		return sdk.Error("patience is not a duration up to 1h: " + text)
	}
	for _, r := range [...]struct {
		key    string
		of     *refusal
		code   int64
		reason string
	}{
		{"", &m.empty, 402, "Insufficient Credit"},
		{"unknown_", &m.unknown, 500, ""},
		{"no_tariff_", &m.noTariff, 403, "No Tariff"},
	} {
		code, err := s.Int(r.key+"code", r.code)
		if err != nil {
			return err
		}
		if code < 300 || code > 699 {
			return sdk.Error(r.key + "code is not a status from 300 to 699")
		}
		r.of.code = int(code)
		if r.of.reason, err = s.Text(r.key+"reason", r.reason); err != nil {
			return err
		}
	}
	return nil
}

// Start holds the first slice back, or refuses the call.
func (m *module) Start(c *sdk.Call) error {
	t, isSet, ok := m.tariff(c)
	name := c.Param("account")
	switch {
	case !isSet:
		return m.refuse(c, m.noTariff)
	case !ok:
		return sdk.Error("tariff is not RATE FIRST/NEXT FEE, such as 0.02 60/6 0.05")
	case name == "":
		return m.refuse(c, m.unknown)
	}
	account, want := c.Account(name), t.cost(m.slice)
	var b book
	granted, err := int64(0), error(nil)
	if want == 0 {
		_, err = account.Balance() // a free call still needs an account
	} else {
		granted, err = b.reserve(account, want, m.ttl())
	}
	switch {
	case err == sdk.ErrNotFound:
		return m.refuse(c, m.unknown)
	case err != nil:
		return err
	case t.lasts(granted) == 0:
		if granted > 0 {
			_ = b.unreserve(account) // else it is free again after its time
		}
		return m.refuse(c, m.empty)
	}
	// Should the connect hook fail, the call must end all the same.
	if err := c.EndAfter(timerEnd, span(t.lasts(b.paid()))+ringRoom); err != nil {
		return err
	}
	return b.save(c)
}

func (m *module) refuse(c *sdk.Call, r refusal) error {
	c.Refuse(r.code, r.reason)
	return nil
}

// ttl is how long money is held back without a word from the call.
func (m *module) ttl() sdk.Duration { return span(m.slice) + ringRoom }

// Connect makes the call end when its slice does, and asks for the next before.
func (m *module) Connect(c *sdk.Call) error {
	b, t, err := m.load(c)
	if err != nil {
		return err
	}
	return m.arm(c, t, &b)
}

// arm sets the timers for what is paid.
func (m *module) arm(c *sdk.Call, t tariff, b *book) error {
	lasts := t.lasts(b.paid())
	if lasts >= maxSeconds {
		return c.ClearTimer(timerEnd)
	}
	end, talked := span(lasts), c.Now().Sub(c.ConnectTime())
	if err := c.EndAfter(timerEnd, max(end-talked, sdk.Millisecond)); err != nil {
		return err
	}
	// Not before the slice begins: then the one before is used up, whatever happens.
	last := end - span(t.lasts(b.paid()-b.newer.amount))
	return c.SetTimer(timerRenew, max(end-min(last/2, early)-talked, sdk.Millisecond))
}

// Timer books the slice that is over and holds the next one back. When there is no
// more credit, or no answer, the call ends with the slice.
func (m *module) Timer(c *sdk.Call) error {
	if c.Timer() != timerRenew {
		return nil
	}
	b, t, err := m.load(c)
	if err != nil {
		return err
	}
	account, lasts := c.Account(c.Param("account")), t.lasts(b.paid())
	// The call may end while this hook waits; then the end knows nothing later than this.
	b.asked = true
	if err = b.save(c); err != nil {
		return err
	}
	if err = b.settle(account); err == nil {
		err = m.extend(c, account, t, &b)
	}
	if saved := b.save(c); saved != nil {
		return saved
	}
	if err != nil {
		c.Log(sdk.LevelWarn, "the next slice is not paid: "+err.Error())
		if left := span(lasts) - c.Now().Sub(c.ConnectTime()); left > again {
			return c.SetTimer(timerRenew, again)
		}
		return nil
	}
	if t.lasts(b.paid()) > lasts {
		return m.arm(c, t, &b)
	}
	return nil
}

// extend holds one more slice back, if that makes the call last longer.
func (m *module) extend(c *sdk.Call, account sdk.Account, t tariff, b *book) error {
	lasts := t.lasts(b.paid())
	granted, err := b.reserve(account, t.cost(lasts+m.slice)-b.paid(), m.ttl())
	if err != nil || granted > 0 && t.lasts(b.paid()) > lasts {
		return err
	}
	c.Log(sdk.LevelInfo, "the credit is used up")
	if granted == 0 {
		return nil
	}
	return b.unreserve(account) // too little for one more increment: others may have it
}

// End books what the call cost.
func (m *module) End(c *sdk.Call) error {
	b, t, err := m.load(c)
	if err != nil {
		return err
	}
	cost := int64(0)
	if at := c.ConnectTime(); !at.IsZero() {
		seconds := max(int64(c.EndTime().Sub(at)/sdk.Second), 1)
		cost = min(t.cost(seconds), b.paid())
	}
	return b.close(c, c.Account(c.Param("account")), cost, m.patience)
}

// load reads the call's book and tariff.
func (m *module) load(c *sdk.Call) (b book, t tariff, err error) {
	t, _, ok := m.tariff(c)
	if !ok || !b.load(c.State()) {
		return b, t, sdk.Error("the call's book is lost")
	}
	return b, t, nil
}

func span(seconds int64) sdk.Duration { return sdk.Duration(seconds) * sdk.Second }
