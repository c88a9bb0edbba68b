package main

import (
	"strings"

	"github.com/sallyport-sbc/sallyport/sdk"
	answers "github.com/sallyport-sbc/sallyport/sdk/answer"
	known "github.com/sallyport-sbc/sallyport/sdk/settings"
)

// settings are the module's configuration.
type settings struct {
	timeout, cache sdk.Duration
	retries        int64
	format         string      // "" by the response's Content-Type
	headers        []sdk.Field // of every request; last Content-Type
	keys           []string    // that an answer may set
}

// Init reads the configuration.
func (m *module) Init(s *sdk.Setup) (err error) {
	m.set = m.decision.set
	if m.timeout, err = span(s, "timeout", "500ms"); err != nil {
		return err
	}
	if m.timeout < sdk.Millisecond {
		return sdk.Error("timeout is less than 1ms")
	}
	if m.cache, err = span(s, "cache", "0"); err != nil {
		return err
	}
	if m.retries, err = s.Int("retries", 0); err != nil {
		return err
	}
	if m.retries < 0 || m.retries > 5 {
		return sdk.Error("retries is not 0 to 5")
	}
	if m.most, err = s.Int("breaker", 5); err != nil {
		return err
	}
	if m.most < 0 {
		return sdk.Error("breaker is negative")
	}
	if m.pause, err = span(s, "breaker_time", "10s"); err != nil {
		return err
	}
	if m.format, err = s.Text("format", ""); err != nil {
		return err
	}
	if m.format != "" && m.format != answers.Text && m.format != answers.JSON {
		return sdk.Error("format is neither text nor json: " + m.format)
	}
	if m.keys, err = s.Texts("keys"); err != nil {
		return err
	}
	if !s.Has("keys") {
		m.keys = []string{"*"}
	}
	for _, k := range m.keys {
		if k == "" || !known.Valid(k) {
			return sdk.Error("keys: neither a key nor a section as in routing.*: " + k)
		}
	}
	return m.fields(s)
}

// fields reads the header fields of every request.
func (m *module) fields(s *sdk.Setup) error {
	list, err := s.Texts("headers")
	if err != nil {
		return err
	}
	kind, err := s.Text("content_type", "application/x-www-form-urlencoded")
	if err != nil {
		return err
	}
	for _, h := range append(list, "Content-Type: "+kind) {
		name, value, ok := strings.Cut(h, ": ")
		if !ok || name == "" || value == "" || strings.IndexByte(h, '\n') >= 0 || strings.IndexByte(h, '\r') >= 0 {
			return sdk.Error("headers: not NAME: VALUE: " + h)
		}
		m.headers = append(m.headers, sdk.Field{Name: name, Value: value})
	}
	return nil
}

func span(s *sdk.Setup, key, absent string) (sdk.Duration, error) {
	text, err := s.Text(key, absent)
	if err != nil {
		return 0, err
	}
	d, ok := sdk.ParseDuration(text)
	if !ok {
		return 0, sdk.Error(key + " is not a duration such as 500ms: " + text)
	}
	return d, nil
}
