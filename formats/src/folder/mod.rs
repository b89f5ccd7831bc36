//! What lies in a session folder: its files in key order, and what of it is not taken along.

mod count;
mod listing;
mod walk;

use std::sync::Arc;

use adt_model::Key;
use camino::Utf8PathBuf;
use jiff::Timestamp;

pub use count::{Counted, Fingerprint, count, count_file};
pub use listing::LINK;
pub use walk::{Walk, file, walk, walk_with};

/// A file that is taken along, or a folder that would be lost because nothing lies in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Name relative to the walked folder.
    pub key: Key,
    /// What to open.
    pub path: Utf8PathBuf,
    /// File or empty folder.
    pub kind: EntryKind,
    /// Bytes; 0 for a folder.
    pub size: u64,
    /// Last modification.
    pub modified: Timestamp,
    /// Permission bits (`0o7777`), where the system has them.
    pub mode: Option<u32>,
}

/// See [`Entry`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A file with content, or a link to one.
    File,
    /// A folder in which nothing is taken along, neither files nor folders.
    EmptyFolder,
    /// A link that is kept as one: its key ends with [`LINK`], its size is that of its target's text. Only [`Links::Keep`] gives these.
    Link,
}

/// Whether a path relative to the walked folder is of interest. What of it is not UTF-8 is a replacement character.
pub type Test = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// Which names a walk looks at.
#[derive(Clone)]
pub struct Choice {
    /// Whether a file, or anything else that is no folder, is taken.
    pub takes: Test,
    /// Whether anything below a folder may be taken.
    pub enters: Test,
}

impl std::fmt::Debug for Choice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Choice").finish_non_exhaustive()
    }
}

/// What becomes of symbolic links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Links {
    /// Those that stay inside the walked folder are followed, the others left out.
    #[default]
    Inside,
    /// All are followed, but those that lead nowhere or to a folder they lie in.
    Follow,
    /// All are left out.
    Skip,
    /// They stay links.
    Keep,
}

/// One thing met on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Walked {
    /// Taken along.
    Entry(Entry),
    /// Not taken along, with everything below it.
    LeftOut {
        /// Relative to the walked folder; `.` for the folder itself.
        path: String,
        /// For a person.
        why: String,
    },
}
