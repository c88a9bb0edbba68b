package host

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/sallyport-sbc/sallyport/host/admin"
	"github.com/sallyport-sbc/sallyport/host/store"
)

// Blacklists are the modules that have one: built of plugins/blacklist, by the name in their
// manifests, and able to look into the store.
func (c control) Blacklists() []string {
	names := []string{}
	for _, name := range c.current.Load().ModuleOrder {
		if m := c.modules.Manifest(name); m != nil && m.Name == "blacklist" && slices.Contains(m.Capabilities, "sbc_kv") {
			names = append(names, name)
		}
	}
	return names
}

func (c control) blacklist(module string) (*blacklist, error) {
	if !slices.Contains(c.Blacklists(), module) {
		return nil, admin.Refuse(http.StatusNotFound, "there is no module %q that has a blacklist", module)
	}
	engine, err := c.engine()
	if err != nil {
		return nil, err
	}
	m := c.current.Load().Module[module]
	if m == nil {
		return nil, admin.Refuse(http.StatusNotFound, "there is no module %q", module)
	}
	quota := store.Quota{Keys: int64(m.Limits.Keys), Bytes: int64(m.Limits.Bytes)}
	return &blacklist{engine, store.Space{Name: module, Quota: quota}, m}, nil
}

// Blacklist lists whom a module refuses.
func (c control) Blacklist(ctx context.Context, module string, q admin.ListBlacklist) (admin.Blacklist, error) {
	b, err := c.blacklist(module)
	if err != nil {
		return admin.Blacklist{}, err
	}
	entries, next, err := b.page(ctx, q)
	if err != nil {
		return admin.Blacklist{}, storeProblem(err)
	}
	return admin.Blacklist{Module: module, Entries: entries, Next: next}, nil
}

// Block refuses calls with a value from now on.
func (c control) Block(ctx context.Context, module string, o admin.Block) (l admin.Listed, err error) {
	b, err := c.blacklist(module)
	if err != nil {
		return l, err
	}
	if err := checkValue(o.Value, o.Prefix); err != nil {
		return l, err
	}
	var ttl time.Duration
	if o.For != "" {
		if ttl, err = time.ParseDuration(o.For); err != nil || ttl < time.Second || ttl > store.MaxTTL {
			return l, admin.Refuse(http.StatusBadRequest, "for: want a duration of 1s to %s such as 1h, got %.40q", store.MaxTTL, o.For)
		}
	}
	switch l, err = b.block(ctx, o.Value, o.Prefix, o.Reason, ttl); {
	case errors.Is(err, store.ErrQuota):
		return l, admin.Refuse(http.StatusConflict, "the module may keep no more: see keys and bytes of [module.%s.limits]", module)
	case err != nil:
		return l, storeProblem(err)
	}
	c.log.Info("blacklist changed", "module", module, "blocked", o.Value, "prefix", o.Prefix, "reason", o.Reason, "for", o.For,
		"socket", c.current.Load().Control.Socket)
	return l, nil
}

// checkValue refuses what no parameter of a call could be, or no set could have.
func checkValue(value string, prefix bool) error {
	if value == "" {
		return admin.Refuse(http.StatusBadRequest, "value is missing: without one every call would be hit, or none")
	}
	if err := store.CheckNames(key(kinds[prefix], value)); err != nil {
		return admin.Refuse(http.StatusBadRequest, "value: want at most %d bytes of text on one line", store.MaxName-len(key(kinds[prefix], "")))
	}
	return nil
}

// Unblock lets them pass again.
func (c control) Unblock(ctx context.Context, module string, o admin.Unblock) (none admin.Checked, err error) {
	b, err := c.blacklist(module)
	if err != nil {
		return none, err
	}
	if err := checkValue(o.Value, o.Prefix); err != nil {
		return none, err
	}
	switch err := b.unblock(ctx, o.Value, o.Prefix); {
	case errors.Is(err, store.ErrNotFound) && slices.Contains(b.configured(), admin.Listed{Value: o.Value, Prefix: o.Prefix, Source: admin.Configured}):
		return none, admin.Refuse(http.StatusConflict, "%q stands in the configuration: take it out of %s of [module.%s.config] and reload",
			o.Value, kinds[o.Prefix], module)
	case errors.Is(err, store.ErrNotFound) && o.Prefix:
		return none, admin.Refuse(http.StatusNotFound, "%q is not blocked as a prefix", o.Value)
	case errors.Is(err, store.ErrNotFound):
		return none, admin.Refuse(http.StatusNotFound, "%q is not blocked as a whole value", o.Value)
	case err != nil:
		return none, storeProblem(err)
	}
	c.log.Info("blacklist changed", "module", module, "unblocked", o.Value, "prefix", o.Prefix, "socket", c.current.Load().Control.Socket)
	return c.CheckBlacklist(ctx, module, o.Value)
}

// CheckBlacklist says whether a value is refused.
func (c control) CheckBlacklist(ctx context.Context, module, value string) (admin.Checked, error) {
	b, err := c.blacklist(module)
	if err != nil {
		return admin.Checked{}, err
	}
	hits, err := b.hits(ctx, value)
	if err != nil {
		return admin.Checked{}, storeProblem(err)
	}
	return admin.Checked{Module: module, Value: value, Blocked: len(hits) > 0, Entries: hits}, nil
}
