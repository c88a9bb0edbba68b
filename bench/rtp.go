package main

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/ipv4"
)

const (
	packetTime  = 20 * time.Millisecond
	payloadSize = 160 // PCMU
	packetSize  = 12 + payloadSize
)

// mediaLoad is calls with PCMU both ways for a while.
type mediaLoad struct {
	calls  int
	rate   int // calls set up a second
	warm   time.Duration
	window time.Duration // measured
}

// mediaResult is what came of a mediaLoad.
type mediaResult struct {
	established    int
	failed         map[int]int // calls by the last response
	sent, received int64       // packets sent in the window, and those of them that arrived
	window         time.Duration
	cpu            float64
	latencies      []time.Duration // sorted; a sample
	fullSUT        int             // packets lost because sockets of the SUT were full
	fullEnds       int             // packets lost because sockets of the kit were full
	load           load
}

func (r mediaResult) lossPercent() float64 {
	return 100 * float64(r.sent-r.received) / float64(max(r.sent, 1))
}
func (r mediaResult) perSecond() float64    { return float64(r.received) / r.window.Seconds() }
func (r mediaResult) cpuPerPacket() float64 { return r.cpu / float64(max(r.received, 1)) * 1e6 }

// latency is the q-quantile of the time a packet took, 0 when none was seen.
func (r mediaResult) latency(q float64) time.Duration {
	if len(r.latencies) == 0 {
		return 0
	}
	return r.latencies[min(int(q*float64(len(r.latencies))), len(r.latencies)-1)]
}

// run sets the calls up through the SUT, sends, measures the window, and hangs up.
func (l mediaLoad) run(ctx context.Context, s *sut) (mediaResult, error) {
	r := mediaResult{failed: make(map[int]int)}
	e, err := openEnds(l.calls)
	if err != nil {
		return r, err
	}
	defer e.close()
	if err := e.setUp(ctx, l.rate); err != nil {
		return r, err
	}
	var a, b []*stream
	e.mu.Lock()
	for i := range e.calls {
		switch c := &e.calls[i]; {
		case c.state == up && c.stream != nil:
			r.established++
			a = append(a, c.stream)
		default:
			r.failed[c.code]++
		}
	}
	for _, st := range e.streamsB {
		if st != nil {
			b = append(b, st)
		}
	}
	e.mu.Unlock()
	if r.established == 0 {
		return r, errors.Join(errors.New("no call was set up"), s.alive())
	}

	var measuring atomic.Bool
	var receivers []*receiver
	var receiving sync.WaitGroup
	for _, c := range slices.Concat(e.rtpA, e.rtpB) {
		rx := new(receiver)
		receivers = append(receivers, rx)
		receiving.Go(func() { rx.run(c) })
	}
	sending, stop := context.WithCancel(ctx)
	defer stop()
	var senders sync.WaitGroup
	var sent [2]int64
	senders.Go(func() { sent[0] = send(sending, e.rtpA, a, &measuring) })
	senders.Go(func() { sent[1] = send(sending, e.rtpB, b, &measuring) })

	pause(ctx, l.warm)
	sut0, all0, self0, start := s.stat(), machineCPU(), selfCPU(), time.Now()
	measuring.Store(true)
	pause(ctx, l.window)
	measuring.Store(false)
	sut1, all1, self1 := s.stat(), machineCPU(), selfCPU()
	r.window = time.Since(start)
	// Senders go on until what they sent in the window has had time to arrive, so that
	// its last packets meet the same load as its first.
	pause(ctx, 500*time.Millisecond)
	stop()
	senders.Wait()

	r.fullSUT = udpDrops(sutAddr.Addr())
	r.fullEnds = udpDrops(callerAddr.Addr()) + udpDrops(calleeAddr.Addr())
	err = e.hangUp(ctx)
	for _, c := range slices.Concat(e.rtpA, e.rtpB) {
		c.Close()
	}
	receiving.Wait()
	r.sent = sent[0] + sent[1]
	for _, rx := range receivers {
		r.received += rx.packets
		r.latencies = append(r.latencies, rx.latencies...)
	}
	slices.Sort(r.latencies)
	r.cpu = sut1.cpu - sut0.cpu
	r.load = loadBetween(all0, all1, r.window, r.cpu, self1-self0)
	return r, errors.Join(err, s.alive())
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// stream is the packets of one direction of one call.
type stream struct {
	to   *net.UDPAddr
	sock int
	seq  uint16
	ts   uint32
	ssrc uint32
}

// newStream is the stream of the n-th call of an end to where the SDP wants it, nil
// when the SDP says nothing of use.
func newStream(body string, n int, ssrc uint32) *stream {
	to := mediaAddr(body)
	if to == nil {
		return nil
	}
	return &stream{to: to, sock: n % rtpSockets, ssrc: ssrc + uint32(n)}
}

// packet fills b with the next packet. The payload begins with the time it was made
// and with whether it counts.
func (s *stream) packet(b []byte, now time.Time, counts bool) {
	b[0], b[1] = 0x80, 0
	binary.BigEndian.PutUint16(b[2:], s.seq)
	binary.BigEndian.PutUint32(b[4:], s.ts)
	binary.BigEndian.PutUint32(b[8:], s.ssrc)
	binary.BigEndian.PutUint64(b[12:], uint64(now.UnixNano()))
	b[20] = 0
	if counts {
		b[20] = 1
	}
	s.seq++
	s.ts += payloadSize
}

// send sends all streams of one end until ctx ends, spread over the packet time in
// steps of a millisecond, and returns how many packets it sent that count.
func send(ctx context.Context, socks []*net.UDPConn, streams []*stream, measuring *atomic.Bool) (sent int64) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	const steps = int(packetTime / time.Millisecond)
	var slots [steps][]*stream
	for i, s := range streams {
		slots[i%steps] = append(slots[i%steps], s)
	}
	conns := make([]*ipv4.PacketConn, len(socks))
	for i, c := range socks {
		conns[i] = ipv4.NewPacketConn(c)
	}
	batches := make([][]ipv4.Message, len(socks))
	packets := make([][][]byte, len(socks))
	start := time.Now()
	for step := 0; ctx.Err() == nil; step++ {
		time.Sleep(time.Until(start.Add(time.Duration(step) * time.Millisecond)))
		for i := range batches {
			batches[i] = batches[i][:0]
		}
		counts := measuring.Load()
		for _, s := range slots[step%steps] {
			n := len(batches[s.sock])
			if n == len(packets[s.sock]) {
				packets[s.sock] = append(packets[s.sock], make([]byte, packetSize))
			}
			b := packets[s.sock][n]
			s.packet(b, time.Now(), counts)
			batches[s.sock] = append(batches[s.sock], ipv4.Message{Buffers: [][]byte{b}, Addr: s.to})
		}
		for i, batch := range batches {
			for len(batch) > 0 {
				n, err := conns[i].WriteBatch(batch, 0)
				if err != nil {
					n = 1 // not sent, and not counted: the kernel had no room for it
				} else if counts {
					sent += int64(n)
				}
				batch = batch[n:]
			}
		}
	}
	return sent
}

// receiver counts what one socket hears.
type receiver struct {
	packets   int64
	latencies []time.Duration
	_         [64]byte // no two receivers on one cache line
}

// sampled is how many packets share one latency sample.
const sampled = 16

// run reads until the socket is closed.
func (r *receiver) run(c *net.UDPConn) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	conn := ipv4.NewPacketConn(c)
	batch := make([]ipv4.Message, 64)
	for i := range batch {
		batch[i].Buffers = [][]byte{make([]byte, 2048)}
	}
	for {
		n, err := conn.ReadBatch(batch, 0)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		now := time.Now().UnixNano()
		for _, m := range batch[:n] {
			b := m.Buffers[0]
			if m.N != packetSize || b[20] != 1 {
				continue
			}
			if r.packets++; r.packets%sampled == 0 {
				r.latencies = append(r.latencies, time.Duration(now-int64(binary.BigEndian.Uint64(b[12:]))))
			}
		}
	}
}
