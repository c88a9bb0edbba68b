//! What takes time: a function begins it, `Call::wait` waits for it, `Module::waited` gets the answer.

use std::time::Duration;

use crate::call::Call;
use crate::contract::*;
use crate::frame::{List, Reader, Writer};
use crate::{Code, Result};

/// What was begun, for `Call::wait`. Its answer may be there already, or be a code.
#[must_use = "give it to Call::wait"]
pub struct Begun {
    /// A token, or a code below zero; 0 when the answer is there.
    pub(crate) token: i64,
    pub(crate) answer: Vec<u8>,
}

/// The answer to what was waited for.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    code: i32,
    frame: Reader<'a>,
}

impl<'a> Answer<'a> {
    pub(crate) fn new(code: i32, frame: Reader<'a>) -> Self {
        Answer { code, frame }
    }

    /// OK, or the code it failed with: ERR_NOT_FOUND, ERR_TIMEOUT ….
    pub fn code(&self) -> i32 {
        self.code
    }

    /// The same for `?`.
    pub fn ok(&self) -> Result {
        crate::result(self.code)
    }

    /// The number that was asked for: a balance, a grant, a counter, nanoseconds to wait.
    pub fn value(&self) -> i64 {
        self.frame.number(RESULT_VALUE) as i64
    }

    /// Body of an HTTP answer, value of a key, text of Redis, key of the limit that is full.
    pub fn body(&self) -> &'a str {
        self.frame.text(RESULT_BODY)
    }

    /// The body when it may be something else than text.
    pub fn bytes(&self) -> &'a [u8] {
        self.frame.bytes(RESULT_BODY)
    }

    /// HTTP status; what Redis answered: REDIS_NIL ….
    pub fn status(&self) -> u64 {
        self.frame.number(RESULT_STATUS)
    }

    /// HTTP header fields.
    pub fn headers(&self) -> List<'a> {
        self.frame.list(RESULT_HEADERS)
    }

    /// The list of Redis; a map is key, value, key, value.
    pub fn list(&self) -> impl Iterator<Item = &'a str> {
        self.frame.list(RESULT_LIST).map(|(name, _)| name)
    }
}

/// What the status of an answer of Redis may be.
pub const REDIS_NIL: u64 = 0;
pub const REDIS_NUMBER: u64 = 1;
pub const REDIS_TEXT: u64 = 2;
pub const REDIS_LIST: u64 = 3;
pub const REDIS_ERROR: u64 = 4;

pub(crate) fn nanos(d: Duration) -> u64 {
    d.as_secs().saturating_mul(1_000_000_000).saturating_add(d.subsec_nanos().into()).min(i64::MAX as u64)
}

type Asked = unsafe extern "C" fn(i64, *const u8, i32, *mut u8, i32) -> i64;

/// Writes a request frame and gives it to f: what f answers, or a code.
pub(crate) fn send(slots: usize, fill: impl Fn(&mut Writer), f: impl FnOnce(&[u8]) -> i64) -> i64 {
    let mut request = Vec::new();
    let mut size = 512;
    loop {
        request.resize(size, 0);
        let mut w = Writer::new(&mut request, slots);
        fill(&mut w);
        match w.close() {
            Some(n) => return f(&request[..n]),
            None if size > 1 << 16 => return ERR_TOO_BIG.into(),
            None => size *= 4,
        }
    }
}

/// Begins an asynchronous function.
fn ask(handle: i64, f: Asked, slots: usize, fill: impl Fn(&mut Writer)) -> Begun {
    let mut room = [0u8; 512]; // a longer answer comes by token
    let r = send(slots, fill, |b| unsafe { f(handle, b.as_ptr(), b.len() as i32, room.as_mut_ptr(), room.len() as i32) });
    if r < 0 || r as u64 & TOKEN_BIT != 0 {
        return Begun { token: r, answer: Vec::new() };
    }
    match room.get(..r as usize) {
        Some(b) => Begun { token: 0, answer: b.to_vec() },
        None => Begun::from(Code(ERR_INTERNAL)),
    }
}

impl<'a> Call<'a> {
    /// Begins a pause.
    pub fn sleep(&self, span: Duration) -> Begun {
        let token = unsafe { host_sleep(self.handle(), nanos(span) as i64) };
        Begun { token, answer: Vec::new() }
    }

    /// Begins a GET. Needs the capability sbc_http.
    pub fn http_get(&self, url: &str) -> Begun {
        self.http("", url, &[], "")
    }

    /// Begins an HTTP request; "" is GET. Any status is an answer.
    pub fn http(&self, method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Begun {
        self.http_within(Duration::ZERO, method, url, headers, body)
    }

    /// `http` with a time limit; zero is as long as the hook may wait.
    pub fn http_within(&self, limit: Duration, method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Begun {
        ask(self.handle(), host_http_send, HTTP_SLOTS, |w| {
            w.text(HTTP_METHOD, method);
            w.text(HTTP_URL, url);
            w.list(HTTP_HEADERS, headers.len(), headers.iter().copied());
            w.text(HTTP_BODY, body);
            w.number(HTTP_TIMEOUT, nanos(limit));
        })
    }

    /// Gives Redis a command that the configuration allows, on keys under its prefix; scripts by EVAL. Needs
    /// the capability sbc_redis. The answer's status says what came: REDIS_NIL ….
    pub fn redis(&self, args: &[&str]) -> Begun {
        ask(self.handle(), host_redis_cmd, REDIS_SLOTS, |w| w.names(REDIS_ARGS, args))
    }

    /// Runs a Lua script by EVAL, on keys and with further arguments.
    pub fn redis_script(&self, script: &str, keys: &[&str], args: &[&str]) -> Begun {
        let count = keys.len().to_string();
        self.redis(&[&["EVAL", script, &count], keys, args].concat())
    }

    /// The module's own part of the store. Needs the capability sbc_kv.
    pub fn kv(&self) -> Kv {
        Kv(self.handle())
    }

    /// Limits on calls and rates. Needs the capability sbc_limit.
    pub fn limits(&self) -> Limits {
        Limits(self.handle())
    }

    /// The account of that name. Needs the capability sbc_account.
    pub fn account<'n>(&self, name: &'n str) -> Account<'n> {
        Account(self.handle(), name)
    }
}

/// Values, numbers and sets by key, shared by the module's calls. A ttl of zero is without end.
pub struct Kv(i64);

impl Kv {
    fn ask(&self, f: Asked, key: &str, more: impl Fn(&mut Writer)) -> Begun {
        ask(self.0, f, KV_SLOTS, |w| {
            w.text(KV_KEY, key);
            more(w);
        })
    }

    /// The value of a key, decimal for numbers; ERR_NOT_FOUND.
    pub fn get(&self, key: &str) -> Begun {
        self.ask(host_kv_get, key, |_| {})
    }

    /// Keeps a value.
    pub fn set(&self, key: &str, value: impl AsRef<[u8]>, ttl: Duration) -> Begun {
        self.ask(host_kv_set, key, |w| {
            w.bytes(KV_VALUE, value.as_ref());
            w.number(KV_TTL, nanos(ttl));
        })
    }

    /// Removes a key.
    pub fn delete(&self, key: &str) -> Begun {
        self.ask(host_kv_del, key, |_| {})
    }

    /// Adds to a number: its value. ttl counts from when it was made.
    pub fn add(&self, key: &str, delta: i64, ttl: Duration) -> Begun {
        self.ask(host_kv_add, key, |w| {
            w.number(KV_DELTA, delta as u64);
            w.number(KV_TTL, nanos(ttl));
        })
    }

    /// `add` that changes nothing, ERR_CONFLICT, when the number would leave floor or ceiling.
    pub fn add_within(&self, key: &str, delta: i64, floor: i64, ceiling: i64, ttl: Duration) -> Begun {
        self.ask(host_kv_add, key, |w| {
            w.number(KV_DELTA, delta as u64);
            w.number(KV_BOUNDED, 1);
            w.number(KV_FLOOR, floor as u64);
            w.number(KV_CEILING, ceiling as u64);
            w.number(KV_TTL, nanos(ttl));
        })
    }

    /// Adds members to a set: how many were new.
    pub fn set_add(&self, set: &str, members: &[&str]) -> Begun {
        self.ask(host_kv_set_add, set, |w| w.names(KV_MEMBERS, members))
    }

    /// Removes members from a set: how many were there.
    pub fn set_delete(&self, set: &str, members: &[&str]) -> Begun {
        self.ask(host_kv_set_del, set, |w| w.names(KV_MEMBERS, members))
    }

    /// 1 when the member is in the set, else 0.
    pub fn set_has(&self, set: &str, member: &str) -> Begun {
        self.ask(host_kv_set_has, set, |w| w.names(KV_MEMBERS, &[member]))
    }

    /// The body is the longest member that value begins with; ERR_NOT_FOUND.
    pub fn set_match(&self, set: &str, value: &str) -> Begun {
        self.ask(host_kv_set_match, set, |w| w.names(KV_MEMBERS, &[value]))
    }
}

/// One ceiling of a lease; a cost of 0 counts as 1.
#[derive(Clone, Copy)]
pub struct Limit<'a> {
    pub key: &'a str,
    pub max: u64,
    pub cost: u64,
}

/// What a limit does when the store is away.
#[derive(Clone, Copy)]
pub enum Away {
    /// ERR_IO or ERR_TIMEOUT.
    Fail = 0,
    /// The lease is held without asking.
    Pass = 1,
    /// This node's part of the limit counts.
    Share = 2,
}

/// Limits on what goes on at a time, and on how often.
pub struct Limits(i64);

impl Limits {
    /// Holds a lease against all limits, or against none: then ERR_CONFLICT, and the body is the key of a
    /// full one. It is this use's in this call, and given back by itself when the call has ended.
    pub fn acquire(&self, away: Away, limits: &[Limit]) -> Begun {
        self.acquire_as("", away, limits)
    }

    /// `acquire` for a lease of that name, to be given back by `release_as`.
    pub fn acquire_as(&self, lease: &str, away: Away, limits: &[Limit]) -> Begun {
        let texts: Vec<String> = limits
            .iter()
            .map(|l| if l.cost == 0 { l.max.to_string() } else { [l.max.to_string(), l.cost.to_string()].join(" ") })
            .collect();
        ask(self.0, host_limit_acquire, LIMIT_SLOTS, |w| {
            w.text(LIMIT_LEASE, lease);
            w.number(LIMIT_AWAY, away as u64);
            w.list(LIMIT_LIMITS, limits.len(), limits.iter().zip(&texts).map(|(l, t)| (l.key, &**t)));
        })
    }

    /// Gives back what `acquire` took.
    pub fn release(&self) -> Begun {
        self.release_as("")
    }

    /// Gives back what `acquire_as` took.
    pub fn release_as(&self, lease: &str) -> Begun {
        ask(self.0, host_limit_release, LIMIT_SLOTS, |w| w.text(LIMIT_LEASE, lease))
    }

    /// Takes count from a rate of so many thousandths a second with that burst, or nothing: ERR_CONFLICT,
    /// and the value is how many nanoseconds until there is enough.
    pub fn take(&self, key: &str, milli: u64, burst: u64, count: u64) -> Begun {
        ask(self.0, host_limit_take, LIMIT_SLOTS, |w| {
            w.text(LIMIT_KEY, key);
            w.number(LIMIT_RATE, milli);
            w.number(LIMIT_BURST, burst);
            w.number(LIMIT_COUNT, count);
        })
    }
}

/// Money in micro-units. A reservation belongs to this use in this call and has a number, so that saying
/// one again changes nothing.
pub struct Account<'n>(i64, &'n str);

impl<'n> Account<'n> {
    fn ask(&self, f: Asked, more: impl Fn(&mut Writer)) -> Begun {
        ask(self.0, f, ACCOUNT_SLOTS, |w| {
            w.text(ACCOUNT_ACCOUNT, self.1);
            more(w);
        })
    }

    /// What is free; ERR_NOT_FOUND.
    pub fn balance(&self) -> Begun {
        self.ask(host_account_balance, |_| {})
    }

    /// Holds back up to want: how much. After ttl, zero for a minute, it is free again.
    pub fn reserve(&self, sequence: u32, want: i64, ttl: Duration) -> Begun {
        self.ask(host_account_reserve, |w| {
            w.number(ACCOUNT_SEQUENCE, sequence.into());
            w.number(ACCOUNT_AMOUNT, want as u64);
            w.number(ACCOUNT_TTL, nanos(ttl));
        })
    }

    /// Takes what was used and frees the rest: what is free then.
    pub fn commit(&self, sequence: u32, used: i64) -> Begun {
        self.ask(host_account_commit, |w| {
            w.number(ACCOUNT_SEQUENCE, sequence.into());
            w.number(ACCOUNT_AMOUNT, used as u64);
        })
    }

    /// Ends a reservation without taking anything.
    pub fn cancel(&self, sequence: u32) -> Begun {
        self.ask(host_account_cancel, |w| w.number(ACCOUNT_SEQUENCE, sequence.into()))
    }

    /// Adds amount, once for each id: what is free then.
    pub fn deposit(&self, id: &str, amount: i64) -> Begun {
        self.ask(host_account_deposit, |w| {
            w.text(ACCOUNT_ID, id);
            w.number(ACCOUNT_AMOUNT, amount as u64);
        })
    }
}

impl From<Code> for Begun {
    /// What could not even be begun.
    fn from(code: Code) -> Self {
        Begun { token: code.0.into(), answer: Vec::new() }
    }
}
