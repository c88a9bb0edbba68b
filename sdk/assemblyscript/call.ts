import {
  ACTION_DROP, ACTION_PASS, ACTION_REFUSE, ANSWER_ROOM, DECISION_ACTION, DECISION_CODE, DECISION_FORK, DECISION_HEADERS,
  DECISION_MAX_DURATION, DECISION_REASON, DECISION_SET, DECISION_SLOTS, DECISION_TARGETS, FIELD_PARAMS, FIELD_VARS, GET_BODY, GET_HEADER,
  HTTP_BODY, HTTP_HEADERS, HTTP_METHOD, HTTP_SLOTS, HTTP_URL, ERR_INTERNAL, TOKEN_BIT,
  host_cdr_emit, host_get, host_http_send, host_sleep, host_log, host_state_get, host_state_set, host_var_get, host_var_set,
} from "./contract";
import { Pair, Reader, Writer } from "./frame";

/** One call, as the hook that runs may see it and decide on it. */
export class Call {
  /** The code that fail said. */
  failed: i32 = 0;

  /** What the hook waits for, 0 = nothing, and the note for resume. */
  token: i64 = 0;
  note: string = "";

  private action: i32 = ACTION_PASS;
  private code: i32 = 0;
  private reason: string = "";
  private headers: Pair[] = [];
  private keys: Pair[] = [];
  private targets: Pair[] = [];
  private parallel: bool = false;
  private longest: u64 = 0;

  /** stale: the variables are not, or no longer, those of the frame. */
  constructor(private frame: Reader, public handle: i64, private stale: bool = false) {}

  /** A text of the call frame: FIELD_…. */
  text(field: i32): string { return this.frame.text(field); }
  /** A number of the call frame; times and spans are nanoseconds. */
  number(field: i32): u64 { return this.frame.number(field); }
  /** How many pairs a list of the call frame has. */
  count(field: i32): i32 { return this.frame.count(field); }
  /** Pair i of it. */
  pair(field: i32, i: i32): Pair { return this.frame.pair(field, i); }
  /** This use's parameter, "" when it is not configured. */
  param(name: string): string { return this.frame.find(FIELD_PARAMS, name); }

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
    if (!this.stale) return this.frame.find(FIELD_VARS, name);
    const b = String.UTF8.encode(name);
    const v = pulled(host_var_get(this.handle, changetype<usize>(b), b.byteLength, room, ROOM));
    return v == null ? "" : v;
  }

  /** Sets a variable for all modules of the call; an empty value removes it. A code below zero fails the hook. */
  setVariable(name: string, value: string): void {
    const n = String.UTF8.encode(name), v = String.UTF8.encode(value);
    this.stale = true;
    this.fail(host_var_set(this.handle, changetype<usize>(n), n.byteLength, changetype<usize>(v), v.byteLength));
  }

  /** What setState of this use kept for this call, "" when nothing. */
  state(): string {
    const v = pulled(host_state_get(this.handle, room, ROOM));
    return v == null ? "" : v;
  }

  /** Keeps a text for this use's later hooks of this call, up to 16 KiB. */
  setState(text: string): void {
    const b = String.UTF8.encode(text);
    this.fail(host_state_set(this.handle, changetype<usize>(b), b.byteLength));
  }

  /** Hands over one record, a line without its end. Needs the capability sbc_cdr. */
  emitCDR(line: string): void {
    const b = String.UTF8.encode(line);
    this.fail(host_cdr_emit(this.handle, changetype<usize>(b), b.byteLength));
  }

  /** Begins a pause of so many nanoseconds. */
  sleep(span: i64): i64 { return host_sleep(this.handle, span); }

  /** Begins a GET. Needs the capability sbc_http. */
  httpGet(url: string): i64 { return this.http("", url, [], ""); }

  /** Begins an HTTP request; "" is GET. */
  http(method: string, url: string, headers: Pair[], body: string): i64 {
    let room = 128 + 3 * (method.length + url.length + body.length);
    for (let i = 0; i < headers.length; i++) room += 16 + 3 * (headers[i].name.length + headers[i].value.length);
    const at = heap.alloc(room), w = new Writer(at, room, HTTP_SLOTS);
    w.text(HTTP_METHOD, method);
    w.text(HTTP_URL, url);
    w.list(HTTP_HEADERS, headers);
    w.text(HTTP_BODY, body);
    const n = w.close();
    const begun: i64 = n < 0 ? n : host_http_send(this.handle, at, n, at, 0);
    heap.free(at);
    return begun;
  }

  /** Ends the hook for now: resume gets the result of what was begun, and the note. */
  wait(begun: i64, note: string): void {
    if (begun < 0) this.fail(<i32>begun);
    else if (!(<u64>begun & TOKEN_BIT)) this.fail(ERR_INTERNAL); // an answer at once, for which there was no room
    this.token = begun;
    this.note = note;
  }

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

/** Where pulls write first: as much as a variable or a state may have. */
const ROOM: i32 = 16384;
const room: usize = memory.data(16384);

function pulled(n: i32): string | null { return n < 0 || n > ROOM ? null : String.UTF8.decodeUnsafe(room, n); }

function taken(large: usize, n: i32): string {
  const s = String.UTF8.decodeUnsafe(large, n);
  heap.free(large);
  return s;
}
