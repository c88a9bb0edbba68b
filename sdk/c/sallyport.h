/* sallyport.h: everything a call control module in C needs. No library, no libc.
 *
 *     #include "sallyport.h"
 *
 *     static int32_t start(sp_call *c) {
 *         if (sp_equal(sp_field(c, SP_FIELD_CALLEE), sp_param(c, "barred")))
 *             sp_refuse(c, 403, SP_TEXT("Not from here"));
 *         return SP_OK;
 *     }
 *
 *     SALLYPORT_MODULE(.hook = {[SP_EVENT_START] = start})
 *
 * `sallyport module build DIR` compiles it and adds manifest.json; by hand:
 *
 *     clang --target=wasm32 -O2 -nostdlib -mbulk-memory -Wl,--no-entry -o m.wasm m.c
 *
 * A hook answers SP_OK, or a code below zero when it could not decide: then the
 * operator's on_fail counts. What a hook is given and gets by the functions below is
 * valid until it returns. An instance may be gone after any hook: what must last belongs
 * into variables (sp_set_var) or state (sp_set_state), not into globals, except for what
 * init computes from the configuration. The numbers are generated from the contract
 * (abi/README.md). A hook that asks something outside and waits: see "Waiting" below.
 */
#ifndef SALLYPORT_H
#define SALLYPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* table version */
#define SP_ABI_MAJOR 1
#define SP_ABI_MINOR 1
/* end table */

/* Events: the index of a hook. */
/* table events */
#define SP_EVENT_START 1 /* the INVITE, before leg B exists; may change the plan, refuse, drop */
#define SP_EVENT_EARLY 2 /* a provisional response other than 100 from leg B */
#define SP_EVENT_CONNECT 3 /* the first 2xx from leg B; may refuse: both legs get BYE */
#define SP_EVENT_REFRESH 4 /* a re-INVITE or UPDATE within the call */
#define SP_EVENT_REJECT 5 /* a final failure from leg B; may choose other targets, or refuse: the caller gets that answer */
#define SP_EVENT_REFER 6 /* REFER from either side, which gets 405; may refuse it with another answer, and the call goes on */
#define SP_EVENT_DTMF 7 /* a digit by RFC 4733 or INFO, if the profile detects them; may refuse: the call is hung up */
#define SP_EVENT_INFO 8 /* INFO from either side */
#define SP_EVENT_HOLD 9 /* a side put the other on hold */
#define SP_EVENT_RESUME 10 /* a side took the other off hold */
#define SP_EVENT_MEDIA_TIMEOUT 11 /* no media from either side */
#define SP_EVENT_TIMER 12 /* a timer of this use fired; may refuse: the call is hung up */
#define SP_EVENT_END 13 /* the call is over, whatever the cause; exactly once for a module whose start let the call pass */
#define SP_EVENT_REARM 14 /* somebody outside has set this use's maximum duration anew: until */
#define SP_EVENT_REGISTER 24 /* REGISTER outside a dialog; may refuse or drop it, else the SBC answers it */
#define SP_EVENT_ROUTE 25 /* any other request outside a dialog: MESSAGE, OPTIONS, SUBSCRIBE …; may refuse or drop it, else the SBC answers it */
#define SP_EVENT_TICK 40 /* once a second for the module, no call; not while it waits in one */
#define SP_EVENT_STOP 41 /* this generation of the module ends; may not wait */
/* end table */

/* Results of host functions and hooks. */
/* table codes */
#define SP_OK 0 /* done */
#define SP_ERR_NOT_FOUND (-1) /* no such header, variable, field or key */
#define SP_ERR_DENIED (-2) /* the capability or the argument is not granted */
#define SP_ERR_INVALID (-3) /* a malformed argument, frame or value; CR, LF or NUL where they may not be */
#define SP_ERR_MEMORY (-4) /* a pointer and length outside the guest's memory, or the guest has none left */
#define SP_ERR_TOO_BIG (-5) /* over the bound of this argument; nothing was kept */
#define SP_ERR_BUSY (-6) /* a queue or quota is full; try at another call */
#define SP_ERR_TIMEOUT (-7) /* the wait is over */
#define SP_ERR_IO (-8) /* the far end or the disk erred */
#define SP_ERR_UNSUPPORTED (-9) /* not in this host or not in this event */
#define SP_ERR_CALL_GONE (-10) /* the call handle is not, or no longer, one of this hook */
#define SP_ERR_CONFLICT (-11) /* somebody else changed it first */
#define SP_ERR_INTERNAL (-12) /* a fault of the host or the SDK */
/* end table */

/* Bounds and selectors. */
/* table constants */
#define SP_BUFFER_SIZE 65536 /* smallest shared buffer a guest may offer, bytes */
#define SP_ANSWER_ROOM 16384 /* bytes of the buffer the host leaves free behind a hook's frame; an answer frame is never larger */
#define SP_MAX_SLOTS 128 /* slots a frame may have */
#define SP_MAX_LIST 256 /* pairs a list may have */
#define SP_MAX_NAME 64 /* longest name of a variable, bytes */
#define SP_MAX_VALUE 4096 /* longest value of a variable, of a plan key, of a header, bytes */
#define SP_MAX_VARS 64 /* variables a call may have */
#define SP_MAX_VAR_BYTES 16384 /* all names and values of a call's variables together, bytes */
#define SP_MAX_STATE 16384 /* longest state blob of one use in one call, bytes */
#define SP_MAX_LOG 1024 /* longest log message; more is cut, bytes */
#define SP_MAX_RECORD 32768 /* longest CDR, bytes, without the line feed the host adds */
#define SP_GET_HEADER 1 /* `get`: header field `name` (long or compact form, any case) of the event's message, occurrence `index` */
#define SP_GET_BODY 2 /* `get`: body of the event's message */
#define SP_GET_FIELD 3 /* `get`: slot `index` of the call frame; text as it is, numbers in decimal; useful once the buffer was reused */
#define SP_LOG_DEBUG 0 /* `log`: level debug */
#define SP_LOG_INFO 1 /* `log`: level info */
#define SP_LOG_WARN 2 /* `log`: level warn */
#define SP_LOG_ERROR 3 /* `log`: level error */
#define SP_ACTION_PASS 0 /* decision: the call goes on */
#define SP_ACTION_REFUSE 1 /* decision: refuse with code, reason, headers */
#define SP_ACTION_DROP 2 /* decision: no reply at all */
#define SP_FEATURE_GET 1 /* feature bit: the host offers `get` */
#define SP_FEATURE_PARK 2 /* feature bit: hooks may answer PENDING */
#define SP_FEATURE_ASYNC 4 /* feature bit: this module imports functions that answer later */
#define SP_FEATURE_NEAR 8 /* feature bit: the store is on this node; `sbc_kv.get`, `set_has`, `set_match`, and `sbc_limit` when nothing is full, answer at once */
#define SP_STATUS_PENDING 1 /* sbc_event, sbc_resume: the hook waits */
#define SP_TOKEN_BIT 0x4000000000000000ull /* an asynchronous function answers code < 0, the length of a Result frame in buf, or a token: a number with this bit */
#define SP_MAX_URL 4096 /* longest URL, bytes */
#define SP_MAX_BODY 32768 /* longest body of an HTTP request or answer, value of a key, bytes */
#define SP_MAX_TIMERS 16 /* timers one use may have in one call; their numbers are below it */
#define SP_MAX_TARGETS 16 /* targets a decision may have */
#define SP_MAX_INFO 1024 /* longest body of sbc_call.info, bytes */
#define SP_MAX_FIELDS 16 /* header fields a request of sbc_call.info or sbc_call.refer may add; also such requests one hook may send */
#define SP_TIMER_FIRE 0 /* `sbc_timer.set`: the event timer comes */
#define SP_TIMER_END 1 /* `sbc_timer.set`: the call ends */
#define SP_MAX_METRICS 64 /* metrics a module may define */
#define SP_METRIC_COUNTER 0 /* `sbc_metric.define`: only grows */
#define SP_METRIC_GAUGE 1 /* `sbc_metric.define`: `observe` sets it, `add` changes it */
#define SP_METRIC_SUMMARY 2 /* `sbc_metric.define`: `observe` counts and sums */
/* end table */

/* Slots of the frames: sp_field, sp_number and sp_list take SP_FIELD_…. */
/* table slots */
#define SP_INIT_MINOR 0 /* u64: minor version of the host's contract */
#define SP_INIT_FEATURES 1 /* u64: feature bits of the host */
#define SP_INIT_MODULE 2 /* text: name of the module in the configuration */
#define SP_INIT_CONFIG 3 /* text: its configuration, a JSON object; absent = {} */
#define SP_INIT_NODE 4 /* text: name of this node */
#define SP_INIT_GENERATION 5 /* text: which generation of the module this instance belongs to */
#define SP_INIT_SLOTS 6 /* how many there are */
#define SP_WELCOME_EVENTS 0 /* u64: subscription mask: bit n = event n; absent = what the manifest's hooks say */
#define SP_WELCOME_STATE_VERSION 1 /* u64: version of the state blobs this module writes */
#define SP_WELCOME_KEEPS 2 /* u64: 1 = the buffer stays the same while hooks wait: the host need not ask for it after PENDING */
#define SP_WELCOME_SLOTS 3 /* how many there are */
#define SP_FIELD_EVENT 0 /* u64: the event's number again */
#define SP_FIELD_ID 1 /* text: our id of the call */
#define SP_FIELD_NODE 2 /* text: name of this node */
#define SP_FIELD_PROFILE 3 /* text: name of the profile */
#define SP_FIELD_USE 4 /* text: name of this use in the profile's modules */
#define SP_FIELD_CALL_ID_A 5 /* text: Call-ID of leg A */
#define SP_FIELD_CALL_ID_B 6 /* text: Call-ID of leg B, once there is one */
#define SP_FIELD_METHOD 7 /* text: method of the request */
#define SP_FIELD_RURI 8 /* text: Request-URI as received */
#define SP_FIELD_FROM 9 /* text: From, the header's value */
#define SP_FIELD_TO 10 /* text: To, the header's value */
#define SP_FIELD_FROM_URI 11 /* text: URI of From without <> */
#define SP_FIELD_TO_URI 12 /* text: URI of To without <> */
#define SP_FIELD_CALLER 13 /* text: user part of From */
#define SP_FIELD_CALLEE 14 /* text: user part of the Request-URI */
#define SP_FIELD_SOURCE 15 /* text: ip:port the request came from; [ip]:port for IPv6 */
#define SP_FIELD_DESTINATION 16 /* text: ip:port leg B was sent to, once it was */
#define SP_FIELD_TRANSPORT 17 /* text: UDP, TCP …, of leg A */
#define SP_FIELD_INTERFACE_A 18 /* text: interface of leg A */
#define SP_FIELD_INTERFACE_B 19 /* text: interface of leg B */
#define SP_FIELD_START 20 /* time: the INVITE came */
#define SP_FIELD_CONNECT 21 /* time: the call was answered; absent = not */
#define SP_FIELD_END 22 /* time: the call ended; absent = not yet */
#define SP_FIELD_PARAMS 23 /* list: this use's parameters, patterns evaluated at start */
#define SP_FIELD_VARS 24 /* list: the call's variables as they are at the beginning of the hook */
#define SP_FIELD_RINGING 25 /* time: the first 18x from leg B; absent = none */
#define SP_FIELD_SIDE 26 /* text: a or b: the leg the event came from; absent = both or neither */
#define SP_FIELD_STATUS 27 /* u64: early, reject: status of leg B's response */
#define SP_FIELD_PHRASE 28 /* text: early, reject: reason phrase of leg B's response */
#define SP_FIELD_TARGET 29 /* text: reject: the URI that was tried */
#define SP_FIELD_TIMER 30 /* u64: timer: number of the timer that fired */
#define SP_FIELD_DETAIL 31 /* text: dtmf: the digit; refresh: the method; info: the content type; refer: the Refer-To */
#define SP_FIELD_DISPOSITION 32 /* text: end: answered, failed, canceled, refused or dropped */
#define SP_FIELD_CODE 33 /* u64: end: final SIP status of leg A, 200 for an answered call */
#define SP_FIELD_REASON 34 /* text: end: reason phrase that goes with code */
#define SP_FIELD_Q850 35 /* u64: end: cause of Q.850, absent = unknown */
#define SP_FIELD_HANGUP_BY 36 /* text: end: a, b, sbc or the use that did it */
#define SP_FIELD_MODULES 37 /* list: end: the uses of the chain that ran (the values are empty) */
#define SP_FIELD_UNTIL 38 /* time: the call ends by itself then: its maximum duration is over; absent = it has none, or is not answered */
#define SP_FIELD_DURATION 39 /* span: dtmf: how long the digit was held; absent = unknown */
#define SP_FIELD_A_CODEC 40 /* text: end: codec of leg A, "PCMU/8000" */
#define SP_FIELD_A_PACKETS 41 /* u64: end: RTP packets received from leg A */
#define SP_FIELD_A_LOST 42 /* u64: end: of these lost on the way here */
#define SP_FIELD_A_REJECTED 43 /* u64: end: from a wrong source, malformed or late */
#define SP_FIELD_A_JITTER 44 /* span: end: interarrival jitter, RFC 3550 §6.4.1 */
#define SP_FIELD_A_MOS 45 /* u64: end: estimated MOS in thousandths, 4410 = 4.41 */
#define SP_FIELD_B_CODEC 48 /* text: end: the same of leg B */
#define SP_FIELD_B_PACKETS 49 /* u64 */
#define SP_FIELD_B_LOST 50 /* u64 */
#define SP_FIELD_B_REJECTED 51 /* u64 */
#define SP_FIELD_B_JITTER 52 /* span */
#define SP_FIELD_B_MOS 53 /* u64 */
#define SP_CALL_SLOTS 54 /* how many there are */
#define SP_DECISION_ACTION 0 /* u64: 0 pass, 1 refuse, 2 drop */
#define SP_DECISION_CODE 1 /* u64: refuse: SIP status 300–699, absent = 403 */
#define SP_DECISION_REASON 2 /* text: refuse: reason phrase, absent = the registered one */
#define SP_DECISION_HEADERS 3 /* list: refuse: header fields for the response */
#define SP_DECISION_SET 4 /* list: pass: profile keys and their values for this call's plan */
#define SP_DECISION_MAX_DURATION 5 /* span: pass: the call may last so long from connect; the shortest of all modules counts */
#define SP_DECISION_TARGETS 6 /* list: reject: URIs to try next, in order (the values are empty) */
#define SP_DECISION_FORK 7 /* u64: reject: 1 = try the targets at the same time */
#define SP_DECISION_SLOTS 8 /* how many there are */
#define SP_RESULT_VALUE 0 /* u64: the number that was asked for, two's complement: balance, grant, counter, nanoseconds to wait */
#define SP_RESULT_BODY 1 /* bytes: HTTP body; value of a key; text of Redis; name of the limit that is full */
#define SP_RESULT_STATUS 2 /* u64: HTTP status; Redis: 0 nil, 1 number, 2 text, 3 list, 4 error */
#define SP_RESULT_HEADERS 3 /* list: HTTP header fields */
#define SP_RESULT_LIST 4 /* list: Redis list, members of a set (in the names; the values are empty) */
#define SP_RESULT_SLOTS 5 /* how many there are */
#define SP_HTTP_METHOD 0 /* text: absent = GET */
#define SP_HTTP_URL 1 /* text: http or https, on the allow list of the configuration */
#define SP_HTTP_HEADERS 2 /* list: header fields */
#define SP_HTTP_BODY 3 /* bytes: body */
#define SP_HTTP_TIMEOUT 4 /* span: absent, or longer than the hook may wait = as long as that */
#define SP_HTTP_SLOTS 5 /* how many there are */
#define SP_KV_KEY 0 /* text: key, or name of the set */
#define SP_KV_VALUE 1 /* bytes: set: the value */
#define SP_KV_TTL 2 /* span: set, add: how long it lives; absent = without end */
#define SP_KV_DELTA 3 /* u64: add: two's complement */
#define SP_KV_BOUNDED 4 /* u64: add: 1 = floor and ceiling count */
#define SP_KV_FLOOR 5 /* u64: add: two's complement */
#define SP_KV_CEILING 6 /* u64: add: two's complement */
#define SP_KV_MEMBERS 7 /* list: sets: the members (in the names; the values are empty) */
#define SP_KV_SLOTS 8 /* how many there are */
#define SP_LIMIT_LEASE 0 /* text: acquire, release: name of the lease; absent = this use in this call, given back by itself when the call has ended */
#define SP_LIMIT_LIMITS 1 /* list: acquire: key and "max" or "max cost" in decimal, cost 1 when it is not there */
#define SP_LIMIT_AWAY 2 /* u64: acquire: when the store is away 0 = IO or TIMEOUT, 1 = pass, 2 = this node's share */
#define SP_LIMIT_KEY 3 /* text: take: what is limited */
#define SP_LIMIT_RATE 4 /* u64: take: how many thousandths come back each second */
#define SP_LIMIT_BURST 5 /* u64: take: how many at once */
#define SP_LIMIT_COUNT 6 /* u64: take: how many now; absent = 1 */
#define SP_LIMIT_SLOTS 7 /* how many there are */
#define SP_ACCOUNT_ACCOUNT 0 /* text: name of the account */
#define SP_ACCOUNT_ID 1 /* text: name of the call or booking; absent = our id of the call and the use */
#define SP_ACCOUNT_SEQUENCE 2 /* u64: number of the reservation within the call */
#define SP_ACCOUNT_AMOUNT 3 /* u64: reserve: wanted; commit: used; deposit: two's complement */
#define SP_ACCOUNT_TTL 4 /* span: reserve: when the money is free again; absent = 1 minute */
#define SP_ACCOUNT_SLOTS 5 /* how many there are */
#define SP_REDIS_ARGS 0 /* list: command and arguments (in the names; the values are empty) */
#define SP_REDIS_SLOTS 1 /* how many there are */
#define SP_REQUEST_ID 0 /* text: our id of the call; absent = this one */
#define SP_REQUEST_LEG 1 /* text: a or b: whose far end it is for */
#define SP_REQUEST_CONTENT_TYPE 2 /* text: info: type of the body, "text/plain" */
#define SP_REQUEST_BODY 3 /* bytes: info: at most MaxInfo bytes */
#define SP_REQUEST_HEADERS 4 /* list: further header fields, at most MaxFields of MaxValue bytes together; not those that make the dialog */
#define SP_REQUEST_TARGET 5 /* text: refer: URI that the far end is to call */
#define SP_REQUEST_SLOTS 6 /* how many there are */
/* end table */

#define SP_IMPORT(module, name) extern __attribute__((import_module(module), import_name(name)))
#define SP_EXPORT(name) __attribute__((export_name(name)))
#define SP_USE static inline __attribute__((unused))

/* The host's functions as they are. One that is not called is not imported. */
/* table imports */
SP_IMPORT("sbc", "log") void sp_host_log(int64_t call, int32_t level, const void *ptr, int32_t len);
SP_IMPORT("sbc", "now") int64_t sp_host_now(void);
SP_IMPORT("sbc", "monotonic") int64_t sp_host_monotonic(void);
SP_IMPORT("sbc", "get") int32_t sp_host_get(int64_t call, int32_t what, const void *name, int32_t name_len, int32_t index, void *buf, int32_t limit);
SP_IMPORT("sbc", "var_get") int32_t sp_host_var_get(int64_t call, const void *name, int32_t name_len, void *buf, int32_t limit);
SP_IMPORT("sbc", "var_set") int32_t sp_host_var_set(int64_t call, const void *name, int32_t name_len, const void *value, int32_t value_len);
SP_IMPORT("sbc", "state_get") int32_t sp_host_state_get(int64_t call, void *buf, int32_t limit);
SP_IMPORT("sbc", "state_set") int32_t sp_host_state_set(int64_t call, const void *ptr, int32_t len);
SP_IMPORT("sbc", "complete") int32_t sp_host_complete(int64_t call, int32_t status, const void *ptr, int32_t len);
SP_IMPORT("sbc", "sleep") int64_t sp_host_sleep(int64_t call, int64_t span);
SP_IMPORT("sbc_cdr", "emit") int32_t sp_host_cdr_emit(int64_t call, const void *ptr, int32_t len);
SP_IMPORT("sbc_http", "send") int64_t sp_host_http_send(int64_t call, const void *req, int32_t req_len, void *buf, int32_t limit);
SP_IMPORT("sbc_kv", "get") int64_t sp_host_kv_get(int64_t call, const void *req, int32_t req_len, void *buf, int32_t limit);
SP_IMPORT("sbc_kv", "set") int64_t sp_host_kv_set(int64_t call, const void *req, int32_t req_len, void *buf, int32_t limit);
SP_IMPORT("sbc_kv", "del") int64_t sp_host_kv_del(int64_t call, const void *req, int32_t req_len, void *buf, int32_t limit);
SP_IMPORT("sbc_kv", "add") int64_t sp_host_kv_add(int64_t call, const void *req, int32_t req_len, void *buf, int32_t limit);
SP_IMPORT("sbc_kv", "set_add") int64_t sp_host_kv_set_add(int64_t call, const void *req, int32_t req_len, void *buf, int32_t limit);
SP_IMPORT("sbc_kv", "set_del") int64_t sp_host_kv_set_del(int64_t call, const void *req, int32_t req_len, void *buf, int32_t limit);
SP_IMPORT("sbc_kv", "set_has") int64_t sp_host_kv_set_has(int64_t call, const void *req, int32_t req_len, void *buf, int32_t limit);
SP_IMPORT("sbc_kv", "set_match") int64_t sp_host_kv_set_match(int64_t call, const void *req, int32_t req_len, void *buf, int32_t limit);
SP_IMPORT("sbc_limit", "acquire") int64_t sp_host_limit_acquire(int64_t call, const void *req, int32_t req_len, void *buf, int32_t limit);
SP_IMPORT("sbc_limit", "release") int64_t sp_host_limit_release(int64_t call, const void *req, int32_t req_len, void *buf, int32_t limit);
SP_IMPORT("sbc_limit", "take") int64_t sp_host_limit_take(int64_t call, const void *req, int32_t req_len, void *buf, int32_t limit);
SP_IMPORT("sbc_account", "reserve") int64_t sp_host_account_reserve(int64_t call, const void *req, int32_t req_len, void *buf, int32_t limit);
SP_IMPORT("sbc_account", "commit") int64_t sp_host_account_commit(int64_t call, const void *req, int32_t req_len, void *buf, int32_t limit);
SP_IMPORT("sbc_account", "cancel") int64_t sp_host_account_cancel(int64_t call, const void *req, int32_t req_len, void *buf, int32_t limit);
SP_IMPORT("sbc_account", "balance") int64_t sp_host_account_balance(int64_t call, const void *req, int32_t req_len, void *buf, int32_t limit);
SP_IMPORT("sbc_account", "deposit") int64_t sp_host_account_deposit(int64_t call, const void *req, int32_t req_len, void *buf, int32_t limit);
SP_IMPORT("sbc_redis", "cmd") int64_t sp_host_redis_cmd(int64_t call, const void *req, int32_t req_len, void *buf, int32_t limit);
SP_IMPORT("sbc_timer", "set") int32_t sp_host_timer_set(int64_t call, int32_t timer, int64_t after, int32_t action);
SP_IMPORT("sbc_timer", "clear") int32_t sp_host_timer_clear(int64_t call, int32_t timer);
SP_IMPORT("sbc_map", "lookup") int32_t sp_host_map_lookup(int64_t call, const void *map, int32_t map_len, const void *key, int32_t key_len, void *buf, int32_t limit);
SP_IMPORT("sbc_metric", "define") int32_t sp_host_metric_define(int32_t kind, const void *name, int32_t name_len);
SP_IMPORT("sbc_metric", "add") int32_t sp_host_metric_add(int32_t metric, int64_t delta);
SP_IMPORT("sbc_metric", "observe") int32_t sp_host_metric_observe(int32_t metric, int64_t value);
SP_IMPORT("sbc_call", "hangup") int32_t sp_host_call_hangup(int64_t call, const void *id, int32_t id_len, int32_t code, const void *reason, int32_t reason_len);
SP_IMPORT("sbc_call", "rearm") int32_t sp_host_call_rearm(int64_t call, const void *id, int32_t id_len, int64_t span);
SP_IMPORT("sbc_call", "info") int32_t sp_host_call_info(int64_t call, const void *req, int32_t req_len);
SP_IMPORT("sbc_call", "refer") int32_t sp_host_call_refer(int64_t call, const void *req, int32_t req_len);
/* end table */

/* ---- Text: bytes and their number, no zero at the end. ---- */

typedef struct { const char *p; uint32_t n; } sp_text;

#define SP_TEXT(literal) ((sp_text){"" literal, sizeof(literal) - 1})
#define SP_NONE ((sp_text){0, 0})

/* sp_code_name is a code as text, for logs: NOT_FOUND. */
SP_USE sp_text sp_code_name(int32_t code) {
    switch (code) {
/* table names */
    case 0: return SP_TEXT("OK");
    case -1: return SP_TEXT("NOT_FOUND");
    case -2: return SP_TEXT("DENIED");
    case -3: return SP_TEXT("INVALID");
    case -4: return SP_TEXT("MEMORY");
    case -5: return SP_TEXT("TOO_BIG");
    case -6: return SP_TEXT("BUSY");
    case -7: return SP_TEXT("TIMEOUT");
    case -8: return SP_TEXT("IO");
    case -9: return SP_TEXT("UNSUPPORTED");
    case -10: return SP_TEXT("CALL_GONE");
    case -11: return SP_TEXT("CONFLICT");
    case -12: return SP_TEXT("INTERNAL");
/* end table */
    }
    return SP_TEXT("unknown");
}

SP_USE sp_text sp_str(const char *s) {
    sp_text t = {s, 0};
    while (s && s[t.n]) t.n++;
    return t;
}

SP_USE bool sp_equal(sp_text a, sp_text b) {
    if (a.n != b.n) return false;
    for (uint32_t i = 0; i < a.n; i++)
        if (a.p[i] != b.p[i]) return false;
    return true;
}

SP_USE bool sp_begins(sp_text t, sp_text with) { return t.n >= with.n && sp_equal((sp_text){t.p, with.n}, with); }

SP_USE sp_text sp_from(sp_text t, uint32_t at) {
    if (at > t.n) at = t.n;
    return (sp_text){t.p + at, t.n - at};
}

/* sp_cut splits t at the first c. Without one it reports false and before is all of t. */
SP_USE bool sp_cut(sp_text t, char c, sp_text *before, sp_text *after) {
    for (uint32_t i = 0; i < t.n; i++)
        if (t.p[i] == c) {
            *before = (sp_text){t.p, i};
            *after = sp_from(t, i + 1);
            return true;
        }
    *before = t;
    *after = SP_NONE;
    return false;
}

/* ---- Memory. What a hook makes is gone at its end; what init keeps stays. ---- */

#ifndef SP_ARENA
#define SP_ARENA 32768 /* bytes a hook may pull and join */
#endif
#ifndef SP_KEEP
#define SP_KEEP 16384 /* bytes init may keep of the configuration */
#endif
#ifndef SP_PAIRS
#define SP_PAIRS 32 /* pairs a decision may have */
#endif

typedef struct { char *p; uint32_t used, size; } sp_arena;

static char sp__hook_bytes[SP_ARENA], sp__kept_bytes[SP_KEEP];
static sp_arena sp__hook = {sp__hook_bytes, 0, SP_ARENA}, sp__kept = {sp__kept_bytes, 0, SP_KEEP};

SP_USE char *sp__room(sp_arena *a, uint32_t n) { return n <= a->size - a->used ? a->p + a->used : NULL; }

SP_USE sp_text sp__put(sp_arena *a, sp_text t) {
    char *to = sp__room(a, t.n);
    if (!to) return SP_NONE;
    __builtin_memcpy(to, t.p, t.n);
    a->used += t.n;
    return (sp_text){to, t.n};
}

/* sp_join is the texts of an array in one, nothing (p = 0) when there is no room. */
SP_USE sp_text sp_join(const sp_text *parts, uint32_t count) {
    sp_text all = {sp__hook.p + sp__hook.used, 0};
    for (uint32_t i = 0; i < count; i++) {
        if (parts[i].n && !sp__put(&sp__hook, parts[i]).p) return SP_NONE;
        all.n += parts[i].n;
    }
    return all;
}
#define SP_JOIN(...) sp_join((const sp_text[]){__VA_ARGS__}, sizeof((const sp_text[]){__VA_ARGS__}) / sizeof(sp_text))

/* sp_decimal is a number as text. */
SP_USE sp_text sp_decimal(uint64_t v) {
    char digits[20];
    uint32_t at = sizeof digits;
    do digits[--at] = (char)('0' + v % 10);
    while (v /= 10);
    return sp__put(&sp__hook, (sp_text){digits + at, (uint32_t)sizeof digits - at});
}

/* ---- Reading frames: each access checks its bounds, an absent field is empty. ---- */

typedef struct { const uint8_t *b; uint32_t total, slots; } sp_frame;
typedef struct { const uint8_t *b; uint32_t total, at, count; } sp_list_of;

SP_USE uint32_t sp__u32(const uint8_t *b) { uint32_t v; __builtin_memcpy(&v, b, 4); return v; }
SP_USE uint64_t sp__u64(const uint8_t *b) { uint64_t v; __builtin_memcpy(&v, b, 8); return v; }
SP_USE void sp__set32(uint8_t *b, uint32_t v) { __builtin_memcpy(b, &v, 4); }

/* sp_open reads a frame at the start of n bytes. */
SP_USE bool sp_open(sp_frame *f, const uint8_t *b, uint32_t n) {
    if (n < 8) return false;
    f->b = b;
    f->total = sp__u32(b);
    f->slots = sp__u32(b + 4) >> 16;
    return f->total <= n && f->total >= 8 + f->slots * 8;
}

SP_USE uint64_t sp__slot(const sp_frame *f, uint32_t k) { return k < f->slots ? sp__u64(f->b + 8 + k * 8) : 0; }

SP_USE sp_text sp__part(const uint8_t *b, uint32_t total, uint32_t at, uint32_t n) {
    if (at > total || n > total - at || !n) return SP_NONE;
    return (sp_text){(const char *)b + at, n};
}

SP_USE sp_text sp__frame_text(const sp_frame *f, uint32_t k) {
    uint64_t v = sp__slot(f, k);
    return sp__part(f->b, f->total, (uint32_t)v, (uint32_t)(v >> 32));
}

SP_USE sp_list_of sp__frame_list(const sp_frame *f, uint32_t k) {
    uint64_t v = sp__slot(f, k);
    uint32_t at = (uint32_t)v, count = (uint32_t)(v >> 32);
    if (at > f->total || count > (f->total - at) / 16) count = 0;
    return (sp_list_of){f->b, f->total, at, count};
}

/* sp_at is pair i of a list; false behind its end. */
SP_USE bool sp_at(sp_list_of l, uint32_t i, sp_text *name, sp_text *value) {
    if (i >= l.count) return false;
    const uint8_t *e = l.b + l.at + i * 16;
    *name = sp__part(l.b, l.total, sp__u32(e), sp__u32(e + 4));
    *value = sp__part(l.b, l.total, sp__u32(e + 8), sp__u32(e + 12));
    return true;
}

SP_USE sp_text sp_find(sp_list_of l, sp_text wanted) {
    sp_text name, value;
    for (uint32_t i = 0; sp_at(l, i, &name, &value); i++)
        if (sp_equal(name, wanted)) return value;
    return SP_NONE;
}

/* ---- Writing frames. ---- */

typedef struct { sp_text name, value; } sp_pair;
typedef struct { uint8_t *b; uint32_t size, used; bool full; } sp_writer;

SP_USE uint8_t *sp__grow(sp_writer *w, uint32_t n) {
    if (n > w->size - w->used) {
        w->full = true;
        return NULL;
    }
    w->used += n;
    return w->b + w->used - n;
}

SP_USE void sp_begin(sp_writer *w, uint8_t *b, uint32_t size, uint32_t slots) {
    *w = (sp_writer){b, size, 0, false};
    uint8_t *head = sp__grow(w, 8 + slots * 8);
    if (!head) return;
    __builtin_memset(head, 0, 8 + slots * 8);
    sp__set32(head + 4, SP_ABI_MINOR | slots << 16);
}

SP_USE void sp_put_number(sp_writer *w, uint32_t k, uint64_t v) {
    if (!w->full) __builtin_memcpy(w->b + 8 + k * 8, &v, 8);
}

SP_USE uint64_t sp__payload(sp_writer *w, sp_text t) {
    uint8_t *to = sp__grow(w, t.n);
    if (!to || !t.n) return 0;
    __builtin_memcpy(to, t.p, t.n);
    return (uint64_t)t.n << 32 | (uint32_t)(to - w->b);
}

SP_USE void sp_put_text(sp_writer *w, uint32_t k, sp_text t) { sp_put_number(w, k, sp__payload(w, t)); }

SP_USE void sp_put_pairs(sp_writer *w, uint32_t k, const sp_pair *pairs, uint32_t count) {
    if (!count || !sp__grow(w, -w->used & 7)) return;
    uint8_t *entries = sp__grow(w, count * 16);
    if (!entries) return;
    sp_put_number(w, k, (uint64_t)count << 32 | (uint32_t)(entries - w->b));
    for (uint32_t i = 0; i < count; i++) {
        uint64_t name = sp__payload(w, pairs[i].name), value = sp__payload(w, pairs[i].value);
        __builtin_memcpy(entries + i * 16, &name, 8);
        __builtin_memcpy(entries + i * 16 + 8, &value, 8);
    }
}

/* sp_end is the frame's length, or SP_ERR_TOO_BIG. */
SP_USE int32_t sp_end(sp_writer *w) {
    if (w->full) return SP_ERR_TOO_BIG;
    sp__set32(w->b, w->used);
    return (int32_t)w->used;
}

/* sp__request begins a frame for the host in what is left of the arena. */
SP_USE void sp__request(sp_writer *w, uint32_t slots) {
    sp_arena *a = &sp__hook;
    uint32_t at = (a->used + 7) & ~7u;
    if (at > a->size) at = a->size;
    sp_begin(w, (uint8_t *)a->p + at, a->size - at, slots);
}

/* ---- The call of a hook. ---- */

typedef struct {
    sp_frame in;
    int64_t handle;
    bool stale; /* a variable was set since the frame was written */
    uint32_t action, code, set_count, header_count, target_count, fork;
    uint64_t max_duration;
    sp_text reason;
    sp_pair set[SP_PAIRS], headers[SP_PAIRS], targets[SP_MAX_TARGETS];
} sp_call;

SP_USE sp_list_of sp_list(const sp_call *c, uint32_t field) { return sp__frame_list(&c->in, field); }
SP_USE sp_text sp_param(const sp_call *c, const char *name) { return sp_find(sp_list(c, SP_FIELD_PARAMS), sp_str(name)); }

/* The clock, nanoseconds since 1970 UTC, and one that never goes back, since some moment. */
SP_USE int64_t sp_now(void) { return sp_host_now(); }
SP_USE int64_t sp_monotonic(void) { return sp_host_monotonic(); }

SP_IMPORT("wasi_snapshot_preview1", "random_get") int32_t sp__random_get(void *to, int32_t n);

/* sp_random is 64 random bits from the host. What init has of them is the same in all instances, which are
 * copies of the first; ask in a hook. */
SP_USE uint64_t sp_random(void) {
    uint64_t v = 0;
    sp__random_get(&v, sizeof v);
    return v;
}

SP_USE void sp_log(const sp_call *c, int32_t level, sp_text t) { sp_host_log(c->handle, level, t.p, (int32_t)t.n); }

/* sp__pulled is what a pull wrote behind what the hook has pulled so far. */
SP_USE sp_text sp__pulled(int32_t n) {
    char *at = sp__hook.p + sp__hook.used;
    if (n < 0 || (uint32_t)n > sp__hook.size - sp__hook.used) return SP_NONE;
    sp__hook.used += (uint32_t)n;
    return (sp_text){at, (uint32_t)n};
}
#define SP__ROOM sp__hook.p + sp__hook.used, (int32_t)(sp__hook.size - sp__hook.used)

SP_USE sp_text sp__pull_field(const sp_call *c, uint32_t field) {
    return sp__pulled(sp_host_get(c->handle, SP_GET_FIELD, "", 0, (int32_t)field, SP__ROOM));
}

/* sp_field and sp_number are what SP_FIELD_… is of the call; an absent one is empty, or 0. */
SP_USE sp_text sp_field(const sp_call *c, uint32_t field) {
    return c->in.b ? sp__frame_text(&c->in, field) : sp__pull_field(c, field);
}
SP_USE uint64_t sp_number(const sp_call *c, uint32_t field) {
    if (c->in.b) return sp__slot(&c->in, field);
    uint64_t v = 0;
    sp_text t = sp__pull_field(c, field);
    for (uint32_t i = 0; i < t.n; i++) v = v * 10 + (uint64_t)(t.p[i] - '0');
    return v;
}

/* sp_header is field number index of that name in the event's message; p is 0 when there is none, or no room
 * for it (SP_ARENA). */
SP_USE sp_text sp_header(const sp_call *c, const char *name, int32_t index) {
    sp_text t = sp_str(name);
    return sp__pulled(sp_host_get(c->handle, SP_GET_HEADER, t.p, (int32_t)t.n, index, SP__ROOM));
}

SP_USE sp_text sp_body(const sp_call *c) { return sp__pulled(sp_host_get(c->handle, SP_GET_BODY, "", 0, 0, SP__ROOM)); }

SP_USE sp_text sp_var(const sp_call *c, const char *name) {
    sp_text t = sp_str(name);
    if (!c->stale) return sp_find(sp_list(c, SP_FIELD_VARS), t);
    return sp__pulled(sp_host_var_get(c->handle, t.p, (int32_t)t.n, SP__ROOM));
}

/* sp_set_var sets a variable for all modules of the call; an empty value removes it. */
SP_USE int32_t sp_set_var(sp_call *c, const char *name, sp_text value) {
    sp_text t = sp_str(name);
    c->stale = true;
    return sp_host_var_set(c->handle, t.p, (int32_t)t.n, value.p, (int32_t)value.n);
}

/* State: one blob of this use in this call, for its later hooks. */
SP_USE sp_text sp_state(const sp_call *c) { return sp__pulled(sp_host_state_get(c->handle, SP__ROOM)); }
SP_USE int32_t sp_set_state(const sp_call *c, sp_text t) { return sp_host_state_set(c->handle, t.p, (int32_t)t.n); }

/* sp_emit_cdr hands over one record, a line without its end. Needs the capability sbc_cdr. */
SP_USE int32_t sp_emit_cdr(const sp_call *c, sp_text t) { return sp_host_cdr_emit(c->handle, t.p, (int32_t)t.n); }

/* sp_lookup is the value for key in a map of the SBC's configuration; p is 0 when there is none. Needs the
 * capability sbc_map. */
SP_USE sp_text sp_lookup(const sp_call *c, const char *map, sp_text key) {
    sp_text t = sp_str(map);
    return sp__pulled(sp_host_map_lookup(c->handle, t.p, (int32_t)t.n, key.p, (int32_t)key.n, SP__ROOM));
}

/* Timers 0 to 15 of this use in this call, with the capability sbc_timer; they count with the hook's decision.
 * sp_timer_set runs the hook timer after so many nanoseconds, sp_timer_end ends the call then. */
SP_USE int32_t sp_timer_set(const sp_call *c, int32_t number, uint64_t after) {
    return sp_host_timer_set(c->handle, number, (int64_t)after, SP_TIMER_FIRE);
}
SP_USE int32_t sp_timer_end(const sp_call *c, int32_t number, uint64_t after) {
    return sp_host_timer_set(c->handle, number, (int64_t)after, SP_TIMER_END);
}
SP_USE int32_t sp_timer_clear(const sp_call *c, int32_t number) { return sp_host_timer_clear(c->handle, number); }

/* Metrics the operator can see, with the capability sbc_metric. The first three give a metric's number, in init
 * or any hook, or a code; the same name is the same metric. A counter only grows, a gauge is added to or set, a
 * summary counts and sums. */
SP_USE int32_t sp_counter(const char *name) { sp_text t = sp_str(name); return sp_host_metric_define(SP_METRIC_COUNTER, t.p, (int32_t)t.n); }
SP_USE int32_t sp_gauge(const char *name) { sp_text t = sp_str(name); return sp_host_metric_define(SP_METRIC_GAUGE, t.p, (int32_t)t.n); }
SP_USE int32_t sp_summary(const char *name) { sp_text t = sp_str(name); return sp_host_metric_define(SP_METRIC_SUMMARY, t.p, (int32_t)t.n); }
SP_USE int32_t sp_metric_add(int32_t metric, int64_t delta) { return sp_host_metric_add(metric, delta); }
SP_USE int32_t sp_metric_observe(int32_t metric, int64_t value) { return sp_host_metric_observe(metric, value); }

/* Any call of this node by its id (SP_FIELD_ID), SP_NONE for this one, with the capability sbc_call. sp_hangup ends it:
 * code, 0 for 480, is for a call that was not answered. sp_rearm sets anew how many nanoseconds this use lets it
 * last from its answer; 0 lifts the limit. SP_ERR_NOT_FOUND: no such call. */
SP_USE int32_t sp_hangup(const sp_call *c, sp_text id, int32_t code, sp_text reason) {
    return sp_host_call_hangup(c->handle, id.p, (int32_t)id.n, code, reason.p, (int32_t)reason.n);
}
SP_USE int32_t sp_rearm(const sp_call *c, sp_text id, uint64_t span) {
    return sp_host_call_rearm(c->handle, id.p, (int32_t)id.n, (int64_t)span);
}

/* sp_inform sends an INFO to the far end of a leg, "a" or "b", of this call, when its dialog is confirmed, and sp_refer a
 * REFER: that it is to call another URI. SP_OK: the call was told to. */
SP_USE int32_t sp_inform(const sp_call *c, sp_text leg, sp_text type, sp_text body, const sp_pair *headers, uint32_t count) {
    sp_writer w;
    sp__request(&w, SP_REQUEST_SLOTS);
    sp_put_text(&w, SP_REQUEST_LEG, leg);
    sp_put_text(&w, SP_REQUEST_CONTENT_TYPE, type);
    sp_put_text(&w, SP_REQUEST_BODY, body);
    sp_put_pairs(&w, SP_REQUEST_HEADERS, headers, count);
    int32_t n = sp_end(&w);
    return n < 0 ? n : sp_host_call_info(c->handle, w.b, n);
}
SP_USE int32_t sp_refer(const sp_call *c, sp_text leg, sp_text target, const sp_pair *headers, uint32_t count) {
    sp_writer w;
    sp__request(&w, SP_REQUEST_SLOTS);
    sp_put_text(&w, SP_REQUEST_LEG, leg);
    sp_put_text(&w, SP_REQUEST_TARGET, target);
    sp_put_pairs(&w, SP_REQUEST_HEADERS, headers, count);
    int32_t n = sp_end(&w);
    return n < 0 ? n : sp_host_call_refer(c->handle, w.b, n);
}

/* ---- The decision; doing nothing lets the call pass. ---- */

SP_USE void sp__pair(sp_pair *to, uint32_t *count, uint32_t most, sp_text name, sp_text value) {
    if (*count < most) to[*count] = (sp_pair){name, value};
    (*count)++; /* one too many fails the hook */
}

/* sp_refuse ends the call with a response: code 300 to 699; no reason = the registered phrase. */
SP_USE void sp_refuse(sp_call *c, uint32_t code, sp_text reason) {
    c->action = SP_ACTION_REFUSE;
    c->code = code;
    c->reason = reason;
    c->header_count = 0;
}
SP_USE void sp_refuse_header(sp_call *c, sp_text name, sp_text value) { sp__pair(c->headers, &c->header_count, SP_PAIRS, name, value); }

/* sp_drop ends the call without a reply. */
SP_USE void sp_drop(sp_call *c) { c->action = SP_ACTION_DROP; }

/* sp_set sets a key of the call's plan, "routing.targets" for example. */
SP_USE void sp_set(sp_call *c, sp_text key, sp_text value) { sp__pair(c->set, &c->set_count, SP_PAIRS, key, value); }

/* sp_max_duration ends the call so many nanoseconds after its answer. */
SP_USE void sp_max_duration(sp_call *c, uint64_t span) { c->max_duration = span; }

/* sp_target adds a URI to try next; in the event reject. */
SP_USE void sp_target(sp_call *c, sp_text uri) { sp__pair(c->targets, &c->target_count, SP_MAX_TARGETS, uri, SP_NONE); }

/* sp_fork tries the targets at the same time. */
SP_USE void sp_fork(sp_call *c) { c->fork = 1; }

SP_USE int32_t sp__decide(const sp_call *c, uint8_t *b, uint32_t size) {
    sp_writer w;
    if (!c->action && !c->set_count && !c->max_duration && !c->target_count) return 0;
    if (c->set_count > SP_PAIRS || c->header_count > SP_PAIRS || c->target_count > SP_MAX_TARGETS) return SP_ERR_TOO_BIG;
    sp_begin(&w, b, size < SP_ANSWER_ROOM ? size : SP_ANSWER_ROOM, SP_DECISION_SLOTS);
    sp_put_number(&w, SP_DECISION_ACTION, c->action);
    if (c->action == SP_ACTION_REFUSE) {
        sp_put_number(&w, SP_DECISION_CODE, c->code);
        sp_put_text(&w, SP_DECISION_REASON, c->reason);
        sp_put_pairs(&w, SP_DECISION_HEADERS, c->headers, c->header_count);
    } else if (c->action == SP_ACTION_PASS) {
        sp_put_pairs(&w, SP_DECISION_SET, c->set, c->set_count);
        sp_put_number(&w, SP_DECISION_MAX_DURATION, c->max_duration);
        sp_put_pairs(&w, SP_DECISION_TARGETS, c->targets, c->target_count);
        sp_put_number(&w, SP_DECISION_FORK, c->fork);
    }
    return sp_end(&w);
}

/* ---- The configuration. What these give stays; so may what sp_keep copies. ---- */

typedef struct { sp_frame in; sp_text config; } sp_setup;

SP_USE sp_text sp_keep(sp_text t) { return sp__put(&sp__kept, t); }
SP_USE void sp_setup_log(int32_t level, sp_text t) { sp_host_log(0, level, t.p, (int32_t)t.n); }

SP_USE uint32_t sp__space(sp_text t, uint32_t i) {
    while (i < t.n && (t.p[i] == ' ' || t.p[i] == '\t' || t.p[i] == '\n' || t.p[i] == '\r')) i++;
    return i;
}

/* sp__value is the end of the JSON value at i. The host has checked that it is JSON. */
SP_USE uint32_t sp__value(sp_text t, uint32_t i) {
    uint32_t depth = 0;
    for (bool quoted = false; i < t.n; i++) {
        char ch = t.p[i];
        if (quoted) {
            if (ch == '\\') i++;
            else if (ch == '"') quoted = false;
        } else if (ch == '"') quoted = true;
        else if (ch == '{' || ch == '[') depth++;
        else if (!depth && (ch == ',' || ch == '}' || ch == ']')) return i;
        else if (ch == '}' || ch == ']') depth--;
    }
    return i < t.n ? i : t.n;
}

SP_USE uint32_t sp__hex(sp_text t, uint32_t i) {
    uint32_t v = 0;
    for (uint32_t end = i + 4; i < end; i++) {
        char ch = i < t.n ? t.p[i] : '0';
        v = v << 4 | (uint32_t)(ch <= '9' ? ch - '0' : (ch | 32) - 'a' + 10);
    }
    return v;
}

/* sp__string keeps a JSON string without its quotes and escapes. */
SP_USE bool sp__string(sp_text raw, sp_text *out) {
    if (raw.n < 2 || raw.p[0] != '"') return false;
    char *to = sp__room(&sp__kept, raw.n), *from = to;
    if (!to) return false;
    for (uint32_t i = 1; i < raw.n && raw.p[i] != '"'; i++) {
        char ch = raw.p[i];
        if (ch == '\\' && i + 1 < raw.n) {
            ch = raw.p[++i];
            const char *plain = "b\bf\fn\nr\rt\t";
            for (uint32_t k = 0; k < 10; k += 2)
                if (ch == plain[k]) { ch = plain[k + 1]; break; }
            if (raw.p[i] == 'u') {
                uint32_t v = sp__hex(raw, i + 1);
                i += 4;
                if (v >= 0xd800 && v < 0xdc00 && i + 6 < raw.n && raw.p[i + 2] == 'u') {
                    v = 0x10000 + ((v & 0x3ff) << 10) + (sp__hex(raw, i + 3) & 0x3ff);
                    i += 6;
                }
                if (v >= 0x10000) *to++ = (char)(0xf0 | v >> 18), *to++ = (char)(0x80 | (v >> 12 & 63));
                else if (v >= 0x800) *to++ = (char)(0xe0 | v >> 12);
                if (v >= 0x800) *to++ = (char)(0x80 | (v >> 6 & 63));
                else if (v >= 0x80) *to++ = (char)(0xc0 | v >> 6);
                ch = (char)(v >= 0x80 ? 0x80 | (v & 63) : v);
            }
        }
        *to++ = ch;
    }
    *out = (sp_text){from, (uint32_t)(to - from)};
    sp__kept.used += out->n;
    return true;
}

/* sp__member is the text of a member of the configuration's object; false when it is not there. */
SP_USE bool sp__member(const sp_setup *s, sp_text key, sp_text *raw) {
    sp_text t = s->config;
    for (uint32_t i = sp__space(t, 0) + 1; (i = sp__space(t, i)) < t.n && t.p[i] == '"';) {
        uint32_t name = i + 1, end = name;
        while (end < t.n && t.p[end] != '"') end += t.p[end] == '\\' ? 2 : 1;
        i = sp__space(t, sp__space(t, end + 1) + 1);
        uint32_t behind = sp__value(t, i);
        if (behind > i && end < t.n && sp_equal((sp_text){t.p + name, end - name}, key)) {
            *raw = (sp_text){t.p + i, behind - i};
            return true;
        }
        i = behind + 1;
    }
    return false;
}

/* sp_config_text reads a string; false when it is there and something else. */
SP_USE bool sp_config_text(const sp_setup *s, const char *key, sp_text *out) {
    sp_text raw;
    return !sp__member(s, sp_str(key), &raw) || sp__string(raw, out);
}

/* sp_config_int reads a whole number up to nine digits; false when it is there and something else. */
SP_USE bool sp_config_int(const sp_setup *s, const char *key, int32_t *out) {
    sp_text raw;
    if (!sp__member(s, sp_str(key), &raw)) return true;
    bool minus = raw.n && raw.p[0] == '-';
    int32_t v = 0;
    uint32_t i = minus, digits = 0;
    for (; i < raw.n && raw.p[i] >= '0' && raw.p[i] <= '9' && digits < 9; i++, digits++) v = v * 10 + raw.p[i] - '0';
    if (!digits || sp__space(raw, i) != raw.n) return false;
    *out = minus ? -v : v;
    return true;
}

/* sp_config_texts reads an array of strings into list, at most most of them: their number, or -1. */
SP_USE int32_t sp_config_texts(const sp_setup *s, const char *key, sp_text *list, uint32_t most) {
    sp_text raw;
    uint32_t count = 0;
    if (!sp__member(s, sp_str(key), &raw)) return 0;
    if (raw.p[0] != '[') return -1;
    for (uint32_t i = 1; (i = sp__space(raw, i)) < raw.n && raw.p[i] != ']'; count++) {
        uint32_t end = sp__value(raw, i);
        if (count >= most || !sp__string((sp_text){raw.p + i, end - i}, &list[count])) return -1;
        i = end < raw.n && raw.p[end] == ',' ? end + 1 : end;
    }
    return (int32_t)count;
}

/* ---- Waiting: an explicit state machine. ----
 *
 *     #define SP_WAITING 64 // hooks of one instance that may wait; before the #include
 *
 *     static int32_t start(sp_call *c) {
 *         struct note n = {…};                           // what waited has to know
 *         return sp_wait(c, sp_http_get(c, url), &n, sizeof n);
 *     }
 *     static int32_t waited(sp_call *c, int32_t status, const sp_frame *result, void *note) {
 *         if (status < 0) …                              // SP_ERR_NOT_FOUND, SP_ERR_TIMEOUT …
 *         sp_text body = sp_result_text(result, SP_RESULT_BODY);
 *         … decide, or sp_wait for something else
 *     }
 *     SALLYPORT_MODULE(.waited = waited, .hook = {…})
 *
 * Whatever is asked, and however fast the answer was there, waited gets it: other hooks may
 * have run before. The call's frame is gone by then: sp_field and sp_number ask the host,
 * sp_list and sp_param are empty. What was decided before sp_wait is forgotten; variables,
 * state and timers are not. */

#define SP_PENDING 0x7fffffff /* what a hook that waits answers: the result of sp_wait */

#ifndef SP_NOTE
#define SP_NOTE 256 /* bytes a hook that waits may leave for itself */
#endif

typedef struct {
    int32_t (*init)(const sp_setup *);      /* may be 0; below zero refuses to start */
    int32_t (*hook[SP_EVENT_STOP + 1])(sp_call *); /* by event; manifest.json names the same hooks */
    int32_t (*waited)(sp_call *, int32_t status, const sp_frame *result, void *note);
    /* With SP_STATE_VERSION: turns a blob of an older version into one of this, in to, which has
     * room for SP_MAX_STATE bytes: its length, or a code. */
    int32_t (*migrate)(uint32_t from, sp_text state, char *to);
    int32_t (*self_test)(void);             /* with SP_SELF_TEST; below zero refuses the new version */
} sp_module;

/* The result of what was waited for: SP_RESULT_…. */
SP_USE sp_text sp_result_text(const sp_frame *r, uint32_t k) { return sp__frame_text(r, k); }
SP_USE uint64_t sp_result_number(const sp_frame *r, uint32_t k) { return sp__slot(r, k); }
SP_USE sp_list_of sp_result_list(const sp_frame *r, uint32_t k) { return sp__frame_list(r, k); }

/* sp_value is the number that was asked for: a balance, a grant, a counter, nanoseconds. */
SP_USE int64_t sp_value(const sp_frame *r) { return (int64_t)sp__slot(r, SP_RESULT_VALUE); }

/* sp_complete ends a hook that waits in sp_park with the decision of d, which begins as
 * (sp_call){0} and is decided on by sp_refuse, sp_set and the like; or with a code below zero. */
SP_USE int32_t sp_complete(int64_t handle, int32_t status, const sp_call *d) {
    sp_arena *a = &sp__hook;
    uint32_t at = (a->used + 7) & ~7u;
    if (at > a->size) return SP_ERR_TOO_BIG;
    int32_t n = status < 0 ? 0 : sp__decide(d, (uint8_t *)a->p + at, a->size - at);
    return n < 0 ? n : sp_host_complete(handle, status, a->p + at, n);
}

/* The functions that may take time begin what sp_wait waits for. */

typedef int64_t (*sp__asked)(int64_t, const void *, int32_t, void *, int32_t);

/* sp__ask sends the request. An answer at once is left behind it in the arena: its place and
 * length. */
SP_USE int64_t sp__ask(const sp_call *c, sp_writer *w, sp__asked f) {
    int32_t n = sp_end(w);
    if (n < 0) return n;
    sp_arena *a = &sp__hook;
    uint32_t at = (uint32_t)((char *)w->b - a->p) + (((uint32_t)n + 7) & ~7u);
    if (at > a->size) at = a->size;
    int64_t r = f(c->handle, w->b, n, a->p + at, (int32_t)(a->size - at));
    if (r < 0 || r & (int64_t)SP_TOKEN_BIT) return r;
    a->used = at + (uint32_t)r;
    return (int64_t)at << 32 | r;
}

SP_USE void sp_put_names(sp_writer *w, uint32_t k, const sp_text *names, uint32_t count) {
    if (!count || !sp__grow(w, -w->used & 7)) return;
    uint8_t *entries = count > SP_MAX_LIST ? NULL : sp__grow(w, count * 16);
    if (!entries) {
        w->full = true;
        return;
    }
    sp_put_number(w, k, (uint64_t)count << 32 | (uint32_t)(entries - w->b));
    __builtin_memset(entries, 0, count * 16);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t name = sp__payload(w, names[i]);
        if (!w->full) __builtin_memcpy(entries + i * 16, &name, 8);
    }
}

/* SP_TEXTS(a, b) is an array of texts and its length, for the functions that take them. */
#define SP_TEXTS(...) (const sp_text[]){__VA_ARGS__}, sizeof((const sp_text[]){__VA_ARGS__}) / sizeof(sp_text)

/* sp_sleep begins a pause of so many nanoseconds. */
SP_USE int64_t sp_sleep(const sp_call *c, uint64_t span) { return sp_host_sleep(c->handle, (int64_t)span); }

/* HTTP, with the capability sbc_http. No method is GET, timeout 0 as long as the hook may wait. The
 * result has SP_RESULT_STATUS, SP_RESULT_HEADERS and SP_RESULT_BODY; any status is a result. */
SP_USE int64_t sp_http_within(const sp_call *c, uint64_t timeout, sp_text method, sp_text url, const sp_pair *headers, uint32_t count, sp_text body) {
    sp_writer w;
    sp__request(&w, SP_HTTP_SLOTS);
    sp_put_text(&w, SP_HTTP_METHOD, method);
    sp_put_text(&w, SP_HTTP_URL, url);
    sp_put_pairs(&w, SP_HTTP_HEADERS, headers, count);
    sp_put_text(&w, SP_HTTP_BODY, body);
    sp_put_number(&w, SP_HTTP_TIMEOUT, timeout);
    return sp__ask(c, &w, sp_host_http_send);
}
SP_USE int64_t sp_http(const sp_call *c, sp_text method, sp_text url, const sp_pair *headers, uint32_t count, sp_text body) {
    return sp_http_within(c, 0, method, url, headers, count, body);
}
SP_USE int64_t sp_http_get(const sp_call *c, sp_text url) { return sp_http(c, SP_NONE, url, 0, 0, SP_NONE); }

/* The module's own part of the store, with the capability sbc_kv. A ttl of 0 is without end. */
SP_USE int64_t sp__kv(const sp_call *c, sp__asked f, sp_text key, sp_text value, uint64_t ttl) {
    sp_writer w;
    sp__request(&w, SP_KV_SLOTS);
    sp_put_text(&w, SP_KV_KEY, key);
    sp_put_text(&w, SP_KV_VALUE, value);
    sp_put_number(&w, SP_KV_TTL, ttl);
    return sp__ask(c, &w, f);
}
/* sp_kv_get: SP_RESULT_BODY is the value of a key, decimal for numbers; SP_ERR_NOT_FOUND. */
SP_USE int64_t sp_kv_get(const sp_call *c, sp_text key) { return sp__kv(c, sp_host_kv_get, key, SP_NONE, 0); }
SP_USE int64_t sp_kv_set(const sp_call *c, sp_text key, sp_text value, uint64_t ttl) { return sp__kv(c, sp_host_kv_set, key, value, ttl); }
SP_USE int64_t sp_kv_del(const sp_call *c, sp_text key) { return sp__kv(c, sp_host_kv_del, key, SP_NONE, 0); }

SP_USE int64_t sp__kv_add(const sp_call *c, sp_text key, int64_t delta, bool bounded, int64_t floor, int64_t ceiling, uint64_t ttl) {
    sp_writer w;
    sp__request(&w, SP_KV_SLOTS);
    sp_put_text(&w, SP_KV_KEY, key);
    sp_put_number(&w, SP_KV_DELTA, (uint64_t)delta);
    sp_put_number(&w, SP_KV_BOUNDED, bounded);
    sp_put_number(&w, SP_KV_FLOOR, (uint64_t)floor);
    sp_put_number(&w, SP_KV_CEILING, (uint64_t)ceiling);
    sp_put_number(&w, SP_KV_TTL, ttl);
    return sp__ask(c, &w, sp_host_kv_add);
}
/* sp_kv_add adds to a number: sp_value. ttl counts from when it was made. */
SP_USE int64_t sp_kv_add(const sp_call *c, sp_text key, int64_t delta, uint64_t ttl) { return sp__kv_add(c, key, delta, false, 0, 0, ttl); }
/* sp_kv_add_within changes nothing, SP_ERR_CONFLICT, when the number would leave floor or ceiling. */
SP_USE int64_t sp_kv_add_within(const sp_call *c, sp_text key, int64_t delta, int64_t floor, int64_t ceiling, uint64_t ttl) {
    return sp__kv_add(c, key, delta, true, floor, ceiling, ttl);
}

SP_USE int64_t sp__kv_members(const sp_call *c, sp__asked f, sp_text set, const sp_text *members, uint32_t count) {
    sp_writer w;
    sp__request(&w, SP_KV_SLOTS);
    sp_put_text(&w, SP_KV_KEY, set);
    sp_put_names(&w, SP_KV_MEMBERS, members, count);
    return sp__ask(c, &w, f);
}
/* sp_kv_set_add and sp_kv_set_del: sp_value is how many were new, or there. sp_kv_set_has: 1 or 0.
 * sp_kv_set_match: SP_RESULT_BODY is the longest member that the value begins with; SP_ERR_NOT_FOUND. */
SP_USE int64_t sp_kv_set_add(const sp_call *c, sp_text set, const sp_text *members, uint32_t count) {
    return sp__kv_members(c, sp_host_kv_set_add, set, members, count);
}
SP_USE int64_t sp_kv_set_del(const sp_call *c, sp_text set, const sp_text *members, uint32_t count) {
    return sp__kv_members(c, sp_host_kv_set_del, set, members, count);
}
SP_USE int64_t sp_kv_set_has(const sp_call *c, sp_text set, sp_text member) { return sp__kv_members(c, sp_host_kv_set_has, set, &member, 1); }
SP_USE int64_t sp_kv_set_match(const sp_call *c, sp_text set, sp_text value) { return sp__kv_members(c, sp_host_kv_set_match, set, &value, 1); }

/* Limits, with the capability sbc_limit. */
typedef struct { sp_text key; int64_t max, cost; } sp_limit; /* cost 0 counts as 1 */
enum { SP_AWAY_FAIL, SP_AWAY_PASS, SP_AWAY_SHARE };           /* when the store is away */
#define SP_LIMITS 16                                          /* most of one lease */

/* sp_limit_acquire holds a lease against all limits, or against none: then SP_ERR_CONFLICT, and
 * SP_RESULT_BODY is the key of a full one. No lease's name is this use in this call: given back by
 * itself when the call has ended. */
SP_USE int64_t sp_limit_acquire(const sp_call *c, sp_text lease, uint32_t away, const sp_limit *limits, uint32_t count) {
    sp_writer w;
    sp_pair pairs[SP_LIMITS];
    if (count > SP_LIMITS) return SP_ERR_TOO_BIG;
    for (uint32_t i = 0; i < count; i++) {
        if (limits[i].max < 0 || limits[i].cost < 0) return SP_ERR_INVALID;
        pairs[i].name = limits[i].key;
        pairs[i].value = sp_decimal((uint64_t)limits[i].max);
        if (limits[i].cost) pairs[i].value = SP_JOIN(pairs[i].value, SP_TEXT(" "), sp_decimal((uint64_t)limits[i].cost));
    }
    sp__request(&w, SP_LIMIT_SLOTS);
    sp_put_text(&w, SP_LIMIT_LEASE, lease);
    sp_put_number(&w, SP_LIMIT_AWAY, away);
    sp_put_pairs(&w, SP_LIMIT_LIMITS, pairs, count);
    return sp__ask(c, &w, sp_host_limit_acquire);
}
SP_USE int64_t sp_limit_release(const sp_call *c, sp_text lease) {
    sp_writer w;
    sp__request(&w, SP_LIMIT_SLOTS);
    sp_put_text(&w, SP_LIMIT_LEASE, lease);
    return sp__ask(c, &w, sp_host_limit_release);
}
/* sp_limit_take takes count from a rate of so many thousandths a second with that burst, or nothing:
 * SP_ERR_CONFLICT, and sp_value is how many nanoseconds until there is enough. */
SP_USE int64_t sp_limit_take(const sp_call *c, sp_text key, uint64_t milli, uint64_t burst, uint64_t count) {
    sp_writer w;
    sp__request(&w, SP_LIMIT_SLOTS);
    sp_put_text(&w, SP_LIMIT_KEY, key);
    sp_put_number(&w, SP_LIMIT_RATE, milli);
    sp_put_number(&w, SP_LIMIT_BURST, burst);
    sp_put_number(&w, SP_LIMIT_COUNT, count);
    return sp__ask(c, &w, sp_host_limit_take);
}

/* Accounts, in micro-units, with the capability sbc_account. A reservation belongs to this use in this
 * call and has a number; saying one again changes nothing. */
SP_USE int64_t sp__account(const sp_call *c, sp__asked f, sp_text account, sp_text id, uint32_t sequence, int64_t amount, uint64_t ttl) {
    sp_writer w;
    sp__request(&w, SP_ACCOUNT_SLOTS);
    sp_put_text(&w, SP_ACCOUNT_ACCOUNT, account);
    sp_put_text(&w, SP_ACCOUNT_ID, id);
    sp_put_number(&w, SP_ACCOUNT_SEQUENCE, sequence);
    sp_put_number(&w, SP_ACCOUNT_AMOUNT, (uint64_t)amount);
    sp_put_number(&w, SP_ACCOUNT_TTL, ttl);
    return sp__ask(c, &w, f);
}
/* sp_account_balance: sp_value is what is free; SP_ERR_NOT_FOUND. */
SP_USE int64_t sp_account_balance(const sp_call *c, sp_text account) { return sp__account(c, sp_host_account_balance, account, SP_NONE, 0, 0, 0); }
/* sp_account_reserve holds back up to amount: sp_value is how much. After ttl, 0 for a minute, it is free again. */
SP_USE int64_t sp_account_reserve(const sp_call *c, sp_text account, uint32_t sequence, int64_t amount, uint64_t ttl) {
    return sp__account(c, sp_host_account_reserve, account, SP_NONE, sequence, amount, ttl);
}
/* sp_account_commit takes what was used and frees the rest: sp_value is what is free then. */
SP_USE int64_t sp_account_commit(const sp_call *c, sp_text account, uint32_t sequence, int64_t used) {
    return sp__account(c, sp_host_account_commit, account, SP_NONE, sequence, used, 0);
}
SP_USE int64_t sp_account_cancel(const sp_call *c, sp_text account, uint32_t sequence) {
    return sp__account(c, sp_host_account_cancel, account, SP_NONE, sequence, 0, 0);
}
/* sp_account_deposit adds amount, once for each id. */
SP_USE int64_t sp_account_deposit(const sp_call *c, sp_text account, sp_text id, int64_t amount) {
    return sp__account(c, sp_host_account_deposit, account, id, 0, amount, 0);
}

/* sp_redis gives a command that the configuration allows, on keys under its prefix; scripts by EVAL. It needs
 * the capability sbc_redis. sp_redis(c, SP_TEXTS(SP_TEXT("GET"), key)). SP_RESULT_STATUS says what came:
 * SP_REDIS_NIL …; then sp_value, SP_RESULT_BODY or SP_RESULT_LIST is it. */
enum { SP_REDIS_NIL, SP_REDIS_NUMBER, SP_REDIS_TEXT, SP_REDIS_LIST, SP_REDIS_ERROR };
SP_USE int64_t sp_redis(const sp_call *c, const sp_text *args, uint32_t count) {
    sp_writer w;
    sp__request(&w, SP_REDIS_SLOTS);
    sp_put_names(&w, SP_REDIS_ARGS, args, count);
    return sp__ask(c, &w, sp_host_redis_cmd);
}

/* sp_redis_script runs a Lua script by EVAL: sp_redis_script(c, script, SP_TEXTS(key), SP_TEXTS(a, b)). */
SP_USE int64_t sp_redis_script(const sp_call *c, sp_text script, const sp_text *keys, uint32_t key_count, const sp_text *args, uint32_t count) {
    sp_text all[32] = {SP_TEXT("EVAL"), script, sp_decimal(key_count)};
    if (key_count > 29 || count > 29 - key_count) return SP_ERR_TOO_BIG;
    for (uint32_t i = 0; i < key_count; i++) all[3 + i] = keys[i];
    for (uint32_t i = 0; i < count; i++) all[3 + key_count + i] = args[i];
    return sp_redis(c, all, 3 + key_count + count);
}

#ifdef SP_WAITING

static const sp_module sp__module;
static struct { int64_t token, handle; _Alignas(8) uint8_t note[SP_NOTE]; } sp__waiting[SP_WAITING]; /* token 0 = free */
static struct { bool there; int64_t begun; _Alignas(8) uint8_t note[SP_NOTE]; } sp__soon; /* an answer that was there at once */

/* sp_wait ends the hook for now: waited gets the result of what was begun, and the note. */
SP_USE int32_t sp_wait(const sp_call *c, int64_t begun, const void *note, uint32_t n) {
    if (n > SP_NOTE) return SP_ERR_TOO_BIG;
    if (begun < 0 || !(begun & (int64_t)SP_TOKEN_BIT)) {
        sp__soon.there = true;
        sp__soon.begun = begun;
        __builtin_memcpy(sp__soon.note, note, n);
        return SP_PENDING;
    }
    for (uint32_t i = 0; i < SP_WAITING; i++)
        if (!sp__waiting[i].token) {
            sp__waiting[i].token = begun;
            sp__waiting[i].handle = c->handle;
            __builtin_memcpy(sp__waiting[i].note, note, n);
            return SP_PENDING;
        }
    return SP_ERR_BUSY;
}

/* sp_park lets a hook wait for nothing but sp_complete from another hook of the same
 * instance: keep c->handle for it. */
SP_USE int32_t sp_park(const sp_call *c) {
    (void)c;
    return SP_PENDING;
}

/* What runs while the answers come at once. */
#define SP__SOON                                                                                           \
    static int32_t sp__answers(int32_t code) {                                                             \
        static _Alignas(8) uint8_t note[SP_NOTE];                                                          \
        while (code == SP_PENDING && sp__soon.there) {                                                     \
            sp_frame result = {0, 0, 0};                                                                   \
            int64_t begun = sp__soon.begun;                                                                \
            sp__soon.there = false;                                                                        \
            __builtin_memcpy(note, sp__soon.note, SP_NOTE);                                                \
            if (begun > 0 && !sp_open(&result, (uint8_t *)sp__hook.p + (begun >> 32), (uint32_t)begun)) return SP_ERR_INTERNAL; \
            sp__undecided((sp_frame){0, 0, 0}, sp__call.handle, true);                                     \
            code = sp__module.waited(&sp__call, begun < 0 ? (int32_t)begun : SP_OK, &result, note);        \
        }                                                                                                  \
        sp__soon.there = false;                                                                            \
        return code;                                                                                       \
    }

#define SP__RESUME                                                                                         \
    SP_EXPORT("sbc_resume") int64_t sp__resume(int64_t token, int32_t status, uint32_t n) {                \
        static _Alignas(8) uint8_t note[SP_NOTE];                                                          \
        sp_frame result = {0, 0, 0};                                                                       \
        if (n > sp__size - 8 || (n && !sp_open(&result, sp__buffer, n))) return (int64_t)SP_ERR_INVALID * 0x100000000; \
        for (uint32_t i = 0; i < SP_WAITING; i++)                                                          \
            if (token && sp__waiting[i].token == token) {                                                  \
                sp__waiting[i].token = 0;                                                                  \
                __builtin_memcpy(note, sp__waiting[i].note, SP_NOTE);                                      \
                sp__undecided((sp_frame){0, 0, 0}, sp__waiting[i].handle, true);                           \
                sp__hook.used = 0;                                                                         \
                return sp__done(sp__module.waited(&sp__call, status, &result, note), n);                   \
            }                                                                                              \
        return (int64_t)SP_ERR_NOT_FOUND * 0x100000000;                                                    \
    }                                                                                                      \
    SP_EXPORT("sbc_cancel") void sp__cancel(int64_t handle) {                                              \
        for (uint32_t i = 0; i < SP_WAITING; i++)                                                          \
            if (sp__waiting[i].handle == handle) sp__waiting[i].token = 0;                                 \
    }
#else
#define SP__NO_WAITING __attribute__((error("a module that waits has #define SP_WAITING 64 before #include \"sallyport.h\"")))
SP__NO_WAITING int32_t sp_wait(const sp_call *c, int64_t begun, const void *note, uint32_t n);
SP__NO_WAITING int32_t sp_park(const sp_call *c);
#define SP__SOON static int32_t sp__answers(int32_t code) { return code; }
#define SP__RESUME
#endif

#ifdef SP_STATE_VERSION
#define SP__MIGRATE                                                                                        \
    SP_EXPORT("sbc_migrate") int64_t sp__migrate(uint32_t from, uint32_t n) {                              \
        static char state[SP_MAX_STATE];                                                                   \
        if (n > sp__size || n > SP_MAX_STATE) return (int64_t)SP_ERR_TOO_BIG * 0x100000000;                \
        int32_t code = sp__module.migrate(from, (sp_text){(char *)sp__buffer, n}, state);                  \
        if (code < 0) return (int64_t)code * 0x100000000;                                                  \
        __builtin_memcpy(sp__buffer, state, (uint32_t)code);                                               \
        return code;                                                                                       \
    }
#else
#define SP_STATE_VERSION 0
#define SP__MIGRATE
#endif

#ifdef SP_SELF_TEST
#define SP__SELF_TEST SP_EXPORT("sbc_selftest") int32_t sp__self_test(uint32_t n) { (void)n; return sp__module.self_test(); }
#else
#define SP__SELF_TEST
#endif

/* ---- The module: its functions, and the exports the host calls. ---- */

/* SALLYPORT_MODULE(.init = …, .hook = {[SP_EVENT_START] = …}) stands once, behind the functions. */
#define SALLYPORT_MODULE(...)                                                                              \
    static const sp_module sp__module = {__VA_ARGS__};                                                     \
    static uint8_t sp__first[SP_BUFFER_SIZE], *sp__buffer = sp__first;                                     \
    static uint32_t sp__size = SP_BUFFER_SIZE;                                                             \
    static sp_call sp__call;                                                                               \
    SP_EXPORT("sbc_abi_v1") int32_t sp__abi(void) { return SP_ABI_MINOR; }                                 \
    SP_EXPORT("sbc_buffer") int64_t sp__give(uint32_t min) {                                               \
        if (min > sp__size) {                                                                              \
            uint32_t pages = min / 65536 + 1;                                                              \
            size_t at = min > 4u << 20 ? (size_t)-1 : __builtin_wasm_memory_grow(0, pages);                \
            if (at == (size_t)-1) return 0;                                                                \
            sp__buffer = (uint8_t *)(at * 65536);                                                          \
            sp__size = pages * 65536;                                                                      \
        }                                                                                                  \
        return (int64_t)(uintptr_t)sp__buffer << 32 | sp__size;                                            \
    }                                                                                                      \
    SP_EXPORT("sbc_init") int32_t sp__init(uint32_t n) {                                                   \
        sp_setup s;                                                                                        \
        sp_writer w;                                                                                       \
        uint64_t events = 0;                                                                               \
        if (n > sp__size || !sp_open(&s.in, sp__buffer, n)) return SP_ERR_INVALID;                         \
        s.config = sp__frame_text(&s.in, SP_INIT_CONFIG);                                                  \
        int32_t code = sp__module.init ? sp__module.init(&s) : SP_OK;                                      \
        if (code < 0) return code;                                                                         \
        for (uint32_t e = 0; e <= SP_EVENT_STOP; e++)                                                      \
            if (sp__module.hook[e]) events |= 1ull << e;                                                   \
        sp_begin(&w, sp__buffer, sp__size, SP_WELCOME_SLOTS);                                              \
        sp_put_number(&w, SP_WELCOME_EVENTS, events);                                                      \
        sp_put_number(&w, SP_WELCOME_STATE_VERSION, SP_STATE_VERSION);                                     \
        return sp_end(&w);                                                                                 \
    }                                                                                                      \
    static void sp__undecided(sp_frame in, int64_t handle, bool stale) {                                   \
        sp_call *c = &sp__call;                                                                            \
        c->in = in;                                                                                        \
        c->handle = handle;                                                                                \
        c->stale = stale;                                                                                  \
        c->action = c->code = c->set_count = c->header_count = c->target_count = c->fork = 0;              \
        c->max_duration = 0;                                                                               \
    }                                                                                                      \
    SP__SOON                                                                                               \
    /* the answer of a hook, behind the n bytes that came in */                                            \
    static int64_t sp__done(int32_t code, uint32_t n) {                                                    \
        uint32_t at = (n + 7) & ~7u;                                                                       \
        code = sp__answers(code);                                                                          \
        if (code == SP_PENDING) return (int64_t)SP_STATUS_PENDING << 32;                                   \
        if (code >= 0) code = sp__decide(&sp__call, sp__buffer + at, sp__size - at);                       \
        return code < 0 ? (int64_t)code * 0x100000000 : code;                                              \
    }                                                                                                      \
    SP_EXPORT("sbc_event") int64_t sp__event(uint32_t event, int64_t handle, uint32_t n) {                 \
        sp_frame in;                                                                                       \
        if (n > sp__size - 8 || !sp_open(&in, sp__buffer, n)) return (int64_t)SP_ERR_INVALID * 0x100000000;\
        sp__undecided(in, handle, false);                                                                  \
        sp__hook.used = 0;                                                                                 \
        if (event > SP_EVENT_STOP || !sp__module.hook[event]) return (int64_t)SP_ERR_UNSUPPORTED * 0x100000000;\
        return sp__done(sp__module.hook[event](&sp__call), n);                                             \
    }                                                                                                      \
    SP__RESUME                                                                                             \
    SP__MIGRATE                                                                                            \
    SP__SELF_TEST                                                                                          \
    _Static_assert(SP_ABI_MAJOR == 1, "the exports are those of contract 1")

#endif
