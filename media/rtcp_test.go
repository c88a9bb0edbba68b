package media

import (
	"bytes"
	"encoding/binary"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/pion/rtcp"
)

// talk has both sides send n packets, A from the source 'a' and B from 'b', the second one
// a telephone-event that is taken out, and returns the streams that they are shown.
func talk(b *bench, n uint16) (fromA, fromB *shown) {
	at := addrOf(b.flow.Remote[B].RTP, false)
	for seq := uint16(1); seq <= n; seq++ {
		pt := uint8(0)
		if seq == 2 {
			pt = 101
		}
		b.through(pt, header{1000 + seq, uint32(seq) * 160, 'a'})
		b.p.rtp[B].accept(packet(pt, 'b', 40000+seq), at, b.now())
	}
	return &b.p.coldRTP[A].care.shown, &b.p.coldRTP[B].care.shown
}

// says has side A send RTCP and returns it as it goes on.
func (b *bench) says(t *testing.T, packets ...rtcp.Packet) []rtcp.Packet {
	t.Helper()
	raw, err := rtcp.Marshal(packets)
	if err != nil {
		t.Fatal(err)
	}
	if b.p.rtcp[A].accept(raw, b.p.rtcp[A].cold.latch.signalled, b.now()) != &b.p.rtcp[B] {
		t.Fatal("did not pass")
	}
	out, err := rtcp.Unmarshal(raw)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var everything = Treatment{Renumber: true, OwnSSRC: true, FilterDTMF: true}

func bothEvents(f *Flow) { f.Remote[B].Formats = f.Remote[A].Formats }

func TestReports(t *testing.T) {
	b := newTreated(t, everything, bothEvents)
	fromA, fromB := talk(b, 10)
	heard := fromB.top + fromB.shift // the last number A was sent
	foreign := rtcp.ReceptionReport{SSRC: 4711, LastSequenceNumber: 9}
	block := rtcp.ReceptionReport{SSRC: fromB.ssrc, LastSequenceNumber: heard, TotalLost: 3, Jitter: 5, LastSenderReport: 6, Delay: 7}
	want := block
	want.SSRC, want.LastSequenceNumber = 'b', 40010
	for _, c := range []struct {
		name     string
		in, want []rtcp.Packet
	}{
		{
			"sender report",
			[]rtcp.Packet{&rtcp.SenderReport{SSRC: 'a', NTPTime: 1 << 40, RTPTime: 1600, PacketCount: 10, OctetCount: 1600, Reports: []rtcp.ReceptionReport{foreign, block}}},
			[]rtcp.Packet{&rtcp.SenderReport{SSRC: fromA.ssrc, NTPTime: 1 << 40, RTPTime: 1600, PacketCount: 9, OctetCount: 9 * 160, Reports: []rtcp.ReceptionReport{foreign, want}}},
		},
		{
			"receiver report and description",
			[]rtcp.Packet{
				&rtcp.ReceiverReport{SSRC: 'a', Reports: []rtcp.ReceptionReport{block}},
				&rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{
					{Source: 'a', Items: []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: "x"}, {Type: rtcp.SDESTool, Text: "abcd"}}},
					{Source: 77},
					{Source: 'a', Items: []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: "abcdef"}}},
				}},
				&rtcp.Goodbye{Sources: []uint32{'a', 77, 'a'}, Reason: "aaaa"},
			},
			[]rtcp.Packet{
				&rtcp.ReceiverReport{SSRC: fromA.ssrc, Reports: []rtcp.ReceptionReport{want}},
				&rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{
					{Source: fromA.ssrc, Items: []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: "x"}, {Type: rtcp.SDESTool, Text: "abcd"}}},
					{Source: 77},
					{Source: fromA.ssrc, Items: []rtcp.SourceDescriptionItem{{Type: rtcp.SDESCNAME, Text: "abcdef"}}},
				}},
				&rtcp.Goodbye{Sources: []uint32{fromA.ssrc, 77, fromA.ssrc}, Reason: "aaaa"},
			},
		},
		{
			"feedback",
			[]rtcp.Packet{
				&rtcp.TransportLayerNack{SenderSSRC: 'a', MediaSSRC: fromB.ssrc, Nacks: []rtcp.NackPair{{PacketID: uint16(heard)}, {PacketID: uint16(heard - 8)}}},
				&rtcp.TransportLayerNack{SenderSSRC: 'a', MediaSSRC: 4711, Nacks: []rtcp.NackPair{{PacketID: 5}}},
				&rtcp.PictureLossIndication{SenderSSRC: 'a', MediaSSRC: fromB.ssrc},
				&rtcp.FullIntraRequest{SenderSSRC: 'a', MediaSSRC: 0, FIR: []rtcp.FIREntry{{SSRC: fromB.ssrc, SequenceNumber: 3}, {SSRC: 4711, SequenceNumber: 4}}},
			},
			[]rtcp.Packet{
				&rtcp.TransportLayerNack{SenderSSRC: fromA.ssrc, MediaSSRC: 'b', Nacks: []rtcp.NackPair{{PacketID: 40010}, {PacketID: 40001}}},
				&rtcp.TransportLayerNack{SenderSSRC: fromA.ssrc, MediaSSRC: 4711, Nacks: []rtcp.NackPair{{PacketID: 5}}},
				&rtcp.PictureLossIndication{SenderSSRC: fromA.ssrc, MediaSSRC: 'b'},
				&rtcp.FullIntraRequest{SenderSSRC: fromA.ssrc, MediaSSRC: 0, FIR: []rtcp.FIREntry{{SSRC: 'b', SequenceNumber: 3}, {SSRC: 4711, SequenceNumber: 4}}},
			},
		},
		{
			"extended report",
			[]rtcp.Packet{&rtcp.ExtendedReport{SenderSSRC: 'a', Reports: []rtcp.ReportBlock{
				&rtcp.ReceiverReferenceTimeReportBlock{NTPTimestamp: 1 << 33},
				&rtcp.LossRLEReportBlock{SSRC: fromB.ssrc, BeginSeq: uint16(heard - 3), EndSeq: uint16(heard), Chunks: []rtcp.Chunk{0x4006, 0}},
				&rtcp.DLRRReportBlock{Reports: []rtcp.DLRRReport{{SSRC: 4711, LastRR: 1}, {SSRC: fromB.ssrc, LastRR: 2}}},
				&rtcp.VoIPMetricsReportBlock{SSRC: fromB.ssrc, RFactor: 90},
			}}},
			[]rtcp.Packet{&rtcp.ExtendedReport{SenderSSRC: fromA.ssrc, Reports: []rtcp.ReportBlock{
				&rtcp.ReceiverReferenceTimeReportBlock{NTPTimestamp: 1 << 33},
				&rtcp.LossRLEReportBlock{SSRC: 'b', BeginSeq: 40007, EndSeq: 40010, Chunks: []rtcp.Chunk{0x4006, 0}},
				&rtcp.DLRRReportBlock{Reports: []rtcp.DLRRReport{{SSRC: 4711, LastRR: 1}, {SSRC: 'b', LastRR: 2}}},
				&rtcp.VoIPMetricsReportBlock{SSRC: 'b', RFactor: 90},
			}}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, wanted := b.says(t, c.in...), again(t, c.want)
			for i := range wanted {
				if !reflect.DeepEqual(got[i], wanted[i]) {
					t.Errorf("got\n%+v\nwant\n%+v", got[i], wanted[i])
				}
			}
		})
	}
}

// again marshals and parses, which fills in what a parser does.
func again(t *testing.T, packets []rtcp.Packet) []rtcp.Packet {
	t.Helper()
	raw, err := rtcp.Marshal(packets)
	if err != nil {
		t.Fatal(err)
	}
	out, err := rtcp.Unmarshal(raw)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// After a change of the source the reports speak of the same stream as before.
func TestReportsAcrossSources(t *testing.T) {
	b := newTreated(t, everything, bothEvents)
	fromA, fromB := talk(b, 10)
	ssrc := fromA.ssrc
	b.wait(time.Second)
	out, _ := b.through(0, header{7, 1_000_000, 'c'})
	sr := b.says(t, &rtcp.SenderReport{SSRC: 'c', RTPTime: 1_000_160, PacketCount: 1, OctetCount: 160})[0].(*rtcp.SenderReport)
	if sr.SSRC != ssrc || sr.RTPTime != out.stamp+160 || sr.PacketCount != 10 {
		t.Errorf("%+v does not go with %+v of %d", sr, out, ssrc)
	}
	if bye := b.says(t, &rtcp.ReceiverReport{SSRC: 'c'}, &rtcp.Goodbye{Sources: []uint32{'a'}})[1].(*rtcp.Goodbye); bye.Sources[0] != 'a' {
		t.Error("the BYE of a source that is gone ends the stream that goes on")
	}
	at := addrOf(b.flow.Remote[B].RTP, false)
	b.p.rtp[B].accept(packet(0, 'd', 3), at, b.now())
	rr := b.says(t, &rtcp.ReceiverReport{SSRC: 'c', Reports: []rtcp.ReceptionReport{{SSRC: fromB.ssrc, LastSequenceNumber: fromB.top + fromB.shift}}})[0].(*rtcp.ReceiverReport)
	if r := rr.Reports[0]; r.SSRC != 'd' || r.LastSequenceNumber != 3 {
		t.Errorf("report on the new source: %+v", r)
	}
}

// A side that only listens has a stream of its own, too.
func TestReportsOfAListener(t *testing.T) {
	b := newTreated(t, Treatment{OwnSSRC: true}, nil)
	at := addrOf(b.flow.Remote[B].RTP, false)
	b.p.rtp[B].accept(packet(0, 'b', 5), at, b.now())
	own, shown := b.p.coldRTP[A].care.shown.ssrc, b.p.coldRTP[B].care.shown.ssrc
	rr := b.says(t, &rtcp.ReceiverReport{SSRC: 'a', Reports: []rtcp.ReceptionReport{{SSRC: shown, LastSequenceNumber: 5}}})[0].(*rtcp.ReceiverReport)
	if rr.SSRC != own || rr.Reports[0].SSRC != 'b' || rr.Reports[0].LastSequenceNumber != 5 {
		t.Errorf("got %+v", rr)
	}
}

// With transparent SSRCs only numbers are put right, with transparent numbers only SSRCs.
func TestReportsByHalves(t *testing.T) {
	b := newTreated(t, Treatment{Renumber: true}, nil)
	_, fromB := talk(b, 10)
	last := fromB.top + fromB.shift
	rr := b.says(t, &rtcp.ReceiverReport{SSRC: 'a', Reports: []rtcp.ReceptionReport{{SSRC: 'b', LastSequenceNumber: last}, {SSRC: 'z', LastSequenceNumber: 8}}})[0].(*rtcp.ReceiverReport)
	if rr.SSRC != 'a' || rr.Reports[0].SSRC != 'b' || rr.Reports[0].LastSequenceNumber != 40010 || rr.Reports[1].LastSequenceNumber != 8 {
		t.Errorf("numbers alone: %+v", rr)
	}
	b = newTreated(t, Treatment{OwnSSRC: true}, nil)
	_, fromB = talk(b, 10)
	rr = b.says(t, &rtcp.ReceiverReport{SSRC: 'a', Reports: []rtcp.ReceptionReport{{SSRC: fromB.ssrc, LastSequenceNumber: 40009}}})[0].(*rtcp.ReceiverReport)
	if rr.Reports[0].SSRC != 'b' || rr.Reports[0].LastSequenceNumber != 40009 {
		t.Errorf("SSRCs alone: %+v", rr)
	}
}

// The highest number a receiver reports goes on around the end of 16 bits.
func TestReportsExtended(t *testing.T) {
	b := newTreated(t, Treatment{Renumber: true, OwnSSRC: true}, nil)
	at := addrOf(b.flow.Remote[B].RTP, false)
	const n = 3*math.MaxUint16 + 17
	for i := range uint32(n) {
		b.p.rtp[B].inSecond = 0
		b.p.rtp[B].accept(packet(0, 'b', uint16(60000+i)), at, b.now())
	}
	s := &b.p.coldRTP[B].care.shown
	rr := b.says(t, &rtcp.ReceiverReport{SSRC: 'a', Reports: []rtcp.ReceptionReport{{SSRC: s.ssrc, LastSequenceNumber: s.top + s.shift - 1}}})[0].(*rtcp.ReceiverReport)
	if got := rr.Reports[0].LastSequenceNumber; got != 60000+n-2 {
		t.Errorf("reported %d, want %d", got, uint32(60000+n-2))
	}
}

// FuzzTreated has both sides send anything: nothing may panic, grow, or be changed that is
// no header of RTP or RTCP.
func FuzzTreated(f *testing.F) {
	for _, p := range [][]rtcp.Packet{
		{&rtcp.SenderReport{SSRC: 'a', Reports: []rtcp.ReceptionReport{{SSRC: 'b'}}}, &rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{Source: 'a', Items: []rtcp.SourceDescriptionItem{{Type: 1, Text: "x"}}}}}},
		{&rtcp.ReceiverReport{SSRC: 'a'}, &rtcp.Goodbye{Sources: []uint32{1, 2}}},
		{&rtcp.TransportLayerNack{SenderSSRC: 'a', Nacks: []rtcp.NackPair{{PacketID: 1}}}, &rtcp.FullIntraRequest{FIR: []rtcp.FIREntry{{SSRC: 1}}}},
		{&rtcp.ExtendedReport{SenderSSRC: 'a', Reports: []rtcp.ReportBlock{&rtcp.DLRRReportBlock{Reports: []rtcp.DLRRReport{{SSRC: 1}}}, &rtcp.VoIPMetricsReportBlock{}}}},
	} {
		raw, err := rtcp.Marshal(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw, packet(101, 'b', 7), uint8(7))
	}
	f.Add([]byte{0x81, 202, 0, 2, 0, 0, 0, 1, 1, 255, 0, 0}, event(1, 2, 3, true, 4), uint8(3))
	f.Fuzz(func(t *testing.T, one, two []byte, flags uint8) {
		b := newTreated(t, Treatment{Renumber: flags&1 != 0, OwnSSRC: flags&2 != 0, FilterDTMF: flags&4 != 0, DetectDTMF: flags&8 != 0, Bandwidth: 1000}, bothEvents)
		talk(b, 3)
		for _, l := range []*leg{&b.p.rtp[A], &b.p.rtcp[A], &b.p.rtp[B], &b.p.rtcp[B]} {
			for _, in := range [][]byte{one, two, one} {
				raw := bytes.Clone(in)
				l.accept(raw, l.cold.latch.signalled, b.now())
				if isRTCP(in) {
					continue
				}
				changed := 0
				for i := range in {
					if in[i] != raw[i] {
						changed = i + 1
					}
				}
				if len(in) >= 12 && changed > 12 || changed > 0 && !isRTP(in) || changed > 0 && binary.BigEndian.Uint16(in) != binary.BigEndian.Uint16(raw) {
					t.Errorf("%x became %x", in, raw)
				}
			}
		}
	})
}
