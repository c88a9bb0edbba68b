package answer

import (
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/sdk"
)

// collect is the settings of an answer in one line, and whether it is one.
func collect(kind, body string) (string, bool) {
	var all []string
	ok := Each(kind, []byte(body), func(key, value string) bool {
		all = append(all, Key(key)+"="+value)
		return key != "stop"
	})
	return strings.Join(all, "|"), ok
}

func TestEach(t *testing.T) {
	for _, c := range []struct{ kind, body, want string }{
		{Text, "targets = sip:a@192.0.2.1, sip:b@192.0.2.2\n# note\nruri=sip:c@x\n", "routing.targets=sip:a@192.0.2.1, sip:b@192.0.2.2|identity.ruri=sip:c@x"},
		{Text, "", ""},
		{JSON, `{"targets": ["sip:a@192.0.2.1", "sip:b@192.0.2.2"], "fork": true, "to": null}`, "routing.targets=sip:a@192.0.2.1, sip:b@192.0.2.2|fork=true"},
		{JSON, `{"routing": {"targets": "sip:a", "failover": []}}`, "routing.targets=sip:a|routing.failover="},
		{JSON, `{"headers": {"append": ["X-A: 1", "X-B: 2"]}}`, "headers.append=X-A: 1|headers.append=X-B: 2"},
		{JSON, `{"": {"a": {"": 1}}}`, ".a.=1"},
	} {
		if got, ok := collect(c.kind, c.body); !ok || got != c.want {
			t.Errorf("%s %q: %s, %v, want %s", c.kind, c.body, got, ok, c.want)
		}
	}
	for _, c := range [][2]string{
		{Text, "<html>"}, {Text, "stop=1\na=2"}, {JSON, ""}, {JSON, "[1]"}, {JSON, `{"a": 1} x`}, {JSON, `{"stop": 1, "a": 2}`},
	} {
		if got, ok := collect(c[0], c[1]); ok {
			t.Errorf("%s %q: %s, want it refused", c[0], c[1], got)
		}
	}
	// Names of sections do not grow without end: what is nested deeper is one value.
	deep := strings.Repeat(`{"a":`, 60) + "1" + strings.Repeat("}", 60)
	if got, ok := collect(JSON, deep); !ok || len(got) > len(deep) || strings.Count(got, "a.") != 32 {
		t.Errorf("nested: %s, %v", got, ok)
	}
}

func TestKindOf(t *testing.T) {
	for value, want := range map[string]string{
		"": Text, "text/plain": Text, "application/json": JSON, "Application/JSON; charset=utf-8": JSON, "application/jso": Text,
	} {
		b := make([]byte, 512)
		w := wire.NewWriter(b, wire.ResultSlots)
		at := w.List(wire.ResultHeaders, 2)
		w.Pair(at, 0, "X-Type", "application/json")
		w.Pair(at, 1, "Content-TYPE", value)
		n, _ := w.Close()
		in, _ := wire.Open(b[:n])
		res := sdk.Response{}
		res.Headers, _ = in.List(wire.ResultHeaders)
		if got := KindOf(&res); got != want {
			t.Errorf("%q: %s, want %s", value, got, want)
		}
	}
}

func FuzzEach(f *testing.F) {
	for _, s := range []string{"a=1\nb=2", `{"a": {"b": ["c", 1, null]}}`, "{", "=\x00"} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, body string, isJSON bool) {
		kind := Text
		if isJSON {
			kind = JSON
		}
		n := 0
		Each(kind, []byte(body), func(string, string) bool { n++; return true })
		if n > len(body) {
			t.Fatalf("%q has %d settings", body, n)
		}
	})
}
