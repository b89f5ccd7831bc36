//! What a file of foreign bytes is: text in one of the encodings that spreadsheets and shells write, or something else by its name.

use std::borrow::Cow;

use crate::draft::Wrong;

/// What to do about text of another encoding.
pub(crate) const SAVE_AS_UTF8: &str = "save the file as UTF-8 (in Excel: `CSV UTF-8 (Comma delimited)`)";
const SAVE_AS_LIST: &str =
    "open it in the program that made it and save the list as CSV (in Excel: `CSV UTF-8 (Comma delimited)`)";

/// The bytes as UTF-8 without a byte order mark, as far as they are; UTF-16 is decoded. An error names a file that is no text.
pub(crate) fn text(bytes: &[u8]) -> Result<Cow<'_, [u8]>, Wrong> {
    if let Some(what) = named(bytes) {
        return Err(Wrong::new(what, SAVE_AS_LIST));
    }
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => page(rest),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => {
            let first_line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
            match first_line.iter().position(|byte| *byte == 0) {
                Some(at) if at % 2 == 1 => utf16(bytes, u16::from_le_bytes),
                Some(_) => utf16(bytes, u16::from_be_bytes),
                None => page(bytes),
            }
        }
    }
}

/// Files that are not text, by how they begin.
fn named(bytes: &[u8]) -> Option<&'static str> {
    const BEGINNINGS: [(&[u8], &str); 5] = [
        (b"PK\x03\x04", "the file is an Excel workbook (.xlsx) or a zip file, not text"),
        (b"\xD0\xCF\x11\xE0", "the file is an old Excel workbook (.xls), not text"),
        (b"\x1F\x8B", "the file is compressed (gzip), not text"),
        (b"%PDF", "the file is a PDF, not text"),
        (b"{\\rtf", "the file is a document of a word processor (RTF), not a list of jobs"),
    ];
    BEGINNINGS.iter().find(|(beginning, _)| bytes.starts_with(beginning)).map(|(_, what)| *what)
}

fn page(text: &[u8]) -> Result<Cow<'_, [u8]>, Wrong> {
    if text.trim_ascii_start().starts_with(b"<") {
        let what = "the file is a web page (HTML) or XML, such as a sign-in page, not a list of jobs";
        return Err(Wrong::new(what, "download or save the list itself, as CSV or JSON"));
    }
    Ok(Cow::Borrowed(text))
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'_, [u8]>, Wrong> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let wrong = || Wrong::new("the file is neither UTF-8 nor whole UTF-16 text", SAVE_AS_UTF8);
    if !rest.is_empty() {
        return Err(wrong());
    }
    let text: Result<String, _> = char::decode_utf16(pairs.iter().map(|pair| unit(*pair))).collect();
    let text = text.map_err(|_| wrong())?;
    if text.contains('\0') {
        return Err(wrong());
    }
    page(text.as_bytes()).map(|text| Cow::Owned(text.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn utf16_of(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[rstest]
    #[case::plain("a,ü".as_bytes().to_vec())]
    #[case::marked("\u{feff}a,ü".as_bytes().to_vec())]
    #[case::little(utf16_of("\u{feff}a,ü", u16::to_le_bytes))]
    #[case::big(utf16_of("\u{feff}a,ü", u16::to_be_bytes))]
    #[case::little_without_mark(utf16_of("a,ü", u16::to_le_bytes))]
    #[case::big_without_mark(utf16_of("a,ü", u16::to_be_bytes))]
    fn text_is_read(#[case] bytes: Vec<u8>) {
        assert_eq!(text(&bytes).unwrap(), "a,ü".as_bytes());
    }

    #[rstest]
    #[case::workbook(b"PK\x03\x04rest", "the file is an Excel workbook (.xlsx)")]
    #[case::old_workbook(b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "the file is an old Excel workbook (.xls)")]
    #[case::page(b"\n<!DOCTYPE html><html>", "the file is a web page")]
    #[case::marked_page(b"\xEF\xBB\xBF<html>", "the file is a web page")]
    #[case::compressed(b"\x1F\x8B\x08", "the file is compressed")]
    #[case::zeros(&[0; 64], "the file is neither")]
    #[case::half(b"\xFF\xFEa\0b", "the file is neither")]
    fn what_is_no_text_is_named(#[case] bytes: &[u8], #[case] what: &str) {
        let wrong = text(bytes).unwrap_err();
        assert!(wrong.what.starts_with(what), "{}", wrong.what);
    }
}
