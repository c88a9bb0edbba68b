// Command ctl is the module by which a trusted proxy shapes a call: it sets keys of
// the plan from a header of the INVITE. README.md tells how.
package main

import (
	"strings"

	"github.com/sallyport-sbc/sallyport/sdk"
	"github.com/sallyport-sbc/sallyport/sdk/settings"
)

func init() { sdk.Register(&module{}) }

func main() { sdk.Main() }

type module struct {
	header     string
	keys       []string // that the header may set
	interfaces []string // where it is trusted
	ignore     bool     // elsewhere, instead of refusing

	c   *sdk.Call
	set func(key, value string) bool // one for all calls: a closure for each would be garbage
	bad string                       // key that may not be set
}

// Init reads the configuration.
func (m *module) Init(s *sdk.Setup) error {
	var err error
	if m.header, err = s.Text("header", "P-Call-Control"); err != nil {
		return err
	}
	if m.header == "" || strings.ContainsAny(m.header, " \t\r\n:;,\"") {
		return sdk.Error("header is not the name of a header field: " + m.header)
	}
	if m.keys, err = s.Texts("keys"); err != nil {
		return err
	}
	if len(m.keys) == 0 {
		return sdk.Error("keys is missing: which keys may the header set?")
	}
	for _, k := range m.keys {
		if k == "" || !settings.Valid(k) {
			return sdk.Error("keys: neither a key nor a section as in routing.*: " + k)
		}
	}
	if m.interfaces, err = s.Texts("interfaces"); err != nil {
		return err
	}
	if len(m.interfaces) == 0 {
		return sdk.Error("interfaces is missing: where is the header trusted?")
	}
	elsewhere, err := s.Text("untrusted", "refuse")
	if err != nil {
		return err
	}
	if elsewhere != "refuse" && elsewhere != "ignore" {
		return sdk.Error("untrusted is neither refuse nor ignore: " + elsewhere)
	}
	m.ignore = elsewhere == "ignore"
	m.set = m.one
	return nil
}

// Start carries out what the header says, every field of that name in order.
func (m *module) Start(c *sdk.Call) error {
	value, ok := c.Header(m.header)
	if !ok {
		return nil
	}
	if !m.trusts(c.InterfaceA()) {
		if !m.ignore {
			c.Log(sdk.LevelWarn, m.header+" from an interface it is not trusted at")
			c.Refuse(403, "")
		}
		return nil
	}
	m.c, m.bad = c, ""
	for i := 1; ok; i++ {
		if !settings.Each(value, m.set) {
			m.refuse(c)
			break
		}
		value, ok = c.HeaderAt(m.header, i)
	}
	m.c = nil
	return nil
}

func (m *module) refuse(c *sdk.Call) {
	if m.bad == "" {
		c.Log(sdk.LevelWarn, m.header+" is not key=value;…")
		c.Refuse(400, "Bad "+m.header)
		return
	}
	if !settings.Valid(m.bad) {
		m.bad = "(not a key)"
	}
	c.Log(sdk.LevelWarn, m.header+" may not set "+m.bad[:min(len(m.bad), 64)])
	c.Refuse(403, "")
}

// one sets one key.
func (m *module) one(key, value string) bool {
	key = settings.Key(key)
	if !settings.Allowed(m.keys, key) {
		m.bad = key
		return false
	}
	if name, ok := strings.CutPrefix(key, "var."); ok {
		return m.c.SetVar(name, value) == nil
	}
	m.c.Set(key, value)
	return true
}

func (m *module) trusts(name string) bool {
	for _, i := range m.interfaces {
		if i == name {
			return true
		}
	}
	return false
}
