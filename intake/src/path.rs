//! Paths people type: made absolute, and looked at.

use std::io::ErrorKind;

use camino::{Utf8Path, Utf8PathBuf};

/// The path below `cwd`, unless it is absolute itself. `.` and doubled slashes go; links and `..` stay, since what
/// `link/..` means only the file system knows.
pub(crate) fn absolute(cwd: &Utf8Path, text: &str) -> Utf8PathBuf {
    cwd.join(text).components().collect()
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
