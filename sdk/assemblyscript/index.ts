// For authors of Sallyport call control modules in AssemblyScript.
//
//     import { Call, Module, Setup, register, FIELD_CALLEE } from "sallyport";
//     export { sbc_abi_v1, sbc_buffer, sbc_init, sbc_event } from "sallyport";
//
//     class Barring extends Module {
//       start(c: Call): void {
//         if (c.text(FIELD_CALLEE) == c.param("barred")) c.refuse(403, "Not from here");
//       }
//     }
//     register(new Barring());
//
// `sallyport module build DIR` compiles it and adds manifest.json, whose hooks are those
// the host calls. What must last longer than a hook belongs into variables or state, not
// into fields, except for what init computes from the configuration.
//
// A hook that asks something outside waits by an explicit state machine: it ends with
// c.wait(c.httpGet(url), note), and resume gets the result and the note. Other hooks run
// in the meantime. Export sbc_resume and sbc_cancel too, then.

import {
  ABI_MINOR, BUFFER_SIZE, ERR_INTERNAL, ERR_INVALID, EVENT_CONNECT, EVENT_END, EVENT_START, LOG_ERROR, WELCOME_SLOTS, OK, ERR_NOT_FOUND, ERR_UNSUPPORTED, STATUS_PENDING,
} from "./contract";
import { Call } from "./call";
import { Setup, log } from "./setup";
import { Reader, Writer } from "./frame";

export * from "./contract";
export { Call } from "./call";
export { Setup, log } from "./setup";
export { Pair, Reader } from "./frame";

/** A module: override init and the hooks that manifest.json names. */
export class Module {
  /** Reads the configuration, once an instance. A text refuses to start and is shown. */
  init(s: Setup): string | null { return null; }
  /** The INVITE, before leg B exists: may set plan keys, refuse, drop. */
  start(c: Call): void {}
  /** The first 2xx from leg B: may refuse. */
  connect(c: Call): void {}
  /** The call is over, whatever the cause. */
  end(c: Call): void {}
  /** What a hook waited for is there: its code, its result (RESULT_…), and the note the hook
   * left. The call's frame is gone: text and param are empty, variable and state are not. */
  resume(c: Call, status: i32, result: Reader, note: string): void { c.fail(ERR_UNSUPPORTED); }
  /** Every other event: EVENT_…. */
  event(event: i32, c: Call): void { c.fail(ERR_UNSUPPORTED); }
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
  return new Writer(buffer, size, WELCOME_SLOTS).close(); // the manifest says the hooks
}

export function sbc_event(event: i32, handle: i64, n: u32): i64 {
  const m = module, frame = Reader.open(buffer, min(n, size)), at = (n + 7) & ~7;
  if (m == null || frame == null || at > size) return <i64>ERR_INVALID << 32;
  const c = new Call(frame, handle);
  if (event == EVENT_START) m.start(c);
  else if (event == EVENT_CONNECT) m.connect(c);
  else if (event == EVENT_END) m.end(c);
  else m.event(event, c);
  return done(c, at);
}

/** A hook that waits. */
class Waiting {
  constructor(public handle: i64, public note: string) {}
}

const waiting = new Map<i64, Waiting>(); // by token

/** The answer of a hook, whose decision begins at that place of the buffer. */
function done(c: Call, at: u32): i64 {
  if (c.failed == OK && c.token) {
    waiting.set(c.token, new Waiting(c.handle, c.note));
    return <i64>STATUS_PENDING << 32;
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
  const c = new Call(Reader.none(), w.handle, true);
  m.resume(c, status, result, w.note);
  return done(c, at);
}

export function sbc_cancel(handle: i64): void {
  const tokens = waiting.keys();
  for (let i = 0; i < tokens.length; i++) {
    if (waiting.get(tokens[i]).handle == handle) waiting.delete(tokens[i]);
  }
}
