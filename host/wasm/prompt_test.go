package wasm

import (
	"strings"
	"testing"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/sbc/callcontrol"
)

// A hook that is prompt is decided at once and for less; one that has to wait all the same is begun again, and nothing
// of its first beginning is left.
func TestPromptHooks(t *testing.T) {
	mc := patient(sdkModule(t, "prompt", "sbc_kv"))
	mc.Limits.Instances = 1
	e := newEverything(t, mc)
	m, err := e.Acquire("judge", "1")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Release()
	later := make(chan outcome, 1)
	fuel := func() uint64 { return m.(*Generation).Status().Stats.Fuel }
	passed := func(c *abi.Call, d abi.Decision, want string) {
		t.Helper()
		if d.Refused() || len(d.Set) != 1 || d.Set[0].Value != "X-Passed: "+want {
			t.Errorf("%s: decision %+v, want X-Passed: %s", c.ID, d, want)
		}
	}
	start := func(callee, want string) (burnt uint64) {
		t.Helper()
		c, before := call(callee), fuel()
		c.Later = func(d abi.Decision, err error) { later <- outcome{d, err} }
		d, err := m.Start(t.Context(), c)
		if (err == callcontrol.ErrPending) != (callee == "wait") {
			t.Fatalf("%s: %v", callee, err)
		}
		if err == callcontrol.ErrPending {
			select {
			case o := <-later:
				d, err = o.d, o.err
			case <-time.After(20 * time.Second):
				t.Fatal("no decision")
			}
		}
		if err != nil {
			t.Fatalf("%s: %v", callee, err)
		}
		passed(c, d, want)
		return fuel() - before
	}
	start("first", "1") // makes what later ones reuse
	prompt := start("bob", "2")
	start("wait", "3")
	if usual := start("bob", "4"); prompt >= usual {
		t.Errorf("a prompt hook burns %d, a usual one %d", prompt, usual)
	}
	for _, want := range []string{"5", "6"} {
		start("wait", want)
	}
	if strings.Contains(e.log.String(), "not begun again") {
		t.Errorf("log:\n%s", e.log)
	}
}
