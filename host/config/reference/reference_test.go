package reference

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write CONFIG.md and the schema")

const top = "../../.."

func TestCurrent(t *testing.T) {
	want, err := Markdown("config.Config", top+"/host/config", top+"/sbc/profile")
	if err != nil {
		t.Fatal(err)
	}
	const file = top + "/CONFIG.md"
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("CONFIG.md is not what the doc comments say: run make docs")
	}
}

func TestMarkdown(t *testing.T) {
	got, err := Markdown("testdata.Config", "testdata")
	if err == nil || !strings.Contains(err.Error(), "testdata.Config.Bare: the key bare has no doc comment") {
		t.Errorf("Markdown() = %v, want the key without a comment named", err)
	}
	want, err := os.ReadFile("testdata/want.md")
	if err != nil {
		t.Fatal(err)
	}
	if _, rest, _ := strings.Cut(string(got), "-->\n"); rest != string(want) {
		t.Errorf("got\n%s\nwant\n%s", rest, want)
	}
}

func TestSchemaIsCurrent(t *testing.T) {
	want, err := Schema("config.Config", top+"/host/config", top+"/sbc/profile", top+"/sbc/callcontrol", top+"/sbc/pattern")
	if err != nil {
		t.Fatal(err)
	}
	const file = top + "/contrib/sallyport.schema.json"
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("contrib/sallyport.schema.json is not what the structs say: run make docs")
	}
}

// The built-in configuration, and one with wrong values, against the schema.
func TestSchema(t *testing.T) {
	text, err := Schema("config.Config", top+"/host/config", top+"/sbc/profile", top+"/sbc/callcontrol", top+"/sbc/pattern")
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]any{
		"properties.max_calls.type":                                                                       "integer",
		"properties.drain_timeout.type":                                                                   "string",
		"properties.active_profile.items.type":                                                            []any{"string", "boolean", "integer"},
		"properties.log.properties.format.enum":                                                           []any{"text", "json"},
		"properties.log.properties.level.enum":                                                            []any{"debug", "info", "warn", "error"},
		"properties.map.additionalProperties.properties.kind.enum":                                        []any{"regex", "prefix", "exact", "cidr"},
		"properties.map.additionalProperties.additionalProperties":                                        false,
		"properties.module.additionalProperties.properties.on_fail.enum":                                  []any{"refuse", "pass"},
		"properties.module.additionalProperties.properties.config.type":                                   "object",
		"properties.interface.additionalProperties.properties.udp.items.type":                             "string",
		"properties.profile.additionalProperties.properties.module.additionalProperties.type":             "object",
		"properties.profile.additionalProperties.properties.headers.properties.rule.items.type":           "object",
		"properties.profile.additionalProperties.properties.session_timer.properties.a.type":              "object",
		"properties.profile.additionalProperties.properties.routing.properties.ring_timeout.type":         "string",
		"properties.profile.additionalProperties.properties.routing.properties.ring_timeout.pattern":      durations,
		"properties.profile.additionalProperties.properties.routing.properties.failover.items.type":       "string",
		"properties.profile.additionalProperties.properties.headers.properties.append.items.type.0":       "string",
		"properties.profile.additionalProperties.properties.routing.additionalProperties":                 false,
		"properties.profile.additionalProperties.properties.media.properties.relay.type.1":                "boolean",
		"properties.profile.additionalProperties.properties.auth.properties.b.properties.password.type.0": "string",
	} {
		var at any = root
		for step := range strings.SplitSeq(path, ".") {
			switch x := at.(type) {
			case map[string]any:
				at = x[step]
			case []any:
				at = x[step[0]-'0']
			}
		}
		if !reflect.DeepEqual(at, want) {
			t.Errorf("%s = %v, want %v", path, at, want)
		}
	}
	if d := root["properties"].(map[string]any)["node"].(map[string]any)["description"]; !strings.HasPrefix(d.(string), "Name of this SBC") {
		t.Errorf("the description of node: %v", d)
	}
}
