//! What a restore has done.

use adt_model::Class;
use serde::Serialize;

/// What has been restored, and what has not.
#[derive(Debug, Default, Serialize)]
pub struct Restored {
    /// Every `continuous.dat` that is there now, byte for byte.
    pub files: Vec<File>,
    /// Other files of the session that are there now.
    pub copied: u64,
    /// Their bytes.
    pub copied_bytes: u64,
    /// Their names; in a dry run only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Other>,
    /// Recordings that could not be read when the asset was made, and come whole from the clipped copy.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<String>,
    /// What the asset does not have because it was not chosen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<String>,
    /// What is missing or damaged.
    pub failed: Vec<Failed>,
    /// Seconds from start to end.
    pub seconds: f64,
    /// Whether a person stopped it.
    pub stopped: bool,
}

/// A file that comes from the clipped copy.
#[derive(Clone, Debug, Serialize)]
pub struct Other {
    /// Below the destination.
    pub path: String,
    /// Its bytes.
    pub bytes: u64,
}

/// A file that was restored.
#[derive(Clone, Debug, Serialize)]
pub struct File {
    /// Below the destination.
    pub path: String,
    /// Its bytes.
    pub bytes: u64,
    /// Of the whole file, as it was recorded.
    pub sha256: String,
    /// Whether it was there already.
    pub kept: bool,
}

/// Something that could not be restored, or is damaged.
#[derive(Clone, Debug, Serialize)]
pub struct Failed {
    /// The store, or the file of the clipped copy.
    pub name: String,
    /// The recording's number in the store, from 0.
    pub segment: Option<usize>,
    /// Why, with the chain of causes.
    pub fault: String,
    /// What to do about it.
    pub help: Option<String>,
    /// The fault's class.
    pub class: Class,
}
