// The slot frame: read where it stands, each access within its bounds.

import { ABI_MINOR, ERR_TOO_BIG } from "./contract";

/** A name and its value. */
export class Pair {
  constructor(public name: string, public value: string) {}
}

/** Reads one frame. */
export class Reader {
  constructor(private at: usize, private total: u32, private slots: u32) {}

  static open(at: usize, n: u32): Reader | null {
    if (n < 8) return null;
    const total = load<u32>(at), slots = load<u16>(at, 6);
    if (total > n || total < 8 + <u32>slots * 8) return null;
    return new Reader(at, total, slots);
  }

  /** A frame without fields. */
  static none(): Reader { return new Reader(0, 0, 0); }

  /** The number in slot k, 0 when it is absent. */
  number(k: u32): u64 { return k < this.slots ? load<u64>(this.at + 8 + k * 8) : 0; }

  /** The text in slot k, empty when it is absent. */
  text(k: u32): string {
    const v = this.number(k);
    return this.part(<u32>v, <u32>(v >> 32));
  }

  private part(off: u32, n: u32): string {
    if (!n || off > this.total || n > this.total - off) return "";
    return String.UTF8.decodeUnsafe(this.at + off, n);
  }

  /** How many pairs the list in slot k has. */
  count(k: u32): u32 {
    const v = this.number(k), off = <u32>v, n = <u32>(v >> 32);
    return off > this.total || n > (this.total - off) / 16 ? 0 : n;
  }

  /** Pair i of the list in slot k, below its count. */
  pair(k: u32, i: u32): Pair {
    const e = this.at + <u32>this.number(k) + i * 16;
    return new Pair(this.part(load<u32>(e), load<u32>(e, 4)), this.part(load<u32>(e, 8), load<u32>(e, 12)));
  }

  /** The value of the first pair of that name, "" without one. */
  find(k: u32, name: string): string {
    const n = this.count(k);
    if (!n) return "";
    const want = String.UTF8.encode(name), list = this.at + <u32>this.number(k);
    for (let i: u32 = 0; i < n; i++) {
      const e = list + i * 16, off = load<u32>(e), length = load<u32>(e, 4);
      if (length != <u32>want.byteLength || off > this.total || length > this.total - off) continue;
      if (memory.compare(this.at + off, changetype<usize>(want), length) == 0) return this.part(load<u32>(e, 8), load<u32>(e, 12));
    }
    return "";
  }
}

/** Writes one frame, and remembers when the room was too small. */
export class Writer {
  private used: u32 = 0;
  private full: bool = false;

  constructor(private at: usize, private size: u32, slots: u32) {
    const head = this.grow(8 + slots * 8);
    if (head) {
      memory.fill(head, 0, 8 + slots * 8);
      store<u32>(head, ABI_MINOR | (slots << 16), 4);
    }
  }

  private grow(n: u32): usize {
    if (n > this.size - this.used) {
      this.full = true;
      return 0;
    }
    this.used += n;
    return this.at + this.used - n;
  }

  number(k: u32, v: u64): void { if (!this.full) store<u64>(this.at + 8 + k * 8, v); }

  private payload(s: string): u64 {
    const n = <u32>String.UTF8.byteLength(s);
    const to = n ? this.grow(n) : 0;
    if (!to) return 0;
    String.UTF8.encodeUnsafe(changetype<usize>(s), s.length, to);
    return (<u64>n << 32) | (to - this.at);
  }

  text(k: u32, s: string): void { this.number(k, this.payload(s)); }

  list(k: u32, pairs: Pair[]): void {
    if (!pairs.length) return;
    this.grow((0 - this.used) & 7);
    const entries = this.grow(<u32>pairs.length * 16);
    if (!entries) return;
    this.number(k, (<u64>pairs.length << 32) | (entries - this.at));
    for (let i = 0; i < pairs.length; i++) {
      const name = this.payload(pairs[i].name), value = this.payload(pairs[i].value);
      store<u64>(entries + i * 16, name);
      store<u64>(entries + i * 16, value, 8);
    }
  }

  /** Ends the frame: its length, or a code. */
  close(): i32 {
    if (this.full) return ERR_TOO_BIG;
    store<u32>(this.at, this.used);
    return <i32>this.used;
  }
}
