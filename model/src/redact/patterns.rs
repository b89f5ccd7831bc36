//! What looks like a secret by what surrounds it. All texts here are in small letters.

use std::ops::Range;

use super::names::{is_secret_header, is_secret_name};

/// Words that a credential follows in an `Authorization` header.
const SCHEMES: [&str; 6] = ["bearer", "basic", "sharedkey", "sharedkeylite", "aws4-hmac-sha256", "negotiate"];
/// A value after a colon is a word of a sentence unless it is at least this long.
const LONG: usize = 16;

pub(super) fn mark(text: &[u8], masked: &mut [bool]) {
    for word in words(text) {
        let name = std::str::from_utf8(&text[word.clone()]).unwrap_or_default();
        let found = if is_secret_name(name) {
            value(text, word.end, is_secret_header(name))
        } else if SCHEMES.contains(&name) {
            credential(text, word.end, name)
        } else {
            token(text, &word)
        };
        if let Some(found) = found {
            masked[found].fill(true);
        }
    }
    mark_users(text, masked);
}

/// Only what is certain in the name of a place.
pub(super) fn mark_places(text: &[u8], masked: &mut [bool]) {
    for word in words(text).filter(|word| word.start > 0 && b"?&".contains(&text[word.start - 1])) {
        let name = std::str::from_utf8(&text[word.clone()]).unwrap_or_default();
        if is_secret_name(name) && text.get(word.end) == Some(&b'=') {
            let end =
                until(text, word.end + 1, |byte| byte.is_ascii_whitespace() || b"&`\"'".contains(&byte));
            masked[word.end + 1..end].fill(true);
        }
    }
    mark_users(text, masked);
}

/// Runs of letters, digits, `-` and `_`.
fn words(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].iter().position(|byte| is_word(*byte))?;
        at = until(text, start, |byte| !is_word(byte));
        Some(start..at)
    })
}

/// The value after a name and `=` or `:`, with or without quotes.
fn value(text: &[u8], name_end: usize, header: bool) -> Option<Range<usize>> {
    let quoted = |at: usize| text.get(at).copied().filter(|byte| b"\"'`".contains(byte));
    let blanks = |at: usize| until(text, at, |byte| byte != b' ');
    let sign = blanks(name_end + usize::from(quoted(name_end).is_some()));
    let colon = match text.get(sign)? {
        b'=' => false,
        b':' => true,
        _ => return None,
    };
    let start = blanks(sign + 1);
    if let Some(quote) = quoted(start) {
        return Some(start + 1..until(text, start + 1, |byte| byte == quote));
    }
    if header {
        return Some(start..until(text, start, |byte| b"\r\n\"'`<".contains(&byte)));
    }
    let end = until(text, start, |byte| byte.is_ascii_whitespace() || b"&\"'`<>,;()[]{}|".contains(&byte));
    (!colon || end - start >= LONG).then_some(start..end)
}

/// What follows the name of a scheme, where it can be a credential.
fn credential(text: &[u8], scheme_end: usize, scheme: &str) -> Option<Range<usize>> {
    let start = until(text, scheme_end, |byte| byte != b' ');
    if start == scheme_end {
        return None;
    }
    if scheme.starts_with("aws4") {
        let signature = text[start..].windows(10).position(|window| window == b"signature=")?;
        let end = until(text, start + signature + 10, |byte| !byte.is_ascii_hexdigit());
        return Some(start..end);
    }
    let end = until(text, start, |byte| byte.is_ascii_whitespace() || b"&\"'`<>,;()[]{}|".contains(&byte));
    let digits = text[start..end].iter().any(u8::is_ascii_digit);
    (end - start >= 20 || (end - start >= 8 && digits)).then_some(start..end)
}

/// A JSON web token, or an access token of Google, by how it begins.
fn token(text: &[u8], word: &Range<usize>) -> Option<Range<usize>> {
    let begins = ["eyj", "ya29"].iter().any(|begin| text[word.clone()].starts_with(begin.as_bytes()));
    let end = until(text, word.start, |byte| !byte.is_ascii_alphanumeric() && !b"-_.=".contains(&byte));
    (begins && end - word.start >= LONG).then_some(word.start..end)
}

/// `scheme://user:password@host`
fn mark_users(text: &[u8], masked: &mut [bool]) {
    for (at, _) in text.windows(3).enumerate().filter(|(_, window)| *window == b"://") {
        let start = at + 3;
        let end = until(text, start, |byte| byte.is_ascii_whitespace() || b"`\"'<>?".contains(&byte));
        // A password that was not encoded may hold slashes; a key may hold an `@`, but no `:` before it in the host's place.
        let host = until(&text[..end], start, |byte| byte == b'/');
        let in_host = text[start..host].iter().rposition(|byte| *byte == b'@');
        let after = || {
            let colon = text[start..host].contains(&b':');
            let port = text[start..host].rsplit(|byte| *byte == b':').next().unwrap_or_default();
            let numbered = !port.is_empty() && port.iter().all(u8::is_ascii_digit);
            (colon && !numbered).then(|| text[start..end].iter().rposition(|byte| *byte == b'@')).flatten()
        };
        if let Some(user) = in_host.or_else(after) {
            masked[start..start + user].fill(true);
        }
    }
}

fn until(text: &[u8], start: usize, ends: impl Fn(u8) -> bool) -> usize {
    let start = start.min(text.len());
    text[start..].iter().position(|byte| ends(*byte)).map_or(text.len(), |length| start + length)
}
