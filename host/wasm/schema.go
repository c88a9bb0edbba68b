package wasm

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxSchema bounds how deep a schema and a configuration may be nested.
const maxSchema = 16

// schema is the part of JSON Schema that a manifest may use for a module's configuration.
type schema struct {
	types      []string // empty = any
	required   []string
	enum       []any
	properties map[string]*schema
	closed     bool    // no other properties
	others     *schema // of the other properties; nil = any
	items      *schema
	minimum    *float64
	maximum    *float64
	least      *int // characters of a string, items of an array
	most       *int
}

var (
	errSchemaDepth = errors.New("nested too deep")
	errNotClosed   = errors.New("additionalProperties is neither true, false nor a schema")
)

// parseSchema reads a schema. Keywords it does not know are errors, because a check that is not made
// is worse than none that was promised.
func parseSchema(text []byte) (*schema, error) { return readSchema(text, 0) }

func readSchema(text []byte, depth int) (*schema, error) {
	if depth > maxSchema {
		return nil, errSchemaDepth
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, err
	}
	s := new(schema)
	for _, k := range slices.Sorted(maps.Keys(raw)) {
		if err := s.keyword(k, raw[k], depth); err != nil {
			return nil, fmt.Errorf("%s: %w", k, err)
		}
	}
	return s, nil
}

func (s *schema) keyword(k string, v json.RawMessage, depth int) (err error) {
	sub := func(v json.RawMessage) *schema {
		var out *schema
		out, err = readSchema(v, depth+1)
		return out
	}
	switch k {
	case "type":
		if len(v) > 0 && v[0] == '[' {
			err = json.Unmarshal(v, &s.types)
		} else {
			s.types = make([]string, 1)
			err = json.Unmarshal(v, &s.types[0])
		}
		for _, t := range s.types {
			if !slices.Contains([]string{"object", "array", "string", "number", "integer", "boolean", "null"}, t) {
				return fmt.Errorf("there is no type %q", t)
			}
		}
	case "required":
		err = json.Unmarshal(v, &s.required)
	case "enum":
		err = json.Unmarshal(v, &s.enum)
	case "minimum":
		err = json.Unmarshal(v, &s.minimum)
	case "maximum":
		err = json.Unmarshal(v, &s.maximum)
	case "minLength", "minItems":
		err = json.Unmarshal(v, &s.least)
	case "maxLength", "maxItems":
		err = json.Unmarshal(v, &s.most)
	case "items":
		s.items = sub(v)
	case "additionalProperties":
		switch string(bytes.TrimSpace(v)) {
		case "true":
		case "false":
			s.closed = true
		default:
			if s.others = sub(v); err != nil {
				return fmt.Errorf("%w: %w", errNotClosed, err)
			}
		}
	case "properties":
		var all map[string]json.RawMessage
		if err = json.Unmarshal(v, &all); err != nil {
			return err
		}
		s.properties = make(map[string]*schema, len(all))
		for _, name := range slices.Sorted(maps.Keys(all)) {
			if s.properties[name] = sub(all[name]); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	case "title", "description", "default", "examples", "$schema", "$id", "$comment":
	default:
		return errors.New("this keyword is not known here")
	}
	return err
}

// ConfigError is a configuration that is not what the module's manifest says.
type ConfigError struct {
	Path string // "routes[2].prefix", "" for the whole
	Why  string
}

func (e *ConfigError) Error() string {
	if e.Path == "" {
		return "configuration: " + e.Why
	}
	return "configuration: " + e.Path + ": " + e.Why
}

// check holds a configuration against the schema; the first mistake is a *ConfigError.
func (s *schema) check(config []byte) error {
	d := json.NewDecoder(bytes.NewReader(config))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return &ConfigError{"", err.Error()}
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return &ConfigError{"", "more than one value"}
	}
	return s.value("", v, 0)
}

func (s *schema) value(path string, v any, depth int) error {
	fail := func(format string, args ...any) error { return &ConfigError{path, fmt.Sprintf(format, args...)} }
	if depth > maxSchema {
		return fail("nested too deep")
	}
	if len(s.types) > 0 && !slices.ContainsFunc(s.types, func(t string) bool { return isType(v, t) }) {
		return fail("is %s, should be %s", typeName(v), strings.Join(s.types, " or "))
	}
	if s.enum != nil && !slices.ContainsFunc(s.enum, func(e any) bool { return sameJSON(e, v) }) {
		return fail("%v is none of %v", v, s.enum)
	}
	switch v := v.(type) {
	case json.Number:
		f, err := v.Float64()
		switch {
		case err != nil:
			return fail("%v", err)
		case s.minimum != nil && f < *s.minimum:
			return fail("%v is less than %v", v, *s.minimum)
		case s.maximum != nil && f > *s.maximum:
			return fail("%v is more than %v", v, *s.maximum)
		}
	case string:
		return s.length(path, utf8.RuneCountInString(v), "characters")
	case []any:
		if err := s.length(path, len(v), "items"); err != nil {
			return err
		}
		for i, x := range v {
			if s.items != nil {
				if err := s.items.value(fmt.Sprintf("%s[%d]", path, i), x, depth+1); err != nil {
					return err
				}
			}
		}
	case map[string]any:
		for _, k := range s.required {
			if _, ok := v[k]; !ok {
				return fail("%s is missing", k)
			}
		}
		for _, k := range slices.Sorted(maps.Keys(v)) {
			below := k
			if path != "" {
				below = path + "." + k
			}
			sub, known := s.properties[k]
			if !known {
				if s.closed {
					return &ConfigError{below, "the module knows no such key"}
				}
				sub = s.others
			}
			if sub != nil {
				if err := sub.value(below, v[k], depth+1); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (s *schema) length(path string, n int, of string) error {
	switch {
	case s.least != nil && n < *s.least:
		return &ConfigError{path, fmt.Sprintf("has %d %s, should have at least %d", n, of, *s.least)}
	case s.most != nil && n > *s.most:
		return &ConfigError{path, fmt.Sprintf("has %d %s, should have at most %d", n, of, *s.most)}
	}
	return nil
}

func isType(v any, t string) bool {
	name := typeName(v)
	if n, ok := v.(json.Number); ok && t == "integer" {
		f, err := n.Float64()
		return err == nil && f == float64(int64(f))
	}
	return name == t
}

func typeName(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case json.Number:
		return "number"
	case []any:
		return "array"
	}
	return "object"
}

// sameJSON compares a value of the schema, whose numbers are floats, with one of the configuration.
func sameJSON(e, v any) bool {
	if n, ok := v.(json.Number); ok {
		f, err := n.Float64()
		return err == nil && e == f
	}
	return reflect.DeepEqual(e, v)
}
