// A module that uses everything the SDK has; it fails the hook at the first thing that is not as it
// should be.
package main

import "github.com/sallyport-sbc/sallyport/sdk"

type module struct {
	sdk.Base
	calls sdk.Metric
}

func init() { sdk.Register(&module{}) }
func main() { sdk.Main() }

func (m *module) Init(s *sdk.Setup) (err error) {
	m.calls, err = s.Counter("calls")
	return err
}

// is makes an error of what is not what it should be.
func is(what string, ok bool, err error) error {
	if err != nil {
		return sdk.Error(what + ": " + err.Error())
	}
	if !ok {
		return sdk.Error(what)
	}
	return nil
}

func (m *module) Start(c *sdk.Call) error {
	m.calls.Add(1)
	for _, f := range []func(*sdk.Call) error{values, limits, money, web, redis, rest} {
		if err := f(c); err != nil {
			return err
		}
	}
	c.Set("identity.ruri", "sip:"+c.Callee()+"@example.org")
	return nil
}

func values(c *sdk.Call) error {
	kv := c.KV()
	if _, err := kv.Get("a"); err != sdk.ErrNotFound {
		return is("a key that is not there", false, err)
	}
	if err := kv.Set("a", []byte("value"), sdk.Minute); err != nil {
		return err
	}
	b, err := kv.Get("a")
	if err := is("get", string(b) == "value", err); err != nil {
		return err
	}
	long := make([]byte, 20_000)
	if err := kv.Set("long", long, 0); err != nil {
		return err
	}
	b, err = kv.Get("long")
	if err := is("a value that does not fit at once", len(b) == len(long), err); err != nil {
		return err
	}
	n, err := kv.Add("n", 5, 0)
	if err := is("add", n == 5, err); err != nil {
		return err
	}
	if _, err := kv.AddWithin("n", 1, 0, 5, 0); err != sdk.ErrConflict {
		return is("add past the ceiling", false, err)
	}
	if err := kv.Delete("n"); err != nil {
		return err
	}
	added, err := kv.SetAdd("s", "+49", "+4930")
	if err := is("set add", added == 2, err); err != nil {
		return err
	}
	has, err := kv.SetHas("s", "+49")
	if err := is("set has", has, err); err != nil {
		return err
	}
	match, err := kv.SetMatch("s", "+493012")
	if err := is("set match", match == "+4930", err); err != nil {
		return err
	}
	gone, err := kv.SetDelete("s", "+49", "+49301")
	return is("set delete", gone == 1, err)
}

func limits(c *sdk.Call) error {
	l := c.Limits()
	denied, err := l.Acquire(sdk.AwayFail, sdk.Limit{Key: "user", Max: 2}, sdk.Limit{Key: "trunk", Max: 5, Cost: 5})
	if err := is("acquire", denied == "", err); err != nil {
		return err
	}
	denied, err = l.AcquireAs("x", sdk.AwayFail, sdk.Limit{Key: "user", Max: 2}, sdk.Limit{Key: "trunk", Max: 5})
	if err := is("acquire of what is full: "+denied, denied == "trunk", err); err != nil {
		return err
	}
	if err := l.ReleaseAs("x"); err != nil {
		return err
	}
	if err := l.Release(); err != nil {
		return err
	}
	after, err := l.Take("r", 1000, 2, 2)
	if err := is("take", after == 0, err); err != nil {
		return err
	}
	after, err = l.Take("r", 1000, 2, 2)
	return is("take of what is gone", after > sdk.Second, err)
}

func money(c *sdk.Call) error {
	a := c.Account("alice")
	if _, err := a.Balance(); err != sdk.ErrNotFound {
		return is("an account that is not there", false, err)
	}
	v, err := a.Deposit("first", 1000)
	if err := is("deposit", v == 1000, err); err != nil {
		return err
	}
	v, err = a.Reserve(1, 600, 0)
	if err := is("reserve", v == 600, err); err != nil {
		return err
	}
	v, err = a.Reserve(2, 600, sdk.Minute)
	if err := is("reserve of the rest", v == 400, err); err != nil {
		return err
	}
	if err := a.Cancel(2); err != nil {
		return err
	}
	v, err = a.Commit(1, 250)
	if err := is("commit", v == 750, err); err != nil {
		return err
	}
	v, err = a.Balance()
	return is("balance", v == 750, err)
}

func web(c *sdk.Call) error {
	base, _ := c.HeaderAt("X-Account", 1)
	res, err := c.HTTP().Post(base+"/ok/echo", "text/plain", []byte("hello"))
	if err := is("post", res.Status == 200 && string(res.Body) == "POST hello", err); err != nil {
		return err
	}
	res, err = c.HTTP().Do(sdk.Request{URL: base + "/ok/echo", Headers: []sdk.Field{{Name: "X-Echo", Value: "me"}}})
	v, _ := res.Headers.Find("X-Echo")
	if err := is("header", v == "me", err); err != nil {
		return err
	}
	if _, err := c.HTTP().Get(base + "/other"); err != sdk.ErrDenied {
		return is("off the list", false, err)
	}
	if _, err := c.HTTP().Do(sdk.Request{URL: base + "/ok/silent", Timeout: 50 * sdk.Millisecond}); err != sdk.ErrTimeout {
		return is("a server that is silent", false, err)
	}
	return nil
}

func redis(c *sdk.Call) error {
	v, err := c.Redis("GET", "tck:a")
	if err := is("redis", v.Kind == sdk.RedisText && v.Text == "GET tck:a", err); err != nil {
		return err
	}
	v, err = c.Redis("SMEMBERS", "tck:s")
	if err := is("redis list", v.Kind == sdk.RedisList && len(v.List) == 3 && v.List[0] == "7" && v.List[1] == "a", err); err != nil {
		return err
	}
	if _, err := c.Redis("FLUSHALL"); err != sdk.ErrDenied {
		return is("redis command", false, err)
	}
	return nil
}

func rest(c *sdk.Call) error {
	if err := c.SetVar("seen", "1"); err != nil {
		return err
	}
	if err := c.Sleep(sdk.Millisecond); err != nil {
		return err
	}
	if err := is("a variable after a wait", c.Var("seen") == "1", nil); err != nil {
		return err
	}
	v, ok := c.Lookup("numbers", "bob")
	if err := is("map", ok && v == "123", nil); err != nil {
		return err
	}
	if err := c.SetTimer(1, sdk.Minute); err != nil {
		return err
	}
	if err := c.EndAfter(2, sdk.Hour); err != nil {
		return err
	}
	if err := c.ClearTimer(3); err != nil {
		return err
	}
	if err := c.Hangup("other", 603, "Enough"); err != nil {
		return err
	}
	if err := c.Rearm("", sdk.Hour); err != nil {
		return err
	}
	if err := c.Inform("a", "text/plain", "a note", sdk.Field{Name: "X-Left", Value: "30"}); err != nil {
		return err
	}
	if err := c.Inform("a", "text/plain\r\nX: y", "a note"); err != sdk.ErrInvalid {
		return is("a type with a line break", false, err)
	}
	return c.Refer("b", "sip:carol@example.org")
}

func (m *module) Rearm(c *sdk.Call) error {
	return is("until", c.UntilTime() == 1700000000*sdk.Time(sdk.Second), nil)
}

func (m *module) Reject(c *sdk.Call) error {
	if c.Status() == 486 && c.Side() == "b" && c.Phrase() == "Busy" {
		c.TryAll(c.Target()+";again", "sip:backup@example.net")
	}
	return nil
}

func (m *module) Timer(c *sdk.Call) error {
	c.Refuse(480, "timer "+string(rune('0'+c.Timer())))
	return nil
}

func (m *module) DTMF(c *sdk.Call) error {
	return is("digit", c.Detail() == "5" && c.Duration() == 80*sdk.Millisecond, nil)
}

func (m *module) Tick(c *sdk.Call) error {
	if err := c.Sleep(1500 * sdk.Millisecond); err != nil {
		return err
	}
	c.Log(sdk.LevelInfo, "tick of "+c.Use()+" on "+c.Node())
	return nil
}

func (m *module) Stop(c *sdk.Call) error {
	c.Log(sdk.LevelInfo, "stop")
	return nil
}

func (m *module) StateVersion() uint32 { return 3 }

func (m *module) Migrate(from uint32, state []byte) ([]byte, error) {
	if from != 2 {
		return nil, sdk.Error("version unknown")
	}
	return append([]byte("3:"), state...), nil
}

func (m *module) SelfTest() error { return nil }
