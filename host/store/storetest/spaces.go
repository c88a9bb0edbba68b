package storetest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sallyport-sbc/sallyport/host/store"
)

var (
	room  = store.Space{Name: "room"}
	small = store.Space{Name: "small", Quota: store.Quota{Keys: 3, Bytes: 40}}
)

func get(t *testing.T, s store.Spaces, in store.Space, key, want string) {
	t.Helper()
	v, err := s.Get(within(t), in, key)
	is(t, "Get "+key, err, nil)
	equal(t, "Get "+key, string(v), want)
}

func add(t *testing.T, s store.Spaces, key string, delta, floor, ceiling, want int64, wantOK bool) {
	t.Helper()
	v, ok, err := s.Add(within(t), room, key, delta, floor, ceiling, 0)
	is(t, "Add "+key, err, nil)
	equal(t, "Add "+key, fmt.Sprint(v, ok), fmt.Sprint(want, wantOK))
}

var spaceCases = []suiteCase{
	{"values are kept", func(t *testing.T, s store.Store) {
		_, err := s.Get(within(t), room, "k")
		is(t, "Get", err, store.ErrNotFound)
		is(t, "Put", s.Put(within(t), room, "k", []byte("one"), 0), nil)
		get(t, s, room, "k", "one")
		is(t, "Put", s.Put(within(t), room, "k", []byte("a\x00\r\nb\xff"), 0), nil)
		get(t, s, room, "k", "a\x00\r\nb\xff")
		is(t, "Put", s.Put(within(t), room, "k", nil, 0), nil)
		get(t, s, room, "k", "")
		is(t, "Delete", s.Delete(within(t), room, "k"), nil)
		is(t, "Delete", s.Delete(within(t), room, "k"), nil)
		_, err = s.Get(within(t), room, "k")
		is(t, "Get", err, store.ErrNotFound)
	}},
	{"spaces do not see each other", func(t *testing.T, s store.Store) {
		is(t, "Put", s.Put(within(t), store.Space{Name: "a"}, "b:c", []byte("1"), 0), nil)
		_, err := s.Get(within(t), store.Space{Name: "a:b"}, "c")
		is(t, "Get", err, store.ErrNotFound)
	}},
	{"values expire", func(t *testing.T, s store.Store) {
		is(t, "Put", s.Put(within(t), room, "k", []byte("one"), ttl), nil)
		is(t, "Put", s.Put(within(t), room, "stays", []byte("one"), ttl), nil)
		is(t, "Put", s.Put(within(t), room, "stays", []byte("two"), 0), nil)
		get(t, s, room, "k", "one")
		pass()
		_, err := s.Get(within(t), room, "k")
		is(t, "Get", err, store.ErrNotFound)
		get(t, s, room, "stays", "two")
	}},
	{"numbers add up within floor and ceiling", func(t *testing.T, s store.Store) {
		add(t, s, "n", 5, 0, 10, 5, true)
		add(t, s, "n", 5, 0, 10, 10, true)
		add(t, s, "n", 1, 0, 10, 10, false)
		add(t, s, "n", -11, 0, 10, 10, false)
		add(t, s, "n", -10, 0, 10, 0, true)
		add(t, s, "n", 0, 0, 10, 0, true)
		get(t, s, room, "n", "0")
		add(t, s, "new", -1, 0, 10, 0, false)
		_, err := s.Get(within(t), room, "new")
		is(t, "Get", err, store.ErrNotFound)
		add(t, s, "big", store.MaxNumber, 0, store.MaxNumber, store.MaxNumber, true)
		add(t, s, "big", 1, 0, store.MaxNumber, store.MaxNumber, false)
		get(t, s, room, "big", "9007199254740991")
		is(t, "Put", s.Put(within(t), room, "text", []byte("seven"), 0), nil)
		_, _, err = s.Add(within(t), room, "text", 1, 0, 10, 0)
		is(t, "Add", err, store.ErrInvalid)
	}},
	{"a number's time counts from when it was made", func(t *testing.T, s store.Store) {
		_, _, err := s.Add(within(t), room, "n", 1, 0, 10, ttl)
		is(t, "Add", err, nil)
		v, _, err := s.Add(within(t), room, "n", 1, 0, 10, hour)
		is(t, "Add", err, nil)
		equal(t, "Add", v, 2)
		pass()
		v, _, err = s.Add(within(t), room, "n", 1, 0, 10, hour)
		is(t, "Add", err, nil)
		equal(t, "Add after its time", v, 1)
	}},
	{"numbers add up when many add at once", func(t *testing.T, s store.Store) {
		var wait sync.WaitGroup
		ctx := within(t)
		for range 8 {
			wait.Go(func() {
				for range 25 {
					if _, _, err := s.Add(ctx, room, "n", 1, 0, 150, 0); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wait.Wait()
		get(t, s, room, "n", "150")
	}},
	{"a space has quotas", func(t *testing.T, s store.Store) {
		is(t, "Put a", s.Put(within(t), small, "a", []byte("1"), 0), nil)
		is(t, "Put b", s.Put(within(t), small, "b", []byte("1"), ttl), nil)
		_, err := s.SetAdd(within(t), small, "s", "m")
		is(t, "SetAdd", err, nil)
		is(t, "Put c", s.Put(within(t), small, "c", []byte("1"), 0), store.ErrQuota)
		_, err = s.SetAdd(within(t), small, "s", "m", "n")
		is(t, "SetAdd", err, store.ErrQuota)
		_, _, err = s.Add(within(t), small, "n", 1, 0, 10, 0)
		is(t, "Add", err, store.ErrQuota)
		is(t, "Put a again", s.Put(within(t), small, "a", []byte("2"), 0), nil)
		pass() // b is over
		is(t, "Put c", s.Put(within(t), small, "c", []byte("1"), 0), nil)
		is(t, "Delete c", s.Delete(within(t), small, "c"), nil)
		is(t, "Put d", s.Put(within(t), small, "d", []byte(strings.Repeat("x", 40)), 0), store.ErrQuota)
		is(t, "Put d", s.Put(within(t), small, "d", []byte(strings.Repeat("x", 35)), 0), nil)
		is(t, "Put a", s.Put(within(t), small, "a", []byte("22"), 0), store.ErrQuota)
		is(t, "Delete d", s.Delete(within(t), small, "d"), nil)
		n, err := s.SetRemove(within(t), small, "s", "m")
		is(t, "SetRemove", err, nil)
		equal(t, "SetRemove", n, 1)
		for _, k := range []string{"e", "f"} {
			is(t, "Put "+k, s.Put(within(t), small, k, nil, 0), nil)
		}
		is(t, "Put g", s.Put(within(t), small, "g", nil, 0), store.ErrQuota)
	}},
	{"sets have members", func(t *testing.T, s store.Store) {
		n, err := s.SetAdd(within(t), room, "s", "b", "a", "b")
		is(t, "SetAdd", err, nil)
		equal(t, "SetAdd", n, 2)
		n, err = s.SetAdd(within(t), room, "s", "b", "c")
		is(t, "SetAdd", err, nil)
		equal(t, "SetAdd again", n, 1)
		has, err := s.SetHas(within(t), room, "s", "a")
		is(t, "SetHas", err, nil)
		equal(t, "SetHas", has, true)
		n, err = s.SetRemove(within(t), room, "s", "a", "x")
		is(t, "SetRemove", err, nil)
		equal(t, "SetRemove", n, 1)
		has, err = s.SetHas(within(t), room, "s", "a")
		is(t, "SetHas", err, nil)
		equal(t, "SetHas after removal", has, false)
		all, err := s.SetMembers(within(t), room, "s")
		is(t, "SetMembers", err, nil)
		if want := []string{"b", "c"}; !slices.Equal(all, want) {
			t.Fatalf("SetMembers = %q, want %q", all, want)
		}
		all, err = s.SetMembers(within(t), room, "none")
		is(t, "SetMembers", err, nil)
		equal(t, "members of no set", len(all), 0)
		has, err = s.SetHas(within(t), store.Space{Name: "elsewhere"}, "s", "b")
		is(t, "SetHas", err, nil)
		equal(t, "SetHas elsewhere", has, false)
	}},
	{"sets match the longest prefix", func(t *testing.T, s store.Store) {
		_, err := s.SetAdd(within(t), room, "s", "+1", "+1555", "+44", "sip:é")
		is(t, "SetAdd", err, nil)
		for value, want := range map[string]string{
			"+15550100": "+1555", "+1555": "+1555", "+1554": "+1", "+49": "", "": "", "+": "",
			"sip:émile": "sip:é", "sip:\xc3": "", strings.Repeat("x", 1000): "",
		} {
			got, err := s.SetMatch(within(t), room, "s", value)
			is(t, "SetMatch", err, nil)
			equal(t, fmt.Sprintf("SetMatch(%q)", value), got, want)
		}
	}},
	{"spaces refuse what makes no sense", func(t *testing.T, s store.Store) {
		many := make([]string, store.MaxMembers+1)
		for i := range many {
			many[i] = fmt.Sprint(i)
		}
		third := func(_ int64, _ bool, err error) error { return err }
		for name, err := range map[string]error{
			"no space":       s.Put(within(t), store.Space{}, "k", nil, 0),
			"no key":         s.Put(within(t), room, "", nil, 0),
			"negative ttl":   s.Put(within(t), room, "k", nil, -1),
			"long value":     s.Put(within(t), room, "k", make([]byte, store.MaxValue+1), 0),
			"negative quota": s.Put(within(t), store.Space{Name: "q", Quota: store.Quota{Keys: -1}}, "k", nil, 0),
			"NUL":            second(s.Get(within(t), room, "a\x00b")),
			"delete":         s.Delete(within(t), room, ""),
			"floor":          third(s.Add(within(t), room, "n", 1, 2, 1, 0)),
			"delta":          third(s.Add(within(t), room, "n", 1<<60, 0, 1, 0)),
			"no members":     second(s.SetAdd(within(t), room, "s")),
			"many members":   second(s.SetAdd(within(t), room, "s", many...)),
			"empty member":   second(s.SetRemove(within(t), room, "s", "")),
			"no set":         second(s.SetHas(within(t), room, "", "m")),
			"match no set":   second(s.SetMatch(within(t), room, "", "m")),
			"list no set":    second(s.SetMembers(within(t), room, "")),
		} {
			is(t, name, err, store.ErrInvalid)
		}
		is(t, "largest value", s.Put(within(t), room, "k", make([]byte, store.MaxValue), 0), nil)
	}},
}
