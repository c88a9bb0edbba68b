/* A fast blacklist: thousands of prefixes in a trie of ten digits, one step for each digit
 * of the caller's number however long the list is. */
#define SP_KEEP 262144
#include "sallyport.h"

enum { MOST = 8192, NODES = 65536 };
static sp_text list[MOST];
static uint16_t child[NODES][10]; /* 0 = none */
static uint8_t ends[NODES / 8];   /* a prefix ends at this node */
static uint32_t used = 1;
static bool drop;

static sp_text digits(sp_text number) { return number.n && number.p[0] == '+' ? sp_from(number, 1) : number; }

static bool add(sp_text prefix) {
    uint32_t at = 0;
    if (!prefix.n) return false;
    for (uint32_t i = 0; i < prefix.n; i++) {
        uint32_t d = (uint32_t)(prefix.p[i] - '0');
        if (d > 9 || (!child[at][d] && used == NODES)) return false;
        if (!child[at][d]) child[at][d] = (uint16_t)used++;
        at = child[at][d];
    }
    ends[at / 8] |= (uint8_t)(1 << at % 8);
    return true;
}

static int32_t init(const sp_setup *s) {
    sp_text word = SP_NONE;
    int32_t n = sp_config_texts(s, "blocked", list, MOST);
    if (n < 0 || !sp_config_text(s, "drop", &word)) {
        sp_setup_log(SP_LOG_ERROR, SP_TEXT("blocked is not an array of up to 8192 strings, or drop no string"));
        return SP_ERR_INVALID;
    }
    drop = sp_equal(word, SP_TEXT("yes"));
    for (int32_t i = 0; i < n; i++)
        if (!add(digits(list[i]))) {
            sp_setup_log(SP_LOG_ERROR, SP_JOIN(SP_TEXT("blocked: no prefix of digits, or one too many: "), list[i]));
            return SP_ERR_INVALID;
        }
    return SP_OK;
}

static int32_t start(sp_call *c) {
    sp_text caller = digits(sp_field(c, SP_FIELD_CALLER));
    for (uint32_t i = 0, at = 0; i < caller.n; i++) {
        uint32_t d = (uint32_t)(caller.p[i] - '0');
        if (d > 9 || !(at = child[at][d])) return SP_OK;
        if (!(ends[at / 8] >> at % 8 & 1)) continue;
        int32_t code = sp_set_var(c, "blocked", (sp_text){caller.p, i + 1});
        if (drop) sp_drop(c);
        else sp_refuse(c, 603, SP_NONE);
        return code;
    }
    return SP_OK;
}

SALLYPORT_MODULE(.init = init, .hook = {[SP_EVENT_START] = start});
