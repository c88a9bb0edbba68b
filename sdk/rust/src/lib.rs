//! For authors of Sallyport call control modules in Rust. No dependencies.
//!
//! ```ignore
//! use sallyport::{Call, Module, Result, Setup};
//!
//! struct Barring;
//!
//! impl Module for Barring {
//!     fn init(_: &Setup) -> std::result::Result<Self, String> { Ok(Barring) }
//!     fn start(&mut self, c: &mut Call) -> Result {
//!         if c.text(sallyport::FIELD_CALLEE) == c.param("barred") {
//!             c.refuse(403, "Not from here");
//!         }
//!         Ok(())
//!     }
//! }
//!
//! sallyport::module!(Barring);
//! ```
//!
//! `sallyport module build DIR` compiles it for wasm32-unknown-unknown and adds
//! manifest.json, whose hooks are those the host calls. What must last longer than a hook
//! belongs into variables or state, not into the module's fields, except for what init
//! computes from the configuration.
//!
//! A hook that asks something outside — `http`, `redis`, `kv`, `limits`, `account`, `sleep` — waits by an
//! explicit state machine: it returns `c.wait(c.http_get(url), note)`, and `waited` gets the answer and the
//! note. Other hooks run in the meantime.

mod ask;
mod call;
mod config;
pub mod contract;
mod control;
pub mod frame;

pub use ask::*;
pub use call::{complete, Call};
pub use config::Setup;
pub use contract::*;
pub use control::{monotonic, now, random, Metric};

use call::Wait;
use std::cell::RefCell;

/// What a host function or a hook failed with: a code of the contract, below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(pub i32);

impl Code {
    /// The code as text, for logs: NOT_FOUND.
    pub fn name(self) -> &'static str {
        match self.0 {
            // table names
            0 => "OK",
            -1 => "NOT_FOUND",
            -2 => "DENIED",
            -3 => "INVALID",
            -4 => "MEMORY",
            -5 => "TOO_BIG",
            -6 => "BUSY",
            -7 => "TIMEOUT",
            -8 => "IO",
            -9 => "UNSUPPORTED",
            -10 => "CALL_GONE",
            -11 => "CONFLICT",
            -12 => "INTERNAL",
            // end table
            _ => "unknown",
        }
    }
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// What hooks answer. An error lets the operator's on_fail decide.
pub type Result<T = ()> = std::result::Result<T, Code>;

pub(crate) fn result(n: i32) -> Result {
    if n < 0 {
        return Err(Code(n));
    }
    Ok(())
}

/// Writes a line to the host's log outside a hook.
pub fn log(level: u64, text: &str) {
    unsafe { contract::host_log(0, level as i32, text.as_ptr(), text.len() as i32) }
}

/// A module: what init makes of the configuration, and the hooks it has.
pub trait Module: Sized {
    /// Reads the configuration, once an instance. An error refuses to start and is shown.
    fn init(setup: &Setup) -> std::result::Result<Self, String>;
    // table hooks
    /// The INVITE, before leg B exists; may change the plan, refuse, drop.
    fn start(&mut self, _: &mut Call) -> Result {
        Ok(())
    }
    /// A provisional response other than 100 from leg B.
    fn early(&mut self, _: &mut Call) -> Result {
        Ok(())
    }
    /// The first 2xx from leg B; may refuse: both legs get BYE.
    fn connect(&mut self, _: &mut Call) -> Result {
        Ok(())
    }
    /// A re-INVITE or UPDATE within the call.
    fn refresh(&mut self, _: &mut Call) -> Result {
        Ok(())
    }
    /// A final failure from leg B; may choose other targets, or refuse: the caller gets that answer.
    fn reject(&mut self, _: &mut Call) -> Result {
        Ok(())
    }
    /// REFER from either side, which gets 405; may refuse it with another answer, and the call goes on.
    fn refer(&mut self, _: &mut Call) -> Result {
        Ok(())
    }
    /// A digit by RFC 4733 or INFO, if the profile detects them; may refuse: the call is hung up.
    fn dtmf(&mut self, _: &mut Call) -> Result {
        Ok(())
    }
    /// INFO from either side.
    fn info(&mut self, _: &mut Call) -> Result {
        Ok(())
    }
    /// A side put the other on hold.
    fn hold(&mut self, _: &mut Call) -> Result {
        Ok(())
    }
    /// A side took the other off hold.
    fn resume(&mut self, _: &mut Call) -> Result {
        Ok(())
    }
    /// No media from either side.
    fn media_timeout(&mut self, _: &mut Call) -> Result {
        Ok(())
    }
    /// A timer of this use fired; may refuse: the call is hung up.
    fn timer(&mut self, _: &mut Call) -> Result {
        Ok(())
    }
    /// The call is over, whatever the cause; exactly once for a module whose start let the call pass.
    fn end(&mut self, _: &mut Call) -> Result {
        Ok(())
    }
    /// Somebody outside has set this use's maximum duration anew: until.
    fn rearm(&mut self, _: &mut Call) -> Result {
        Ok(())
    }
    /// REGISTER outside a dialog; may refuse or drop it, else the SBC answers it.
    fn register(&mut self, _: &mut Call) -> Result {
        Ok(())
    }
    /// Any other request outside a dialog: MESSAGE, OPTIONS, SUBSCRIBE …; may refuse or drop it, else the SBC answers it.
    fn route(&mut self, _: &mut Call) -> Result {
        Ok(())
    }
    /// Once a second for the module, no call; not while it waits in one.
    fn tick(&mut self, _: &mut Call) -> Result {
        Ok(())
    }
    /// This generation of the module ends; may not wait.
    fn stop(&mut self, _: &mut Call) -> Result {
        Ok(())
    }
    // end table
    /// What a hook waited for is there, or failed; and the note the hook left.
    fn waited(&mut self, _: &mut Call, _answer: &Answer, _note: &str) -> Result {
        Err(Code(ERR_UNSUPPORTED))
    }
    /// The version of the state blobs it writes.
    fn state_version(&self) -> u32 {
        0
    }
    /// Turns a blob of an older version into one of this.
    fn migrate(&mut self, _from: u32, _state: &[u8]) -> Result<Vec<u8>> {
        Err(Code(ERR_UNSUPPORTED))
    }
    /// Runs before a new version gets calls. An error refuses it and is shown.
    fn self_test(&mut self) -> std::result::Result<(), String> {
        Ok(())
    }
    /// Events that came after this SDK: EVENT_….
    fn event(&mut self, _event: u32, _: &mut Call) -> Result {
        Err(Code(ERR_UNSUPPORTED))
    }
}

/// One module in its instance, behind the exports.
#[doc(hidden)]
pub struct Instance<M> {
    buffer: Vec<u64>,
    module: Option<M>,
    /// What was pulled in the hook; it keeps its room from hook to hook.
    arena: RefCell<Vec<Box<[u8]>>>,
    waiting: Vec<Waiting>,
}

/// A hook that waits.
struct Waiting {
    token: i64,
    handle: i64,
    note: String,
}

impl<M: Module> Instance<M> {
    pub const fn new() -> Self {
        Instance { buffer: Vec::new(), module: None, arena: RefCell::new(Vec::new()), waiting: Vec::new() }
    }

    pub fn buffer(&mut self, min: u32) -> i64 {
        if min > 4 << 20 {
            return 0;
        }
        let least = (min as usize).max(BUFFER_SIZE as usize);
        if self.buffer.len() * 8 < least {
            self.buffer = vec![0; (least + 7) / 8];
        }
        (self.buffer.as_ptr() as i64) << 32 | (self.buffer.len() * 8) as i64
    }

    fn bytes(&mut self) -> &mut [u8] {
        // A u64 has no padding and any byte is valid in it.
        unsafe { std::slice::from_raw_parts_mut(self.buffer.as_mut_ptr() as *mut u8, self.buffer.len() * 8) }
    }

    pub fn init(&mut self, n: u32) -> i32 {
        let made = match self.bytes().get(..n as usize).and_then(frame::Reader::open) {
            None => return ERR_INVALID,
            Some(frame) => M::init(&Setup::new(&frame)),
        };
        match made {
            Err(why) => {
                log(LOG_ERROR, &why);
                return ERR_INVALID;
            }
            Ok(m) => {
                let version = m.state_version();
                self.module = Some(m);
                let mut w = frame::Writer::new(self.bytes(), WELCOME_SLOTS); // no mask: the manifest says the hooks
                w.number(WELCOME_STATE_VERSION, version.into());
                w.close().map_or(ERR_INTERNAL, |n| n as i32)
            }
        }
    }

    pub fn migrate(&mut self, from: u32, n: u32) -> i64 {
        let state = match self.bytes().get(..n as usize) {
            Some(b) => b.to_vec(),
            None => return failed(ERR_INVALID),
        };
        match self.module.as_mut().map_or(Err(Code(ERR_INTERNAL)), |m| m.migrate(from, &state)) {
            Ok(b) if b.len() <= MAX_STATE as usize => {
                self.bytes()[..b.len()].copy_from_slice(&b);
                b.len() as i64
            }
            Ok(_) => failed(ERR_TOO_BIG),
            Err(Code(code)) => failed(code),
        }
    }

    pub fn self_test(&mut self) -> i32 {
        match self.module.as_mut().map_or(Err(String::from("not started")), |m| m.self_test()) {
            Ok(()) => OK,
            Err(why) => {
                log(LOG_ERROR, &why);
                ERR_INTERNAL
            }
        }
    }

    pub fn event(&mut self, event: u32, handle: i64, n: u32) -> i64 {
        self.hook(handle, n, false, |module, _, c| match event {
            // table dispatch
            EVENT_START => module.start(c),
            EVENT_EARLY => module.early(c),
            EVENT_CONNECT => module.connect(c),
            EVENT_REFRESH => module.refresh(c),
            EVENT_REJECT => module.reject(c),
            EVENT_REFER => module.refer(c),
            EVENT_DTMF => module.dtmf(c),
            EVENT_INFO => module.info(c),
            EVENT_HOLD => module.hold(c),
            EVENT_RESUME => module.resume(c),
            EVENT_MEDIA_TIMEOUT => module.media_timeout(c),
            EVENT_TIMER => module.timer(c),
            EVENT_END => module.end(c),
            EVENT_REARM => module.rearm(c),
            EVENT_REGISTER => module.register(c),
            EVENT_ROUTE => module.route(c),
            EVENT_TICK => module.tick(c),
            EVENT_STOP => module.stop(c),
            // end table
            other => module.event(other, c),
        })
    }

    /// Runs f on the frame of n bytes in the buffer, and writes the decision behind it. waited says that it is
    /// a result's frame.
    fn hook(&mut self, handle: i64, n: u32, waited: bool, f: impl FnOnce(&mut M, frame::Reader, &mut Call) -> Result) -> i64 {
        let (n, size) = (n as usize, self.buffer.len() * 8);
        let at = n.min(size).wrapping_add(7) & !7;
        if n > size || at > size {
            return failed(ERR_INVALID);
        }
        let whole = unsafe { std::slice::from_raw_parts_mut(self.buffer.as_mut_ptr() as *mut u8, size) };
        let (head, out) = whole.split_at_mut(at);
        let frame = match frame::Reader::open(&head[..n]) {
            Some(f) => f,
            None if waited && n == 0 => frame::Reader::default(),
            None => return failed(ERR_INVALID),
        };
        let module = match &mut self.module {
            Some(m) => m,
            None => return failed(ERR_INTERNAL),
        };
        self.arena.get_mut().clear();
        let mut c = Call::new(if waited { None } else { Some(frame) }, handle, &self.arena);
        let mut done = f(module, frame, &mut c);
        while let (Ok(()), Some(wait)) = (done, c.waits.take()) {
            let (begun, note) = match wait {
                Wait::Parked => return (STATUS_PENDING as i64) << 32,
                Wait::For(begun, note) => (begun, note),
            };
            if begun.token > 0 {
                self.waiting.push(Waiting { token: begun.token, handle, note });
                return (STATUS_PENDING as i64) << 32;
            }
            // The answer came at once.
            c = Call::new(None, handle, &self.arena);
            let answer = Answer::new(begun.token as i32, frame::Reader::open(&begun.answer).unwrap_or_default());
            done = module.waited(&mut c, &answer, &note);
        }
        match done.and_then(|_| c.decide(out)) {
            Ok(n) => n as i64,
            Err(Code(code)) => failed(code),
        }
    }

    pub fn resume(&mut self, token: i64, status: i32, n: u32) -> i64 {
        let at = match self.waiting.iter().position(|w| w.token == token) {
            Some(at) => at,
            None => return failed(ERR_NOT_FOUND),
        };
        let w = self.waiting.swap_remove(at);
        self.hook(w.handle, n, true, |module, result, c| module.waited(c, &Answer::new(status, result), &w.note))
    }

    pub fn cancel(&mut self, handle: i64) {
        self.waiting.retain(|w| w.handle != handle);
    }
}

fn failed(code: i32) -> i64 {
    (code as i64) << 32
}

/// Names the module of this crate and exports what the host calls. Once a crate.
#[macro_export]
macro_rules! module {
    ($module:ty) => {
        static mut SALLYPORT: $crate::Instance<$module> = $crate::Instance::new();

        // The host calls one function at a time, and wasm32-unknown-unknown has one thread.
        fn sallyport() -> &'static mut $crate::Instance<$module> {
            unsafe { &mut *std::ptr::addr_of_mut!(SALLYPORT) }
        }
        #[no_mangle]
        pub extern "C" fn sbc_abi_v1() -> i32 {
            $crate::ABI_MINOR as i32
        }
        #[no_mangle]
        pub extern "C" fn sbc_buffer(min: u32) -> i64 {
            sallyport().buffer(min)
        }
        #[no_mangle]
        pub extern "C" fn sbc_init(n: u32) -> i32 {
            sallyport().init(n)
        }
        #[no_mangle]
        pub extern "C" fn sbc_event(event: u32, call: i64, n: u32) -> i64 {
            sallyport().event(event, call, n)
        }
        #[no_mangle]
        pub extern "C" fn sbc_resume(token: i64, status: i32, n: u32) -> i64 {
            sallyport().resume(token, status, n)
        }
        #[no_mangle]
        pub extern "C" fn sbc_cancel(call: i64) {
            sallyport().cancel(call)
        }
        #[no_mangle]
        pub extern "C" fn sbc_migrate(from: u32, n: u32) -> i64 {
            sallyport().migrate(from, n)
        }
        #[no_mangle]
        pub extern "C" fn sbc_selftest(_: u32) -> i32 {
            sallyport().self_test()
        }
    };
}
