package transaction

import (
	"hash/maphash"
	"sync"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// A request that comes twice by different paths, because something forked it, has the same
// From tag, Call-ID and CSeq but another branch: RFC 3261 §8.2.2.2 refuses all but the first.
// The SBC stands for many user agents, and a proxy may fork one call to two of them behind the
// same SBC, so copies with different Request-URIs are not merged: they are for different ones.

// mergedID is what the copies of a request share.
type mergedID struct {
	from, callID, method, ruri string
	cseq                       uint32
}

// copies remembers, for requests without a To tag, which transaction serves the first copy.
// Its lock is the innermost: it may be taken with a shard locked.
type copies struct {
	mu    sync.Mutex
	first map[uint64]*Server
	_     [64]byte
}

// mergedHash returns the hash the copies of a request share, 0 for requests within a dialog.
func (l *Layer) mergedHash(m *sip.Message) uint64 {
	if m.ToTag() != "" {
		return 0
	}
	id := mergedID{from: m.FromTag(), callID: m.Header(sip.CallID), method: m.Method, ruri: m.RURI}
	id.cseq, _ = m.CSeqNumber()
	return max(maphash.Comparable(l.seeds.merged, id), 1)
}

// claim makes a transaction the one that serves the first copy. It returns false when
// another one is. A transaction of the same key is the same: the copy came by the same path,
// but on another socket, and will be found to be a retransmission.
func (l *Layer) claim(t *Server) bool {
	c := &l.copies[t.merged%shards]
	c.mu.Lock()
	defer c.mu.Unlock()
	if first := c.first[t.merged]; first != nil {
		return first.key == t.key
	}
	c.first[t.merged] = t
	return true
}

// release forgets a claim.
func (l *Layer) release(t *Server, hash uint64) {
	if hash == 0 {
		return
	}
	c := &l.copies[hash%shards]
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.first[hash] == t {
		delete(c.first, hash)
	}
}
