package embedded

import (
	"iter"
	"strings"

	"github.com/tidwall/btree"
	"go.etcd.io/bbolt"
)

// bucket is a bucket of the file, by its number in the log.
type bucket uint8

const (
	accounts bucket = iota
	reservations
	due
	ledger
	values
	members
	buckets // how many there are
)

// String returns its name in the file.
func (b bucket) String() string {
	return [buckets]string{"accounts", "reservations", "due", "ledger", "values", "members"}[b]
}

// entry is what became of a key.
type entry struct {
	value string
	dead  bool
}

// perEntry is about what an entry takes in memory beside its text.
const perEntry = 80

// overlay is what changed since the file was written, in order. One goroutine changes it.
type overlay struct {
	trees   [buckets]btree.Map[string, entry]
	entries int
	bytes   int64 // about what it takes in memory
}

func (o *overlay) set(b bucket, key string, e entry) {
	old, had := o.trees[b].Set(key, e)
	if !had {
		o.entries++
		o.bytes += int64(len(key) + perEntry)
	}
	o.bytes += int64(len(e.value) - len(old.value))
}

// snapshot returns a copy that does not change. It takes no time; nodes are copied
// when o is changed later.
func (o *overlay) snapshot() *overlay {
	c := &overlay{entries: o.entries, bytes: o.bytes}
	for b := range o.trees {
		c.trees[b] = *o.trees[b].Copy()
	}
	return c
}

// write puts it into the file, in the order of the keys.
func (o *overlay) write(tx *bbolt.Tx) (err error) {
	var key []byte
	for b := range o.trees {
		to := tx.Bucket([]byte(bucket(b).String()))
		o.trees[b].Scan(func(k string, e entry) bool {
			key = append(key[:0], k...) // bbolt keeps the value, and a copy of the key
			if e.dead {
				err = to.Delete(key)
			} else {
				err = to.Put(key, []byte(e.value))
			}
			return err == nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// layers are what a reader sees: what changed last, what is being written to the file,
// and the file. Not safe for concurrent use.
type layers struct {
	over  [2]*overlay // the newer first; nil is none
	tx    *bbolt.Tx
	roots [buckets]*bbolt.Bucket
	key   []byte
}

func (l *layers) root(b bucket) *bbolt.Bucket {
	if l.roots[b] == nil {
		l.roots[b] = l.tx.Bucket([]byte(b.String()))
	}
	return l.roots[b]
}

func (l *layers) get(b bucket, key string) (string, bool) {
	for _, o := range l.over {
		if o == nil {
			continue
		}
		if e, has := o.trees[b].Get(key); has {
			return e.value, !e.dead
		}
	}
	l.key = append(l.key[:0], key...)
	v := l.root(b).Get(l.key)
	return string(v), v != nil
}

// scan yields, in order, what is in a bucket and begins with prefix, from a key on.
func (l *layers) scan(b bucket, prefix, from string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		from = max(from, prefix)
		c := l.root(b).Cursor()
		k, v := c.Seek([]byte(from))
		var newer [2]btree.MapIter[string, entry]
		var more [2]bool
		for i, o := range l.over {
			if o != nil {
				newer[i] = o.trees[b].Iter()
				more[i] = newer[i].Seek(from)
			}
		}
		for {
			var key, value string
			var has, known, dead bool
			for i := range newer {
				if more[i] && (!has || newer[i].Key() < key) {
					key, has = newer[i].Key(), true
				}
			}
			if k != nil && (!has || string(k) < key) {
				key, has = string(k), true
			}
			if !has || !strings.HasPrefix(key, prefix) {
				return
			}
			for i := range newer {
				if !more[i] || newer[i].Key() != key {
					continue
				}
				if !known {
					e := newer[i].Value()
					value, dead, known = e.value, e.dead, true
				}
				more[i] = newer[i].Next()
			}
			if k != nil && string(k) == key {
				if !known {
					value = string(v)
				}
				k, v = c.Next()
			}
			if !dead && !yield(key, value) {
				return
			}
		}
	}
}
