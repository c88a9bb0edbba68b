package host

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sallyport-sbc/sallyport/host/admin"
	"github.com/sallyport-sbc/sallyport/host/config"
	"github.com/sallyport-sbc/sallyport/host/store"
)

// blacklist is what a module of that kind looks values up in: the lists of its configuration,
// and its own space of the store, where entries that were ordered stand. An entry there is two
// things: the value is a member of a set, by which it is found, and there is a key with its
// reason, which may expire. It is live while both are there.
type blacklist struct {
	store  store.Store
	space  store.Space
	module *config.Module
}

// kinds are the names of the sets, and of the lists in the configuration; a key of an
// entry is its kind, a slash, and the value. plugins/blacklist knows them, too.
var kinds = map[bool]string{false: "exact", true: "prefixes"}

// note is the value of an entry's key.
type note struct {
	Reason string `json:"reason,omitempty"`
	Since  int64  `json:"since"`           // Unix time in milliseconds
	Until  int64  `json:"until,omitempty"` // the same; 0 is without end
}

func key(kind, value string) string { return kind + "/" + value }

// listed returns an entry that was ordered; it fails with ErrNotFound when it is not live.
func (b *blacklist) listed(ctx context.Context, value string, prefix bool) (admin.Listed, error) {
	l := admin.Listed{Value: value, Prefix: prefix, Source: admin.Ordered}
	text, err := b.store.Get(ctx, b.space, key(kinds[prefix], value))
	if err != nil {
		return l, err
	}
	var n note
	if json.Unmarshal(text, &n) != nil {
		return l, nil // it hits all the same
	}
	if store.CheckNames(n.Reason) == nil { // it goes to terminals as it is
		l.Reason = n.Reason
	}
	if n.Since > 0 {
		l.Since = utc(time.UnixMilli(n.Since))
	}
	if n.Until > 0 {
		l.Until = utc(time.UnixMilli(n.Until))
	}
	return l, nil
}

// configured are the entries of the configuration.
func (b *blacklist) configured() (all []admin.Listed) {
	for prefix, kind := range kinds {
		list, _ := b.module.Config[kind].([]any)
		for _, item := range list {
			if v, ok := item.(string); ok {
				all = append(all, admin.Listed{Value: v, Prefix: prefix, Source: admin.Configured})
			}
		}
	}
	sortListed(all)
	return all
}

func sortListed(all []admin.Listed) {
	slices.SortFunc(all, func(a, b admin.Listed) int {
		order := func(l admin.Listed) string { return fmt.Sprint(l.Prefix, l.Source) }
		return cmp.Or(strings.Compare(a.Value, b.Value), strings.Compare(order(a), order(b)))
	})
}

// page lists entries whose value begins with q.Prefix and sorts behind q.After. Those that
// have expired are removed on the way.
func (b *blacklist) page(ctx context.Context, q admin.ListBlacklist) (entries []admin.Listed, next string, err error) {
	all := b.configured()
	for prefix, kind := range kinds {
		values, err := b.store.SetMembers(ctx, b.space, kind)
		if err != nil {
			return nil, "", err
		}
		for _, v := range values {
			all = append(all, admin.Listed{Value: v, Prefix: prefix, Source: admin.Ordered})
		}
	}
	sortListed(all)
	entries = []admin.Listed{}
	last := ""
	for _, l := range all {
		if !strings.HasPrefix(l.Value, q.Prefix) || l.Value <= q.After {
			continue
		}
		if len(entries) >= q.Limit && l.Value != last {
			return entries, last, nil
		}
		if l.Source == admin.Ordered {
			switch l, err = b.listed(ctx, l.Value, l.Prefix); {
			case errors.Is(err, store.ErrNotFound):
				if err := b.forget(ctx, l.Value, l.Prefix); err != nil {
					return nil, "", err
				}
				continue
			case err != nil:
				return nil, "", err
			}
		}
		last = l.Value
		entries = append(entries, l)
	}
	return entries, "", nil
}

// forget takes the value of an entry that has expired out of its set. Somebody may order the
// entry anew meanwhile: first its key, then the set. So who finds no key behind the
// removal either was before both, or puts the value back.
func (b *blacklist) forget(ctx context.Context, value string, prefix bool) error {
	kind := kinds[prefix]
	if _, err := b.store.SetRemove(ctx, b.space, kind, value); err != nil {
		return err
	}
	if _, err := b.store.Get(ctx, b.space, key(kind, value)); err != nil {
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		return err
	}
	_, err := b.store.SetAdd(ctx, b.space, kind, value)
	return err
}

// sweep forgets all that has expired.
func (b *blacklist) sweep(ctx context.Context) error {
	_, _, err := b.page(ctx, admin.ListBlacklist{Limit: 1 << 30})
	return err
}

// hits returns the entries that hit a value, in the order in which the module looks.
func (b *blacklist) hits(ctx context.Context, value string) (hits []admin.Listed, err error) {
	hits = []admin.Listed{}
	for _, l := range b.configured() {
		if l.Value == value || l.Prefix && strings.HasPrefix(value, l.Value) {
			hits = append(hits, l)
		}
	}
	add := func(v string, prefix bool) error {
		l, err := b.listed(ctx, v, prefix)
		if err == nil {
			hits = append(hits, l)
		} else if !errors.Is(err, store.ErrNotFound) {
			return err
		}
		return nil
	}
	if store.CheckNames(value) == nil {
		has, err := b.store.SetHas(ctx, b.space, kinds[false], value)
		if err == nil && has {
			err = add(value, false)
		}
		if err != nil {
			return nil, err
		}
	}
	for rest := value; ; {
		m, err := b.store.SetMatch(ctx, b.space, kinds[true], rest)
		if err == nil && m != "" {
			err = add(m, true)
		}
		if err != nil {
			return nil, err
		}
		if m == "" {
			return hits, nil
		}
		rest = m[:len(m)-1]
	}
}

// block makes an entry, or replaces what is known of it.
func (b *blacklist) block(ctx context.Context, value string, prefix bool, reason string, ttl time.Duration) (l admin.Listed, err error) {
	kind, now := kinds[prefix], time.Now()
	n := note{Reason: reason, Since: now.UnixMilli()}
	if ttl > 0 {
		n.Until = now.Add(ttl).UnixMilli()
	}
	text, err := json.Marshal(n)
	if err != nil {
		return l, err
	}
	write := func() error {
		err := b.store.Put(ctx, b.space, key(kind, value), text, ttl)
		if err == nil {
			_, err = b.store.SetAdd(ctx, b.space, kind, value)
		}
		return err
	}
	if err = write(); errors.Is(err, store.ErrQuota) {
		// What has expired still stands in the sets.
		if err = b.sweep(ctx); err == nil {
			err = write()
		}
	}
	if err != nil {
		return l, err
	}
	return b.listed(ctx, value, prefix)
}

// unblock removes an entry; it fails with ErrNotFound when it is not live.
func (b *blacklist) unblock(ctx context.Context, value string, prefix bool) error {
	kind := kinds[prefix]
	_, live := b.store.Get(ctx, b.space, key(kind, value))
	if live != nil && !errors.Is(live, store.ErrNotFound) {
		return live
	}
	n, err := b.store.SetRemove(ctx, b.space, kind, value)
	if err == nil {
		err = b.store.Delete(ctx, b.space, key(kind, value))
	}
	if err == nil && (live != nil || n == 0) {
		err = fmt.Errorf("%w: %s", store.ErrNotFound, key(kind, value))
	}
	return err
}
