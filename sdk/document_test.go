package sdk

import (
	"encoding/json"
	"strings"
	"testing"
)

// walk writes a value with all that is in it.
func walk(b *strings.Builder, j JSON) {
	switch {
	case j.IsObject():
		b.WriteString("{")
		j.Members(func(name string, v JSON) bool {
			b.WriteString(name + ":")
			walk(b, v)
			b.WriteString(" ")
			return true
		})
		b.WriteString("}")
	case j.IsArray():
		b.WriteString("[")
		j.Items(func(v JSON) bool {
			walk(b, v)
			b.WriteString(" ")
			return true
		})
		b.WriteString("]")
	default:
		b.WriteString("<" + j.Text() + ">")
	}
}

func TestParseJSON(t *testing.T) {
	for text, want := range map[string]string{
		` {"a": 1, "b": [true, null, "x\n\u00e9"], "c": {"d": -1.5e3}} `: "{a:<1> b:[<true> <> <x\né> ] c:{d:<-1.5e3> } }",
		`"x"`:  "<x>",
		`[]`:   "[]",
		`null`: "<>",
	} {
		var b strings.Builder
		j, ok := ParseJSON([]byte(text))
		walk(&b, j)
		if !ok || b.String() != want {
			t.Errorf("ParseJSON(%s): %s, %v, want %s", text, &b, ok, want)
		}
	}
	for _, text := range []string{"", "{", "{}x", "[1,]", "nul", `{"a"}`, "1 2", strings.Repeat("[", 100)} {
		if _, ok := ParseJSON([]byte(text)); ok {
			t.Errorf("ParseJSON(%s) is a value", text)
		}
	}
	j, _ := ParseJSON([]byte(`{"a": 1, "b": 2}`))
	n := 0
	if j.Members(func(string, JSON) bool { n++; return false }) || n != 1 || j.Items(func(JSON) bool { return true }) || (JSON{}).Members(nil) {
		t.Error("Members does not stop, or Items of an object")
	}
}

func FuzzParseJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,{"b":"\u0041"}],"c":null}`, "[", `"\ud800"`, "1e", " true "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		j, ok := ParseJSON([]byte(s))
		if ok && !json.Valid([]byte(s)) {
			t.Fatalf("ParseJSON(%q) takes what is not JSON", s)
		}
		var b strings.Builder
		walk(&b, j)
	})
}
