//! Texts without the secrets in them.
//!
//! Servers and proxies repeat what they were sent. A [`Redactor`] knows the secrets of one request, and masks them wherever a
//! text repeats them: whole or in part, percent-encoded, escaped as JSON or HTML, in hexadecimal, or inside of base64. It also
//! masks what looks like a secret without being known: the values of headers and parameters that hold secrets, and credentials in URLs.

mod canonical;
mod names;
mod patterns;

use std::{borrow::Cow, collections::HashSet, fmt};

use self::canonical::Canonical;
use crate::Secret;
pub use names::is_secret_name;

/// What a secret is replaced by.
const MASK: &str = "***";
/// A part of a secret that is at least this long is masked too: texts get cut and wrapped.
const WINDOW: usize = 12;
/// Anything shorter is a word that could be part of any text.
const SHORTEST: usize = 4;
/// No message is longer; the rest is dropped.
const LONGEST: usize = 64 << 10;

/// The secrets of one request.
#[derive(Clone, Default)]
pub struct Redactor(Vec<Secret>);

impl Redactor {
    /// Masks this text from now on.
    pub fn hide(&mut self, secret: &str) {
        let secret = secret.trim();
        if secret.len() >= SHORTEST && !self.0.iter().any(|known| known.expose() == secret) {
            self.0.push(Secret::new(secret));
        }
    }

    /// Whether there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text with `***` in place of each secret. At most its first 64 KiB.
    pub fn clean(&self, text: &str) -> String {
        let text = &text[..text.floor_char_boundary(LONGEST)];
        let canonical = Canonical::of(text);
        let mut masked = vec![false; canonical.bytes.len()];
        for secret in &self.0 {
            for form in forms(secret.expose()) {
                mark(&form, &canonical.bytes, &mut masked);
            }
        }
        widen(&canonical.bytes, &mut masked);
        patterns::mark(&canonical.bytes, &mut masked);
        canonical.masked(text, &masked)
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} secrets)", self.0.len())
    }
}

/// A text without what looks like a secret in it, for texts that do not belong to a request.
pub fn redact(text: &str) -> String {
    Redactor::default().clean(text)
}

/// A text that names places, as a person typed them: without passwords and signatures inside URLs. Everything else stays, as
/// names of files and objects may hold anything.
pub fn redact_places(text: &str) -> Cow<'_, str> {
    if !text.contains("://") && !text.contains(['?', '&']) {
        return Cow::Borrowed(text);
    }
    let canonical = Canonical::plain(text);
    let mut masked = vec![false; canonical.bytes.len()];
    patterns::mark_places(&canonical.bytes, &mut masked);
    if masked.contains(&true) { Cow::Owned(canonical.masked(text, &masked)) } else { Cow::Borrowed(text) }
}

/// Whether a place as a person typed it holds a password or a signature.
pub fn holds_secret(place: &str) -> bool {
    matches!(redact_places(place), Cow::Owned(_))
}

/// How a secret may be written, each in small letters and without escapes.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let plain = Canonical::of(secret).bytes;
    let mut forms = vec![hex(secret.as_bytes())];
    for shift in 0..3 {
        let form = base64(secret.as_bytes(), shift);
        if form.len() >= 2 * SHORTEST {
            let url: Vec<u8> = form
                .iter()
                .map(|b| match b {
                    b'+' => b'-',
                    b'/' => b'_',
                    b => *b,
                })
                .collect();
            if url != form {
                forms.push(url);
            }
            forms.push(form);
        }
    }
    forms.push(plain);
    forms
}

fn mark(form: &[u8], text: &[u8], masked: &mut [bool]) {
    let size = form.len().min(WINDOW);
    if size < SHORTEST {
        return;
    }
    let windows: HashSet<&[u8]> = form.windows(size).collect();
    for (at, window) in text.windows(size).enumerate() {
        if windows.contains(window) {
            masked[at..at + size].fill(true);
        }
    }
}

/// What remains of a word next to what is masked is masked with it.
fn widen(text: &[u8], masked: &mut [bool]) {
    let word = |at: usize| text[at].is_ascii_alphanumeric() || b"-_".contains(&text[at]);
    for at in 1..text.len() {
        masked[at] |= masked[at - 1] && word(at) && word(at - 1);
    }
    for at in (1..text.len()).rev() {
        masked[at - 1] |= masked[at] && word(at) && word(at - 1);
    }
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes.iter().flat_map(|b| [DIGITS[usize::from(b >> 4)], DIGITS[usize::from(b & 15)]]).collect()
}

/// What base64 always makes of these bytes when `shift` others precede them, in small letters. Characters at the ends that
/// depend on the neighbours are left out.
fn base64(bytes: &[u8], shift: usize) -> Vec<u8> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let all: Vec<u8> = std::iter::repeat_n(0, shift).chain(bytes.iter().copied()).collect();
    let whole = all.len() * 8 / 6;
    let letter = |n: usize| {
        let bit = n * 6;
        let pair = u16::from(all[bit / 8]) << 8 | u16::from(all.get(bit / 8 + 1).copied().unwrap_or(0));
        LETTERS[usize::from(pair >> (10 - bit % 8) & 63)].to_ascii_lowercase()
    };
    let first = [0, 2, 3][shift];
    (first..whole).map(letter).collect()
}

#[cfg(test)]
mod tests;
