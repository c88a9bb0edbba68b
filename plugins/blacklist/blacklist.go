// Command blacklist is the module that refuses calls which a list in its configuration
// or a command of Redis hits. README.md tells how.
package main

import (
	"strings"

	"github.com/sallyport-sbc/sallyport/sdk"
)

func init() { sdk.Register(&module{}) }

func main() { sdk.Main() }

type module struct {
	exact    map[string]bool
	prefixes map[string]bool
	lengths  []int // of the prefixes, each once
	drop     bool
	code     int
	reason   string
}

// Init reads the configuration.
func (m *module) Init(s *sdk.Setup) error {
	var err error
	if m.exact, err = set(s, "exact"); err != nil {
		return err
	}
	if m.prefixes, err = set(s, "prefixes"); err != nil {
		return err
	}
	for p := range m.prefixes {
		known := false
		for _, n := range m.lengths {
			known = known || n == len(p)
		}
		if !known {
			m.lengths = append(m.lengths, len(p))
		}
	}
	action, err := s.Text("action", "refuse")
	if err != nil {
		return err
	}
	if m.drop = action == "drop"; !m.drop && action != "refuse" {
		return sdk.Error("action is neither refuse nor drop: " + action)
	}
	code, err := s.Int("code", 403)
	if err != nil {
		return err
	}
	if code < 300 || code > 699 {
		return sdk.Error("code is not a status from 300 to 699")
	}
	m.code = int(code)
	m.reason, err = s.Text("reason", "")
	return err
}

func set(s *sdk.Setup, key string) (map[string]bool, error) {
	list, err := s.Texts(key)
	if err != nil {
		return nil, err
	}
	all := make(map[string]bool, len(list))
	for _, item := range list {
		if item == "" {
			return nil, sdk.Error(key + ": an empty item would hit what is not known")
		}
		all[item] = true
	}
	return all, nil
}

// Start refuses the call when a list or the command hits it.
func (m *module) Start(c *sdk.Call) error {
	hit := m.listed(c)
	if !hit {
		args := arguments(c)
		if len(args) == 0 {
			return nil
		}
		v, err := c.Redis(args...)
		if err != nil {
			return err
		}
		if v.Kind == sdk.RedisError {
			return sdk.Error("Redis: " + plain(v.Text))
		}
		hit = hits(v)
	}
	switch {
	case !hit:
	case m.drop:
		c.Drop()
	default:
		c.Refuse(m.code, m.reason)
	}
	return nil
}

// listed looks the values of all parameters but the command's up in the module's lists.
func (m *module) listed(c *sdk.Call) bool {
	params := c.Params()
	for i := range params.Len() {
		name, value, ok := params.At(i)
		if !ok || value == "" || strings.HasPrefix(name, "arg_") {
			continue
		}
		if m.exact[value] {
			return true
		}
		for _, n := range m.lengths {
			if n <= len(value) && m.prefixes[value[:n]] {
				return true
			}
		}
	}
	return false
}

// maxArguments is how many the command may have.
const maxArguments = 20

// arguments are the parameters arg_0, arg_1 … up to the first that is missing. Each is
// one argument, whatever a caller put into it.
func arguments(c *sdk.Call) []string {
	var args []string
	for i := range maxArguments {
		name := [...]byte{'a', 'r', 'g', '_', byte('0' + i/10), byte('0' + i%10)}
		short := name[:]
		if i < 10 {
			short = append(name[:4:4], name[5])
		}
		v, ok := c.Params().Find(string(short))
		if !ok {
			break
		}
		args = append(args, v)
	}
	return args
}

// hits says whether an answer means the call: a number other than 0, any text, or a list
// that has one of these.
func hits(v sdk.Value) bool {
	switch v.Kind {
	case sdk.RedisNumber:
		return v.Number != 0
	case sdk.RedisText:
		return true
	case sdk.RedisList:
		for _, item := range v.List {
			if item != "0" && item != "" {
				return true
			}
		}
	}
	return false
}

// plain is a foreign text as a log line may show it.
func plain(s string) string {
	if s = s[:min(len(s), 200)]; !sdk.Plain(s) {
		return "(not plain text)"
	}
	return s
}
