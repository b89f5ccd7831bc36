//! From the key of an object to the path of a file, by the rules of the system that keeps the file.
//!
//! Everything that writes into a folder comes through [`Rules::below`]: the path is always below the root, two keys never give one path, and
//! a key that would leave the root or lose part of its name is refused with the reason.

use camino::{Utf8Path, Utf8PathBuf};

use crate::temporary::is_temporary;

/// The rules for file names of a system. Both sets can be used everywhere, so that both are tested everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rules {
    /// Linux and macOS: everything but `/` and NUL is part of a name.
    Unix,
    /// Windows: drives, streams, devices, and characters that no name has.
    Windows,
}

/// Why a key cannot be a path below a folder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Nothing at all.
    #[error("it is empty")]
    Empty,
    /// `/a`.
    #[error("it begins with a slash, so it is an absolute path")]
    Absolute,
    /// `a//b`, `a/`.
    #[error("it has an empty part between two slashes or at its end")]
    EmptyPart,
    /// `.` or `..`.
    #[error("its part `{0}` means another folder")]
    Dots(&'static str),
    /// `C:` at the beginning.
    #[error("it begins with the drive `{0}:`")]
    Drive(char),
    /// A backslash separates folders on Windows.
    #[error("it contains a backslash, which separates folders on Windows")]
    Backslash,
    /// `name:stream`.
    #[error("it contains a colon, which names a stream of a file on Windows")]
    Stream,
    /// A character that no file name has.
    #[error("it contains the character {0:?}, which no file name can contain")]
    Character(char),
    /// Windows drops blanks and dots at the end of a name.
    #[error("its part `{0}` ends with a blank or a dot, which Windows removes")]
    Ending(String),
    /// `CON`, `nul.txt`.
    #[error("its part `{0}` is the name of a device on Windows")]
    Device(String),
    /// A part that no file system stores.
    #[error("one of its parts has {length} {unit}; a file name has at most {LONGEST_PART}")]
    LongPart {
        /// As the system counts.
        length: usize,
        /// What it counts.
        unit: &'static str,
    },
    /// More than the system opens.
    #[error("the path would have {length} {unit}; the longest possible is {most}")]
    LongPath {
        /// As the system counts.
        length: usize,
        /// What it counts.
        unit: &'static str,
        /// The limit.
        most: usize,
    },
    /// The name of a file that is being written.
    #[error("its part `{0}` is a name that adt uses for temporary files")]
    Temporary(String),
}

/// Bytes on Unix, UTF-16 units on Windows.
const LONGEST_PART: usize = 255;

impl Rules {
    /// Those of the system that this program runs on.
    pub const fn here() -> Self {
        if cfg!(windows) { Self::Windows } else { Self::Unix }
    }

    /// The path of the object `key` below the folder `root`.
    pub fn below(self, root: &Utf8Path, key: &str) -> Result<Utf8PathBuf, PathError> {
        let mut path = root.to_owned();
        for part in self.parts(key)? {
            path.push(part);
        }
        let (length, most) = (self.length(path.as_str()), self.longest_path());
        if length > most {
            return Err(PathError::LongPath { length, unit: self.unit(), most });
        }
        Ok(path)
    }

    /// The names of the folders and of the file that `key` stands for.
    pub fn parts(self, key: &str) -> Result<Vec<&str>, PathError> {
        if key.is_empty() {
            return Err(PathError::Empty);
        }
        if self == Self::Windows
            && let Some((drive, ':')) = two(key)
            && drive.is_ascii_alphabetic()
        {
            return Err(PathError::Drive(drive));
        }
        if key.starts_with('/') {
            return Err(PathError::Absolute);
        }
        key.split('/').map(|part| self.part(part).map(|()| part)).collect()
    }

    fn part(self, part: &str) -> Result<(), PathError> {
        match part {
            "" => return Err(PathError::EmptyPart),
            "." => return Err(PathError::Dots(".")),
            ".." => return Err(PathError::Dots("..")),
            _ if part.contains('\0') => return Err(PathError::Character('\0')),
            _ if is_temporary(part) => return Err(PathError::Temporary(part.to_owned())),
            _ => {}
        }
        if self == Self::Windows {
            on_windows(part)?;
        }
        let length = self.length(part);
        if length > LONGEST_PART {
            return Err(PathError::LongPart { length, unit: self.unit() });
        }
        Ok(())
    }

    fn length(self, text: &str) -> usize {
        match self {
            Self::Unix => text.len(),
            Self::Windows => text.encode_utf16().count(),
        }
    }

    const fn unit(self) -> &'static str {
        match self {
            Self::Unix => "bytes",
            Self::Windows => "UTF-16 units",
        }
    }

    /// Without the NUL at its end, and on Windows without the prefix that long paths get.
    const fn longest_path(self) -> usize {
        match self {
            Self::Unix if cfg!(target_vendor = "apple") => 1023,
            Self::Unix => 4095,
            Self::Windows => 32_700,
        }
    }
}

fn two(key: &str) -> Option<(char, char)> {
    let mut letters = key.chars();
    Some((letters.next()?, letters.next()?))
}

fn on_windows(part: &str) -> Result<(), PathError> {
    if part.contains('\\') {
        return Err(PathError::Backslash);
    }
    if part.contains(':') {
        return Err(PathError::Stream);
    }
    let never = |c: char| c < ' ' || matches!(c, '<' | '>' | '"' | '|' | '?' | '*');
    if let Some(found) = part.chars().find(|c| never(*c)) {
        return Err(PathError::Character(found));
    }
    if part.ends_with([' ', '.']) {
        return Err(PathError::Ending(part.to_owned()));
    }
    if is_device(part) { Err(PathError::Device(part.to_owned())) } else { Ok(()) }
}

/// Whether Windows opens a device by this name: also with an extension, and with blanks before the extension.
fn is_device(part: &str) -> bool {
    let stem = part.split('.').next().unwrap_or(part).trim_end_matches(' ').to_ascii_uppercase();
    let numbered = |name: &str| {
        let mut rest = name.chars();
        // Windows reads the superscripts of Latin-1 as digits.
        matches!((rest.next(), rest.next()), (Some('1'..='9' | '¹' | '²' | '³'), None))
    };
    matches!(&*stem, "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$")
        || stem.strip_prefix("COM").is_some_and(numbered)
        || stem.strip_prefix("LPT").is_some_and(numbered)
}

/// Which differences between two names a file system does not see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Folding {
    /// `A` and `a` are one name.
    pub case: bool,
    /// The composed and the decomposed form of `é` are one name.
    pub form: bool,
}

impl Folding {
    /// What is usual where nothing else is known.
    pub const fn usual() -> Self {
        Self { case: cfg!(any(windows, target_vendor = "apple")), form: cfg!(target_vendor = "apple") }
    }

    /// Whether two different names can be one file.
    pub const fn any(self) -> bool {
        self.case || self.form
    }

    /// The same text for all names that may be one file. It errs on the side of finding two names the same: file systems differ in how they
    /// treat rare letters.
    pub fn fold(self, name: &str) -> String {
        let mut text = name.to_owned();
        if self.form {
            text = composed(&text);
        }
        if self.case {
            // Upper case first: `ſ` and `s` meet there. Letter by letter, for a sigma at the end of a word is no other letter.
            let upper: String = text.chars().flat_map(char::to_uppercase).collect();
            text = upper.chars().flat_map(char::to_lowercase).collect();
        }
        if self.form { composed(&text) } else { text }
    }
}

fn composed(text: &str) -> String {
    icu_normalizer::ComposingNormalizerBorrowed::new_nfc().normalize(text).into_owned()
}

#[cfg(test)]
mod tests;
