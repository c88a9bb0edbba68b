//! Uses all that a module can use: every function of the host, in the right way and in a wrong one, and every
//! hook. It says in the log what came of it. The callee names the part of the tour.

use sallyport::*;
use std::time::Duration;

struct Tour {
    counter: Metric,
    gauge: Metric,
    summary: Metric,
    fail: String, // why its self test fails
    parked: i64,  // handle of a hook that waits for complete
}

/// A step of the tour: a function of the host, and what begins it.
type Step = (&'static str, fn(&Call) -> Begun);

const NO_TIME: Duration = Duration::ZERO;
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

const KV: &[Step] = &[
    ("sbc_kv.get", |c| c.kv().get("a")),
    ("sbc_kv.set", |c| c.kv().set("a", "value", MINUTE)),
    ("sbc_kv.get", |c| c.kv().get("a")),
    ("sbc_kv.set", |c| c.kv().set("a\nb", "value", NO_TIME)),
    ("sbc_kv.add", |c| c.kv().add("a", 1, NO_TIME)),
    ("sbc_kv.del", |c| c.kv().delete("a")),
    ("sbc_kv.del", |c| c.kv().delete("a\nb")),
    ("sbc_kv.add", |c| c.kv().add("n", -5, NO_TIME)),
    ("sbc_kv.add", |c| c.kv().add_within("n", 1, -5, -5, NO_TIME)),
    ("sbc_kv.set_add", |c| c.kv().set_add("s", &["+49", "+4930"])),
    ("sbc_kv.set_add", |c| c.kv().set_add("s", &[])),
    ("sbc_kv.set_has", |c| c.kv().set_has("s", "+49")),
    ("sbc_kv.set_has", |c| c.kv().set_has("s\n", "+49")),
    ("sbc_kv.set_match", |c| c.kv().set_match("s", "+493012345")),
    ("sbc_kv.set_match", |c| c.kv().set_match("s", "+1")),
    ("sbc_kv.set_del", |c| c.kv().set_delete("s", &["+49", "+48"])),
    ("sbc_kv.set_del", |c| c.kv().set_delete("s", &[])),
];

fn acquire(c: &Call, lease: &str) -> Begun {
    c.limits().acquire_as(lease, Away::Fail, &[Limit { key: "user", max: 2, cost: 0 }, Limit { key: "trunk", max: 9, cost: 5 }])
}

const LIMIT: &[Step] = &[
    ("sbc_limit.acquire", |c| acquire(c, "")),
    ("sbc_limit.acquire", |c| acquire(c, "x")),
    ("sbc_limit.release", |c| c.limits().release_as("x")),
    ("sbc_limit.release", |c| c.limits().release()),
    ("sbc_limit.acquire", |c| acquire(c, "x")),
    ("sbc_limit.release", |c| c.limits().release_as("x")),
    ("sbc_limit.take", |c| c.limits().take("r", 1000, 2, 2)),
    ("sbc_limit.take", |c| c.limits().take("r", 1000, 2, 2)),
    ("sbc_limit.take", |c| c.limits().take("r", 1000, 2, 3)),
];

const ACCOUNT: &[Step] = &[
    ("sbc_account.balance", |c| c.account("alice").balance()),
    ("sbc_account.deposit", |c| c.account("alice").deposit("first", 1000)),
    ("sbc_account.deposit", |c| c.account("alice").deposit("first", 900)),
    ("sbc_account.reserve", |c| c.account("alice").reserve(1, 600, NO_TIME)),
    ("sbc_account.reserve", |c| c.account("alice").reserve(2, 600, MINUTE)),
    ("sbc_account.cancel", |c| c.account("alice").cancel(2)),
    ("sbc_account.commit", |c| c.account("alice").commit(1, 250)),
    ("sbc_account.commit", |c| c.account("alice").commit(1, 200)),
    ("sbc_account.cancel", |c| c.account("alice").cancel(1)),
    ("sbc_account.reserve", |c| c.account("alice").reserve(2, 600, NO_TIME)),
    ("sbc_account.balance", |c| c.account("alice").balance()),
];

const WEB: &[Step] = &[
    ("sbc_http.send", |c| c.http("POST", "http://web.example/echo", &[("X-Question", "me")], "hello")),
    ("sbc_http.send", |c| c.http_get("http://web.example/missing")),
    ("sbc_http.send", |c| c.http_get("http://elsewhere.example/")),
    ("sbc_http.send", |c| c.http_within(Duration::from_millis(50), "", "http://web.example/slow", &[], "")),
    ("sbc_http.send", |c| c.http_get("http://web.example/cut")),
];

const REDIS: &[Step] = &[
    ("sbc_redis.cmd", |c| c.redis(&["GET", "a b"])),
    ("sbc_redis.cmd", |c| c.redis(&["INCR", "n"])),
    ("sbc_redis.cmd", |c| c.redis(&["SMEMBERS", "s"])),
    ("sbc_redis.cmd", |c| c.redis(&["GET", "none"])),
    ("sbc_redis.cmd", |c| c.redis(&["GET", "wrong"])),
    ("sbc_redis.cmd", |c| c.redis_script("return KEYS[1]", &["k"], &["a"])),
    ("sbc_redis.cmd", |c| c.redis(&["GET", "away"])),
    ("sbc_redis.cmd", |c| c.redis(&["FLUSHALL"])),
];

const PAUSE: &[Step] = &[("sbc.sleep", |c| c.sleep(Duration::from_millis(1)))];

fn part(name: &str) -> &'static [Step] {
    match name {
        "kv" => KV,
        "limit" => LIMIT,
        "account" => ACCOUNT,
        "web" => WEB,
        "redis" => REDIS,
        "call" | "late" => PAUSE,
        _ => &[],
    }
}

fn say(c: &Call, what: &str, code: i32, more: &str) {
    c.log(LOG_INFO, &[what, " ", Code(code).name(), more].concat());
}

fn did(c: &Call, what: &str, r: Result) {
    say(c, what, r.map_or_else(|code| code.0, |_| OK), "");
}

fn found(c: &Call, what: &str, v: Option<&str>) {
    match v {
        Some(v) => say(c, what, OK, &[" ", v].concat()),
        None => say(c, what, ERR_NOT_FOUND, ""),
    }
}

fn is(ok: bool) -> Result {
    if ok { Ok(()) } else { Err(Code(ERR_INVALID)) }
}

/// What a hook was told.
fn told(c: &Call, name: &str) -> Result {
    let (status, timer) = (c.number(FIELD_STATUS).to_string(), c.number(FIELD_TIMER).to_string());
    let line = ["hook", name, c.text(FIELD_SIDE), &status, c.text(FIELD_PHRASE), &timer, c.text(FIELD_DETAIL)].join(" ");
    c.log(LOG_INFO, &line);
    Ok(())
}

impl Tour {
    fn before(&self, c: &Call) {
        c.log(LOG_INFO, "sbc.log OK");
        did(c, "sbc.now", is(now().as_nanos() as u64 == c.number(FIELD_START)));
        did(c, "sbc.monotonic", is(monotonic() > NO_TIME));
        did(c, "random", is(random() != random()));
        found(c, "sbc.get", c.header("X-Account", 1));
        found(c, "sbc.get", c.header("X-None", 0));
        found(c, "sbc.get", c.body());
        did(c, "sbc.var_set", c.set_var("seen", "yes"));
        did(c, "sbc.var_set", c.set_var("seen", "a\r\nb"));
        found(c, "sbc.var_get", Some(c.var("seen")));
        found(c, "sbc.var_get", Some(c.var("none")).filter(|v| !v.is_empty()));
        did(c, "sbc.state_set", c.set_state("kept"));
        did(c, "sbc.state_set", c.set_state(&"x".repeat(20_000)));
        found(c, "sbc.state_get", Some(c.state()));
    }

    fn after(&self, c: &Call) {
        found(c, "sbc.get", Some(c.text(FIELD_CALLEE)));
        found(c, "sbc.var_get", Some(c.var("seen")));
        found(c, "sbc_map.lookup", c.lookup("numbers", "bob"));
        found(c, "sbc_map.lookup", c.lookup("none", "bob"));
        did(c, "sbc_timer.set", c.set_timer(1, MINUTE));
        did(c, "sbc_timer.set", c.end_after(2, HOUR));
        did(c, "sbc_timer.set", c.set_timer(16, MINUTE));
        did(c, "sbc_timer.clear", c.clear_timer(3));
        did(c, "sbc_timer.clear", c.clear_timer(16));
        did(c, "sbc_metric.add", self.counter.add(2));
        did(c, "sbc_metric.add", self.counter.add(-1));
        did(c, "sbc_metric.observe", self.gauge.observe(-7));
        did(c, "sbc_metric.observe", self.summary.observe(40));
        did(c, "sbc_metric.observe", self.counter.observe(1));
        did(c, "sbc_cdr.emit", c.emit_cdr("{}"));
        did(c, "sbc_cdr.emit", c.emit_cdr("a\nb"));
        did(c, "sbc_call.hangup", c.hangup("call-1", 603, "Enough"));
        did(c, "sbc_call.hangup", c.hangup("gone", 0, ""));
        did(c, "sbc_call.rearm", c.rearm("", HOUR));
        did(c, "sbc_call.rearm", c.rearm("gone", HOUR));
        did(c, "sbc_call.info", c.inform("a", "text/plain", "hello", &[("X-From", "tour")]));
        did(c, "sbc_call.info", c.inform("c", "text/plain", "hello", &[]));
        did(c, "sbc_call.refer", c.refer("b", "sip:carol@example.org", &[]));
        did(c, "sbc_call.refer", c.refer("b", "", &[]));
    }

    /// Takes step i of a part; the note is both.
    fn go(&self, c: &mut Call, name: &str, i: usize) -> Result {
        match part(name).get(i) {
            Some((_, begin)) => c.wait(begin(c), &[name, " ", &i.to_string()].concat()),
            None => Ok(()),
        }
    }
}

impl Module for Tour {
    fn init(s: &Setup) -> std::result::Result<Self, String> {
        let failed = |code: Code| code.name().to_string();
        let t = Tour {
            counter: Metric::counter("calls").map_err(failed)?,
            gauge: Metric::gauge("level").map_err(failed)?,
            summary: Metric::summary("took").map_err(failed)?,
            fail: s.text("fail")?.unwrap_or_default(),
            parked: 0,
        };
        log(LOG_INFO, "sbc_metric.define OK");
        if let Err(code) = Metric::gauge("calls") {
            log(LOG_INFO, &["sbc_metric.define ", code.name()].concat());
        }
        Ok(t)
    }

    fn state_version(&self) -> u32 { 3 }

    /// Puts the version before a state of version 2.
    fn migrate(&mut self, from: u32, state: &[u8]) -> Result<Vec<u8>> {
        if from != 2 {
            log(LOG_ERROR, "version unknown");
            return Err(Code(ERR_INVALID));
        }
        Ok([b"3:", state].concat())
    }

    fn self_test(&mut self) -> std::result::Result<(), String> {
        if self.fail.is_empty() { Ok(()) } else { Err(self.fail.clone()) }
    }

    fn start(&mut self, c: &mut Call) -> Result {
        let callee = c.text(FIELD_CALLEE);
        match callee {
            "park" => {
                self.parked = c.handle();
                return c.park();
            }
            "complete" => {
                for handle in [self.parked, self.parked + 99] {
                    did(c, "sbc.complete", complete(handle, |d| {
                        d.refuse(486, "Busy");
                        Ok(())
                    }));
                }
            }
            "call" => self.before(c),
            _ => {}
        }
        self.go(c, callee, 0)
    }

    fn waited(&mut self, c: &mut Call, answer: &Answer, note: &str) -> Result {
        let (name, i) = note.split_once(' ').unwrap_or((note, ""));
        let i: usize = i.parse().unwrap_or(0);
        if name == "late" {
            c.set("identity.ruri", &["sip:", c.text(FIELD_CALLEE), "@example.org"].concat());
            return Ok(());
        }
        let mut more = String::new();
        if answer.value() != 0 {
            more += &[" ", &answer.value().to_string()].concat();
        }
        if answer.status() != 0 {
            more += &[" status ", &answer.status().to_string()].concat();
        }
        let body = [answer.body(), answer.headers().find("X-Echo").unwrap_or("")].concat();
        if !body.is_empty() {
            more += &[" ", &body].concat();
        }
        for item in answer.list() {
            more += &[" - ", item].concat();
        }
        say(c, part(name)[i].0, answer.code(), &more);
        if name == "call" {
            self.after(c);
        }
        self.go(c, name, i + 1)
    }

    fn reject(&mut self, c: &mut Call) -> Result {
        c.target(&[c.text(FIELD_TARGET), ";again"].concat());
        c.target("sip:backup@example.net");
        c.fork();
        told(c, "reject")
    }

    fn timer(&mut self, c: &mut Call) -> Result {
        c.refuse(480, "Time is up");
        c.refuse_header("X-Timer", &c.number(FIELD_TIMER).to_string());
        told(c, "timer")
    }

    fn end(&mut self, c: &mut Call) -> Result {
        let code = c.number(FIELD_CODE).to_string();
        c.log(LOG_INFO, &["hook end", c.text(FIELD_DISPOSITION), &code, c.text(FIELD_HANGUP_BY), c.state()].join(" "));
        Ok(())
    }

    fn early(&mut self, c: &mut Call) -> Result { told(c, "early") }
    fn connect(&mut self, c: &mut Call) -> Result { told(c, "connect") }
    fn refresh(&mut self, c: &mut Call) -> Result { told(c, "refresh") }
    fn refer(&mut self, c: &mut Call) -> Result { told(c, "refer") }
    fn dtmf(&mut self, c: &mut Call) -> Result { told(c, "dtmf") }
    fn info(&mut self, c: &mut Call) -> Result { told(c, "info") }
    fn hold(&mut self, c: &mut Call) -> Result { told(c, "hold") }
    fn resume(&mut self, c: &mut Call) -> Result { told(c, "resume") }
    fn media_timeout(&mut self, c: &mut Call) -> Result { told(c, "media_timeout") }
    fn rearm(&mut self, c: &mut Call) -> Result { told(c, "rearm") }
    fn register(&mut self, c: &mut Call) -> Result { told(c, "register") }
    fn route(&mut self, c: &mut Call) -> Result { told(c, "route") }
    fn tick(&mut self, c: &mut Call) -> Result { told(c, "tick") }
    fn stop(&mut self, c: &mut Call) -> Result { told(c, "stop") }
}

sallyport::module!(Tour);
