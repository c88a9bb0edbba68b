package sdk

import "github.com/sallyport-sbc/sallyport/abi/wire"

// SetTimer makes the Timer hook run after d with this number, 0 to 15; it replaces a timer of
// that number. It needs the capability sbc_timer, and takes effect with the hook's decision.
func (c *Call) SetTimer(number int, d Duration) error {
	return result(c.host.timerSet(c.handle, int32(number), int64(d), wire.TimerFire))
}

// EndAfter makes a timer that ends the call after d.
func (c *Call) EndAfter(number int, d Duration) error {
	return result(c.host.timerSet(c.handle, int32(number), int64(d), wire.TimerEnd))
}

// ClearTimer clears a timer.
func (c *Call) ClearTimer(number int) error {
	return result(c.host.timerClear(c.handle, int32(number)))
}

// Timer is the number of the timer that fired, in the Timer hook.
func (c *Call) Timer() int { return int(c.in.U64(wire.FieldTimer)) }

// Side is the leg the event came from: "a", "b", or "" for both or neither.
func (c *Call) Side() string { return c.text(wire.FieldSide) }

// Status is that of leg B's response, in Early and Reject.
func (c *Call) Status() int { return int(c.in.U64(wire.FieldStatus)) }

// Phrase goes with Status.
func (c *Call) Phrase() string { return c.text(wire.FieldPhrase) }

// Target is the URI that was tried, in Reject.
func (c *Call) Target() string { return c.text(wire.FieldTarget) }

// Detail is the digit in DTMF, the method in Refresh, the content type in Info, the value of
// Refer-To in Refer.
func (c *Call) Detail() string { return c.text(wire.FieldDetail) }

// Duration is how long the digit was held, in DTMF; 0 = unknown.
func (c *Call) Duration() Duration { return Duration(c.in.U64(wire.FieldDuration)) }

// Try makes the SBC try these URIs next, one after the other; it counts in Reject only.
func (c *Call) Try(targets ...string) {
	c.decided, c.fork = true, false
	c.targets = append(c.targets[:0], targets...)
}

// TryAll is Try for all of them at the same time.
func (c *Call) TryAll(targets ...string) {
	c.Try(targets...)
	c.fork = true
}

// Lookup is the value for key in a map of the SBC's configuration. It needs the
// capability sbc_map.
func (c *Call) Lookup(table, key string) (value string, ok bool) {
	return c.pulled(c.host.mapLookup(c.handle, table, key, c.room()), func(b []byte) int32 {
		return c.host.mapLookup(c.handle, table, key, b)
	})
}

// Hangup ends the call with that ID, "" for this one, which gets code, 0 for 480, if it was not
// answered yet. It needs the capability sbc_call. Nil means that the call was told to.
func (c *Call) Hangup(id string, code int, reason string) error {
	return result(c.host.callHangup(c.handle, id, int32(code), reason))
}

// Rearm sets anew how long this use lets the call with that ID, "" for this one, last from its
// answer; 0 lifts the limit. It needs the capability sbc_call.
func (c *Call) Rearm(id string, d Duration) error {
	return result(c.host.callRearm(c.handle, id, int64(d)))
}

// Inform sends an INFO to the far end of a leg, "a" or "b", with further header fields: when
// its dialog is confirmed, in the order of these calls. The body has at most 1 KiB, and an empty
// one no content type. It needs the capability sbc_call. Nil means that the call was told to;
// what the far end says to it changes nothing. It fails with ErrTooBig, ErrInvalid (line breaks,
// a header field that makes the dialog), or ErrBusy (16 of these in one hook).
func (c *Call) Inform(leg, contentType, body string, headers ...Field) error {
	return c.within(c.host.callInfo, headers, func(w *wire.Writer) {
		w.Text(wire.RequestLeg, leg)
		w.Text(wire.RequestContentType, contentType)
		w.Text(wire.RequestBody, body)
	})
}

// Refer tells the far end of a leg, by REFER, to call another URI, as Inform tells it something.
// The call goes on until somebody ends it.
func (c *Call) Refer(leg, target string, headers ...Field) error {
	return c.within(c.host.callRefer, headers, func(w *wire.Writer) {
		w.Text(wire.RequestLeg, leg)
		w.Text(wire.RequestTarget, target)
	})
}

// within sends a request within a dialog.
func (c *Call) within(send func(call int64, req []byte) int32, headers []Field, fill func(*wire.Writer)) error {
	b := make([]byte, 16<<10) // more than the bounds allow
	w := wire.NewWriter(b, wire.RequestSlots)
	fill(&w)
	write(&w, wire.RequestHeaders, headers)
	n, ok := w.Close()
	if !ok {
		return ErrTooBig
	}
	return result(send(c.handle, b[:n]))
}

// Metric is a number the operator can see. It needs the capability sbc_metric.
type Metric struct {
	host host
	id   int32
}

// Counter is a metric that only grows; the same name is the same metric.
func (s *Setup) Counter(name string) (Metric, error) { return s.metric(wire.MetricCounter, name) }

// Gauge is a metric that goes up and down.
func (s *Setup) Gauge(name string) (Metric, error) { return s.metric(wire.MetricGauge, name) }

// Summary is a metric that counts and sums what it observes.
func (s *Setup) Summary(name string) (Metric, error) { return s.metric(wire.MetricSummary, name) }

func (s *Setup) metric(kind int32, name string) (Metric, error) {
	id := s.host.metricDefine(kind, name)
	return Metric{s.host, id}, result(id)
}

// Add adds to a counter or gauge. It fails with ErrInvalid, a counter for less than 0.
func (m Metric) Add(delta int64) error { return result(m.host.metricAdd(m.id, delta)) }

// Observe sets a gauge, or gives a summary one more value. It fails with ErrInvalid for a counter.
func (m Metric) Observe(v int64) error { return result(m.host.metricObserve(m.id, v)) }
