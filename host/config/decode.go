package config

import (
	"encoding"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// decoder puts the values of one file into typed structs. The TOML library would stop at
// the first wrong type; an operator wants to see every mistake at once.
type decoder struct {
	file  string // for errors
	lines lineIndex
	order map[string]int  // position of each key in the file
	wrong map[string]bool // keys whose value could not be taken
	errs  Errors

	origin map[string]key // of inherited keys: where they stand in the file

	sources map[string]*source // of profiles that stand in another text, by name
	typed   bool               // active_profile stands in no file: it was set while running
}

// defaulter is a struct whose keys have values before the file sets them.
type defaulter interface{ SetDefaults() }

// planner is a struct that knows keys which are not yet available.
type planner interface{ Planned() []string }

// parse reads TOML, the text of d.file, and notes where its keys are. It says whether it is
// TOML; if not, the mistake is in d.errs.
func (d *decoder) parse(text string) (tree map[string]any, ok bool) {
	md, err := toml.Decode(text, &tree)
	if pe, ok := errors.AsType[toml.ParseError](err); ok {
		d.fail(pe.Position.Line, "not TOML: "+pe.Message)
		return nil, false
	} else if err != nil {
		d.fail(0, err.Error())
		return nil, false
	}
	d.lines, d.order, d.wrong = indexLines(text), map[string]int{}, map[string]bool{}
	for i, k := range md.Keys() {
		if id := key(k).id(); d.order[id] == 0 {
			d.order[id] = i + 1
		}
	}
	return tree, true
}

// fill puts a tree into the struct that into points to, after profiles took from one another
// what they extend. Mistakes are in d.errs.
func (d *decoder) fill(tree map[string]any, into any) {
	d.origin = map[string]key{}
	d.extend(tree)
	d.value(reflect.ValueOf(into).Elem(), tree, nil)
}

// place returns the file and the line of a key: a profile may stand in a file of its own.
func (d *decoder) place(k key) (file string, line int) {
	switch {
	case len(k) > 1 && k[0] == "profile" && d.sources[k[1]] != nil:
		return d.sources[k[1]].file, d.sources[k[1]].lines.line(k)
	case d.typed && len(k) > 0 && k[0] == "active_profile":
		return "", 0
	}
	return d.file, d.lines.line(k)
}

// failAt notes a mistake at a key.
func (d *decoder) failAt(k key, msg string) {
	file, line := d.place(k)
	d.errs = append(d.errs, &Error{File: file, Line: line, Msg: msg})
}

// fail notes a mistake on a line of the file; 0 is the file as a whole.
func (d *decoder) fail(line int, msg string) {
	d.errs = append(d.errs, &Error{File: d.file, Line: line, Msg: msg})
}

// errorAt notes a mistake in the value of k, unless k or a table around it could not even be
// taken: what follows from that is no second mistake.
func (d *decoder) errorAt(k key, format string, args ...any) {
	k = d.originOf(k)
	for around := k; len(around) > 0; around = around[:len(around)-1] {
		if d.wrong[around.id()] {
			return
		}
	}
	msg := fmt.Sprintf(format, args...)
	if len(k) > 0 {
		msg = k.String() + ": " + msg
	}
	d.failAt(k, msg)
}

// reject notes that the value of k cannot be taken.
func (d *decoder) reject(k key, format string, args ...any) {
	d.errorAt(k, format, args...)
	d.wrong[d.originOf(k).id()] = true
}

// inOrder returns the names in table in the order of the file.
func inOrder[V any](d *decoder, table string, m map[string]V) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		if c := d.order[key{table, a}.id()] - d.order[key{table, b}.id()]; c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
}

func (d *decoder) value(v reflect.Value, x any, k key) {
	if df, ok := v.Addr().Interface().(defaulter); ok {
		df.SetDefaults()
	}
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		d.text(u, x, k)
		return
	}
	if v.Type() == reflect.TypeFor[time.Duration]() {
		d.duration(v, x, k)
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.value(v.Elem(), x, k)
	case reflect.Struct:
		d.table(v, x, k)
	case reflect.Map:
		d.tables(v, x, k)
	case reflect.Slice:
		d.array(v, x, k)
	case reflect.Interface:
		v.Set(reflect.ValueOf(x))
	default:
		d.scalar(v, x, k)
	}
}

// text fills a value that reads itself. Patterns stand where numbers and truth values may,
// so those are taken by their text.
func (d *decoder) text(u encoding.TextUnmarshaler, x any, k key) {
	var s string
	switch x := x.(type) {
	case string:
		s = x
	case bool, int64:
		s = fmt.Sprint(x)
	default:
		d.mismatch(k, "a string", x)
		return
	}
	err := u.UnmarshalText([]byte(s))
	if err == nil {
		return
	}
	msg := err.Error()
	switch u.(type) {
	case *netip.AddrPort:
		msg = `want an address and a port, such as "192.0.2.1:5060"`
	case *netip.Addr:
		msg = "want an IP address"
	case *slog.Level:
		msg = `want "debug", "info", "warn" or "error"`
	}
	if quoted := strconv.Quote(s); !strings.HasPrefix(msg, quoted) {
		msg = quoted + ": " + msg
	}
	d.reject(k, "%s", msg)
}

// table fills a struct from a table. Keys are taken in a fixed order, so that messages
// come out the same in every run.
func (d *decoder) table(v reflect.Value, x any, k key) {
	m, ok := x.(map[string]any)
	if !ok {
		d.mismatch(k, "a table", x)
		return
	}
	fields := map[string]reflect.Value{}
	collect(v, fields)
	for _, name := range slices.Sorted(maps.Keys(m)) {
		at := k.with(name)
		if f, ok := fields[name]; ok {
			d.value(f, m[name], at)
			continue
		}
		if !slices.Equal(d.originOf(at), at) {
			continue // said of the profile that has it
		}
		where := ""
		if len(k) > 0 {
			where = " in [" + k.String() + "]"
		}
		if p, ok := v.Addr().Interface().(planner); ok && slices.Contains(p.Planned(), name) {
			d.failAt(at, fmt.Sprintf("%q%s is not yet available", name, where))
			continue
		}
		d.failAt(at, fmt.Sprintf("unknown key %q%s%s", name, where,
			didYouMean(name, slices.Collect(maps.Keys(fields)))))
	}
}

// collect finds the fields of a struct by their key in TOML; those of an embedded struct
// without a key belong to the struct around it.
func collect(v reflect.Value, fields map[string]reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
		switch {
		case name == "-" || !f.IsExported():
		case name == "" && f.Anonymous && f.Type.Kind() == reflect.Struct:
			collect(v.Field(i), fields)
		case name != "":
			fields[name] = v.Field(i)
		}
	}
}

// tables fills a map whose keys are names the operator gives.
func (d *decoder) tables(v reflect.Value, x any, k key) {
	m, ok := x.(map[string]any)
	if !ok {
		d.mismatch(k, "a table", x)
		return
	}
	out := reflect.MakeMapWithSize(v.Type(), len(m))
	for _, name := range slices.Sorted(maps.Keys(m)) {
		e := reflect.New(v.Type().Elem()).Elem()
		d.value(e, m[name], k.with(name))
		out.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), e)
	}
	v.Set(out)
}

func (d *decoder) array(v reflect.Value, x any, k key) {
	xs := reflect.ValueOf(x)
	if xs.Kind() != reflect.Slice {
		d.mismatch(k, "an array", x)
		return
	}
	out := reflect.MakeSlice(v.Type(), xs.Len(), xs.Len())
	for i := range xs.Len() {
		d.value(out.Index(i), xs.Index(i).Interface(), k.element(i))
	}
	v.Set(out)
}

func (d *decoder) duration(v reflect.Value, x any, k key) {
	s, ok := x.(string)
	if !ok {
		d.mismatch(k, `a duration such as "90s"`, x)
		return
	}
	t, err := time.ParseDuration(s)
	if err != nil {
		d.reject(k, `want a duration such as "90s", got %q`, s)
		return
	}
	if t < 0 {
		d.reject(k, "%q is negative", s)
		return
	}
	v.SetInt(int64(t))
}

func (d *decoder) scalar(v reflect.Value, x any, k key) {
	switch v.Kind() {
	case reflect.String:
		if s, ok := x.(string); ok {
			v.SetString(s)
		} else {
			d.mismatch(k, "a string", x)
		}
	case reflect.Bool:
		if b, ok := x.(bool); ok {
			v.SetBool(b)
		} else {
			d.mismatch(k, "true or false", x)
		}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		if n, ok := x.(int64); !ok {
			d.mismatch(k, "an integer", x)
		} else if v.OverflowInt(n) {
			d.reject(k, "%d is out of range", n)
		} else {
			v.SetInt(n)
		}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		if n, ok := x.(int64); !ok {
			d.mismatch(k, "an integer", x)
		} else if n < 0 || v.OverflowUint(uint64(n)) {
			d.reject(k, "%d is out of range", n)
		} else {
			v.SetUint(uint64(n))
		}
	case reflect.Float32, reflect.Float64:
		switch n := x.(type) {
		case float64:
			if math.IsNaN(n) || math.IsInf(n, 0) {
				d.reject(k, "%v is not a number", n)
				return
			}
			v.SetFloat(n)
		case int64:
			v.SetFloat(float64(n))
		default:
			d.mismatch(k, "a number", x)
		}
	default:
		panic("config: a key of type " + v.Type().String())
	}
}

func (d *decoder) mismatch(k key, want string, got any) {
	d.reject(k, "want %s, got %s", want, describe(got))
}

// describe names a TOML value as an operator would.
func describe(x any) string {
	switch x := x.(type) {
	case string:
		return fmt.Sprintf("the string %q", x)
	case bool:
		return fmt.Sprintf("%t", x)
	case int64:
		return fmt.Sprintf("the integer %d", x)
	case float64:
		return fmt.Sprintf("the number %v", x)
	case map[string]any:
		return "a table"
	case time.Time:
		return "a date"
	}
	return "an array"
}
