//! The slot frame: read where it stands, each access within its bounds.

use crate::contract::ABI_MINOR;

/// Reads one frame.
#[derive(Clone, Copy, Default)]
pub struct Reader<'a> {
    b: &'a [u8],
    slots: usize,
}

fn u32_at(b: &[u8], at: usize) -> Option<u32> {
    b.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

fn part(b: &[u8], at: u32, n: u32) -> &str {
    let end = (at as usize).checked_add(n as usize);
    // SIP is UTF-8; a text that is not reads as empty.
    end.and_then(|end| b.get(at as usize..end)).and_then(|b| std::str::from_utf8(b).ok()).unwrap_or("")
}

impl<'a> Reader<'a> {
    /// The frame at the start of b.
    pub fn open(b: &[u8]) -> Option<Reader<'_>> {
        let (total, slots) = (u32_at(b, 0)? as usize, (u32_at(b, 4)? >> 16) as usize);
        if total < 8 + slots * 8 {
            return None;
        }
        Some(Reader { b: b.get(..total)?, slots })
    }

    /// The number in slot k, 0 when it is absent.
    pub fn number(&self, k: usize) -> u64 {
        if k >= self.slots {
            return 0;
        }
        let at = 8 + k * 8;
        self.b.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes)
    }

    /// The text in slot k, empty when it is absent.
    pub fn text(&self, k: usize) -> &'a str {
        let v = self.number(k);
        part(self.b, v as u32, (v >> 32) as u32)
    }

    /// The bytes in slot k, empty when it is absent.
    pub fn bytes(&self, k: usize) -> &'a [u8] {
        let v = self.number(k);
        let (at, n) = (v as u32 as usize, (v >> 32) as usize);
        at.checked_add(n).and_then(|end| self.b.get(at..end)).unwrap_or(&[])
    }

    /// The list in slot k, empty when it is absent.
    pub fn list(&self, k: usize) -> List<'a> {
        let v = self.number(k);
        let (at, count) = (v as u32 as usize, (v >> 32) as usize);
        if at > self.b.len() || count > (self.b.len() - at) / 16 {
            return List { b: self.b, at: 0, count: 0 };
        }
        List { b: self.b, at, count }
    }
}

/// Pairs of names and values; an iterator.
#[derive(Clone, Copy)]
pub struct List<'a> {
    b: &'a [u8],
    at: usize,
    count: usize,
}

impl<'a> List<'a> {
    /// The value of the first pair of that name.
    pub fn find(self, name: &str) -> Option<&'a str> {
        let mut pairs = self;
        pairs.find_map(|(n, v)| if n == name { Some(v) } else { None })
    }

    fn find_map<T>(&mut self, f: impl FnMut((&'a str, &'a str)) -> Option<T>) -> Option<T> {
        Iterator::find_map(self, f)
    }
}

impl<'a> Iterator for List<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        if self.count == 0 {
            return None;
        }
        let word = |i| u32_at(self.b, self.at + i).unwrap_or(0);
        let pair = (part(self.b, word(0), word(4)), part(self.b, word(8), word(12)));
        self.at += 16;
        self.count -= 1;
        Some(pair)
    }
}

/// Writes one frame into a buffer, and remembers when that was too small.
pub struct Writer<'a> {
    b: &'a mut [u8],
    used: usize,
    full: bool,
}

impl<'a> Writer<'a> {
    /// Begins a frame of so many slots, all absent.
    pub fn new(b: &'a mut [u8], slots: usize) -> Self {
        let mut w = Writer { b, used: 0, full: false };
        if let Some(at) = w.grow(8 + slots * 8) {
            let end = w.used;
            w.b[at..end].fill(0);
            w.put(4, &(ABI_MINOR as u32 | (slots as u32) << 16).to_le_bytes());
        }
        w
    }

    fn grow(&mut self, n: usize) -> Option<usize> {
        if n > self.b.len() - self.used {
            self.full = true;
            return None;
        }
        self.used += n;
        Some(self.used - n)
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        if let Some(to) = self.b.get_mut(at..at + bytes.len()) {
            to.copy_from_slice(bytes);
        }
    }

    /// Sets slot k.
    pub fn number(&mut self, k: usize, v: u64) {
        if !self.full {
            self.put(8 + k * 8, &v.to_le_bytes());
        }
    }

    fn payload(&mut self, s: &[u8]) -> u64 {
        if s.is_empty() {
            return 0;
        }
        self.grow(s.len()).map_or(0, |at| {
            self.put(at, s);
            (s.len() as u64) << 32 | at as u64
        })
    }

    /// Sets slot k; an empty text leaves it absent.
    pub fn text(&mut self, k: usize, s: &str) {
        self.bytes(k, s.as_bytes());
    }

    /// Sets slot k; no bytes leave it absent.
    pub fn bytes(&mut self, k: usize, b: &[u8]) {
        let v = self.payload(b);
        self.number(k, v);
    }

    /// Sets slot k to names without values; none leave it absent.
    pub fn names(&mut self, k: usize, names: &[&str]) {
        self.list(k, names.len(), names.iter().map(|n| (*n, "")));
    }

    /// Sets slot k to pairs; none leave it absent.
    pub fn list<'s>(&mut self, k: usize, count: usize, pairs: impl Iterator<Item = (&'s str, &'s str)>) {
        let pad = self.used.wrapping_neg() & 7;
        if count == 0 || self.grow(pad).is_none() {
            return;
        }
        let at = match self.grow(count * 16) {
            Some(at) => at,
            None => return,
        };
        self.number(k, (count as u64) << 32 | at as u64);
        for (i, (name, value)) in pairs.enumerate() {
            let (name, value) = (self.payload(name.as_bytes()), self.payload(value.as_bytes()));
            self.put(at + i * 16, &name.to_le_bytes());
            self.put(at + i * 16 + 8, &value.to_le_bytes());
        }
    }

    /// Ends the frame: its length.
    pub fn close(mut self) -> Option<usize> {
        if self.full {
            return None;
        }
        let n = self.used;
        self.put(0, &(n as u32).to_le_bytes());
        Some(n)
    }
}
