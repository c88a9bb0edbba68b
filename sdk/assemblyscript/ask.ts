// What takes time: a function begins it, Call.wait waits for it, Module.waited gets the answer.

import {
  ACCOUNT_ACCOUNT, ACCOUNT_AMOUNT, ACCOUNT_ID, ACCOUNT_SEQUENCE, ACCOUNT_SLOTS, ACCOUNT_TTL, KV_BOUNDED, KV_CEILING, KV_DELTA, KV_FLOOR, KV_KEY,
  KV_MEMBERS, KV_SLOTS, KV_TTL, KV_VALUE, LIMIT_AWAY, LIMIT_BURST, LIMIT_COUNT, LIMIT_KEY, LIMIT_LEASE, LIMIT_LIMITS, LIMIT_RATE, LIMIT_SLOTS,
  RESULT_BODY, RESULT_HEADERS, RESULT_LIST, RESULT_STATUS, RESULT_VALUE, TOKEN_BIT, ERR_INTERNAL,
  host_account_balance, host_account_cancel, host_account_commit, host_account_deposit, host_account_reserve, host_kv_add, host_kv_del, host_kv_get,
  host_kv_set, host_kv_set_add, host_kv_set_del, host_kv_set_has, host_kv_set_match, host_limit_acquire, host_limit_release, host_limit_take,
} from "./contract";
import { Pair, Reader, Writer } from "./frame";

/** What was begun, for Call.wait. Its answer may be there already, or be a code. */
export class Begun {
  /** token: a token, or a code below zero, or 0 when the answer is there: size bytes of the heap. */
  constructor(public token: i64, public answer: usize = 0, public size: u32 = 0) {}
}

/** The answer to what was waited for. */
export class Answer {
  /** code: OK, or what it failed with: ERR_NOT_FOUND, ERR_TIMEOUT …. */
  constructor(public code: i32, private frame: Reader) {}

  get ok(): bool { return this.code >= 0; }
  /** The number that was asked for: a balance, a grant, a counter, nanoseconds to wait. */
  get value(): i64 { return <i64>this.frame.number(RESULT_VALUE); }
  /** Body of an HTTP answer, value of a key, text of Redis, key of the limit that is full. */
  get body(): string { return this.frame.text(RESULT_BODY); }
  /** HTTP status; what Redis answered: REDIS_NIL …. */
  get status(): i32 { return <i32>this.frame.number(RESULT_STATUS); }
  /** An HTTP header field, "" when there is none; names as "Content-Type". */
  header(name: string): string { return this.frame.find(RESULT_HEADERS, name); }
  /** The list of Redis; a map is key, value, key, value. */
  list(): string[] {
    const all: string[] = [];
    for (let i: u32 = 0; i < this.frame.count(RESULT_LIST); i++) all.push(this.frame.pair(RESULT_LIST, i).name);
    return all;
  }
}

/** What the status of an answer of Redis may be. */
export const REDIS_NIL: i32 = 0;
export const REDIS_NUMBER: i32 = 1;
export const REDIS_TEXT: i32 = 2;
export const REDIS_LIST: i32 = 3;
export const REDIS_ERROR: i32 = 4;

type Asked = (call: i64, req: usize, req_len: i32, buf: usize, limit: i32) => i64;

/** A request frame in the making: as much room as its texts need, with 3 bytes for each UTF-16 unit. */
export class Request {
  private at: usize;
  w: Writer;

  constructor(slots: u32, units: i32, pairs: i32 = 0) {
    const size = 64 + slots * 8 + 3 * units + 16 * pairs, at = heap.alloc(size);
    this.at = at;
    this.w = new Writer(at, size, slots);
  }

  /** Gives it to a function that answers at once: OK or a code. */
  tell(handle: i64, f: (call: i64, req: usize, req_len: i32) => i32): i32 {
    const n = this.w.close(), r = n < 0 ? n : f(handle, this.at, n);
    heap.free(this.at);
    return r;
  }

  /** Gives it to the host; a longer answer than fits at once comes by token. */
  ask(handle: i64, f: Asked): Begun {
    const n = this.w.close();
    const r: i64 = n < 0 ? n : f(handle, this.at, n, answered, ANSWERED);
    heap.free(this.at);
    if (r < 0 || <u64>r & TOKEN_BIT) return new Begun(r);
    if (r > ANSWERED) return new Begun(ERR_INTERNAL);
    const answer = heap.alloc(<usize>r);
    memory.copy(answer, answered, <usize>r);
    return new Begun(0, answer, <u32>r);
  }
}

const ANSWERED: i32 = 512;
const answered: usize = memory.data(512);

export function pairUnits(pairs: Pair[]): i32 {
  let n = 0;
  for (let i = 0; i < pairs.length; i++) n += pairs[i].name.length + pairs[i].value.length;
  return n;
}

export function units(texts: string[]): i32 {
  let n = 0;
  for (let i = 0; i < texts.length; i++) n += texts[i].length;
  return n;
}

export function named(texts: string[]): Pair[] {
  const pairs = new Array<Pair>(texts.length);
  for (let i = 0; i < texts.length; i++) pairs[i] = new Pair(texts[i], "");
  return pairs;
}

/** The module's own part of the store: values, numbers and sets by key. A ttl, nanoseconds, of 0 is without end. */
export class KV {
  constructor(private handle: i64) {}

  private key(key: string, more: i32 = 0, pairs: i32 = 0): Request {
    const r = new Request(KV_SLOTS, key.length + more, pairs);
    r.w.text(KV_KEY, key);
    return r;
  }

  private members(f: Asked, set: string, members: string[]): Begun {
    const r = this.key(set, units(members), members.length);
    r.w.list(KV_MEMBERS, named(members));
    return r.ask(this.handle, f);
  }

  /** The body is the value of a key, decimal for numbers; ERR_NOT_FOUND. */
  get(key: string): Begun { return this.key(key).ask(this.handle, host_kv_get); }

  /** Keeps a value. */
  set(key: string, value: string, ttl: u64 = 0): Begun {
    const r = this.key(key, value.length);
    r.w.text(KV_VALUE, value);
    r.w.number(KV_TTL, ttl);
    return r.ask(this.handle, host_kv_set);
  }

  /** Removes a key. */
  delete(key: string): Begun { return this.key(key).ask(this.handle, host_kv_del); }

  /** Adds to a number: its value. ttl counts from when it was made. */
  add(key: string, delta: i64, ttl: u64 = 0): Begun {
    const r = this.key(key);
    r.w.number(KV_DELTA, delta);
    r.w.number(KV_TTL, ttl);
    return r.ask(this.handle, host_kv_add);
  }

  /** add that changes nothing, ERR_CONFLICT, when the number would leave floor or ceiling. */
  addWithin(key: string, delta: i64, floor: i64, ceiling: i64, ttl: u64 = 0): Begun {
    const r = this.key(key);
    r.w.number(KV_DELTA, delta);
    r.w.number(KV_BOUNDED, 1);
    r.w.number(KV_FLOOR, floor);
    r.w.number(KV_CEILING, ceiling);
    r.w.number(KV_TTL, ttl);
    return r.ask(this.handle, host_kv_add);
  }

  /** Adds members to a set: how many were new. */
  setAdd(set: string, members: string[]): Begun { return this.members(host_kv_set_add, set, members); }
  /** Removes members from a set: how many were there. */
  setDelete(set: string, members: string[]): Begun { return this.members(host_kv_set_del, set, members); }
  /** 1 when the member is in the set, else 0. */
  setHas(set: string, member: string): Begun { return this.members(host_kv_set_has, set, [member]); }
  /** The body is the longest member that value begins with; ERR_NOT_FOUND. */
  setMatch(set: string, value: string): Begun { return this.members(host_kv_set_match, set, [value]); }
}

/** One ceiling of a lease; a cost of 0 counts as 1. */
export class Limit {
  constructor(public key: string, public max: i64, public cost: i64 = 0) {}
}

/** What a limit does when the store is away: fail with ERR_IO or ERR_TIMEOUT, hold without asking, count this node's part. */
export enum Away { Fail = 0, Pass = 1, Share = 2 }

/** Limits on what goes on at a time, and on how often. */
export class Limits {
  constructor(private handle: i64) {}

  /** Holds a lease against all limits, or against none: then ERR_CONFLICT, and the body is the key of a full one.
   * Without a name it is this use's in this call, and given back by itself when the call has ended. */
  acquire(away: Away, limits: Limit[], lease: string = ""): Begun {
    const pairs = new Array<Pair>(limits.length);
    let n = lease.length;
    for (let i = 0; i < limits.length; i++) {
      const l = limits[i];
      pairs[i] = new Pair(l.key, l.cost ? l.max.toString() + " " + l.cost.toString() : l.max.toString());
      n += l.key.length + pairs[i].value.length;
    }
    const r = new Request(LIMIT_SLOTS, n, limits.length);
    r.w.text(LIMIT_LEASE, lease);
    r.w.number(LIMIT_AWAY, away);
    r.w.list(LIMIT_LIMITS, pairs);
    return r.ask(this.handle, host_limit_acquire);
  }

  /** Gives back what acquire took. */
  release(lease: string = ""): Begun {
    const r = new Request(LIMIT_SLOTS, lease.length);
    r.w.text(LIMIT_LEASE, lease);
    return r.ask(this.handle, host_limit_release);
  }

  /** Takes count from a rate of so many thousandths a second with that burst, or nothing: ERR_CONFLICT, and the value
   * is how many nanoseconds until there is enough. */
  take(key: string, milli: u64, burst: u64, count: u64 = 1): Begun {
    const r = new Request(LIMIT_SLOTS, key.length);
    r.w.text(LIMIT_KEY, key);
    r.w.number(LIMIT_RATE, milli);
    r.w.number(LIMIT_BURST, burst);
    r.w.number(LIMIT_COUNT, count);
    return r.ask(this.handle, host_limit_take);
  }
}

/** Money in micro-units. A reservation belongs to this use in this call and has a number, so that saying one again
 * changes nothing. */
export class Account {
  constructor(private handle: i64, private name: string) {}

  private ask(f: Asked, id: string, sequence: u32, amount: i64, ttl: u64): Begun {
    const r = new Request(ACCOUNT_SLOTS, this.name.length + id.length);
    r.w.text(ACCOUNT_ACCOUNT, this.name);
    r.w.text(ACCOUNT_ID, id);
    r.w.number(ACCOUNT_SEQUENCE, sequence);
    r.w.number(ACCOUNT_AMOUNT, amount);
    r.w.number(ACCOUNT_TTL, ttl);
    return r.ask(this.handle, f);
  }

  /** What is free; ERR_NOT_FOUND. */
  balance(): Begun { return this.ask(host_account_balance, "", 0, 0, 0); }
  /** Holds back up to want: how much. After ttl, 0 for a minute, it is free again. */
  reserve(sequence: u32, want: i64, ttl: u64 = 0): Begun { return this.ask(host_account_reserve, "", sequence, want, ttl); }
  /** Takes what was used and frees the rest: what is free then. */
  commit(sequence: u32, used: i64): Begun { return this.ask(host_account_commit, "", sequence, used, 0); }
  /** Ends a reservation without taking anything. */
  cancel(sequence: u32): Begun { return this.ask(host_account_cancel, "", sequence, 0, 0); }
  /** Adds amount, once for each id: what is free then. */
  deposit(id: string, amount: i64): Begun { return this.ask(host_account_deposit, id, 0, amount, 0); }
}
