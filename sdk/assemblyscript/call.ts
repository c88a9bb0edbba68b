import {
  ACTION_DROP, ACTION_PASS, ACTION_REFUSE, ANSWER_ROOM, DECISION_ACTION, DECISION_CODE, DECISION_FORK, DECISION_HEADERS,
  DECISION_MAX_DURATION, DECISION_REASON, DECISION_SET, DECISION_SLOTS, DECISION_TARGETS, FIELD_PARAMS, FIELD_VARS, GET_BODY, GET_FIELD, GET_HEADER,
  HTTP_BODY, HTTP_HEADERS, HTTP_METHOD, HTTP_SLOTS, HTTP_TIMEOUT, HTTP_URL, REDIS_ARGS, REDIS_SLOTS, REQUEST_BODY, REQUEST_CONTENT_TYPE,
  REQUEST_HEADERS, REQUEST_LEG, REQUEST_SLOTS, REQUEST_TARGET, TIMER_END, TIMER_FIRE,
  host_call_hangup, host_call_info, host_call_rearm, host_call_refer, host_cdr_emit, host_complete, host_get, host_http_send, host_log, host_map_lookup, host_redis_cmd,
  host_sleep, host_state_get, host_state_set, host_timer_clear, host_timer_set, host_var_get, host_var_set,
} from "./contract";
import { Account, Begun, KV, Limits, Request, named, pairUnits, units } from "./ask";
import { Pair, Reader, Writer } from "./frame";

/** One call, as the hook that runs may see it and decide on it. */
export class Call {
  /** The code that fail said. */
  failed: i32 = 0;

  /** What the hook waits for, null = nothing, and the note for waited. */
  begun: Begun | null = null;
  note: string = "";
  /** It waits for complete. */
  parked: bool = false;

  private action: i32 = ACTION_PASS;
  private code: i32 = 0;
  private reason: string = "";
  private headers: Pair[] = [];
  private keys: Pair[] = [];
  private targets: Pair[] = [];
  private parallel: bool = false;
  private longest: u64 = 0;

  private stale: bool; // the variables are no longer those of the frame

  /** frame: the call's, null once the hook has waited. handle is good until the hook is over, for complete. */
  constructor(private frame: Reader | null, public handle: i64) { this.stale = frame == null; }

  private get fields(): Reader {
    const f = this.frame;
    return f == null ? Reader.none() : f;
  }

  /** A text of the call frame: FIELD_…. */
  text(field: i32): string {
    const f = this.frame;
    if (f != null) return f.text(field);
    const n = host_get(this.handle, GET_FIELD, 0, 0, field, room, ROOM), v = pulled(n);
    return v == null ? "" : v;
  }

  /** A number of the call frame; times and spans are nanoseconds. */
  number(field: i32): u64 {
    const f = this.frame;
    return f != null ? f.number(field) : U64.parseInt("0" + this.text(field));
  }

  /** How many pairs a list of the call frame has; 0 once the hook has waited. */
  count(field: i32): i32 { return this.fields.count(field); }
  /** Pair i of it. */
  pair(field: i32, i: i32): Pair { return this.fields.pair(field, i); }
  /** This use's parameter, "" when it is not configured, or once the hook has waited. */
  param(name: string): string { return this.fields.find(FIELD_PARAMS, name); }

  /** A line in the host's log: LOG_…. */
  log(level: i32, text: string): void {
    const b = String.UTF8.encode(text);
    host_log(this.handle, level, changetype<usize>(b), b.byteLength);
  }

  /** The field number index of that name in the event's message. */
  header(name: string, index: i32 = 0): string | null {
    const b = String.UTF8.encode(name);
    const n = host_get(this.handle, GET_HEADER, changetype<usize>(b), b.byteLength, index, room, ROOM);
    if (n <= ROOM) return pulled(n);
    const large = heap.alloc(n);
    host_get(this.handle, GET_HEADER, changetype<usize>(b), b.byteLength, index, large, n);
    return taken(large, n);
  }

  /** The body of the event's message. */
  body(): string | null {
    const n = host_get(this.handle, GET_BODY, 0, 0, 0, room, ROOM);
    if (n <= ROOM) return pulled(n);
    const large = heap.alloc(n);
    host_get(this.handle, GET_BODY, 0, 0, 0, large, n);
    return taken(large, n);
  }

  /** A variable of the call, "" when it is not set. */
  variable(name: string): string {
    if (!this.stale) return this.fields.find(FIELD_VARS, name);
    const b = String.UTF8.encode(name);
    const v = pulled(host_var_get(this.handle, changetype<usize>(b), b.byteLength, room, ROOM));
    return v == null ? "" : v;
  }

  /** Sets a variable for all modules of the call; an empty value removes it. A code below zero fails the hook. */
  setVariable(name: string, value: string): void { this.fail(this.trySetVariable(name, value)); }

  /** setVariable that answers OK or the code, and fails nothing. */
  trySetVariable(name: string, value: string): i32 {
    const n = String.UTF8.encode(name), v = String.UTF8.encode(value);
    this.stale = true;
    return host_var_set(this.handle, changetype<usize>(n), n.byteLength, changetype<usize>(v), v.byteLength);
  }

  /** What setState of this use kept for this call, "" when nothing. */
  state(): string {
    const v = pulled(host_state_get(this.handle, room, ROOM));
    return v == null ? "" : v;
  }

  /** Keeps a text for this use's later hooks of this call, up to 16 KiB. A code below zero fails the hook. */
  setState(text: string): void { this.fail(this.trySetState(text)); }

  /** setState that answers OK or the code, and fails nothing. */
  trySetState(text: string): i32 {
    const b = String.UTF8.encode(text);
    return host_state_set(this.handle, changetype<usize>(b), b.byteLength);
  }

  /** Hands over one record, a line without its end. Needs the capability sbc_cdr. A code below zero is answered,
   * and fails nothing. */
  emitCDR(line: string): i32 {
    const b = String.UTF8.encode(line);
    return host_cdr_emit(this.handle, changetype<usize>(b), b.byteLength);
  }

  /** Runs the hook timer after so many nanoseconds with this number, 0 to 15: OK or a code. Needs the capability
   * sbc_timer; counts with the hook's decision. */
  setTimer(number: i32, after: u64): i32 { return host_timer_set(this.handle, number, after, TIMER_FIRE); }
  /** Ends the call after so many nanoseconds. */
  endAfter(number: i32, after: u64): i32 { return host_timer_set(this.handle, number, after, TIMER_END); }
  /** Clears a timer. */
  clearTimer(number: i32): i32 { return host_timer_clear(this.handle, number); }

  /** The value for key in a map of the SBC's configuration, null when there is none. Needs the capability sbc_map. */
  lookup(map: string, key: string): string | null {
    const m = String.UTF8.encode(map), k = String.UTF8.encode(key);
    return pulled(host_map_lookup(this.handle, changetype<usize>(m), m.byteLength, changetype<usize>(k), k.byteLength, room, ROOM));
  }

  /** Ends the call with that id, "" for this one: OK, it was told to, or a code. code, 0 for 480, is for a call that
   * was not answered. Needs the capability sbc_call. */
  hangup(id: string, code: i32 = 0, reason: string = ""): i32 {
    const i = String.UTF8.encode(id), r = String.UTF8.encode(reason);
    return host_call_hangup(this.handle, changetype<usize>(i), i.byteLength, code, changetype<usize>(r), r.byteLength);
  }

  /** Sets anew how many nanoseconds this use lets the call with that id, "" for this one, last from its answer; 0
   * lifts the limit. Needs the capability sbc_call. */
  rearm(id: string, span: u64): i32 {
    const i = String.UTF8.encode(id);
    return host_call_rearm(this.handle, changetype<usize>(i), i.byteLength, span);
  }

  /** Sends an INFO to the far end of a leg, "a" or "b", of this call, when its dialog is confirmed: OK, the call was told
   * to, or a code. Needs the capability sbc_call. */
  inform(leg: string, contentType: string, body: string, headers: Pair[] = []): i32 {
    const r = new Request(REQUEST_SLOTS, leg.length + contentType.length + body.length + pairUnits(headers), headers.length);
    r.w.text(REQUEST_LEG, leg);
    r.w.text(REQUEST_CONTENT_TYPE, contentType);
    r.w.text(REQUEST_BODY, body);
    r.w.list(REQUEST_HEADERS, headers);
    return r.tell(this.handle, host_call_info);
  }

  /** Tells the far end of a leg, by REFER, to call another URI, as inform tells it something. */
  refer(leg: string, target: string, headers: Pair[] = []): i32 {
    const r = new Request(REQUEST_SLOTS, leg.length + target.length + pairUnits(headers), headers.length);
    r.w.text(REQUEST_LEG, leg);
    r.w.text(REQUEST_TARGET, target);
    r.w.list(REQUEST_HEADERS, headers);
    return r.tell(this.handle, host_call_refer);
  }

  /** Begins a pause of so many nanoseconds. */
  sleep(span: i64): Begun { return new Begun(host_sleep(this.handle, span)); }

  /** Begins a GET. Needs the capability sbc_http. */
  httpGet(url: string): Begun { return this.http("", url); }

  /** Begins an HTTP request; "" is GET, a timeout, nanoseconds, of 0 as long as the hook may wait. Any status is an answer. */
  http(method: string, url: string, headers: Pair[] = [], body: string = "", timeout: u64 = 0): Begun {
    const r = new Request(HTTP_SLOTS, method.length + url.length + body.length + pairUnits(headers), headers.length);
    r.w.text(HTTP_METHOD, method);
    r.w.text(HTTP_URL, url);
    r.w.list(HTTP_HEADERS, headers);
    r.w.text(HTTP_BODY, body);
    r.w.number(HTTP_TIMEOUT, timeout);
    return r.ask(this.handle, host_http_send);
  }

  /** Gives Redis a command that the configuration allows, on keys under its prefix; scripts by EVAL. Needs the
   * capability sbc_redis. The answer's status says what came: REDIS_NIL …. */
  redis(args: string[]): Begun {
    const r = new Request(REDIS_SLOTS, units(args), args.length);
    r.w.list(REDIS_ARGS, named(args));
    return r.ask(this.handle, host_redis_cmd);
  }

  /** Runs a Lua script by EVAL, on keys and with further arguments. */
  redisScript(script: string, keys: string[], args: string[] = []): Begun {
    return this.redis(["EVAL", script, keys.length.toString()].concat(keys).concat(args));
  }

  /** The module's own part of the store. Needs the capability sbc_kv. */
  get kv(): KV { return new KV(this.handle); }
  /** Limits on calls and rates. Needs the capability sbc_limit. */
  get limits(): Limits { return new Limits(this.handle); }
  /** The account of that name. Needs the capability sbc_account. */
  account(name: string): Account { return new Account(this.handle, name); }

  /** Ends the hook for now: waited gets the answer to what was begun, and the note. What was decided before is
   * forgotten. */
  wait(begun: Begun, note: string = ""): void {
    this.begun = begun;
    this.note = note;
  }

  /** Lets the hook wait for nothing but complete from another hook of the same instance: keep its handle. */
  park(): void { this.parked = true; }

  /** Fails the hook with a code below zero: the operator's on_fail decides. The first one counts. */
  fail(code: i32): void { if (code < 0 && this.failed == 0) this.failed = code; }

  /** Refuses the call: code 300 to 699; an empty reason is the registered phrase. */
  refuse(code: i32, reason: string = ""): void {
    this.action = ACTION_REFUSE;
    this.code = code;
    this.reason = reason;
    this.headers = [];
  }
  /** Adds a field to the refusal. */
  refuseHeader(name: string, value: string): void { this.headers.push(new Pair(name, value)); }
  /** Ends the call without a reply. */
  drop(): void { this.action = ACTION_DROP; }
  /** Sets a key of the call's plan, "routing.targets" for example. */
  set(key: string, value: string): void { this.keys.push(new Pair(key, value)); }
  /** Ends the call so many nanoseconds after its answer. */
  maxDuration(span: u64): void { this.longest = span; }
  /** Adds a URI to try next; in EVENT_REJECT. */
  target(uri: string): void { this.targets.push(new Pair(uri, "")); }
  /** Tries the targets at the same time. */
  fork(): void { this.parallel = true; }

  /** Writes the decision frame: its length, or a code. */
  decide(at: usize, size: u32): i32 {
    if (this.action == ACTION_PASS && !this.keys.length && !this.longest && !this.targets.length) return 0;
    const w = new Writer(at, min<u32>(size, ANSWER_ROOM), DECISION_SLOTS);
    w.number(DECISION_ACTION, this.action);
    if (this.action == ACTION_REFUSE) {
      w.number(DECISION_CODE, this.code);
      w.text(DECISION_REASON, this.reason);
      w.list(DECISION_HEADERS, this.headers);
    } else if (this.action != ACTION_DROP) {
      w.list(DECISION_SET, this.keys);
      w.number(DECISION_MAX_DURATION, this.longest);
      w.list(DECISION_TARGETS, this.targets);
      w.number(DECISION_FORK, this.parallel ? 1 : 0);
    }
    return w.close();
  }
}

/** Ends a hook of this instance that waits in park, by its handle, with what was decided on d, a new Call(null, handle), or with
 * the code it failed with: OK or a code. */
export function complete(handle: i64, d: Call): i32 {
  const at = heap.alloc(ANSWER_ROOM), n = d.failed < 0 ? 0 : d.decide(at, ANSWER_ROOM);
  const r = n < 0 ? n : host_complete(handle, d.failed, at, n);
  heap.free(at);
  return r;
}

/** Where pulls write first: as much as a variable or a state may have. */
const ROOM: i32 = 16384;
const room: usize = memory.data(16384);

function pulled(n: i32): string | null { return n < 0 || n > ROOM ? null : String.UTF8.decodeUnsafe(room, n); }

function taken(large: usize, n: i32): string {
  const s = String.UTF8.decodeUnsafe(large, n);
  heap.free(large);
  return s;
}
