package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/sallyport-sbc/sallyport/host/admin"
)

// What was done to the packets of each party stands beside what it sent.
func TestShowCallMedia(t *testing.T) {
	var b strings.Builder
	showCall(&b, admin.Call{ID: "c1", Media: &admin.CallMedia{
		A: admin.PartyMedia{Codec: "PCMA/8000", Packets: 1000, Lost: 1, Rejected: 2, Filtered: 33, Limited: 44, Digits: 5, Source: "192.0.2.9:4000"},
		B: admin.PartyMedia{Codec: "PCMA/8000", Packets: 900},
	}})
	for _, want := range []string{
		`PARTY +CODEC +PACKETS +LOST +JITTER/MS +MOS +REJECTED +FILTERED +LIMITED +DIGITS +SOURCE`,
		`a +PCMA/8000 +1000 +1 +0\.0 +- +2 +33 +44 +5 +192\.0\.2\.9:4000`,
		`b +PCMA/8000 +900 +0 +0\.0 +- +0 +0 +0 +0 +-`,
	} {
		if !regexp.MustCompile(want).MatchString(b.String()) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}
