package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"path/filepath"
	"slices"

	"github.com/sallyport-sbc/sallyport/host/cdr"
	"github.com/sallyport-sbc/sallyport/host/cdr/sink"
	"github.com/sallyport-sbc/sallyport/host/config"
	"github.com/sallyport-sbc/sallyport/host/store/redis"
	"github.com/sallyport-sbc/sallyport/host/wasm"
)

// errNoRecords is a module with sinks that does not write records.
var errNoRecords = errors.New("the module writes no records: it does not use sbc_cdr")

// recordFile is the file of a module's records: the key file of its own configuration, or
// one of the module's name.
func recordFile(module, file string) (string, error) {
	if file == "" {
		file = filepath.Join("var", "cdr", module+".jsonl")
	}
	return filepath.Abs(file)
}

// recordFileOf is recordFile for a module of a configuration.
func recordFileOf(s *config.Snapshot, module string) (string, error) {
	file, _ := s.Module[module].Config["file"].(string)
	return recordFile(module, file)
}

// feeds are the sinks of a snapshot by the file they read. The error is config.Errors when
// one of them cannot be made.
func (h *Host) feeds(s *config.Snapshot) (map[string]cdr.Feeds, error) {
	modules, err := moduleConfigs(s)
	if err != nil {
		return nil, err
	}
	byFile := map[string]cdr.Feeds{}
	var errs config.Errors
	for i, module := range s.ModuleOrder {
		m := s.Module[module]
		if len(m.Sink) > 0 && writesNone(modules[i]) {
			errs = append(errs, s.Mistake(errNoRecords, "module", module, "sink"))
		}
		file, err := recordFileOf(s, module)
		if err != nil {
			return nil, err
		}
		for _, name := range slices.Sorted(maps.Keys(m.Sink)) {
			feeds := byFile[file]
			f, err := h.feed(s, name, m.Sink[name])
			if err == nil && slices.ContainsFunc(feeds.Sinks, func(o cdr.Feed) bool { return o.Name == name }) {
				err = errors.New("another module writes to the same file and has a sink of that name")
			}
			if err != nil {
				errs = append(errs, s.Mistake(err, "module", module, "sink", name))
				continue
			}
			feeds.Sinks = append(feeds.Sinks, f)
			feeds.Backlog = max(feeds.Backlog, int64(m.SinkBacklog))
			byFile[file] = feeds
		}
	}
	if len(errs) > 0 {
		return nil, errs
	}
	return byFile, nil
}

// feed describes one sink. What can be wrong with it is found now, not when records wait.
func (h *Host) feed(s *config.Snapshot, name string, c *config.Sink) (cdr.Feed, error) {
	columns, err := cdr.ParseColumns(c.Columns)
	if err != nil {
		return cdr.Feed{}, err
	}
	version, err := json.Marshal([]any{c, s.Node})
	if err != nil {
		return cdr.Feed{}, err
	}
	f := cdr.Feed{Name: name, Kind: string(c.Kind), Version: string(version), Batch: c.Batch, Patient: c.Refused == "wait"}
	switch c.Kind {
	case config.SinkCSV:
		f.Open = func() (cdr.Sink, error) { return sink.NewCSV(c.File, columns), nil }
	case config.SinkSyslog:
		u, err := url.Parse(c.URL)
		if err != nil {
			return cdr.Feed{}, err
		}
		o := sink.SyslogOptions{
			Network: u.Scheme, Address: u.Host + u.Path, Facility: c.FacilityNumber(), Host: s.Node, SDID: c.SDID, Timeout: c.Timeout,
		}
		f.Open = func() (cdr.Sink, error) { return sink.NewSyslog(o), nil }
	case config.SinkHTTP:
		o := sink.HTTPOptions{
			URL: c.URL, Headers: c.Headers, Array: c.Format == "array", Timeout: c.Timeout, Refuse: c.RefusedCodes,
		}
		f.Open = func() (cdr.Sink, error) { return sink.NewHTTP(o), nil }
	case config.SinkRedis:
		o, err := h.redisOptions(s)
		if err != nil {
			return cdr.Feed{}, err
		}
		// A client of its own: a batch of records must not stand in front of a lease.
		f.Open = func() (cdr.Sink, error) {
			r, err := redis.Open(o)
			if err != nil {
				return nil, err
			}
			return sink.NewRedis(r, c.Stream, int64(*c.MaxLength), columns, c.Timeout), nil
		}
	case config.SinkPostgres:
		o := sink.PostgresOptions{URL: c.URL, Table: c.Table, Columns: columns, Create: c.CreateTable, Timeout: c.Timeout}
		if _, err := sink.NewPostgres(o); err != nil {
			return cdr.Feed{}, err
		}
		f.Open = func() (cdr.Sink, error) { return sink.NewPostgres(o) }
	default:
		return cdr.Feed{}, fmt.Errorf("there is no kind %q", c.Kind)
	}
	return f, nil
}

// redisOptions are those of the section [redis].
func (h *Host) redisOptions(s *config.Snapshot) (redis.Options, error) {
	secure, err := s.Redis.TLSConfig()
	return redis.Options{
		Addresses: s.Redis.Addresses, Sentinel: s.Redis.Sentinel, Cluster: s.Redis.Cluster,
		Username: s.Redis.Username, Password: s.Redis.Password,
		Database: s.Redis.Database, Prefix: s.Redis.Prefix, TLS: secure,
		Deadline: s.Store.Deadline, Log: h.log,
	}, err
}

// writesNone says whether a module cannot write records.
func writesNone(m wasm.ModuleConfig) bool {
	d, err := wasm.Check(m, nil)
	if err != nil {
		return false // loading says it better
	}
	for _, i := range d.Imports {
		if i.Module == "sbc_cdr" {
			return false
		}
	}
	return true
}

// feedsBetween are the sinks of next, feeds, and those of before, old, whose file no module of next writes
// to: calls that began before still do.
func feedsBetween(next *config.Snapshot, old, feeds map[string]cdr.Feeds) (map[string]cdr.Feeds, error) {
	written := map[string]bool{}
	for _, module := range next.ModuleOrder {
		file, err := recordFileOf(next, module)
		if err != nil {
			return nil, err
		}
		written[file] = true
	}
	both := maps.Clone(feeds)
	for file, f := range old {
		if !written[file] {
			both[file] = f
		}
	}
	return both, nil
}
