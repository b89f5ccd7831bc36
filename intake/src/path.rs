//! Paths people type: made absolute, and looked at.

use std::io::ErrorKind;

use camino::{Utf8Path, Utf8PathBuf};

use crate::{damage::is_invisible, draft::Wrong};

/// The path below `cwd`, unless it is absolute itself. `.` and doubled slashes go; links and `..` stay, since what
/// `link/..` means only the file system knows.
pub(crate) fn absolute(cwd: &Utf8Path, text: &str) -> Utf8PathBuf {
    cwd.join(text).components().collect()
}

/// A path without what copying it adds: quotes (Explorer's "Copy as path") and marks of the writing direction (Windows' dialog of
/// properties) around it.
pub(crate) fn bare(text: &str) -> &str {
    let text = text.trim_matches(is_edge);
    match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(inside) if !inside.is_empty() => inside.trim_matches(is_edge),
        _ => text,
    }
}

fn is_edge(character: char) -> bool {
    character.is_whitespace() || is_invisible(character)
}

/// The path that a person typed or copied. A `file://` address is one, as browsers and file managers show it.
pub(crate) fn typed(text: &str) -> Result<String, Wrong> {
    let text = bare(text);
    let Some(rest) =
        text.get(..7).filter(|scheme| scheme.eq_ignore_ascii_case("file://")).map(|_| &text[7..])
    else {
        return Ok(text.to_owned());
    };
    let rest = rest.strip_prefix("localhost/").map_or_else(|| rest.to_owned(), |path| format!("/{path}"));
    let decoded = decoded(&rest)
        .ok_or_else(|| Wrong::new("an address whose `%` signs cannot be read", "write the path itself"))?;
    let drive = matches!(decoded.as_bytes(), [b'/', letter, b':', ..] if letter.is_ascii_alphabetic());
    match decoded.strip_prefix('/') {
        Some(path) if drive => Ok(path.to_owned()),
        Some(_) => Ok(decoded),
        None if cfg!(windows) => Ok(format!("\\\\{}", decoded.replace('/', "\\"))),
        None => Err(Wrong::new(
            "an address of a file on another computer",
            "write the path where it is mounted here, or `file:///…` with three slashes",
        )),
    }
}

/// `%20` and the like.
fn decoded(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first == b'%' {
            let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

/// A drive's letter or a share, on a machine that has neither.
pub(crate) fn is_of_windows(path: &str) -> bool {
    let drive = matches!(path.as_bytes(), [letter, b':', b'\\' | b'/', ..] if letter.is_ascii_alphabetic());
    !cfg!(windows) && (drive || path.starts_with("\\\\"))
}

/// What stands at a path, links followed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Folder,
    File,
    /// Neither a folder nor a file: a pipe, a device.
    Other,
    Nothing,
    /// It cannot be said, and why.
    Unknown(ErrorKind),
}

pub(crate) fn look(path: &Utf8Path) -> Found {
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Found::Folder,
        Ok(found) if found.is_file() => Found::File,
        Ok(_) => Found::Other,
        Err(error) if error.kind() == ErrorKind::NotFound => Found::Nothing,
        Err(error) => Found::Unknown(error.kind()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case::explorer("\"C:\\data\\a b\"", "C:\\data\\a b")]
    #[case::properties("\u{202a}C:\\data", "C:\\data")]
    #[case::both("\u{202a}\"C:\\data\"\u{202c} ", "C:\\data")]
    #[case::byte_order_mark("\u{feff}/data", "/data")]
    #[case::no_break_blanks("\u{a0}/data\u{a0}", "/data")]
    #[case::address("file:///data/a%20b", "/data/a b")]
    #[case::address_in_capitals("FILE:///data", "/data")]
    #[case::address_of_a_drive("file:///C:/data", "C:/data")]
    #[case::address_of_this_machine("file://localhost/data", "/data")]
    #[case::percent("/data/50%25", "/data/50%25")]
    #[case::quote("/data/5\"", "/data/5\"")]
    fn what_is_copied_is_understood(#[case] text: &str, #[case] path: &str) {
        assert_eq!(typed(text).unwrap(), path);
    }

    #[rstest]
    fn addresses_that_cannot_be_meant(#[values("file:///data/%zz", "file:///%ff")] text: &str
    ) {
        assert!(typed(text).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn what_belongs_to_another_computer_is_recognised() {
        assert!(typed("file://server/share").is_err());
        assert!(is_of_windows("C:\\data") && is_of_windows("d:/data") && is_of_windows("\\\\server\\share"));
        assert!(!is_of_windows("/data") && !is_of_windows("c:data") && !is_of_windows("s3://x"));
    }

    #[cfg(unix)]
    #[rstest]
    #[case::relative("a/b", "/here/a/b")]
    #[case::absolute("/a/b", "/a/b")]
    #[case::dot("./a", "/here/a")]
    #[case::slash_behind("a/", "/here/a")]
    #[case::up_is_kept("a/../b", "/here/a/../b")]
    fn paths_become_absolute(#[case] text: &str, #[case] path: &str) {
        assert_eq!(absolute("/here".into(), text), path);
    }
}
