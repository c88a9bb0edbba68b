package config

import (
	"maps"
	"slices"
	"strings"
)

// extend gives every profile that extends another one the keys it does not have itself:
// tables are put together key by key, anything else of the child replaces what the parent
// has. The values in the file are put together, not what they are decoded into, so that a
// default never takes the place of a key. A parent that does not exist, and profiles that
// extend each other in a circle, are mistakes.
func (d *decoder) extend(tree map[string]any) {
	profiles, ok := tree["profile"].(map[string]any)
	if !ok {
		return
	}
	done := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(profiles)) {
		d.extendOne(profiles, name, nil, done)
	}
}

// extendOne completes a profile after its parent; below are the profiles that wait for it.
func (d *decoder) extendOne(profiles map[string]any, name string, below []string, done map[string]bool) {
	child, _ := profiles[name].(map[string]any)
	from, _ := child["extends"].(string)
	if done[name] || from == "" {
		return
	}
	done[name] = true
	at := key{"profile", name, "extends"}
	parent, ok := profiles[from].(map[string]any)
	if !ok {
		d.errorAt(at, "there is no profile %q%s", from, didYouMean(from, slices.Collect(maps.Keys(profiles))))
		return
	}
	below = append(below, name)
	if i := slices.Index(below, from); i >= 0 {
		d.errorAt(at, "the profiles extend each other: %s", strings.Join(append(below[i:], from), " > "))
		return
	}
	d.extendOne(profiles, from, below, done)
	own, chosen := child["modules"].([]any)
	had, _ := child["module"].(map[string]any)
	had = maps.Clone(had)
	d.inherit(child, parent, key{"profile", name}, key{"profile", from})
	if !chosen {
		return
	}
	// Parameters of modules that the child does without are not the child's.
	if params, ok := child["module"].(map[string]any); ok {
		params = maps.Clone(params)
		maps.DeleteFunc(params, func(m string, _ any) bool {
			return had[m] == nil && !slices.Contains(own, any(m))
		})
		child["module"] = params
	}
}

// inherit puts into child what it does not have of parent. Where they stand in the file is
// kept for errors.
func (d *decoder) inherit(child, parent map[string]any, at, from key) {
	for name, v := range parent {
		if len(at) == 2 && name == "extends" {
			continue
		}
		mine, ok := child[name]
		if !ok {
			child[name] = v
			d.origin[at.with(name).id()] = d.originOf(from.with(name))
			continue
		}
		a, isTable := mine.(map[string]any)
		b, both := v.(map[string]any)
		if isTable && both {
			d.inherit(a, b, at.with(name), from.with(name))
		}
	}
}

// originOf is where a key stands that may have been inherited.
func (d *decoder) originOf(k key) key {
	for n := len(k); n > 0; n-- {
		if o, ok := d.origin[k[:n].id()]; ok {
			return slices.Concat(o, k[n:])
		}
	}
	return k
}
