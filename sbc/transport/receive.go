package transport

import (
	"bytes"
	"errors"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/sip"
)

// datagram handles one datagram. The source's budget comes first: until it is passed nothing
// is allocated and nothing of the content is read.
func (l *Layer) datagram(b []byte, f Flow) {
	i := f.ep.iface
	i.counters.received.Add(1)
	if !i.budget.take(f.remote.Addr()) {
		i.counters.overBudget.Add(1)
		return
	}
	b = bytes.TrimLeft(b, "\r\n")
	switch {
	case len(b) == 0:
		// RFC 5626 §4.4.1 has the double CRLF answered on streams only; over UDP a peer that
		// sends it just wants its NAT binding kept.
		i.counters.keepalives.Add(1)
		return
	case !beginsLikeSIP(b[0]):
		i.counters.foreign.Add(1)
		return
	}
	l.message(b, f)
}

// beginsLikeSIP reports whether c may begin a start line: a method is a token, RFC 3261
// §25.1. STUN (RFC 8489) and RTP begin with other bytes.
func beginsLikeSIP(c byte) bool {
	return c-'0' < 10 || c|0x20-'a' < 26 || strings.IndexByte("-.!%*_+`'~", c) >= 0
}

// message parses one message and hands it on. A panic in here is counted and reported with
// its stack, and ends with this message.
func (l *Layer) message(b []byte, f Flow) {
	defer l.contain(f)
	l.show(f, false, b)
	m, err := sip.Parse(b)
	l.deliver(m, err, f)
}

// deliver hands a parsed message to the handler.
func (l *Layer) deliver(m *sip.Message, err error, f Flow) {
	if err != nil {
		f.ep.iface.counters.malformed.Add(1)
		f.ep.iface.noise.report(l.log, err, f)
	}
	if m != nil && m.IsRequest() {
		m.MarkSource(f.remote)
	}
	l.handler.Receive(m, err, f)
}

// contain survives a panic of a handler: a message must never end the process.
func (l *Layer) contain(f Flow) {
	if r := recover(); r != nil {
		f.ep.iface.counters.panics.Add(1)
		l.log.Error("panic while handling a message", "interface", f.ep.iface.name, "peer", f.remote,
			"err", r, "stack", string(debug.Stack()))
	}
}

// noiseInterval is how often an interface may name a malformed message in the log.
const noiseInterval = 10 * time.Second

// noise turns any number of malformed messages into one log line an interval.
type noise struct {
	mu      sync.Mutex
	next    time.Time
	skipped uint64
}

// report logs that a message was malformed, or counts it for the next line. It never shows
// any of the message: the reason is one of the parser's own texts.
func (n *noise) report(log *slog.Logger, err error, f Flow) {
	now := time.Now()
	n.mu.Lock()
	if now.Before(n.next) {
		n.skipped++
		n.mu.Unlock()
		return
	}
	skipped := n.skipped
	n.next, n.skipped = now.Add(noiseInterval), 0
	n.mu.Unlock()
	reason := "not SIP"
	var pe *sip.ParseError
	if errors.As(err, &pe) {
		reason = pe.Reason
	}
	log.Warn("malformed message", "interface", f.ep.iface.name, "peer", f.remote, "err", reason, "others", skipped)
}
