package sbc

import (
	"strconv"
	"strings"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// crosses says whether a header field is carried from one leg to the other. What makes
// a dialog or a transaction is each leg's own; what names extensions speaks of the peer
// of that leg, and the SBC stands between the two.
func crosses(id sip.ID) bool {
	switch id {
	case sip.Via, sip.From, sip.To, sip.CallID, sip.CSeq, sip.Contact, sip.MaxForwards,
		sip.Route, sip.RecordRoute, sip.Timestamp,
		sip.Require, sip.ProxyRequire, sip.Supported, sip.Unsupported, sip.Allow,
		sip.SessionExpires, sip.MinSE, sip.RSeq, sip.RAck, sip.Replaces,
		sip.ContentType, sip.ContentLength, sip.ContentEncoding, sip.ContentDisposition:
		return false
	}
	return true
}

// carry copies to dst, which is for leg to, what crosses of src: the header fields that
// the plan lets pass, changed as it says, and the body.
func (c *call) carry(to *leg, dst, src *sip.Message, body string) {
	c.carryHeaders(dst, src)
	if c.plan != nil {
		c.plan.Filter(dst, to.side)
	}
	carryBody(dst, src, body)
}

func (c *call) carryHeaders(dst, src *sip.Message) {
	for _, h := range src.Headers() {
		if crosses(h.ID) || h.ID == sip.Replaces && c.a.transparent {
			addHeader(dst, h)
		}
	}
}

// carryBody gives dst a body, with the fields that describe it in src.
func carryBody(dst, src *sip.Message, body string) {
	if body == "" {
		return
	}
	for _, id := range [...]sip.ID{sip.ContentType, sip.ContentEncoding, sip.ContentDisposition} {
		if v := src.Header(id); v != "" {
			dst.Add(id, v)
		}
	}
	dst.Body = body
}

func addHeader(m *sip.Message, h sip.Header) {
	if h.ID != sip.Other {
		m.Add(h.ID, h.Value)
		return
	}
	m.AddNamed(h.Name, h.Value)
}

// maxForwards reads Max-Forwards; ok is false when there is none.
func maxForwards(m *sip.Message) (hops int, ok bool) {
	v := m.Header(sip.MaxForwards)
	if v == "" {
		return 0, false
	}
	hops, err := strconv.Atoi(strings.TrimSpace(v))
	return hops, err == nil
}

// forwards is the Max-Forwards of a request that carries m on (RFC 7332: a back-to-back
// user agent counts hops, or two of them could call each other for ever).
func forwards(m *sip.Message) string {
	hops, ok := maxForwards(m)
	if !ok || hops > 70 {
		hops = 70
	}
	return strconv.Itoa(max(hops-1, 0))
}
