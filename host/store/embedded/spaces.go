package embedded

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// space is one module's values and sets. Only the committer changes it.
type space struct {
	name string

	mu      sync.RWMutex // guards what follows
	keys    map[string]value
	sets    map[string]map[string]struct{}
	members int   // of all sets
	bytes   int64 // of all names and values
}

type value struct {
	data []byte // never changed in place
	due  int64  // milliseconds since 1970, 0 for none
}

func (v value) live(now time.Time) bool { return v.due == 0 || now.UnixMilli() < v.due }

// encode returns the value as it is stored.
func (v value) encode() string {
	return string(append(binary.BigEndian.AppendUint64(nil, uint64(v.due)), v.data...))
}

func decodeValue(b string) (v value, err error) {
	if len(b) < 8 || len(b) > 8+store.MaxValue || b[0]&0x80 != 0 {
		return v, fmt.Errorf("%w: value of %d bytes", store.ErrCorrupt, len(b))
	}
	return value{[]byte(b[8:]), int64(binary.BigEndian.Uint64([]byte(b[:8])))}, nil
}

// decodeKey splits a key into its parts, all of which are names.
func decodeKey(k string, parts int) ([]string, error) {
	p := strings.Split(k, "\x00")
	if len(p) != parts || store.CheckNames(p...) != nil {
		return nil, fmt.Errorf("%w: key %q", store.ErrCorrupt, k[:min(len(k), 80)])
	}
	return p, nil
}

func (s *Store) loadSpaces(l *layers) error {
	for k, text := range l.scan(values, "", "") {
		p, err := decodeKey(k, 2)
		if err != nil {
			return err
		}
		v, err := decodeValue(text)
		if err != nil {
			return err
		}
		s.space(p[0]).set(p[1], &v)
	}
	for k := range l.scan(members, "", "") {
		p, err := decodeKey(k, 3)
		if err != nil {
			return err
		}
		s.space(p[0]).join(p[1], p[2])
	}
	return nil
}

// space returns the space of a name, made if need be.
func (s *Store) space(name string) *space {
	if sp := s.known(name); sp != nil {
		return sp
	}
	s.spacesMu.Lock()
	defer s.spacesMu.Unlock()
	sp := s.spaces[name]
	if sp == nil {
		sp = &space{name: name, keys: map[string]value{}, sets: map[string]map[string]struct{}{}}
		s.spaces[name] = sp
	}
	return sp
}

func (s *Store) known(name string) *space {
	s.spacesMu.RLock()
	defer s.spacesMu.RUnlock()
	return s.spaces[name]
}

func (s *Store) allSpaces() []*space {
	s.spacesMu.RLock()
	defer s.spacesMu.RUnlock()
	all := make([]*space, 0, len(s.spaces))
	for _, sp := range s.spaces {
		all = append(all, sp)
	}
	return all
}

// set puts a value in, or takes it out when v is nil, and returns what takes
// that back.
func (sp *space) set(key string, v *value) (undo func()) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	old, had := sp.keys[key]
	if had {
		sp.bytes -= int64(len(key) + len(old.data))
		delete(sp.keys, key)
	}
	if v != nil {
		sp.bytes += int64(len(key) + len(v.data))
		sp.keys[key] = *v
	}
	if !had {
		return func() { sp.set(key, nil) }
	}
	return func() { sp.set(key, &old) }
}

// room fails with ErrQuota unless keys and bytes more have room in the space. It
// forgets what has expired when that helps.
func (b *batch) room(sp *space, q store.Quota, keys int, bytes int64) error {
	q = q.Limits()
	fits := func() bool {
		return (keys <= 0 || int64(len(sp.keys)+sp.members+keys) <= q.Keys) && (bytes <= 0 || sp.bytes+bytes <= q.Bytes)
	}
	if fits() {
		return nil
	}
	if b.forget(sp, fits); fits() {
		return nil
	}
	return fmt.Errorf("%w: space %q has %d keys of %d, %d bytes of %d",
		store.ErrQuota, sp.name, len(sp.keys)+sp.members, q.Keys, sp.bytes, q.Bytes)
}

// forget removes values that have expired, until it is enough.
func (b *batch) forget(sp *space, enough func() bool) {
	for key, v := range sp.keys { // read by the committer, the only writer
		if v.live(b.now) {
			continue
		}
		if b.keep(sp, key, nil); enough() {
			return
		}
	}
}

// keep changes a value in memory and in the file.
func (b *batch) keep(sp *space, key string, v *value) {
	b.undo = append(b.undo, sp.set(key, v))
	if v == nil {
		b.delete(values, sp.name+"\x00"+key)
		return
	}
	b.put(values, sp.name+"\x00"+key, v.encode())
}

// expired says whether a sweep has anything to do.
func (s *Store) expired(now time.Time) bool {
	for _, sp := range s.allSpaces() {
		for _, v := range sp.keys { // read by the committer, the only writer
			if !v.live(now) {
				return true
			}
		}
	}
	return false
}

// sweep forgets a bounded number of expired values of each space.
func (s *Store) sweep(b *batch) (none struct{}, err error) {
	for _, sp := range s.allSpaces() {
		n := 0
		b.forget(sp, func() bool { n++; return n == maxBatch })
	}
	return none, nil
}

// Get is store.Spaces.Get; it does not wait.
func (s *Store) Get(_ context.Context, in store.Space, key string) ([]byte, error) {
	return s.GetNow(in, key)
}

// GetNow is store.Fast.GetNow.
func (s *Store) GetNow(in store.Space, key string) ([]byte, error) {
	data, err := s.get(in, key)
	return data, s.counters.Done(store.OpGet, time.Time{}, err)
}

func (s *Store) get(in store.Space, key string) ([]byte, error) {
	if err := in.Check(key); err != nil {
		return nil, err
	}
	if sp := s.known(in.Name); sp != nil {
		sp.mu.RLock()
		v, has := sp.keys[key]
		sp.mu.RUnlock()
		if has && v.live(s.now()) {
			return bytes.Clone(v.data), nil
		}
	}
	return nil, fmt.Errorf("%w: key %q", store.ErrNotFound, key)
}

// Put is store.Spaces.Put.
func (s *Store) Put(ctx context.Context, in store.Space, key string, data []byte, ttl time.Duration) error {
	err := in.Check(key)
	if err == nil && ttl != 0 {
		err = store.CheckTTL(ttl)
	}
	if err == nil && len(data) > store.MaxValue {
		err = fmt.Errorf("%w: value of %d bytes, more than %d", store.ErrInvalid, len(data), store.MaxValue)
	}
	if err != nil {
		return s.counters.Done(store.OpPut, time.Time{}, err)
	}
	data = bytes.Clone(data)
	sp := s.space(in.Name)
	_, err = update(ctx, s, store.OpPut, func(b *batch) (none struct{}, err error) {
		old, had := sp.keys[key]
		if had {
			err = b.room(sp, in.Quota, 0, int64(len(data)-len(old.data)))
		} else {
			err = b.room(sp, in.Quota, 1, int64(len(key)+len(data)))
		}
		if err == nil {
			b.keep(sp, key, &value{data, b.due(ttl)})
		}
		return none, err
	})
	return err
}

func (b *batch) due(ttl time.Duration) int64 {
	if ttl == 0 {
		return 0
	}
	return b.now.Add(ttl).UnixMilli()
}

// Delete is store.Spaces.Delete.
func (s *Store) Delete(ctx context.Context, in store.Space, key string) error {
	if err := in.Check(key); err != nil {
		return s.counters.Done(store.OpDelete, time.Time{}, err)
	}
	sp := s.space(in.Name)
	_, err := update(ctx, s, store.OpDelete, func(b *batch) (none struct{}, err error) {
		if _, had := sp.keys[key]; had {
			b.keep(sp, key, nil)
		}
		return none, nil
	})
	return err
}

// Add is store.Spaces.Add.
func (s *Store) Add(ctx context.Context, in store.Space, key string, delta, floor, ceiling int64, ttl time.Duration) (int64, bool, error) {
	err := in.Check(key)
	if err == nil {
		err = store.CheckAdd(delta, floor, ceiling)
	}
	if err == nil && ttl != 0 {
		err = store.CheckTTL(ttl)
	}
	if err != nil {
		return 0, false, s.counters.Done(store.OpAdd, time.Time{}, err)
	}
	sp := s.space(in.Name)
	type sum struct {
		value int64
		ok    bool
	}
	r, err := update(ctx, s, store.OpAdd, func(b *batch) (r sum, err error) {
		old, had := sp.keys[key]
		due := b.due(ttl)
		if had && old.live(b.now) {
			if r.value, err = store.ParseNumber(string(old.data)); err != nil {
				return sum{}, fmt.Errorf("%w: key %q holds no number", store.ErrInvalid, key)
			}
			due = old.due
		}
		next := r.value + delta
		if next < floor || next > ceiling {
			return r, nil
		}
		data := strconv.AppendInt(nil, next, 10)
		if had {
			err = b.room(sp, in.Quota, 0, int64(len(data)-len(old.data)))
		} else {
			err = b.room(sp, in.Quota, 1, int64(len(key)+len(data)))
		}
		if err != nil {
			return sum{}, err
		}
		b.keep(sp, key, &value{data, due})
		return sum{next, true}, nil
	})
	return r.value, r.ok, err
}

// SetMembers is store.Spaces.SetMembers; it does not wait.
func (s *Store) SetMembers(_ context.Context, in store.Space, set string) (all []string, err error) {
	if err := in.Check(set); err != nil {
		return nil, s.counters.Done(store.OpSetRead, time.Time{}, err)
	}
	if sp := s.known(in.Name); sp != nil {
		sp.mu.RLock()
		for m := range sp.sets[set] {
			all = append(all, m)
		}
		sp.mu.RUnlock()
	}
	slices.Sort(all)
	return all, s.counters.Done(store.OpSetRead, time.Time{}, nil)
}
