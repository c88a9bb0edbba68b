package store

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// Commander is what only Redis offers: a command of the caller's. It must have
// passed the caller's Policy. Answers are bounded; an error of Redis is a Value
// of kind ValueError, not an error.
type Commander interface {
	Command(ctx context.Context, args ...string) (Value, error)
}

// ValueKind says which field of a Value counts.
type ValueKind uint8

// The kinds of values.
const (
	ValueNil ValueKind = iota
	ValueInt
	ValueText
	ValueList // also maps, as key, value, key, value
	ValueError
)

// Value is what a command answered.
type Value struct {
	Kind ValueKind
	Int  int64
	Text string
	List []Value
}

// Policy says which commands a use may give, and on which keys.
type Policy struct {
	commands map[string]bool
	prefix   string
}

// NewPolicy allows the named commands on keys that begin with prefix. It fails
// with ErrInvalid for a command that is not in the table of this file: those
// whose keys are not known, that block, or that rule the server. Scripts, EVAL,
// EVALSHA and their _RO forms, are held to the keys they declare, not to those
// they compute: allow them to modules that you trust.
func NewPolicy(commands []string, prefix string) (*Policy, error) {
	p := &Policy{map[string]bool{}, prefix}
	for _, c := range commands {
		c = strings.ToUpper(c)
		if _, known := commandKeys[c]; !known {
			return nil, fmt.Errorf("%w: command %q cannot be allowed", ErrInvalid, c)
		}
		p.commands[c] = true
	}
	return p, nil
}

// Check fails with ErrDenied unless the command is allowed and all its keys
// begin with the prefix.
func (p *Policy) Check(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("%w: no command", ErrInvalid)
	}
	if !p.commands[strings.ToUpper(args[0])] {
		return fmt.Errorf("%w: %s", ErrDenied, clip(args[0]))
	}
	keys, err := CommandKeys(args)
	if err != nil {
		return err
	}
	for _, i := range keys {
		if k := args[i]; !strings.HasPrefix(k, p.prefix) {
			return fmt.Errorf("%w: key %q does not begin with %q", ErrDenied, clip(k), p.prefix)
		}
	}
	return nil
}

// CommandKeys returns which arguments of a command are keys, args[0] being its
// name. It fails with ErrDenied for commands that it does not know and with
// ErrInvalid for missing arguments.
func CommandKeys(args []string) (at []int, err error) {
	if len(args) == 0 {
		return nil, fmt.Errorf("%w: no command", ErrInvalid)
	}
	name := strings.ToUpper(args[0])
	place, known := commandKeys[name]
	if !known {
		return nil, fmt.Errorf("%w: %s", ErrDenied, clip(name))
	}
	first, last, step := 1, len(args)-1, 1
	switch place {
	case keyNone:
		return nil, nil
	case keyFirst:
		last = 1
	case keyAll:
	case keyPairs:
		step = 2
	case keyCounted:
		n := -1
		if len(args) > 2 {
			n, err = strconv.Atoi(args[2])
		}
		if err != nil || n < 0 || n > len(args)-3 {
			return nil, fmt.Errorf("%w: %s with %d arguments", ErrInvalid, name, len(args)-1)
		}
		first, last = 3, 2+n
	}
	if place != keyCounted && len(args) < 2 || place == keyPairs && len(args)%2 == 0 {
		return nil, fmt.Errorf("%w: %s with %d arguments", ErrInvalid, name, len(args)-1)
	}
	for i := first; i <= last; i += step {
		at = append(at, i)
	}
	return at, nil
}

// keyPlace says where a command has its keys.
type keyPlace uint8

const (
	keyNone    keyPlace = iota
	keyFirst            // the first argument
	keyAll              // all arguments
	keyPairs            // every other argument
	keyCounted          // behind a script and the number of keys
)

var commandKeys = places(map[keyPlace]string{
	keyNone: "PING TIME",
	keyFirst: "GET SET SETEX PSETEX SETNX GETSET GETDEL GETEX STRLEN APPEND GETRANGE SETRANGE GETBIT SETBIT BITCOUNT " +
		"INCR INCRBY INCRBYFLOAT DECR DECRBY EXPIRE PEXPIRE EXPIREAT PEXPIREAT PERSIST TTL PTTL TYPE " +
		"HGET HSET HSETNX HMGET HGETALL HDEL HLEN HEXISTS HINCRBY HINCRBYFLOAT HKEYS HVALS HSTRLEN HSCAN " +
		"SADD SREM SISMEMBER SMISMEMBER SMEMBERS SCARD SRANDMEMBER SPOP SSCAN " +
		"ZADD ZREM ZSCORE ZMSCORE ZCARD ZCOUNT ZRANGE ZREVRANGE ZRANGEBYSCORE ZREVRANGEBYSCORE ZRANGEBYLEX ZLEXCOUNT " +
		"ZRANK ZREVRANK ZINCRBY ZPOPMIN ZPOPMAX ZREMRANGEBYSCORE ZREMRANGEBYRANK ZREMRANGEBYLEX ZSCAN " +
		"LPUSH RPUSH LPUSHX RPUSHX LPOP RPOP LLEN LRANGE LINDEX LSET LREM LTRIM " +
		"XADD XLEN XRANGE XREVRANGE XTRIM XDEL PFADD PUBLISH",
	keyAll:     "MGET DEL UNLINK EXISTS TOUCH SINTER SUNION SDIFF PFCOUNT",
	keyPairs:   "MSET MSETNX",
	keyCounted: "EVAL EVALSHA EVAL_RO EVALSHA_RO",
})

func places(lists map[keyPlace]string) map[string]keyPlace {
	all := map[string]keyPlace{}
	for at, list := range lists {
		for name := range strings.FieldsSeq(list) {
			all[name] = at
		}
	}
	return all
}
