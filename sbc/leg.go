package sbc

import (
	"errors"
	"strconv"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/profile"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

type legState uint8

const (
	legIdle      legState = iota
	legCalling            // INVITE sent or received, nothing final yet
	legUp                 // 2xx sent or received: the dialog is confirmed
	legCanceling          // leg B was given up before its final response
	legEnding             // BYE sent, its answer is awaited
	legGone
)

// leg is one dialog (RFC 3261 §12): leg A is the UAS side of the INVITE that began the
// call, leg B the UAC side. It is the client user of the transactions it starts; what
// they report is posted to the call.
//
// Owned by the call's strand, but for the identity fields call, key and side, which never
// change once the leg is in the table.
type leg struct {
	call  *call
	key   string // finds the leg in the table: a tag of ours that nobody can guess
	side  media.Side
	state legState

	// nat says that the far end sits behind a translator: what it signalled about itself
	// cannot be reached, so requests go where its last request came from.
	nat bool
	// fixed says that requests go where the flow points, because the profile says so.
	fixed bool
	// updates says that the far end allows UPDATE (RFC 3311).
	updates bool
	// transparent says that the dialog has the identifiers of the other leg's.
	transparent bool

	localTag  string // the key, but for a transparent dialog
	remoteTag string
	callID    string
	local     string // value of From in requests we send: URI and our tag
	remote    string // value of To in requests we send: URI and their tag, once known
	target    string // remote target: the URI of their Contact
	routes    []string
	localSeq  uint32
	remoteSeq uint32
	ackSeq    uint32 // CSeq of the last INVITE whose 2xx was acknowledged
	ackBody   string // what that ACK carried: the answer to an offer in the 2xx
	flow      transport.Flow

	timer      *sessionTimer        // nil = none
	auth       *legAuth             // nil = challenges cross to the other leg
	require    *profile.Credentials // nil = nothing is demanded of requests
	unacked    *transaction.Server  // 2xx sent, ACK awaited
	unackedSeq uint32
	byeTx      *transaction.Client
	byeReason  string // of a BYE that waits for the ACK
}

var _ transaction.ClientUser = (*leg)(nil)

// Response posts a response to the call; it runs on the goroutine that read it.
func (l *leg) Response(t *transaction.Client, res *sip.Message) {
	l.call.post(event{kind: evResponse, leg: l, client: t, msg: res})
}

// Failed posts the end of a client transaction that got no final response.
func (l *leg) Failed(t *transaction.Client, err error) {
	l.call.post(event{kind: evFailed, leg: l, client: t, err: err})
}

// answerTo makes l the UAS side of the dialog that m wants to begin.
func (l *leg) answerTo(m *sip.Message, f transport.Flow) {
	l.state = legCalling
	l.flow = f
	l.callID = m.Header(sip.CallID)
	l.remote = m.Header(sip.From)
	l.remoteTag = m.FromTag()
	l.local = withTag(m.Header(sip.To), l.localTag)
	l.remoteSeq, _ = m.CSeqNumber()
	l.routes = collect(m, sip.RecordRoute, false)
	if via, err := m.TopVia(); err == nil {
		_, l.nat = via.Params.Get("received")
	}
	l.setTarget(m)
}

// learn takes from a response to our INVITE what makes the dialog: the far end's tag,
// its route set and its Contact (RFC 3261 §12.1.2). A later response wins over an
// earlier one, because only the final one decides which branch of a fork was answered.
func (l *leg) learn(res *sip.Message) {
	before, first := l.hop(), l.remoteTag == ""
	if tag := res.ToTag(); tag != "" {
		l.remoteTag = tag
		l.remote = res.Header(sip.To)
		l.routes = l.forced(collect(res, sip.RecordRoute, true))
	}
	l.setTarget(res)
	if l.hop() != before || first && l.call.detoured() {
		l.aim() // even if the target is the same, its requests go elsewhere than the INVITE
	}
}

// setTarget is the target refresh of RFC 3261 §12.2: a Contact replaces the remote
// target. Where requests go follows from it, unless the far end is behind a translator.
func (l *leg) setTarget(m *sip.Message) {
	if m.Count(sip.Allow) > 0 {
		l.updates = m.Lists(sip.Allow, "UPDATE")
	}
	for contact := range m.All(sip.Contact) {
		na, err := sip.ParseNameAddr(contact)
		if err != nil || na.URI == l.target {
			return
		}
		if _, err := sip.ParseURI(na.URI); err != nil {
			return
		}
		l.target = na.URI
		break
	}
	l.aim()
}

// aim points the leg's flow at the next hop of its requests. A next hop that needs a
// look-up is looked up aside; until the result is there, requests go where the far end
// was last heard from.
func (l *leg) aim() {
	if l.nat || l.fixed || l.flow.Proto() != transport.UDP {
		return
	}
	hop := l.hop()
	uri, err := sip.ParseURI(hop)
	if err != nil {
		return
	}
	if t, ok := transport.Literal(uri); ok {
		l.moveTo(t)
		return
	}
	l.call.retarget(l, hop, uri)
}

// hop is the URI of the next hop of the leg's requests.
func (l *leg) hop() string {
	if len(l.routes) > 0 {
		if na, err := sip.ParseNameAddr(l.routes[0]); err == nil {
			return na.URI
		}
	}
	return l.target
}

// moveTo makes t the address requests of this leg go to.
func (l *leg) moveTo(t transport.Target) {
	if t.Proto == l.flow.Proto() && t.Addr == l.flow.Remote() {
		return
	}
	if f, err := l.call.sbc.transport.Flow(l.flow.Interface(), t.Proto, t.Addr); err == nil {
		l.flow = f
	}
}

// nextFor builds the request that carries m of the other leg on. In a transparent dialog it
// keeps m's CSeq number, unless that was used up by a request of the SBC's own.
func (l *leg) nextFor(method string, m *sip.Message) *sip.Message {
	if n, ok := m.CSeqNumber(); ok && l.transparent && n > l.localSeq {
		l.localSeq = n - 1
	}
	return l.next(method)
}

// next builds the next request of the dialog (RFC 3261 §12.2.1.1).
func (l *leg) next(method string) *sip.Message {
	l.localSeq++
	return l.build(method, l.localSeq)
}

// build builds a request of the dialog with the given CSeq number; an ACK takes the
// number of the INVITE it acknowledges.
func (l *leg) build(method string, seq uint32) *sip.Message {
	ruri, routes := l.target, l.routes
	strict := len(routes) > 0 && !loose(routes[0])
	if strict {
		// The first hop is a strict router of RFC 2543: it wants itself in the
		// Request-URI and the target at the end of the route (RFC 3261 §12.2.1.1).
		if na, err := sip.ParseNameAddr(routes[0]); err == nil {
			ruri, routes = na.URI, routes[1:]
		}
	}
	m := sip.NewRequest(method, ruri)
	for _, r := range routes {
		m.Add(sip.Route, r)
	}
	if strict {
		m.Add(sip.Route, "<"+l.target+">")
	}
	m.Add(sip.MaxForwards, "70")
	m.Add(sip.From, l.local)
	m.Add(sip.To, l.remote)
	m.Add(sip.CallID, l.callID)
	m.Add(sip.CSeq, strconv.FormatUint(uint64(seq), 10)+" "+method)
	switch method {
	case "INVITE", "UPDATE":
		m.Add(sip.Contact, l.contact())
		m.Add(sip.Allow, l.allow())
	case "REFER":
		m.Add(sip.Contact, l.contact())
	}
	return m
}

// contact is where the far end finds this leg. Whatever the profile makes of it, requests
// are found by their To tag; those of a transparent dialog by the user part.
func (l *leg) contact() string {
	proto := ""
	if l.flow.Proto() == transport.TCP {
		proto = "tcp"
	}
	p := l.call.plan
	if p == nil {
		if proto != "" {
			proto = ";transport=" + proto
		}
		return "<sip:" + l.flow.SentBy() + proto + ">"
	}
	r := profile.Reach{SentBy: l.flow.SentBy(), Transport: proto}
	if l.transparent {
		r.User = l.key
	}
	if other := l.call.other(l); other != nil {
		r.Other = other.target
	}
	return p.Contact(l.side, r)
}

// allow is what the far end may send in this dialog.
func (l *leg) allow() string {
	if p := l.call.plan; p != nil {
		return p.Allow(allow, l.side)
	}
	return allow
}

// owns says whether a request with these dialog identifiers belongs to this dialog. A far
// end of RFC 2543 has no tag.
func (l *leg) owns(m *sip.Message) bool {
	return m.Header(sip.CallID) == l.callID && m.FromTag() == l.remoteTag && m.ToTag() == l.localTag
}

// submit sends a request of the dialog in a transaction of its own. A connection that has
// died meanwhile is opened anew: the far end's address has not changed.
func (l *leg) submit(m *sip.Message, o transaction.SendOptions) (*transaction.Client, error) {
	if p := l.call.plan; p != nil {
		p.AppendTo(m, l.side)
	}
	if l.auth != nil {
		if err := l.auth.authorize(m); err != nil {
			return nil, err
		}
	}
	x := l.call.sbc.transactions
	t, err := x.Send(m, l.flow, l, o)
	if errors.Is(err, transport.ErrNoConnection) && l.reconnect() {
		m.Remove(sip.Via)
		t, err = x.Send(m, l.flow, l, o)
	}
	if err == nil && l.auth != nil {
		l.auth.keep(sentRequest{t, m, o})
	}
	return t, err
}

// A caller's connection came from a port nobody listens on; its Contact or route says
// where it can be reached.
func (l *leg) reconnect() bool {
	to := l.flow.Remote()
	if !l.nat && !l.fixed {
		if uri, err := sip.ParseURI(l.hop()); err == nil {
			if t, ok := transport.Literal(uri); ok && t.Proto == l.flow.Proto() {
				to = t.Addr
			}
		}
	}
	f, err := l.call.sbc.transport.Flow(l.flow.Interface(), l.flow.Proto(), to)
	if err == nil {
		l.flow = f
	}
	return err == nil
}

// sendACK acknowledges the 2xx to the INVITE numbered seq. A 2xx that comes again is
// acknowledged again (RFC 3261 §13.2.2.4), with an ACK built anew: keeping the bytes
// would cost every held call more than all of the rest of its dialog.
func (l *leg) sendACK(seq uint32, body string) {
	m := l.build("ACK", seq)
	if l.auth != nil && l.auth.invite.Value != "" {
		m.Add(l.auth.invite.ID, l.auth.invite.Value)
	}
	if body != "" {
		m.Add(sip.ContentType, "application/sdp")
		m.Body = body
	}
	if p := l.call.plan; p != nil {
		p.AppendTo(m, l.side)
	}
	_, err := l.call.sbc.transactions.SendACK(m, l.flow)
	if errors.Is(err, transport.ErrNoConnection) && l.reconnect() {
		m.Remove(sip.Via)
		_, err = l.call.sbc.transactions.SendACK(m, l.flow)
	}
	if err != nil {
		l.call.sbc.log.Warn("ACK not sent", "call", l.call.id, "leg", l.name(), "err", err)
	}
	l.ackSeq, l.ackBody = seq, body
}

// name is the leg's name in logs and CDRs.
func (l *leg) name() string { return nameOf(l.side) }

func nameOf(side media.Side) string {
	if side == media.A {
		return "a"
	}
	return "b"
}

// withTag is a From or To value with tag as its only tag.
func withTag(v, tag string) string {
	if na, err := sip.ParseNameAddr(v); err == nil {
		if _, ok := na.Params.Get("tag"); ok {
			na.Params = na.Params.Del("tag")
			v = na.String()
		} else if len(v) > 0 && v[len(v)-1] != '>' && na.Display == "" && !hasBrackets(v) {
			// An addr-spec: what follows it belongs to the header, so a tag may be added, but
			// parameters meant for the URI need brackets around it (RFC 3261 §20.10).
			v = na.String()
		}
	}
	return v + ";tag=" + tag
}

func hasBrackets(v string) bool {
	for i := range len(v) {
		if v[i] == '<' {
			return true
		}
	}
	return false
}

// loose says whether a route is a loose router's (RFC 3261 §19.1.1, lr).
func loose(route string) bool {
	na, err := sip.ParseNameAddr(route)
	if err != nil {
		return true
	}
	uri, err := sip.ParseURI(na.URI)
	if err != nil {
		return true
	}
	_, lr := uri.Params.Get("lr")
	return lr
}

// collect is every element of a list header, in order or reversed; nil if there is none.
func collect(m *sip.Message, id sip.ID, reversed bool) []string {
	if m.Count(id) == 0 {
		return nil
	}
	var vs []string
	for v := range m.All(id) {
		vs = append(vs, v)
	}
	if reversed {
		for i, j := 0, len(vs)-1; i < j; i, j = i+1, j-1 {
			vs[i], vs[j] = vs[j], vs[i]
		}
	}
	return vs
}
