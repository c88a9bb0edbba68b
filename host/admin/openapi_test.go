package admin

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// document is as much of OpenAPI 3.1 as the file uses.
type document struct {
	OpenAPI    string                          `json:"openapi"`
	Info       map[string]any                  `json:"info"`
	Servers    []map[string]string             `json:"servers"`
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas    map[string]*schema   `json:"schemas"`
		Parameters map[string]parameter `json:"parameters"`
		Responses  map[string]answer    `json:"responses"`
	} `json:"components"`
}

type operation struct {
	ID          string            `json:"operationId"`
	Summary     string            `json:"summary"`
	Description string            `json:"description"`
	Parameters  []parameter       `json:"parameters"`
	Body        *answer           `json:"requestBody"`
	Responses   map[string]answer `json:"responses"`
}

type parameter struct {
	Ref         string  `json:"$ref"`
	Name        string  `json:"name"`
	In          string  `json:"in"`
	Required    bool    `json:"required"`
	Description string  `json:"description"`
	Schema      *schema `json:"schema"`
}

type answer struct {
	Ref         string `json:"$ref"`
	Description string `json:"description"`
	Required    bool   `json:"required"`
	Content     map[string]struct {
		Schema *schema `json:"schema"`
	} `json:"content"`
}

type schema struct {
	Ref         string             `json:"$ref"`
	Type        string             `json:"type"`
	Format      string             `json:"format"`
	Description string             `json:"description"`
	Enum        []string           `json:"enum"`
	Properties  map[string]*schema `json:"properties"`
	Required    []string           `json:"required"`
	Additional  *bool              `json:"additionalProperties"`
	Items       *schema            `json:"items"`
}

func openAPI(t *testing.T) *document {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(OpenAPI))
	d.DisallowUnknownFields()
	var doc document
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	return &doc
}

func (d *document) resolve(s *schema) *schema {
	if name, ok := strings.CutPrefix(s.Ref, "#/components/schemas/"); ok {
		return d.Components.Schemas[name]
	}
	return s
}

// response is the schema of an answer; nil when the file has no such answer.
func (d *document) response(op operation, status int) *schema {
	r, ok := op.Responses[fmt.Sprint(status)]
	if !ok {
		return nil
	}
	if name, ok := strings.CutPrefix(r.Ref, "#/components/responses/"); ok {
		r = d.Components.Responses[name]
	}
	return d.resolve(r.Content["application/json"].Schema)
}

// check says where a value is not what a schema allows.
func (d *document) check(s *schema, v any, at string) []string {
	s = d.resolve(s)
	if s == nil {
		return []string{at + ": no such schema"}
	}
	var bad []string
	fail := func(format string, args ...any) { bad = append(bad, at+": "+fmt.Sprintf(format, args...)) }
	switch x := v.(type) {
	case map[string]any:
		if s.Type != "object" {
			fail("an object, want %s", s.Type)
			break
		}
		for _, name := range s.Required {
			if _, ok := x[name]; !ok {
				fail("%s is missing", name)
			}
		}
		for name, value := range x {
			if p := s.Properties[name]; p != nil {
				bad = append(bad, d.check(p, value, at+"."+name)...)
			} else if s.Additional != nil && !*s.Additional {
				fail("%s is not in the file", name)
			}
		}
	case []any:
		if s.Type != "array" {
			fail("a list, want %s", s.Type)
			break
		}
		for i, value := range x {
			bad = append(bad, d.check(s.Items, value, fmt.Sprintf("%s[%d]", at, i))...)
		}
	case string:
		if s.Type != "string" || s.Enum != nil && !slices.Contains(s.Enum, x) {
			fail("%q, want %s %v", x, s.Type, s.Enum)
		}
		if _, err := time.Parse(time.RFC3339Nano, x); s.Format == "date-time" && err != nil {
			fail("%q is no time", x)
		}
	case float64:
		if s.Type != "number" && (s.Type != "integer" || x != float64(int64(x))) {
			fail("%v, want %s", x, s.Type)
		}
	case bool:
		if s.Type != "boolean" {
			fail("%v, want %s", x, s.Type)
		}
	default:
		fail("%v", v)
	}
	return bad
}

// Every route is in the file, and every operation of the file is a route.
func TestRoutesAreDescribed(t *testing.T) {
	doc := openAPI(t)
	if doc.OpenAPI != "3.1.0" || doc.Info["title"] == "" || len(doc.Servers) == 0 {
		t.Errorf("openapi %q, info %v", doc.OpenAPI, doc.Info)
	}
	described := map[string]bool{}
	ids := map[string]bool{}
	for path, ops := range doc.Paths {
		for method, op := range ops {
			described[strings.ToUpper(method)+" "+path] = true
			if op.ID == "" || ids[op.ID] || op.Summary == "" {
				t.Errorf("%s %s: operationId %q, summary %q", method, path, op.ID, op.Summary)
			}
			ids[op.ID] = true
			for status := range op.Responses {
				var n int
				if _, err := fmt.Sscan(status, &n); err != nil || doc.response(op, n) == nil {
					t.Errorf("%s %s: answer %s has no schema", method, path, status)
				}
			}
			names := 0
			for _, p := range op.Parameters {
				if ref, ok := strings.CutPrefix(p.Ref, "#/components/parameters/"); ok {
					p = doc.Components.Parameters[ref]
				}
				if p.In == "path" && !strings.Contains(path, "{"+p.Name+"}") || p.Schema == nil {
					t.Errorf("%s %s: parameter %+v", method, path, p)
				}
				if p.In == "path" {
					names++
				}
			}
			if names != strings.Count(path, "{") {
				t.Errorf("%s %s: a part of the path is not described", method, path)
			}
		}
	}
	for _, r := range routes {
		at := r.method + " " + r.path
		op := doc.Paths[r.path][strings.ToLower(r.method)]
		if !described[at] {
			t.Errorf("%s is not in openapi.json", at)
		}
		if (r.body > 0) != (op.Body != nil) {
			t.Errorf("%s: takes %d bytes, openapi.json says %v", at, r.body, op.Body)
		}
		delete(described, at)
	}
	for at := range described {
		t.Errorf("openapi.json has %s, the server has not", at)
	}
}

// Every shape is in the file with the same keys, types and what may be missing.
func TestShapesAreDescribed(t *testing.T) {
	doc := openAPI(t)
	left := maps.Clone(doc.Components.Schemas)
	for _, v := range []any{
		Profile{},
		ProfileSettings{},
		Profiles{},
		LoadProfile{},
		Active{},
		SetActive{},
		Map{},
		MapRules{},
		Maps{},
		MapChange{},
		LookUp{},
		Call{},
		CallMedia{},
		PartyMedia{},
		Calls{},
		HungUp{},
		Rearm{},
		Rearmed{},
		Module{},
		Generation{},
		Draining{},
		Rollback{},
		Modules{},
		LoadModule{},
		SetCanary{},
		Account{},
		Accounts{},
		AccountDetails{},
		Reservation{},
		ChangeAccount{},
		AccountChanged{},
		Listed{},
		Blacklists{},
		Blacklist{},
		Block{},
		Unblock{},
		Checked{},
		Stats{},
		Reloaded{},
		Explain{},
		LogLevel{},
		Version{},
		Health{},
		Problem{},
		Mistake{},
	} {
		of := reflect.TypeOf(v)
		s := doc.Components.Schemas[of.Name()]
		if s == nil {
			t.Errorf("%s is not in openapi.json", of.Name())
			continue
		}
		delete(left, of.Name())
		if s.Additional == nil || *s.Additional {
			t.Errorf("%s: allows any key", of.Name())
		}
		keys, required := map[string]reflect.Type{}, []string{}
		for _, f := range reflect.VisibleFields(of) {
			name, opt, _ := strings.Cut(f.Tag.Get("json"), ",")
			if f.Anonymous {
				continue
			}
			keys[name] = f.Type
			if opt != "omitempty" {
				required = append(required, name)
			}
		}
		slices.Sort(required)
		want := slices.Sorted(slices.Values(s.Required))
		if !slices.Equal(required, want) {
			t.Errorf("%s: %v are always there, openapi.json says %v", of.Name(), required, want)
		}
		for name, p := range s.Properties {
			if keys[name] == nil {
				t.Errorf("%s: openapi.json has %s", of.Name(), name)
			} else if got := typeOf(keys[name]); got != doc.resolve(p).Type {
				t.Errorf("%s.%s is %s, openapi.json says %s", of.Name(), name, got, doc.resolve(p).Type)
			}
			delete(keys, name)
		}
		for name := range keys {
			t.Errorf("%s: openapi.json lacks %s", of.Name(), name)
		}
	}
	delete(left, "Figures") // anything
	delete(left, "Explanation")
	for name := range left {
		t.Errorf("openapi.json has a schema %s that is no shape", name)
	}
}

func typeOf(t reflect.Type) string {
	if t == reflect.TypeFor[time.Time]() {
		return "string"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return typeOf(t.Elem())
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Float64:
		return "number"
	case reflect.Slice:
		return "array"
	case reflect.Struct, reflect.Map:
		return "object"
	}
	return "integer"
}
