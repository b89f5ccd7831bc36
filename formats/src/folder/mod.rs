//! What lies in a session folder: its files in key order, and what of it is not taken along.

mod count;
mod listing;
mod walk;

use std::sync::Arc;

use adt_model::{Change, Key, SourceLinks};
use camino::Utf8PathBuf;
use jiff::Timestamp;

pub use count::{Counted, Fingerprint, count, count_file};
pub use listing::LINK;
pub use walk::{Walk, file, walk};

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
    /// What tells it from an earlier version of this size and time, as far as the system says so.
    pub changed: Option<Change>,
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
    /// A link that is kept as one: its size is that of its target's text. With [`Links::Keep`] its key ends with [`LINK`], with
    /// [`Links::Listed`] it does not; the others never give one.
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

/// What happens to symbolic links.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Links {
    /// They are followed, except dangling links and loops.
    #[default]
    Follow,
    /// They are left out.
    Skip,
    /// Each is a fault.
    Fail,
    /// They stay links.
    Keep,
    /// They are listed under their own names and not entered: a destination.
    Listed,
}

impl From<SourceLinks> for Links {
    fn from(links: SourceLinks) -> Self {
        match links {
            SourceLinks::Follow => Self::Follow,
            SourceLinks::Skip => Self::Skip,
            SourceLinks::Fail => Self::Fail,
        }
    }
}

/// Which part of a folder is taken along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// Folders and files of which nothing is taken along, whichever way leads there: compared by path component after links are
    /// resolved. One that does not exist is a fault, because it may be misspelled.
    pub leave_out: Vec<Utf8PathBuf>,
    /// Folders that no link may lead into. Below the walked folder itself they have no effect, and they need not exist.
    pub shielded: Vec<Utf8PathBuf>,
    /// What happens to links.
    pub links: Links,
}

impl Rules {
    /// Everything except `leave_out`.
    pub fn without(leave_out: Vec<Utf8PathBuf>) -> Self {
        Self { leave_out, ..Self::default() }
    }
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
        /// The reason, for messages.
        why: String,
        /// Whether it is a folder or file of [`Rules::leave_out`] under its own name.
        asked: bool,
    },
    /// A link to a folder of which everything, or a part, is taken along under another name too. Its content follows.
    Repeated {
        /// The link, relative to the walked folder.
        path: String,
        /// What it leads to, without links.
        target: String,
    },
}
