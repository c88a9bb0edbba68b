package wasm

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/abi"
	"github.com/sallyport-sbc/sallyport/abi/wire"
	"github.com/sallyport-sbc/sallyport/host/store"
)

var kvFunctions = map[string]function{
	"get":       asynchronous("sbc_kv", kvGet),
	"set":       asynchronous("sbc_kv", kvSet),
	"del":       asynchronous("sbc_kv", kvDelete),
	"add":       asynchronous("sbc_kv", kvAdd),
	"set_add":   asynchronous("sbc_kv", kvSetAdd),
	"set_del":   asynchronous("sbc_kv", kvSetDelete),
	"set_has":   asynchronous("sbc_kv", kvSetHas),
	"set_match": asynchronous("sbc_kv", kvSetMatch),
}

// storeCode is what a guest sees of an error of the store.
func storeCode(err error) abi.Code {
	for _, c := range []struct {
		err  error
		code abi.Code
	}{
		{nil, abi.CodeOK},
		{store.ErrNotFound, abi.CodeNotFound},
		{store.ErrQuota, abi.CodeBusy},
		{store.ErrInvalid, abi.CodeInvalid},
		{store.ErrSettled, abi.CodeConflict},
		{store.ErrConflict, abi.CodeConflict},
		{store.ErrDenied, abi.CodeDenied},
		{store.ErrTimeout, abi.CodeTimeout},
		{context.DeadlineExceeded, abi.CodeTimeout},
		{store.ErrUnavailable, abi.CodeIO},
		{context.Canceled, abi.CodeCallGone},
	} {
		if errors.Is(err, c.err) {
			return c.code
		}
	}
	return abi.CodeInternal
}

// space is the part of the store that belongs to the module, whatever its generation.
func (g *Generation) space() store.Space { return store.Space{Name: g.name, Quota: g.source.Quota} }

// fast is the engine, if it is one that needs no waiting.
func (g *Generation) fast() store.Fast {
	f, _ := g.store.(store.Fast)
	return f
}

func key(req wire.Reader) string { return strings.Clone(req.Text(wire.KVKey)) }

func members(req wire.Reader) ([]string, abi.Code) {
	l, ok := req.List(wire.KVMembers)
	switch {
	case !ok || l.Len() == 0:
		return nil, abi.CodeInvalid
	case l.Len() > wire.MaxList:
		return nil, abi.CodeTooBig
	}
	all := make([]string, l.Len())
	for i := range all {
		m, _, ok := l.At(i)
		if !ok {
			return nil, abi.CodeInvalid
		}
		all[i] = strings.Clone(m)
	}
	return all, abi.CodeOK
}

func bodyOrCode(b []byte, err error) result {
	if len(b) > wire.MaxBody {
		return result{code: abi.CodeTooBig}
	}
	return result{body: b, code: storeCode(err)}
}

func valueOrCode[T int | int64](v T, err error) result {
	return result{value: int64(v), code: storeCode(err)}
}

func kvGet(in *instance, _ *abi.Call, req wire.Reader) (work, abi.Code) {
	g, k := in.g, key(req)
	if f := g.fast(); f != nil {
		return work{now: func() result { return bodyOrCode(f.GetNow(g.space(), k)) }}, abi.CodeOK
	}
	return work{later: func(ctx context.Context, _ *op) result { return bodyOrCode(g.store.Get(ctx, g.space(), k)) }}, abi.CodeOK
}

func kvSet(in *instance, _ *abi.Call, req wire.Reader) (work, abi.Code) {
	g, k := in.g, key(req)
	v, ok := req.Bytes(wire.KVValue)
	switch {
	case !ok:
		return work{}, abi.CodeInvalid
	case len(v) > wire.MaxBody:
		return work{}, abi.CodeTooBig
	}
	v = bytes.Clone(v)
	ttl := time.Duration(req.U64(wire.KVTTL))
	return work{later: func(ctx context.Context, _ *op) result {
		return result{code: storeCode(g.store.Put(ctx, g.space(), k, v, ttl))}
	}}, abi.CodeOK
}

func kvDelete(in *instance, _ *abi.Call, req wire.Reader) (work, abi.Code) {
	g, k := in.g, key(req)
	return work{later: func(ctx context.Context, _ *op) result {
		return result{code: storeCode(g.store.Delete(ctx, g.space(), k))}
	}}, abi.CodeOK
}

func kvAdd(in *instance, _ *abi.Call, req wire.Reader) (work, abi.Code) {
	g, k, ttl := in.g, key(req), time.Duration(req.U64(wire.KVTTL))
	delta, floor, ceiling := int64(req.U64(wire.KVDelta)), int64(-store.MaxNumber), int64(store.MaxNumber)
	if req.U64(wire.KVBounded) == 1 {
		floor, ceiling = int64(req.U64(wire.KVFloor)), int64(req.U64(wire.KVCeiling))
	}
	return work{later: func(ctx context.Context, _ *op) result {
		v, ok, err := g.store.Add(ctx, g.space(), k, delta, floor, ceiling, ttl)
		if err == nil && !ok {
			return result{value: v, code: abi.CodeConflict}
		}
		return valueOrCode(v, err)
	}}, abi.CodeOK
}

func kvSetAdd(in *instance, _ *abi.Call, req wire.Reader) (work, abi.Code) {
	g, k := in.g, key(req)
	all, bad := members(req)
	return work{later: func(ctx context.Context, _ *op) result {
		return valueOrCode(g.store.SetAdd(ctx, g.space(), k, all...))
	}}, bad
}

func kvSetDelete(in *instance, _ *abi.Call, req wire.Reader) (work, abi.Code) {
	g, k := in.g, key(req)
	all, bad := members(req)
	return work{later: func(ctx context.Context, _ *op) result {
		return valueOrCode(g.store.SetRemove(ctx, g.space(), k, all...))
	}}, bad
}

func kvSetHas(in *instance, _ *abi.Call, req wire.Reader) (work, abi.Code) {
	g, k := in.g, key(req)
	all, bad := members(req)
	if bad != abi.CodeOK {
		return work{}, bad
	}
	has := func(ok bool, err error) result {
		r := result{code: storeCode(err)}
		if ok {
			r.value = 1
		}
		return r
	}
	if f := g.fast(); f != nil {
		return work{now: func() result { return has(f.SetHasNow(g.space(), k, all[0])) }}, abi.CodeOK
	}
	return work{later: func(ctx context.Context, _ *op) result { return has(g.store.SetHas(ctx, g.space(), k, all[0])) }}, abi.CodeOK
}

func kvSetMatch(in *instance, _ *abi.Call, req wire.Reader) (work, abi.Code) {
	g, k := in.g, key(req)
	all, bad := members(req)
	if bad != abi.CodeOK {
		return work{}, bad
	}
	match := func(m string, err error) result {
		if err == nil && m == "" {
			return result{code: abi.CodeNotFound}
		}
		return result{body: []byte(m), code: storeCode(err)}
	}
	if f := g.fast(); f != nil {
		return work{now: func() result { return match(f.SetMatchNow(g.space(), k, all[0])) }}, abi.CodeOK
	}
	return work{later: func(ctx context.Context, _ *op) result {
		return match(g.store.SetMatch(ctx, g.space(), k, all[0]))
	}}, abi.CodeOK
}
