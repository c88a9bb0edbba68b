package transport

// Tap sees messages as they are on the wire: what came, before it is handled, and what is
// sent. It is called concurrently, by whoever reads or sends, must not block and must not keep b.
type Tap func(f Flow, sent bool, b []byte)

// SetTap makes t see all messages from now on; nil sees none. Without a tap a message costs
// one atomic load. It may be called by anyone at any time.
func (l *Layer) SetTap(t Tap) {
	if t == nil {
		l.tap.Store(nil)
		return
	}
	l.tap.Store(&t)
}

func (l *Layer) show(f Flow, sent bool, b []byte) {
	if t := l.tap.Load(); t != nil {
		(*t)(f, sent, b)
	}
}
