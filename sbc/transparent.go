package sbc

import (
	"strings"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// resemble gives leg B the identifiers of leg A's dialog: Call-ID, the caller's tag and the
// CSeq number. Every further attempt counts one on, as a target that got an earlier one by
// another way would take it for the same request (482, RFC 3261 §8.2.2.2).
func (c *call) resemble(b *leg) {
	a := &c.a
	b.transparent, b.callID = true, a.callID
	if a.remoteTag != "" {
		b.localTag = a.remoteTag
	}
	b.localSeq = a.remoteSeq + c.tries.attempts
	c.tries.attempts++
}

// learn takes what a response to leg B's first INVITE says of the dialog. In a transparent
// one, leg A is told the callee's tag: a forked call shows its caller one dialog a callee.
func (c *call) learn(x *exchange, res *sip.Message) {
	x.to.learn(res)
	if a := &c.a; a.transparent && x.to.remoteTag != "" && x.to.remoteTag != a.localTag {
		a.localTag = strings.Clone(x.to.remoteTag)
		a.local = withTag(a.local, a.localTag)
	}
}
