package useragent

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/pion/rtp"

	"github.com/sallyport-sbc/sallyport/sbc/transport"
)

// voice is the RTP of a test call. One goroutine reads the socket until close.
type voice struct {
	began   time.Time
	conn    transport.PacketConn
	local   netip.AddrPort
	first   chan struct{} // closed when the first packet of the far end comes
	reading sync.WaitGroup

	mu      sync.Mutex
	peer    *audio // nil until the answer
	codec   codec
	frames  [toneFrames][frameSamples]byte
	echo    *roundTrips
	heard   listener
	foreign int
	source  netip.AddrPort // where the far end's RTP comes from; zero until it comes
	last    time.Duration  // when a frame of the tone was last recognised
	header  rtp.Header
	played  int // frames
	sent    int // packets
}

// openVoice opens the socket. What comes before the answer is not listened to.
func openVoice(ctx context.Context, a *agent, began time.Time) (*voice, error) {
	v := &voice{began: began, first: make(chan struct{})}
	v.header = rtp.Header{Version: 2, Marker: true, SSRC: rand.Uint32(), SequenceNumber: uint16(rand.Uint32() >> 17), Timestamp: rand.Uint32()}
	var err error
	if v.conn, v.local, err = a.bindRTP(ctx); err != nil {
		return nil, err
	}
	v.reading.Go(v.read)
	return v, nil
}

func (v *voice) close() {
	v.conn.Close()
	v.reading.Wait()
}

// start begins to listen and makes the tone for a codec, PCMU or PCMA.
func (v *voice) start(peer *audio, c codec) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.peer, v.codec = peer, c
	encode := muLaw
	if isPCMA(c) {
		encode = aLaw
	}
	v.frames = tone(encode)
	v.echo = newRoundTrips(&v.frames)
}

// redirect takes a new description from the far end.
func (v *voice) redirect(peer *audio) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.peer, v.source = peer, netip.AddrPort{}
}

// sending is how much of the tone has been played, sent or not.
func (v *voice) sending() time.Duration {
	v.mu.Lock()
	defer v.mu.Unlock()
	return time.Duration(v.played) * frameTime
}

// frame plays the next 20 ms of the tone. They are not sent while the far end does not
// want any.
func (v *voice) frame() {
	v.mu.Lock()
	defer v.mu.Unlock()
	i := v.played % toneFrames
	v.played++
	v.header.Timestamp += frameSamples
	if !v.peer.direction.reply().sends() {
		v.header.Marker = true
		return
	}
	v.header.PayloadType = v.codec.pt
	var buf [12 + frameSamples]byte
	n, err := v.header.MarshalTo(buf[:])
	if err != nil {
		return
	}
	n += copy(buf[n:], v.frames[i][:])
	v.header.Marker = false
	v.header.SequenceNumber++
	v.echo.sent[i] = time.Since(v.began)
	v.sent++
	// A refused datagram is an error of the next write: what is lost is heard of by
	// the packets that do not come back.
	v.conn.WriteToUDPAddrPort(buf[:n], v.peer.addr)
}

// read listens until the socket is closed.
func (v *voice) read() {
	var buf [2048]byte
	var p rtp.Packet
	for {
		n, from, err := v.conn.ReadFromUDPAddrPort(buf[:])
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		now := time.Since(v.began)
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		p = rtp.Packet{}
		bad := p.Unmarshal(buf[:n]) != nil || p.Version != 2
		v.mu.Lock()
		v.packet(&p, bad, from, now)
		v.mu.Unlock()
	}
}

// packet takes in one packet. The far end is who sends from the address it described;
// when nobody does, who came first.
func (v *voice) packet(p *rtp.Packet, bad bool, from netip.AddrPort, now time.Duration) {
	switch {
	case v.peer == nil:
		return
	case bad || !v.peer.allows(p.PayloadType):
		v.foreign++
		return
	case from == v.peer.addr || !v.source.IsValid():
		v.source = from
	case from != v.source:
		v.foreign++
		return
	}
	if !v.heard.packet(p.SSRC, p.SequenceNumber, p.Timestamp, now) {
		return
	}
	if v.heard.received == 1 {
		close(v.first)
	}
	if v.echo.heard(p.Payload, now) {
		v.last = now
	}
}

// quiet says whether the tone came back but stopped for longer than d before now.
func (v *voice) quiet(d time.Duration) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.echo != nil && v.echo.echoed > 0 && time.Since(v.began)-v.last > d
}

// complete says whether every frame sent was recognised.
func (v *voice) complete() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.echo != nil && v.echo.echoed >= v.sent
}

func (v *voice) from() netip.AddrPort {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.source
}

// result is what was sent and heard so far.
func (v *voice) result() Audio {
	v.mu.Lock()
	defer v.mu.Unlock()
	lost, expected := v.heard.lost()
	a := Audio{
		Sent: v.sent, Received: v.heard.received, Duplicates: v.heard.repeated, Reordered: v.heard.reordered,
		Foreign: v.foreign, Lost: lost, Jitter: v.heard.jitter,
	}
	if expected > 0 {
		a.LossPercent = 100 * float64(lost) / float64(expected)
	}
	if v.echo != nil {
		a.RoundTrip, a.Echoed = v.echo.median(), v.echo.echoed
	}
	return a
}
