/* Call forwarding: calls to some numbers go somewhere else. The same module stands in
 * Go, Rust and AssemblyScript beside it; one test shows that all do the same. */
#include "sallyport.h"

enum { MOST = 64 };
static struct { sp_text number, uri; } forwards[MOST];
static sp_text barred[MOST];
static int32_t forward_count, barred_count, longest;

static int32_t refuse_config(sp_text why) {
    sp_setup_log(SP_LOG_ERROR, why);
    return SP_ERR_INVALID;
}

static int32_t init(const sp_setup *s) {
    static sp_text list[MOST];
    forward_count = sp_config_texts(s, "forward", list, MOST);
    barred_count = sp_config_texts(s, "barred", barred, MOST);
    if (forward_count < 0) return refuse_config(SP_TEXT("forward is not an array of strings"));
    if (barred_count < 0) return refuse_config(SP_TEXT("barred is not an array of strings"));
    if (!sp_config_int(s, "longest", &longest)) return refuse_config(SP_TEXT("longest is not a whole number"));
    for (int32_t i = 0; i < forward_count; i++)
        if (!sp_cut(list[i], '=', &forwards[i].number, &forwards[i].uri))
            return refuse_config(SP_JOIN(SP_TEXT("forward: want number=URI, got "), list[i]));
    return SP_OK;
}

/* target is where the call goes: the parameter "to", else what the configuration has. */
static sp_text target(const sp_call *c, sp_text callee) {
    sp_text to = sp_param(c, "to");
    for (int32_t i = 0; !to.n && i < forward_count; i++)
        if (sp_equal(callee, forwards[i].number)) to = forwards[i].uri;
    return to;
}

static int32_t start(sp_call *c) {
    sp_text callee = sp_field(c, SP_FIELD_CALLEE), to = target(c, callee);
    if (!to.n) return SP_OK;

    sp_text by = sp_header(c, "X-Forwarded-By", 0);
    if (by.p) {
        sp_log(c, SP_LOG_WARN, SP_JOIN(callee, SP_TEXT(" was forwarded before, by "), by));
        return sp_set_var(c, "forward_loop", by);
    }
    sp_text scheme, number;
    if (!sp_cut(to, ':', &scheme, &number)) number = to;
    for (int32_t i = 0; i < barred_count; i++)
        if (sp_begins(number, barred[i])) {
            sp_log(c, SP_LOG_WARN, SP_JOIN(callee, SP_TEXT(" must not be forwarded to "), to));
            sp_refuse(c, 403, SP_TEXT("Forwarding Barred"));
            sp_refuse_header(c, SP_TEXT("X-Barred-Prefix"), barred[i]);
            return SP_OK;
        }

    sp_text key = sp_param(c, "key");
    sp_set(c, key.n ? key : SP_TEXT("identity.ruri"), to);
    if (longest > 0) sp_max_duration(c, (uint64_t)longest * 1000000000);
    int32_t code = sp_set_var(c, "forwarded_to", to);
    if (code >= 0) code = sp_set_state(c, to);
    if (code < 0) return code;
    sp_log(c, SP_LOG_INFO, SP_JOIN(callee, SP_TEXT(" is forwarded to "), sp_var(c, "forwarded_to")));
    return SP_OK;
}

static int32_t connect(sp_call *c) {
    sp_text to = sp_state(c);
    return to.n ? sp_set_var(c, "forward_answered", to) : SP_OK;
}

static int32_t end(sp_call *c) {
    sp_text to = sp_state(c);
    if (to.n)
        sp_log(c, SP_LOG_INFO, SP_JOIN(SP_TEXT("call to "), to, SP_TEXT(": "), sp_field(c, SP_FIELD_DISPOSITION), SP_TEXT(" "),
                                       sp_decimal(sp_number(c, SP_FIELD_CODE))));
    return SP_OK;
}

SALLYPORT_MODULE(.init = init, .hook = {[SP_EVENT_START] = start, [SP_EVENT_CONNECT] = connect, [SP_EVENT_END] = end});
