//! Timers, maps, metrics, and calls from outside.

use std::time::Duration;

use crate::ask::{nanos, send};
use crate::call::Call;
use crate::contract::*;
use crate::{result, Code, Result};

/// The clock: since 1970 UTC.
pub fn now() -> Duration {
    Duration::from_nanos(unsafe { host_now() } as u64)
}

/// A clock that never goes back: since some moment.
pub fn monotonic() -> Duration {
    Duration::from_nanos(unsafe { host_monotonic() } as u64)
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
extern "C" {
    fn random_get(to: *mut u8, n: usize) -> i32;
}

/// 64 random bits from the host. What init has of them is the same in all instances, which are copies of the
/// first; ask in a hook.
pub fn random() -> u64 {
    let mut b = [0u8; 8];
    unsafe { random_get(b.as_mut_ptr(), b.len()) };
    u64::from_le_bytes(b)
}

impl<'a> Call<'a> {
    /// Runs the hook timer after so long with this number, 0 to 15. Needs the capability sbc_timer; counts
    /// with the hook's decision.
    pub fn set_timer(&self, number: i32, after: Duration) -> Result {
        result(unsafe { host_timer_set(self.handle(), number, nanos(after) as i64, TIMER_FIRE as i32) })
    }

    /// Ends the call after so long.
    pub fn end_after(&self, number: i32, after: Duration) -> Result {
        result(unsafe { host_timer_set(self.handle(), number, nanos(after) as i64, TIMER_END as i32) })
    }

    /// Clears a timer.
    pub fn clear_timer(&self, number: i32) -> Result {
        result(unsafe { host_timer_clear(self.handle(), number) })
    }

    /// The value for key in a map of the SBC's configuration. Needs the capability sbc_map.
    pub fn lookup(&self, map: &str, key: &str) -> Option<&'a str> {
        let (handle, m, k) = (self.handle(), map.as_bytes(), key.as_bytes());
        self.pull(|b, n| unsafe { host_map_lookup(handle, m.as_ptr(), m.len() as i32, k.as_ptr(), k.len() as i32, b, n) })
    }

    /// Ends the call with that id, "" for this one; code, 0 for 480, is for one that was not answered. Needs
    /// the capability sbc_call. Ok: it was told to.
    pub fn hangup(&self, id: &str, code: i32, reason: &str) -> Result {
        result(unsafe { host_call_hangup(self.handle(), id.as_ptr(), id.len() as i32, code, reason.as_ptr(), reason.len() as i32) })
    }

    /// Sets anew how long this use lets the call with that id, "" for this one, last from its answer; zero
    /// lifts the limit. Needs the capability sbc_call.
    pub fn rearm(&self, id: &str, span: Duration) -> Result {
        result(unsafe { host_call_rearm(self.handle(), id.as_ptr(), id.len() as i32, nanos(span) as i64) })
    }

    /// Sends an INFO to the far end of a leg, "a" or "b", of this call, when its dialog is confirmed. Needs the
    /// capability sbc_call. Ok: the call was told to.
    pub fn inform(&self, leg: &str, content_type: &str, body: &str, headers: &[(&str, &str)]) -> Result {
        result(send(REQUEST_SLOTS, |w| {
            w.text(REQUEST_LEG, leg);
            w.text(REQUEST_CONTENT_TYPE, content_type);
            w.text(REQUEST_BODY, body);
            w.list(REQUEST_HEADERS, headers.len(), headers.iter().copied());
        }, |b| unsafe { host_call_info(self.handle(), b.as_ptr(), b.len() as i32).into() }) as i32)
    }

    /// Tells the far end of a leg, by REFER, to call another URI, as `inform` tells it something.
    pub fn refer(&self, leg: &str, target: &str, headers: &[(&str, &str)]) -> Result {
        result(send(REQUEST_SLOTS, |w| {
            w.text(REQUEST_LEG, leg);
            w.text(REQUEST_TARGET, target);
            w.list(REQUEST_HEADERS, headers.len(), headers.iter().copied());
        }, |b| unsafe { host_call_refer(self.handle(), b.as_ptr(), b.len() as i32).into() }) as i32)
    }
}

/// A number the operator can see. Needs the capability sbc_metric. The same name is the same metric.
#[derive(Clone, Copy)]
pub struct Metric(i32);

impl Metric {
    fn define(kind: u64, name: &str) -> Result<Metric> {
        match unsafe { host_metric_define(kind as i32, name.as_ptr(), name.len() as i32) } {
            n if n < 0 => Err(Code(n)),
            n => Ok(Metric(n)),
        }
    }

    /// One that only grows.
    pub fn counter(name: &str) -> Result<Metric> {
        Metric::define(METRIC_COUNTER, name)
    }

    /// One that goes up and down.
    pub fn gauge(name: &str) -> Result<Metric> {
        Metric::define(METRIC_GAUGE, name)
    }

    /// One that counts and sums what it observes.
    pub fn summary(name: &str) -> Result<Metric> {
        Metric::define(METRIC_SUMMARY, name)
    }

    /// Adds to a counter or gauge.
    pub fn add(&self, delta: i64) -> Result {
        result(unsafe { host_metric_add(self.0, delta) })
    }

    /// Sets a gauge, or gives a summary one more value.
    pub fn observe(&self, value: i64) -> Result {
        result(unsafe { host_metric_observe(self.0, value) })
    }
}
