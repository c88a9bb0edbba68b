//go:build wasm

package main

import (
	"strings"
	"unsafe"

	"github.com/sallyport-sbc/sallyport/abi/wire"
)

//go:wasmimport sbc_call info
func callInfo(call uint64, req unsafe.Pointer, n uint32) int32

//go:wasmimport sbc_call refer
func callRefer(call uint64, req unsafe.Pointer, n uint32) int32

// within gives a function that sends a request within a dialog the frame that fs write.
func within(f func(uint64, unsafe.Pointer, uint32) int32, call uint64, fs ...func(*wire.Writer)) int32 {
	b := make([]byte, 60<<10)
	w := wire.NewWriter(b, wire.RequestSlots)
	all(fs...)(&w)
	n, _ := w.Close()
	return f(call, unsafe.Pointer(&b[0]), uint32(n))
}

func init() {
	info := func(want wire.Code, fs ...func(*wire.Writer)) step {
		return plain("sbc_call.info", want, func(c uint64) int32 { return within(callInfo, c, fs...) })
	}
	refer := func(want wire.Code, fs ...func(*wire.Writer)) step {
		return plain("sbc_call.refer", want, func(c uint64) int32 { return within(callRefer, c, fs...) })
	}
	legA, legB, kind := text(wire.RequestLeg, "a"), text(wire.RequestLeg, "b"), text(wire.RequestContentType, "text/plain")
	note, to := text(wire.RequestBody, "a note"), text(wire.RequestTarget, "sip:carol@example.org")
	header := func(name, value string) func(*wire.Writer) { return list(wire.RequestHeaders, name, value) }
	long := strings.Repeat("x", wire.MaxInfo+1)
	var many []string
	for range wire.MaxFields + 1 {
		many = append(many, "X-A", "b")
	}
	scripts["dialog"] = []step{
		info(wire.CodeOK, legA, kind, note),
		info(wire.CodeOK, legB, header("X-Left", "30")),
		info(wire.CodeOK, text(wire.RequestID, "other"), legA, kind, text(wire.RequestBody, long[:wire.MaxInfo])),
		info(wire.CodeNotFound, text(wire.RequestID, "gone"), legA),
		info(wire.CodeInvalid, kind, note), // no leg
		info(wire.CodeInvalid, text(wire.RequestLeg, "c"), kind, note),
		info(wire.CodeInvalid, legA, note), // no type
		info(wire.CodeInvalid, legA, text(wire.RequestContentType, "text/plain\r\nX: y"), note),
		info(wire.CodeInvalid, legA, header("X-A", "b\r\nVia: c")),
		info(wire.CodeInvalid, legA, header("X A", "b")),
		info(wire.CodeInvalid, legA, header("cseq", "1 BYE")),
		info(wire.CodeInvalid, legA, header("Contact", "<sip:x>")),
		info(wire.CodeInvalid, legA, header("X-A", "b\x00")),
		info(wire.CodeTooBig, legA, kind, text(wire.RequestBody, long)),
		info(wire.CodeTooBig, legA, list(wire.RequestHeaders, many...)),
		info(wire.CodeTooBig, legA, header("X-A", strings.Repeat("x", wire.MaxValue))),
		info(wire.CodeTooBig, legA, text(wire.RequestID, strings.Repeat("x", 256))),
		plain("sbc_call.info", wire.CodeInvalid, func(c uint64) int32 { return callInfo(c, ptr("abc"), 3) }),
		plain("sbc_call.info", wire.CodeMemory, func(c uint64) int32 { return callInfo(c, far, 64) }),
		plain("sbc_call.info", wire.CodeTooBig, func(c uint64) int32 { return callInfo(c, ptr(strings.Repeat("x", 70<<10)), 70<<10) }),
		plain("sbc_call.info", wire.CodeCallGone, func(c uint64) int32 { return within(callInfo, c+999, legA) }),
		refer(wire.CodeOK, legB, to, header("Referred-By", "<sip:bob@example.net>")),
		refer(wire.CodeNotFound, text(wire.RequestID, "gone"), legA, to),
		refer(wire.CodeInvalid, legA), // no target
		refer(wire.CodeInvalid, legA, text(wire.RequestTarget, "sip:a@b>\r\nX: y")),
		refer(wire.CodeInvalid, legA, text(wire.RequestTarget, "nobody")),
		refer(wire.CodeInvalid, to),
		refer(wire.CodeInvalid, legA, to, header("Refer-To", "<sip:eve@example.org>")),
		refer(wire.CodeTooBig, legA, text(wire.RequestTarget, "sip:"+strings.Repeat("x", wire.MaxValue))),
		plain("sbc_call.refer", wire.CodeInvalid, func(c uint64) int32 { return callRefer(c, ptr("abc"), 3) }),
		plain("sbc_call.refer", wire.CodeMemory, func(c uint64) int32 { return callRefer(c, far, 64) }),
		plain("sbc_call.refer", wire.CodeCallGone, func(c uint64) int32 { return within(callRefer, c+999, legA, to) }),
		plain("sbc_call.info", wire.CodeBusy, func(c uint64) int32 {
			for range wire.MaxFields {
				if r := within(callInfo, c, legA); r < 0 {
					return r
				}
			}
			return 0
		}),
	}
}

// atTheEnd says whether the end hook may send nothing any more.
func atTheEnd(call uint64) bool {
	r := within(callInfo, call, text(wire.RequestLeg, "a"))
	say(call, wire.LogInfo, "tck sbc_call.info "+wire.Code(r).String())
	return r == int32(wire.CodeUnsupported)
}
