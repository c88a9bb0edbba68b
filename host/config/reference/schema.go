package reference

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"strings"
)

// object is a part of a JSON schema. Its keys are written in alphabetical order.
type object map[string]any

// durations are texts that Go reads as a duration.
const durations = `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$`

// Schema returns a JSON schema (draft 7, which editors of TOML know) of the file: every key
// with its type and its description. The arguments are those of Markdown; the folders must
// also hold the types that read themselves from a choice of words. It fails for a type of
// which it does not know what it is in TOML.
func Schema(root string, folders ...string) ([]byte, error) {
	s, err := parse(folders...)
	if err != nil {
		return nil, err
	}
	if s.structs[root] == nil {
		return nil, fmt.Errorf("there is no struct %s", root)
	}
	w := schemaWriter{source: s}
	doc := w.section(root)
	doc["$schema"] = "http://json-schema.org/draft-07/schema#"
	doc["title"] = "Sallyport configuration"
	doc["$comment"] = `Made from the structs in host/config and sbc/profile by "make docs".`
	if err := errors.Join(w.errs...); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err = e.Encode(doc)
	return b.Bytes(), err
}

type schemaWriter struct {
	*source
	errs []error
}

// section is the schema of a table.
func (w *schemaWriter) section(name string) object {
	pkg, _, _ := strings.Cut(name, ".")
	keys := object{}
	for _, f := range w.fields(name) {
		key := w.value(pkg, f.typ, f.name)
		if f.doc != "" {
			key["description"] = strings.TrimSpace(f.doc)
		}
		keys[f.key] = key
	}
	return object{"type": "object", "properties": keys, "additionalProperties": false}
}

// value is the schema of a Go type; where is for errors.
func (w *schemaWriter) value(pkg string, t ast.Expr, where string) object {
	switch t := t.(type) {
	case *ast.StarExpr:
		return w.value(pkg, t.X, where)
	case *ast.ArrayType:
		return object{"type": "array", "items": w.value(pkg, t.Elt, where)}
	case *ast.MapType:
		return object{"type": "object", "additionalProperties": w.value(pkg, t.Value, where)}
	case *ast.InterfaceType:
		return object{}
	}
	name := base(t)
	switch name {
	case "string", "netip.Addr", "netip.AddrPort", "netip.Prefix":
		return object{"type": "string"}
	case "bool":
		return object{"type": "boolean"}
	case "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64":
		return object{"type": "integer"}
	case "float32", "float64":
		return object{"type": "number"}
	case "any":
		return object{}
	case "time.Duration":
		return object{"type": "string", "pattern": durations}
	case "slog.Level":
		return object{"type": "string", "enum": []string{"debug", "info", "warn", "error"}}
	case "pattern.Pattern":
		return object{"type": []string{"string", "boolean", "integer"}}
	}
	if !strings.Contains(name, ".") {
		name = pkg + "." + name
	}
	if of := w.aliases[name]; of != "" {
		name = of
	}
	switch {
	case w.text[name] && len(w.words[name]) > 0:
		return object{"type": "string", "enum": w.words[name]}
	case w.text[name]:
		return object{"type": "string"}
	case w.structs[name] != nil:
		return w.section(name)
	}
	w.errs = append(w.errs, fmt.Errorf("%s: what is %s in TOML?", where, name))
	return object{}
}
