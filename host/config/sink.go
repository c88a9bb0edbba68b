package config

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Sink is a section [module.NAME.sink.NAME].
type Sink struct {
	// Where the records go: "csv" is a file of comma-separated values, "syslog" a receiver of
	// RFC 5424, "http" a web server, "redis" a stream in the Redis of [redis], "postgres" a table
	// of PostgreSQL. Required.
	//
	//	kind = "postgres"
	Kind SinkKind `toml:"kind"`

	// File of a csv sink: a path relative to the working directory, its folder is made when it is
	// missing. Required there. To rotate it, move it away; no signal is needed.
	//
	//	file = "var/cdr/cdr.csv"
	File string `toml:"file"`

	// Where the far end is. For syslog "udp://HOST:PORT", "tcp://HOST:PORT" or "unix:///PATH"; for
	// http an URL of http or https; for postgres "postgres://USER:PASSWORD@HOST:PORT/DATABASE",
	// with ?sslmode=… and the other parameters PostgreSQL knows. Required there.
	//
	//	url = "tcp://192.0.2.7:601"
	URL string `toml:"url"`

	// What is taken from each record, in order: members of the record, "vars.tenant" for one
	// within another, "NAME=MEMBER" to give it another name; "id" is the record's unique id, "json"
	// the whole record. Required for csv, where they are the columns. For postgres they are columns
	// of the table, "id" among them; default are the columns id (uuid) and record (jsonb). For redis
	// they are the fields of an entry, default id and json.
	//
	//	columns = ["id", "start_time", "caller", "callee", "billsec", "tenant=vars.tenant"]
	Columns []string `toml:"columns"`

	// Most records that are delivered at once: 1 to 10000, default 500.
	//
	//	batch = 100
	Batch int `toml:"batch"`

	// How long one attempt may take, for all but csv: a duration of 100ms to 5m, default "10s".
	// Attempts are repeated until one succeeds, with pauses that grow to 30s.
	//
	//	timeout = "3s"
	Timeout time.Duration `toml:"timeout"`

	// What becomes of a record that the far end says it will never take: "skip" counts it, says so
	// in the log and goes on; "wait" tries until it is taken, and everything behind it waits.
	// Default "skip".
	//
	//	refused = "wait"
	Refused SinkRefused `toml:"refused"`

	// Codes by which a web server says that it will never take something, default [400, 413, 422].
	// Any other code but 2xx means: later.
	//
	//	refused_codes = [422]
	RefusedCodes []int `toml:"refused_codes"`

	// How an http sink writes a batch: "ndjson" is one record a line, "array" a JSON array. Default
	// "ndjson".
	//
	//	format = "array"
	Format SinkFormat `toml:"format"`

	// Header fields of an http sink's requests, default none.
	//
	//	headers = { Authorization = "Bearer secret" }
	Headers map[string]string `toml:"headers"`

	// Facility of syslog messages: "kern", "user" … "local7" as RFC 5424 numbers them, default
	// "local0". The severity is information.
	//
	//	facility = "local3"
	Facility string `toml:"facility"`

	// Name of the structured data element that has the record's id, default "cdr@32473": NAME, @,
	// and a private enterprise number, which should be yours.
	//
	//	sd_id = "cdr@64512"
	SDID string `toml:"sd_id"`

	// Name of the stream of a redis sink, default "cdr".
	//
	//	stream = "sbc:cdr"
	Stream string `toml:"stream"`

	// About how many entries the stream may have; older ones are dropped. A number, default 1000000;
	// 0 is no limit.
	//
	//	max_length = 100000
	MaxLength *int `toml:"max_length"`

	// Table of a postgres sink, TABLE or SCHEMA.TABLE, default "cdr".
	//
	//	table = "billing.calls"
	Table string `toml:"table"`

	// Whether the table is made when it is missing: true or false, default false.
	//
	//	create_table = true
	CreateTable bool `toml:"create_table"`
}

// SinkKind is the kind of a sink.
type SinkKind string

// The kinds of sinks.
const (
	SinkCSV      SinkKind = "csv"
	SinkSyslog   SinkKind = "syslog"
	SinkHTTP     SinkKind = "http"
	SinkRedis    SinkKind = "redis"
	SinkPostgres SinkKind = "postgres"
)

// UnmarshalText reads a kind.
func (k *SinkKind) UnmarshalText(text []byte) error {
	switch v := SinkKind(text); v {
	case "csv", "syslog", "http", "redis", "postgres":
		*k = v
		return nil
	}
	return fmt.Errorf(`want "csv", "syslog", "http", "redis" or "postgres", got %q`, text)
}

// SinkRefused is what becomes of a record that is refused for good.
type SinkRefused string

// UnmarshalText reads it.
func (r *SinkRefused) UnmarshalText(text []byte) error {
	switch v := SinkRefused(text); v {
	case "skip", "wait":
		*r = v
		return nil
	}
	return fmt.Errorf(`want "skip" or "wait", got %q`, text)
}

// SinkFormat is how a batch is written.
type SinkFormat string

// UnmarshalText reads a format.
func (f *SinkFormat) UnmarshalText(text []byte) error {
	switch v := SinkFormat(text); v {
	case "ndjson", "array":
		*f = v
		return nil
	}
	return fmt.Errorf(`want "ndjson" or "array", got %q`, text)
}

// SetDefaults fills in what every kind has.
func (s *Sink) SetDefaults() { s.Batch = 500 }

// settle fills in what a sink of its kind has.
func (s *Sink) settle() {
	fill := func(into *string, value string) {
		if *into == "" {
			*into = value
		}
	}
	if s.Kind != SinkCSV && s.Timeout == 0 {
		s.Timeout = 10 * time.Second
	}
	if s.knows("refused") && s.Refused == "" {
		s.Refused = "skip"
	}
	switch s.Kind {
	case SinkHTTP:
		if s.Format == "" {
			s.Format = "ndjson"
		}
		if s.RefusedCodes == nil {
			s.RefusedCodes = []int{400, 413, 422}
		}
	case SinkSyslog:
		fill(&s.Facility, "local0")
		fill(&s.SDID, "cdr@32473")
	case SinkRedis:
		fill(&s.Stream, "cdr")
		if s.MaxLength == nil {
			most := 1_000_000
			s.MaxLength = &most
		}
	case SinkPostgres:
		fill(&s.Table, "cdr")
	}
}

// sinkKeys are the keys of each kind besides kind and batch.
var sinkKeys = map[SinkKind][]string{
	SinkCSV:      {"file", "columns"},
	SinkSyslog:   {"url", "timeout", "refused", "facility", "sd_id"},
	SinkHTTP:     {"url", "timeout", "refused", "refused_codes", "format", "headers"},
	SinkRedis:    {"columns", "timeout", "stream", "max_length"},
	SinkPostgres: {"url", "columns", "timeout", "refused", "table", "create_table"},
}

func (s *Sink) knows(key string) bool {
	return key == "kind" || key == "batch" || slices.Contains(sinkKeys[s.Kind], key)
}

// facilities are those of RFC 5424 §6.2.1, by number.
var facilities = strings.Fields("kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock " +
	"local0 local1 local2 local3 local4 local5 local6 local7")

// FacilityNumber is the number of the facility.
func (s *Sink) FacilityNumber() int { return slices.Index(facilities, s.Facility) }

// sinks checks where the records of modules go.
func (c *checker) sinks() {
	files := map[string]string{}
	for _, name := range c.ModuleOrder {
		m := c.Module[name]
		for _, sink := range slices.Sorted(maps.Keys(m.Sink)) {
			s, at := m.Sink[sink], key{"module", name, "sink", sink}
			if !isBare(sink) {
				c.errorAt(at, "a name has letters, digits, _ and - only")
			}
			if s.Kind == "" {
				c.errorAt(at.with("kind"), `required: "csv", "syslog", "http", "redis" or "postgres"`)
				continue
			}
			c.sink(s, at)
			if s.Kind == SinkCSV {
				path := filepath.Clean(s.File)
				if other, taken := files[path]; taken {
					c.errorAt(at.with("file"), "the sink %s writes to that file", other)
				}
				files[path] = name + "." + sink
			}
		}
	}
}

// sink checks one sink and fills in its defaults.
func (c *checker) sink(s *Sink, at key) {
	v := reflect.ValueOf(s).Elem()
	for i := range v.NumField() {
		k := v.Type().Field(i).Tag.Get("toml")
		if !v.Field(i).IsZero() && !s.knows(k) {
			c.errorAt(at.with(k), "a sink of kind %q has no such key: it has %s", s.Kind, strings.Join(sinkKeys[s.Kind], ", "))
		}
	}
	s.settle()
	if s.Batch < 1 || s.Batch > 10_000 {
		c.errorAt(at.with("batch"), "want 1 to 10000")
	}
	if s.knows("timeout") && (s.Timeout < 100*time.Millisecond || s.Timeout > 5*time.Minute) {
		c.errorAt(at.with("timeout"), "want 100ms to 5m")
	}
	if s.knows("url") {
		if err := s.checkURL(); err != "" {
			c.errorAt(at.with("url"), "%s", err)
		}
	}
	switch s.Kind {
	case SinkCSV:
		if s.File == "" {
			c.errorAt(at.with("file"), "required: the path of the file")
		}
		if len(s.Columns) == 0 {
			c.errorAt(at.with("columns"), `required, such as ["id", "start_time", "caller", "callee", "billsec"]`)
		}
	case SinkSyslog:
		if s.FacilityNumber() < 0 {
			c.errorAt(at.with("facility"), "there is no facility %q%s", s.Facility, didYouMean(s.Facility, facilities))
		}
		if name, number, ok := strings.Cut(s.SDID, "@"); !ok || name == "" || len(s.SDID) > 32 || strings.Trim(number, "0123456789.") != "" || number == "" ||
			strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`="]`, r) }) {
			c.errorAt(at.with("sd_id"), `want NAME@NUMBER of at most 32 characters, such as "cdr@32473"`)
		}
	case SinkHTTP:
		for i, code := range s.RefusedCodes {
			if code < 300 || code > 599 {
				c.errorAt(at.with("refused_codes").element(i), "%d: want 300 to 599", code)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(s.Headers)) {
			value := s.Headers[name]
			if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r) }) || !printable(value) {
				c.errorAt(at.with("headers").with(name), "no header field")
			} else if n := http.CanonicalHeaderKey(name); n == "Content-Type" || n == "Content-Length" || n == "Idempotency-Key" {
				c.errorAt(at.with("headers").with(name), "that one is set by the sink")
			}
		}
	case SinkRedis:
		if c.Redis == nil {
			c.errorAt(at.with("kind"), `a sink of kind "redis" needs a section [redis] with addresses`)
		}
		if *s.MaxLength < 0 {
			c.errorAt(at.with("max_length"), "negative; 0 is no limit")
		}
	case SinkPostgres:
		if parts := strings.Split(s.Table, "."); len(parts) > 2 || slices.Contains(parts, "") || !printable(s.Table) {
			c.errorAt(at.with("table"), "want TABLE or SCHEMA.TABLE")
		}
		if len(s.Columns) > 0 && !slices.ContainsFunc(s.Columns, func(t string) bool { return t == "id" || strings.HasSuffix(t, "=id") }) {
			c.errorAt(at.with("columns"), `"id" must be among them: it is what a record that comes twice is known by`)
		}
	}
}

// checkURL says what is wrong with the URL.
func (s *Sink) checkURL() string {
	u, err := url.Parse(s.URL)
	if s.URL == "" || err != nil {
		return "required: " + wantURL[s.Kind]
	}
	ok := false
	switch s.Kind {
	case SinkSyslog:
		_, _, split := net.SplitHostPort(u.Host)
		ok = (u.Scheme == "udp" || u.Scheme == "tcp") && split == nil && u.Path == "" ||
			u.Scheme == "unix" && u.Host == "" && strings.HasPrefix(u.Path, "/")
	case SinkHTTP:
		ok = (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
	case SinkPostgres:
		ok = u.Scheme == "postgres" || u.Scheme == "postgresql"
		if u.Query().Has("password") {
			return "put the password before the @, where it is not shown"
		}
	}
	if !ok {
		return "want " + wantURL[s.Kind]
	}
	return ""
}

var wantURL = map[SinkKind]string{
	SinkSyslog:   `"udp://HOST:PORT", "tcp://HOST:PORT" or "unix:///PATH"`,
	SinkHTTP:     `an URL of http or https`,
	SinkPostgres: `"postgres://USER:PASSWORD@HOST:PORT/DATABASE"`,
}
