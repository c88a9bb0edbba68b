package sdk

import "github.com/sallyport-sbc/sallyport/abi/wire"

// Setup is what a module learns when an instance starts. What it hands out may
// be kept.
type Setup struct {
	in     wire.Reader
	host   host
	fields []member
	skip   uint64 // events that are not wanted
	prompt uint64 // events whose hooks hardly ever wait
}

// Module is the name of the module in the configuration.
func (s *Setup) Module() string { return s.in.Text(wire.InitModule) }

// Node is the name of the SBC's node.
func (s *Setup) Node() string { return s.in.Text(wire.InitNode) }

// Generation names this version of module and configuration.
func (s *Setup) Generation() string { return s.in.Text(wire.InitGeneration) }

// Config is the module's configuration, a JSON object. Text, Int, Bool and
// Texts read its plain members; nested ones are the module's own business.
func (s *Setup) Config() []byte {
	b, _ := s.in.Bytes(wire.InitConfig)
	return b
}

// IsNear reports whether the store is on this node: then what only looks at it, and
// a limit that is not full, is answered at once.
func (s *Setup) IsNear() bool { return s.in.U64(wire.InitFeatures)&wire.FeatureNear != 0 }

// Log writes a line to the SBC's log.
func (s *Setup) Log(l Level, msg string) { s.host.log(0, l, msg) }

// The events a configuration may do without: see Skip.
const (
	EventStart    = wire.EventStart
	EventConnect  = wire.EventConnect
	EventTimer    = wire.EventTimer
	EventEnd      = wire.EventEnd
	EventRegister = wire.EventRegister
	EventRoute    = wire.EventRoute
)

// Skip says that the hooks of these events, which the module has, have nothing to do
// with this configuration: calls then do not pay for them. One hook must remain.
func (s *Setup) Skip(events ...wire.Event) {
	for _, e := range events {
		s.skip |= 1 << (e & 63)
	}
}

// Prompt says that the hooks of these events hardly ever wait for what they ask, and change
// nothing before they ask: no variable, state, timer, metric, nor the module itself. They then run
// without what waiting needs, which costs more than a light hook. One that has to wait all
// the same gets ErrAgain from what it asks, is to return, and is begun again in the usual
// way. It then looks at the store twice, and asks for a limit twice that was full, but for
// nothing else. Hooks that never ask may change what they like.
func (s *Setup) Prompt(events ...wire.Event) {
	for _, e := range events {
		s.prompt |= 1 << (e & 63)
	}
}

// Has reports whether the configuration has that member.
func (s *Setup) Has(key string) bool { return s.find(key) != "" }

// Text is a string of the configuration, absent when it is not there. It fails
// when it is something else.
func (s *Setup) Text(key, absent string) (string, error) {
	raw := s.find(key)
	if raw == "" {
		return absent, nil
	}
	v, ok := unquote(raw)
	if !ok {
		return "", Error(key + " is not a string")
	}
	return v, nil
}

// Int is a whole number of the configuration, as Text.
func (s *Setup) Int(key string, absent int64) (int64, error) {
	raw := s.find(key)
	if raw == "" {
		return absent, nil
	}
	v, ok := integer(raw)
	if !ok {
		return 0, Error(key + " is not a whole number")
	}
	return v, nil
}

// Bool is true or false of the configuration, as Text.
func (s *Setup) Bool(key string, absent bool) (bool, error) {
	switch s.find(key) {
	case "":
		return absent, nil
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, Error(key + " is neither true nor false")
}

// Texts is an array of strings of the configuration, nil when it is not there.
func (s *Setup) Texts(key string) ([]string, error) {
	raw := s.find(key)
	if raw == "" {
		return nil, nil
	}
	var list []string
	ok := array(raw, func(item string) bool {
		v, ok := unquote(item)
		list = append(list, v)
		return ok
	})
	if !ok {
		return nil, Error(key + " is not an array of strings")
	}
	return list, nil
}

func (s *Setup) parse() error {
	raw := s.Config()
	if len(raw) == 0 {
		return nil
	}
	fields, ok := object(string(raw))
	if !ok {
		return Error("not a JSON object")
	}
	s.fields = fields
	return nil
}

// find is the raw value of a member, "" when it is not there; the last one of a name counts.
func (s *Setup) find(key string) string {
	for i := len(s.fields) - 1; i >= 0; i-- {
		if s.fields[i].name == key {
			return s.fields[i].raw
		}
	}
	return ""
}
