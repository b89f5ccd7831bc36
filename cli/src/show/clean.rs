//! Text for terminals. Names of files, cells of lists and texts of servers may hold characters that move the cursor, change colours, hide
//! or reorder what is shown: they are written as escapes.

use std::{borrow::Cow, io::Write};

use serde::Serialize;
use serde_json::{Serializer, ser::Formatter};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// One line: line breaks are escaped too.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    escaped(text, is_unsafe)
}

/// Text that is made of lines, each of which was cleaned when it was put together.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c != '\n' && is_unsafe(c))
}

fn escaped(text: &str, unwanted: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&unwanted) {
        return Cow::Borrowed(text);
    }
    let escape = |c: char| if unwanted(c) { c.escape_default().collect() } else { String::from(c) };
    Cow::Owned(text.chars().map(escape).collect())
}

/// Whether a character has an effect on a terminal other than being seen: control characters (C0, DEL, C1), bidirectional controls, and
/// characters that take no room or break lines.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// Columns of a terminal that the text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// At most `most` columns: what is longer loses its middle.
pub(super) fn shortened(text: &str, most: usize) -> Cow<'_, str> {
    // No character has more columns than bytes.
    if text.len() <= most || width(text) <= most {
        return Cow::Borrowed(text);
    }
    let half = most.saturating_sub(1) / 2;
    let head = fitting(text.chars(), half);
    let tail: String = fitting(text.chars().rev(), half).chars().rev().collect();
    Cow::Owned(format!("{head}…{tail}"))
}

fn fitting(characters: impl Iterator<Item = char>, most: usize) -> String {
    let mut taken = 0;
    characters
        .take_while(|c| {
            taken += c.width().unwrap_or(0);
            taken <= most
        })
        .collect()
}

/// One JSON object as a line. What a terminal would act on is escaped as JSON allows it, so that the data stay exact.
pub(super) fn json(value: &impl Serialize) -> Option<Vec<u8>> {
    let mut text = Vec::new();
    value.serialize(&mut Serializer::with_formatter(&mut text, Visible)).ok()?;
    text.push(b'\n');
    Some(text)
}

struct Visible;

impl Formatter for Visible {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, out: &mut W, text: &str) -> std::io::Result<()> {
        let mut rest = text;
        while let Some(at) = rest.find(is_unsafe) {
            out.write_all(&rest.as_bytes()[..at])?;
            let Some(c) = rest[at..].chars().next() else { break };
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(out, "\\u{unit:04x}")?;
            }
            rest = &rest[at + c.len_utf8()..];
        }
        out.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::plain("a µ 731015 é e\u{301} 🐀 \\", "a µ 731015 é e\u{301} 🐀 \\")]
    #[case::colour("\u{1b}[31mred\u{7}", r"\u{1b}[31mred\u{7}")]
    #[case::lines("a\nb\r\tc", r"a\nb\r\tc")]
    #[case::c1("a\u{9b}31m\u{85}\u{7f}", r"a\u{9b}31m\u{85}\u{7f}")]
    #[case::reordered(
        "rtl\u{202e}gnp.exe\u{2066}\u{2069}\u{200f}",
        r"rtl\u{202e}gnp.exe\u{2066}\u{2069}\u{200f}"
    )]
    #[case::unseen("a\u{200b}\u{200d}\u{feff}\u{2060}b\u{ad}", r"a\u{200b}\u{200d}\u{feff}\u{2060}b\u{ad}")]
    #[case::breaks("a\u{2028}b\u{2029}", r"a\u{2028}b\u{2029}")]
    #[case::tags("a\u{e0041}", r"a\u{e0041}")]
    fn what_a_terminal_would_act_on_is_escaped(#[case] raw: &str, #[case] shown: &str) {
        assert_eq!(line(raw), shown);
        let json = json(&raw).unwrap();
        assert_eq!(serde_json::from_slice::<String>(&json).unwrap(), raw);
        assert!(!String::from_utf8(json).unwrap().trim_end().contains(is_unsafe));
    }

    #[test]
    fn text_keeps_its_lines() {
        assert_eq!(text("a\u{1b}\nb\r\n"), "a\\u{1b}\nb\\r\n");
    }

    #[rstest]
    #[case::fits("abcde", 5, "abcde")]
    #[case::long("abcdefghij", 5, "ab…ij")]
    #[case::wide("漢字漢字漢字", 7, "漢…字")]
    #[case::combining("e\u{301}e\u{301}e\u{301}", 3, "e\u{301}e\u{301}e\u{301}")]
    fn long_text_loses_its_middle(#[case] long: &str, #[case] most: usize, #[case] short: &str) {
        assert_eq!(shortened(long, most), short);
    }

    #[test]
    fn very_long_text_is_shortened() {
        let short = shortened(&"x".repeat(70_000), 200).into_owned();
        assert_eq!(width(&short), 199);
    }
}
