package sbc

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sallyport-sbc/sallyport/sbc/capture"
	"github.com/sallyport-sbc/sallyport/sbc/sip"
	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// lingers is how long messages of a call that is over are still written: retransmissions of
// its last ones (64·T1, RFC 3261 §17).
const lingers = 32 * time.Second

// messageLogs are the calls whose messages are written to files. Its zero value has none.
type messageLogs struct {
	mu   sync.RWMutex
	logs map[string][]*messageLog // by Call-ID of either leg
}

// messageLog is where the messages of one call are written.
type messageLog struct {
	file    *capture.File
	sip     bool
	callIDs []string // guarded by messageLogs.mu
}

// add has messages with a Call-ID written to l.
func (ms *messageLogs) add(l *messageLog, callID string) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	if slices.Contains(l.callIDs, callID) {
		return
	}
	callID = strings.Clone(callID) // it would keep the message it came in
	if ms.logs == nil {
		ms.logs = map[string][]*messageLog{}
	}
	l.callIDs = append(l.callIDs, callID)
	ms.logs[callID] = append(ms.logs[callID], l)
}

// remove ends l. It says whether there is no other one.
func (ms *messageLogs) remove(l *messageLog) (last bool) {
	ms.mu.Lock()
	defer ms.mu.Unlock()
	for _, id := range l.callIDs {
		left := slices.DeleteFunc(ms.logs[id], func(other *messageLog) bool { return other == l })
		if ms.logs[id] = left; len(left) == 0 {
			delete(ms.logs, id)
		}
	}
	return len(ms.logs) == 0
}

// show is the transport's tap while there are message logs.
func (ms *messageLogs) show(f transport.Flow, sent bool, b []byte) {
	id := callIDOf(b)
	if len(id) == 0 {
		return
	}
	ms.mu.RLock()
	defer ms.mu.RUnlock()
	logs := ms.logs[string(id)]
	if len(logs) == 0 {
		return
	}
	p := packetOf(f, sent)
	p.Data = bytes.Clone(b)
	for _, l := range logs {
		if l.sip {
			l.file.Write(p)
		}
	}
}

func packetOf(f transport.Flow, sent bool) capture.Packet {
	p := capture.Packet{Time: time.Now(), Src: f.Remote(), Dst: f.Local(), TCP: f.Proto() == transport.TCP}
	if sent {
		p.Src, p.Dst = p.Dst, p.Src
	}
	return p
}

// packet is the tap of the call's media. It runs on the relay's goroutine.
func (l *messageLog) packet(src, dst netip.AddrPort, b []byte) {
	l.file.Write(capture.Packet{Time: time.Now(), Src: src, Dst: dst, Data: bytes.Clone(b)})
}

// callIDOf finds the value of the Call-ID field of a message, nil if there is none.
func callIDOf(b []byte) []byte {
	for len(b) > 0 {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			return nil
		}
		if b = b[i+1:]; len(b) == 0 || b[0] == '\r' || b[0] == '\n' {
			return nil // the body follows
		}
		if c := b[0] | 0x20; c != 'c' && c != 'i' {
			continue
		}
		line, _, _ := bytes.Cut(b, []byte("\n"))
		name, value, ok := bytes.Cut(line, []byte(":"))
		if name = bytes.TrimRight(name, " \t"); ok && (bytes.EqualFold(name, []byte("Call-ID")) || bytes.EqualFold(name, []byte("i"))) {
			return bytes.TrimSpace(value)
		}
	}
	return nil
}

// openLog begins the message log of the call, if its plan wants one and it has none. Nothing
// of the INVITE could be written before that was known: m is what came.
func (c *call) openLog(m *sip.Message, f transport.Flow) {
	p := &c.plan.Log
	path := p.File(c.a.callID)
	if c.wire != nil || path == "" || c.sbc.opt.Capture == nil {
		return
	}
	c.wire = &messageLog{file: c.sbc.opt.Capture.Open(path, p.MaxSize), sip: p.SIP}
	c.sbc.wires.add(c.wire, c.a.callID)
	c.sbc.transport.SetTap(c.sbc.wires.show)
	if p.SIP {
		first := packetOf(f, false)
		first.Data = m.Append(nil)
		c.wire.file.Write(first)
	}
}

// logged has the messages of a leg written, too.
func (c *call) logged(l *leg) {
	if c.wire != nil {
		c.sbc.wires.add(c.wire, l.callID)
	}
}

// closeLog ends the message log once nothing of the call can come any more.
func (c *call) closeLog() {
	if c.wire == nil {
		return
	}
	s, l := c.sbc, c.wire
	c.wire = nil
	time.AfterFunc(lingers, func() {
		if s.wires.remove(l) {
			s.untap()
		}
		l.file.Close()
	})
}

// untap takes the tap away when nobody looks.
func (s *SBC) untap() {
	s.wires.mu.Lock()
	defer s.wires.mu.Unlock()
	if len(s.wires.logs) == 0 {
		s.transport.SetTap(nil)
	}
}
