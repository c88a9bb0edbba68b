// For authors of Sallyport call control modules in AssemblyScript.
//
//     import { Call, Module, Setup, register, FIELD_CALLEE } from "sallyport";
//     export { sbc_abi_v1, sbc_buffer, sbc_init, sbc_event } from "sallyport";
//
//     class Barring extends Module {
//       override start(c: Call): void {
//         if (c.text(FIELD_CALLEE) == c.param("barred")) c.refuse(403, "Not from here");
//       }
//     }
//     register(new Barring());
//
// `sallyport module build DIR` compiles it and adds manifest.json, whose hooks are those
// the host calls. What must last longer than a hook belongs into variables or state, not
// into fields, except for what init computes from the configuration.
//
// A hook that asks something outside — http, redis, kv, limits, account, sleep — waits by an explicit state
// machine: it ends with c.wait(c.httpGet(url), note), and waited gets the answer and the note. Other hooks run
// in the meantime. Export sbc_resume and sbc_cancel too, then. One that keeps state of several versions exports
// sbc_migrate, one that tests itself sbc_selftest.

import {
  ABI_MINOR, BUFFER_SIZE, ERR_INTERNAL, ERR_INVALID, ERR_NOT_FOUND, ERR_TOO_BIG, ERR_UNSUPPORTED, LOG_ERROR, MAX_STATE, OK, STATUS_PENDING,
  WELCOME_SLOTS, WELCOME_STATE_VERSION,
} from "./contract";
import * as contract from "./contract";
import { Answer } from "./ask";
import { Call } from "./call";
import { Setup, log } from "./setup";
import { Reader, Writer } from "./frame";

export * from "./contract";
export {
  Account, Answer, Away, Begun, KV, Limit, Limits, REDIS_ERROR, REDIS_LIST, REDIS_NIL, REDIS_NUMBER, REDIS_TEXT,
} from "./ask";
export { Call, complete } from "./call";
export { Metric, monotonic, now, random } from "./control";
export { Setup, log } from "./setup";
export { Pair, Reader } from "./frame";

/** A module: override init and the hooks that manifest.json names. */
export class Module {
  /** Reads the configuration, once an instance. A text refuses to start and is shown. */
  init(s: Setup): string | null { return null; }
  // table hooks
  /** The INVITE, before leg B exists; may change the plan, refuse, drop. */
  start(c: Call): void {}
  /** A provisional response other than 100 from leg B. */
  early(c: Call): void {}
  /** The first 2xx from leg B; may refuse: both legs get BYE. */
  connect(c: Call): void {}
  /** A re-INVITE or UPDATE within the call. */
  refresh(c: Call): void {}
  /** A final failure from leg B; may choose other targets, or refuse: the caller gets that answer. */
  reject(c: Call): void {}
  /** REFER from either side, which gets 405; may refuse it with another answer, and the call goes on. */
  refer(c: Call): void {}
  /** A digit by RFC 4733 or INFO, if the profile detects them; may refuse: the call is hung up. */
  dtmf(c: Call): void {}
  /** INFO from either side. */
  info(c: Call): void {}
  /** A side put the other on hold. */
  hold(c: Call): void {}
  /** A side took the other off hold. */
  resume(c: Call): void {}
  /** No media from either side. */
  mediaTimeout(c: Call): void {}
  /** A timer of this use fired; may refuse: the call is hung up. */
  timer(c: Call): void {}
  /** The call is over, whatever the cause; exactly once for a module whose start let the call pass. */
  end(c: Call): void {}
  /** Somebody outside has set this use's maximum duration anew: until. */
  rearm(c: Call): void {}
  /** REGISTER outside a dialog; may refuse or drop it, else the SBC answers it. */
  register(c: Call): void {}
  /** Any other request outside a dialog: MESSAGE, OPTIONS, SUBSCRIBE …; may refuse or drop it, else the SBC answers it. */
  route(c: Call): void {}
  /** Once a second for the module, no call; not while it waits in one. */
  tick(c: Call): void {}
  /** This generation of the module ends; may not wait. */
  stop(c: Call): void {}
  // end table
  /** What a hook waited for is there, or failed; and the note the hook left. */
  waited(c: Call, answer: Answer, note: string): void { c.fail(ERR_UNSUPPORTED); }
  /** Events that came after this SDK: EVENT_…. */
  event(event: i32, c: Call): void { c.fail(ERR_UNSUPPORTED); }
  /** The version of the state blobs it writes. */
  stateVersion(): u32 { return 0; }
  /** Turns a blob of an older version into one of this, null when it cannot. */
  migrate(from: u32, state: string): string | null { return null; }
  /** Runs before a new version gets calls. A text refuses it and is shown. */
  selfTest(): string | null { return null; }
}

/** A code as text, for logs: NOT_FOUND. */
export function codeName(code: i32): string {
  switch (code) {
    // table names
    case 0: return "OK";
    case -1: return "NOT_FOUND";
    case -2: return "DENIED";
    case -3: return "INVALID";
    case -4: return "MEMORY";
    case -5: return "TOO_BIG";
    case -6: return "BUSY";
    case -7: return "TIMEOUT";
    case -8: return "IO";
    case -9: return "UNSUPPORTED";
    case -10: return "CALL_GONE";
    case -11: return "CONFLICT";
    case -12: return "INTERNAL";
    // end table
    default: return "unknown";
  }
}

let module: Module | null = null;
let buffer: usize = 0;
let size: u32 = 0;

/** Names the module; once, at the top level. */
export function register(m: Module): void { module = m; }

export function sbc_abi_v1(): i32 { return ABI_MINOR; }

export function sbc_buffer(min: u32): i64 {
  if (min > 4 << 20) return 0;
  const want = max<u32>(min, BUFFER_SIZE);
  if (want > size) {
    if (buffer) heap.free(buffer);
    buffer = heap.alloc(want);
    size = want;
  }
  return (<i64>buffer << 32) | size;
}

export function sbc_init(n: u32): i32 {
  const m = module;
  if (m == null) {
    log(LOG_ERROR, "the program registers no module");
    return ERR_INTERNAL;
  }
  const frame = Reader.open(buffer, min(n, size));
  if (frame == null) return ERR_INVALID;
  const setup = new Setup(frame);
  let why = m.init(setup);
  if (why == null && setup.wrong.length) why = setup.wrong;
  if (why != null) {
    log(LOG_ERROR, why);
    return ERR_INVALID;
  }
  const w = new Writer(buffer, size, WELCOME_SLOTS); // no mask: the manifest says the hooks
  w.number(WELCOME_STATE_VERSION, m.stateVersion());
  return w.close();
}

export function sbc_migrate(from: u32, n: u32): i64 {
  const m = module;
  if (m == null || n > size) return <i64>ERR_INVALID << 32;
  const state = m.migrate(from, String.UTF8.decodeUnsafe(buffer, n));
  if (state == null) return <i64>ERR_INVALID << 32;
  const b = String.UTF8.encode(state);
  if (b.byteLength > MAX_STATE) return <i64>ERR_TOO_BIG << 32;
  memory.copy(buffer, changetype<usize>(b), b.byteLength);
  return b.byteLength;
}

export function sbc_selftest(n: u32): i32 {
  const m = module, why = m == null ? "the program registers no module" : m.selfTest();
  if (why == null) return OK;
  log(LOG_ERROR, why);
  return ERR_INTERNAL;
}

export function sbc_event(event: i32, handle: i64, n: u32): i64 {
  const m = module, frame = Reader.open(buffer, min(n, size)), at = (n + 7) & ~7;
  if (m == null || frame == null || at > size) return <i64>ERR_INVALID << 32;
  const c = new Call(frame, handle);
  dispatch(m, event, c);
  return done(m, c, at);
}

function dispatch(m: Module, event: i32, c: Call): void {
  switch (event) {
    // table dispatch
    case contract.EVENT_START: m.start(c); break;
    case contract.EVENT_EARLY: m.early(c); break;
    case contract.EVENT_CONNECT: m.connect(c); break;
    case contract.EVENT_REFRESH: m.refresh(c); break;
    case contract.EVENT_REJECT: m.reject(c); break;
    case contract.EVENT_REFER: m.refer(c); break;
    case contract.EVENT_DTMF: m.dtmf(c); break;
    case contract.EVENT_INFO: m.info(c); break;
    case contract.EVENT_HOLD: m.hold(c); break;
    case contract.EVENT_RESUME: m.resume(c); break;
    case contract.EVENT_MEDIA_TIMEOUT: m.mediaTimeout(c); break;
    case contract.EVENT_TIMER: m.timer(c); break;
    case contract.EVENT_END: m.end(c); break;
    case contract.EVENT_REARM: m.rearm(c); break;
    case contract.EVENT_REGISTER: m.register(c); break;
    case contract.EVENT_ROUTE: m.route(c); break;
    case contract.EVENT_TICK: m.tick(c); break;
    case contract.EVENT_STOP: m.stop(c); break;
    // end table
    default: m.event(event, c);
  }
}

/** A hook that waits. */
class Waiting {
  constructor(public handle: i64, public note: string) {}
}

const waiting = new Map<i64, Waiting>(); // by token

/** The answer of a hook, whose decision begins at that place of the buffer. */
function done(m: Module, c: Call, at: u32): i64 {
  while (c.failed == OK) {
    const begun = c.begun;
    if (c.parked) return <i64>STATUS_PENDING << 32;
    if (begun == null) break;
    if (begun.token > 0) {
      waiting.set(begun.token, new Waiting(c.handle, c.note));
      return <i64>STATUS_PENDING << 32;
    }
    // The answer came at once.
    const next = new Call(null, c.handle), result = Reader.open(begun.answer, begun.size);
    m.waited(next, new Answer(<i32>begun.token, result == null ? Reader.none() : result), c.note);
    if (begun.answer) heap.free(begun.answer);
    c = next;
  }
  const n = c.failed < OK ? c.failed : c.decide(buffer + at, size - at);
  return n < 0 ? <i64>n << 32 : n;
}

export function sbc_resume(token: i64, status: i32, n: u32): i64 {
  const m = module, at = (n + 7) & ~7;
  if (m == null || at > size) return <i64>ERR_INVALID << 32;
  if (!waiting.has(token)) return <i64>ERR_NOT_FOUND << 32;
  const w = waiting.get(token);
  waiting.delete(token);
  let result = Reader.open(buffer, min(n, size));
  if (result == null) result = Reader.none();
  const c = new Call(null, w.handle);
  m.waited(c, new Answer(status, result), w.note);
  return done(m, c, at);
}

export function sbc_cancel(handle: i64): void {
  const tokens = waiting.keys();
  for (let i = 0; i < tokens.length; i++) {
    if (waiting.get(tokens[i]).handle == handle) waiting.delete(tokens[i]);
  }
}
