package media

// drain empties a leg's socket and relays only the newest packets: those before
// them are late. All count in the statistics of what was received.
func (w *worker) drain(l *leg) {
	var kept [keepNewest]struct {
		out  *leg
		size int
	}
	n := 0
	for n < batch { // a flood must not keep the worker at one socket
		b := w.ring[n%keepNewest]
		if b == nil {
			b = make([]byte, maxDatagram)
			w.ring[n%keepNewest] = b
		}
		k := &kept[n%keepNewest]
		size, e := receive(l.fd, b, &w.from)
		if e != 0 {
			break
		}
		if k.out != nil {
			l.cold.late.Add(1)
			w.sum.Late++
		}
		k.out, k.size = l.accept(b[:size], w.from.addr(l.v6), w.now), size
		n++
	}
	for i := range keepNewest { // oldest first
		k := &kept[(n+i)%keepNewest]
		if k.out != nil {
			w.send(l, k.out, w.ring[(n+i)%keepNewest][:k.size])
		}
	}
}
