//! What stands at a place, whichever kind it is.

use std::sync::Arc;

use super::manifest::Noted;
use adt_formats::folder::{Choice, Entry, EntryKind, Links};
use adt_model::{FileVersion, Key};
use adt_store::Found;
use jiff::Timestamp;

/// What of a place is meant.
#[derive(Clone)]
pub struct Selection {
    /// Whether a key is taken; what is not taken is neither copied, compared nor removed.
    pub takes: Arc<dyn Fn(&Key) -> bool + Send + Sync>,
    /// The same for names of a folder, before anything is opened or entered: also names that cannot be keys. `None` where everything is
    /// taken.
    pub choice: Option<Choice>,
    /// What becomes of symbolic links.
    pub links: Links,
    /// Whether folders in which nothing lies are kept.
    pub empty_dirs: bool,
    /// What is meant by size and time.
    pub bounds: Bounds,
}

/// Bounds of size and time. An object outside of them is neither copied, compared nor deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// At least so many bytes.
    pub min_size: Option<u64>,
    /// At most so many bytes.
    pub max_size: Option<u64>,
    /// Changed then or later.
    pub since: Option<Timestamp>,
    /// Changed before.
    pub before: Option<Timestamp>,
}

impl Bounds {
    /// Whether an object is meant. One whose time is not known is.
    pub fn hold(&self, found: &Found) -> bool {
        let time = found.modified.or(found.written);
        self.min_size.is_none_or(|min| found.size >= min)
            && self.max_size.is_none_or(|max| found.size <= max)
            && time.is_none_or(|time| {
                self.since.is_none_or(|since| time >= since) && self.before.is_none_or(|before| time < before)
            })
    }
}

impl Default for Selection {
    fn default() -> Self {
        Self {
            takes: Arc::new(|_| true),
            choice: None,
            links: Links::Follow,
            empty_dirs: false,
            bounds: Bounds::default(),
        }
    }
}

impl std::fmt::Debug for Selection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Selection").field("links", &self.links).finish_non_exhaustive()
    }
}

/// One object, or file.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// Of this machine.
    File(Entry),
    /// Of a bucket.
    Object(Found),
    /// Of a manifest.
    Noted(Noted),
}

impl Item {
    pub(super) fn key(&self) -> &Key {
        match self {
            Self::File(entry) => &entry.key,
            Self::Object(found) => &found.key,
            Self::Noted(noted) => &noted.path,
        }
    }

    pub(super) fn size(&self) -> u64 {
        match self {
            Self::File(entry) => entry.size,
            Self::Object(found) => found.size,
            Self::Noted(noted) => noted.size,
        }
    }

    /// Whether it is a link under its own name: a thing at a destination that no source has.
    pub(super) fn is_link(&self) -> bool {
        match self {
            Self::File(entry) => {
                entry.kind == EntryKind::Link && entry.path.file_name() == Some(entry.key.file_name())
            }
            _ => false,
        }
    }

    /// What its place calls this version.
    pub(super) fn version(&self) -> Option<String> {
        match self {
            Self::File(entry) => Some(version_of(entry).etag()),
            Self::Object(found) => found.etag.clone(),
            Self::Noted(_) => None,
        }
    }

    /// The same as what a store says of an object.
    pub(super) fn found(&self) -> Found {
        match self {
            Self::File(entry) => {
                Found { modified: Some(entry.modified), ..Found::new(entry.key.clone(), entry.size) }
            }
            Self::Object(found) => found.clone(),
            Self::Noted(noted) => Found::new(noted.path.clone(), noted.size),
        }
    }
}

fn version_of(entry: &Entry) -> FileVersion {
    FileVersion { size: entry.size, modified: Some(entry.modified), changed: entry.changed }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::no_bounds(Bounds::default(), true)]
    #[case::as_small_as_allowed(Bounds { min_size: Some(10), ..Bounds::default() }, true)]
    #[case::too_small(Bounds { min_size: Some(11), ..Bounds::default() }, false)]
    #[case::as_large_as_allowed(Bounds { max_size: Some(10), ..Bounds::default() }, true)]
    #[case::too_large(Bounds { max_size: Some(9), ..Bounds::default() }, false)]
    #[case::just_new_enough(Bounds { since: Some(time(100)), ..Bounds::default() }, true)]
    #[case::too_old(Bounds { since: Some(time(101)), ..Bounds::default() }, false)]
    #[case::old_enough(Bounds { before: Some(time(101)), ..Bounds::default() }, true)]
    #[case::too_new(Bounds { before: Some(time(100)), ..Bounds::default() }, false)]
    fn what_is_meant(#[case] bounds: Bounds, #[case] holds: bool) {
        let found = Found { modified: Some(time(100)), ..Found::new("k".parse().unwrap(), 10) };
        assert_eq!(bounds.hold(&found), holds);
    }

    fn time(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }
}
