// Command blacklist is the module that refuses calls which a list in its configuration,
// a list in the store or a command of Redis hits. README.md tells how.
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
	lengths  []int     // of the prefixes, each once
	begins   [256]bool // with which byte an item begins: most values need no other look
	drop     bool
	code     int
	reason   string
}

// Init reads the configuration.
func (m *module) Init(s *sdk.Setup) error {
	if s.IsNear() {
		s.Prompt(sdk.EventStart, sdk.EventRoute, sdk.EventRegister) // it waits for Redis alone
	}
	var err error
	if m.exact, err = set(s, "exact"); err != nil {
		return err
	}
	if m.prefixes, err = set(s, "prefixes"); err != nil {
		return err
	}
	for item := range m.exact {
		m.begins[item[0]] = true
	}
	for p := range m.prefixes {
		m.begins[p[0]] = true
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
	if m.reason, err = s.Text("reason", ""); err != nil {
		return err
	}
	requests, err := s.Bool("requests", false)
	if !requests {
		s.Skip(sdk.EventRoute, sdk.EventRegister)
	}
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
func (m *module) Start(c *sdk.Call) error { return m.judge(c) }

// Route does the same with one request outside of calls.
func (m *module) Route(c *sdk.Call) error { return m.judge(c) }

// Register does the same with one REGISTER.
func (m *module) Register(c *sdk.Call) error { return m.judge(c) }

func (m *module) judge(c *sdk.Call) error {
	var room [4]string
	values, isOrdered := looked(c, room[:0])
	hit := m.listed(values)
	if !hit {
		var err error
		if hit, err = ordered(c, values); err != nil {
			return err
		}
	}
	if !hit {
		if !isOrdered {
			return nil
		}
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

// looked appends the values of the parameters that are looked up; isOrdered says whether
// there are others, for the command.
func looked(c *sdk.Call, values []string) (_ []string, isOrdered bool) {
	params := c.Params()
	for i := range params.Len() {
		switch name, value, ok := params.At(i); {
		case !ok:
		case strings.HasPrefix(name, "arg_"):
			isOrdered = true
		case value != "":
			values = append(values, value)
		}
	}
	return values, isOrdered
}

// listed looks values up in the lists of the configuration.
func (m *module) listed(values []string) bool {
	for _, v := range values {
		if !m.begins[v[0]] {
			continue
		}
		if m.exact[v] {
			return true
		}
		for _, n := range m.lengths {
			if n <= len(v) && m.prefixes[v[:n]] {
				return true
			}
		}
	}
	return false
}

// The sets of the module's part of the store that the host fills. Beside a member there is
// the key SET/MEMBER, which may have a time: without it, the member has expired.
const (
	exactSet    = "exact"
	prefixesSet = "prefixes"
)

// ordered looks values up in the lists of the store.
func ordered(c *sdk.Call, values []string) (bool, error) {
	for _, v := range values {
		if hit, err := inStore(c, v); hit || err != nil {
			return hit, err
		}
	}
	return false, nil
}

func inStore(c *sdk.Call, v string) (bool, error) {
	kv := c.KV()
	switch has, err := kv.SetHas(exactSet, v); {
	case err == sdk.ErrUnsupported:
		return false, nil // there is no store, so nobody has put anything into it
	case err == sdk.ErrInvalid: // a value that no set can have
	case err != nil:
		return false, err
	case has:
		if live, err := live(c, exactSet, v); live || err != nil {
			return live, err
		}
	}
	for {
		m, err := kv.SetMatch(prefixesSet, v)
		if err == sdk.ErrNotFound {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		if live, err := live(c, prefixesSet, m); live || err != nil {
			return live, err
		}
		v = m[:len(m)-1] // a shorter one may not have expired
	}
}

func live(c *sdk.Call, set, member string) (bool, error) {
	switch _, err := c.KV().Get(set + "/" + member); err {
	case nil:
		return true, nil
	case sdk.ErrNotFound:
		return false, nil
	default:
		return false, err
	}
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
