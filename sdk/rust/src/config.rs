use crate::contract::*;
use crate::frame::Reader;

/// What a module learns when an instance starts.
pub struct Setup {
    config: String,
    module: String,
}

impl Setup {
    pub(crate) fn new(frame: &Reader) -> Self {
        Setup { config: frame.text(INIT_CONFIG).into(), module: frame.text(INIT_MODULE).into() }
    }

    /// The name of the module in the configuration.
    pub fn module(&self) -> &str {
        &self.module
    }

    /// The configuration, a JSON object.
    pub fn config(&self) -> &str {
        &self.config
    }

    /// A string of the configuration, None when it is not there.
    pub fn text(&self, key: &str) -> Result<Option<String>, String> {
        match self.member(key) {
            None => Ok(None),
            Some(raw) => string(raw).map(Some).ok_or_else(|| [key, " is not a string"].concat()),
        }
    }

    /// A whole number of the configuration, None when it is not there.
    pub fn int(&self, key: &str) -> Result<Option<i64>, String> {
        match self.member(key) {
            None => Ok(None),
            Some(raw) => raw.parse().map(Some).map_err(|_| [key, " is not a whole number"].concat()),
        }
    }

    /// An array of strings of the configuration, empty when it is not there.
    pub fn texts(&self, key: &str) -> Result<Vec<String>, String> {
        let wrong = || [key, " is not an array of strings"].concat();
        let raw = match self.member(key) {
            None => return Ok(Vec::new()),
            Some(raw) => raw,
        };
        let mut rest = raw.strip_prefix('[').ok_or_else(wrong)?.trim_start();
        let mut list = Vec::new();
        while !rest.is_empty() && !rest.starts_with(']') {
            let end = value(rest);
            list.push(string(rest[..end].trim_end()).ok_or_else(wrong)?);
            rest = rest[end..].trim_start_matches(',').trim_start();
        }
        Ok(list)
    }

    fn member(&self, key: &str) -> Option<&str> {
        let mut rest = self.config.trim_start().strip_prefix('{')?.trim_start();
        while rest.starts_with('"') {
            let end = quoted(rest);
            let name = string(&rest[..end])?;
            rest = rest[end..].trim_start().strip_prefix(':')?.trim_start();
            let end = value(rest);
            if name == key {
                return Some(rest[..end].trim_end());
            }
            rest = rest[end..].trim_start_matches(',').trim_start();
        }
        None
    }
}

/// The end of the JSON string at the start of s.
fn quoted(s: &str) -> usize {
    let mut escaped = true; // the first quote is not the last
    for (i, b) in s.bytes().enumerate() {
        match b {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return i + 1,
            _ => {}
        }
    }
    s.len()
}

/// The end of the JSON value at the start of s. The host has checked that it is JSON.
fn value(s: &str) -> usize {
    let (mut depth, mut i) = (0usize, 0);
    while let Some(&b) = s.as_bytes().get(i) {
        match b {
            b'"' => {
                i += quoted(&s[i..]);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b',' | b'}' | b']' if depth == 0 => return i,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        i += 1;
    }
    s.len()
}

/// A JSON string without its quotes and escapes.
fn string(raw: &str) -> Option<String> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = String::with_capacity(inner.len());
    let mut units = Vec::new(); // of \u, which come in pairs
    let mut chars = inner.chars();
    while let Some(ch) = chars.next() {
        let escape = if ch == '\\' { Some(chars.next()?) } else { None };
        if escape == Some('u') {
            let hex: String = chars.by_ref().take(4).collect();
            units.push(u16::from_str_radix(&hex, 16).ok()?);
            continue;
        }
        out.push_str(&String::from_utf16_lossy(&units));
        units.clear();
        out.push(match escape {
            None => ch,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some(other) => other,
        });
    }
    out.push_str(&String::from_utf16_lossy(&units));
    Some(out)
}
