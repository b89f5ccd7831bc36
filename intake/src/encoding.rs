//! What a file of foreign bytes is, when it is not UTF-8 text.

use crate::draft::Wrong;

/// What to do about text of another encoding.
pub(crate) const SAVE_AS_UTF8: &str = "save the file as UTF-8 (in Excel: `CSV UTF-8 (Comma delimited)`)";

/// The bytes without a UTF-8 byte order mark; an error for files that are recognised as something else.
pub(crate) fn unmarked(bytes: &[u8]) -> Result<&[u8], Wrong> {
    if let Some(rest) = bytes.strip_prefix(b"\xEF\xBB\xBF") {
        return Ok(rest);
    }
    let utf16 = bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF");
    let first_line = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    if utf16 || first_line.contains(&0) {
        return Err(Wrong::new("the file is UTF-16, not UTF-8", SAVE_AS_UTF8));
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Err(Wrong::new("the file is an Excel workbook or a zip file, not text", SAVE_AS_UTF8));
    }
    Ok(bytes)
}
