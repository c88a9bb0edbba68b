package host

import (
	"encoding"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/sallyport-sbc/sallyport/host/admin"
)

// Stats reads the figures of every room.
func (c control) Stats() admin.Stats {
	s := admin.Stats{
		Uptime:       time.Since(c.begun).Round(time.Millisecond).Seconds(),
		Calls:        figures(c.sbc.Stats()),
		Transport:    figures(c.transport.Stats()),
		Transactions: figures(c.transactions.Stats()),
		Media:        figures(c.media.Stats()),
		Modules:      []admin.Figures{},
		CDR:          []admin.Figures{},
		Maps:         []admin.Figures{},
	}
	interfaces := []admin.Figures{}
	for _, i := range c.transport.Interfaces() {
		f := figures(i.Stats())
		f["name"] = i.Name()
		interfaces = append(interfaces, f)
	}
	s.Transport["interfaces"] = interfaces
	s.Transport["message_logs"] = figures(c.capture.Stats())
	for _, m := range c.modules.Modules() {
		s.Modules = append(s.Modules, figures(m))
	}
	for _, f := range c.records.Stats() {
		s.CDR = append(s.CDR, figures(f))
	}
	for _, m := range c.current.Load().MapInfos() {
		s.Maps = append(s.Maps, admin.Figures{"name": m.Name, "kind": m.Kind.String(), "rules": m.Rules})
	}
	return s
}

// figures turns a struct of counters into names and values: every room counts what it will,
// and the API follows. Embedded structs, and a struct called Stats, are part of the one
// around them; errors are their text, none is left out; durations are seconds.
func figures(counters any) admin.Figures {
	f := admin.Figures{}
	collect(reflect.ValueOf(counters), f)
	return f
}

func collect(v reflect.Value, into admin.Figures) {
	for i := range v.NumField() {
		t := v.Type().Field(i)
		if !t.IsExported() {
			continue
		}
		x := v.Field(i)
		name := snake(t.Name)
		switch {
		case x.Kind() == reflect.Struct && (t.Anonymous || t.Name == "Stats"):
			collect(x, into)
		case x.Kind() == reflect.Slice && x.Type().Elem().Kind() == reflect.Struct:
			list := make([]admin.Figures, x.Len())
			for n := range list {
				list[n] = figures(x.Index(n).Interface())
			}
			into[name] = list
		default:
			if value := figure(x); value != nil {
				into[name] = value
			}
		}
	}
}

// figure is one value as JSON has it.
func figure(v reflect.Value) any {
	switch x := v.Interface().(type) {
	case time.Duration:
		return x.Seconds()
	case error:
		return x.Error()
	case encoding.TextMarshaler:
		return x
	}
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer, reflect.Func, reflect.Chan:
		return nil
	}
	return v.Interface()
}

// snake turns SendErrors into send_errors, SHA256 into sha256.
func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
