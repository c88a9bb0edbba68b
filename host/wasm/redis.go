package wasm

import (
	"context"
	"strings"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/host/store"
)

// RedisGrant is what a module that is granted sbc_redis may do.
type RedisGrant struct {
	// Commands it may give; see store.NewPolicy.
	Commands []string
	// Prefix that all keys must have.
	Prefix string
}

var redisFunctions = map[string]function{"cmd": asynchronous("sbc_redis", redisCmd)}

func redisCmd(in *instance, _ *abi.Call, req wire.Reader) (work, abi.Code) {
	g := in.g
	l, ok := req.List(wire.RedisArgs)
	switch {
	case !ok || l.Len() == 0:
		return work{}, abi.CodeInvalid
	case l.Len() > wire.MaxList:
		return work{}, abi.CodeTooBig
	}
	args := make([]string, l.Len())
	for i := range args {
		a, _, ok := l.At(i)
		if !ok {
			return work{}, abi.CodeInvalid
		}
		args[i] = strings.Clone(a)
	}
	if err := g.policy.Check(args); err != nil {
		return work{}, storeCode(err)
	}
	return work{later: func(ctx context.Context, _ *op) result {
		v, err := g.redis.Command(ctx, args...)
		if err != nil {
			return result{code: storeCode(err)}
		}
		return answerOf(v)
	}}, abi.CodeOK
}

// answerOf flattens what Redis said: lists within lists follow each other.
func answerOf(v store.Value) result {
	r := result{status: int(v.Kind), value: v.Int, body: []byte(v.Text)}
	var add func(store.Value)
	add = func(v store.Value) {
		switch v.Kind {
		case store.ValueList:
			for _, x := range v.List {
				add(x)
			}
		case store.ValueInt:
			r.list = append(r.list, itoa(v.Int))
		default:
			r.list = append(r.list, v.Text)
		}
	}
	if v.Kind == store.ValueList {
		add(v)
	}
	if len(r.body) > wire.MaxBody || len(r.list) > 4096 {
		return result{code: abi.CodeTooBig}
	}
	return r
}
