package media

import "time"

// MOS estimates the listening quality of a call, 1.0 (unusable) to 4.4 (G.711 at
// its best), by the E-model of ITU-T G.107 with the codec taken to be G.711 with
// packet loss concealment (G.113: Ie 0, Bpl 25.1) and everything else at its
// default. loss is a fraction, 0 to 1. jitter is assumed to be absorbed by a
// buffer of twice its size plus 10 ms. delay is one way, without that buffer.
// Values out of range are brought into it.
func MOS(loss float64, jitter, delay time.Duration) float64 {
	const (
		basic = 93.2 // R with all default impairments
		bpl   = 25.1
		ms    = float64(time.Millisecond)
	)
	if !(loss > 0) { // NaN too
		loss = 0
	}
	loss = min(loss, 1) * 100
	d := max(0, float64(delay)/ms) + 2*max(0, float64(jitter)/ms) + 10
	r := basic - 0.024*d - 95*loss/(loss+bpl)
	if d > 177.3 {
		r -= 0.11 * (d - 177.3)
	}
	switch {
	case r <= 0:
		return 1
	case r >= 100:
		return 4.5
	}
	return max(1, 1+0.035*r+r*(r-60)*(100-r)*7e-6)
}
