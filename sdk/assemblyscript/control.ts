// The clock and metrics.

import { METRIC_COUNTER, METRIC_GAUGE, METRIC_SUMMARY, host_metric_add, host_metric_define, host_metric_observe, host_monotonic, host_now } from "./contract";

/** The clock: nanoseconds since 1970 UTC. */
export function now(): i64 { return host_now(); }

/** A clock that never goes back: nanoseconds since some moment. */
export function monotonic(): i64 { return host_monotonic(); }

// @ts-ignore: decorator
@external("wasi_snapshot_preview1", "random_get") declare function random_get(to: usize, n: i32): i32;

const drawn: usize = memory.data(8, 8);

/** 64 random bits from the host. What init has of them is the same in all instances, which are copies of the
 * first; ask in a hook. */
export function random(): u64 {
  random_get(drawn, 8);
  return load<u64>(drawn);
}

/** A number the operator can see. Needs the capability sbc_metric. The same name is the same metric. */
export class Metric {
  /** id: its number, or the code for which there is none. */
  constructor(public id: i32) {}

  private static define(kind: i32, name: string): Metric {
    const b = String.UTF8.encode(name);
    return new Metric(host_metric_define(kind, changetype<usize>(b), b.byteLength));
  }

  /** One that only grows. */
  static counter(name: string): Metric { return Metric.define(METRIC_COUNTER, name); }
  /** One that goes up and down. */
  static gauge(name: string): Metric { return Metric.define(METRIC_GAUGE, name); }
  /** One that counts and sums what it observes. */
  static summary(name: string): Metric { return Metric.define(METRIC_SUMMARY, name); }

  /** Adds to a counter or gauge: OK or a code. */
  add(delta: i64): i32 { return host_metric_add(this.id, delta); }
  /** Sets a gauge, or gives a summary one more value: OK or a code. */
  observe(value: i64): i32 { return host_metric_observe(this.id, value); }
}
