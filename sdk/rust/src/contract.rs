//! The numbers and imports of the contract, generated from its table.

// table version
pub const ABI_MAJOR: u64 = 1;
pub const ABI_MINOR: u64 = 1;
// end table

// Events.

// table events
/// the INVITE, before leg B exists; may change the plan, refuse, drop
pub const EVENT_START: u32 = 1;
/// a provisional response other than 100 from leg B
pub const EVENT_EARLY: u32 = 2;
/// the first 2xx from leg B; may refuse: both legs get BYE
pub const EVENT_CONNECT: u32 = 3;
/// a re-INVITE or UPDATE within the call
pub const EVENT_REFRESH: u32 = 4;
/// a final failure from leg B; may choose other targets, or refuse: the caller gets that answer
pub const EVENT_REJECT: u32 = 5;
/// REFER from either side, which gets 405; may refuse it with another answer, and the call goes on
pub const EVENT_REFER: u32 = 6;
/// a digit by RFC 4733 or INFO, if the profile detects them; may refuse: the call is hung up
pub const EVENT_DTMF: u32 = 7;
/// INFO from either side
pub const EVENT_INFO: u32 = 8;
/// a side put the other on hold
pub const EVENT_HOLD: u32 = 9;
/// a side took the other off hold
pub const EVENT_RESUME: u32 = 10;
/// no media from either side
pub const EVENT_MEDIA_TIMEOUT: u32 = 11;
/// a timer of this use fired; may refuse: the call is hung up
pub const EVENT_TIMER: u32 = 12;
/// the call is over, whatever the cause; exactly once for a module whose start let the call pass
pub const EVENT_END: u32 = 13;
/// somebody outside has set this use's maximum duration anew: until
pub const EVENT_REARM: u32 = 14;
/// REGISTER outside a dialog; may refuse or drop it, else the SBC answers it
pub const EVENT_REGISTER: u32 = 24;
/// any other request outside a dialog: MESSAGE, OPTIONS, SUBSCRIBE …; may refuse or drop it, else the SBC answers it
pub const EVENT_ROUTE: u32 = 25;
/// once a second for the module, no call; not while it waits in one
pub const EVENT_TICK: u32 = 40;
/// this generation of the module ends; may not wait
pub const EVENT_STOP: u32 = 41;
// end table

// Results of host functions and hooks.

// table codes
/// done
pub const OK: i32 = 0;
/// no such header, variable, field or key
pub const ERR_NOT_FOUND: i32 = -1;
/// the capability or the argument is not granted
pub const ERR_DENIED: i32 = -2;
/// a malformed argument, frame or value; CR, LF or NUL where they may not be
pub const ERR_INVALID: i32 = -3;
/// a pointer and length outside the guest's memory, or the guest has none left
pub const ERR_MEMORY: i32 = -4;
/// over the bound of this argument; nothing was kept
pub const ERR_TOO_BIG: i32 = -5;
/// a queue or quota is full; try at another call
pub const ERR_BUSY: i32 = -6;
/// the wait is over
pub const ERR_TIMEOUT: i32 = -7;
/// the far end or the disk erred
pub const ERR_IO: i32 = -8;
/// not in this host or not in this event
pub const ERR_UNSUPPORTED: i32 = -9;
/// the call handle is not, or no longer, one of this hook
pub const ERR_CALL_GONE: i32 = -10;
/// somebody else changed it first
pub const ERR_CONFLICT: i32 = -11;
/// a fault of the host or the SDK
pub const ERR_INTERNAL: i32 = -12;
// end table

// Bounds and selectors.

// table constants
/// smallest shared buffer a guest may offer, bytes
pub const BUFFER_SIZE: u64 = 65536;
/// bytes of the buffer the host leaves free behind a hook's frame; an answer frame is never larger
pub const ANSWER_ROOM: u64 = 16384;
/// slots a frame may have
pub const MAX_SLOTS: u64 = 128;
/// pairs a list may have
pub const MAX_LIST: u64 = 256;
/// longest name of a variable, bytes
pub const MAX_NAME: u64 = 64;
/// longest value of a variable, of a plan key, of a header, bytes
pub const MAX_VALUE: u64 = 4096;
/// variables a call may have
pub const MAX_VARS: u64 = 64;
/// all names and values of a call's variables together, bytes
pub const MAX_VAR_BYTES: u64 = 16384;
/// longest state blob of one use in one call, bytes
pub const MAX_STATE: u64 = 16384;
/// longest log message; more is cut, bytes
pub const MAX_LOG: u64 = 1024;
/// longest CDR, bytes, without the line feed the host adds
pub const MAX_RECORD: u64 = 32768;
/// `get`: header field `name` (long or compact form, any case) of the event's message, occurrence `index`
pub const GET_HEADER: u64 = 1;
/// `get`: body of the event's message
pub const GET_BODY: u64 = 2;
/// `get`: slot `index` of the call frame; text as it is, numbers in decimal; useful once the buffer was reused
pub const GET_FIELD: u64 = 3;
/// `log`: level debug
pub const LOG_DEBUG: u64 = 0;
/// `log`: level info
pub const LOG_INFO: u64 = 1;
/// `log`: level warn
pub const LOG_WARN: u64 = 2;
/// `log`: level error
pub const LOG_ERROR: u64 = 3;
/// decision: the call goes on
pub const ACTION_PASS: u64 = 0;
/// decision: refuse with code, reason, headers
pub const ACTION_REFUSE: u64 = 1;
/// decision: no reply at all
pub const ACTION_DROP: u64 = 2;
/// feature bit: the host offers `get`
pub const FEATURE_GET: u64 = 1;
/// feature bit: hooks may answer PENDING
pub const FEATURE_PARK: u64 = 2;
/// feature bit: this module imports functions that answer later
pub const FEATURE_ASYNC: u64 = 4;
/// feature bit: the store is on this node; `sbc_kv.get`, `set_has`, `set_match`, and `sbc_limit` when nothing is full, answer at once
pub const FEATURE_NEAR: u64 = 8;
/// sbc_event, sbc_resume: the hook waits
pub const STATUS_PENDING: u64 = 1;
/// an asynchronous function answers code < 0, the length of a Result frame in buf, or a token: a number with this bit
pub const TOKEN_BIT: u64 = 4611686018427387904;
/// longest URL, bytes
pub const MAX_URL: u64 = 4096;
/// longest body of an HTTP request or answer, value of a key, bytes
pub const MAX_BODY: u64 = 32768;
/// timers one use may have in one call; their numbers are below it
pub const MAX_TIMERS: u64 = 16;
/// targets a decision may have
pub const MAX_TARGETS: u64 = 16;
/// longest body of sbc_call.info, bytes
pub const MAX_INFO: u64 = 1024;
/// header fields a request of sbc_call.info or sbc_call.refer may add; also such requests one hook may send
pub const MAX_FIELDS: u64 = 16;
/// `sbc_timer.set`: the event timer comes
pub const TIMER_FIRE: u64 = 0;
/// `sbc_timer.set`: the call ends
pub const TIMER_END: u64 = 1;
/// metrics a module may define
pub const MAX_METRICS: u64 = 64;
/// `sbc_metric.define`: only grows
pub const METRIC_COUNTER: u64 = 0;
/// `sbc_metric.define`: `observe` sets it, `add` changes it
pub const METRIC_GAUGE: u64 = 1;
/// `sbc_metric.define`: `observe` counts and sums
pub const METRIC_SUMMARY: u64 = 2;
// end table

// Slots of the frames.

// table slots
/// u64: minor version of the host's contract
pub const INIT_MINOR: usize = 0;
/// u64: feature bits of the host
pub const INIT_FEATURES: usize = 1;
/// text: name of the module in the configuration
pub const INIT_MODULE: usize = 2;
/// text: its configuration, a JSON object; absent = {}
pub const INIT_CONFIG: usize = 3;
/// text: name of this node
pub const INIT_NODE: usize = 4;
/// text: which generation of the module this instance belongs to
pub const INIT_GENERATION: usize = 5;
/// how many there are
pub const INIT_SLOTS: usize = 6;
/// u64: subscription mask: bit n = event n; absent = what the manifest's hooks say
pub const WELCOME_EVENTS: usize = 0;
/// u64: version of the state blobs this module writes
pub const WELCOME_STATE_VERSION: usize = 1;
/// u64: 1 = the buffer stays the same while hooks wait: the host need not ask for it after PENDING
pub const WELCOME_KEEPS: usize = 2;
/// how many there are
pub const WELCOME_SLOTS: usize = 3;
/// u64: the event's number again
pub const FIELD_EVENT: usize = 0;
/// text: our id of the call
pub const FIELD_ID: usize = 1;
/// text: name of this node
pub const FIELD_NODE: usize = 2;
/// text: name of the profile
pub const FIELD_PROFILE: usize = 3;
/// text: name of this use in the profile's modules
pub const FIELD_USE: usize = 4;
/// text: Call-ID of leg A
pub const FIELD_CALL_ID_A: usize = 5;
/// text: Call-ID of leg B, once there is one
pub const FIELD_CALL_ID_B: usize = 6;
/// text: method of the request
pub const FIELD_METHOD: usize = 7;
/// text: Request-URI as received
pub const FIELD_RURI: usize = 8;
/// text: From, the header's value
pub const FIELD_FROM: usize = 9;
/// text: To, the header's value
pub const FIELD_TO: usize = 10;
/// text: URI of From without <>
pub const FIELD_FROM_URI: usize = 11;
/// text: URI of To without <>
pub const FIELD_TO_URI: usize = 12;
/// text: user part of From
pub const FIELD_CALLER: usize = 13;
/// text: user part of the Request-URI
pub const FIELD_CALLEE: usize = 14;
/// text: ip:port the request came from; [ip]:port for IPv6
pub const FIELD_SOURCE: usize = 15;
/// text: ip:port leg B was sent to, once it was
pub const FIELD_DESTINATION: usize = 16;
/// text: UDP, TCP …, of leg A
pub const FIELD_TRANSPORT: usize = 17;
/// text: interface of leg A
pub const FIELD_INTERFACE_A: usize = 18;
/// text: interface of leg B
pub const FIELD_INTERFACE_B: usize = 19;
/// time: the INVITE came
pub const FIELD_START: usize = 20;
/// time: the call was answered; absent = not
pub const FIELD_CONNECT: usize = 21;
/// time: the call ended; absent = not yet
pub const FIELD_END: usize = 22;
/// list: this use's parameters, patterns evaluated at start
pub const FIELD_PARAMS: usize = 23;
/// list: the call's variables as they are at the beginning of the hook
pub const FIELD_VARS: usize = 24;
/// time: the first 18x from leg B; absent = none
pub const FIELD_RINGING: usize = 25;
/// text: a or b: the leg the event came from; absent = both or neither
pub const FIELD_SIDE: usize = 26;
/// u64: early, reject: status of leg B's response
pub const FIELD_STATUS: usize = 27;
/// text: early, reject: reason phrase of leg B's response
pub const FIELD_PHRASE: usize = 28;
/// text: reject: the URI that was tried
pub const FIELD_TARGET: usize = 29;
/// u64: timer: number of the timer that fired
pub const FIELD_TIMER: usize = 30;
/// text: dtmf: the digit; refresh: the method; info: the content type; refer: the Refer-To
pub const FIELD_DETAIL: usize = 31;
/// text: end: answered, failed, canceled, refused or dropped
pub const FIELD_DISPOSITION: usize = 32;
/// u64: end: final SIP status of leg A, 200 for an answered call
pub const FIELD_CODE: usize = 33;
/// text: end: reason phrase that goes with code
pub const FIELD_REASON: usize = 34;
/// u64: end: cause of Q.850, absent = unknown
pub const FIELD_Q850: usize = 35;
/// text: end: a, b, sbc or the use that did it
pub const FIELD_HANGUP_BY: usize = 36;
/// list: end: the uses of the chain that ran (the values are empty)
pub const FIELD_MODULES: usize = 37;
/// time: the call ends by itself then: its maximum duration is over; absent = it has none, or is not answered
pub const FIELD_UNTIL: usize = 38;
/// span: dtmf: how long the digit was held; absent = unknown
pub const FIELD_DURATION: usize = 39;
/// text: end: codec of leg A, "PCMU/8000"
pub const FIELD_A_CODEC: usize = 40;
/// u64: end: RTP packets received from leg A
pub const FIELD_A_PACKETS: usize = 41;
/// u64: end: of these lost on the way here
pub const FIELD_A_LOST: usize = 42;
/// u64: end: from a wrong source, malformed or late
pub const FIELD_A_REJECTED: usize = 43;
/// span: end: interarrival jitter, RFC 3550 §6.4.1
pub const FIELD_A_JITTER: usize = 44;
/// u64: end: estimated MOS in thousandths, 4410 = 4.41
pub const FIELD_A_MOS: usize = 45;
/// text: end: the same of leg B
pub const FIELD_B_CODEC: usize = 48;
/// u64
pub const FIELD_B_PACKETS: usize = 49;
/// u64
pub const FIELD_B_LOST: usize = 50;
/// u64
pub const FIELD_B_REJECTED: usize = 51;
/// span
pub const FIELD_B_JITTER: usize = 52;
/// u64
pub const FIELD_B_MOS: usize = 53;
/// how many there are
pub const CALL_SLOTS: usize = 54;
/// u64: 0 pass, 1 refuse, 2 drop
pub const DECISION_ACTION: usize = 0;
/// u64: refuse: SIP status 300–699, absent = 403
pub const DECISION_CODE: usize = 1;
/// text: refuse: reason phrase, absent = the registered one
pub const DECISION_REASON: usize = 2;
/// list: refuse: header fields for the response
pub const DECISION_HEADERS: usize = 3;
/// list: pass: profile keys and their values for this call's plan
pub const DECISION_SET: usize = 4;
/// span: pass: the call may last so long from connect; the shortest of all modules counts
pub const DECISION_MAX_DURATION: usize = 5;
/// list: reject: URIs to try next, in order (the values are empty)
pub const DECISION_TARGETS: usize = 6;
/// u64: reject: 1 = try the targets at the same time
pub const DECISION_FORK: usize = 7;
/// how many there are
pub const DECISION_SLOTS: usize = 8;
/// u64: the number that was asked for, two's complement: balance, grant, counter, nanoseconds to wait
pub const RESULT_VALUE: usize = 0;
/// bytes: HTTP body; value of a key; text of Redis; name of the limit that is full
pub const RESULT_BODY: usize = 1;
/// u64: HTTP status; Redis: 0 nil, 1 number, 2 text, 3 list, 4 error
pub const RESULT_STATUS: usize = 2;
/// list: HTTP header fields
pub const RESULT_HEADERS: usize = 3;
/// list: Redis list, members of a set (in the names; the values are empty)
pub const RESULT_LIST: usize = 4;
/// how many there are
pub const RESULT_SLOTS: usize = 5;
/// text: absent = GET
pub const HTTP_METHOD: usize = 0;
/// text: http or https, on the allow list of the configuration
pub const HTTP_URL: usize = 1;
/// list: header fields
pub const HTTP_HEADERS: usize = 2;
/// bytes: body
pub const HTTP_BODY: usize = 3;
/// span: absent, or longer than the hook may wait = as long as that
pub const HTTP_TIMEOUT: usize = 4;
/// how many there are
pub const HTTP_SLOTS: usize = 5;
/// text: key, or name of the set
pub const KV_KEY: usize = 0;
/// bytes: set: the value
pub const KV_VALUE: usize = 1;
/// span: set, add: how long it lives; absent = without end
pub const KV_TTL: usize = 2;
/// u64: add: two's complement
pub const KV_DELTA: usize = 3;
/// u64: add: 1 = floor and ceiling count
pub const KV_BOUNDED: usize = 4;
/// u64: add: two's complement
pub const KV_FLOOR: usize = 5;
/// u64: add: two's complement
pub const KV_CEILING: usize = 6;
/// list: sets: the members (in the names; the values are empty)
pub const KV_MEMBERS: usize = 7;
/// how many there are
pub const KV_SLOTS: usize = 8;
/// text: acquire, release: name of the lease; absent = this use in this call, given back by itself when the call has ended
pub const LIMIT_LEASE: usize = 0;
/// list: acquire: key and "max" or "max cost" in decimal, cost 1 when it is not there
pub const LIMIT_LIMITS: usize = 1;
/// u64: acquire: when the store is away 0 = IO or TIMEOUT, 1 = pass, 2 = this node's share
pub const LIMIT_AWAY: usize = 2;
/// text: take: what is limited
pub const LIMIT_KEY: usize = 3;
/// u64: take: how many thousandths come back each second
pub const LIMIT_RATE: usize = 4;
/// u64: take: how many at once
pub const LIMIT_BURST: usize = 5;
/// u64: take: how many now; absent = 1
pub const LIMIT_COUNT: usize = 6;
/// how many there are
pub const LIMIT_SLOTS: usize = 7;
/// text: name of the account
pub const ACCOUNT_ACCOUNT: usize = 0;
/// text: name of the call or booking; absent = our id of the call and the use
pub const ACCOUNT_ID: usize = 1;
/// u64: number of the reservation within the call
pub const ACCOUNT_SEQUENCE: usize = 2;
/// u64: reserve: wanted; commit: used; deposit: two's complement
pub const ACCOUNT_AMOUNT: usize = 3;
/// span: reserve: when the money is free again; absent = 1 minute
pub const ACCOUNT_TTL: usize = 4;
/// how many there are
pub const ACCOUNT_SLOTS: usize = 5;
/// list: command and arguments (in the names; the values are empty)
pub const REDIS_ARGS: usize = 0;
/// how many there are
pub const REDIS_SLOTS: usize = 1;
/// text: our id of the call; absent = this one
pub const REQUEST_ID: usize = 0;
/// text: a or b: whose far end it is for
pub const REQUEST_LEG: usize = 1;
/// text: info: type of the body, "text/plain"
pub const REQUEST_CONTENT_TYPE: usize = 2;
/// bytes: info: at most MaxInfo bytes
pub const REQUEST_BODY: usize = 3;
/// list: further header fields, at most MaxFields of MaxValue bytes together; not those that make the dialog
pub const REQUEST_HEADERS: usize = 4;
/// text: refer: URI that the far end is to call
pub const REQUEST_TARGET: usize = 5;
/// how many there are
pub const REQUEST_SLOTS: usize = 6;
// end table

// The host's functions as they are. One that is not called is not imported.

// table imports
#[link(wasm_import_module = "sbc")]
extern "C" {
    /// one log line; call 0 outside a hook; over the quota it is counted, not written
    #[link_name = "log"]
    pub fn host_log(call: i64, level: i32, ptr: *const u8, len: i32);
}
#[link(wasm_import_module = "sbc")]
extern "C" {
    /// wall clock, nanoseconds since 1970-01-01 UTC
    #[link_name = "now"]
    pub fn host_now() -> i64;
}
#[link(wasm_import_module = "sbc")]
extern "C" {
    /// nanoseconds since some moment; never goes back
    #[link_name = "monotonic"]
    pub fn host_monotonic() -> i64;
}
#[link(wasm_import_module = "sbc")]
extern "C" {
    /// pull something large or rare into buf; the length, or a code. A length > limit means: nothing was written, this is what it needs
    #[link_name = "get"]
    pub fn host_get(call: i64, what: i32, name: *const u8, name_len: i32, index: i32, buf: *mut u8, limit: i32) -> i32;
}
#[link(wasm_import_module = "sbc")]
extern "C" {
    /// value of a variable of the call, as `get`
    #[link_name = "var_get"]
    pub fn host_var_get(call: i64, name: *const u8, name_len: i32, buf: *mut u8, limit: i32) -> i32;
}
#[link(wasm_import_module = "sbc")]
extern "C" {
    /// set a variable, at once and for all modules of the call; an empty value removes it
    #[link_name = "var_set"]
    pub fn host_var_set(call: i64, name: *const u8, name_len: i32, value: *const u8, value_len: i32) -> i32;
}
#[link(wasm_import_module = "sbc")]
extern "C" {
    /// this use's blob for this call, as `get`; 0 when there is none
    #[link_name = "state_get"]
    pub fn host_state_get(call: i64, buf: *mut u8, limit: i32) -> i32;
}
#[link(wasm_import_module = "sbc")]
extern "C" {
    /// replace the blob
    #[link_name = "state_set"]
    pub fn host_state_set(call: i64, ptr: *const u8, len: i32) -> i32;
}
#[link(wasm_import_module = "sbc")]
extern "C" {
    /// the decision frame of another hook that was PENDING, when it comes while the guest runs for something else; status < 0 = it failed
    #[link_name = "complete"]
    pub fn host_complete(call: i64, status: i32, ptr: *const u8, len: i32) -> i32;
}
#[link(wasm_import_module = "sbc")]
extern "C" {
    /// a token; its result comes when the span, nanoseconds, is over
    #[link_name = "sleep"]
    pub fn host_sleep(call: i64, span: i64) -> i64;
}
#[link(wasm_import_module = "sbc_cdr")]
extern "C" {
    /// hand over one CDR: OK, or BUSY
    #[link_name = "emit"]
    pub fn host_cdr_emit(call: i64, ptr: *const u8, len: i32) -> i32;
}
#[link(wasm_import_module = "sbc_http")]
extern "C" {
    /// send a request (HTTP frame) to an address on the allow list; redirects are not followed
    #[link_name = "send"]
    pub fn host_http_send(call: i64, req: *const u8, req_len: i32, buf: *mut u8, limit: i32) -> i64;
}
#[link(wasm_import_module = "sbc_kv")]
extern "C" {
    /// value of a key of this module: body
    #[link_name = "get"]
    pub fn host_kv_get(call: i64, req: *const u8, req_len: i32, buf: *mut u8, limit: i32) -> i64;
}
#[link(wasm_import_module = "sbc_kv")]
extern "C" {
    /// keep a value for ttl
    #[link_name = "set"]
    pub fn host_kv_set(call: i64, req: *const u8, req_len: i32, buf: *mut u8, limit: i32) -> i64;
}
#[link(wasm_import_module = "sbc_kv")]
extern "C" {
    /// remove a key
    #[link_name = "del"]
    pub fn host_kv_del(call: i64, req: *const u8, req_len: i32, buf: *mut u8, limit: i32) -> i64;
}
#[link(wasm_import_module = "sbc_kv")]
extern "C" {
    /// add delta to a number: value; CONFLICT and no change when it would leave floor or ceiling
    #[link_name = "add"]
    pub fn host_kv_add(call: i64, req: *const u8, req_len: i32, buf: *mut u8, limit: i32) -> i64;
}
#[link(wasm_import_module = "sbc_kv")]
extern "C" {
    /// add members to a set: value = how many were new
    #[link_name = "set_add"]
    pub fn host_kv_set_add(call: i64, req: *const u8, req_len: i32, buf: *mut u8, limit: i32) -> i64;
}
#[link(wasm_import_module = "sbc_kv")]
extern "C" {
    /// remove members from a set: value = how many were there
    #[link_name = "set_del"]
    pub fn host_kv_set_del(call: i64, req: *const u8, req_len: i32, buf: *mut u8, limit: i32) -> i64;
}
#[link(wasm_import_module = "sbc_kv")]
extern "C" {
    /// value 1 when the first member is in the set
    #[link_name = "set_has"]
    pub fn host_kv_set_has(call: i64, req: *const u8, req_len: i32, buf: *mut u8, limit: i32) -> i64;
}
#[link(wasm_import_module = "sbc_kv")]
extern "C" {
    /// body = the longest member that the first member given begins with; NOT_FOUND
    #[link_name = "set_match"]
    pub fn host_kv_set_match(call: i64, req: *const u8, req_len: i32, buf: *mut u8, limit: i32) -> i64;
}
#[link(wasm_import_module = "sbc_limit")]
extern "C" {
    /// hold a lease against all limits or none: OK, or CONFLICT with the full limit's key as body
    #[link_name = "acquire"]
    pub fn host_limit_acquire(call: i64, req: *const u8, req_len: i32, buf: *mut u8, limit: i32) -> i64;
}
#[link(wasm_import_module = "sbc_limit")]
extern "C" {
    /// give a lease back
    #[link_name = "release"]
    pub fn host_limit_release(call: i64, req: *const u8, req_len: i32, buf: *mut u8, limit: i32) -> i64;
}
#[link(wasm_import_module = "sbc_limit")]
extern "C" {
    /// take from a rate: OK, or CONFLICT with value = nanoseconds until there is enough
    #[link_name = "take"]
    pub fn host_limit_take(call: i64, req: *const u8, req_len: i32, buf: *mut u8, limit: i32) -> i64;
}
#[link(wasm_import_module = "sbc_account")]
extern "C" {
    /// hold back up to amount: value = granted
    #[link_name = "reserve"]
    pub fn host_account_reserve(call: i64, req: *const u8, req_len: i32, buf: *mut u8, limit: i32) -> i64;
}
#[link(wasm_import_module = "sbc_account")]
extern "C" {
    /// take what was used and free the rest: value = balance
    #[link_name = "commit"]
    pub fn host_account_commit(call: i64, req: *const u8, req_len: i32, buf: *mut u8, limit: i32) -> i64;
}
#[link(wasm_import_module = "sbc_account")]
extern "C" {
    /// end a reservation without taking anything
    #[link_name = "cancel"]
    pub fn host_account_cancel(call: i64, req: *const u8, req_len: i32, buf: *mut u8, limit: i32) -> i64;
}
#[link(wasm_import_module = "sbc_account")]
extern "C" {
    /// value = what is free
    #[link_name = "balance"]
    pub fn host_account_balance(call: i64, req: *const u8, req_len: i32, buf: *mut u8, limit: i32) -> i64;
}
#[link(wasm_import_module = "sbc_account")]
extern "C" {
    /// add amount: value = balance
    #[link_name = "deposit"]
    pub fn host_account_deposit(call: i64, req: *const u8, req_len: i32, buf: *mut u8, limit: i32) -> i64;
}
#[link(wasm_import_module = "sbc_redis")]
extern "C" {
    /// a command on the list of the configuration, on keys under its prefix; scripts by EVAL and EVALSHA
    #[link_name = "cmd"]
    pub fn host_redis_cmd(call: i64, req: *const u8, req_len: i32, buf: *mut u8, limit: i32) -> i64;
}
#[link(wasm_import_module = "sbc_timer")]
extern "C" {
    /// set timer 0 to 15 of this use in this call; takes effect when the hook's decision does
    #[link_name = "set"]
    pub fn host_timer_set(call: i64, timer: i32, after: i64, action: i32) -> i32;
}
#[link(wasm_import_module = "sbc_timer")]
extern "C" {
    /// clear it
    #[link_name = "clear"]
    pub fn host_timer_clear(call: i64, timer: i32) -> i32;
}
#[link(wasm_import_module = "sbc_map")]
extern "C" {
    /// value for key in a map of the configuration, as `get`
    #[link_name = "lookup"]
    pub fn host_map_lookup(call: i64, map: *const u8, map_len: i32, key: *const u8, key_len: i32, buf: *mut u8, limit: i32) -> i32;
}
#[link(wasm_import_module = "sbc_metric")]
extern "C" {
    /// number of the metric of this name; in sbc_init or any hook
    #[link_name = "define"]
    pub fn host_metric_define(kind: i32, name: *const u8, name_len: i32) -> i32;
}
#[link(wasm_import_module = "sbc_metric")]
extern "C" {
    /// add to a counter or gauge
    #[link_name = "add"]
    pub fn host_metric_add(metric: i32, delta: i64) -> i32;
}
#[link(wasm_import_module = "sbc_metric")]
extern "C" {
    /// set a gauge, or give a summary one more value
    #[link_name = "observe"]
    pub fn host_metric_observe(metric: i32, value: i64) -> i32;
}
#[link(wasm_import_module = "sbc_call")]
extern "C" {
    /// end the call with that id of ours, length 0 = this one; code 0 = 480. OK means it was told to
    #[link_name = "hangup"]
    pub fn host_call_hangup(call: i64, id: *const u8, id_len: i32, code: i32, reason: *const u8, reason_len: i32) -> i32;
}
#[link(wasm_import_module = "sbc_call")]
extern "C" {
    /// set this use's maximum duration of the call with that id anew, from its answer; 0 = none
    #[link_name = "rearm"]
    pub fn host_call_rearm(call: i64, id: *const u8, id_len: i32, span: i64) -> i32;
}
#[link(wasm_import_module = "sbc_call")]
extern "C" {
    /// send an INFO (Request frame) to the far end of one leg, when its dialog is confirmed. OK means the call was told to; what the far end says to it changes nothing
    #[link_name = "info"]
    pub fn host_call_info(call: i64, req: *const u8, req_len: i32) -> i32;
}
#[link(wasm_import_module = "sbc_call")]
extern "C" {
    /// send a REFER (Request frame) in the same way: the far end is to call somebody else. The call goes on until somebody ends it
    #[link_name = "refer"]
    pub fn host_call_refer(call: i64, req: *const u8, req_len: i32) -> i32;
}
// end table
