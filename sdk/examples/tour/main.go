// Command tour uses all that a module can use: every function of the host, in the right way and in
// a wrong one, and every hook. It says in the log what came of it. The same module stands in C, Rust and
// AssemblyScript (sdk/c/examples …); one test shows that all do the same.
package main

import "github.com/sallyport-sbc/sallyport/sdk"

func init() { sdk.Register(&tour{}) }
func main() { sdk.Main() }

type tour struct {
	counter, gauge, summary sdk.Metric
	fail                    string // why its self test fails
}

// Init makes the metrics.
func (t *tour) Init(s *sdk.Setup) (err error) {
	if t.counter, err = s.Counter("calls"); err != nil {
		return err
	}
	if t.gauge, err = s.Gauge("level"); err != nil {
		return err
	}
	if t.summary, err = s.Summary("took"); err != nil {
		return err
	}
	if t.fail, err = s.Text("fail", ""); err != nil {
		return err
	}
	_, err = s.Gauge("calls")
	s.Log(sdk.LevelInfo, "sbc_metric.define "+code(nil))
	s.Log(sdk.LevelInfo, "sbc_metric.define "+code(err))
	return nil
}

// StateVersion is that of its state.
func (*tour) StateVersion() uint32 { return 3 }

// Migrate puts the version before a state of version 2.
func (*tour) Migrate(from uint32, state []byte) ([]byte, error) {
	if from != 2 {
		return nil, sdk.Error("version unknown")
	}
	return append([]byte("3:"), state...), nil
}

// SelfTest fails when it is told to.
func (t *tour) SelfTest() error {
	if t.fail != "" {
		return sdk.Error(t.fail)
	}
	return nil
}

// Start takes the part of the tour that the callee names.
func (t *tour) Start(c *sdk.Call) error {
	switch c.Callee() {
	case "kv":
		values(c)
	case "limit":
		limits(c)
	case "account":
		money(c)
	case "web":
		web(c)
	case "redis":
		redis(c)
	case "call":
		t.call(c)
	case "late":
		// A hook knows its call after it has waited, too.
		_ = c.Sleep(sdk.Millisecond)
		c.Set("identity.ruri", "sip:"+c.Callee()+"@example.org")
	}
	return nil
}

// said is what a function answered besides its code.
type said struct {
	value, status int64
	body          string
	list          []string
}

func say(c *sdk.Call, what string, err error, s said) {
	line := what + " " + code(err)
	if s.value != 0 {
		line += " " + decimal(s.value)
	}
	if s.status != 0 {
		line += " status " + decimal(s.status)
	}
	if s.body != "" {
		line += " " + s.body
	}
	for _, item := range s.list {
		line += " - " + item
	}
	c.Log(sdk.LevelInfo, line)
}

func code(err error) string {
	if err == nil {
		return "OK"
	}
	return err.Error()
}

func decimal(v int64) string {
	if v < 0 {
		return "-" + decimal(-v)
	}
	if v >= 10 {
		return decimal(v/10) + decimal(v%10)
	}
	return string(rune('0' + v))
}

func values(c *sdk.Call) {
	kv := c.KV()
	get := func(key string) {
		b, err := kv.Get(key)
		say(c, "sbc_kv.get", err, said{body: string(b)})
	}
	get("a")
	say(c, "sbc_kv.set", kv.Set("a", []byte("value"), sdk.Minute), said{})
	get("a")
	say(c, "sbc_kv.set", kv.Set("a\nb", []byte("value"), 0), said{})
	n, err := kv.Add("a", 1, 0)
	say(c, "sbc_kv.add", err, said{value: n})
	say(c, "sbc_kv.del", kv.Delete("a"), said{})
	say(c, "sbc_kv.del", kv.Delete("a\nb"), said{})
	n, err = kv.Add("n", -5, 0)
	say(c, "sbc_kv.add", err, said{value: n})
	n, err = kv.AddWithin("n", 1, -5, -5, 0)
	say(c, "sbc_kv.add", err, said{value: n})
	k, err := kv.SetAdd("s", "+49", "+4930")
	say(c, "sbc_kv.set_add", err, said{value: int64(k)})
	k, err = kv.SetAdd("s")
	say(c, "sbc_kv.set_add", err, said{value: int64(k)})
	has := func(set string) {
		ok, err := kv.SetHas(set, "+49")
		s := said{}
		if ok {
			s.value = 1
		}
		say(c, "sbc_kv.set_has", err, s)
	}
	has("s")
	has("s\n")
	m, err := kv.SetMatch("s", "+493012345")
	say(c, "sbc_kv.set_match", err, said{body: m})
	m, err = kv.SetMatch("s", "+1")
	say(c, "sbc_kv.set_match", err, said{body: m})
	k, err = kv.SetDelete("s", "+49", "+48")
	say(c, "sbc_kv.set_del", err, said{value: int64(k)})
	k, err = kv.SetDelete("s")
	say(c, "sbc_kv.set_del", err, said{value: int64(k)})
}

func limits(c *sdk.Call) {
	l := c.Limits()
	acquire := func(lease string) {
		denied, err := l.AcquireAs(lease, sdk.AwayFail, sdk.Limit{Key: "user", Max: 2}, sdk.Limit{Key: "trunk", Max: 9, Cost: 5})
		if denied != "" {
			err = sdk.ErrConflict
		}
		say(c, "sbc_limit.acquire", err, said{body: denied})
	}
	take := func(count int64) {
		after, err := l.Take("r", 1000, 2, count)
		if after > 0 {
			err = sdk.ErrConflict
		}
		say(c, "sbc_limit.take", err, said{value: int64(after)})
	}
	acquire("")
	acquire("x")
	say(c, "sbc_limit.release", l.ReleaseAs("x"), said{})
	say(c, "sbc_limit.release", l.Release(), said{})
	acquire("x")
	say(c, "sbc_limit.release", l.ReleaseAs("x"), said{})
	take(2)
	take(2)
	take(3)
}

func money(c *sdk.Call) {
	a := c.Account("alice")
	did := func(what string, v int64, err error) { say(c, "sbc_account."+what, err, said{value: v}) }
	v, err := a.Balance()
	did("balance", v, err)
	v, err = a.Deposit("first", 1000)
	did("deposit", v, err)
	v, err = a.Deposit("first", 900)
	did("deposit", v, err)
	v, err = a.Reserve(1, 600, 0)
	did("reserve", v, err)
	v, err = a.Reserve(2, 600, sdk.Minute)
	did("reserve", v, err)
	did("cancel", 0, a.Cancel(2))
	v, err = a.Commit(1, 250)
	did("commit", v, err)
	v, err = a.Commit(1, 200)
	did("commit", v, err)
	did("cancel", 0, a.Cancel(1))
	v, err = a.Reserve(2, 600, 0)
	did("reserve", v, err)
	v, err = a.Balance()
	did("balance", v, err)
}

func web(c *sdk.Call) {
	ask := func(r sdk.Request) {
		res, err := c.HTTP().Do(r)
		echo, _ := res.Headers.Find("X-Echo")
		say(c, "sbc_http.send", err, said{status: int64(res.Status), body: string(res.Body) + echo})
	}
	ask(sdk.Request{Method: "POST", URL: "http://web.example/echo", Headers: []sdk.Field{{Name: "X-Question", Value: "me"}}, Body: []byte("hello")})
	ask(sdk.Request{URL: "http://web.example/missing"})
	ask(sdk.Request{URL: "http://elsewhere.example/"})
	ask(sdk.Request{URL: "http://web.example/slow", Timeout: 50 * sdk.Millisecond})
	ask(sdk.Request{URL: "http://web.example/cut"})
}

func redis(c *sdk.Call) {
	told := func(v sdk.Value, err error) {
		say(c, "sbc_redis.cmd", err, said{value: v.Number, status: int64(v.Kind), body: v.Text, list: v.List})
	}
	ask := func(args ...string) { told(c.Redis(args...)) }
	ask("GET", "a b")
	ask("INCR", "n")
	ask("SMEMBERS", "s")
	ask("GET", "none")
	ask("GET", "wrong")
	told(c.Script("return KEYS[1]", []string{"k"}, "a"))
	ask("GET", "away")
	ask("FLUSHALL")
}

func (t *tour) call(c *sdk.Call) {
	did := func(what string, err error) { say(c, what, err, said{}) }
	found := func(what, v string, ok bool) {
		if !ok {
			did(what, sdk.ErrNotFound)
			return
		}
		say(c, what, nil, said{body: v})
	}
	c.Log(sdk.LevelInfo, "sbc.log OK")
	did("sbc.now", is(c.Now() == c.StartTime()))
	did("sbc.monotonic", is(c.Monotonic() > 0))
	one, other := sdk.Random(), sdk.Random()
	did("random", is(one != other))
	v, ok := c.HeaderAt("X-Account", 1)
	found("sbc.get", v, ok)
	v, ok = c.Header("X-None")
	found("sbc.get", v, ok)
	v, ok = c.Body()
	found("sbc.get", v, ok)
	did("sbc.var_set", c.SetVar("seen", "yes"))
	did("sbc.var_set", c.SetVar("seen", "a\r\nb"))
	found("sbc.var_get", c.Var("seen"), true)
	found("sbc.var_get", "", c.Var("none") != "")
	did("sbc.state_set", c.SetState([]byte("kept")))
	did("sbc.state_set", c.SetState(make([]byte, 20_000)))
	found("sbc.state_get", string(c.State()), true)
	did("sbc.sleep", c.Sleep(sdk.Millisecond))
	found("sbc.get", c.Callee(), true)
	found("sbc.var_get", c.Var("seen"), true)
	v, ok = c.Lookup("numbers", "bob")
	found("sbc_map.lookup", v, ok)
	v, ok = c.Lookup("none", "bob")
	found("sbc_map.lookup", v, ok)
	did("sbc_timer.set", c.SetTimer(1, sdk.Minute))
	did("sbc_timer.set", c.EndAfter(2, sdk.Hour))
	did("sbc_timer.set", c.SetTimer(16, sdk.Minute))
	did("sbc_timer.clear", c.ClearTimer(3))
	did("sbc_timer.clear", c.ClearTimer(16))
	did("sbc_metric.add", t.counter.Add(2))
	did("sbc_metric.add", t.counter.Add(-1))
	did("sbc_metric.observe", t.gauge.Observe(-7))
	did("sbc_metric.observe", t.summary.Observe(40))
	did("sbc_metric.observe", t.counter.Observe(1))
	did("sbc_cdr.emit", c.EmitCDR([]byte("{}")))
	did("sbc_cdr.emit", c.EmitCDR([]byte("a\nb")))
	did("sbc_call.hangup", c.Hangup("call-1", 603, "Enough"))
	did("sbc_call.hangup", c.Hangup("gone", 0, ""))
	did("sbc_call.rearm", c.Rearm("", sdk.Hour))
	did("sbc_call.rearm", c.Rearm("gone", sdk.Hour))
	did("sbc_call.info", c.Inform("a", "text/plain", "hello", sdk.Field{Name: "X-From", Value: "tour"}))
	did("sbc_call.info", c.Inform("c", "text/plain", "hello"))
	did("sbc_call.refer", c.Refer("b", "sip:carol@example.org"))
	did("sbc_call.refer", c.Refer("b", ""))
}

func is(ok bool) error {
	if !ok {
		return sdk.ErrInvalid
	}
	return nil
}

// hook says what a hook was told.
func hook(c *sdk.Call, name string) error {
	c.Log(sdk.LevelInfo, "hook "+name+" "+c.Side()+" "+decimal(int64(c.Status()))+" "+c.Phrase()+" "+decimal(int64(c.Timer()))+" "+c.Detail())
	return nil
}

func (*tour) Early(c *sdk.Call) error        { return hook(c, "early") }
func (*tour) Connect(c *sdk.Call) error      { return hook(c, "connect") }
func (*tour) Refresh(c *sdk.Call) error      { return hook(c, "refresh") }
func (*tour) Refer(c *sdk.Call) error        { return hook(c, "refer") }
func (*tour) DTMF(c *sdk.Call) error         { return hook(c, "dtmf") }
func (*tour) Info(c *sdk.Call) error         { return hook(c, "info") }
func (*tour) Hold(c *sdk.Call) error         { return hook(c, "hold") }
func (*tour) Resume(c *sdk.Call) error       { return hook(c, "resume") }
func (*tour) MediaTimeout(c *sdk.Call) error { return hook(c, "media_timeout") }
func (*tour) Rearm(c *sdk.Call) error        { return hook(c, "rearm") }
func (*tour) Register(c *sdk.Call) error     { return hook(c, "register") }
func (*tour) Route(c *sdk.Call) error        { return hook(c, "route") }
func (*tour) Tick(c *sdk.Call) error         { return hook(c, "tick") }
func (*tour) Stop(c *sdk.Call) error         { return hook(c, "stop") }

// Reject tries two others at a time.
func (*tour) Reject(c *sdk.Call) error {
	c.TryAll(c.Target()+";again", "sip:backup@example.net")
	return hook(c, "reject")
}

// Timer ends the call.
func (*tour) Timer(c *sdk.Call) error {
	c.Refuse(480, "Time is up", sdk.Field{Name: "X-Timer", Value: decimal(int64(c.Timer()))})
	return hook(c, "timer")
}

// End says how it ended.
func (*tour) End(c *sdk.Call) error {
	c.Log(sdk.LevelInfo, "hook end "+c.Disposition()+" "+decimal(int64(c.Code()))+" "+c.HangupBy()+" "+string(c.State()))
	return nil
}
