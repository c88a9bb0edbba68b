package sbc

import (
	"crypto/rand"
	"encoding/base32"
	"sync"

	"github.com/sallyport-sbc/sallyport/media"
)

// legShards is a power of two: the low bits of a tag's first character name its shard.
const legShards = 64

// alphabet has 32 letters that are token characters of RFC 3261 §25.1 and survive
// peers that change the case of nothing but header names.
var alphabet = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// legTable finds a leg by its key. The key carries its shard, so that no lock is shared by
// all calls.
type legTable struct {
	shards [legShards]struct {
		mu   sync.Mutex
		legs map[string]*leg
		_    [40]byte // one cache line a shard
	}
}

func (t *legTable) init() {
	for i := range t.shards {
		t.shards[i].legs = make(map[string]*leg)
	}
}

// shardOf maps the first two characters of a key to its shard. Any other text maps somewhere
// too, and is not found there.
func shardOf(key string) int {
	if len(key) < 2 {
		return 0
	}
	return int(key[0]*31+key[1]) % legShards
}

func (t *legTable) add(l *leg) {
	s := &t.shards[shardOf(l.key)]
	s.mu.Lock()
	s.legs[l.key] = l
	s.mu.Unlock()
}

func (t *legTable) remove(l *leg) {
	s := &t.shards[shardOf(l.key)]
	s.mu.Lock()
	if s.legs[l.key] == l {
		delete(s.legs, l.key)
	}
	s.mu.Unlock()
}

func (t *legTable) find(key string) *leg {
	s := &t.shards[shardOf(key)]
	s.mu.Lock()
	l := s.legs[key]
	s.mu.Unlock()
	return l
}

// findCall returns the call with an ID, nil if there is none. An ID begins as the key of its
// leg A does, so that one shard has to be looked through and no index is kept.
func (t *legTable) findCall(id string) *call {
	s := &t.shards[shardOf(id)]
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.legs {
		if l.side == media.A && l.call.id == id {
			return l.call
		}
	}
	return nil
}

// newCallKeys makes the ID of a call, and the key of its leg A, as findCall wants them. All
// that the ID tells of the key, which is a secret, are 10 of its 80 bits.
func newCallKeys() (id, key string) {
	key = newTag()
	return key[:2] + newTag()[2:], key
}

// empty reports whether there is no leg.
func (t *legTable) empty() bool {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		n := len(s.legs)
		s.mu.Unlock()
		if n > 0 {
			return false
		}
	}
	return true
}

// each calls f for every leg there is, without holding a lock while it does.
func (t *legTable) each(f func(*leg)) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		legs := make([]*leg, 0, len(s.legs))
		for _, l := range s.legs {
			legs = append(legs, l)
		}
		s.mu.Unlock()
		for _, l := range legs {
			f(l)
		}
	}
}

// newTag makes an identity of 80 random bits: enough that nobody can guess the tag of
// a call it does not know (RFC 3261 §19.3 asks for 32).
func newTag() string {
	var b [10]byte
	rand.Read(b[:])
	return alphabet.EncodeToString(b[:])
}

// newCallID makes a Call-ID of 120 random bits that says nothing about this host.
func newCallID() string {
	var b [15]byte
	rand.Read(b[:])
	return alphabet.EncodeToString(b[:])
}
