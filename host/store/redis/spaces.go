package redis

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/redis/rueidis"

	"github.com/sallyport-sbc/sallyport/host/store"
)

func (s *Store) spaceRoot(in store.Space) string { return s.root + ":{s:" + in.Name + "}" }

func (s *Store) setKey(in store.Space, set string) string { return s.spaceRoot(in) + ":m:" + set }

func quota(in store.Space) (keys, bytes string) {
	q := in.Quota.Limits()
	return decimal(q.Keys), decimal(q.Bytes)
}

// Take is store.Rates.Take.
func (s *Store) Take(ctx context.Context, key string, rate float64, burst, n int64) (after time.Duration, err error) {
	if err := checkAll(store.CheckNames(key), store.CheckRate(rate, burst, n)); err != nil {
		return 0, s.counters.Done(store.OpTake, time.Time{}, err)
	}
	each := strconv.FormatFloat(1e6/rate, 'f', -1, 64)
	err = s.do(ctx, store.OpTake, func(ctx context.Context, c rueidis.Client) error {
		text, err := takeScript.Exec(ctx, c, []string{s.root + ":rate:" + key}, []string{each, decimal(burst), decimal(n)}).ToString()
		if err != nil {
			return err
		}
		us, err := store.ParseNumber(text)
		if err != nil || us < 0 {
			return fmt.Errorf("%w: redis says to wait %.40q", store.ErrCorrupt, text)
		}
		after = time.Duration(us) * time.Microsecond
		return nil
	})
	return after, err
}

// Get is store.Spaces.Get.
func (s *Store) Get(ctx context.Context, in store.Space, key string) (value []byte, err error) {
	if err := in.Check(key); err != nil {
		return nil, s.counters.Done(store.OpGet, time.Time{}, err)
	}
	err = s.do(ctx, store.OpGet, func(ctx context.Context, c rueidis.Client) error {
		text, err := getScript.Exec(ctx, c, []string{s.spaceRoot(in)}, []string{key}).ToString()
		if err == nil && len(text) > store.MaxValue {
			err = fmt.Errorf("%w: value of %d bytes", store.ErrCorrupt, len(text))
		}
		value = []byte(text)
		return err
	})
	if err != nil {
		return nil, err
	}
	return value, nil
}

// Put is store.Spaces.Put.
func (s *Store) Put(ctx context.Context, in store.Space, key string, value []byte, ttl time.Duration) error {
	err := in.Check(key)
	life := "0"
	if err == nil && ttl != 0 {
		err, life = store.CheckTTL(ttl), ms(ttl)
	}
	if err == nil && len(value) > store.MaxValue {
		err = fmt.Errorf("%w: value of %d bytes, more than %d", store.ErrInvalid, len(value), store.MaxValue)
	}
	if err != nil {
		return s.counters.Done(store.OpPut, time.Time{}, err)
	}
	keys, bytes := quota(in)
	return s.do(ctx, store.OpPut, func(ctx context.Context, c rueidis.Client) error {
		word, err := putScript.Exec(ctx, c, []string{s.spaceRoot(in)}, []string{key, string(value), life, keys, bytes}).ToString()
		if err == nil {
			err = said(word, "space "+in.Name)
		}
		return err
	})
}

// Delete is store.Spaces.Delete.
func (s *Store) Delete(ctx context.Context, in store.Space, key string) error {
	if err := in.Check(key); err != nil {
		return s.counters.Done(store.OpDelete, time.Time{}, err)
	}
	return s.do(ctx, store.OpDelete, func(ctx context.Context, c rueidis.Client) error {
		return deleteScript.Exec(ctx, c, []string{s.spaceRoot(in)}, []string{key}).Error()
	})
}

// Add is store.Spaces.Add.
func (s *Store) Add(ctx context.Context, in store.Space, key string, delta, floor, ceiling int64, ttl time.Duration) (value int64, ok bool, err error) {
	err = checkAll(in.Check(key), store.CheckAdd(delta, floor, ceiling))
	life := "0"
	if err == nil && ttl != 0 {
		err, life = store.CheckTTL(ttl), ms(ttl)
	}
	if err != nil {
		return 0, false, s.counters.Done(store.OpAdd, time.Time{}, err)
	}
	keys, bytes := quota(in)
	err = s.do(ctx, store.OpAdd, func(ctx context.Context, c rueidis.Client) error {
		w, err := words(ctx, c, addScript, 3, s.spaceRoot(in), key, decimal(delta), decimal(floor), decimal(ceiling), life, keys, bytes)
		if err == nil {
			err = said(w[0], "key "+key)
		}
		if err == nil {
			value, err = store.ParseNumber(w[1])
			ok = w[2] == "1"
		}
		return err
	})
	if err != nil {
		return 0, false, err
	}
	return value, ok, nil
}

// SetAdd is store.Spaces.SetAdd.
func (s *Store) SetAdd(ctx context.Context, in store.Space, set string, members ...string) (int, error) {
	keys, bytes := quota(in)
	return s.setChange(ctx, setAddScript, in, set, members, set, keys, bytes)
}

// SetRemove is store.Spaces.SetRemove.
func (s *Store) SetRemove(ctx context.Context, in store.Space, set string, members ...string) (int, error) {
	return s.setChange(ctx, setRemoveScript, in, set, members, set)
}

func (s *Store) setChange(ctx context.Context, l *rueidis.Lua, in store.Space, set string, members []string, args ...string) (changed int, err error) {
	if err := checkAll(in.Check(set), store.CheckMembers(members)); err != nil {
		return 0, s.counters.Done(store.OpSetChange, time.Time{}, err)
	}
	err = s.do(ctx, store.OpSetChange, func(ctx context.Context, c rueidis.Client) error {
		// Also when it fails: it may have happened.
		defer s.changed.note(s.setKey(in, set))
		w, err := words(ctx, c, l, 2, s.spaceRoot(in), append(args, members...)...)
		if err == nil {
			err = said(w[0], "space "+in.Name)
		}
		if err == nil {
			var n int64
			n, err = store.ParseNumber(w[1])
			changed = int(n)
		}
		return err
	})
	if err != nil {
		return 0, err
	}
	return changed, nil
}

// SetHas is store.Spaces.SetHas.
func (s *Store) SetHas(ctx context.Context, in store.Space, set, member string) (has bool, err error) {
	if err := in.Check(set, member); err != nil {
		return false, s.counters.Done(store.OpSetRead, time.Time{}, err)
	}
	err = s.do(ctx, store.OpSetRead, func(ctx context.Context, c rueidis.Client) error {
		key := s.setKey(in, set)
		has, err = s.cached(ctx, c, key, c.B().Sismember().Key(key).Member(member).Cache()).AsBool()
		return err
	})
	return has, err
}

// SetMatch is store.Spaces.SetMatch.
func (s *Store) SetMatch(ctx context.Context, in store.Space, set, value string) (member string, err error) {
	if err := in.Check(set); err != nil {
		return "", s.counters.Done(store.OpSetRead, time.Time{}, err)
	}
	var prefixes []string
	for p := range store.Prefixes(value) {
		prefixes = append(prefixes, p)
	}
	if len(prefixes) == 0 {
		return "", nil
	}
	err = s.do(ctx, store.OpSetRead, func(ctx context.Context, c rueidis.Client) error {
		key := s.setKey(in, set)
		found, err := s.cached(ctx, c, key, c.B().Smismember().Key(key).Member(prefixes...).Cache()).AsIntSlice()
		if err == nil && len(found) != len(prefixes) {
			err = fmt.Errorf("%w: redis answered %d of %d", store.ErrCorrupt, len(found), len(prefixes))
		}
		if i := slices.Index(found, 1); err == nil && i >= 0 {
			member = prefixes[i]
		}
		return err
	})
	return member, err
}

// SetMembers is store.Spaces.SetMembers.
func (s *Store) SetMembers(ctx context.Context, in store.Space, set string) (all []string, err error) {
	if err := in.Check(set); err != nil {
		return nil, s.counters.Done(store.OpSetRead, time.Time{}, err)
	}
	err = s.do(ctx, store.OpSetRead, func(ctx context.Context, c rueidis.Client) error {
		all, err = c.Do(ctx, c.B().Smembers().Key(s.setKey(in, set)).Build()).AsStrSlice()
		return err
	})
	slices.Sort(all)
	return all, err
}
