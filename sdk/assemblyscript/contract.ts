// The numbers and imports of the contract, generated from its table.

// table version
export const ABI_MAJOR: i32 = 1;
export const ABI_MINOR: i32 = 1;
// end table

// Events.

// table events
export const EVENT_START: i32 = 1; // the INVITE, before leg B exists; may change the plan, refuse, drop
export const EVENT_EARLY: i32 = 2; // a provisional response other than 100 from leg B
export const EVENT_CONNECT: i32 = 3; // the first 2xx from leg B; may refuse: both legs get BYE
export const EVENT_REFRESH: i32 = 4; // a re-INVITE or UPDATE within the call
export const EVENT_REJECT: i32 = 5; // a final failure from leg B; may choose other targets, or refuse: the caller gets that answer
export const EVENT_REFER: i32 = 6; // REFER from either side, which gets 405; may refuse it with another answer, and the call goes on
export const EVENT_DTMF: i32 = 7; // a digit by RFC 4733 or INFO, if the profile detects them; may refuse: the call is hung up
export const EVENT_INFO: i32 = 8; // INFO from either side
export const EVENT_HOLD: i32 = 9; // a side put the other on hold
export const EVENT_RESUME: i32 = 10; // a side took the other off hold
export const EVENT_MEDIA_TIMEOUT: i32 = 11; // no media from either side
export const EVENT_TIMER: i32 = 12; // a timer of this use fired; may refuse: the call is hung up
export const EVENT_END: i32 = 13; // the call is over, whatever the cause; exactly once for a module whose start let the call pass
export const EVENT_REARM: i32 = 14; // somebody outside has set this use's maximum duration anew: until
export const EVENT_REGISTER: i32 = 24; // REGISTER outside a dialog; may refuse or drop it, else the SBC answers it
export const EVENT_ROUTE: i32 = 25; // any other request outside a dialog: MESSAGE, OPTIONS, SUBSCRIBE …; may refuse or drop it, else the SBC answers it
export const EVENT_TICK: i32 = 40; // once a second for the module, no call; not while it waits in one
export const EVENT_STOP: i32 = 41; // this generation of the module ends; may not wait
// end table

// Results of host functions and hooks.

// table codes
export const OK: i32 = 0; // done
export const ERR_NOT_FOUND: i32 = -1; // no such header, variable, field or key
export const ERR_DENIED: i32 = -2; // the capability or the argument is not granted
export const ERR_INVALID: i32 = -3; // a malformed argument, frame or value; CR, LF or NUL where they may not be
export const ERR_MEMORY: i32 = -4; // a pointer and length outside the guest's memory, or the guest has none left
export const ERR_TOO_BIG: i32 = -5; // over the bound of this argument; nothing was kept
export const ERR_BUSY: i32 = -6; // a queue or quota is full; try at another call
export const ERR_TIMEOUT: i32 = -7; // the wait is over
export const ERR_IO: i32 = -8; // the far end or the disk erred
export const ERR_UNSUPPORTED: i32 = -9; // not in this host or not in this event
export const ERR_CALL_GONE: i32 = -10; // the call handle is not, or no longer, one of this hook
export const ERR_CONFLICT: i32 = -11; // somebody else changed it first
export const ERR_INTERNAL: i32 = -12; // a fault of the host or the SDK
// end table

// Bounds and selectors.

// table constants
export const BUFFER_SIZE: i32 = 65536; // smallest shared buffer a guest may offer, bytes
export const ANSWER_ROOM: i32 = 16384; // bytes of the buffer the host leaves free behind a hook's frame; an answer frame is never larger
export const MAX_SLOTS: i32 = 128; // slots a frame may have
export const MAX_LIST: i32 = 256; // pairs a list may have
export const MAX_NAME: i32 = 64; // longest name of a variable, bytes
export const MAX_VALUE: i32 = 4096; // longest value of a variable, of a plan key, of a header, bytes
export const MAX_VARS: i32 = 64; // variables a call may have
export const MAX_VAR_BYTES: i32 = 16384; // all names and values of a call's variables together, bytes
export const MAX_STATE: i32 = 16384; // longest state blob of one use in one call, bytes
export const MAX_LOG: i32 = 1024; // longest log message; more is cut, bytes
export const MAX_RECORD: i32 = 32768; // longest CDR, bytes, without the line feed the host adds
export const GET_HEADER: i32 = 1; // `get`: header field `name` (long or compact form, any case) of the event's message, occurrence `index`
export const GET_BODY: i32 = 2; // `get`: body of the event's message
export const GET_FIELD: i32 = 3; // `get`: slot `index` of the call frame; text as it is, numbers in decimal; useful once the buffer was reused
export const LOG_DEBUG: i32 = 0; // `log`: level debug
export const LOG_INFO: i32 = 1; // `log`: level info
export const LOG_WARN: i32 = 2; // `log`: level warn
export const LOG_ERROR: i32 = 3; // `log`: level error
export const ACTION_PASS: i32 = 0; // decision: the call goes on
export const ACTION_REFUSE: i32 = 1; // decision: refuse with code, reason, headers
export const ACTION_DROP: i32 = 2; // decision: no reply at all
export const FEATURE_GET: i32 = 1; // feature bit: the host offers `get`
export const FEATURE_PARK: i32 = 2; // feature bit: hooks may answer PENDING
export const FEATURE_ASYNC: i32 = 4; // feature bit: this module imports functions that answer later
export const FEATURE_NEAR: i32 = 8; // feature bit: the store is on this node; `sbc_kv.get`, `set_has`, `set_match`, and `sbc_limit` when nothing is full, answer at once
export const STATUS_PENDING: i32 = 1; // sbc_event, sbc_resume: the hook waits
export const TOKEN_BIT: u64 = 4611686018427387904; // an asynchronous function answers code < 0, the length of a Result frame in buf, or a token: a number with this bit
export const MAX_URL: i32 = 4096; // longest URL, bytes
export const MAX_BODY: i32 = 32768; // longest body of an HTTP request or answer, value of a key, bytes
export const MAX_TIMERS: i32 = 16; // timers one use may have in one call; their numbers are below it
export const MAX_TARGETS: i32 = 16; // targets a decision may have
export const MAX_INFO: i32 = 1024; // longest body of sbc_call.info, bytes
export const MAX_FIELDS: i32 = 16; // header fields a request of sbc_call.info or sbc_call.refer may add; also such requests one hook may send
export const TIMER_FIRE: i32 = 0; // `sbc_timer.set`: the event timer comes
export const TIMER_END: i32 = 1; // `sbc_timer.set`: the call ends
export const MAX_METRICS: i32 = 64; // metrics a module may define
export const METRIC_COUNTER: i32 = 0; // `sbc_metric.define`: only grows
export const METRIC_GAUGE: i32 = 1; // `sbc_metric.define`: `observe` sets it, `add` changes it
export const METRIC_SUMMARY: i32 = 2; // `sbc_metric.define`: `observe` counts and sums
// end table

// Slots of the frames.

// table slots
export const INIT_MINOR: i32 = 0; // u64: minor version of the host's contract
export const INIT_FEATURES: i32 = 1; // u64: feature bits of the host
export const INIT_MODULE: i32 = 2; // text: name of the module in the configuration
export const INIT_CONFIG: i32 = 3; // text: its configuration, a JSON object; absent = {}
export const INIT_NODE: i32 = 4; // text: name of this node
export const INIT_GENERATION: i32 = 5; // text: which generation of the module this instance belongs to
export const INIT_SLOTS: i32 = 6; // how many there are
export const WELCOME_EVENTS: i32 = 0; // u64: subscription mask: bit n = event n; absent = what the manifest's hooks say
export const WELCOME_STATE_VERSION: i32 = 1; // u64: version of the state blobs this module writes
export const WELCOME_KEEPS: i32 = 2; // u64: 1 = the buffer stays the same while hooks wait: the host need not ask for it after PENDING
export const WELCOME_SLOTS: i32 = 3; // how many there are
export const FIELD_EVENT: i32 = 0; // u64: the event's number again
export const FIELD_ID: i32 = 1; // text: our id of the call
export const FIELD_NODE: i32 = 2; // text: name of this node
export const FIELD_PROFILE: i32 = 3; // text: name of the profile
export const FIELD_USE: i32 = 4; // text: name of this use in the profile's modules
export const FIELD_CALL_ID_A: i32 = 5; // text: Call-ID of leg A
export const FIELD_CALL_ID_B: i32 = 6; // text: Call-ID of leg B, once there is one
export const FIELD_METHOD: i32 = 7; // text: method of the request
export const FIELD_RURI: i32 = 8; // text: Request-URI as received
export const FIELD_FROM: i32 = 9; // text: From, the header's value
export const FIELD_TO: i32 = 10; // text: To, the header's value
export const FIELD_FROM_URI: i32 = 11; // text: URI of From without <>
export const FIELD_TO_URI: i32 = 12; // text: URI of To without <>
export const FIELD_CALLER: i32 = 13; // text: user part of From
export const FIELD_CALLEE: i32 = 14; // text: user part of the Request-URI
export const FIELD_SOURCE: i32 = 15; // text: ip:port the request came from; [ip]:port for IPv6
export const FIELD_DESTINATION: i32 = 16; // text: ip:port leg B was sent to, once it was
export const FIELD_TRANSPORT: i32 = 17; // text: UDP, TCP …, of leg A
export const FIELD_INTERFACE_A: i32 = 18; // text: interface of leg A
export const FIELD_INTERFACE_B: i32 = 19; // text: interface of leg B
export const FIELD_START: i32 = 20; // time: the INVITE came
export const FIELD_CONNECT: i32 = 21; // time: the call was answered; absent = not
export const FIELD_END: i32 = 22; // time: the call ended; absent = not yet
export const FIELD_PARAMS: i32 = 23; // list: this use's parameters, patterns evaluated at start
export const FIELD_VARS: i32 = 24; // list: the call's variables as they are at the beginning of the hook
export const FIELD_RINGING: i32 = 25; // time: the first 18x from leg B; absent = none
export const FIELD_SIDE: i32 = 26; // text: a or b: the leg the event came from; absent = both or neither
export const FIELD_STATUS: i32 = 27; // u64: early, reject: status of leg B's response
export const FIELD_PHRASE: i32 = 28; // text: early, reject: reason phrase of leg B's response
export const FIELD_TARGET: i32 = 29; // text: reject: the URI that was tried
export const FIELD_TIMER: i32 = 30; // u64: timer: number of the timer that fired
export const FIELD_DETAIL: i32 = 31; // text: dtmf: the digit; refresh: the method; info: the content type; refer: the Refer-To
export const FIELD_DISPOSITION: i32 = 32; // text: end: answered, failed, canceled, refused or dropped
export const FIELD_CODE: i32 = 33; // u64: end: final SIP status of leg A, 200 for an answered call
export const FIELD_REASON: i32 = 34; // text: end: reason phrase that goes with code
export const FIELD_Q850: i32 = 35; // u64: end: cause of Q.850, absent = unknown
export const FIELD_HANGUP_BY: i32 = 36; // text: end: a, b, sbc or the use that did it
export const FIELD_MODULES: i32 = 37; // list: end: the uses of the chain that ran (the values are empty)
export const FIELD_UNTIL: i32 = 38; // time: the call ends by itself then: its maximum duration is over; absent = it has none, or is not answered
export const FIELD_DURATION: i32 = 39; // span: dtmf: how long the digit was held; absent = unknown
export const FIELD_A_CODEC: i32 = 40; // text: end: codec of leg A, "PCMU/8000"
export const FIELD_A_PACKETS: i32 = 41; // u64: end: RTP packets received from leg A
export const FIELD_A_LOST: i32 = 42; // u64: end: of these lost on the way here
export const FIELD_A_REJECTED: i32 = 43; // u64: end: from a wrong source, malformed or late
export const FIELD_A_JITTER: i32 = 44; // span: end: interarrival jitter, RFC 3550 §6.4.1
export const FIELD_A_MOS: i32 = 45; // u64: end: estimated MOS in thousandths, 4410 = 4.41
export const FIELD_B_CODEC: i32 = 48; // text: end: the same of leg B
export const FIELD_B_PACKETS: i32 = 49; // u64
export const FIELD_B_LOST: i32 = 50; // u64
export const FIELD_B_REJECTED: i32 = 51; // u64
export const FIELD_B_JITTER: i32 = 52; // span
export const FIELD_B_MOS: i32 = 53; // u64
export const CALL_SLOTS: i32 = 54; // how many there are
export const DECISION_ACTION: i32 = 0; // u64: 0 pass, 1 refuse, 2 drop
export const DECISION_CODE: i32 = 1; // u64: refuse: SIP status 300–699, absent = 403
export const DECISION_REASON: i32 = 2; // text: refuse: reason phrase, absent = the registered one
export const DECISION_HEADERS: i32 = 3; // list: refuse: header fields for the response
export const DECISION_SET: i32 = 4; // list: pass: profile keys and their values for this call's plan
export const DECISION_MAX_DURATION: i32 = 5; // span: pass: the call may last so long from connect; the shortest of all modules counts
export const DECISION_TARGETS: i32 = 6; // list: reject: URIs to try next, in order (the values are empty)
export const DECISION_FORK: i32 = 7; // u64: reject: 1 = try the targets at the same time
export const DECISION_SLOTS: i32 = 8; // how many there are
export const RESULT_VALUE: i32 = 0; // u64: the number that was asked for, two's complement: balance, grant, counter, nanoseconds to wait
export const RESULT_BODY: i32 = 1; // bytes: HTTP body; value of a key; text of Redis; name of the limit that is full
export const RESULT_STATUS: i32 = 2; // u64: HTTP status; Redis: 0 nil, 1 number, 2 text, 3 list, 4 error
export const RESULT_HEADERS: i32 = 3; // list: HTTP header fields
export const RESULT_LIST: i32 = 4; // list: Redis list, members of a set (in the names; the values are empty)
export const RESULT_SLOTS: i32 = 5; // how many there are
export const HTTP_METHOD: i32 = 0; // text: absent = GET
export const HTTP_URL: i32 = 1; // text: http or https, on the allow list of the configuration
export const HTTP_HEADERS: i32 = 2; // list: header fields
export const HTTP_BODY: i32 = 3; // bytes: body
export const HTTP_TIMEOUT: i32 = 4; // span: absent, or longer than the hook may wait = as long as that
export const HTTP_SLOTS: i32 = 5; // how many there are
export const KV_KEY: i32 = 0; // text: key, or name of the set
export const KV_VALUE: i32 = 1; // bytes: set: the value
export const KV_TTL: i32 = 2; // span: set, add: how long it lives; absent = without end
export const KV_DELTA: i32 = 3; // u64: add: two's complement
export const KV_BOUNDED: i32 = 4; // u64: add: 1 = floor and ceiling count
export const KV_FLOOR: i32 = 5; // u64: add: two's complement
export const KV_CEILING: i32 = 6; // u64: add: two's complement
export const KV_MEMBERS: i32 = 7; // list: sets: the members (in the names; the values are empty)
export const KV_SLOTS: i32 = 8; // how many there are
export const LIMIT_LEASE: i32 = 0; // text: acquire, release: name of the lease; absent = this use in this call, given back by itself when the call has ended
export const LIMIT_LIMITS: i32 = 1; // list: acquire: key and "max" or "max cost" in decimal, cost 1 when it is not there
export const LIMIT_AWAY: i32 = 2; // u64: acquire: when the store is away 0 = IO or TIMEOUT, 1 = pass, 2 = this node's share
export const LIMIT_KEY: i32 = 3; // text: take: what is limited
export const LIMIT_RATE: i32 = 4; // u64: take: how many thousandths come back each second
export const LIMIT_BURST: i32 = 5; // u64: take: how many at once
export const LIMIT_COUNT: i32 = 6; // u64: take: how many now; absent = 1
export const LIMIT_SLOTS: i32 = 7; // how many there are
export const ACCOUNT_ACCOUNT: i32 = 0; // text: name of the account
export const ACCOUNT_ID: i32 = 1; // text: name of the call or booking; absent = our id of the call and the use
export const ACCOUNT_SEQUENCE: i32 = 2; // u64: number of the reservation within the call
export const ACCOUNT_AMOUNT: i32 = 3; // u64: reserve: wanted; commit: used; deposit: two's complement
export const ACCOUNT_TTL: i32 = 4; // span: reserve: when the money is free again; absent = 1 minute
export const ACCOUNT_SLOTS: i32 = 5; // how many there are
export const REDIS_ARGS: i32 = 0; // list: command and arguments (in the names; the values are empty)
export const REDIS_SLOTS: i32 = 1; // how many there are
export const REQUEST_ID: i32 = 0; // text: our id of the call; absent = this one
export const REQUEST_LEG: i32 = 1; // text: a or b: whose far end it is for
export const REQUEST_CONTENT_TYPE: i32 = 2; // text: info: type of the body, "text/plain"
export const REQUEST_BODY: i32 = 3; // bytes: info: at most MaxInfo bytes
export const REQUEST_HEADERS: i32 = 4; // list: further header fields, at most MaxFields of MaxValue bytes together; not those that make the dialog
export const REQUEST_TARGET: i32 = 5; // text: refer: URI that the far end is to call
export const REQUEST_SLOTS: i32 = 6; // how many there are
// end table

// The host's functions as they are. One that is not called is not imported.

// table imports
// @ts-ignore: decorator
@external("sbc", "log") export declare function host_log(call: i64, level: i32, ptr: usize, len: i32): void;
// @ts-ignore: decorator
@external("sbc", "now") export declare function host_now(): i64;
// @ts-ignore: decorator
@external("sbc", "monotonic") export declare function host_monotonic(): i64;
// @ts-ignore: decorator
@external("sbc", "get") export declare function host_get(call: i64, what: i32, name: usize, name_len: i32, index: i32, buf: usize, limit: i32): i32;
// @ts-ignore: decorator
@external("sbc", "var_get") export declare function host_var_get(call: i64, name: usize, name_len: i32, buf: usize, limit: i32): i32;
// @ts-ignore: decorator
@external("sbc", "var_set") export declare function host_var_set(call: i64, name: usize, name_len: i32, value: usize, value_len: i32): i32;
// @ts-ignore: decorator
@external("sbc", "state_get") export declare function host_state_get(call: i64, buf: usize, limit: i32): i32;
// @ts-ignore: decorator
@external("sbc", "state_set") export declare function host_state_set(call: i64, ptr: usize, len: i32): i32;
// @ts-ignore: decorator
@external("sbc", "complete") export declare function host_complete(call: i64, status: i32, ptr: usize, len: i32): i32;
// @ts-ignore: decorator
@external("sbc", "sleep") export declare function host_sleep(call: i64, span: i64): i64;
// @ts-ignore: decorator
@external("sbc_cdr", "emit") export declare function host_cdr_emit(call: i64, ptr: usize, len: i32): i32;
// @ts-ignore: decorator
@external("sbc_http", "send") export declare function host_http_send(call: i64, req: usize, req_len: i32, buf: usize, limit: i32): i64;
// @ts-ignore: decorator
@external("sbc_kv", "get") export declare function host_kv_get(call: i64, req: usize, req_len: i32, buf: usize, limit: i32): i64;
// @ts-ignore: decorator
@external("sbc_kv", "set") export declare function host_kv_set(call: i64, req: usize, req_len: i32, buf: usize, limit: i32): i64;
// @ts-ignore: decorator
@external("sbc_kv", "del") export declare function host_kv_del(call: i64, req: usize, req_len: i32, buf: usize, limit: i32): i64;
// @ts-ignore: decorator
@external("sbc_kv", "add") export declare function host_kv_add(call: i64, req: usize, req_len: i32, buf: usize, limit: i32): i64;
// @ts-ignore: decorator
@external("sbc_kv", "set_add") export declare function host_kv_set_add(call: i64, req: usize, req_len: i32, buf: usize, limit: i32): i64;
// @ts-ignore: decorator
@external("sbc_kv", "set_del") export declare function host_kv_set_del(call: i64, req: usize, req_len: i32, buf: usize, limit: i32): i64;
// @ts-ignore: decorator
@external("sbc_kv", "set_has") export declare function host_kv_set_has(call: i64, req: usize, req_len: i32, buf: usize, limit: i32): i64;
// @ts-ignore: decorator
@external("sbc_kv", "set_match") export declare function host_kv_set_match(call: i64, req: usize, req_len: i32, buf: usize, limit: i32): i64;
// @ts-ignore: decorator
@external("sbc_limit", "acquire") export declare function host_limit_acquire(call: i64, req: usize, req_len: i32, buf: usize, limit: i32): i64;
// @ts-ignore: decorator
@external("sbc_limit", "release") export declare function host_limit_release(call: i64, req: usize, req_len: i32, buf: usize, limit: i32): i64;
// @ts-ignore: decorator
@external("sbc_limit", "take") export declare function host_limit_take(call: i64, req: usize, req_len: i32, buf: usize, limit: i32): i64;
// @ts-ignore: decorator
@external("sbc_account", "reserve") export declare function host_account_reserve(call: i64, req: usize, req_len: i32, buf: usize, limit: i32): i64;
// @ts-ignore: decorator
@external("sbc_account", "commit") export declare function host_account_commit(call: i64, req: usize, req_len: i32, buf: usize, limit: i32): i64;
// @ts-ignore: decorator
@external("sbc_account", "cancel") export declare function host_account_cancel(call: i64, req: usize, req_len: i32, buf: usize, limit: i32): i64;
// @ts-ignore: decorator
@external("sbc_account", "balance") export declare function host_account_balance(call: i64, req: usize, req_len: i32, buf: usize, limit: i32): i64;
// @ts-ignore: decorator
@external("sbc_account", "deposit") export declare function host_account_deposit(call: i64, req: usize, req_len: i32, buf: usize, limit: i32): i64;
// @ts-ignore: decorator
@external("sbc_redis", "cmd") export declare function host_redis_cmd(call: i64, req: usize, req_len: i32, buf: usize, limit: i32): i64;
// @ts-ignore: decorator
@external("sbc_timer", "set") export declare function host_timer_set(call: i64, timer: i32, after: i64, action: i32): i32;
// @ts-ignore: decorator
@external("sbc_timer", "clear") export declare function host_timer_clear(call: i64, timer: i32): i32;
// @ts-ignore: decorator
@external("sbc_map", "lookup") export declare function host_map_lookup(call: i64, map: usize, map_len: i32, key: usize, key_len: i32, buf: usize, limit: i32): i32;
// @ts-ignore: decorator
@external("sbc_metric", "define") export declare function host_metric_define(kind: i32, name: usize, name_len: i32): i32;
// @ts-ignore: decorator
@external("sbc_metric", "add") export declare function host_metric_add(metric: i32, delta: i64): i32;
// @ts-ignore: decorator
@external("sbc_metric", "observe") export declare function host_metric_observe(metric: i32, value: i64): i32;
// @ts-ignore: decorator
@external("sbc_call", "hangup") export declare function host_call_hangup(call: i64, id: usize, id_len: i32, code: i32, reason: usize, reason_len: i32): i32;
// @ts-ignore: decorator
@external("sbc_call", "rearm") export declare function host_call_rearm(call: i64, id: usize, id_len: i32, span: i64): i32;
// @ts-ignore: decorator
@external("sbc_call", "info") export declare function host_call_info(call: i64, req: usize, req_len: i32): i32;
// @ts-ignore: decorator
@external("sbc_call", "refer") export declare function host_call_refer(call: i64, req: usize, req_len: i32): i32;
// end table
