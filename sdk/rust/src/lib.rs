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
//! A hook that asks something outside waits by an explicit state machine: it returns
//! `c.wait(c.http_get(url), note)`, and `resume` gets the result and the note. Other hooks
//! run in the meantime.

mod call;
mod config;
pub mod contract;
pub mod frame;

pub use call::Call;
pub use config::Setup;
pub use contract::*;

/// What a host function or a hook failed with: a code of the contract, below zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(pub i32);

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
    /// The INVITE, before leg B exists: may set plan keys, refuse, drop.
    fn start(&mut self, _: &mut Call) -> Result {
        Ok(())
    }
    /// The first 2xx from leg B: may refuse.
    fn connect(&mut self, _: &mut Call) -> Result {
        Ok(())
    }
    /// The call is over, whatever the cause.
    fn end(&mut self, _: &mut Call) -> Result {
        Ok(())
    }
    /// What a hook waited for is there: its code, its result (RESULT_…), and the note the hook
    /// left. The call's frame is gone: text and param are empty, var and state are not.
    fn resume(&mut self, _: &mut Call, _status: i32, _result: &frame::Reader, _note: &str) -> Result {
        Err(Code(ERR_UNSUPPORTED))
    }
    /// Every other event that manifest.json names: EVENT_….
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
    arena: Vec<Box<[u8]>>,
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
        Instance { buffer: Vec::new(), module: None, arena: Vec::new(), waiting: Vec::new() }
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
            Ok(m) => self.module = Some(m),
        }
        // The manifest says the hooks.
        frame::Writer::new(self.bytes(), WELCOME_SLOTS).close().map_or(ERR_INTERNAL, |n| n as i32)
    }

    pub fn event(&mut self, event: u32, handle: i64, n: u32) -> i64 {
        self.hook(handle, n, false, |module, _, c| match event {
            EVENT_START => module.start(c),
            EVENT_CONNECT => module.connect(c),
            EVENT_END => module.end(c),
            other => module.event(other, c),
        })
    }

    /// Runs f on the frame of n bytes in the buffer, and writes the decision behind it.
    fn hook(&mut self, handle: i64, n: u32, bare: bool, f: impl FnOnce(&mut M, frame::Reader, &mut Call) -> Result) -> i64 {
        let (n, size) = (n as usize, self.buffer.len() * 8);
        let at = n.min(size).wrapping_add(7) & !7;
        if n > size || at > size {
            return failed(ERR_INVALID);
        }
        let whole = unsafe { std::slice::from_raw_parts_mut(self.buffer.as_mut_ptr() as *mut u8, size) };
        let (head, out) = whole.split_at_mut(at);
        let frame = match frame::Reader::open(&head[..n]) {
            Some(f) => f,
            None if bare && n == 0 => frame::Reader::default(),
            None => return failed(ERR_INVALID),
        };
        let module = match &mut self.module {
            Some(m) => m,
            None => return failed(ERR_INTERNAL),
        };
        self.arena.clear();
        let seen = if bare { frame::Reader::default() } else { frame };
        let mut c = Call::new(seen, handle, bare, &mut self.arena);
        let done = f(module, frame, &mut c);
        if let (Ok(()), Some((token, note))) = (done, c.waits.take()) {
            self.waiting.push(Waiting { token, handle, note });
            return (STATUS_PENDING as i64) << 32;
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
        self.hook(w.handle, n, true, |module, result, c| module.resume(c, status, &result, &w.note))
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
    };
}
