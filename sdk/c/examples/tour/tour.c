/* Uses all that a module can use: every function of the host, in the right way and in a wrong one, and every
 * hook. It says in the log what came of it. The callee names the part of the tour. */
#define SP_WAITING 16
#define SP_STATE_VERSION 3
#define SP_SELF_TEST
#include "sallyport.h"

#define SECOND 1000000000ull
#define T SP_TEXT

static int32_t counter, gauge, summary;
static char many[20000];
static sp_text fail; /* why its self test fails */

static int32_t init(const sp_setup *s) {
    if (!sp_config_text(s, "fail", &fail)) return SP_ERR_INVALID;
    counter = sp_counter("calls"), gauge = sp_gauge("level"), summary = sp_summary("took");
    if (counter < 0 || gauge < 0 || summary < 0) return SP_ERR_INTERNAL;
    sp_setup_log(SP_LOG_INFO, T("sbc_metric.define OK"));
    sp_setup_log(SP_LOG_INFO, SP_JOIN(T("sbc_metric.define "), sp_code_name(sp_gauge("calls"))));
    return SP_OK;
}

/* migrate puts the version before a state of version 2. */
static int32_t migrate(uint32_t from, sp_text state, char *to) {
    if (from != 2 || state.n > SP_MAX_STATE - 2) {
        sp_setup_log(SP_LOG_ERROR, T("version unknown"));
        return SP_ERR_INVALID;
    }
    to[0] = '3', to[1] = ':';
    for (uint32_t i = 0; i < state.n; i++) to[2 + i] = state.p[i];
    return (int32_t)state.n + 2;
}

static int32_t self_test(void) {
    if (!fail.n) return SP_OK;
    sp_setup_log(SP_LOG_ERROR, fail);
    return SP_ERR_INTERNAL;
}

static sp_text decimal(int64_t v) { return v < 0 ? SP_JOIN(T("-"), sp_decimal((uint64_t)-v)) : sp_decimal((uint64_t)v); }

/* A step of the tour: a function of the host, and what begins it. */
struct step { const char *name; int64_t (*begin)(sp_call *); };
#define STEP(id, text, expression)                                   \
    static int64_t id##_begin(sp_call *c) { return expression; }     \
    static const struct step id[] = {{text, id##_begin}};

/* ---- The store. ---- */

STEP(kv_get, "sbc_kv.get", sp_kv_get(c, T("a")))
STEP(kv_set, "sbc_kv.set", sp_kv_set(c, T("a"), T("value"), 60 * SECOND))
STEP(kv_set_bad, "sbc_kv.set", sp_kv_set(c, T("a\nb"), T("value"), 0))
STEP(kv_add_text, "sbc_kv.add", sp_kv_add(c, T("a"), 1, 0))
STEP(kv_del, "sbc_kv.del", sp_kv_del(c, T("a")))
STEP(kv_del_bad, "sbc_kv.del", sp_kv_del(c, T("a\nb")))
STEP(kv_add, "sbc_kv.add", sp_kv_add(c, T("n"), -5, 0))
STEP(kv_within, "sbc_kv.add", sp_kv_add_within(c, T("n"), 1, -5, -5, 0))
STEP(kv_set_add, "sbc_kv.set_add", sp_kv_set_add(c, T("s"), SP_TEXTS(T("+49"), T("+4930"))))
STEP(kv_set_add_none, "sbc_kv.set_add", sp_kv_set_add(c, T("s"), 0, 0))
STEP(kv_set_has, "sbc_kv.set_has", sp_kv_set_has(c, T("s"), T("+49")))
STEP(kv_set_has_bad, "sbc_kv.set_has", sp_kv_set_has(c, T("s\n"), T("+49")))
STEP(kv_match, "sbc_kv.set_match", sp_kv_set_match(c, T("s"), T("+493012345")))
STEP(kv_match_none, "sbc_kv.set_match", sp_kv_set_match(c, T("s"), T("+1")))
STEP(kv_set_del, "sbc_kv.set_del", sp_kv_set_del(c, T("s"), SP_TEXTS(T("+49"), T("+48"))))
STEP(kv_set_del_none, "sbc_kv.set_del", sp_kv_set_del(c, T("s"), 0, 0))

static const struct step *const kv[] = {kv_get, kv_set, kv_get, kv_set_bad, kv_add_text, kv_del, kv_del_bad, kv_add, kv_within, kv_set_add, kv_set_add_none,
    kv_set_has, kv_set_has_bad, kv_match, kv_match_none, kv_set_del, kv_set_del_none, 0};

static int64_t acquire(sp_call *c, sp_text lease) {
    sp_limit limits[] = {{T("user"), 2, 0}, {T("trunk"), 9, 5}};
    return sp_limit_acquire(c, lease, SP_AWAY_FAIL, limits, 2);
}
STEP(limit_acquire, "sbc_limit.acquire", acquire(c, SP_NONE))
STEP(limit_acquire_x, "sbc_limit.acquire", acquire(c, T("x")))
STEP(limit_release, "sbc_limit.release", sp_limit_release(c, SP_NONE))
STEP(limit_release_x, "sbc_limit.release", sp_limit_release(c, T("x")))
STEP(limit_take, "sbc_limit.take", sp_limit_take(c, T("r"), 1000, 2, 2))
STEP(limit_take_many, "sbc_limit.take", sp_limit_take(c, T("r"), 1000, 2, 3))

static const struct step *const limit[] = {limit_acquire, limit_acquire_x, limit_release_x, limit_release, limit_acquire_x, limit_release_x, limit_take, limit_take,
    limit_take_many, 0};

STEP(balance, "sbc_account.balance", sp_account_balance(c, T("alice")))
STEP(deposit, "sbc_account.deposit", sp_account_deposit(c, T("alice"), T("first"), 1000))
STEP(deposit_other, "sbc_account.deposit", sp_account_deposit(c, T("alice"), T("first"), 900))
STEP(reserve_1, "sbc_account.reserve", sp_account_reserve(c, T("alice"), 1, 600, 0))
STEP(reserve_2, "sbc_account.reserve", sp_account_reserve(c, T("alice"), 2, 600, 60 * SECOND))
STEP(cancel_1, "sbc_account.cancel", sp_account_cancel(c, T("alice"), 1))
STEP(cancel_2, "sbc_account.cancel", sp_account_cancel(c, T("alice"), 2))
STEP(commit, "sbc_account.commit", sp_account_commit(c, T("alice"), 1, 250))
STEP(commit_other, "sbc_account.commit", sp_account_commit(c, T("alice"), 1, 200))

static const struct step *const account[] = {balance, deposit, deposit_other, reserve_1, reserve_2, cancel_2, commit, commit_other, cancel_1, reserve_2, balance, 0};

/* ---- The network. ---- */

static int64_t post(sp_call *c) {
    sp_pair headers[] = {{T("X-Question"), T("me")}};
    return sp_http(c, T("POST"), T("http://web.example/echo"), headers, 1, T("hello"));
}
STEP(http_post, "sbc_http.send", post(c))
STEP(http_missing, "sbc_http.send", sp_http_get(c, T("http://web.example/missing")))
STEP(http_denied, "sbc_http.send", sp_http_get(c, T("http://elsewhere.example/")))
STEP(http_slow, "sbc_http.send", sp_http_within(c, SECOND / 20, SP_NONE, T("http://web.example/slow"), 0, 0, SP_NONE))
STEP(http_cut, "sbc_http.send", sp_http_get(c, T("http://web.example/cut")))

static const struct step *const web[] = {http_post, http_missing, http_denied, http_slow, http_cut, 0};

STEP(redis_get, "sbc_redis.cmd", sp_redis(c, SP_TEXTS(T("GET"), T("a b"))))
STEP(redis_incr, "sbc_redis.cmd", sp_redis(c, SP_TEXTS(T("INCR"), T("n"))))
STEP(redis_members, "sbc_redis.cmd", sp_redis(c, SP_TEXTS(T("SMEMBERS"), T("s"))))
STEP(redis_none, "sbc_redis.cmd", sp_redis(c, SP_TEXTS(T("GET"), T("none"))))
STEP(redis_wrong, "sbc_redis.cmd", sp_redis(c, SP_TEXTS(T("GET"), T("wrong"))))
STEP(redis_eval, "sbc_redis.cmd", sp_redis_script(c, T("return KEYS[1]"), SP_TEXTS(T("k")), SP_TEXTS(T("a"))))
STEP(redis_away, "sbc_redis.cmd", sp_redis(c, SP_TEXTS(T("GET"), T("away"))))
STEP(redis_denied, "sbc_redis.cmd", sp_redis(c, SP_TEXTS(T("FLUSHALL"))))

static const struct step *const redis[] = {redis_get, redis_incr, redis_members, redis_none, redis_wrong, redis_eval, redis_away, redis_denied, 0};

/* ---- What answers at once. ---- */

static void say(sp_call *c, const char *what, int32_t code, sp_text more) {
    if (code > 0) code = SP_OK;
    sp_log(c, SP_LOG_INFO, SP_JOIN(sp_str(what), T(" "), sp_code_name(code), more.n ? T(" ") : SP_NONE, more));
}
static void found(sp_call *c, const char *what, sp_text t) { say(c, what, t.p ? SP_OK : SP_ERR_NOT_FOUND, t); }
static int32_t is(bool ok) { return ok ? SP_OK : SP_ERR_INVALID; }

static void before(sp_call *c) {
    sp_log(c, SP_LOG_INFO, T("sbc.log OK"));
    say(c, "sbc.now", is((uint64_t)sp_now() == sp_number(c, SP_FIELD_START)), SP_NONE);
    say(c, "sbc.monotonic", is(sp_monotonic() > 0), SP_NONE);
    say(c, "random", is(sp_random() != sp_random()), SP_NONE);
    found(c, "sbc.get", sp_header(c, "X-Account", 1));
    found(c, "sbc.get", sp_header(c, "X-None", 0));
    found(c, "sbc.get", sp_body(c));
    say(c, "sbc.var_set", sp_set_var(c, "seen", T("yes")), SP_NONE);
    say(c, "sbc.var_set", sp_set_var(c, "seen", T("a\r\nb")), SP_NONE);
    found(c, "sbc.var_get", sp_var(c, "seen"));
    found(c, "sbc.var_get", sp_var(c, "none"));
    say(c, "sbc.state_set", sp_set_state(c, T("kept")), SP_NONE);
    say(c, "sbc.state_set", sp_set_state(c, (sp_text){many, sizeof many}), SP_NONE);
    found(c, "sbc.state_get", sp_state(c));
}

static void after(sp_call *c) {
    found(c, "sbc.get", sp_field(c, SP_FIELD_CALLEE));
    found(c, "sbc.var_get", sp_var(c, "seen"));
    found(c, "sbc_map.lookup", sp_lookup(c, "numbers", T("bob")));
    found(c, "sbc_map.lookup", sp_lookup(c, "none", T("bob")));
    say(c, "sbc_timer.set", sp_timer_set(c, 1, 60 * SECOND), SP_NONE);
    say(c, "sbc_timer.set", sp_timer_end(c, 2, 3600 * SECOND), SP_NONE);
    say(c, "sbc_timer.set", sp_timer_set(c, 16, 60 * SECOND), SP_NONE);
    say(c, "sbc_timer.clear", sp_timer_clear(c, 3), SP_NONE);
    say(c, "sbc_timer.clear", sp_timer_clear(c, 16), SP_NONE);
    say(c, "sbc_metric.add", sp_metric_add(counter, 2), SP_NONE);
    say(c, "sbc_metric.add", sp_metric_add(counter, -1), SP_NONE);
    say(c, "sbc_metric.observe", sp_metric_observe(gauge, -7), SP_NONE);
    say(c, "sbc_metric.observe", sp_metric_observe(summary, 40), SP_NONE);
    say(c, "sbc_metric.observe", sp_metric_observe(counter, 1), SP_NONE);
    say(c, "sbc_cdr.emit", sp_emit_cdr(c, T("{}")), SP_NONE);
    say(c, "sbc_cdr.emit", sp_emit_cdr(c, T("a\nb")), SP_NONE);
    say(c, "sbc_call.hangup", sp_hangup(c, T("call-1"), 603, T("Enough")), SP_NONE);
    say(c, "sbc_call.hangup", sp_hangup(c, T("gone"), 0, SP_NONE), SP_NONE);
    say(c, "sbc_call.rearm", sp_rearm(c, SP_NONE, 3600 * SECOND), SP_NONE);
    say(c, "sbc_call.rearm", sp_rearm(c, T("gone"), 3600 * SECOND), SP_NONE);
    sp_pair headers[] = {{T("X-From"), T("tour")}};
    say(c, "sbc_call.info", sp_inform(c, T("a"), T("text/plain"), T("hello"), headers, 1), SP_NONE);
    say(c, "sbc_call.info", sp_inform(c, T("c"), T("text/plain"), T("hello"), 0, 0), SP_NONE);
    say(c, "sbc_call.refer", sp_refer(c, T("b"), T("sip:carol@example.org"), 0, 0), SP_NONE);
    say(c, "sbc_call.refer", sp_refer(c, T("b"), SP_NONE, 0, 0), SP_NONE);
}

STEP(pause, "sbc.sleep", sp_sleep(c, SECOND / 1000))
static const struct step *const call[] = {pause, 0}, *const late[] = {pause, 0};

/* ---- The tour: the note is the part and the step of it. ---- */

static const struct { const char *name; const struct step *const *steps; } parts[] = {
    {"kv", kv}, {"limit", limit}, {"account", account}, {"web", web}, {"redis", redis}, {"call", call}, {"late", late}, {0, 0},
};
struct note { uint32_t part, step; };

static int64_t handle; /* of a hook that waits for complete */

static int32_t go(sp_call *c, struct note n) {
    return sp_wait(c, parts[n.part].steps[n.step]->begin(c), &n, sizeof n);
}

static int32_t start(sp_call *c) {
    sp_text callee = sp_field(c, SP_FIELD_CALLEE);
    if (sp_equal(callee, T("park"))) {
        handle = c->handle;
        return sp_park(c);
    }
    if (sp_equal(callee, T("complete"))) {
        sp_call d = {0};
        sp_refuse(&d, 486, T("Busy"));
        say(c, "sbc.complete", sp_complete(handle, SP_OK, &d), SP_NONE);
        say(c, "sbc.complete", sp_complete(handle + 99, SP_OK, &d), SP_NONE);
        return SP_OK;
    }
    for (uint32_t i = 0; parts[i].name; i++)
        if (sp_equal(callee, sp_str(parts[i].name))) {
            if (parts[i].steps == call) before(c);
            return go(c, (struct note){i, 0});
        }
    return SP_OK;
}

static int32_t waited(sp_call *c, int32_t status, const sp_frame *r, void *note) {
    struct note n = *(struct note *)note;
    const struct step *const *steps = parts[n.part].steps;
    if (steps == late) {
        sp_set(c, T("identity.ruri"), SP_JOIN(T("sip:"), sp_field(c, SP_FIELD_CALLEE), T("@example.org")));
        return SP_OK;
    }
    sp_text more[32], item, none;
    uint32_t k = 0;
    if (sp_value(r)) more[k++] = T(" "), more[k++] = decimal(sp_value(r));
    if (sp_result_number(r, SP_RESULT_STATUS)) more[k++] = T(" status "), more[k++] = sp_decimal(sp_result_number(r, SP_RESULT_STATUS));
    sp_text body = sp_result_text(r, SP_RESULT_BODY), echo = sp_find(sp_result_list(r, SP_RESULT_HEADERS), T("X-Echo"));
    if (body.n || echo.n) more[k++] = T(" "), more[k++] = body, more[k++] = echo;
    for (uint32_t i = 0; k < 30 && sp_at(sp_result_list(r, SP_RESULT_LIST), i, &item, &none); i++) more[k++] = T(" - "), more[k++] = item;
    sp_text line = sp_join(more, k);
    say(c, steps[n.step]->name, status, line.n ? sp_from(line, 1) : SP_NONE);
    if (steps[++n.step]) return go(c, n);
    if (steps == call) after(c);
    return SP_OK;
}

/* ---- The other hooks: they say what they were told. ---- */

static int32_t told(sp_call *c, const char *name) {
    sp_log(c, SP_LOG_INFO, SP_JOIN(T("hook "), sp_str(name), T(" "), sp_field(c, SP_FIELD_SIDE), T(" "), sp_decimal(sp_number(c, SP_FIELD_STATUS)),
        T(" "), sp_field(c, SP_FIELD_PHRASE), T(" "), sp_decimal(sp_number(c, SP_FIELD_TIMER)), T(" "), sp_field(c, SP_FIELD_DETAIL)));
    return SP_OK;
}
#define HOOK(name) static int32_t name##_hook(sp_call *c) { return told(c, #name); }
HOOK(early) HOOK(connect) HOOK(refresh) HOOK(refer) HOOK(dtmf) HOOK(info) HOOK(hold) HOOK(resume) HOOK(media_timeout)
HOOK(rearm) HOOK(register) HOOK(route) HOOK(tick) HOOK(stop)

/* Two others are tried at a time. */
static int32_t reject(sp_call *c) {
    sp_target(c, SP_JOIN(sp_field(c, SP_FIELD_TARGET), T(";again")));
    sp_target(c, T("sip:backup@example.net"));
    sp_fork(c);
    return told(c, "reject");
}

static int32_t timer(sp_call *c) {
    sp_refuse(c, 480, T("Time is up"));
    sp_refuse_header(c, T("X-Timer"), sp_decimal(sp_number(c, SP_FIELD_TIMER)));
    return told(c, "timer");
}

static int32_t end(sp_call *c) {
    sp_log(c, SP_LOG_INFO, SP_JOIN(T("hook end "), sp_field(c, SP_FIELD_DISPOSITION), T(" "), sp_decimal(sp_number(c, SP_FIELD_CODE)), T(" "),
        sp_field(c, SP_FIELD_HANGUP_BY), T(" "), sp_state(c)));
    return SP_OK;
}

SALLYPORT_MODULE(.init = init, .waited = waited, .migrate = migrate, .self_test = self_test, .hook = {
    [SP_EVENT_START] = start, [SP_EVENT_EARLY] = early_hook, [SP_EVENT_CONNECT] = connect_hook, [SP_EVENT_REFRESH] = refresh_hook,
    [SP_EVENT_REJECT] = reject, [SP_EVENT_REFER] = refer_hook, [SP_EVENT_DTMF] = dtmf_hook, [SP_EVENT_INFO] = info_hook,
    [SP_EVENT_HOLD] = hold_hook, [SP_EVENT_RESUME] = resume_hook, [SP_EVENT_MEDIA_TIMEOUT] = media_timeout_hook, [SP_EVENT_TIMER] = timer,
    [SP_EVENT_END] = end, [SP_EVENT_REARM] = rearm_hook, [SP_EVENT_REGISTER] = register_hook, [SP_EVENT_ROUTE] = route_hook, [SP_EVENT_TICK] = tick_hook,
    [SP_EVENT_STOP] = stop_hook,
});
