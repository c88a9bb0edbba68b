import { host_log, INIT_CONFIG, INIT_MODULE } from "./contract";
import { Reader } from "./frame";

/** Writes a line to the host's log outside a hook. */
export function log(level: i32, text: string): void {
  const b = String.UTF8.encode(text);
  host_log(0, level, changetype<usize>(b), b.byteLength);
}

/** What a module learns when an instance starts. */
export class Setup {
  /** The first thing that is wrong with the configuration: it refuses to start. */
  wrong: string = "";
  /** The configuration, a JSON object. */
  config: string;
  /** The name of the module in the configuration. */
  module: string;

  constructor(frame: Reader) {
    this.config = frame.text(INIT_CONFIG);
    this.module = frame.text(INIT_MODULE);
  }

  /** A string of the configuration, absent when it is not there. */
  text(key: string, absent: string = ""): string {
    const raw = this.member(key);
    if (!raw.length) return absent;
    if (raw.startsWith('"')) return unquote(raw);
    this.mistake(key + " is not a string");
    return absent;
  }

  /** A whole number of the configuration, absent when it is not there. */
  int(key: string, absent: i64 = 0): i64 {
    const raw = this.member(key);
    if (!raw.length) return absent;
    for (let i = raw.startsWith("-") ? 1 : 0; i < raw.length; i++) {
      const ch = raw.charCodeAt(i);
      if (ch < 48 || ch > 57) {
        this.mistake(key + " is not a whole number");
        return absent;
      }
    }
    return I64.parseInt(raw);
  }

  /** An array of strings of the configuration, empty when it is not there. */
  texts(key: string): string[] {
    const raw = this.member(key), list: string[] = [];
    let i = raw.startsWith("[") ? space(raw, 1) : 0;
    while (i > 0 && i < raw.length && raw.charCodeAt(i) == 34) {
      const end = value(raw, i);
      list.push(unquote(raw.substring(i, end).trimEnd()));
      i = space(raw, raw.charAt(end) == "," ? end + 1 : end);
    }
    if (raw.length && (!i || raw.charAt(i) != "]")) this.mistake(key + " is not an array of strings");
    return list;
  }

  private mistake(text: string): void { if (!this.wrong.length) this.wrong = text; }

  /** The text of a member of the object, "" when it is not there. */
  private member(key: string): string {
    const t = this.config;
    let i = space(t, space(t, 0) + 1);
    while (i < t.length && t.charCodeAt(i) == 34) {
      const end = quoted(t, i), from = space(t, space(t, end) + 1), behind = value(t, from);
      if (unquote(t.substring(i, end)) == key) return t.substring(from, behind).trimEnd();
      i = space(t, behind + 1);
    }
    return "";
  }
}

function space(t: string, i: i32): i32 {
  while (i < t.length && t.charCodeAt(i) <= 32) i++;
  return i;
}

/** The end of the JSON string at i. */
function quoted(t: string, i: i32): i32 {
  for (i++; i < t.length; i++) {
    const ch = t.charCodeAt(i);
    if (ch == 92) i++;
    else if (ch == 34) return i + 1;
  }
  return t.length;
}

/** The end of the JSON value at i. The host has checked that it is JSON. */
function value(t: string, i: i32): i32 {
  let depth = 0;
  while (i < t.length) {
    const ch = t.charCodeAt(i);
    if (ch == 34) {
      i = quoted(t, i);
      continue;
    }
    if (ch == 123 || ch == 91) depth++;
    else if (!depth && (ch == 44 || ch == 125 || ch == 93)) return i;
    else if (ch == 125 || ch == 93) depth--;
    i++;
  }
  return i;
}

/** A JSON string without its quotes and escapes; strings are UTF-16 here as \u is. */
function unquote(raw: string): string {
  let out = "";
  for (let i = 1; i < raw.length - 1; i++) {
    let ch = raw.charCodeAt(i);
    if (ch == 92) {
      ch = raw.charCodeAt(++i);
      if (ch == 98) ch = 8;
      else if (ch == 102) ch = 12;
      else if (ch == 110) ch = 10;
      else if (ch == 114) ch = 13;
      else if (ch == 116) ch = 9;
      else if (ch == 117) {
        ch = <i32>I32.parseInt(raw.substring(i + 1, i + 5), 16);
        i += 4;
      }
    }
    out += String.fromCharCode(ch);
  }
  return out;
}
