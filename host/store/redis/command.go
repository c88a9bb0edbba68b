package redis

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/redis/rueidis"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// Command is store.Commander.Command. Keys that begin with Options.Prefix are
// this package's own and denied, whatever the policy said.
func (s *Store) Command(ctx context.Context, args ...string) (v store.Value, err error) {
	keys, err := store.CommandKeys(args)
	for _, i := range keys {
		if k := args[i]; strings.HasPrefix(k, s.root+":") || strings.HasPrefix(k, s.leaseRoot()) {
			err = fmt.Errorf("%w: key %.40q is the store's own", store.ErrDenied, k)
		}
	}
	if err != nil {
		return v, s.counters.Done(store.OpCommand, time.Time{}, err)
	}
	err = s.do(ctx, store.OpCommand, func(ctx context.Context, c rueidis.Client) error {
		cmd, err := build(c, args, keys)
		if err != nil {
			return err
		}
		m, err := c.Do(ctx, cmd).ToMessage()
		var answer *rueidis.RedisError
		switch {
		case rueidis.IsRedisNil(err):
			return nil
		case errors.As(err, &answer):
			if err := s.explain(err); errors.Is(err, store.ErrUnavailable) {
				return err
			}
			v = store.Value{Kind: store.ValueError, Text: answer.Error()}
			return nil
		case err != nil:
			return err
		}
		v, err = value(m)
		return err
	})
	if err != nil {
		return store.Value{}, err
	}
	return v, nil
}

// build tells the library which arguments are keys, for a cluster to route by.
func build(c rueidis.Client, args []string, keys []int) (cmd rueidis.Completed, err error) {
	defer func() {
		if r := recover(); r != nil { // keys of different slots, of a cluster
			err = fmt.Errorf("%w: %v", store.ErrInvalid, r)
		}
	}()
	b := c.B().Arbitrary(args[0])
	for i, arg := range args[1:] {
		if slices.Contains(keys, i+1) {
			b = b.Keys(arg)
		} else {
			b = b.Args(arg)
		}
	}
	return b.Build(), nil
}

// value is what a message of the library says; its depth is bounded by the gate.
func value(m rueidis.RedisMessage) (v store.Value, err error) {
	switch {
	case m.IsNil():
		return v, nil
	case m.IsInt64():
		n, err := m.AsInt64()
		return store.Value{Kind: store.ValueInt, Int: n}, err
	case m.IsBool():
		b, err := m.AsBool()
		if b {
			v.Int = 1
		}
		v.Kind = store.ValueInt
		return v, err
	case m.IsFloat64(), m.IsString():
		text, err := m.ToString()
		return store.Value{Kind: store.ValueText, Text: text}, err
	}
	if err := m.Error(); err != nil {
		return store.Value{Kind: store.ValueError, Text: err.Error()}, nil
	}
	v = store.Value{Kind: store.ValueList}
	if m.IsMap() {
		all, err := m.ToMap()
		for _, k := range slices.Sorted(maps.Keys(all)) {
			one, err := value(all[k])
			if err != nil {
				return store.Value{}, err
			}
			v.List = append(v.List, store.Value{Kind: store.ValueText, Text: k}, one)
		}
		return v, err
	}
	list, err := m.ToArray()
	for _, e := range list {
		one, err := value(e)
		if err != nil {
			return store.Value{}, err
		}
		v.List = append(v.List, one)
	}
	return v, err
}
