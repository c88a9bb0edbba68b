// Command callforward sends calls to some numbers somewhere else. The same module stands
// in C, Rust and AssemblyScript (sdk/c/examples …); one test shows that all do the same.
package main

import (
	"strings"

	"github.com/sallyport-sbc/sallyport/sdk"
)

func init() { sdk.Register(&callForward{}) }
func main() { sdk.Main() }

type callForward struct {
	forward map[string]string // number → URI
	barred  []string          // prefixes nobody is forwarded to
	longest sdk.Duration
}

// Init reads the configuration.
func (m *callForward) Init(s *sdk.Setup) error {
	list, err := s.Texts("forward")
	if err != nil {
		return err
	}
	m.forward = make(map[string]string, len(list))
	for _, f := range list {
		number, uri, ok := strings.Cut(f, "=")
		if !ok {
			return sdk.Error("forward: want number=URI, got " + f)
		}
		m.forward[number] = uri
	}
	if m.barred, err = s.Texts("barred"); err != nil {
		return err
	}
	seconds, err := s.Int("longest", 0)
	m.longest = sdk.Duration(seconds) * sdk.Second
	return err
}

// target is where the call goes: the parameter "to", else what the configuration has.
func (m *callForward) target(c *sdk.Call) string {
	if to := c.Param("to"); to != "" {
		return to
	}
	return m.forward[c.Callee()]
}

// Start forwards the call, unless somebody did before or must not.
func (m *callForward) Start(c *sdk.Call) error {
	to := m.target(c)
	if to == "" {
		return nil
	}
	if by, ok := c.Header("X-Forwarded-By"); ok {
		c.Log(sdk.LevelWarn, c.Callee()+" was forwarded before, by "+by)
		return c.SetVar("forward_loop", by)
	}
	_, number, ok := strings.Cut(to, ":")
	if !ok {
		number = to
	}
	for _, prefix := range m.barred {
		if strings.HasPrefix(number, prefix) {
			c.Log(sdk.LevelWarn, c.Callee()+" must not be forwarded to "+to)
			c.Refuse(403, "Forwarding Barred", sdk.Field{Name: "X-Barred-Prefix", Value: prefix})
			return nil
		}
	}
	key := c.Param("key")
	if key == "" {
		key = "identity.ruri"
	}
	c.Set(key, to)
	c.MaxDuration(m.longest)
	if err := c.SetVar("forwarded_to", to); err != nil {
		return err
	}
	if err := c.SetState([]byte(to)); err != nil {
		return err
	}
	c.Log(sdk.LevelInfo, c.Callee()+" is forwarded to "+c.Var("forwarded_to"))
	return nil
}

// Connect notes who answered.
func (m *callForward) Connect(c *sdk.Call) error {
	if to := c.State(); len(to) > 0 {
		return c.SetVar("forward_answered", string(to))
	}
	return nil
}

// End tells what became of it.
func (m *callForward) End(c *sdk.Call) error {
	if to := c.State(); len(to) > 0 {
		c.Log(sdk.LevelInfo, "call to "+string(to)+": "+c.Disposition()+" "+decimal(c.Code()))
	}
	return nil
}

// decimal is a status as text, without package strconv.
func decimal(n int) string {
	return string([]byte{byte('0' + n/100%10), byte('0' + n/10%10), byte('0' + n%10)})
}
