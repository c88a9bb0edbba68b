package useragent

import (
	"math"
	"time"
)

const (
	clockRate    = 8000 // of PCMU and PCMA
	frameTime    = 20 * time.Millisecond
	frameSamples = clockRate / 50
	toneHz       = 441               // not a divisor of the frame rate: see tone
	toneFrames   = 50                // frames until the tone repeats
	toneLevel    = 0.3 * (1<<15 - 1) // about -10 dBm0, loud enough to hear and far from clipping
)

// tone is one second of a 441 Hz tone, frame by frame, in the companding of encode.
// Its 50 frames all differ, since each begins at another phase, so that a frame that
// comes back tells when it was sent, up to whole seconds.
func tone(encode func(int16) byte) [toneFrames][frameSamples]byte {
	var t [toneFrames][frameSamples]byte
	for f := range t {
		for i := range t[f] {
			n := f*frameSamples + i
			t[f][i] = encode(int16(toneLevel * math.Sin(2*math.Pi*toneHz*float64(n)/clockRate)))
		}
	}
	return t
}

// muLaw compands one sample to PCMU (ITU-T G.711).
func muLaw(v int16) byte {
	const bias, clip = 0x84, 32635
	s, sign := int(v), byte(0)
	if s < 0 {
		s, sign = -s, 0x80
	}
	s = min(s, clip) + bias
	exp := 7
	for mask := 0x4000; exp > 0 && s&mask == 0; mask >>= 1 {
		exp--
	}
	return ^(sign | byte(exp)<<4 | byte(s>>(exp+3))&0x0f)
}

// aLaw compands one sample to PCMA (ITU-T G.711).
func aLaw(v int16) byte {
	s, sign := int(v)>>3, byte(0x80)
	if s < 0 {
		s, sign = -s-1, 0
	}
	exp := 0
	for t := s; t > 0x1f; t >>= 1 {
		exp++
	}
	if exp == 0 {
		return (sign | byte(s>>1)&0x0f) ^ 0x55
	}
	return (sign | byte(exp)<<4 | byte(s>>exp)&0x0f) ^ 0x55
}
