package media

import (
	"bytes"
	"net/netip"
	"testing"
	"time"
)

func TestTimeout(t *testing.T) {
	a := newReal(t, Config{Workers: 1})
	p := DefaultPolicy()
	p.Timeout = time.Second
	expired := make(chan struct{}, 2)
	c := newCall(t, a, p, "", func() { expired <- struct{}{} })
	c.exchange(t, 1) // starts the clock
	select {
	case <-expired:
	case <-time.After(patience):
		t.Fatal("a silent session did not time out")
	}
	if n := a.Stats().Timeouts; n != 1 {
		t.Errorf("%d timeouts counted", n)
	}
}

func TestSilence(t *testing.T) {
	b := newBench(t, nil)
	r := b.r
	r.polled = []*leg{&b.p.rtp[A], &b.p.rtcp[A]}
	at := func(second uint32) bool { return r.silent(instant{second: second}) }
	r.limit, r.since = int64(10*time.Second), 100
	if at(1000) {
		t.Error("timed out before the first packet or Confirm")
	}
	r.started = true
	if at(109) || !at(110) || at(111) {
		t.Error("not exactly once after ten seconds")
	}
	r.told, b.p.rtcp[A].second = false, 105 // RTCP is a sign of life
	if at(114) || !at(115) {
		t.Error("does not count from the last packet")
	}
	r.told, r.limit = false, 0
	if at(10_000) {
		t.Error("timed out without a limit")
	}
}

// What waited through an overload is dropped and counted, the newest is relayed.
func TestShed(t *testing.T) {
	w, err := newWorker(0, nil, nil) // no thread: the test turns its crank
	if err != nil {
		t.Fatal(err)
	}
	defer w.end()
	w.begun = time.Now().Add(-time.Hour)
	r := &relay{w: w, sum: &w.sum}
	host := localhost()
	pa, pb := newPhone(t, host), newPhone(t, host)
	for side, port := range []uint16{31100, 31102} {
		if err := r.Bind(0, Side(side), netip.AddrPortFrom(host, port)); err != nil {
			t.Fatal(err)
		}
	}
	r.Set(0, Flow{Kind: RTP, Remote: [2]Remote{{RTP: addrPort(pa.rtp)}, {RTP: addrPort(pb.rtp)}}})
	w.now = w.time()
	w.openMail()
	const n = 30
	for seq := range uint16(n) {
		say(t, pa.rtp, netip.AddrPortFrom(host, 31100), packet(0, 1, seq))
	}
	w.now = w.time()
	w.clear = w.now.ns - int64(shedAfter) - 1
	w.relay(poll(w.ep, w.events[:]))
	for i := range uint16(keepNewest) {
		if b, _ := hear(t, pb.rtp); !bytes.Equal(b, packet(0, 1, n-keepNewest+i)) {
			t.Errorf("packet %d is not the %dth newest", i, keepNewest-i)
		}
	}
	d := r.Stats(0, A)
	if d.Packets != n || d.Late != n-keepNewest || d.Lost != 0 || w.sum.Late != d.Late {
		t.Errorf("stats = %+v, want %d late of %d", d, n-keepNewest, n)
	}
}

// Once a second the worker ends the tones of its sessions that no packet ended.
func TestWorkerEndsTones(t *testing.T) {
	b, told := listener(t, Treatment{DetectDTMF: true})
	b.p.rtp[A].accept(event(1, 800, 3, false, 400), addrOf(signalled, false), b.now())
	b.wait(toneSilence)
	w := worker{relays: []*relay{b.r}, now: b.now()} // no thread: the test turns its crank
	w.checkSilence()
	if len(*told) != 1 {
		t.Errorf("told %q", *told)
	}
}
