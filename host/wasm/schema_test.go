package wasm

import (
	"errors"
	"strings"
	"testing"
)

func TestSchema(t *testing.T) {
	const text = `{"type": "object", "required": ["file"], "additionalProperties": false, "title": "of a test", "properties": {
		"file": {"type": "string", "minLength": 1, "maxLength": 5},
		"count": {"type": "integer", "minimum": 1, "maximum": 10},
		"rate": {"type": ["number", "null"]},
		"mode": {"enum": ["a", 1, null]},
		"list": {"type": "array", "maxItems": 2, "items": {"type": "object", "additionalProperties": {"type": "boolean"}}}}}`
	s, err := parseSchema([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for config, want := range map[string]string{
		`{"file": "x"}`: "",
		`{"file": "x", "count": 10, "rate": 1.5, "mode": 1, "list": [{"a": true}, {}]}`: "",
		`{"file": "x", "rate": null, "mode": null, "count": 1.0}`:                       "",
		`{}`:                                    "file is missing",
		`[]`:                                    "is array, should be object",
		`{"file": ""}`:                          "file: has 0 characters",
		`{"file": "üüüüü"}`:                     "",
		`{"file": "xxxxxx"}`:                    "at most 5",
		`{"file": "x", "count": 1.5}`:           "count: is number, should be integer",
		`{"file": "x", "count": 0}`:             "count: 0 is less than 1",
		`{"file": "x", "count": 11}`:            "count: 11 is more than 10",
		`{"file": "x", "count": 1e999}`:         "count:",
		`{"file": "x", "mode": "b"}`:            "mode: b is none of",
		`{"file": "x", "list": [{}, {}, {}]}`:   "list: has 3 items",
		`{"file": "x", "list": [{}, {"a": 1}]}`: "list[1].a: is number, should be boolean",
		`{"file": "x", "list": [1]}`:            "list[0]: is number, should be object",
		`{"file": "x", "Count": 1}`:             "Count: the module knows no such key",
		`{"file": "x"} {}`:                      "more than one value",
		`{"file": `:                             "unexpected EOF",
	} {
		err := s.check([]byte(config))
		var e *ConfigError
		if want == "" && err != nil || want != "" && (!errors.As(err, &e) || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", config, err, want)
		}
	}
	for _, bad := range []string{
		`{"pattern": "^a"}`, `{"type": "strnig"}`, `{"properties": {"a": {"oneOf": []}}}`, `{"additionalProperties": 3}`, `{"type": 3}`, `[]`, `{`,
		strings.Repeat(`{"items": `, 50) + `{}` + strings.Repeat(`}`, 50),
	} {
		if _, err := parseSchema([]byte(bad)); err == nil {
			t.Errorf("the schema %s passes", bad)
		}
	}
	deep := `{"file": "x", "list": [{"a": ` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}]}`
	if err := s.check([]byte(deep)); err == nil {
		t.Error("a deep configuration passes")
	}
}

// FuzzSchema holds any configuration against any schema.
func FuzzSchema(f *testing.F) {
	f.Add([]byte(`{"type": "object", "properties": {"a": {"enum": [1, "x"]}}, "additionalProperties": {"items": {"minimum": 1}}}`), []byte(`{"a": 1, "b": [1e99]}`))
	f.Add([]byte(`{"items": {"items": {}}, "minItems": 1, "required": ["a"]}`), []byte(`[[[[]]]]`))
	f.Fuzz(func(t *testing.T, schema, config []byte) {
		s, err := parseSchema(schema)
		if err != nil {
			return
		}
		var e *ConfigError
		if err := s.check(config); err != nil && !errors.As(err, &e) {
			t.Errorf("%T: %v", err, err)
		}
	})
}
