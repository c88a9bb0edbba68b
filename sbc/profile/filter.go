package profile

import (
	"fmt"
	"strings"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// core says whether a header field is the SBC's own or what a method cannot be without.
func core(id sip.ID) bool {
	switch id {
	case sip.Via, sip.From, sip.To, sip.CallID, sip.CSeq, sip.Contact, sip.MaxForwards, sip.Route, sip.RecordRoute,
		sip.ContentType, sip.ContentLength, sip.ContentEncoding, sip.ContentDisposition, sip.MIMEVersion,
		sip.Require, sip.ProxyRequire, sip.Supported, sip.Unsupported, sip.Allow,
		sip.SessionExpires, sip.MinSE, sip.RSeq, sip.RAck, sip.Timestamp,
		sip.Event, sip.SubscriptionState, sip.ReferTo, sip.InfoPackage:
		return true
	}
	return false
}

// ownHeader is the mistake of touching a header field of the SBC's own; a compact name is
// easily mistaken for a short one.
func ownHeader(name string) error {
	if full := sip.Lookup(name).String(); !strings.EqualFold(full, name) {
		name += ", the compact form of " + full + ","
	}
	return fmt.Errorf("%s is the SBC's own header field", name)
}

// filter decides which header fields cross.
type filter struct {
	allow *names // nil: all
	deny  *names
}

func (f *filter) keep(h sip.Header) bool {
	switch {
	case core(h.ID):
		return true
	case h.ID == sip.Other && isAppHeader(h.Name):
		return false
	case f == nil:
		return true
	}
	return (f.allow == nil || f.allow.has(&h)) && !f.deny.has(&h)
}

// isAppHeader says whether a header field is for the SBC only, from a proxy before it.
func isAppHeader(name string) bool {
	return strings.EqualFold(name, "P-App-Param") || strings.EqualFold(name, "P-App-Name")
}

// names is a set of header fields.
type names struct {
	known [256]bool // by ID
	other []string
}

// newNames returns nil for an empty list.
func newNames(list []string) (n *names, errs []error) {
	if len(list) == 0 {
		return nil, nil
	}
	n = &names{}
	errs = make([]error, len(list))
	for i, name := range list {
		id := sip.Lookup(name)
		switch {
		case !sip.ValidToken(name):
			errs[i] = fmt.Errorf("%s is no name of a header field", brief(name))
		case core(id):
			errs[i] = fmt.Errorf("%s is the SBC's own header field: it is not filtered", name)
		case id != sip.Other:
			n.known[id] = true
		default:
			n.other = append(n.other, name)
		}
	}
	return n, errs
}

func (n *names) has(h *sip.Header) bool {
	if n == nil {
		return false
	}
	if h.ID != sip.Other {
		return n.known[h.ID]
	}
	for _, name := range n.other {
		if len(name) == len(h.Name) && strings.EqualFold(name, h.Name) {
			return true
		}
	}
	return false
}
