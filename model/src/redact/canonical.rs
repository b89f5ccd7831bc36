use std::ops::Range;

use super::MASK;

/// How often a text may have been escaped.
const PASSES: usize = 3;

/// A text in small letters and without escapes, and where each byte comes from.
pub(super) struct Canonical {
    pub(super) bytes: Vec<u8>,
    from: Vec<Range<usize>>,
}

impl Canonical {
    pub(super) fn of(text: &str) -> Self {
        let mut canonical = Self::plain(text);
        for _ in 0..PASSES {
            if !canonical.unescape() {
                break;
            }
        }
        canonical
    }

    /// In small letters; escapes stay.
    pub(super) fn plain(text: &str) -> Self {
        let (mut bytes, mut from) = (Vec::with_capacity(text.len()), Vec::with_capacity(text.len()));
        for (at, character) in text.char_indices() {
            let end = at + character.len_utf8();
            for byte in &text.as_bytes()[at..end] {
                bytes.push(byte.to_ascii_lowercase());
                from.push(at..end);
            }
        }
        Self { bytes, from }
    }

    /// One layer of escapes is removed; whether there was any.
    fn unescape(&mut self) -> bool {
        let (mut bytes, mut from) = (Vec::with_capacity(self.bytes.len()), Vec::new());
        let mut at = 0;
        while at < self.bytes.len() {
            let (byte, length) = escaped(&self.bytes[at..]).unwrap_or((self.bytes[at], 1));
            bytes.push(byte.to_ascii_lowercase());
            from.push(self.from[at].start..self.from[at + length - 1].end);
            at += length;
        }
        let changed = bytes.len() != self.bytes.len();
        (self.bytes, self.from) = (bytes, from);
        changed
    }

    /// The original text, with a mask in place of each run of marked bytes.
    pub(super) fn masked(&self, text: &str, marked: &[bool]) -> String {
        let (mut shown, mut done, mut inside) = (String::with_capacity(text.len()), 0, false);
        for (range, marked) in self.from.iter().zip(marked) {
            if *marked && !inside {
                shown.push_str(&text[done..range.start.max(done)]);
                shown.push_str(MASK);
            }
            if *marked {
                done = range.end.max(done);
            }
            inside = *marked;
        }
        shown.push_str(&text[done..]);
        shown
    }
}

/// The byte that an escape at the beginning stands for, and the escape's length.
fn escaped(text: &[u8]) -> Option<(u8, usize)> {
    match text {
        [b'%', high, low, ..] => Some((hex(&[*high, *low])?, 3)),
        [b'\\', b'u', b'0', b'0', high, low, ..] => Some((hex(&[*high, *low])?, 6)),
        [b'\\', byte @ (b'/' | b'"' | b'\\' | b'\''), ..] => Some((*byte, 2)),
        [b'&', rest @ ..] => {
            let length = rest.iter().take(8).position(|byte| *byte == b';')?;
            Some((entity(&rest[..length])?, length + 2))
        }
        _ => None,
    }
}

fn entity(name: &[u8]) -> Option<u8> {
    match name {
        [b'#', b'x', digits @ ..] => hex(digits),
        [b'#', digits @ ..] => std::str::from_utf8(digits).ok()?.parse().ok(),
        b"amp" => Some(b'&'),
        b"lt" => Some(b'<'),
        b"gt" => Some(b'>'),
        b"quot" => Some(b'"'),
        b"apos" => Some(b'\''),
        b"sol" => Some(b'/'),
        b"plus" => Some(b'+'),
        b"equals" => Some(b'='),
        _ => None,
    }
}

fn hex(digits: &[u8]) -> Option<u8> {
    let plain = digits.iter().all(u8::is_ascii_hexdigit);
    u8::from_str_radix(std::str::from_utf8(digits).ok().filter(|_| plain)?, 16).ok()
}
