package sbc

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"

	"github.com/sallyport-sbc/sallyport/media"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// legSnapshotVersion is the first byte of a leg's snapshot. A reader refuses what it
// does not know: a dialog rebuilt by half is worse than none.
const legSnapshotVersion = 1

// ErrBadSnapshot means that a leg cannot be rebuilt from these bytes here.
var ErrBadSnapshot = errors.New("leg snapshot not usable")

// legRecord is what of a confirmed dialog must survive its process: everything later
// requests are built from and checked against. Transactions are not part of it: they
// are over before anyone could take over, or their loss is a retransmission.
type legRecord struct {
	Side  media.Side `json:"side"`
	NAT   bool       `json:"nat,omitempty"`
	Fixed bool       `json:"fixed,omitempty"`

	Transparent bool `json:"transparent,omitempty"`

	Key       string   `json:"key"`
	LocalTag  string   `json:"local_tag"`
	RemoteTag string   `json:"remote_tag,omitempty"`
	CallID    string   `json:"call_id"`
	Local     string   `json:"local"`
	Remote    string   `json:"remote"`
	Target    string   `json:"target"`
	Routes    []string `json:"routes,omitempty"`
	LocalSeq  uint32   `json:"local_seq"`
	RemoteSeq uint32   `json:"remote_seq"`
	Interface string   `json:"interface"`
	Proto     string   `json:"proto"`
	Peer      string   `json:"peer"`
}

// snapshot writes down a confirmed leg. It runs on the call's strand.
func (l *leg) snapshot() ([]byte, error) {
	if l.state != legUp {
		return nil, fmt.Errorf("%w: the dialog is not confirmed", ErrBadSnapshot)
	}
	b, err := json.Marshal(legRecord{
		Side: l.side, NAT: l.nat, Fixed: l.fixed,
		Key: l.key, Transparent: l.transparent, LocalTag: l.localTag, RemoteTag: l.remoteTag, CallID: l.callID,
		Local: l.local, Remote: l.remote, Target: l.target, Routes: l.routes,
		LocalSeq: l.localSeq, RemoteSeq: l.remoteSeq,
		Interface: l.flow.Interface().Name(), Proto: l.flow.Proto().String(), Peer: l.flow.Remote().String(),
	})
	if err != nil {
		return nil, err
	}
	return append([]byte{legSnapshotVersion}, b...), nil
}

// restore rebuilds a leg of c from its snapshot: it belongs to c and is in no table
// yet. It fails with ErrBadSnapshot when the bytes are damaged, of another version, or
// name an interface that is not here. What comes from a store is checked like what
// comes from the network.
func (c *call) restore(snapshot []byte) (*leg, error) {
	if len(snapshot) == 0 || snapshot[0] != legSnapshotVersion {
		return nil, fmt.Errorf("%w: version", ErrBadSnapshot)
	}
	var r legRecord
	if err := json.Unmarshal(snapshot[1:], &r); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrBadSnapshot, err)
	}
	for _, v := range append([]string{r.Key, r.LocalTag, r.RemoteTag, r.CallID, r.Local, r.Remote, r.Target}, r.Routes...) {
		if !sip.ValidHeaderValue(v) {
			return nil, fmt.Errorf("%w: control characters", ErrBadSnapshot)
		}
	}
	if _, err := sip.ParseURI(r.Target); err != nil || r.Key == "" || r.LocalTag == "" || r.CallID == "" || r.Side > media.B {
		return nil, fmt.Errorf("%w: incomplete", ErrBadSnapshot)
	}
	ifc, ok := c.sbc.transport.Interface(r.Interface)
	if !ok {
		return nil, fmt.Errorf("%w: no interface %q", ErrBadSnapshot, r.Interface)
	}
	peer, err := netip.ParseAddrPort(r.Peer)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrBadSnapshot, err)
	}
	proto := transport.UDP
	if r.Proto == transport.TCP.String() {
		proto = transport.TCP
	}
	flow, err := c.sbc.transport.Flow(ifc, proto, peer)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrBadSnapshot, err)
	}
	return &leg{
		call: c, side: r.Side, state: legUp, nat: r.NAT, fixed: r.Fixed,
		key: r.Key, transparent: r.Transparent, localTag: r.LocalTag, remoteTag: r.RemoteTag, callID: r.CallID,
		local: r.Local, remote: r.Remote, target: r.Target, routes: r.Routes,
		localSeq: r.LocalSeq, remoteSeq: r.RemoteSeq, flow: flow,
	}, nil
}
