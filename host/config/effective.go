package config

import (
	"encoding"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/BurntSushi/toml"

	"github.com/sallyport-sbc/sallyport/sbc/pattern"
)

// hidden stands for a value that nobody should read over a shoulder.
const hidden = "…"

// Print writes the effective configuration as TOML: every key that has a value, defaults
// filled in, what profiles inherit written out, sections sorted. Passwords and the like are
// written as "…".
func (s *Snapshot) Print(w io.Writer) error {
	tree, _ := effective(reflect.ValueOf(&s.Config).Elem(), "").(map[string]any)
	if all, ok := tree["profile"].(map[string]any); ok && len(all) > 0 {
		delete(tree, "profiles") // they are written out
	}
	e := toml.NewEncoder(w)
	e.Indent = ""
	return e.Encode(tree)
}

// Settings returns the keys of one profile in the same way, as tables, lists and values.
// The error is *UnknownError.
func (s *Snapshot) Settings(name string) (map[string]any, error) {
	p := s.Profile[name]
	if p == nil {
		return nil, unknown("profile", name, s.info)
	}
	tree, _ := effective(reflect.ValueOf(p).Elem(), "").(map[string]any)
	return tree, nil
}

// effective turns a value into what TOML and JSON can write; nil for what has no value.
// name is the key it belongs to.
func effective(v reflect.Value, name string) any {
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return nil
	}
	if v.Type() == reflect.TypeFor[time.Duration]() {
		return time.Duration(v.Int()).String()
	}
	if text, ok := asText(v); ok {
		if text == "" || refers(v) {
			return textOrNil(text)
		}
		return hide(name, text)
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return effective(v.Elem(), name)
	case reflect.Struct:
		fields := map[string]reflect.Value{}
		collect(v, fields)
		tree := map[string]any{}
		for key, f := range fields {
			if x := effective(f, key); x != nil {
				tree[key] = x
			}
		}
		return tree
	case reflect.Map:
		tree := map[string]any{}
		for _, key := range v.MapKeys() {
			if x := effective(v.MapIndex(key), key.String()); x != nil {
				tree[key.String()] = x
			}
		}
		if len(tree) == 0 {
			return nil
		}
		return tree
	case reflect.Slice:
		if v.IsNil() {
			return nil
		}
		list := make([]any, 0, v.Len())
		for i := range v.Len() {
			if x := effective(v.Index(i), name); x != nil {
				list = append(list, x)
			}
		}
		return list
	case reflect.String:
		if v.Len() == 0 {
			return nil
		}
		return hide(name, v.String())
	}
	return v.Interface()
}

// textOrNil is nil for the text that is none.
func textOrNil(text string) any {
	if text == "" {
		return nil
	}
	return text
}

// refers says whether a pattern begins with a variable: it says where a secret is, and is
// none itself.
func refers(v reflect.Value) bool {
	if !v.CanAddr() {
		return false
	}
	p, ok := v.Addr().Interface().(*pattern.Pattern)
	if !ok {
		return false
	}
	_, static := p.Static()
	return !static && strings.HasPrefix(p.Source(), "$")
}

// asText is the text of a value that writes itself.
func asText(v reflect.Value) (string, bool) {
	x := v.Interface()
	if v.CanAddr() {
		x = v.Addr().Interface()
	}
	switch t := x.(type) {
	case *slog.Level:
		return strings.ToLower(t.String()), true
	case encoding.TextMarshaler:
		b, err := t.MarshalText()
		return string(b), err == nil
	case fmt.Stringer:
		if _, reads := x.(encoding.TextUnmarshaler); reads {
			return t.String(), true
		}
	}
	return "", false
}

// secrets are parts of the names of keys whose values are not shown.
var secrets = []string{"password", "passwd", "secret", "token", "private_key", "api_key", "authorization", "credential"}

// hide keeps secrets out of what is shown: those of keys that say so, and the password in a
// URL.
func hide(name, value string) string {
	lower := strings.ToLower(name)
	for _, s := range secrets {
		if strings.Contains(lower, s) {
			return hidden
		}
	}
	if u, err := url.Parse(value); err == nil && u.User != nil {
		if _, has := u.User.Password(); has {
			before, after, _ := strings.Cut(value, "@")
			return before[:strings.LastIndex(before, ":")+1] + hidden + "@" + after
		}
	}
	return value
}
