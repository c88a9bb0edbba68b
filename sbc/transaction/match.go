package transaction

import (
	"hash/maphash"
	"math/rand/v2"
	"strings"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// cookie begins the branch of every RFC 3261 client.
const cookie = "z9hG4bK"

// key names a transaction within its shard: a hash under a seed nobody outside knows, so that
// no peer can make two transactions meet, and no transaction holds text of its request. Two of
// a quarter of a million meet by chance once in some hundred years of a thousand calls a
// second; the later one is then taken for a retransmission, and its client times out.
type key uint64

// seeds are made once a layer.
type seeds struct{ branch, whole, merged, tag maphash.Seed }

func makeSeeds() seeds {
	return seeds{maphash.MakeSeed(), maphash.MakeSeed(), maphash.MakeSeed(), maphash.MakeSeed()}
}

// shardOf returns the shard of a branch: a request, its CANCEL and its ACK are in one.
func (l *Layer) shardOf(branch string) *shard {
	return &l.shards[maphash.String(l.seeds.branch, branch)%shards]
}

// serverID is what tells server transactions apart, RFC 3261 §17.2.3, and the interface: a
// peer in one realm cannot reach into a transaction of another.
type serverID struct {
	on           *transport.Interface
	method       string
	branch, host string
	port         uint16
}

// oldServerID is the same for clients of RFC 2543, which have no unique branch. The method is
// that of the transaction; the To tag is not in it, since the ACK's is ours.
type oldServerID struct {
	on                         *transport.Interface
	method, ruri, callID, from string
	cseq                       uint32
	via                        string
}

// serverKey returns the key of the server transaction a request belongs to: an ACK and a
// CANCEL belong to that of their INVITE.
func (l *Layer) serverKey(m *sip.Message, hop sip.ViaHop, f transport.Flow) (*shard, key) {
	method := m.Method
	if method == "ACK" || method == "CANCEL" {
		method = "INVITE"
	}
	if branch := hop.Branch(); len(branch) > len(cookie) && strings.EqualFold(branch[:len(cookie)], cookie) {
		id := serverID{f.Interface(), method, branch, hop.Host, hop.Port}
		return l.shardOf(branch), key(maphash.Comparable(l.seeds.whole, id))
	}
	id := oldServerID{on: f.Interface(), method: method, ruri: m.RURI, callID: m.Header(sip.CallID), from: m.FromTag()}
	id.cseq, _ = m.CSeqNumber()
	for via := range m.All(sip.Via) {
		id.via = via
		break
	}
	return l.shardOf(id.callID), key(maphash.Comparable(l.seeds.whole, id))
}

// clientKey returns the key of a client transaction, RFC 3261 §17.1.3.
func (l *Layer) clientKey(branch, method string) (*shard, key) {
	return l.shardOf(branch), key(maphash.String(l.seeds.whole, branch)) + l.methodKey(method)
}

// methodKey is what a method adds to a client's key, so that the key of a CANCEL follows from
// that of its INVITE.
func (l *Layer) methodKey(method string) key { return key(maphash.String(l.seeds.whole, method)) }

const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// appendRandom appends n characters that nobody can guess, 5 bits each.
func appendRandom(b []byte, n int) []byte {
	for n > 0 {
		x := rand.Uint64()
		for range min(n, 12) {
			b = append(b, alphabet[x&31])
			x >>= 5
			n--
		}
	}
	return b
}

// newTag returns a fresh tag of 75 random bits: RFC 3261 §19.3 asks for 32.
func newTag() string {
	var b [15]byte
	return string(appendRandom(b[:0], len(b)))
}

// statelessTag returns the To tag of responses without a transaction: the same one for every
// copy of a request, RFC 3261 §8.2.7.
func (l *Layer) statelessTag(m *sip.Message) string {
	var h maphash.Hash
	h.SetSeed(l.seeds.tag)
	for _, id := range [...]sip.ID{sip.Via, sip.CallID, sip.CSeq, sip.From} {
		h.WriteString(m.Header(id))
		h.WriteByte(0)
	}
	var b [13]byte
	x := h.Sum64()
	for i := range b {
		b[i] = alphabet[x&31]
		x >>= 5
	}
	return string(b[:])
}
