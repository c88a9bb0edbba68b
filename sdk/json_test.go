package sdk

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestUnquote(t *testing.T) {
	for in, want := range map[string]string{
		`""`: "", `"abc"`: "abc", `"a\"b\\c\/d"`: `a"b\c/d`, `"\b\f\n\r\t"`: "\b\f\n\r\t",
		`"\u00e9"`: "é", `"\ud83d\ude00"`: "😀", `"\ud83d"`: "\ufffd", `"\ud83dx"`: "\ufffdx", `"\ud83d\u0041"`: "\ufffdA",
		`"\ude00"`: "\ufffd", "\"a\xff\"": "a\ufffd", `"😀"`: "😀",
	} {
		if got, ok := unquote(in); got != want || !ok {
			t.Errorf("unquote(%s) = %q, %v, want %q", in, got, ok, want)
		}
	}
	for _, in := range []string{``, `"`, `abc`, `"a`, `"a"b`, `"\x"`, `"\u12"`, "\"\n\"", `"\`} {
		if got, ok := unquote(in); ok {
			t.Errorf("unquote(%s) = %q, want none", in, got)
		}
	}
}

func TestObject(t *testing.T) {
	got, ok := object(" { \"a\" : 1 , \"b\\n\":[1,{\"x\":[ ]}, true ,null,-1.5e+3],\"a\":{} } ")
	if !ok || len(got) != 3 || got[0].name != "a" || got[1].raw != `[1,{"x":[ ]}, true ,null,-1.5e+3]` || got[1].name != "b\n" {
		t.Errorf("object = %q, %v", got, ok)
	}
	if got, ok := object("{}"); !ok || len(got) != 0 {
		t.Errorf("object({}) = %q, %v", got, ok)
	}
}

// It takes what encoding/json takes, and finds the same.
func FuzzObject(f *testing.F) {
	for _, s := range []string{
		`{}`, `{"a":1}`, `{"a":"b\u00e9","c":[1,2,{"d":null}]}`, `{"a":01}`, `{"a":1.}`, `{"a":-}`, `{"a":1e}`, `{"a":tru}`,
		`{"a":1,}`, `{,}`, `[]`, `{"a"}`, `{"a":}`, `{"a":1}x`, `{"a":"\ud83d\ude00"}`, `{"a":[1,]}`, `{"a":{"b":1,}}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var want map[string]json.RawMessage
		valid := json.Unmarshal([]byte(s), &want) == nil && strings.HasPrefix(strings.TrimLeft(s, " \t\r\n"), "{")
		got, ok := object(s)
		if ok != valid {
			if valid && strings.Count(s, "[")+strings.Count(s, "{") > maxNesting {
				return
			}
			t.Fatalf("object(%q) = %v, encoding/json says %v", s, ok, valid)
		}
		for _, m := range got {
			var text string
			if _, isText := unquote(m.raw); isText != (json.Unmarshal([]byte(m.raw), &text) == nil && m.raw[0] == '"') {
				t.Fatalf("unquote(%s) = %v", m.raw, isText)
			}
			if v, ok := unquote(m.raw); ok && v != text {
				t.Fatalf("unquote(%s) = %q, want %q", m.raw, v, text)
			}
			if _, there := want[m.name]; !there {
				t.Fatalf("object(%q) has %q, encoding/json has not", s, m.name)
			}
			array(m.raw, func(string) bool { return true })
		}
	})
}
