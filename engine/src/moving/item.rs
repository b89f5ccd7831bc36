//! What stands at a place, whichever kind it is.

use std::sync::Arc;

use super::manifest::Noted;
use adt_formats::folder::{Choice, Entry, Links};
use adt_model::Key;
use adt_store::Found;

/// What of a place is meant.
#[derive(Clone)]
pub struct Selection {
    /// Whether a key is taken; what is not taken is neither copied, compared nor removed.
    pub takes: Arc<dyn Fn(&Key) -> bool + Send + Sync>,
    /// The same for names of a folder, before anything is opened or entered: also names that cannot be keys. All of them without it.
    pub choice: Option<Choice>,
    /// What becomes of symbolic links.
    pub links: Links,
    /// Whether folders in which nothing lies are kept.
    pub empty_dirs: bool,
}

impl Default for Selection {
    fn default() -> Self {
        Self { takes: Arc::new(|_| true), choice: None, links: Links::Follow, empty_dirs: false }
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
