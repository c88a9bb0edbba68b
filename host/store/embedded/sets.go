package embedded

import (
	"context"
	"time"

	"github.com/sallyport-sbc/sallyport/host/store"
)

// join puts a member into a set, unless it is there.
func (sp *space) join(set, member string) (added bool) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	if _, has := sp.sets[set][member]; has {
		return false
	}
	if sp.sets[set] == nil {
		sp.sets[set] = map[string]struct{}{}
	}
	sp.sets[set][member] = struct{}{}
	sp.members++
	sp.bytes += int64(len(set) + len(member))
	return true
}

// leave takes a member out of a set, if it is there.
func (sp *space) leave(set, member string) (removed bool) {
	sp.mu.Lock()
	defer sp.mu.Unlock()
	if _, has := sp.sets[set][member]; !has {
		return false
	}
	delete(sp.sets[set], member)
	if len(sp.sets[set]) == 0 {
		delete(sp.sets, set)
	}
	sp.members--
	sp.bytes -= int64(len(set) + len(member))
	return true
}

// SetAdd is store.Spaces.SetAdd.
func (s *Store) SetAdd(ctx context.Context, in store.Space, set string, add ...string) (int, error) {
	err := in.Check(set)
	if err == nil {
		err = store.CheckMembers(add)
	}
	if err != nil {
		return 0, s.counters.Done(store.OpSetChange, time.Time{}, err)
	}
	sp := s.space(in.Name)
	return update(ctx, s, store.OpSetChange, func(b *batch) (n int, err error) {
		fresh := map[string]bool{}
		var bytes int64
		for _, m := range add {
			if _, has := sp.sets[set][m]; !has && !fresh[m] {
				fresh[m] = true
				bytes += int64(len(set) + len(m))
			}
		}
		if err := b.room(sp, in.Quota, len(fresh), bytes); err != nil {
			return 0, err
		}
		for m := range fresh {
			sp.join(set, m)
			b.undo = append(b.undo, func() { sp.leave(set, m) })
			b.put(members, sp.name+"\x00"+set+"\x00"+m, "")
		}
		return len(fresh), nil
	})
}

// SetRemove is store.Spaces.SetRemove.
func (s *Store) SetRemove(ctx context.Context, in store.Space, set string, remove ...string) (int, error) {
	err := in.Check(set)
	if err == nil {
		err = store.CheckMembers(remove)
	}
	if err != nil {
		return 0, s.counters.Done(store.OpSetChange, time.Time{}, err)
	}
	sp := s.space(in.Name)
	return update(ctx, s, store.OpSetChange, func(b *batch) (n int, err error) {
		for _, m := range remove {
			if sp.leave(set, m) {
				n++
				b.undo = append(b.undo, func() { sp.join(set, m) })
				b.delete(members, sp.name+"\x00"+set+"\x00"+m)
			}
		}
		return n, nil
	})
}

// SetHas is store.Spaces.SetHas; it does not wait.
func (s *Store) SetHas(_ context.Context, in store.Space, set, member string) (bool, error) {
	return s.SetHasNow(in, set, member)
}

// SetHasNow is store.Fast.SetHasNow.
func (s *Store) SetHasNow(in store.Space, set, member string) (has bool, err error) {
	if err = in.Check(set, member); err == nil {
		if sp := s.known(in.Name); sp != nil {
			sp.mu.RLock()
			_, has = sp.sets[set][member]
			sp.mu.RUnlock()
		}
	}
	return has, s.counters.Done(store.OpSetRead, time.Time{}, err)
}

// SetMatch is store.Spaces.SetMatch; it does not wait.
func (s *Store) SetMatch(_ context.Context, in store.Space, set, value string) (string, error) {
	return s.SetMatchNow(in, set, value)
}

// SetMatchNow is store.Fast.SetMatchNow.
func (s *Store) SetMatchNow(in store.Space, set, value string) (member string, err error) {
	if err = in.Check(set); err != nil {
		return "", s.counters.Done(store.OpSetRead, time.Time{}, err)
	}
	if sp := s.known(in.Name); sp != nil {
		sp.mu.RLock()
		for prefix := range store.Prefixes(value) {
			if _, has := sp.sets[set][prefix]; has {
				member = prefix
				break
			}
		}
		sp.mu.RUnlock()
	}
	return member, s.counters.Done(store.OpSetRead, time.Time{}, nil)
}
