use std::cell::{Cell, RefCell};
use std::time::Duration;

use crate::ask::{nanos, Begun};
use crate::contract::*;
use crate::frame::{List, Reader, Writer};
use crate::{result, Code, Result};

/// What a hook may wait for: the answer, or nothing but `complete`.
pub(crate) enum Wait {
    For(Begun, String),
    Parked,
}

/// One call, as the hook that runs may see it and decide on it.
pub struct Call<'a> {
    frame: Option<Reader<'a>>, // None once the hook has waited
    handle: i64,
    stale: Cell<bool>, // a variable was set since the frame was written
    arena: &'a RefCell<Vec<Box<[u8]>>>,
    action: u64,
    code: u16,
    reason: String,
    headers: Vec<(String, String)>,
    set: Vec<(String, String)>,
    targets: Vec<String>,
    fork: bool,
    max_duration: u64,
    pub(crate) waits: Option<Wait>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(frame: Option<Reader<'a>>, handle: i64, arena: &'a RefCell<Vec<Box<[u8]>>>) -> Self {
        Call {
            frame, handle, stale: Cell::new(frame.is_none()), arena, action: ACTION_PASS, code: 0, reason: String::new(),
            headers: Vec::new(), set: Vec::new(), targets: Vec::new(), fork: false, max_duration: 0,
            waits: None,
        }
    }

    /// The handle of this hook; it is good until the hook is over, for `complete`.
    pub fn handle(&self) -> i64 {
        self.handle
    }

    /// A text of the call frame: FIELD_….
    pub fn text(&self, field: usize) -> &'a str {
        let handle = self.handle;
        match self.frame {
            Some(f) => f.text(field),
            None => self.pull(|b, n| unsafe { host_get(handle, GET_FIELD as i32, b, 0, field as i32, b, n) }).unwrap_or(""),
        }
    }

    /// A number of the call frame; times and spans are nanoseconds.
    pub fn number(&self, field: usize) -> u64 {
        match self.frame {
            Some(f) => f.number(field),
            None => self.text(field).parse().unwrap_or(0),
        }
    }

    /// A list of the call frame; empty once the hook has waited.
    pub fn list(&self, field: usize) -> List<'a> {
        self.frame.unwrap_or_default().list(field)
    }

    /// This use's parameter, "" when it is not configured, or once the hook has waited.
    pub fn param(&self, name: &str) -> &'a str {
        self.list(FIELD_PARAMS).find(name).unwrap_or("")
    }

    /// A line in the host's log: LOG_….
    pub fn log(&self, level: u64, text: &str) {
        unsafe { host_log(self.handle, level as i32, text.as_ptr(), text.len() as i32) }
    }

    /// The field number index of that name in the event's message.
    pub fn header(&self, name: &str, index: i32) -> Option<&'a str> {
        let handle = self.handle;
        self.pull(|b, n| unsafe { host_get(handle, GET_HEADER as i32, name.as_ptr(), name.len() as i32, index, b, n) })
    }

    /// The body of the event's message.
    pub fn body(&self) -> Option<&'a str> {
        let handle = self.handle;
        self.pull(|b, n| unsafe { host_get(handle, GET_BODY as i32, b, 0, 0, b, n) })
    }

    /// A variable of the call, "" when it is not set.
    pub fn var(&self, name: &str) -> &'a str {
        if !self.stale.get() {
            return self.list(FIELD_VARS).find(name).unwrap_or("");
        }
        let handle = self.handle;
        self.pull(|b, n| unsafe { host_var_get(handle, name.as_ptr(), name.len() as i32, b, n) }).unwrap_or("")
    }

    /// Sets a variable for all modules of the call; an empty value removes it.
    pub fn set_var(&self, name: &str, value: &str) -> Result {
        self.stale.set(true);
        result(unsafe { host_var_set(self.handle, name.as_ptr(), name.len() as i32, value.as_ptr(), value.len() as i32) })
    }

    /// What set_state of this use kept for this call, "" when nothing.
    pub fn state(&self) -> &'a str {
        let handle = self.handle;
        self.pull(|b, n| unsafe { host_state_get(handle, b, n) }).unwrap_or("")
    }

    /// Keeps a text for this use's later hooks of this call, up to 16 KiB.
    pub fn set_state(&self, text: &str) -> Result {
        result(unsafe { host_state_set(self.handle, text.as_ptr(), text.len() as i32) })
    }

    /// Hands over one record, a line without its end. Needs the capability sbc_cdr.
    pub fn emit_cdr(&self, line: &str) -> Result {
        result(unsafe { host_cdr_emit(self.handle, line.as_ptr(), line.len() as i32) })
    }

    /// Ends the hook for now: `Module::waited` gets the answer to what was begun, and the note. What was decided
    /// before is forgotten.
    pub fn wait(&mut self, begun: Begun, note: &str) -> Result {
        self.waits = Some(Wait::For(begun, note.into()));
        Ok(())
    }

    /// Lets the hook wait for nothing but `complete` from another hook of the same instance: keep its handle.
    pub fn park(&mut self) -> Result {
        self.waits = Some(Wait::Parked);
        Ok(())
    }

    /// Refuses the call: code 300 to 699; an empty reason is the registered phrase.
    pub fn refuse(&mut self, code: u16, reason: &str) {
        self.action = ACTION_REFUSE;
        self.code = code;
        self.reason = reason.into();
        self.headers.clear();
    }

    /// Adds a field to the refusal.
    pub fn refuse_header(&mut self, name: &str, value: &str) {
        self.headers.push((name.into(), value.into()));
    }

    /// Ends the call without a reply.
    pub fn drop(&mut self) {
        self.action = ACTION_DROP;
    }

    /// Sets a key of the call's plan, "routing.targets" for example.
    pub fn set(&mut self, key: &str, value: &str) {
        self.set.push((key.into(), value.into()));
    }

    /// Ends the call so long after its answer.
    pub fn max_duration(&mut self, span: Duration) {
        self.max_duration = nanos(span);
    }

    /// Adds a URI to try next; in EVENT_REJECT.
    pub fn target(&mut self, uri: &str) {
        self.targets.push(uri.into());
    }

    /// Tries the targets at the same time.
    pub fn fork(&mut self) {
        self.fork = true;
    }

    pub(crate) fn decide(&self, out: &mut [u8]) -> Result<usize> {
        if self.action == ACTION_PASS && self.set.is_empty() && self.max_duration == 0 && self.targets.is_empty() {
            return Ok(0);
        }
        let room = out.len().min(ANSWER_ROOM as usize);
        let mut w = Writer::new(&mut out[..room], DECISION_SLOTS);
        w.number(DECISION_ACTION, self.action);
        if self.action == ACTION_REFUSE {
            w.number(DECISION_CODE, self.code.into());
            w.text(DECISION_REASON, &self.reason);
            w.list(DECISION_HEADERS, self.headers.len(), self.headers.iter().map(|(n, v)| (&**n, &**v)));
        } else if self.action == ACTION_PASS {
            w.list(DECISION_SET, self.set.len(), self.set.iter().map(|(n, v)| (&**n, &**v)));
            w.number(DECISION_MAX_DURATION, self.max_duration);
            w.list(DECISION_TARGETS, self.targets.len(), self.targets.iter().map(|t| (&**t, "")));
            w.number(DECISION_FORK, self.fork.into());
        }
        w.close().ok_or(Code(ERR_TOO_BIG))
    }

    /// Pulls into fresh room, and once more with enough when there was not.
    pub(crate) fn pull(&self, get: impl Fn(*mut u8, i32) -> i32) -> Option<&'a str> {
        let mut room = [0u8; 256];
        let n = get(room.as_mut_ptr(), room.len() as i32);
        if n < 0 {
            return None;
        }
        let mut b = vec![0u8; n as usize];
        if n as usize <= room.len() {
            b.copy_from_slice(&room[..n as usize]);
        } else if get(b.as_mut_ptr(), n) != n {
            return None;
        }
        let mut arena = self.arena.borrow_mut();
        arena.push(b.into_boxed_slice());
        let last = arena.last()?;
        // A box of the arena stays where it is until the hook is over.
        let bytes: &'a [u8] = unsafe { std::slice::from_raw_parts(last.as_ptr(), last.len()) };
        std::str::from_utf8(bytes).ok()
    }
}

/// Ends a hook of this instance that waits in `Call::park`, by its handle: with what decide says, or a failure.
pub fn complete(handle: i64, decide: impl FnOnce(&mut Call) -> Result) -> Result {
    let arena = RefCell::new(Vec::new());
    let mut c = Call::new(None, handle, &arena);
    let mut out = vec![0; ANSWER_ROOM as usize];
    let done = decide(&mut c).and_then(|_| c.decide(&mut out));
    let (status, n) = match done {
        Ok(n) => (OK, n),
        Err(Code(code)) => (code, 0),
    };
    result(unsafe { host_complete(handle, status, out.as_ptr(), n as i32) })
}
