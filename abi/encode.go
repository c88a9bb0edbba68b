package abi

import (
	"net/netip"
	"strconv"
	"time"

	"github.com/sallyport-sbc/sallyport/abi/wire"
)

// EncodeCall writes the call frame for c into buf and returns its length. It
// does not allocate. When buf is too small it fails with ErrTooBig, and the
// length is what it would have needed. It leaves it to the caller to keep
// wire.AnswerRoom free behind the frame.
func EncodeCall(buf []byte, c *Call) (int, error) {
	slots, within := wire.FieldModules+1, false
	if c.Event != EventEnd || c.Result == nil {
		slots, within = wire.FieldDetail+1, true
		if c.Event == EventStart || c.Event == EventConnect {
			slots, within = wire.FieldRinging+1, false
		} else if c.Duration > 0 {
			slots = wire.FieldDuration + 1
		} else if !c.Until.IsZero() {
			slots = wire.FieldUntil + 1
		}
	} else if c.Result.A != (MediaStats{}) || c.Result.B != (MediaStats{}) {
		slots = wire.CallSlots
	}
	w := wire.NewWriter(buf, slots)
	w.U64(wire.FieldEvent, uint64(c.Event))
	w.Text(wire.FieldID, c.ID)
	w.Text(wire.FieldNode, c.Node)
	w.Text(wire.FieldProfile, c.Profile)
	w.Text(wire.FieldUse, c.Use)
	w.Text(wire.FieldCallIDA, c.CallIDA)
	w.Text(wire.FieldCallIDB, c.CallIDB)
	w.Text(wire.FieldMethod, c.Method)
	w.Text(wire.FieldRURI, c.RURI)
	w.Text(wire.FieldFrom, c.From)
	w.Text(wire.FieldTo, c.To)
	w.Text(wire.FieldFromURI, c.FromURI)
	w.Text(wire.FieldToURI, c.ToURI)
	w.Text(wire.FieldCaller, c.Caller)
	w.Text(wire.FieldCallee, c.Callee)
	address(&w, wire.FieldSource, c.Source)
	address(&w, wire.FieldDestination, c.Destination)
	w.Text(wire.FieldTransport, c.Transport)
	w.Text(wire.FieldInterfaceA, c.InterfaceA)
	w.Text(wire.FieldInterfaceB, c.InterfaceB)
	w.U64(wire.FieldStart, unix(c.Start))
	w.U64(wire.FieldRinging, unix(c.Ringing))
	w.U64(wire.FieldConnect, unix(c.Connect))
	w.U64(wire.FieldEnd, unix(c.End))
	w.U64(wire.FieldUntil, unix(c.Until))
	fields(&w, wire.FieldParams, c.Params)
	fields(&w, wire.FieldVars, c.Vars.list())
	if within {
		w.Text(wire.FieldSide, c.Side)
		w.U64(wire.FieldStatus, uint64(max(c.Status, 0)))
		w.Text(wire.FieldPhrase, c.Phrase)
		w.Text(wire.FieldTarget, c.Target)
		w.U64(wire.FieldTimer, uint64(c.Timer))
		w.Text(wire.FieldDetail, c.Detail)
		w.U64(wire.FieldDuration, uint64(max(c.Duration, 0)))
	}
	if c.Event == EventEnd && c.Result != nil {
		result(&w, c.Result)
	}
	n, ok := w.Close()
	if !ok {
		return n, ErrTooBig
	}
	return n, nil
}

func result(w *wire.Writer, e *End) {
	w.Text(wire.FieldDisposition, e.Disposition)
	w.U64(wire.FieldCode, uint64(max(e.Code, 0)))
	w.Text(wire.FieldReason, e.Reason)
	w.U64(wire.FieldQ850, uint64(max(e.Q850, 0)))
	w.Text(wire.FieldHangupBy, e.HangupBy)
	at := w.List(wire.FieldModules, len(e.Modules))
	for i, m := range e.Modules {
		w.Pair(at, i, m, "")
	}
	media(w, wire.FieldACodec, &e.A)
	media(w, wire.FieldBCodec, &e.B)
}

// media writes the six slots of one leg, which begin at slot k and stand in
// the same order for both.
func media(w *wire.Writer, k int, m *MediaStats) {
	w.Text(k, m.Codec)
	w.U64(k+wire.FieldAPackets-wire.FieldACodec, m.Packets)
	w.U64(k+wire.FieldALost-wire.FieldACodec, m.Lost)
	w.U64(k+wire.FieldARejected-wire.FieldACodec, m.Rejected)
	w.U64(k+wire.FieldAJitter-wire.FieldACodec, uint64(max(m.Jitter, 0)))
	w.U64(k+wire.FieldAMOS-wire.FieldACodec, mos(m.MOS))
}

func address(w *wire.Writer, k int, a netip.AddrPort) {
	if a.IsValid() {
		w.Bytes(k, netip.AddrPortFrom(a.Addr().Unmap(), a.Port()).AppendTo(w.Room()))
	}
}

func fields(w *wire.Writer, k int, fs []Field) {
	at := w.List(k, len(fs))
	for i := range fs {
		w.Pair(at, i, fs[i].Name, fs[i].Value)
	}
}

// unix is t as a slot holds it; a time before 1970 is as good as none.
func unix(t time.Time) uint64 {
	if t.IsZero() {
		return 0
	}
	return uint64(max(t.UnixNano(), 0))
}

func mos(v float64) uint64 {
	if !(v > 0 && v < 10) {
		return 0
	}
	return uint64(v*1000 + 0.5)
}

// Init is what a module's instance is told when it starts.
type Init struct {
	Features   uint64 // wire.FeatureGet, FeaturePark, FeatureAsync, FeatureNear
	Module     string // name in the configuration
	Config     []byte // JSON object
	Node       string
	Generation string
}

// EncodeInit writes the init frame into buf, as EncodeCall does the call frame.
func EncodeInit(buf []byte, i *Init) (int, error) {
	w := wire.NewWriter(buf, wire.InitSlots)
	w.U64(wire.InitMinor, wire.Minor)
	w.U64(wire.InitFeatures, i.Features)
	w.Text(wire.InitModule, i.Module)
	w.Bytes(wire.InitConfig, i.Config)
	w.Text(wire.InitNode, i.Node)
	w.Text(wire.InitGeneration, i.Generation)
	n, ok := w.Close()
	if !ok {
		return n, ErrTooBig
	}
	return n, nil
}

// AppendField appends slot k of the call frame to dst, as GetField pulls it:
// text as it is, numbers in decimal. It reports false when the field is
// absent, a list, or not known.
func AppendField(dst []byte, c *Call, k int) ([]byte, bool) {
	text := func(s string) ([]byte, bool) { return append(dst, s...), s != "" }
	number := func(v uint64) ([]byte, bool) {
		if v == 0 {
			return dst, false
		}
		return strconv.AppendUint(dst, v, 10), true
	}
	addr := func(a netip.AddrPort) ([]byte, bool) {
		if !a.IsValid() {
			return dst, false
		}
		return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()).AppendTo(dst), true
	}
	switch k {
	case wire.FieldEvent:
		return number(uint64(c.Event))
	case wire.FieldID:
		return text(c.ID)
	case wire.FieldNode:
		return text(c.Node)
	case wire.FieldProfile:
		return text(c.Profile)
	case wire.FieldUse:
		return text(c.Use)
	case wire.FieldCallIDA:
		return text(c.CallIDA)
	case wire.FieldCallIDB:
		return text(c.CallIDB)
	case wire.FieldMethod:
		return text(c.Method)
	case wire.FieldRURI:
		return text(c.RURI)
	case wire.FieldFrom:
		return text(c.From)
	case wire.FieldTo:
		return text(c.To)
	case wire.FieldFromURI:
		return text(c.FromURI)
	case wire.FieldToURI:
		return text(c.ToURI)
	case wire.FieldCaller:
		return text(c.Caller)
	case wire.FieldCallee:
		return text(c.Callee)
	case wire.FieldSource:
		return addr(c.Source)
	case wire.FieldDestination:
		return addr(c.Destination)
	case wire.FieldTransport:
		return text(c.Transport)
	case wire.FieldInterfaceA:
		return text(c.InterfaceA)
	case wire.FieldInterfaceB:
		return text(c.InterfaceB)
	case wire.FieldStart:
		return number(unix(c.Start))
	case wire.FieldRinging:
		return number(unix(c.Ringing))
	case wire.FieldConnect:
		return number(unix(c.Connect))
	case wire.FieldEnd:
		return number(unix(c.End))
	case wire.FieldUntil:
		return number(unix(c.Until))
	case wire.FieldSide:
		return text(c.Side)
	case wire.FieldStatus:
		return number(uint64(max(c.Status, 0)))
	case wire.FieldPhrase:
		return text(c.Phrase)
	case wire.FieldTarget:
		return text(c.Target)
	case wire.FieldTimer:
		return number(uint64(c.Timer))
	case wire.FieldDetail:
		return text(c.Detail)
	case wire.FieldDuration:
		return number(uint64(max(c.Duration, 0)))
	}
	return dst, false
}
