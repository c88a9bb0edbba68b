package sdk

import "github.com/sallyport-sbc/sallyport/abi/wire"

// KV is the module's own part of the store: values, numbers and sets by
// key, shared by its calls and, with Redis, by all nodes. It needs the
// capability sbc_kv. Its functions may wait.
type KV struct{ c *Call }

// KV is the module's part of the store.
func (c *Call) KV() KV { return KV{c} }

// Get is the value of a key; it fails with ErrNotFound. Numbers are decimal text.
func (k KV) Get(key string) ([]byte, error) {
	for more := true; more; more = !k.c.composed() {
		k.c.compose(wire.KVSlots).Text(wire.KVKey, key)
	}
	in, err := k.c.look(k.c.host.kvGet)
	b, _ := in.Bytes(wire.ResultBody)
	return b, err
}

// Set keeps a value for ttl, 0 for without end.
func (k KV) Set(key string, value []byte, ttl Duration) error {
	_, err := k.ask(k.c.host.kvSet, key, func(w *wire.Writer) {
		w.Bytes(wire.KVValue, value)
		w.U64(wire.KVTTL, uint64(max(ttl, 0)))
	})
	return err
}

// Delete removes a key.
func (k KV) Delete(key string) error {
	_, err := k.ask(k.c.host.kvDel, key, nil)
	return err
}

// Add adds delta to a number and returns it; ttl counts from when it was made.
func (k KV) Add(key string, delta int64, ttl Duration) (int64, error) {
	in, err := k.ask(k.c.host.kvAdd, key, func(w *wire.Writer) {
		w.U64(wire.KVDelta, uint64(delta))
		w.U64(wire.KVTTL, uint64(max(ttl, 0)))
	})
	return int64(in.U64(wire.ResultValue)), err
}

// AddWithin is Add that fails with ErrConflict, and changes nothing, when the number would
// leave floor or ceiling.
func (k KV) AddWithin(key string, delta, floor, ceiling int64, ttl Duration) (int64, error) {
	in, err := k.ask(k.c.host.kvAdd, key, func(w *wire.Writer) {
		w.U64(wire.KVDelta, uint64(delta))
		w.U64(wire.KVBounded, 1)
		w.U64(wire.KVFloor, uint64(floor))
		w.U64(wire.KVCeiling, uint64(ceiling))
		w.U64(wire.KVTTL, uint64(max(ttl, 0)))
	})
	return int64(in.U64(wire.ResultValue)), err
}

// SetAdd adds members to a set and says how many were new.
func (k KV) SetAdd(set string, members ...string) (int, error) {
	in, err := k.ask(k.c.host.kvSetAdd, set, func(w *wire.Writer) { names(w, wire.KVMembers, members) })
	return int(in.U64(wire.ResultValue)), err
}

// SetDelete removes members from a set and says how many were there.
func (k KV) SetDelete(set string, members ...string) (int, error) {
	in, err := k.ask(k.c.host.kvSetDel, set, func(w *wire.Writer) { names(w, wire.KVMembers, members) })
	return int(in.U64(wire.ResultValue)), err
}

// SetHas says whether a member is in a set.
func (k KV) SetHas(set, member string) (bool, error) {
	in, err := k.member(k.c.host.kvSetHas, set, member)
	return in.U64(wire.ResultValue) == 1, err
}

// SetMatch is the longest member that value begins with; it fails with ErrNotFound.
func (k KV) SetMatch(set, value string) (string, error) {
	in, err := k.member(k.c.host.kvSetMatch, set, value)
	return in.Text(wire.ResultBody), err
}

func (k KV) member(f asker, set, member string) (wire.Reader, error) {
	for more := true; more; more = !k.c.composed() {
		w := k.c.compose(wire.KVSlots)
		w.Text(wire.KVKey, set)
		w.Pair(w.List(wire.KVMembers, 1), 0, member, "")
	}
	return k.c.look(f)
}

func (k KV) ask(f asker, key string, more func(*wire.Writer)) (wire.Reader, error) {
	return k.c.ask(f, wire.KVSlots, func(w *wire.Writer) {
		w.Text(wire.KVKey, key)
		if more != nil {
			more(w)
		}
	})
}
