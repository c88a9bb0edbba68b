/* Asks a web server where a call goes, and waits without holding up other calls. Where the
 * server is busy (503) it is asked once more after a moment: two steps of a state machine. */
#define SP_WAITING 64
#include "sallyport.h"

static sp_text url;

enum step { ASKED, PAUSED, ASKED_AGAIN };
struct note { enum step step; uint32_t n; char callee[128]; };

static int32_t init(const sp_setup *s) { return sp_config_text(s, "url", &url) ? SP_OK : SP_ERR_INVALID; }

static int32_t ask(sp_call *c, struct note *n, enum step step) {
    n->step = step;
    return sp_wait(c, sp_http_get(c, SP_JOIN(url, (sp_text){n->callee, n->n})), n, sizeof *n);
}

static int32_t start(sp_call *c) {
    struct note n = {.n = 0};
    for (sp_text callee = sp_field(c, SP_FIELD_CALLEE); n.n < callee.n; n.n++) {
        if (n.n == sizeof n.callee) return SP_ERR_TOO_BIG;
        n.callee[n.n] = callee.p[n.n];
    }
    return ask(c, &n, ASKED);
}

static int32_t waited(sp_call *c, int32_t status, const sp_frame *result, void *note) {
    struct note *n = note;
    if (status < 0) return status;
    if (n->step == PAUSED) return ask(c, n, ASKED_AGAIN);
    uint64_t code = sp_result_number(result, SP_RESULT_STATUS);
    sp_text body = sp_result_text(result, SP_RESULT_BODY);
    if (code == 503 && n->step == ASKED) {
        n->step = PAUSED;
        return sp_wait(c, sp_sleep(c, 20000000), n, sizeof *n);
    }
    if (code == 403) sp_refuse(c, 403, SP_TEXT("Says the Web"));
    else if (code == 200 && body.n) {
        sp_set(c, SP_TEXT("identity.ruri"), body);
        return sp_set_var(c, "looked_up", body);
    } else if (code != 404) return SP_ERR_IO;
    return SP_OK;
}

SALLYPORT_MODULE(.init = init, .waited = waited, .hook = {[SP_EVENT_START] = start});
