package sdk

import "github.com/sallyport-sbc/sallyport/abi/wire"

// Value is what Redis answered: Kind says which field counts.
type Value struct {
	Kind   int // RedisNil …
	Number int64
	Text   string
	List   []string // also maps, as key, value, key, value
}

// The kinds of a Value.
const (
	RedisNil = iota
	RedisNumber
	RedisText
	RedisList
	RedisError
)

// Redis gives a command that the configuration allows, on keys under its prefix; a script by
// EVAL. It needs the capability sbc_redis, and waits. An error of Redis is a Value.
// It fails with ErrDenied, ErrIO, ErrTimeout or ErrBusy.
func (c *Call) Redis(args ...string) (Value, error) {
	in, err := c.ask(c.host.redisCmd, wire.RedisSlots, func(w *wire.Writer) { names(w, wire.RedisArgs, args) })
	if err != nil {
		return Value{}, err
	}
	return Value{
		Kind: int(in.U64(wire.ResultStatus)), Number: int64(in.U64(wire.ResultValue)),
		Text: in.Text(wire.ResultBody), List: texts(in, wire.ResultList),
	}, nil
}

// Script runs a Lua script by EVAL, on keys and with further arguments, as Redis does a command.
func (c *Call) Script(script string, keys []string, args ...string) (Value, error) {
	all := append(make([]string, 0, 3+len(keys)+len(args)), "EVAL", script, string(appendInt(nil, int64(len(keys)))))
	return c.Redis(append(append(all, keys...), args...)...)
}
