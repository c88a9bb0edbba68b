// Uses all that a module can use: every function of the host, in the right way and in a wrong one, and every
// hook. It says in the log what came of it. The callee names the part of the tour.

import {
  Answer, Away, Begun, Call, Limit, Metric, Module, Pair, Setup, codeName, complete, log, monotonic, now, random, register,
  ERR_INTERNAL, ERR_INVALID, ERR_NOT_FOUND, FIELD_CALLEE, FIELD_CODE, FIELD_DETAIL, FIELD_DISPOSITION, FIELD_HANGUP_BY, FIELD_PHRASE,
  FIELD_SIDE, FIELD_START, FIELD_STATUS, FIELD_TARGET, FIELD_TIMER, LOG_ERROR, LOG_INFO, OK,
} from "sallyport";
export { sbc_abi_v1, sbc_buffer, sbc_init, sbc_event, sbc_resume, sbc_cancel, sbc_migrate, sbc_selftest } from "sallyport";

const SECOND: u64 = 1_000_000_000;
const MINUTE = 60 * SECOND;
const HOUR = 3600 * SECOND;

/** A step of the tour: a function of the host, and what begins it. */
class Step {
  constructor(public name: string, public begin: (c: Call) => Begun) {}
}

const kv: Step[] = [
  new Step("sbc_kv.get", (c) => c.kv.get("a")),
  new Step("sbc_kv.set", (c) => c.kv.set("a", "value", MINUTE)),
  new Step("sbc_kv.get", (c) => c.kv.get("a")),
  new Step("sbc_kv.set", (c) => c.kv.set("a\nb", "value")),
  new Step("sbc_kv.add", (c) => c.kv.add("a", 1)),
  new Step("sbc_kv.del", (c) => c.kv.delete("a")),
  new Step("sbc_kv.del", (c) => c.kv.delete("a\nb")),
  new Step("sbc_kv.add", (c) => c.kv.add("n", -5)),
  new Step("sbc_kv.add", (c) => c.kv.addWithin("n", 1, -5, -5)),
  new Step("sbc_kv.set_add", (c) => c.kv.setAdd("s", ["+49", "+4930"])),
  new Step("sbc_kv.set_add", (c) => c.kv.setAdd("s", [])),
  new Step("sbc_kv.set_has", (c) => c.kv.setHas("s", "+49")),
  new Step("sbc_kv.set_has", (c) => c.kv.setHas("s\n", "+49")),
  new Step("sbc_kv.set_match", (c) => c.kv.setMatch("s", "+493012345")),
  new Step("sbc_kv.set_match", (c) => c.kv.setMatch("s", "+1")),
  new Step("sbc_kv.set_del", (c) => c.kv.setDelete("s", ["+49", "+48"])),
  new Step("sbc_kv.set_del", (c) => c.kv.setDelete("s", [])),
];

function acquire(c: Call, lease: string): Begun {
  return c.limits.acquire(Away.Fail, [new Limit("user", 2), new Limit("trunk", 9, 5)], lease);
}

const limit: Step[] = [
  new Step("sbc_limit.acquire", (c) => acquire(c, "")),
  new Step("sbc_limit.acquire", (c) => acquire(c, "x")),
  new Step("sbc_limit.release", (c) => c.limits.release("x")),
  new Step("sbc_limit.release", (c) => c.limits.release()),
  new Step("sbc_limit.acquire", (c) => acquire(c, "x")),
  new Step("sbc_limit.release", (c) => c.limits.release("x")),
  new Step("sbc_limit.take", (c) => c.limits.take("r", 1000, 2, 2)),
  new Step("sbc_limit.take", (c) => c.limits.take("r", 1000, 2, 2)),
  new Step("sbc_limit.take", (c) => c.limits.take("r", 1000, 2, 3)),
];

const account: Step[] = [
  new Step("sbc_account.balance", (c) => c.account("alice").balance()),
  new Step("sbc_account.deposit", (c) => c.account("alice").deposit("first", 1000)),
  new Step("sbc_account.deposit", (c) => c.account("alice").deposit("first", 900)),
  new Step("sbc_account.reserve", (c) => c.account("alice").reserve(1, 600)),
  new Step("sbc_account.reserve", (c) => c.account("alice").reserve(2, 600, MINUTE)),
  new Step("sbc_account.cancel", (c) => c.account("alice").cancel(2)),
  new Step("sbc_account.commit", (c) => c.account("alice").commit(1, 250)),
  new Step("sbc_account.commit", (c) => c.account("alice").commit(1, 200)),
  new Step("sbc_account.cancel", (c) => c.account("alice").cancel(1)),
  new Step("sbc_account.reserve", (c) => c.account("alice").reserve(2, 600)),
  new Step("sbc_account.balance", (c) => c.account("alice").balance()),
];

const web: Step[] = [
  new Step("sbc_http.send", (c) => c.http("POST", "http://web.example/echo", [new Pair("X-Question", "me")], "hello")),
  new Step("sbc_http.send", (c) => c.httpGet("http://web.example/missing")),
  new Step("sbc_http.send", (c) => c.httpGet("http://elsewhere.example/")),
  new Step("sbc_http.send", (c) => c.http("", "http://web.example/slow", [], "", SECOND / 20)),
  new Step("sbc_http.send", (c) => c.httpGet("http://web.example/cut")),
];

const redis: Step[] = [
  new Step("sbc_redis.cmd", (c) => c.redis(["GET", "a b"])),
  new Step("sbc_redis.cmd", (c) => c.redis(["INCR", "n"])),
  new Step("sbc_redis.cmd", (c) => c.redis(["SMEMBERS", "s"])),
  new Step("sbc_redis.cmd", (c) => c.redis(["GET", "none"])),
  new Step("sbc_redis.cmd", (c) => c.redis(["GET", "wrong"])),
  new Step("sbc_redis.cmd", (c) => c.redisScript("return KEYS[1]", ["k"], ["a"])),
  new Step("sbc_redis.cmd", (c) => c.redis(["GET", "away"])),
  new Step("sbc_redis.cmd", (c) => c.redis(["FLUSHALL"])),
];

const pause: Step[] = [new Step("sbc.sleep", (c) => c.sleep(SECOND / 1000))];

function part(name: string): Step[] {
  if (name == "kv") return kv;
  if (name == "limit") return limit;
  if (name == "account") return account;
  if (name == "web") return web;
  if (name == "redis") return redis;
  if (name == "call" || name == "late") return pause;
  return [];
}

function say(c: Call, what: string, code: i32, more: string = ""): void { c.log(LOG_INFO, what + " " + codeName(min(code, OK)) + more); }

function found(c: Call, what: string, v: string | null): void {
  if (v == null) say(c, what, ERR_NOT_FOUND);
  else say(c, what, OK, " " + v);
}

/** What a hook was told. */
function told(c: Call, name: string): void {
  c.log(LOG_INFO, ["hook", name, c.text(FIELD_SIDE), c.number(FIELD_STATUS).toString(), c.text(FIELD_PHRASE),
    c.number(FIELD_TIMER).toString(), c.text(FIELD_DETAIL)].join(" "));
}

class Tour extends Module {
  private counter: Metric | null = null;
  private gauge: Metric | null = null;
  private summary: Metric | null = null;
  private fail: string = ""; // why its self test fails
  private parked: i64 = 0; // handle of a hook that waits for complete

  override init(s: Setup): string | null {
    this.fail = s.text("fail");
    this.counter = Metric.counter("calls");
    this.gauge = Metric.gauge("level");
    this.summary = Metric.summary("took");
    log(LOG_INFO, "sbc_metric.define OK");
    log(LOG_INFO, "sbc_metric.define " + codeName(Metric.gauge("calls").id));
    return null;
  }

  override stateVersion(): u32 { return 3; }

  /** Puts the version before a state of version 2. */
  override migrate(from: u32, state: string): string | null {
    if (from == 2) return "3:" + state;
    log(LOG_ERROR, "version unknown");
    return null;
  }

  override selfTest(): string | null { return this.fail.length ? this.fail : null; }

  private before(c: Call): void {
    c.log(LOG_INFO, "sbc.log OK");
    say(c, "sbc.now", now() == c.number(FIELD_START) ? OK : ERR_INVALID);
    say(c, "sbc.monotonic", monotonic() > 0 ? OK : ERR_INVALID);
    say(c, "random", random() != random() ? OK : ERR_INVALID);
    found(c, "sbc.get", c.header("X-Account", 1));
    found(c, "sbc.get", c.header("X-None"));
    found(c, "sbc.get", c.body());
    say(c, "sbc.var_set", c.trySetVariable("seen", "yes"));
    say(c, "sbc.var_set", c.trySetVariable("seen", "a\r\nb"));
    found(c, "sbc.var_get", c.variable("seen"));
    found(c, "sbc.var_get", c.variable("none").length ? "" : null);
    say(c, "sbc.state_set", c.trySetState("kept"));
    say(c, "sbc.state_set", c.trySetState("x".repeat(20_000)));
    found(c, "sbc.state_get", c.state());
  }

  private after(c: Call): void {
    const counter = this.counter!, gauge = this.gauge!, summary = this.summary!;
    found(c, "sbc.get", c.text(FIELD_CALLEE));
    found(c, "sbc.var_get", c.variable("seen"));
    found(c, "sbc_map.lookup", c.lookup("numbers", "bob"));
    found(c, "sbc_map.lookup", c.lookup("none", "bob"));
    say(c, "sbc_timer.set", c.setTimer(1, MINUTE));
    say(c, "sbc_timer.set", c.endAfter(2, HOUR));
    say(c, "sbc_timer.set", c.setTimer(16, MINUTE));
    say(c, "sbc_timer.clear", c.clearTimer(3));
    say(c, "sbc_timer.clear", c.clearTimer(16));
    say(c, "sbc_metric.add", counter.add(2));
    say(c, "sbc_metric.add", counter.add(-1));
    say(c, "sbc_metric.observe", gauge.observe(-7));
    say(c, "sbc_metric.observe", summary.observe(40));
    say(c, "sbc_metric.observe", counter.observe(1));
    say(c, "sbc_cdr.emit", c.emitCDR("{}"));
    say(c, "sbc_cdr.emit", c.emitCDR("a\nb"));
    say(c, "sbc_call.hangup", c.hangup("call-1", 603, "Enough"));
    say(c, "sbc_call.hangup", c.hangup("gone"));
    say(c, "sbc_call.rearm", c.rearm("", HOUR));
    say(c, "sbc_call.rearm", c.rearm("gone", HOUR));
    say(c, "sbc_call.info", c.inform("a", "text/plain", "hello", [new Pair("X-From", "tour")]));
    say(c, "sbc_call.info", c.inform("c", "text/plain", "hello"));
    say(c, "sbc_call.refer", c.refer("b", "sip:carol@example.org"));
    say(c, "sbc_call.refer", c.refer("b", ""));
  }

  /** Takes step i of a part; the note is both. */
  private go(c: Call, name: string, i: i32): void {
    const steps = part(name);
    if (i < steps.length) c.wait(steps[i].begin(c), name + " " + i.toString());
  }

  override start(c: Call): void {
    const callee = c.text(FIELD_CALLEE);
    if (callee == "park") {
      this.parked = c.handle;
      c.park();
      return;
    }
    if (callee == "complete") {
      for (let i = 0; i < 2; i++) {
        const handle = this.parked + 99 * i, d = new Call(null, handle);
        d.refuse(486, "Busy");
        say(c, "sbc.complete", complete(handle, d));
      }
    }
    if (callee == "call") this.before(c);
    this.go(c, callee, 0);
  }

  override waited(c: Call, answer: Answer, note: string): void {
    const at = note.indexOf(" "), name = note.substring(0, at), i = <i32>I32.parseInt(note.substring(at + 1));
    if (name == "late") {
      c.set("identity.ruri", "sip:" + c.text(FIELD_CALLEE) + "@example.org");
      return;
    }
    let more = "";
    if (answer.value) more += " " + answer.value.toString();
    if (answer.status) more += " status " + answer.status.toString();
    const body = answer.body + answer.header("X-Echo"), list = answer.list();
    if (body.length) more += " " + body;
    for (let k = 0; k < list.length; k++) more += " - " + list[k];
    say(c, part(name)[i].name, answer.code, more);
    if (name == "call") this.after(c);
    this.go(c, name, i + 1);
  }

  override reject(c: Call): void {
    c.target(c.text(FIELD_TARGET) + ";again");
    c.target("sip:backup@example.net");
    c.fork();
    told(c, "reject");
  }

  override timer(c: Call): void {
    c.refuse(480, "Time is up");
    c.refuseHeader("X-Timer", c.number(FIELD_TIMER).toString());
    told(c, "timer");
  }

  override end(c: Call): void {
    c.log(LOG_INFO, ["hook end", c.text(FIELD_DISPOSITION), c.number(FIELD_CODE).toString(), c.text(FIELD_HANGUP_BY), c.state()].join(" "));
  }

  override early(c: Call): void { told(c, "early"); }
  override connect(c: Call): void { told(c, "connect"); }
  override refresh(c: Call): void { told(c, "refresh"); }
  override refer(c: Call): void { told(c, "refer"); }
  override dtmf(c: Call): void { told(c, "dtmf"); }
  override info(c: Call): void { told(c, "info"); }
  override hold(c: Call): void { told(c, "hold"); }
  override resume(c: Call): void { told(c, "resume"); }
  override mediaTimeout(c: Call): void { told(c, "media_timeout"); }
  override rearm(c: Call): void { told(c, "rearm"); }
  override register(c: Call): void { told(c, "register"); }
  override route(c: Call): void { told(c, "route"); }
  override tick(c: Call): void { told(c, "tick"); }
  override stop(c: Call): void { told(c, "stop"); }
}

register(new Tour());
