package sbc

import (
	"errors"
	"log/slog"
	"net/netip"
	"strconv"

	"github.com/sallyport-sbc/sallyport/sbc/digest"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transaction"
)

// legAuth answers the challenges of a leg's far end.
//
// Owned by the call's strand.
type legAuth struct {
	client *digest.Client
	sent   []sentRequest // requests without a final response, for sending them again
	invite sip.Header    // credentials of the last INVITE: its ACK carries the same (RFC 3261 §22.1)
}

type sentRequest struct {
	client  *transaction.Client
	message *sip.Message
	options transaction.SendOptions
}

// identify gives the leg of a side what the plan says about authentication.
func (c *call) identify(l *leg) {
	p := &c.plan.Auth[l.side]
	if p.User != "" {
		l.auth = &legAuth{client: digest.NewClient(p.User, p.Password, p.Realm)}
	}
	if p.RequireRealm != "" {
		l.require = p
	}
}

// authorize puts the credentials into a request that is about to be sent.
func (a *legAuth) authorize(m *sip.Message) error {
	if err := a.client.Authorize(m); err != nil {
		return err
	}
	if m.Method != "INVITE" {
		return nil
	}
	a.invite = sip.Header{}
	for _, id := range [...]sip.ID{sip.Authorization, sip.ProxyAuthorization} {
		if v := m.Header(id); v != "" {
			a.invite = sip.Header{ID: id, Value: v}
		}
	}
	return nil
}

// keep remembers a request until its final response.
func (a *legAuth) keep(r sentRequest) {
	if len(a.sent) == maxRelays {
		a.sent = a.sent[1:]
	}
	a.sent = append(a.sent, r)
}

// take forgets and returns the request of a transaction.
func (a *legAuth) take(tx *transaction.Client) (sentRequest, bool) {
	for i, r := range a.sent {
		if r.client == tx {
			a.sent = append(a.sent[:i], a.sent[i+1:]...)
			if len(a.sent) == 0 {
				a.sent = nil
			}
			return r, true
		}
	}
	return sentRequest{}, false
}

// challenged answers a 401 or 407 of leg l's far end by sending the request again with
// credentials. It reports whether it did; then the other leg never hears of it. A
// challenge that cannot be answered becomes 403: the other leg's far end has no
// credentials for it.
func (c *call) challenged(l *leg, tx *transaction.Client, res *sip.Message) bool {
	if res.Status < 200 {
		return false
	}
	r, ok := l.auth.take(tx)
	if res.Status != 401 && res.Status != 407 {
		return false
	}
	if x := c.exchange; x != nil && x.client == tx && x.canceled {
		ok = false // who asked has given up: the challenge is as good as a 487
	}
	if ok && l.state != legCanceling {
		next, err := c.again(l, r, res)
		if err == nil {
			c.replace(l, tx, next)
			return true
		}
		c.log(slog.LevelWarn, "challenge not answered", "leg", l.name(), "peer", l.flow.Remote(), "code", res.Status, "err", err)
	}
	res.Status, res.Phrase = 403, ""
	res.Remove(sip.WWWAuthenticate)
	res.Remove(sip.ProxyAuthenticate)
	return false
}

// again sends a challenged request once more, as a new request of the dialog.
func (c *call) again(l *leg, r sentRequest, res *sip.Message) (*transaction.Client, error) {
	if err := l.auth.client.Challenged(res); err != nil {
		return nil, err
	}
	l.localSeq++
	r.message.Remove(sip.Via)
	r.message.Set(sip.CSeq, strconv.FormatUint(uint64(l.localSeq), 10)+" "+r.message.Method)
	return l.submit(r.message, r.options)
}

// replace puts the transaction of a request that was sent again where the first one was
// waited for.
func (c *call) replace(l *leg, old, next *transaction.Client) {
	if x := c.exchange; x != nil && x.client == old {
		x.client, x.seq = next, l.localSeq
	}
	if x := c.exchange; x != nil {
		for i := range x.others {
			if x.others[i].client == old {
				x.others[i].client = next
			}
		}
	}
	if l.byeTx == old {
		l.byeTx = next
	}
	if l.timer != nil && l.timer.refresher == old {
		l.timer.refresher = next
	}
	for _, r := range c.relays {
		if r.client == old {
			r.client = next
		}
	}
	if r := c.ownOf(old); r != nil {
		r.client, r.seq = next, l.localSeq
	}
}

// unauthorized is a request without the credentials that its leg demands.
type unauthorized struct {
	why        error
	challenges []string
}

func (u *unauthorized) Error() string { return u.why.Error() }
func (u *unauthorized) Unwrap() error { return u.why }

// headers are the challenges of the 401.
func (u *unauthorized) headers() []sip.Header {
	hs := make([]sip.Header, len(u.challenges))
	for i, v := range u.challenges {
		hs[i] = sip.Header{ID: sip.WWWAuthenticate, Value: v}
	}
	return hs
}

// demand checks a request that came on leg l for the credentials the leg demands. They
// are for us: the request goes on without them.
func (c *call) demand(l *leg, m *sip.Message, from netip.Addr) error {
	p := l.require
	if p == nil {
		return nil
	}
	user := p.RequireUser
	if user == "" {
		_, user = uriAndUser(m.Header(sip.From))
	}
	err := c.sbc.guard.Check(m, p.RequireRealm, user, p.RequirePassword, from)
	if err != nil {
		return &unauthorized{err, c.sbc.guard.Challenge(p.RequireRealm, from, errors.Is(err, digest.ErrStale))}
	}
	m.Remove(sip.Authorization)
	return nil
}
