package contract

// Events in the order of a call's life, then those outside a dialog, then the
// module's own.
var Events = []Event{
	{1, "start", "the INVITE, before leg B exists; may change the plan, refuse, drop", true},
	{2, "early", "a provisional response other than 100 from leg B", false},
	{3, "connect", "the first 2xx from leg B; may refuse: both legs get BYE", true},
	{4, "refresh", "a re-INVITE or UPDATE within the call", false},
	{5, "reject", "a final failure from leg B; may choose another target", false},
	{6, "refer", "REFER from either side", false},
	{7, "dtmf", "a digit by RFC 4733 or INFO", false},
	{8, "info", "INFO from either side", false},
	{9, "hold", "a side put the other on hold", false},
	{10, "resume", "a side took the other off hold", false},
	{11, "media_timeout", "no media from either side", false},
	{12, "timer", "a timer of the module fired", false},
	{13, "end", "the call is over, whatever the cause; exactly once for a module whose start let the call pass", true},
	{24, "register", "REGISTER outside a dialog", false},
	{25, "route", "any other request outside a dialog: MESSAGE, OPTIONS, SUBSCRIBE …", false},
	{40, "tick", "once a second for the module, no call", false},
	{41, "stop", "this generation of the module ends", false},
}

// Codes of host functions and hooks. A positive result is a length or a value.
var Codes = []Code{
	{0, "OK", "done"},
	{-1, "NOT_FOUND", "no such header, variable, field or key"},
	{-2, "DENIED", "the capability or the argument is not granted"},
	{-3, "INVALID", "a malformed argument, frame or value; CR, LF or NUL where they may not be"},
	{-4, "MEMORY", "a pointer and length outside the guest's memory, or the guest has none left"},
	{-5, "TOO_BIG", "over the bound of this argument; nothing was kept"},
	{-6, "BUSY", "a queue or quota is full; try at another call"},
	{-7, "TIMEOUT", "the wait is over"},
	{-8, "IO", "the far end or the disk erred"},
	{-9, "UNSUPPORTED", "not in this host or not in this event"},
	{-10, "CALL_GONE", "the call handle is not, or no longer, one of this hook"},
	{-11, "CONFLICT", "somebody else changed it first"},
	{-12, "INTERNAL", "a fault of the host or the SDK"},
}

// Constants are bounds both sides rely on, and selectors of host functions.
var Constants = []Constant{
	{"BufferSize", 64 << 10, "smallest shared buffer a guest may offer, bytes"},
	{"AnswerRoom", 16 << 10, "bytes of the buffer the host leaves free behind a hook's frame; an answer frame is never larger"},
	{"MaxSlots", 128, "slots a frame may have"},
	{"MaxList", 256, "pairs a list may have"},
	{"MaxName", 64, "longest name of a variable, bytes"},
	{"MaxValue", 4 << 10, "longest value of a variable, of a plan key, of a header, bytes"},
	{"MaxVars", 64, "variables a call may have"},
	{"MaxVarBytes", 16 << 10, "all names and values of a call's variables together, bytes"},
	{"MaxState", 16 << 10, "longest state blob of one use in one call, bytes"},
	{"MaxLog", 1 << 10, "longest log message; more is cut, bytes"},
	{"MaxRecord", 32 << 10, "longest CDR, bytes, without the line feed the host adds"},
	{"GetHeader", 1, "`get`: header field `name` (long or compact form, any case) of the event's message, occurrence `index`"},
	{"GetBody", 2, "`get`: body of the event's message"},
	{"GetField", 3, "`get`: slot `index` of the call frame; text as it is, numbers in decimal; useful once the buffer was reused"},
	{"LogDebug", 0, "`log`: level debug"},
	{"LogInfo", 1, "`log`: level info"},
	{"LogWarn", 2, "`log`: level warn"},
	{"LogError", 3, "`log`: level error"},
	{"ActionPass", 0, "decision: the call goes on"},
	{"ActionRefuse", 1, "decision: refuse with code, reason, headers"},
	{"ActionDrop", 2, "decision: no reply at all"},
	{"FeatureGet", 1, "feature bit: the host offers `get`"},
	{"FeaturePark", 2, "feature bit: hooks may answer PENDING"},
}

// Exports are the functions of a guest.
var Exports = []Function{
	{"", "memory", "memory", "the guest's memory", Required},
	{"", "_initialize", "()", "reactor start; called first if present", Optional},
	{"", "sbc_abi_v1", "() → i32", "the name carries the major version, the value the minor the guest was built for", Required},
	{"", "sbc_buffer", "(min i32) → i64", "the shared buffer, ptr<<32 | size, at least min and at least 64 KiB, else 0; the former buffer is gone", Required},
	{"", "sbc_init", "(len i32) → i32", "configure from the init frame in the buffer; ≥ 0 length of the welcome frame put at the buffer's start, < 0 refuses to start (say why with `log` before)", Required},
	{"", "sbc_event", "(event i32, call i64, len i32) → i64", "a hook: status<<32 | length of the decision frame; status 0 DONE, 1 PENDING, < 0 a code", Required},
	{"", "sbc_resume", "(token i64, status i32, len i32) → i64", "the result of an asynchronous host call", Reserved},
	{"", "sbc_cancel", "(call i64)", "the call is gone while PENDING", Reserved},
	{"", "sbc_migrate", "(from i32, len i32) → i64", "turn an older state blob in the buffer into one of this version", Reserved},
	{"", "sbc_selftest", "(len i32) → i32", "run at validation, before the generation is published", Reserved},
}

// Imports are the functions of the host. The import module is the capability.
var Imports = []Function{
	{"sbc", "log", "(call i64, level i32, ptr i32, len i32)", "one log line; call 0 outside a hook; over the quota it is counted, not written", Provided},
	{"sbc", "now", "() → i64", "wall clock, nanoseconds since 1970-01-01 UTC", Provided},
	{"sbc", "monotonic", "() → i64", "nanoseconds since some moment; never goes back", Provided},
	{"sbc", "get", "(call i64, what i32, name i32, name_len i32, index i32, buf i32, limit i32) → i32", "pull something large or rare into buf; the length, or a code. A length > limit means: nothing was written, this is what it needs", Provided},
	{"sbc", "var_get", "(call i64, name i32, name_len i32, buf i32, limit i32) → i32", "value of a variable of the call, as `get`", Provided},
	{"sbc", "var_set", "(call i64, name i32, name_len i32, value i32, value_len i32) → i32", "set a variable, at once and for all modules of the call; an empty value removes it", Provided},
	{"sbc", "state_get", "(call i64, buf i32, limit i32) → i32", "this use's blob for this call, as `get`; 0 when there is none", Provided},
	{"sbc", "state_set", "(call i64, ptr i32, len i32) → i32", "replace the blob", Provided},
	{"sbc", "complete", "(call i64, status i32, len i32) → i32", "the decision of a hook that was PENDING", Reserved},
	{"sbc", "fuel", "() → ()", "inserted by the host when it rewrites a module; a module that imports it itself is refused", Reserved},
	{"sbc_cdr", "emit", "(call i64, ptr i32, len i32) → i32", "hand over one CDR: OK, or BUSY", Provided},
}
